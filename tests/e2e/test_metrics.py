"""What both programs tell Prometheus: the text, read strictly, and whether its figures are what happened."""

import concurrent.futures
import contextlib
import math
import os
import re
import signal
import socket
import urllib.error
import urllib.request

import pytest
from answers import click
from harness import away, free_port, wait_for

NAME = r"[a-z][a-z0-9_]*"
LABEL = re.compile(rf'({NAME})="((?:[^"\\\n]|\\["\\n])*)"')
SAMPLE = re.compile(rf'({NAME})(?:\{{({LABEL.pattern}(?:,{LABEL.pattern})*)\}})? (NaN|[+-]?(?:Inf|\d+(?:\.\d+)?(?:e[+-]?\d+)?))')


class Scrape:
    """One answer to GET /metrics. samples: {(name, {label: value}): number}, kinds: {metric: its type}."""

    def __init__(self, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as response:
            assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            text = response.read().decode()
        assert text.endswith("\n")
        self.kinds, self.samples = {}, {}
        helped, metric = set(), None
        for line in text.splitlines():
            if line.startswith("# HELP "):
                metric, words = line[7:].split(" ", 1)
                assert metric not in helped and metric.startswith("vcledger_") and words.endswith("."), line
                helped.add(metric)
            elif line.startswith("# TYPE "):
                name, kind = line[7:].split(" ")
                assert name == metric and name not in self.kinds and kind in ("counter", "gauge", "histogram"), line
                assert name.endswith("_total") == (kind == "counter"), line
                self.kinds[name] = kind
            else:
                self.add(metric, line)
        assert helped == set(self.kinds)
        for name in [name for name, kind in self.kinds.items() if kind == "histogram"]:
            self.check_histogram(name)

    def add(self, metric, line):
        sample = SAMPLE.fullmatch(line)
        assert sample, line
        name, labels, value = sample[1], LABEL.findall(sample[2] or ""), float(sample[sample.lastindex])
        endings = ["_bucket", "_sum", "_count"] if self.kinds[metric] == "histogram" else [""]
        assert name in [metric + ending for ending in endings], line
        assert all(label == "le" or not text.isdigit() for label, text in labels), line
        key = (name, frozenset(labels))
        assert len(dict(labels)) == len(labels) and key not in self.samples, line
        assert math.isfinite(value) and (self.kinds[metric] == "gauge" or value >= 0), line
        self.samples[key] = value

    def check_histogram(self, name):
        buckets = [(float(dict(labels)["le"]), n) for (of, labels), n in self.samples.items() if of == name + "_bucket"]
        assert buckets == sorted(buckets) and [n for _, n in buckets] == sorted(n for _, n in buckets), name
        assert buckets[-1] == (math.inf, self[name + "_count"])

    def __getitem__(self, name):
        return self.samples[f"vcledger_{name.removeprefix('vcledger_')}", frozenset()]

    def get(self, name):
        """A gauge that may be left out."""
        return self.samples.get((f"vcledger_{name}", frozenset()))

    def by(self, name):
        """Of a counter what is not 0: {label's value, or a tuple of them: number}."""
        found = {}
        for (of, labels), value in self.samples.items():
            if of == f"vcledger_{name}" and value:
                texts = tuple(text for _, text in sorted(labels))
                found[texts if len(texts) > 1 else texts[0]] = value
        return found


def status(port, method, path):
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method), timeout=5) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def listening(port):
    return {"METRICS_LISTEN": f"127.0.0.1:{port}"}


# The handler --------------------------------------------------------------------------------------------------------


def until_answered(port, n):
    """The figures after n interactions; their counts follow the answers by a moment."""
    def all_of_them():
        scrape = Scrape(port)
        return scrape if sum(scrape.by("interactions_total").values()) >= n else None

    return wait_for(all_of_them, f"{n} interactions")


def test_the_figures_of_an_evening(discord, handlers, ledger, port, listening):
    handlers(WORKERS="2", **listening)
    before = Scrape(port)
    assert before.by("interactions_total") == {} and before["acknowledgement_seconds_count"] == 0
    answer = discord.leaderboard("all_time")
    discord.leaderboard()
    click(discord, answer, "Next")
    alone = {"guild_id": None, "member": None, "user": {"id": "41", "username": "ann", "discriminator": "0"}}
    assert discord.interaction(command="stats", options={}, merge=alone)["status"] == 200
    assert discord.interaction(command="no\\such\"thing", options={})["status"] == 200
    scrape = until_answered(port, 5)
    assert scrape.by("interactions_total") == {
        ("leaderboard", "picture"): 3, ("stats", "no_server"): 1, ("other", "unknown"): 1,
    }
    assert scrape["acknowledgement_seconds_count"] == scrape["answer_seconds_count"] == 3
    assert 0 < scrape["answer_seconds_sum"] < 30 and scrape["answers_pending"] == 0
    assert scrape.by("rest_calls_total") == {"ok": 3}
    avatars = scrape.by("avatars_total")
    assert scrape.by("interactions_recorded_total") == {"recorded": 3}
    wait_for(lambda: Scrape(port)["database_connections"] == 8, "four connections a worker")
    assert avatars["fetched"] == len(discord.requests("cdn")) and set(avatars) <= {"fetched", "kept"}


