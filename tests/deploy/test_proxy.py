"""Discord over https to a reverse proxy with the file that we ship, and on to the handler."""

import concurrent.futures
import contextlib
import itertools
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import psycopg
import pytest
from answers import jpeg_size, picture
from harness import ROOT, Discord, is_ready, wait_for
from proxies import DEPLOY, Caddy, Impatient, Nginx

MEBIBYTE = 1 << 20  # what the handler takes


@pytest.fixture(params=[Nginx, Caddy], ids=lambda each: each.__name__.lower())
def proxy(request, tmp_path):
    proxy = request.param(tmp_path / "proxy")
    yield proxy
    proxy.end()


@pytest.fixture
def discord(proxy, tmp_path):
    """It knows the proxy only."""
    directory = tmp_path / "discord"
    directory.mkdir()
    discord = Discord(directory, proxy.handler_ports[0], HANDLER_URL=proxy.url, TLS_CA_FILE=str(proxy.ca))
    yield discord
    discord.program.end()


@pytest.fixture
def two_handlers(proxy, handlers):
    """Starts one at the first or second of the proxy's ports; at first both run."""

    def start(which):
        port = proxy.handler_ports[which]
        handler = handlers(wait=False, LISTEN=f"127.0.0.1:{port}", WORKERS="1")
        wait_for(lambda: is_ready(port) or handler.process.poll() is not None, "the handler's start")
        assert handler.process.poll() is None, handler.log()
        return handler

    proxy.start(handlers=2)
    start.running = [start(0), start(1)]
    return start


def pong(discord):
    sent = discord.interaction(ping=True)
    return (sent["status"], sent["response"]) == (200, {"type": 1})


