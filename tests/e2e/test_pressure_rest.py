"""Answers of Discord's REST API that mean harm: the handler tries again where that may help, gives up where it may not, and goes on."""

import collections
import contextlib
import threading
import time

import pytest
from harness import wait_for
from hostile import WebServer, assert_served, bounded, idle, response

MEBIBYTE = 1 << 20
HTML = b"<!DOCTYPE html><html><body>Just a moment...</body></html>"
GOOD = response(b'{"id":"1"}')
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def limited(value):
    return response(b"{}", "429 Too Many Requests", f"Retry-After: {value}")


def limited_by_body(value):
    return response(b'{"message":"slow","global":true,"retry_after":%s}' % value, "429 Too Many Requests")


# What the first try of each answer gets, and how many requests there will be: 1 where that was its end, 2 where another is made.
ANSWERS = {
    "HTML": (1, response(HTML)),
    "nothing": (1, response()),
    "no JSON": (1, response(b"{")),
    "JSON ten thousand deep": (1, response(b"[" * 10_000)),
    "half a million values": (1, response(b"[" + b"0," * 500_000 + b"0]")),
    "used up until NaN": (1, response(b"{}", "200 OK", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset-After: NaN")),
    "used up until 1e300": (1, response(b"{}", "200 OK", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset-After: 1e300")),
    "HTML of a proxy": (2, response(HTML, "502 Bad Gateway")),
    "a redirect": (1, response(HTML, "301 Moved", "Location: http://127.0.0.1:1/")),
    "a redirect to a file": (1, response(HTML, "302 Found", "Location: file:///etc/passwd")),
    "wait for ever": (1, limited("1e9")),
    **{f"wait for {value!r}": (2, limited(value)) for value in ["-5", "NaN", "inf", "-inf", "x", "", "0", "1e-9", "0x0", "5 s", "\x01"]},
    **{f"wait for {value} by the body": (2, limited_by_body(value)) for value in [b"-5", b"null", b'"5"', b"[]", b"0", b"1e999"]},
    "wait for ever by the body": (1, limited_by_body(b"1e300")),
    "nothing at all": (2, b""),
    "no HTTP": (2, b"\x00\xff\xfe\r\n\r\n"),
    "a cut head": (2, GOOD[:10]),
    "cut headers": (1, GOOD[:30]),  # that it is 200 has been said
    "a cut body": (2, GOOD[:-1]),
    "a cut chunk": (2, CHUNKED + b"a\r\n{"),
    "a chunk of no size": (2, CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n"),
    "a header of a megabyte": (2, b"HTTP/1.1 200 OK\r\nX: " + b"x" * MEBIBYTE + b"\r\nContent-Length: 0\r\n\r\n"),
    "a megabyte of headers": (2, b"HTTP/1.1 200 OK\r\n" + b"X: yy\r\n" * 150_000 + b"Content-Length: 0\r\n\r\n"),
    "a body of a megabyte and a byte": (2, response(b" " * (MEBIBYTE + 1))),
    "an exbibyte to come": (2, b"HTTP/1.1 200 OK\r\nContent-Length: 1152921504606846976\r\n\r\n{}"),
    "a length of less than nothing": (2, b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"),
    "status 999": (2, response(b"{}", "999 What")),
    "status 600": (2, response(b"{}", "600 What")),
}


class Peer:
    """The REST API: the n-th message that is edited gets the n-th answer, later tries a good one."""

    def __init__(self, answers):
        self.answers = list(answers)
        self.tries = collections.Counter()  # by path
        self.order = []
        self.lock = threading.Lock()
        self.server = WebServer(self.answer)

    def answer(self, request, say):
        with self.lock:
            self.tries[request.path] += 1
            if self.tries[request.path] == 1:
                self.order.append(request.path)
            first = self.tries[request.path] == 1
            said = self.answers[self.order.index(request.path)] if first else GOOD
        if callable(said):
            said(say)
        else:
            say(said)

    def tried(self):
        return [self.tries[path] for path in self.order]


@pytest.fixture
def peer():
    peers = []

    def start(answers):
        peers.append(Peer(answers))
        return peers[-1]

    yield start
    for each in peers:
        each.server.close()


def ask(discord):
    sent = discord.interaction(command="leaderboard")
    assert (sent["status"], sent["response"]) == (200, {"type": 5}), sent


def test_whatever_the_answer_is(discord, handlers, ledger, peer):
    ledger.execute("DELETE FROM guild")  # a text is sent, no picture
    tries, answers = zip(*ANSWERS.values())
    api = peer(answers)
    handler = handlers(WORKERS="1", DISCORD_API_URL=api.server.url)
    with bounded(handler, 100):
        for n in range(len(answers)):  # one after the other, so that it is known who gets what
            ask(discord)
            wait_for(lambda: len(api.order) == n + 1, "the edit")
        with contextlib.suppress(AssertionError):
            wait_for(lambda: sum(api.tried()) >= sum(tries), "the other tries")
        assert dict(zip(ANSWERS, api.tried())) == dict(zip(ANSWERS, tries))
        assert_served(discord)
    assert idle(handler)


def without_end(first, piece, pause=0):
    def say(write):
        write(first)
        while True:
            write(piece)
            time.sleep(pause)
    return say


ENDLESS = {
    "headers": without_end(b"HTTP/1.1 200 OK\r\n", b"X: yy\r\n" * 10_000),
    "a header": without_end(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536),
    "interim answers": without_end(b"", b"HTTP/1.1 100 Continue\r\nX: yy\r\n\r\n" * 2000),
    "a body": without_end(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
    "chunks": without_end(CHUNKED, b"1\r\nx\r\n" * 10_000),
    "the extension of a chunk": without_end(CHUNKED + b"1;", b"x" * 65536),
    "trailers": without_end(CHUNKED + b"0\r\n", b"X: yy\r\n" * 10_000),
    "a byte now and then": without_end(b"HTTP/1.1 200 OK\r\n", b"X", 0.05),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_without_end(discord, handlers, ledger, peer, what):
    ledger.execute("DELETE FROM guild")
    api = peer(20 * [ENDLESS[what]])
    handler = handlers(WORKERS="1", DISCORD_API_URL=api.server.url)
    with bounded(handler, 100):
        ask(discord)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            assert_served(discord)
    handler.kill()  # it owes the answer still


def test_a_limit_for_ever(discord, handlers, ledger, peer):
    """"Now" is not taken at its word twice."""
    ledger.execute("DELETE FROM guild")
    api = WebServer(lambda request, say: say(limited("0")))
    handler = handlers(WORKERS="1", DISCORD_API_URL=api.url)
    ask(discord)
    wait_for(lambda: len(api.paths) >= 3, "some tries")
    assert idle(handler, 0.1)
    assert len(api.paths) < 10
    handler.kill()
    api.close()
