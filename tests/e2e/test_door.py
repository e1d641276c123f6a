"""The handler's door: signatures, bodies, methods, and whatever else comes in from outside."""

import http.client
import json
import socket

import pytest


def call(discord, method, path, body=None, headers={}):
    """Straight to the handler: status, headers, body."""
    connection = http.client.HTTPConnection("127.0.0.1", discord.handler_port, timeout=20)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def post(discord, body):
    """Straight to the handler, signed as Discord does."""
    return call(discord, "POST", "/interactions", body, discord.signed(body))


def status_line(discord, head):
    """The first line of what raw bytes are answered with."""
    with socket.create_connection(("127.0.0.1", discord.handler_port), timeout=20) as connection:
        connection.sendall(head.encode())
        return connection.recv(4096).split(b"\r\n")[0].decode()


@pytest.mark.parametrize("signature", ["bad", "missing", "short", "odd", "not_hex", "no_timestamp"])
def test_a_bad_signature_is_401(discord, handlers, signature):
    handlers()
    assert discord.interaction(ping=True, signature=signature)["status"] == 401
    assert discord.interaction(command="leaderboard", signature=signature)["status"] == 401
    assert discord.interaction(raw="no json {", signature=signature)["status"] == 401
    assert discord.interaction(ping=True)["response"] == {"type": 1}
    assert not discord.requests("rest")


def test_ping_is_answered_with_json(discord, handlers):
    handlers()
    status, headers, body = post(discord, discord.ping())
    assert (status, headers["Content-Type"], json.loads(body)) == (200, "application/json", {"type": 1})


DEEP = 10_000
BROKEN = [
    b"", b"{", b"[]", b"null", b'"x"', b'{"type": "1"}', b"\xff\xfe",
    b"[" * DEEP, b'{"a":' * DEEP, b"[" * DEEP + b"]" * DEEP,
]
SPOILT = [
    {"application_id": "1"}, {"application_id": None}, {"type": 0}, {"type": 99}, {"id": 5}, {"guild_id": "x"},
    {"data": None}, {"member": None}, {"token": ""},
]


def test_whatever_comes_in_the_process_goes_on(discord, handlers):
    handler = handlers()
    workers = handler.children()
    assert len(workers) == 2
    for body in BROKEN:
        assert post(discord, body)[0] == 400, body[:20]
    for change in SPOILT:
        assert discord.interaction(command="leaderboard", merge=change)["status"] == 400, change
    assert status_line(discord, "POST /interactions HTTP/1.1\r\n\r\n").startswith("HTTP/1.1 401 ")
    assert status_line(discord, "POST /interactions HTTP/1.0\r\n\r\n").split()[1] == "401"
    assert status_line(discord, "\r\n\r\n\x00\xff" * 100 + "\r\n\r\n").split()[1] == "400"
    assert [call(discord, method, "/interactions")[0] for method in ("GET", "PUT", "DELETE", "PATCH")] == [405] * 4
    assert call(discord, "POST", "/elsewhere")[0] == 404 and call(discord, "POST", "/healthz")[0] == 405
    assert discord.interaction(ping=True)["response"] == {"type": 1}
    assert handler.children() == workers and not discord.requests("rest")


def test_a_body_has_a_limit(discord, handlers):
    handlers()
    mebibyte = 1 << 20
    assert post(discord, discord.ping(mebibyte))[0] == 200
    head = f"POST /interactions HTTP/1.1\r\nHost: x\r\nContent-Length: {mebibyte + 1}\r\n\r\n"
    assert status_line(discord, head).split()[1] == "413"
    chunks = "POST /interactions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + f"{mebibyte + 1:x}\r\n"
    assert status_line(discord, chunks + "x" * (mebibyte + 1)).split()[1] == "413"
    assert discord.interaction(ping=True)["response"] == {"type": 1}
