"""A handler that answers what a test tells it to."""
import http.server
import json
import threading

import nacl.exceptions
import nacl.signing


class Handler:
    """Answers each interaction with the next of .answers (status, object), and keeps what it got."""

    def __init__(self):
        self.answers, self.got = [], []
        self.public_key = None
        outer = self

        class Server(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers), body))
                status, answer = (401, {}) if not outer.verify(self.headers, body) else outer.answers.pop(0)
                text = json.dumps(answer).encode() if answer is not None else b""
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        self.url = f"http://127.0.0.1:{self.server.server_port}/interactions"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def verify(self, headers, body):
        try:
            signature = bytes.fromhex(headers.get("X-Signature-Ed25519", ""))
            timestamp = headers.get("X-Signature-Timestamp", "").encode()
            nacl.signing.VerifyKey(bytes.fromhex(self.public_key)).verify(timestamp + body, signature)
            return True
        except (ValueError, nacl.exceptions.CryptoError):
            return False