def test_what_failed_and_what_waits(discord, handlers, ledger, port, listening):
    handlers(WORKERS="2", **listening)
    discord.faults(rest=[{"method": "PATCH", "status": 403, "times": 2}], cdn="down")
    discord.begin_leaderboard()
    scrape = until_answered(port, 1)
    assert scrape.by("interactions_total") == {("leaderboard", "failed"): 1}
    assert scrape.by("rest_calls_total") == {"refused": 2} and scrape.by("avatars_total").keys() == {"failed"}
    discord.faults(rest=[{"method": "PATCH", "status": 500, "times": 1000}])
    for _ in range(3):
        discord.begin_leaderboard()
    assert Scrape(port)["answers_pending"] == 3
    discord.faults(rest=[])
    assert until_answered(port, 4)["answers_pending"] == 0


def test_a_dead_worker_leaves_its_counts_and_nothing_else(discord, handlers, ledger, port, listening):
    handler = handlers(WORKERS="1", **listening)
    for _ in range(2):
        discord.leaderboard()
    until_answered(port, 2)
    discord.faults(rest=[{"method": "PATCH", "status": 500, "times": 1000}])
    discord.begin_leaderboard()
    assert Scrape(port)["answers_pending"] == 1
    [worker] = handler.children()
    os.kill(worker, signal.SIGKILL)
    discord.faults(rest=[])
    wait_for(lambda: handler.children() - {worker}, "another worker")
    wait_for(lambda: Scrape(port)["answers_pending"] == 0, "nothing of the dead one pending")
    scrape = until_answered(port, 3)
    assert scrape.by("interactions_total") == {("leaderboard", "picture"): 3}
    assert scrape.by("interactions_recorded_total") == {"recorded": 3, "taken_over": 1}
    assert scrape["acknowledgement_seconds_count"] == 3


def test_the_database_is_away(handlers, trackers, database, port, listening):
    handlers(WORKERS="1", **listening)
    tracker_port = free_port()
    trackers.start(METRICS_LISTEN=f"127.0.0.1:{tracker_port}")
    each = [(port, 4), (tracker_port, 1)]
    for there in (True, False, True):
        with contextlib.nullcontext() if there else away(database):
            for a_port, n in each:
                wait_for(lambda: Scrape(a_port)["database_connections"] == n * there, f"connections: {n * there}", 30)


def test_other_paths_and_slow_clients(discord, handlers, port, listening):
    handlers(WORKERS="1", **listening)
    assert status(port, "HEAD", "/metrics") == 200
    assert [status(port, "GET", path) for path in ("/", "/metrics/", "/healthz", "/interactions")] == [404] * 4
    assert status(port, "POST", "/metrics") == status(port, "DELETE", "/metrics") == 405
    idle, slow = (socket.create_connection(("127.0.0.1", port)) for _ in range(2))
    slow.sendall(b"GET /metr")
    Scrape(port)
    assert discord.interaction(ping=True)["response"] == {"type": 1}
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert len(list(pool.map(lambda _: Scrape(port), range(200)))) == 200
    for connection in (idle, slow):
        connection.settimeout(15)
        assert connection.recv(1) == b""  # given up after ten seconds
        connection.close()


def test_it_is_off_by_default_and_says_what_is_wrong(discord, handlers, trackers, port):
    handler = handlers(wait=False, METRICS_LISTEN="9090")
    assert handler.process.wait(10) == 2 and "METRICS_LISTEN" in handler.log()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        handler = handlers(wait=False, METRICS_LISTEN=f"127.0.0.1:{port}")
        assert handler.process.wait(10) == 1
        assert handler.log() == f"handler: METRICS_LISTEN 127.0.0.1:{port}: Address already in use\n"


# The tracker --------------------------------------------------------------------------------------------------------


def gauges(scrape):
    """Shards owned and watching, open sessions, members in voice."""
    return tuple(scrape[name] for name in ("shards_owned", "shards_watching", "open_sessions", "members_in_voice"))