def request(head, body=b"", **headers):
    """Bytes of a request, with these header lines."""
    lines = [f"{head} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def signed_ping(discord, size=0):
    body = discord.ping(size)
    return request("POST /interactions", body, **{"Content-Type": "application/json", "Content-Length": len(body)}, **discord.signed(body))


def in_chunks(discord, size):
    body = discord.ping(size)
    pieces = [body[i : i + 30_000] for i in range(0, len(body), 30_000)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
    return request("POST /interactions", chunks, **{"Transfer-Encoding": "chunked"}, **discord.signed(body))


def status(connection, text=b""):
    """The status that raw bytes are answered with; 0 where the connection ends without."""
    with connection, contextlib.suppress(ConnectionError):
        connection.sendall(text)
        return int((connection.recv(4096).split(b" ", 2) + [0, 0])[1])
    return 0


def connections_to(port):
    """Our ends of all TCP connections to that port that stand, or ended within the last minute; a new one may have an old one's."""
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = [(int(row[1].split(":")[1], 16), int(row[2].split(":")[1], 16)) for row in rows]
    return {ours for ours, theirs in ends if theirs == port} | {theirs for ours, theirs in ends if ours == port and theirs}


# What passes --------------------------------------------------------------------------------------------------------


def test_a_picture_comes_by_way_of_the_proxy(proxy, discord, handlers, ledger):
    proxy.start()
    handlers()
    assert pong(discord)
    assert jpeg_size(picture(discord, discord.leaderboard()))[0] == 1000


@pytest.mark.parametrize("signature", ["bad", "missing", "no_timestamp"])
def test_a_wrong_signature_is_refused_by_the_handler(proxy, discord, handlers, signature):
    """Discord tries this before it takes an address."""
    proxy.start()
    handlers()
    assert discord.interaction(ping=True, signature=signature)["status"] == 401


def test_names_of_headers_in_lower_case(proxy, discord, handlers):
    proxy.start()
    handlers()
    head, body = signed_ping(discord).split(b"\r\n\r\n")
    lines = [re.sub(rb"^[\w-]+:", lambda name: name[0].lower(), line) for line in head.split(b"\r\n")]
    assert b"x-signature-ed25519: " in b"\n".join(lines)
    assert status(proxy.connect(), b"\r\n".join(lines) + b"\r\n\r\n" + body) == 200


@pytest.mark.parametrize("version, said", [("--http1.1", "1.1"), ("--http2", "2")])
def test_both_versions_of_http(proxy, discord, handlers, version, said):
    proxy.start()
    handlers()
    body = discord.ping()
    headers = [argument for name, value in discord.signed(body).items() for argument in ("-H", f"{name}: {value}")]
    curl = ["curl", "-sS", "--cacert", proxy.ca, version, *headers, "--data-binary", body, "-w", " %{http_code} %{http_version}", proxy.url]
    assert subprocess.run(curl, capture_output=True, check=True).stdout.decode() == f'{{"type":1}} 200 {said}'


def test_a_body_in_chunks(proxy, discord, handlers):
    proxy.start()
    handlers()
    assert status(proxy.connect(), in_chunks(discord, 100_000)) == 200
    assert status(socket.create_connection(("127.0.0.1", discord.handler_port)), in_chunks(discord, 100_000)) == 200


def test_connections_to_the_handler_are_kept(proxy, discord, handlers):
    proxy.start()
    handlers()
    before = connections_to(discord.handler_port)
    assert all(pong(discord) for _ in range(200))
    assert len(connections_to(discord.handler_port) - before) <= 1


# What does not ------------------------------------------------------------------------------------------------------


def test_nothing_else_reaches_the_handler(proxy, discord, handlers):
    proxy.start()
    handlers(METRICS_LISTEN="127.0.0.1:0")
    before = connections_to(discord.handler_port)
    elsewhere = ["/", "/healthz", "/readyz", "/metrics", "/interactions/", "/interactions/x", "/x/%2e%2e/healthz", "/interactions/../healthz"]
    for path in elsewhere:
        for method in ("GET", "HEAD", "POST"):
            assert status(proxy.connect(), request(f"{method} {path}", **{"Content-Length": "0"})) == 404, (method, path)
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
        assert status(proxy.connect(), request(f"{method} /interactions")) == 405, method
    assert connections_to(discord.handler_port) == before and pong(discord)


def test_plain_http_is_led_to_https(proxy):
    proxy.start()
    with socket.create_connection(("127.0.0.1", proxy.plain_port)) as connection:
        connection.sendall(request("GET /interactions"))
        answer = connection.recv(4096)
    assert re.match(rb"HTTP/1.1 30[18] ", answer) and b"\r\nLocation: https://localhost/interactions\r\n" in answer


def test_a_body_has_the_handlers_limit(proxy, discord, handlers):
    proxy.start()
    handlers()
    assert status(proxy.connect(), signed_ping(discord, MEBIBYTE)) == 200
    assert status(proxy.connect(), in_chunks(discord, MEBIBYTE - 1)) == 200  # the handler takes a byte less in chunks
    for text in (signed_ping(discord, MEBIBYTE + 1), in_chunks(discord, MEBIBYTE + 1)):
        assert status(proxy.connect(), text) in (413, 502)  # Caddy: its connection to the handler broke


@pytest.mark.parametrize("proxy", [Nginx], indirect=True)
def test_a_body_too_large_is_the_proxys_affair(proxy, discord, handlers):
    proxy.start()
    handlers()
    announced = request("POST /interactions", **{"Content-Length": MEBIBYTE + 1})
    before = connections_to(discord.handler_port)
    assert [status(proxy.connect(), text) for text in (announced, in_chunks(discord, MEBIBYTE + 1))] == [413, 413]
    assert connections_to(discord.handler_port) == before
    assert status(socket.create_connection(("127.0.0.1", discord.handler_port)), announced) == 413


def drip(connection, text, stop):
    """Byte by byte, until it is through or cut off."""
    with contextlib.suppress(OSError):
        for i in range(len(text)):
            if stop.wait(0.02):
                return
            connection.sendall(text[i : i + 1])


def test_slow_clients_never_reach_the_handler(proxy, discord, handlers):
    proxy.start()
    handlers()
    before = connections_to(discord.handler_port)
    text = signed_ping(discord, 100_000)
    head = text.index(b"\r\n\r\n") + 4
    stop = threading.Event()
    slow = [(proxy.connect(), text[:head], text[head:]) for _ in range(20)] + [(proxy.connect(), b"", text) for _ in range(20)]
    for connection, at_once, _ in slow:
        connection.sendall(at_once)
    threads = [threading.Thread(target=drip, args=(connection, rest, stop)) for connection, _, rest in slow]
    for thread in threads:
        thread.start()
    time.sleep(1)
    assert connections_to(discord.handler_port) == before
    assert all(discord.interaction(ping=True)["ms"] < 1000 for _ in range(50))
    assert len(connections_to(discord.handler_port) - before) <= 1
    stop.set()
    for thread in threads:
        thread.join()
    for connection, _, _ in slow:
        connection.close()


def test_who_is_merely_slow_is_served(proxy, discord, handlers):
    proxy.start()
    handlers()
    connection, text = proxy.connect(), signed_ping(discord, 2000)
    for i in range(0, len(text), 100):
        connection.sendall(text[i : i + 100])
        time.sleep(0.05)
    assert status(connection) == 200


# Handlers that come and go ------------------------------------------------------------------------------------------


class Clicks:
    """Commands one after the other, of so many people at once, until told to stop. Answered as text: drawing takes time."""

    def __init__(self, discord, at_once=1):
        self.discord = discord
        self.sent = []
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(at_once)]

    def run(self):
        while not self.stopped.wait(0.03 * len(self.threads)):
            self.sent.append(self.discord.interaction(command="leaderboard", merge={"app_permissions": "0"}))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_for(lambda: len(self.sent) > 5, "clicks")
        return self

    def __exit__(self, *_):
        after = len(self.sent)
        wait_for(lambda: len(self.sent) > after + 5, "more clicks")
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def codes(self):
        return [sent["status"] for sent in self.sent]


def assert_answered(discord, sent, wait=30000):
    answer = discord.answer(sent["interaction_id"], wait)
    assert answer["state"] == "acknowledged" and not answer["thinking"], answer


def test_two_handlers_restart_and_no_click_is_lost(proxy, discord, two_handlers, ledger):
    with Clicks(discord, proxy.clicks_at_once) as clicks:
        for which in (0, 1):  # one after the other
            assert two_handlers.running[which].stop() == 0
            time.sleep(0.3)
            two_handlers.running[which] = two_handlers(which)
    assert set(clicks.codes()) == {200}
    for sent in clicks.sent:
        assert_answered(discord, sent)


def test_one_handler_restarts_and_clicks_fail_in_the_gap_only(proxy, discord, handlers, ledger):
    proxy.start()
    handler = handlers()
    with Clicks(discord) as clicks:
        assert handler.stop() == 0
        wait_for(lambda: clicks.codes()[-1] != 200, "the gap")
        handlers()
        back = len(clicks.sent) + 1  # one may have been under way
    runs = [(code, len(list(run))) for code, run in itertools.groupby(clicks.codes())]
    assert [code for code, _ in runs] == [200, 502, 200], runs
    assert set(clicks.codes()[back:]) == {200}
    for sent in clicks.sent:
        if sent["status"] == 200:
            assert_answered(discord, sent)


# Debian's Caddy cannot send a request a second time: these are nginx's.


@contextlib.contextmanager
def frozen(handler):
    processes = [handler.process.pid, *handler.children()]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):  # killed meanwhile
                os.kill(process, signal.SIGCONT)


