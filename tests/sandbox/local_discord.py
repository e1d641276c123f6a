"""Starts the local Discord for a test, drives its control API, and talks to it as a gateway client would."""
import base64
import json
import os
import socket
import ssl
import struct
import subprocess
import time
import urllib.error
import urllib.request
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read_env(path):
    with open(path, encoding="utf-8") as lines:
        return dict(line.rstrip("\n").split("=", 1) for line in lines)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class LocalDiscord:
    """One running build/sandbox (or $BIN/sandbox) on free ports."""

    def __init__(self, directory, handler_url="http://127.0.0.1:9/interactions"):
        self.directory = str(directory)
        program = os.path.join(os.environ.get("BIN", os.path.join(ROOT, "build")), "sandbox")
        environment = dict(os.environ, SANDBOX_DIR=self.directory, SANDBOX_LISTEN="127.0.0.1:0",
                           SANDBOX_TLS_LISTEN="127.0.0.1:0", HANDLER_URL=handler_url)
        env_file = os.path.join(self.directory, "sandbox.env")
        if os.path.exists(env_file):
            os.unlink(env_file)
        self.process = subprocess.Popen([program], env=environment)
        deadline = time.monotonic() + 20
        while not os.path.exists(env_file):
            assert self.process.poll() is None, "the sandbox ended at its start"
            assert time.monotonic() < deadline, "the sandbox does not start"
            time.sleep(0.02)
        self.env = read_env(env_file)
        self.tls = ssl.create_default_context(cafile=self.env["TLS_CA_FILE"])

    def stop(self):
        self.process.terminate()
        assert self.process.wait(10) == 0

    def request(self, method, url, body=None, headers=None):
        request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=70, context=self.tls if url.startswith("https") else None) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def get(self, path):
        answer = self.request("GET", self.env["SANDBOX_URL"] + path)
        assert answer.status == 200, answer.body
        return answer.json

    def post(self, path, **body):
        answer = self.request("POST", self.env["SANDBOX_URL"] + path, json.dumps(body).encode(),
                              {"Content-Type": "application/json"})
        assert answer.status == 200, answer.body
        return answer.json

    def rest(self, method, path, body=None, token=True, headers=None, content_type="application/json"):
        """A call as a well-behaved bot makes it; body: bytes, or something to be sent as JSON."""
        all_headers = {"User-Agent": "DiscordBot (https://example.org, 1)"}
        if token:
            all_headers["Authorization"] = "Bot " + self.env["DISCORD_TOKEN"]
        if body is not None:
            all_headers["Content-Type"] = content_type
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        all_headers.update(headers or {})
        return self.request(method, self.env["DISCORD_API_URL"] + path, body, all_headers)

    def gateway(self, url=None, query="v=10&encoding=json", compress=False):
        if url is None:
            url = self.rest("GET", "/gateway/bot").json["url"]
        if compress:
            query += "&compress=zlib-stream"
        return GatewayClient(self, url + "/?" + query)

    def identify(self, **changes):
        """A new connection that got HELLO and READY."""
        client = self.gateway()
        client.identify(**changes)
        assert client.receive()["t"] == "READY"
        return client


class Closed(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


class GatewayClient:
    """A websocket by hand: blocking, with a time-out."""

    def __init__(self, discord, url):
        self.discord = discord
        self.inflate = zlib.decompressobj() if "zlib-stream" in url else None
        scheme, rest = url.split("://")
        address, self.path = rest.split("/", 1)
        host, port = address.split(":")
        raw = socket.create_connection((host, int(port)), timeout=10)
        self.socket = discord.tls.wrap_socket(raw, server_hostname=host) if scheme == "wss" else raw
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /{self.path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.socket.recv(1)
            assert piece, head
            head += piece
        self.status = int(head.split()[1])
        self.buffer = b""
        self.hello = None

    def read(self, n):
        while len(self.buffer) < n:
            piece = self.socket.recv(65536)
            if not piece:
                raise Closed(None)
            self.buffer += piece
        taken, self.buffer = self.buffer[:n], self.buffer[n:]
        return taken

    def message(self):
        first, second = self.read(2)
        length = second & 127
        if length == 126:
            (length,) = struct.unpack(">H", self.read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self.read(8))
        return first & 15, self.read(length)

    def receive(self, timeout=10):
        """The next payload; raises Closed."""
        self.socket.settimeout(timeout)
        packed = b""
        while True:
            opcode, data = self.message()
            if opcode == 8:
                self.send_raw(8, data)
                raise Closed(struct.unpack(">H", data[:2])[0] if data else 1005)
            if opcode == 1:
                return json.loads(data)
            if opcode == 2:
                packed += data
                if packed.endswith(b"\x00\x00\xff\xff"):
                    return json.loads(self.inflate.decompress(packed))

    def until(self, event, timeout=10):
        """Skips payloads up to that dispatch."""
        while True:
            frame = self.receive(timeout)
            if frame["t"] == event:
                return frame

    def closed(self):
        """The close code that comes after whatever else comes."""
        try:
            while True:
                self.receive()
        except Closed as end:
            return end.code

    def send_raw(self, opcode, data, masked=True):
        mask = os.urandom(4)
        head = bytes([0x80 | opcode])
        bit = 0x80 if masked else 0
        if len(data) < 126:
            head += bytes([bit | len(data)])
        elif len(data) < 65536:
            head += bytes([bit | 126]) + struct.pack(">H", len(data))
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", len(data))
        if masked:
            data = mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data))
        self.socket.sendall(head + data)

    def send(self, op, d):
        self.send_raw(1, json.dumps({"op": op, "d": d}).encode())

    def identify(self, **changes):
        if self.hello is None:
            self.hello = self.receive()
            assert self.hello["op"] == 10
        d = {"token": self.discord.env["DISCORD_TOKEN"], "intents": 129, "shard": [0, 1],
             "properties": {"os": "linux", "browser": "test", "device": "test"}}
        d.update(changes)
        self.send(2, d)

    def resume(self, session_id, seq, token=None):
        self.hello = self.receive()
        self.send(6, {"token": token or self.discord.env["DISCORD_TOKEN"], "session_id": session_id, "seq": seq})

    def close(self, code):
        """As the protocol wants it: the connection ends when the answer has come."""
        self.send_raw(8, struct.pack(">H", code))
        while self.message()[0] != 8:
            pass
        self.socket.close()