def until_gauges(port, *expected):
    return wait_for(lambda: gauges(scrape := Scrape(port)) == expected and scrape, f"gauges {expected}")


def test_what_the_tracker_sees_and_writes(discord, trackers, sql, port, listening):
    ann, ben, cleo = discord.people[:3]
    sql.execute("INSERT INTO guild_settings (guild_id, count_afk, changed_by) VALUES (%s, false, 1)", [discord.guild])
    trackers.start(**listening)
    scrape = until_gauges(port, 1, 1, 0, 0)
    assert scrape["shards"] == 1
    assert scrape.by("events_total") == {"READY": 1, "GUILD_CREATE": len(discord.state()["guilds"])}
    discord.voice(ann, discord.channels[0])
    discord.voice(ben, discord.channels[0])
    discord.voice(cleo, discord.afk_channel)
    discord.voice(discord.bots[0], discord.channels[0])
    until_gauges(port, 1, 1, 2, 3)
    discord.leave(ann)
    discord.flags(ben, self_mute=True)
    until_gauges(port, 1, 1, 1, 2)
    scrape = wait_for(lambda: (scrape := Scrape(port))["changes_unwritten"] == 0 and scrape, "everything written")
    assert scrape.by("events_total")["VOICE_STATE_UPDATE"] == 6
    assert scrape.by("batches_total") == {"committed": scrape["batch_changes_count"]}
    assert scrape["batch_changes_sum"] >= 6 and 0 < scrape["batch_seconds_count"] <= scrape["batch_changes_count"]
    assert 0 <= scrape["proven_age_seconds"] < 10
    assert scrape.by("reconnects_total") == {} and scrape["gateway_sessions_lost_total"] == 0


def test_one_of_two_trackers_owns_a_part(discord, trackers, port, listening):
    trackers.start(SHARD_COUNT="4", SHARD_IDS="0,2", **listening)
    assert until_gauges(port, 2, 2, 0, 0)["shards"] == 4


def test_why_the_gateway_was_lost(discord, trackers, port, listening):
    ann = discord.people[0]
    trackers.start(**listening)
    discord.voice(ann, discord.channels[0])
    until_gauges(port, 1, 1, 1, 1)
    discord.gateway("reconnect")
    wait_for(lambda: Scrape(port).by("events_total").get("RESUMED") == 1, "the RESUME")
    scrape = until_gauges(port, 1, 1, 1, 1)
    assert scrape.by("reconnects_total") == {"op 7": 1} and scrape["gateway_sessions_lost_total"] == 0
    discord.gateway("invalid_session", resumable=False)
    wait_for(lambda: Scrape(port).by("events_total").get("READY") == 2, "a new session")
    scrape = until_gauges(port, 1, 1, 1, 1)
    assert scrape.by("reconnects_total") == {"op 7": 1, "op 9": 1} and scrape["gateway_sessions_lost_total"] == 1
    discord.faults(connect="refuse")
    discord.gateway("cut")
    scrape = wait_for(lambda: (scrape := Scrape(port))["shards_watching"] == 0 and scrape, "nobody watches")
    assert scrape["shards_owned"] == 1 and set(scrape.by("reconnects_total")) == {"op 7", "op 9", "closed"}
    discord.faults(connect="accept")


def test_what_waits_for_the_database(discord, trackers, database, port, listening):
    trackers.start(**listening)
    wait_for(lambda: Scrape(port).get("proven_age_seconds") is not None, "a proof")
    with away(database):
        wait_for(lambda: Scrape(port)["database_connections"] == 0, "it is away")
        for person in discord.people[:3]:
            discord.voice(person, discord.channels[0])
        scrape = until_gauges(port, 1, 1, 3, 3)
        assert scrape["changes_unwritten"] >= 3
        older = scrape["proven_age_seconds"] + 1
        wait_for(lambda: Scrape(port)["proven_age_seconds"] > older, "the proof grows old")
    scrape = wait_for(lambda: (scrape := Scrape(port))["changes_unwritten"] == 0 and scrape, "everything written", 30)
    wait_for(lambda: Scrape(port)["proven_age_seconds"] < 4, "a fresh proof")
    assert scrape["batch_seconds_sum"] > 1


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_who_waits_for_a_shard_owns_none(discord, trackers, port, listening):
    first = trackers.start()
    discord.voice(discord.people[0], discord.channels[0])
    trackers.start(wait=False, **listening)
    wait_for(lambda: is_listening(port), "the second tracker")
    scrape = until_gauges(port, 0, 0, 0, 0)
    assert scrape.get("proven_age_seconds") is None
    assert first.stop() == 0
    until_gauges(port, 1, 1, 1, 1)