@pytest.fixture
def many():
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        yield lambda n, what: [pool.submit(what) for _ in range(n)]


@pytest.mark.parametrize("proxy", [Nginx], indirect=True)
def test_a_handler_is_killed_with_requests_in_it(proxy, discord, two_handlers, ledger, many):
    handler, _ = two_handlers.running
    with frozen(handler):
        under_way = many(8, lambda: discord.interaction(command="leaderboard"))
        time.sleep(0.5)
        assert [each.done() for each in under_way].count(False) >= 2
        handler.kill()
    for each in under_way:
        assert each.result()["status"] == 200
        assert_answered(discord, each.result())


@pytest.mark.parametrize("proxy", [Nginx], indirect=True)
def test_a_handler_that_hangs_leaves_a_second_to_the_next(proxy, discord, two_handlers, ledger, many):
    handler, _ = two_handlers.running
    with frozen(handler):
        sent = [each.result() for each in many(8, lambda: discord.interaction(command="leaderboard"))]
        assert {each["status"] for each in sent} == {200}
        assert 2000 <= max(each["ms"] for each in sent) < 3000
        for each in sent:
            assert_answered(discord, each)
        edits = len(discord.edits())
    # Now it finds what it was sent.
    wait_for(lambda: all(pong(discord) for _ in range(4)), "both serve")
    assert len(discord.edits()) == edits == len(sent)


