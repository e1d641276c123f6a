"""A gateway for the tracker to listen to: says what it is told, as fast as the connection takes it. One shard, one connection."""

import contextlib
import http.server
import json
import struct
import threading
import time
import zlib

from frames import accept, frame, read_frame

LIMIT = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}


class Connection(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if "Upgrade" in self.headers:
            self.upgrade()
            return
        answer = json.dumps({"url": self.server.url, "shards": 1, "session_start_limit": LIMIT}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def upgrade(self):
        accept(self)
        self.server.compress = zlib.compressobj(1)
        self.server.connection = self
        self.server.say(['{"op":10,"d":{"heartbeat_interval":41250}}'])
        with contextlib.suppress(OSError, struct.error):
            while (message := read_frame(self.rfile))[0] != 8:
                self.server.hear(json.loads(message[1]))
        self.close_connection = True


class Gateway(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, servers=()):
        """servers: those that are told after READY, d of a GUILD_CREATE each, as (id, text)."""
        super().__init__(("127.0.0.1", 0), Connection)
        self.address = f"127.0.0.1:{self.server_port}"
        self.url = f"ws://{self.address}"
        self.servers = servers
        self.seq = 1
        self.lock = threading.Lock()
        self.told_at = None  # monotonic: when all of the servers were on their way
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()

    def hear(self, message):
        if message["op"] == 1:
            self.say(['{"op":11}'])
        elif message["op"] == 2:
            guilds = [{"id": str(id), "unavailable": True} for id, _ in self.servers]
            ready = {"session_id": "bench", "resume_gateway_url": self.url, "user": {"id": "1"}, "guilds": guilds}
            self.say([self.dispatch("READY", json.dumps(ready))])
            self.told_at = self.say(self.dispatch("GUILD_CREATE", d) for _, d in self.servers)
        elif message["op"] == 6:
            self.seq = message["d"]["seq"]
            self.say([self.dispatch("RESUMED", "{}")])

    def dispatch(self, name, d):
        self.seq += 1
        return f'{{"t":"{name}","s":{self.seq},"op":0,"d":{d}}}'

    def say(self, texts):
        """All of it is compressed before the first byte is sent. Returns the moment between the two."""
        with self.lock:
            packed = b"".join(map(self.pack, texts))
            said_at = time.monotonic()
            self.connection.wfile.write(packed)
        return said_at

    def pack(self, text):
        body = self.compress.compress(text.encode()) + self.compress.flush(zlib.Z_SYNC_FLUSH)
        return frame(body, 0x82)
