"""Answers under load: acknowledgements a CPU second, one click after the other, and a crowd for a minute."""

import base64
import concurrent.futures
import contextlib
import hashlib
import http.client
import itertools
import json
import os
import pathlib
import re
import socket
import tempfile
import time
import urllib.request

import large
import psycopg
from asking import RANGES
from figures import cpu_seconds, program, quantiles
from harness import BIN, ROOT, Discord, Program, free_port, is_ready, may_open, snowflake, wait_for

CONNECTIONS = 32
POSTS = 20000
IDLE = 10_000  # connections that say nothing
WARM_UP, ALONE, CROWD_WARM_UP, MINUTE, QUIET = 10, 15, 30, 60, 10  # seconds; a crowd fills the handler's cache of avatars first

TOKEN = base64.b64encode(bytes(150)).decode()  # as long as Discord's


class Handler:
    """One that is ready, the large server's database behind it, the local Discord before it."""

    def __init__(self, directory, discord, url, **environment):
        self.port = discord.handler_port
        self.url = url
        self.discord = discord
        self.settings = {**discord.settings(), "DATABASE_URL": url, "LISTEN": f"127.0.0.1:{self.port}", "LOG_LEVEL": "info", **environment}
        self.program = Program([BIN / "handler"], self.settings, directory / "handler.log")

    def wait(self):
        wait_for(lambda: is_ready(self.port) or self.program.process.poll() is not None, "the handler's start")
        assert self.program.process.poll() is None, self.program.log()

    def workers(self):
        return sorted(self.program.children())

    def cpu_seconds(self):
        """That its processes have used so far."""
        return cpu_seconds(self.program.process.pid, *self.workers())

    def all_cpu_seconds(self):
        """The same of all that have to do with an answer."""
        with psycopg.connect(self.url) as sql:
            backends = [pid for (pid,) in sql.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'vcledger handler'")]
        return {
            "the handler": self.cpu_seconds(),
            "PostgreSQL": cpu_seconds(*backends),
            "the local Discord": cpu_seconds(self.discord.program.process.pid),
            "those who click": time.process_time(),
        }

    def counted(self, metric):
        """A counter's values, of all workers together: {the label's: number}."""
        with urllib.request.urlopen(f"http://{self.settings['METRICS_LISTEN']}/metrics") as response:
            text = response.read().decode()
        return {label: int(value) for label, value in re.findall(metric + r'\{\w+="(\w+)"\} (\d+)\n', text)}

    def resident_mb(self):
        return [int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024 for pid in self.workers()]


def make_cast(path):
    """The local Discord's people, as members of the large server: of all ranks, with the pictures that its database knows."""
    cast = json.loads((ROOT / "infra/sandbox/cast.json").read_text())
    guild = cast["guilds"][0]
    guild["id"] = str(large.LARGE)
    people = [member for member in guild["members"] if not member["bot"]]
    for i, member in enumerate(people):
        member["id"] = str(1 + 1500 * i)
        member["avatar"] = hashlib.md5(member["id"].encode()).hexdigest()
    guild["members"] = people[:CONNECTIONS]
    path.write_text(json.dumps({**cast, "guilds": [guild]}))


@contextlib.contextmanager
def running(url, **environment):
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        make_cast(directory / "cast.json")
        discord = Discord(directory, free_port(), directory / "cast.json")
        stack.callback(discord.program.stop)
        handler = Handler(directory, discord, url, **environment)
        stack.callback(handler.program.stop)
        handler.wait()
        yield handler


# Acknowledgements: signed interactions straight to the handler


def ping(number):
    user = {"id": "643900000000000001", "username": "discord", "global_name": "Discord", "avatar": "0" * 32, "discriminator": "0000",
            "bot": True, "system": True, "public_flags": 1, "avatar_decoration_data": None}
    return {"app_permissions": "562949953601536", "attachment_size_limit": 10485760, "authorizing_integration_owners": {},
            "entitlements": [], "id": str(number), "token": TOKEN, "type": 1, "user": user, "version": 1}


def command(number, name="leaderboard", permissions="1799666563141185"):
    user = {"id": "312861572202631172", "username": "marisol.q", "discriminator": "0", "global_name": "Marisol", "avatar": "a_" + 32 * "7",
            "avatar_decoration_data": None, "collectibles": None, "primary_guild": None, "public_flags": 0}
    member = {"avatar": None, "banner": None, "communication_disabled_until": None, "flags": 0, "nick": "Mari", "pending": False,
              "joined_at": "2024-01-05T12:30:45.120000+00:00", "premium_since": None, "roles": ["1192065461152776193"], "deaf": False,
              "mute": False, "permissions": permissions, "user": user}
    channel = {"flags": 0, "guild_id": str(large.LARGE), "id": "1187440140138840067", "last_message_id": "1536076616555167746",
               "name": "bot-commands", "nsfw": False, "parent_id": "1187440140180783108", "permissions": "1799666563141185",
               "position": 1, "rate_limit_per_user": 0, "topic": None, "type": 0}
    options = [{"name": name, "type": 1, "options": [{"name": "time_range", "type": 3, "value": "this_month"}]}]
    return {"app_permissions": "2147863552", "attachment_size_limit": 10485760,
            "authorizing_integration_owners": {"0": str(large.LARGE)}, "channel": channel, "channel_id": channel["id"], "context": 0,
            "data": {"id": "1510946006630662145", "name": "vc", "type": 1, "options": options}, "entitlements": [],
            "guild": {"features": ["COMMUNITY"], "id": str(large.LARGE), "locale": "en-US"}, "guild_id": str(large.LARGE),
            "guild_locale": "en-US", "id": str(number), "locale": "en-GB", "member": member, "token": TOKEN, "type": 2, "version": 1}


def post(handler, interactions):
    """All of them over so many connections: what tests/bench/load.c tells, and the handler's CPU seconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        application = handler.discord.env["DISCORD_APPLICATION_ID"]
        file.writelines(json.dumps({**interaction, "application_id": application}, separators=(",", ":")) + "\n" for interaction in interactions)
        file.flush()
        before = handler.cpu_seconds()
        told = program("load", handler.port, handler.discord.env["SANDBOX_SEED"], CONNECTIONS, file.name)
        return told["verify"]["per_cpu_second"], told["acknowledgements"], handler.cpu_seconds() - before


@contextlib.contextmanager
def on_one_cpu(handler):
    """The workers and whoever posts: CPUs of one machine differ by a third within seconds where it has neighbours, and waking one
    another takes a virtual machine's CPUs a tenth of their time."""
    pids = [0, *handler.workers()]
    cpus = os.sched_getaffinity(0)
    for pid in pids:
        os.sched_setaffinity(pid, {min(cpus)})
    try:
        yield
    finally:
        for pid in pids:
            os.sched_setaffinity(pid, cpus)


def acknowledge(figures, handler, what, interactions, target=None):
    """The bare verify rate."""
    with on_one_cpu(handler):
        bare, told, cpu = post(handler, interactions)
    rate = told["n"] / cpu
    figures.add(f"libsodium's bare verify of a {what}", bare, "/CPU s", told["n"], better="higher")
    figures.add(f"{what}: acknowledged", rate, "/CPU s", told["n"], better="higher")
    figures.add(f"{what}: acknowledged, of the bare verify rate", 100 * rate / bare, "%", told["n"], target, better="higher")
    figures.add_quantiles(f"{what}: acknowledged, {CONNECTIONS} connections, one CPU", told)
    return bare


def acknowledge_pings(figures, handler):
    post(handler, [ping(snowflake()) for _ in range(POSTS)])  # the first of a process are slower
    acknowledge(figures, handler, "PING", [ping(snowflake()) for _ in range(POSTS)], 65)


@contextlib.contextmanager
def idle_connections(port, n):
    may_open(n + 1000)
    with contextlib.ExitStack() as stack:
        for _ in range(n):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.9", 0)))
        yield


def acknowledge_pings_beside_idle(figures, handler):
    """What a PING costs while so many connections are held that say nothing; and what these take."""
    before = handler.resident_mb()
    with idle_connections(handler.port, IDLE):
        acknowledge(figures, handler, f"PING beside {IDLE} idle connections", [ping(snowflake()) for _ in range(POSTS)], 65)
        held = sum(handler.resident_mb()) - sum(before)
        with on_one_cpu(handler):
            cpu = handler.cpu_seconds()
            time.sleep(QUIET)
            cpu = handler.cpu_seconds() - cpu
    figures.add(f"{IDLE} idle connections: CPU of the handler while nobody asks", 100 * cpu / QUIET, "%", 1)
    figures.add(f"{IDLE} idle connections: memory of each", 1024 * held / IDLE, "kB", IDLE)


def acknowledge_fresh_commands(figures, handler):
    """Settings, for one who may not see them: the least work a command can be. Each writes its row, is acknowledged, edits its
    message to say so, by a call of its own over TLS, and closes the row. The local Discord knows no such interactions; it takes
    the edits all the same."""
    handler.discord.faults(rest=[{"method": "PATCH", "status": 200, "body": "{}", "times": POSTS}])
    before = handler.counted("vcledger_interactions_recorded_total")["recorded"]
    acknowledge(figures, handler, "command answered in words", [command(snowflake(), "settings", "0") for _ in range(POSTS)])
    recorded = handler.counted("vcledger_interactions_recorded_total")["recorded"] - before
    figures.add("command answered in words: recorded; others are told that too many ask", 100 * recorded / POSTS, "%", POSTS)
    wait_for(lambda: handler.counted("vcledger_rest_calls_total")["ok"] == recorded, "the last edit")
    handler.discord.faults(rest=[])


def acknowledge_commands(figures, handler):
    """Each has its row already: it is sent to be written, found to be known, and acknowledged, but not worked on. So this is
    what an acknowledgement takes, apart from the answer."""
    interactions = [command(snowflake()) for _ in range(POSTS)]
    with psycopg.connect(handler.url, autocommit=True) as sql:
        ids = [int(interaction["id"]) for interaction in interactions]
        sql.execute(
            "INSERT INTO interaction_pending (interaction_id, request, done_at)"
            " SELECT id, '', now() FROM unnest(%s::bigint[]) AS id ON CONFLICT DO NOTHING", [ids]
        )
        bare = acknowledge(figures, handler, "command that came twice", interactions, 45)
        sql.execute("DELETE FROM interaction_pending WHERE interaction_id = ANY (%s)", [ids])
    return bare


# Finished answers: people at the local Discord, which talks TLS


class Person:
    """Asks for a board and clicks on, each time when the picture is there."""

    def __init__(self, discord, number):
        self.user = str(discord.people[number])
        self.ranges = itertools.cycle(RANGES[number % 8:] + RANGES[:number % 8])  # not all the same at once
        self.statistics = itertools.cycle([{"time_range": "yearly"}, {"time_range": "weekly", "statistic": "average"}])
        self.connection = http.client.HTTPConnection(discord.url.removeprefix("http://"))
        self.acknowledged = self.finished = None  # ms, of the last look around

    def call(self, method, path, body=None):
        self.connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        text = response.read()
        assert response.status == 200, text
        return json.loads(text)

    def ask(self, **what):
        sent = self.call("POST", "/control/interaction", {"user_id": self.user, **what})
        assert sent["status"] == 200, sent
        answer = self.call("GET", f"/control/answers/{sent['interaction_id']}?wait=15000")
        assert answer["attachments"], answer  # a picture
        self.acknowledged.append(sent["ms"])
        self.finished.append(answer["took_ms"])
        return answer

    def click(self, answer, control, *values):
        _, *rows = answer["message"]["components"][0]["components"]
        controls = {each.get("label") or each["placeholder"]: each["custom_id"] for row in rows for each in row["components"]}
        return self.ask(message_id=answer["message"]["id"], custom_id=controls[control], values=values)

    def look_around(self, seconds):
        """Through all ranges, page after page; now and then statistics, and whose company it was."""
        self.acknowledged, self.finished = [], []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = self.ask(command="leaderboard", options={"time_range": "this_month"})
            answer = self.click(answer, "Time range", next(self.ranges))
            for control in ["Next", "Next", "First", "My page", "Refresh"]:
                answer = self.click(answer, control)
            self.ask(command="stats", options=next(self.statistics))
            answer = self.ask(command="leaderboard", options={"time_range": "all_time"})
            self.click(answer, "Voice partners")


def one_by_one(figures, handler):
    """Warm: the pictures of the members who are looked at are in the workers' memory, as 32 MB hold them."""
    person = Person(handler.discord, 3)
    person.look_around(WARM_UP)
    before = handler.counted("vcledger_avatars_total")
    person.look_around(ALONE)
    avatars = {result: n - before[result] for result, n in handler.counted("vcledger_avatars_total").items()}
    assert avatars["kept"] > 0 and avatars["failed"] == before["failed"] == 0, (before, avatars)
    figures.add_quantiles("click to acknowledgement, one person, one click at a time", quantiles(person.acknowledged))
    figures.add_quantiles("click to finished picture, one person, one click at a time", quantiles(person.finished), 25, 80)
    figures.add("one person: avatars on a picture", (avatars["kept"] + avatars["fetched"]) / len(person.finished), "", len(person.finished))
    figures.add("one person: of these fetched anew", 100 * avatars["fetched"] / (avatars["kept"] + avatars["fetched"]), "%", len(person.finished))


def look_around(people, seconds):
    with concurrent.futures.ThreadPoolExecutor(len(people)) as threads:
        list(threads.map(lambda person: person.look_around(seconds), people))


def crowd(figures, handler, bare):
    people = [Person(handler.discord, number) for number in range(CONNECTIONS)]
    look_around(people, CROWD_WARM_UP)
    resident, before, start = handler.resident_mb(), handler.all_cpu_seconds(), time.monotonic()
    look_around(people, MINUTE)
    seconds = time.monotonic() - start
    used = {part: cpu - before[part] for part, cpu in handler.all_cpu_seconds().items()}
    name = f"{len(people)} people for a minute"
    finished = [ms for person in people for ms in person.finished]
    figures.add_quantiles(f"{name}: click to acknowledgement", quantiles([ms for person in people for ms in person.acknowledged]))
    figures.add_quantiles(f"{name}: click to finished picture", quantiles(finished))
    figures.add(f"{name}: pictures", len(finished) / seconds, "/s", len(finished), better="higher")
    for part, cpu in used.items():
        figures.add(f"{name}: CPU of {part}, a picture", 1000 * cpu / len(finished), "ms", len(finished))
    figures.add(f"{name}: of the handler's CPU verifies", 100 * len(finished) / bare / used["the handler"], "%", len(finished))
    for worker, (before, after) in enumerate(zip(resident, handler.resident_mb())):
        figures.add(f"{name}: worker {worker} resident before", before, "MB", 1)
        figures.add(f"{name}: worker {worker} resident after", after, "MB", 1)


def measure(figures):
    url = large.start()
    large.make(url)
    with running(url, METRICS_LISTEN=f"127.0.0.1:{free_port()}") as handler:
        acknowledge_pings(figures, handler)
        acknowledge_pings_beside_idle(figures, handler)
        bare = acknowledge_commands(figures, handler)
        acknowledge_fresh_commands(figures, handler)
        one_by_one(figures, handler)
        crowd(figures, handler, bare)
