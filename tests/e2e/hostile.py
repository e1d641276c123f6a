"""Peers that mean harm: raw servers and clients, and what they may cost the programs."""

import contextlib
import http.server
import itertools
import json
import pathlib
import re
import socket
import struct
import threading
import time
import zlib

from frames import accept, frame, read_frame
from harness import BIN, wait_for

MEASURED = "asan" not in str(BIN)  # a sanitizer keeps what is freed


# What nobody expects ------------------------------------------------------------------------------------------------

NAMES = {
    "of control characters": "".join(map(chr, range(1, 32))) + "\x7f\x80\x9f",
    "with overrides": "\u202e\u2066abc\u2069\u200f\u200b\ufeff",
    "with accents in heaps": "Z" + 500 * "\u0301\u0489",
    "of 100 000 characters": 100_000 * "W",
    "of 100 000 emoji": 100_000 * "\U0001f468\u200d",
    "of SQL": "'; DROP TABLE voice_session; -- \\ {\",NULL}",
    "with a NUL": "before\0behind",
    "of nothing": "",
}

# Instead of any value. The largest snowflake of 64 bits is none of Discord's, but well formed.
OTHERS = [None, True, -1, 1e300, "", "x", [], {}, [[]], "18446744073709551615", "18446744073709551616", "-1", "0", "9" * 1000, 9007199254740993]


# What it costs ------------------------------------------------------------------------------------------------------


def processes(program):
    """Those that do the work: a handler's workers, or the program itself."""
    return program.children() or {program.process.pid}


def status_mb(pid, name):
    return int(re.search(name + r":\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def cpu_seconds(program):
    ticks = [pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13] for pid in processes(program)]
    return sum(int(user) + int(system) for user, system in ticks) / 100


@contextlib.contextmanager
def bounded(program, mb):
    """No process of it dies, nor holds so much more at any moment of what is done inside."""
    pids = processes(program)
    before = {pid: status_mb(pid, "VmRSS") for pid in pids}
    for pid in pids:
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak is counted from now
    yield
    assert processes(program) == pids, program.log()[-3000:]
    for pid in pids:
        grown = status_mb(pid, "VmHWM") - before[pid]
        assert grown < mb or not MEASURED, f"{grown:.0f} MB more"


def idle(program, share=0.2):
    """Whether it leaves the CPU alone: of a second of quiet at most that share. Tried thrice, for what was before may go on a moment."""
    def is_idle():
        before = cpu_seconds(program)
        time.sleep(1)
        return cpu_seconds(program) - before < share or not MEASURED

    return any(is_idle() for _ in range(3))


def assert_served(discord):
    """Soon; on a slow machine not always within Discord's three seconds."""
    wait_for(lambda: discord.interaction(ping=True)["response"] == {"type": 1}, "a PING's answer")


# A client -----------------------------------------------------------------------------------------------------------


class Client:
    """A connection to a handler: says bytes, and hears whole answers."""

    def __init__(self, port, said=b"", source="127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0))
        self.heard = b""
        self.say(said)

    def say(self, said):
        """All of it, as far as the other end listens."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(said)

    def more(self):
        try:
            piece = self.socket.recv(65536)
        except ConnectionError:
            piece = b""
        self.heard += piece
        return piece

    def answer(self):
        """Status and body of the next one; None where the connection ended instead."""
        while b"\r\n\r\n" not in self.heard:
            if not self.more():
                return None
        head, _, rest = self.heard.partition(b"\r\n\r\n")
        size = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        while len(rest) < size:
            assert self.more()
            rest = self.heard.partition(b"\r\n\r\n")[2]
        self.heard = rest[size:]
        return int(head.split()[1]), rest[:size]

    def close(self):
        self.socket.close()


# A gateway ----------------------------------------------------------------------------------------------------------


class Connection(http.server.BaseHTTPRequestHandler):
    """One to the gateway: it behaves, but for what the test has it do."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path.endswith("/gateway/bot") and self.server.bot_answers:
            self.raw(self.server.bot_answers.pop(0))
            self.close_connection = True
            return
        if self.path.endswith("/gateway/bot"):
            limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 64}
            self.answer(json.dumps({"url": self.server.url, "shards": 1, "session_start_limit": limit}).encode())
        else:
            with contextlib.suppress(OSError, struct.error):
                self.server.connected(self)
        self.close_connection = "Upgrade" in self.headers

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def raw(self, said):
        self.wfile.write(said)

    def upgrade(self):
        accept(self)
        self.deflate = zlib.compressobj(1)

    def say(self, text):
        """A payload in the connection's zlib stream."""
        text = text if isinstance(text, bytes) else json.dumps(text).encode()
        self.raw(frame(self.deflate.compress(text) + self.deflate.flush(zlib.Z_SYNC_FLUSH), 0x82))

    def hello(self, interval=2000):
        self.say({"op": 10, "d": {"heartbeat_interval": interval}})

    def dispatch(self, name, d, **more):
        self.say({"op": 0, "t": name, "s": self.server.next_seq(), "d": d, **more})

    def read(self):
        """What the client says next: its op, or None for a close frame or the end."""
        opcode, body = read_frame(self.rfile)
        return None if opcode == 8 else json.loads(body) if opcode == 1 else {"op": None}

    def introduced(self):
        """Answers the client's introduction."""
        message = self.read()
        if message["op"] == 2:
            ready = {"session_id": "x", "resume_gateway_url": self.server.url, "user": {"id": "1"}, "guilds": []}
            self.dispatch("READY", ready)
        else:
            self.dispatch("RESUMED", {})

    def behave(self):
        """From now on, until the client leaves."""
        while message := self.read():
            self.server.heard.append(message["op"])
            if message["op"] == 1:
                self.say({"op": 11})


class Gateway(http.server.ThreadingHTTPServer):
    """on_connect(connection) is what happens to each connection, before its upgrade. bot_answers: what is said first to where it is."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, on_connect, bot_answers=()):
        super().__init__(("127.0.0.1", 0), Connection)
        self.connected = on_connect
        self.bot_answers = list(bot_answers)
        self.url = f"ws://127.0.0.1:{self.server_port}"
        self.seq = itertools.count(1)
        self.heard = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def next_seq(self):
        return next(self.seq)

    def settings(self):
        return {"DISCORD_API_URL": f"http://127.0.0.1:{self.server_port}/api"}

    def handle_error(self, *_):
        pass

    def close(self):
        self.shutdown()
        self.server_close()


# A web server -------------------------------------------------------------------------------------------------------


class Request(http.server.BaseHTTPRequestHandler):
    """One to a web server, which answers with whatever bytes the test has it say, and closes."""

    def log_message(self, *_):
        pass

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with contextlib.suppress(OSError):
            self.server.answer(self, self.wfile.write)

    do_GET = do_POST = do_PATCH = do_PUT = answer


class WebServer(http.server.ThreadingHTTPServer):
    """answer(request, say) says what comes back; paths of all requests are kept."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Request)
        self.paths = []
        self.lock = threading.Lock()
        self.answer_with = answer
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def answer(self, request, say):
        with self.lock:
            self.paths.append(request.path)
        self.answer_with(request, say)

    def handle_error(self, *_):
        pass

    def close(self):
        self.shutdown()
        self.server_close()


def response(body=b"", status="200 OK", *headers):
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