@pytest.fixture
def slow_handler(proxy, handlers, ledger, database):
    """One that has not answered when its proxy hangs up."""

    @contextlib.contextmanager
    def nothing_is_recorded():
        with psycopg.connect(database) as connection:
            connection.execute("LOCK TABLE interaction_pending IN EXCLUSIVE MODE")
            yield

    def start(again):
        proxy.start(nothing_is_recorded, lambda: ledger.execute("SELECT FROM interaction_pending").fetchone() is not None, again)
        return handlers(WORKERS="1")

    return start


@pytest.mark.parametrize("proxy", [Impatient], indirect=True)
def test_the_proxy_had_gone_and_discord_had_not(discord, slow_handler):
    """It knows of an acknowledgement: that which the proxy got when it asked again."""
    handler = slow_handler(again=True)
    assert_answered(discord, discord.begin_leaderboard())
    wait_for(lambda: " result=picture " in handler.log(), "the end")
    assert " interaction_replayed " in handler.log()


@pytest.mark.parametrize("proxy", [Impatient], indirect=True)
def test_both_had_gone(discord, slow_handler):
    handler = slow_handler(again=False)
    assert discord.interaction(command="leaderboard")["status"] == 0
    wait_for(lambda: " result=unacknowledged " in handler.log(), "the end", 30)
    assert {edit["status"] for edit in discord.edits()} == {404}


@pytest.fixture
def fickle(proxy):
    """Where a handler would listen: it answers a connection's first request and closes at the second. The numbers of both so far."""
    listener = socket.create_server(("127.0.0.1", proxy.handler_ports[0]))
    seen = {"answered": 0, "closed": 0}

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.recv(65536)
                seen["answered"] += 1
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                if connection.recv(65536):
                    seen["closed"] += 1
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield seen
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    proxy.end()
    thread.join()


@pytest.mark.parametrize("proxy", [Nginx], indirect=True)
def test_a_kept_connection_that_closes_as_it_is_used(proxy, fickle):
    proxy.start()
    for _ in range(5):
        assert status(proxy.connect(), request("POST /interactions", b"{}", **{"Content-Length": 2})) == 200
    assert fickle == {"answered": 5, "closed": 4}


@pytest.mark.parametrize("proxy", [Caddy], indirect=True)
def test_caddy_waits_for_a_handler_that_is_about_to_be_there(proxy, many):
    proxy.start()
    click = request("POST /interactions", b"{}", **{"Content-Length": 2})
    [under_way] = many(1, lambda: status(proxy.connect(), click))
    time.sleep(0.7)
    assert not under_way.done()
    with socket.create_server(("127.0.0.1", proxy.handler_ports[0])) as listener:
        connection, _ = listener.accept()
        received = b""
        while not received.endswith(b"\r\n\r\n{}"):
            received += connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        connection.close()
    assert under_way.result() == 200


def test_the_proxy_lets_go_of_a_kept_connection_before_the_handler_does():
    [ours] = re.findall(r"MAX_IDLE_MS = (\d+)", (ROOT / "handler/http.c").read_text())
    [nginx] = re.findall(r"keepalive_timeout (\d+)s;", (DEPLOY / "nginx.conf").read_text())
    [caddy] = re.findall(r"keepalive (\d+)s", (DEPLOY / "Caddyfile").read_text())
    assert max(int(nginx), int(caddy)) * 2000 <= int(ours)


def test_caddy_takes_the_file_as_it_is():
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile"]
    done = subprocess.run(command, env={**os.environ, "REQUESTS": "requests_2.6"}, capture_output=True, text=True)
    assert done.returncode == 0 and "not formatted" not in done.stderr, done.stderr
