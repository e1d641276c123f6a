"""A gateway that means harm. The tracker leaves it or skips what it says, within bounds, and goes on following its other shards."""

import itertools
import queue
import struct
import threading
import time
import zlib

import pytest
from frames import frame
from harness import free_port, wait_for
from hostile import NAMES, OTHERS, Gateway, bounded, idle, response
from test_metrics import Scrape

MEBIBYTE = 1 << 20
HTML = b"<html><body>502 Bad Gateway</body></html>"


def upgraded(act):
    def script(connection):
        connection.upgrade()
        act(connection)
    return script


def running(act, interval=2000):
    def script(connection):
        connection.upgrade()
        connection.hello(interval)
        connection.introduced()
        act(connection)
        connection.behave()
    return script


def instead(said):
    """Instead of an upgrade."""
    def script(connection):
        connection.raw(said)
        connection.rfile.read(1)
    return script


def hello(interval):
    return upgraded(lambda connection: (connection.hello(interval), connection.behave()))


def says(*said):
    return running(lambda connection: [connection.raw(each) for each in said])


def silent(connection):
    """Half a frame, then nothing: not even heartbeats are answered."""
    connection.raw(frame(b"x" * 1000, size=65536))
    while connection.read():
        pass


SYNC = b"\x00\x00\xff\xff"

# Each ends the connection. Those before HELLO first: they make no session.
ENDS = {
    "HTML": instead(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(HTML), HTML)),
    "a redirect": instead(b"HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1:1/\r\n\r\n"),
    "no proof": instead(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
    "a megabyte of headers": instead(b"HTTP/1.1 101 Switching Protocols\r\n" + b"X: y\r\n" * 200_000),
    "no HTTP": instead(b"\x00\xff\r\n\r\n"),
    "NULs": instead(bytes(1000)),
    "heartbeat_interval 0": hello(0),
    "heartbeat_interval -1": hello(-1),
    "heartbeat_interval 1e300": hello(1e300),
    "heartbeat_interval 0.5": hello(0.5),
    "heartbeat_interval as text": hello("41250"),
    "heartbeat_interval null": hello(None),
    "HELLO of nothing": upgraded(lambda connection: (connection.say({"op": 10, "d": []}), connection.behave())),
    "op 9 instead of HELLO": upgraded(lambda connection: (connection.say({"op": 9, "d": False}), connection.behave())),
    "a reserved bit": says(b"\xc1\x01x"),
    "an unknown opcode": says(b"\x83\x01x"),
    "an unknown control opcode": says(b"\x8b\x01x"),
    "a continuation of nothing": says(b"\x80\x01x"),
    "a message within a message": says(b"\x01\x01x\x81\x01x"),
    "text that is no UTF-8": says(b"\x81\x02\xff\xfe"),
    "UTF-16 in UTF-8": says(frame(b'"\xed\xa0\x80"')),
    "a ping in fragments": says(b"\x09\x01x"),
    "a ping of 126 bytes": says(frame(bytes(126), 0x89)),
    "a masked frame": says(b"\x81\x81\x00\x00\x00\x00x"),
    "64 MiB and one byte are announced": says(frame(b"", size=64 * MEBIBYTE + 1)),
    "2^63 bytes are announced": says(frame(b"", size=1 << 63)),
    "half a frame and nothing": running(silent),
    "binary that is no zlib": says(frame(b"what" + SYNC, 0x82)),
    "a zlib stream begun anew": says(frame(zlib.compress(b"{}") + SYNC, 0x82)),
    "a zlib stream that ends": running(lambda connection: connection.raw(frame(connection.deflate.flush() + SYNC, 0x82))),
    "half a close code": says(b"\x88\x01x"),
    "close frame without code": says(b"\x88\x00"),
    **{f"close {code}": says(frame(struct.pack(">H", code), 0x88)) for code in [
        0, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1011, 1015, 1016, 2999, 3000, 4000, 4001, 4002, 4005, 4008, 4999, 5000, 65535]},
    "close with words that are no UTF-8": says(frame(b"\x0f\xa0\xff\xfe", 0x88)),
    "close with control characters": says(frame(b"\x0f\xa0\x1b[2J\r\n\x00token=x", 0x88)),
}


@pytest.fixture
def gateway():
    gateways = []

    def start(on_connect, bot_answers=()):
        gateways.append(Gateway(on_connect, bot_answers))
        return gateways[-1]

    yield start
    for each in gateways:
        each.close()


def watching(port, n):
    wait_for(lambda: Scrape(port)["shards_watching"] == n, f"{n} shards are watched", 60)


def test_whatever_ends_a_connection(trackers, gateway):
    """Each shard meets another one, all at once; then it is let in."""
    scripts, lock, behaved = list(ENDS.values()), threading.Lock(), running(lambda connection: None)

    def on_connect(connection):
        with lock:
            script = scripts.pop(0) if scripts else behaved
        script(connection)

    port, peer = free_port(), gateway(on_connect)
    tracker = trackers.start(
        wait=False, **peer.settings(), METRICS_LISTEN=f"127.0.0.1:{port}", SHARD_COUNT=str(len(ENDS)), SHARD_IDS=f"0-{len(ENDS) - 1}")
    wait_for(lambda: "shard_claimed" in tracker.log(), "the start")
    with bounded(tracker, 40):
        wait_for(lambda: not scripts, "all of them are met", 60)
        watching(port, len(ENDS))
    assert all(line.isprintable() for line in tracker.log().split("\n"))
    assert idle(tracker)


