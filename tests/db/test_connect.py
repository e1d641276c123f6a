"""Which of several hosts the pool takes, and how soon."""

import contextlib
import os
import socket
import struct
import subprocess
import threading
import time

import psycopg
import pytest
from clusters import running_pair
from harness import TESTS, free_port, wait_for

pytestmark = pytest.mark.xdist_group("hosts")  # one pair for all

ATTEMPT = 3  # seconds that each address has
SLACK = 2.5  # a busy machine
WHICH = "SELECT current_setting('unix_socket_directories')"
WRITE = "INSERT INTO tracker_shard (shard_count, shard_id) VALUES (100, 1) ON CONFLICT DO NOTHING RETURNING 'written'"
FORGET = "DELETE FROM tracker_shard RETURNING 'forgotten'"


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    with running_pair(tmp_path_factory.mktemp("pair"), False) as pair:
        yield pair


@pytest.fixture
def silent():
    """A port where connecting takes for ever: its queue of one is full, and nobody takes from it."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


class Relay(threading.Thread):
    """A host that says some words and hangs up, one after the other; then it is the cluster."""

    def __init__(self, cluster, *words):
        super().__init__(daemon=True)
        self.cluster, self.words = cluster, words
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.refused = 0
        self.heard = b""  # of the cluster
        self.start()

    def run(self):
        for words in self.words:
            with self.listener.accept()[0] as client:
                client.recv(8192)
                body = b"SFATAL\0C57P03\0M" + words.encode() + b"\0\0"
                client.sendall(b"E" + struct.pack("!I", 4 + len(body)) + body)
            self.refused += 1
        while True:
            client, server = self.listener.accept()[0], socket.socket(socket.AF_UNIX)
            server.connect(f"{folder(self.cluster)}/.s.PGSQL.5432")
            for both in (client, server), (server, client):
                threading.Thread(target=self.pass_on, args=both, daemon=True).start()

    def pass_on(self, source, sink):
        while data := source.recv(8192):
            if source.family == socket.AF_UNIX:
                self.heard += data
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def mute():
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def conninfo(*hosts, **more):
    """hosts: (host, port)s."""
    names, ports = (",".join(str(part) for part in parts) for parts in zip(*hosts))
    return psycopg.conninfo.make_conninfo(host=names, port=ports, user="vcledger", dbname="vcledger", **more)


def folder(cluster):
    return psycopg.conninfo.conninfo_to_dict(cluster.url)["host"]


def at(cluster):
    return folder(cluster), 5432


def run(url, *statements):
    """What tests/db/run.c prints, its log, and the seconds that it took."""
    began = time.monotonic()
    done = subprocess.run(
        [TESTS / "db/run", *statements], env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr, time.monotonic() - began


def test_a_refusing_host_costs_nothing(pair):
    answers, log, seconds = run(conninfo(("127.0.0.1", free_port()), at(pair.primary)), WHICH)
    assert answers == [folder(pair.primary)] and seconds < SLACK, log
    assert log.count("database_unreachable host=\"127.0.0.1\"") == 1


def test_the_same_failure_is_warned_of_once(pair):
    """Until another comes, or the database answered in between."""
    suicide = "SELECT pg_terminate_backend(pg_backend_pid())"
    relay = Relay(pair.primary, "starting up", "starting up", "in recovery", "starting up")
    answers, log, _ = run(conninfo(relay.address, sslmode="disable"), WHICH, suicide, WHICH)
    assert relay.refused == 4 and answers[0] == folder(pair.primary), log
    assert [log.count(f"FATAL:  {words}") for words in ("starting up", "in recovery")] == [1, 1]
    assert log.count("database_lost") == 1


def test_each_statement_is_answered_for_itself(pair):
    """A job may take longer than the server may be silent: what has run is heard of before the rest."""
    relay = Relay(pair.primary)
    environment = {**os.environ, "DATABASE_URL": conninfo(relay.address, sslmode="disable")}
    with pair.connect() as sql, contextlib.ExitStack() as stack:
        sql.execute("SELECT pg_advisory_lock(7)")
        job = [TESTS / "db/run", "SELECT 'the first'", "+SELECT pg_advisory_xact_lock(7)"]
        program = stack.enter_context(subprocess.Popen(job, env=environment, stdout=subprocess.PIPE, text=True))
        stack.callback(program.kill)
        wait_for(lambda: b"the first" in relay.heard, "the first statement's answer", 5)
        sql.execute("SELECT pg_advisory_unlock(7)")
        assert program.communicate(timeout=10)[0] == "the first\n"


@pytest.mark.parametrize("kind", ["silent", "mute"])
def test_a_vanished_host_costs_one_attempt(pair, request, kind):
    hosts = ("127.0.0.1", request.getfixturevalue(kind)), at(pair.primary)
    answers, log, seconds = run(conninfo(*hosts), WHICH)
    assert answers == [folder(pair.primary)] and ATTEMPT <= seconds < ATTEMPT + SLACK, log
    assert "connecting took too long" in log


def test_names_are_looked_up_and_each_address_is_tried(pair):
    """localhost has one or two, nobody listens there; the other name has none."""
    hosts = ("localhost", free_port()), ("no-such-name.invalid", 5432), at(pair.primary)
    answers, log, _ = run(conninfo(*hosts), WHICH)
    assert answers == [folder(pair.primary)], log
    assert 'host="localhost"' in log and 'host="no-such-name.invalid"' in log


def test_a_standby_is_passed_by(pair):
    answers, log, seconds = run(conninfo(at(pair.standby), at(pair.primary), target_session_attrs="read-write"), WHICH, WRITE, FORGET)
    assert answers == [folder(pair.primary), "written", "forgotten"] and seconds < SLACK, log


def test_a_url_names_several_hosts(pair, mute):
    hosts = f"127.0.0.1:{mute},{folder(pair.primary).replace('/', '%2F')}:5432"
    answers, log, seconds = run(f"postgresql://vcledger@{hosts}/vcledger?target_session_attrs=read-write", WHICH)
    assert answers == [folder(pair.primary)] and seconds < ATTEMPT + SLACK, log


def test_a_server_that_takes_no_writes_is_left(pair):
    """Also where the conninfo does not ask for one that does."""
    answers, log, _ = run(conninfo(at(pair.standby), at(pair.primary)), WHICH, WRITE, WHICH, WRITE, FORGET)
    assert answers == [folder(pair.standby), "25006", folder(pair.primary), "written", "forgotten"], log


def test_the_host_that_worked_last_comes_first(pair, mute):
    """After a break there is no waiting for the vanished one again."""
    suicide = "SELECT pg_terminate_backend(pg_backend_pid())"
    answers, log, seconds = run(conninfo(("127.0.0.1", mute), at(pair.primary)), WHICH, suicide, WHICH)
    assert answers[0] == answers[2] == folder(pair.primary) and seconds < ATTEMPT + SLACK, log
    assert log.count("connecting took too long") == 1


def test_what_libpq_knows_more_of_is_left_to_it(pair):
    """A folder in the environment; a list of ports that is none of the hosts'."""
    answers, log, _ = run("user=vcledger dbname=vcledger host=" + folder(pair.primary), WHICH)
    assert answers == [folder(pair.primary)], log
    os.environ["PGHOST"] = folder(pair.primary)
    try:
        assert run("user=vcledger dbname=vcledger", WHICH)[0] == [folder(pair.primary)]
    finally:
        del os.environ["PGHOST"]
    answers, log, _ = run(conninfo(at(pair.primary)) + " port=1,2", WHICH)
    assert answers == ["unavailable"] and "could not match 2 port numbers to 1 hosts" in log


def test_options_of_the_conninfo_hold_beside_ours(pair):
    """Else `tracker --migrate`, which obeys them, makes tables where the programs look for none. Ours have the last word."""
    asked = "SHOW search_path", "SHOW jit", "SHOW plan_cache_mode"
    expected = ["voice", "off", "force_custom_plan"]
    answers, log, _ = run(conninfo(at(pair.primary), options="-csearch_path=voice -cjit=on"), *asked)
    assert answers == expected, log
    host = folder(pair.primary).replace("/", "%2F")
    assert run(f"postgresql://vcledger@{host}/vcledger?options=-c%20search_path%3Dvoice", *asked)[0] == expected
    os.environ["PGOPTIONS"] = "-c search_path=voice"
    try:
        assert run(conninfo(at(pair.primary)), *asked)[0] == expected
    finally:
        del os.environ["PGOPTIONS"]
