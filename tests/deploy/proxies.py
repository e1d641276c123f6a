"""The reverse proxies that we ship a file for, run with that file: only names, ports and certificates are others."""

import os
import re
import socket
import ssl
import struct
import subprocess
import threading
import time

from harness import ROOT, Program, free_port, wait_for

DEPLOY = ROOT / "infra/deploy"

# What a site stands in. Debian's own writes to /var.
NGINX = """
pid nginx.pid;
events {}
http {
    access_log access.log;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include site.conf;
}
"""


def replaced(text, *changes):
    """Each (pattern, by what) has to be there."""
    for pattern, by in changes:
        text, n = re.subn(pattern, by, text)
        assert n > 0, pattern
    return text


class Proxy:
    """At https://localhost:{port}, in front of handlers at handler_ports: of the first, or of both."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        self.port, self.plain_port = free_port(), free_port()
        self.url = f"https://localhost:{self.port}/interactions"
        self.handler_ports = [free_port(), free_port()]
        self.program = None

    def run(self, arguments, **environment):
        self.program = Program(arguments, environment, self.directory / "log")
        wait_for(lambda: self.is_up() or self.program.process.poll() is not None, "the proxy's start")
        assert self.is_up(), self.program.log()

    def is_up(self):
        try:
            self.connect().close()
        except OSError:
            return False
        return True

    def connect(self):
        """A TLS connection to it."""
        context = ssl.create_default_context(cafile=self.ca)
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        return context.wrap_socket(plain, server_hostname="localhost")

    def end(self):
        if self.program is not None:
            self.program.end()


class Nginx(Proxy):
    clicks_at_once = 4

    def __init__(self, directory):
        super().__init__(directory)
        self.ca, self.key = directory / "certificate.pem", directory / "key.pem"
        request = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
        subprocess.run(["openssl", "req", "-x509", *request.split(), "-out", self.ca, "-keyout", self.key], check=True, capture_output=True)

    def site(self, handlers):
        first, second = self.handler_ports
        changes = [
            ("127.0.0.1:8080 ", f"127.0.0.1:{first} "),
            ("127.0.0.1:8081 ", f"127.0.0.1:{second} "),
            ("listen 80;", f"listen 127.0.0.1:{self.plain_port};"),
            ("listen 443 ", f"listen 127.0.0.1:{self.port} "),
            (r"listen \[::\].*;", ""),  # not every machine has it
            ("server_name vcledger.example.org;", "server_name localhost;"),
            ("ssl_certificate /.*;", f"ssl_certificate {self.ca};"),
            ("ssl_certificate_key /.*;", f"ssl_certificate_key {self.key};"),
        ]
        if handlers == 2:
            changes.append(("#server ", "server "))
        return replaced((DEPLOY / "nginx.conf").read_text(), *changes)

    def start(self, handlers=1):
        (self.directory / "site.conf").write_text(self.site(handlers))
        user = "user root;" if os.getuid() == 0 else ""  # the directory is ours alone
        (self.directory / "nginx.conf").write_text(user + NGINX)
        self.run(["/usr/sbin/nginx", "-p", self.directory, "-e", "stderr", "-c", "nginx.conf", "-g", "daemon off;"])


class Caddy(Proxy):
    clicks_at_once = 1  # Debian's mixes up those that go to another handler at the same time

    def __init__(self, directory):
        super().__init__(directory)
        self.ca = directory / "caddy/pki/authorities/local/root.crt"

    def start(self, handlers=1):
        ports = f"admin off\nhttp_port {self.plain_port}\nhttps_port {self.port}\ndefault_bind 127.0.0.1\n"
        site = replaced((DEPLOY / "Caddyfile").read_text(), (r"\tservers {", ports + r"\g<0>"))
        (self.directory / "Caddyfile").write_text(site)
        upstreams = " ".join(f"127.0.0.1:{port}" for port in self.handler_ports[:handlers])
        self.run(
            ["caddy", "run", "--adapter", "caddyfile", "--config", "Caddyfile"],
            HANDLERS=upstreams, REQUESTS="requests_2.6",
            HOME=str(self.directory), XDG_DATA_HOME=str(self.directory), XDG_CONFIG_HOME=str(self.directory),
        )


class Impatient(Proxy):
    """Does to one request what nginx does if a handler is too slow: hangs up, asks once more, or not, and passes that answer on."""

    ca = ""

    def __init__(self, directory):
        super().__init__(directory)
        self.url = f"http://127.0.0.1:{self.port}/interactions"

    def start(self, hinder, has_it, again):
        """hinder(): a context in which a handler answers nothing. has_it(): whether the first has come to it."""
        listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.pass_on, args=(listener, hinder, has_it, again)).start()

    def pass_on(self, listener, hinder, has_it, again):
        with listener, listener.accept()[0] as client:
            text = self.receive(client)
            with hinder():
                first = self.ask(text)
                time.sleep(0.2)
                first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                first.close()
            wait_for(has_it, "the first request at the handler")
            if again:
                with self.ask(text) as second:
                    client.sendall(second.recv(65536))

    def receive(self, client):
        text = b""
        while not (head := re.search(rb"content-length: (\d+).*?\r\n\r\n", text, re.I | re.S)) or len(text) < head.end() + int(head[1]):
            text += client.recv(65536)
        return text

    def ask(self, text):
        connection = socket.create_connection(("127.0.0.1", self.handler_ports[0]), timeout=10)
        connection.sendall(text)
        return connection
