"""The server's side of a websocket, as much of it as a tracker needs."""

import base64
import hashlib
import struct


def accept(handler):
    """Answers an http.server handler's upgrade."""
    key = handler.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    handler.send_response(101)
    handler.send_header("Upgrade", "websocket")
    handler.send_header("Connection", "Upgrade")
    handler.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
    handler.end_headers()


def frame(payload, first=0x81, size=None):
    """first: FIN and the opcode; size: as announced, where it is not the truth."""
    size = len(payload) if size is None else size
    if size < 126:
        return bytes([first, size]) + payload
    if size < 65536:
        return struct.pack(">BBH", first, 126, size) + payload
    return struct.pack(">BBQ", first, 127, size) + payload


def read_frame(file):
    """The opcode, and what a client says; a tracker's messages are short and whole. struct.error at the end."""
    first, size = struct.unpack(">BB", file.read(2))
    size &= 0x7F
    if size == 126:
        (size,) = struct.unpack(">H", file.read(2))
    mask = file.read(4)
    return first & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(file.read(size)))