GUILD, USER, CHANNEL = 4194304 * 7, 77, 78


def voice(**changes):
    return {"guild_id": str(GUILD), "user_id": str(USER), "channel_id": str(CHANNEL), "session_id": "x", **changes}


def named(name):
    """Somebody's stay, under that name everywhere; somebody else's each time."""
    user = str(next(users))
    member = {"nick": name, "user": {"id": user, "username": name, "global_name": name, "discriminator": name}}
    return voice(user_id=user, member=member)


users = itertools.count(1000)
READY = {"session_id": "x", "resume_gateway_url": "ws://127.0.0.1:1", "user": {"id": "1"}, "guilds": []}
GUILD_CREATE = {"id": str(GUILD), "name": "n", "channels": [], "voice_states": [], "members": []}


def spoilt(d):
    """An event with each of its members once of each other kind."""
    return [{**d, name: other} for name in d for other in OTHERS]


# Each is skipped or taken as far as it goes, and the connection stays: payloads, or (event, d).
SKIPPED = {
    "no JSON": [b"", b"x", b"{", b"{}x", b"\x00", b'{"op":1', b"NaN", b'{"op":NaN}', b"\xff\xfe{}", b'"', b"\xef\xbb\xbf{}"],
    "not an object": [b"[]", b"1", b"null", b'"op"', b"[" * 10_000, b'{"a":' * 10_000, b"[" * 10_000 + b"]" * 10_000],
    "lone surrogates": [b'{"op":0,"s":5,"t":"X","d":"\\ud800"}', b'{"op":0,"s":5,"t":"X","d":"\\udc00\\ud800"}'],
    "op of any kind": [{"op": op} for op in [None, "1", -1, 99, 1e300, 0.5, [], {}, True, 1 << 31, 1 << 63]],
    "s and t of any kind": [{"op": 0, "s": s, "t": t, "d": {}} for s in [None, "1", -1, 1e300, 0.5, [], {}] for t in [None, 1, "", "READY", {}]],
    "d of any kind": [(name, other) for name in ["READY", "VOICE_STATE_UPDATE", "GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE", "CHANNEL_UPDATE"]
                      for other in OTHERS],
    "control frames with any d": [{"op": op, "d": other} for op in [10, 11] for other in OTHERS],
    "READY of any kind": [("READY", d) for d in spoilt(READY) if d["session_id"] != "x" or d["resume_gateway_url"] != READY["resume_gateway_url"]],
    "GUILD_CREATE of any kind": [("GUILD_CREATE", {**d, "id": str(GUILD + 1)}) for d in spoilt(GUILD_CREATE)],
    "voice states of any kind": [("VOICE_STATE_UPDATE", d) for d in spoilt(voice())],
    "snowflakes in lists": [("GUILD_CREATE", {**GUILD_CREATE, "voice_states": [{"user_id": a, "channel_id": b} for a in OTHERS for b in OTHERS]})],
    "duplicate keys": [b'{"op":11,"op":9,"op":7,"d":false}', b'{"op":0,"s":1,"s":2,"t":"X","t":"READY","d":1,"d":{}}'],
    **{f"names {what}": [("VOICE_STATE_UPDATE", named(name)), ("GUILD_UPDATE", {"id": str(GUILD), "name": name}),
                         ("CHANNEL_UPDATE", {"guild_id": str(GUILD), "id": "79", "type": 2, "name": name})] for what, name in NAMES.items()},
    "16 MB of names": [("VOICE_STATE_UPDATE", named(4 * MEBIBYTE * "x"))],
    "16 MB of what nobody knows": [("NEW", 16 * MEBIBYTE * "x"), {"op": 99, "d": 16 * MEBIBYTE * "x"}],
}


def test_whatever_is_skipped(trackers, gateway, sql):
    """The connection stays, and the next event is counted."""
    todo = queue.Queue()

    def act(connection):
        connection.dispatch("GUILD_CREATE", GUILD_CREATE)
        for what in iter(todo.get, None):
            for each in SKIPPED[what]:
                if isinstance(each, tuple):
                    connection.dispatch(*each)
                else:
                    connection.say(each)
            connection.dispatch("GUILD_CREATE", GUILD_CREATE)
            connection.dispatch("VOICE_STATE_UPDATE", voice(user_id="555"))

    def counted():
        return sql.execute("SELECT 1 FROM voice_presence WHERE user_id = 555").fetchall()

    peer = gateway(running(act, 60000))
    tracker = trackers.start(wait=False, **peer.settings())
    wait_for(lambda: "guild_seen" in tracker.log(), "the start")
    for what in SKIPPED:
        with bounded(tracker, 150):
            todo.put(what)
            wait_for(counted, f"what comes after {what} counts", 30)
            sql.execute("DELETE FROM voice_presence WHERE user_id = 555")
    todo.put(None)
    assert tracker.log().count("gateway_connect ") == 1 and "statement_failed" not in tracker.log()


