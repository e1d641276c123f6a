"""Connections to the handler that mean harm: slow ones, crowds, several requests in one piece, bodies without end."""

import contextlib
import resource

import pytest
from harness import BIN, Program, is_ready, may_open, wait_for
from hostile import Client, assert_served, bounded, idle, processes

MEBIBYTE = 1 << 20


def post(discord, body, more=""):
    """A signed request, as bytes."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in discord.signed(body).items())
    return f"POST /interactions HTTP/1.1\r\nHost: x\r\n{headers}{more}Content-Length: {len(body)}\r\n\r\n".encode() + body


@contextlib.contextmanager
def clients(port, n, said=b"", source="127.0.0.1"):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(Client(port, said, source))) for _ in range(n)]


def test_slow_headers_and_bodies(discord, handlers):
    """Byte by byte, six hundred at once; others are served meanwhile, and whoever comes to the end is too."""
    handler = handlers()
    whole = post(discord, discord.ping())
    head = whole.index(b"\r\n\r\n") + 4
    with bounded(handler, 40), clients(discord.handler_port, 400) as headers, clients(discord.handler_port, 200, whole[:head]) as bodies:
        for i in range(15):
            for client in headers:
                client.say(whole[i:i + 1])
            for client in bodies:
                client.say(whole[head + i:head + i + 1])
            assert_served(discord)
        for client, at in [(headers[0], 15), (headers[-1], 15), (bodies[0], head + 15), (bodies[-1], head + 15)]:
            client.say(whole[at:])
            assert client.answer() == (200, b'{"type":1}')
    assert idle(handler)


def test_what_is_not_complete_is_bounded(discord, handlers):
    """Six hundred bodies of a mebibyte each that lack their last byte: who holds most is cut, a short one is not."""
    handler = handlers(WORKERS="1")
    whole = post(discord, discord.ping())
    long = post(discord, discord.ping(MEBIBYTE))[:-1]
    with bounded(handler, 300), clients(discord.handler_port, 1, whole[:-1]) as [short]:
        with clients(discord.handler_port, 600, long):
            assert_served(discord)
            wait_for(lambda: "requests_cut" in handler.log(), "the long ones are cut")
            short.say(whole[-1:])
            assert short.answer() == (200, b'{"type":1}')
    assert_served(discord)


def test_several_requests_in_one_piece(discord, handlers):
    handlers(WORKERS="1")
    health, nowhere = (f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in ("/healthz", "/nowhere"))
    ping = post(discord, discord.ping())
    unsigned = b"POST /interactions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
    with clients(discord.handler_port, 1, health + ping + nowhere + unsigned + ping + health) as [client]:
        assert [client.answer()[0] for _ in range(6)] == [200, 200, 404, 401, 200, 200]
        client.say(100 * (health + ping))
        assert [client.answer()[1] for _ in range(200)] == 100 * [b"ok\n", b'{"type":1}']


@pytest.mark.parametrize("broken", [
    b"BROKEN\r\n\r\n", b"\x00\xff\r\n\r\n", b"GET /healthz HTTP/9.9\r\n\r\n", b"POST /interactions HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    b"POST /interactions HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
])
def test_a_broken_one_in_the_middle(discord, handlers, broken):
    """Those before it are answered, those behind it never: where it ends nobody knows."""
    handlers(WORKERS="1")
    health = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with clients(discord.handler_port, 1, health + health + broken + health) as [client]:
        assert [client.answer()[0] for _ in range(3)] == [200, 200, 400]
        assert client.answer() is None
    assert_served(discord)


def test_many_requests_and_no_answer_read(discord, handlers):
    """Whoever asks without end and reads nothing is not read either, and holds up nobody."""
    handler = handlers(WORKERS="1")
    with bounded(handler, 40), clients(discord.handler_port, 1) as [client]:
        client.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            for _ in range(1000):
                client.say(2000 * b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert_served(discord)
        assert idle(handler)


def test_ten_thousand_at_once(discord, handlers):
    may_open(11_000)
    handler = handlers()
    with bounded(handler, 100), clients(discord.handler_port, 10_000, source="127.0.0.9") as many:
        assert_served(discord)
        assert idle(handler)
        for client in many[::100]:
            client.say(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.answer() == (200, b"ok\n")
    assert "accept_paused" not in handler.log()


@pytest.fixture
def confined(discord, settings, tmp_path):
    """A handler of one worker with a few descriptors."""
    environment = {**settings, "LISTEN": f"127.0.0.1:{discord.handler_port}", "WORKERS": "1"}
    handler = Program(["prlimit", "--nofile=228", BIN / "handler"], environment, tmp_path / "handler.log")
    wait_for(lambda: is_ready(discord.handler_port), "the handler's start")
    yield handler
    handler.end(discord.secrets)


def test_above_the_limit_new_ones_wait(discord, confined):
    """A hundred are let in; the rest wait in the kernel, nobody spins, and each is served when a place comes free."""
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with clients(discord.handler_port, 250) as many:
        for client in many:
            client.say(request)
        assert [client.answer() for client in many[:100]] == 100 * [(200, b"ok\n")]
        assert idle(confined)
        for client in many[100:]:
            many.pop(0).close()
            assert client.answer() == (200, b"ok\n")
    assert_served(discord)
    assert "accept_paused" not in confined.log()


def test_out_of_descriptors(discord, handlers):
    """Whatever took them: it says so, waits, and does not spin; who is in stays, and the next come in when there are some again."""
    handler = handlers(WORKERS="1")
    [worker] = processes(handler)
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    limit = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    with clients(discord.handler_port, 10, request) as inside:
        assert {client.answer() for client in inside} == {(200, b"ok\n")}
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (16, limit[1]))
        with clients(discord.handler_port, 50, request) as outside:
            wait_for(lambda: "accept_paused" in handler.log(), "it says so")
            assert idle(handler)
            inside[0].say(request)
            assert inside[0].answer() == (200, b"ok\n")
            resource.prlimit(worker, resource.RLIMIT_NOFILE, limit)
            assert {client.answer() for client in outside} == {(200, b"ok\n")}
    assert_served(discord)


HEAD = b"POST /interactions HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "a header": (400, HEAD + b"X: ", b"x" * 65536),
    "headers": (400, HEAD, b"X: y\r\n" * 10000),
    "a request line": (400, b"GET /", b"x" * 65536),
    "chunks": (413, CHUNKED, b"1\r\nx\r\n" * 10000),
    "a chunk": (413, CHUNKED + b"ffffffff\r\n", b"x" * 65536),
    "the size of a chunk": (400, CHUNKED, b"0" * 65536),
    "the extension of a chunk": (None, CHUNKED + b"1;", b"x" * 65536),
    "trailers": (None, CHUNKED + b"0\r\n", b"X: y\r\n" * 10000),
    "empty lines": (400, b"", b"\r\n" * 30000),
    "a body of a tebibyte": (413, HEAD + b"Content-Length: 1099511627776\r\n\r\n", b"x" * 65536),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_without_end(discord, handlers, what):
    """Sixty megabytes are refused, or thrown away as they come (None); never kept."""
    handler = handlers(WORKERS="1")
    status, first, piece = ENDLESS[what]
    with bounded(handler, 40), clients(discord.handler_port, 1, first) as [client]:
        for _ in range(1000):
            client.say(piece)
        assert_served(discord)
        if status is None:
            client.socket.settimeout(0.2)
            with pytest.raises(TimeoutError):
                client.more()
        else:  # who still speaks when it closes may not hear it
            assert (client.answer() or [status])[0] == status
    assert idle(handler)