# Where the gateway is ------------------------------------------------------------------------------------------------


def is_ready(d):
    """Whether its values are of READY's types."""
    texts = all(isinstance(d[name], str) and d[name] for name in ("session_id", "resume_gateway_url"))
    return texts and isinstance(d["guilds"], list) and isinstance(d["user"], dict) and "id" in d["user"]


def test_whatever_is_said_about_where_it_is(trackers, gateway):
    """It is asked again; what else is said beside an address counts for nothing. A READY with values of other types is none."""
    bad_ready = [d for d in spoilt(READY) if not is_ready(d)]

    def on_connect(connection):
        connection.upgrade()
        connection.hello()
        assert connection.read()["op"] == 2
        for d in bad_ready:
            connection.dispatch("READY", d)
        connection.dispatch("READY", READY)
        connection.behave()

    bad = [
        response(HTML), response(b"", "301 Moved", "Location: http://127.0.0.1:1/"), response(b'{"url":5,"shards":1e300}')[:-1],
        response(b'{"url":"ws://127.0.0.1:1/","shards":"x","session_start_limit":{"total":1e300,"remaining":-1,"reset_after":-1,"max_concurrency":0}}'),
    ]
    port, peer = free_port(), gateway(on_connect, bad)
    tracker = trackers.start(wait=False, **peer.settings(), METRICS_LISTEN=f"127.0.0.1:{port}", SHARD_COUNT="1")
    wait_for(lambda: "shard_claimed" in tracker.log(), "the start")
    with bounded(tracker, 20):
        watching(port, 1)
    assert not peer.bot_answers and tracker.log().count("gateway_frame_refused") == len(bad_ready) > 40


# Bombs and floods ---------------------------------------------------------------------------------------------------


def values(n):
    """A payload of so many values, three bytes each."""
    return b'{"op":99,"d":[' + b"[]," * n + b"[]]}"


def flood(payload):
    """The same again and again, until the tracker has gone."""
    def script(connection):
        while True:
            connection.raw(payload)
    return script


def zeros(connection):
    """A thousand bytes of each that is sent."""
    pieces = [connection.deflate.compress(bytes(MEBIBYTE)) for _ in range(200)]
    connection.raw(frame(b"".join(pieces) + connection.deflate.flush(zlib.Z_SYNC_FLUSH), 0x82))


TOO_MANY, TOO_LONG, REFUSED = "a message in too many fragments", "payload too long", "gateway_frame_refused"

# What the log says of it, if it is too much.
BOMBS = {
    "zeros": (TOO_LONG, zeros),
    "twenty million values": (REFUSED, lambda connection: connection.say(values(20 * MEBIBYTE))),
    "a million values": ("", lambda connection: connection.say(values(1_000_000))),
    "64 MiB of text": (REFUSED, lambda connection: connection.raw(frame(64 * MEBIBYTE * b"x"))),
    "fragments of one byte without end": (TOO_MANY, flood(b"\x00\x01x" * 100_000)),
    "empty fragments without end": (TOO_MANY, flood(b"\x00\x00" * 100_000)),
    "a payload without end": (TOO_LONG, flood(frame(bytes(65000), 0x82) * 10)),
    "a payload without end, byte by byte": ("", flood(b"\x82\x01x" * 100_000)),
    "pings without end": ("", flood(frame(bytes(125), 0x89) * 1000)),
    "pongs without end": ("", flood(frame(bytes(125), 0x8A) * 1000)),
    "questions for a heartbeat without end": ("", flood(frame(b'{"op":1}') * 10_000)),
    "answers to heartbeats without end": ("", flood(frame(b'{"op":11}') * 10_000)),
    "what is no JSON without end": (REFUSED, flood(frame(b"x") * 10_000)),
}


@pytest.mark.parametrize("what", BOMBS)
def test_bombs_and_floods(trackers, gateway, what):
    """Bounded in memory, whatever comes of the connection; the tracker answers questions meanwhile and stops when it is told to."""
    said, script = BOMBS[what]
    go, over, port = threading.Event(), threading.Event(), free_port()

    def act(connection):
        if "fragments" in what:
            connection.raw(b"\x01\x00")
        go.wait(30)
        script(connection)
        over.set()

    peer = gateway(running(act, 60000))
    tracker = trackers.start(wait=False, **peer.settings(), METRICS_LISTEN=f"127.0.0.1:{port}")
    wait_for(lambda: "shard_claimed" in tracker.log(), "the start")
    watching(port, 1)
    with bounded(tracker, 300):
        go.set()
        end = time.monotonic() + 2
        while time.monotonic() < end and not over.is_set():
            Scrape(port)
        wait_for(lambda: said in tracker.log(), "it is too much", 30)
    assert said == REFUSED or REFUSED not in tracker.log()
    assert len(tracker.log()) < MEBIBYTE
    assert tracker.stop(10) == 0
