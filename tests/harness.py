"""What tests stand on: the programs under test, the local Discord, and a throw-away PostgreSQL.

BIN names the folder of the programs, TESTS that of the test programs (the Makefile sets both).
"""

import contextlib
import itertools
import json
import os
import pathlib
import random
import resource
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import nacl.signing
import psycopg

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("BIN", ROOT / "build"))
TESTS = pathlib.Path(os.environ.get("TESTS", ROOT / "build/release/tests"))


OWNER = "vcledger"  # infra/sandbox/postgres
LOGINS = (ROOT / "infra/deploy/postgres/logins.sql").read_text()  # the programs' own roles
PASSWORD = "open-sesame-1001"  # PostgreSQL asks nobody for one here, but no log may hold what a program was given


def migrate(url):
    """As the owner; and roles for the programs."""
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "LOG_LEVEL": "warn"}
    subprocess.run([BIN / "tracker", "--migrate"], env=environment, check=True, cwd="/tmp")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(LOGINS)


def logged_in_as(program, environment):
    """The environment with the owner's conninfo, if that is what it has, made that of the program's role."""
    with contextlib.suppress(KeyError, psycopg.ProgrammingError):
        url = environment["DATABASE_URL"]
        if psycopg.conninfo.conninfo_to_dict(url).get("user") == OWNER:
            return {**environment, "DATABASE_URL": psycopg.conninfo.make_conninfo(url, user=f"vcledger-{program}", password=PASSWORD)}
    return environment


numbers = itertools.count(1)


@contextlib.contextmanager
def copy_of(cluster, template):
    """Conninfo of a fresh copy of a database, dropped afterwards."""
    name = f"test_{next(numbers)}"
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield cluster.replace("dbname=postgres", f"dbname={name}")
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def away(url):
    """Takes a database away from the programs; connections of the test's own stay."""
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(url.replace(f"dbname={name}", "dbname=postgres"), autocommit=True) as postgres:
        postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND application_name LIKE 'vcledger%%'", [name]
        )
        yield
        postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


class Detour:
    """A way to a database that can stand still, and break without the server's noticing."""

    def __init__(self, url):
        self.directory = tempfile.TemporaryDirectory(dir="/tmp")  # a socket's path is short
        self.target = psycopg.conninfo.conninfo_to_dict(url)["host"] + "/.s.PGSQL.5432"
        self.url = psycopg.conninfo.make_conninfo(url, host=self.directory.name)
        self.pairs = []
        self.broken = set()  # clients that noticed
        self.clear = threading.Event()
        self.clear.set()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.directory.name + "/.s.PGSQL.5432")
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.connect(self.listener.accept()[0])

    def connect(self, client):
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.target)
        except OSError:  # nobody is there
            client.close()
            server.close()
            return
        self.pairs.append((client, server))
        for source, sink in [(client, server), (server, client)]:
            threading.Thread(target=self.copy, args=(client, source, sink), daemon=True).start()

    def copy(self, client, source, sink):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                self.clear.wait()
                sink.sendall(piece)
        if client not in self.broken:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)

    def cut(self):
        """The clients notice, the server does not."""
        for client, _ in self.pairs:
            self.broken.add(client)
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def notice(self):
        """The server notices too."""
        for client, server in self.pairs:
            if client in self.broken:
                with contextlib.suppress(OSError):
                    server.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.clear.set()
        self.listener.close()
        for client, server in self.pairs:
            client.close()
            server.close()
        self.directory.cleanup()


def record_sessions(sql, guild, sessions):
    """Writes sessions as the tracker does: (user, started, ended or None) in unix seconds."""
    users, starts, ends = (list(column) for column in zip(*sessions))
    sql.execute(
        "SELECT record_sessions(%s, %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[])",
        [guild, [next(numbers) for _ in users], users, [1 for _ in users], starts, ends, [end and "leave" for end in ends]],
    )


def forget_sessions(sql):
    """Takes away what was counted, and all that is derived from it."""
    sql.execute("TRUNCATE voice_session, voice_daily_activity, guild_daily_activity, voice_total, voice_total_bucket, guild_total, guild_last_day")


serials = itertools.count()


def snowflake(age=0):
    """An id that nothing had before, as Discord gives one to what is that many seconds old."""
    return int(1000 * (time.time() - age) - 1420070400000) << 22 | next(serials) % (1 << 22)


def wait_for(condition, what, seconds=15):
    """The first true value of condition(), asked again and again."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.05)


# Below those that the kernel hands out by itself, and of each test process a thousand of its own.
PORTS = 20000 + 1000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
ports = itertools.count(random.randrange(1000))


def free_port():
    while True:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", PORTS + next(ports) % 1000))
            return s.getsockname()[1]


def may_open(n):
    """Lets this process, and those it starts, have so many descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < n:
        resource.setrlimit(resource.RLIMIT_NOFILE, (n, max(n, hard)))


class Program:
    """A running program; its log is in path."""

    def __init__(self, arguments, environment, path):
        self.path = path
        self.log_file = open(path, "ab")
        self.process = subprocess.Popen(
            arguments, env={"PATH": os.environ["PATH"], **sanitizers(), **environment}, stderr=self.log_file, stdout=self.log_file,
            cwd=path.parent,
        )

    def log(self):
        return self.path.read_text(errors="replace")

    def children(self):
        pid = self.process.pid
        return {int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}

    def kill(self):
        """All of it, children too."""
        children = self.children()
        self.process.kill()
        self.process.wait()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def stop(self, seconds=25):
        """SIGTERM, as a service manager does; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def end(self, secrets=()):
        code = self.stop() if self.process.poll() is None else 0
        self.log_file.close()
        log = self.log()
        assert code == 0, log[-5000:]
        assert "Sanitizer" not in log and "runtime error" not in log, log[-5000:]
        assert not [secret for secret in secrets if secret in log]


def sanitizers():
    return {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}


class Discord:
    """The local Discord's control API, documented in infra/sandbox/control.h."""

    def __init__(self, directory, handler_port, cast=ROOT / "infra/sandbox/cast.json", **environment):
        self.directory = directory
        self.handler_port = handler_port
        self.secrets = [PASSWORD]  # what no log may hold
        self.program = Program(
            [BIN / "sandbox"],
            {
                "SANDBOX_LISTEN": "127.0.0.1:0",
                "SANDBOX_TLS_LISTEN": "127.0.0.1:0",
                "SANDBOX_DIR": str(directory),
                "SANDBOX_CAST": str(cast),
                "HANDLER_URL": f"http://127.0.0.1:{handler_port}/interactions",
                **environment,
            },
            directory / "sandbox.log",
        )
        env_file = directory / "sandbox.env"
        wait_for(lambda: env_file.exists() or self.program.process.poll() is not None, "the local Discord's start")
        assert env_file.exists(), self.program.log()
        self.env = dict(line.split("=", 1) for line in env_file.read_text().splitlines() if "=" in line)
        self.url = self.env["SANDBOX_URL"]
        self.secrets.append(self.env["DISCORD_TOKEN"])
        guild = self.state()["guilds"][0]
        self.guild = int(guild["id"])
        self.people = [int(m["id"]) for m in guild["members"] if not m.get("bot")]
        self.bots = [int(m["id"]) for m in guild["members"] if m.get("bot")]
        self.channels = [int(c["id"]) for c in guild["channels"] if c["type"] == 2 and c["id"] != guild["afk_channel_id"]]
        self.afk_channel = int(guild["afk_channel_id"])

    def settings(self):
        """What both programs need to know, but for their database."""
        names = ["DISCORD_APPLICATION_ID", "DISCORD_PUBLIC_KEY", "DISCORD_TOKEN", "DISCORD_API_URL", "DISCORD_CDN_URL", "TLS_CA_FILE"]
        return {name: self.env[name] for name in names} | {"LOG_LEVEL": "debug"}

    def call(self, path, body=None, timeout=60):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read()[:500]}") from error

    def state(self):
        return self.call("/control/state")

    def voice(self, user, channel, **flags):
        self.call("/control/voice", {"user_id": str(user), "channel_id": channel and str(channel), **flags})

    def leave(self, user):
        self.voice(user, None)

    def flags(self, user, **flags):
        """A change that is no move: mute, camera…"""
        self.call("/control/voice", {"user_id": str(user), **flags})

    def gateway(self, action, **more):
        self.call("/control/gateway", {"action": action, **more})

    def faults(self, **faults):
        self.call("/control/faults", faults)

    def guild_action(self, action, **more):
        self.call("/control/guild", {"action": action, **more})

    def requests(self, kind=None, after=0):
        everything = self.call(f"/control/requests?after={after}")["requests"]
        return [r for r in everything if kind in (None, r["kind"])]

    def frames(self, op, after=0):
        return [r for r in self.requests("frame", after) if r["op"] == op]

    def last_request(self):
        return self.call("/control/requests?after=0")["last"]

    def sessions(self):
        return self.state()["gateway"]["sessions"]

    def interaction(self, **what):
        sent = self.call("/control/interaction", what)
        if sent["token"]:
            self.secrets.append(sent["token"])
        return sent

    def signed(self, body):
        """The headers that Discord signs a body with."""
        key = nacl.signing.SigningKey(bytes.fromhex(self.env["SANDBOX_SEED"]))
        timestamp = str(int(time.time()))
        return {"X-Signature-Ed25519": key.sign(timestamp.encode() + body).signature.hex(), "X-Signature-Timestamp": timestamp}

    def ping(self, size=0):
        """The body of a PING, of at least that size."""
        application = self.env["DISCORD_APPLICATION_ID"]
        return json.dumps({"id": "1", "application_id": application, "type": 1, "token": "t", "version": 1}).encode().ljust(size)

    def answer(self, interaction_id, wait=15000):
        return self.call(f"/control/answers/{interaction_id}?wait={wait}")

    def begin_leaderboard(self, time_range=None, **more):
        """/vc leaderboard as far as its acknowledgement."""
        sent = self.interaction(command="leaderboard", options={"time_range": time_range} if time_range else {}, **more)
        assert (sent["status"], sent["response"]) == (200, {"type": 5}), sent
        return sent

    def leaderboard(self, time_range=None, **more):
        """/vc leaderboard, and what became of it."""
        answer = self.answer(self.begin_leaderboard(time_range, **more)["interaction_id"])
        assert answer["state"] == "acknowledged" and not answer["thinking"], answer
        return answer

    def click(self, answer, control, value=None, **more):
        """A click on a control of an answer's message, as far as its acknowledgement; value: chosen in a select."""
        what = {"message_id": answer["message"]["id"], "custom_id": control["custom_id"], **more}
        return self.interaction(**what, **({} if value is None else {"values": [value]}))

    def edits(self, after=0):
        """The calls that edited answers."""
        return [r for r in self.requests("rest", after) if r["method"] == "PATCH"]

    def download(self, url):
        path = urllib.parse.urlsplit(url).path
        with urllib.request.urlopen(self.url + path, timeout=30) as response:
            return response.read()


class Trackers:
    """Starts trackers one after the other, all on the same database."""

    def __init__(self, discord, settings, directory):
        self.discord = discord
        self.settings = settings
        self.directory = directory
        self.started = []

    def start(self, wait=True, **environment):
        path = self.directory / f"tracker-{len(self.started) + 1}.log"
        after = self.discord.last_request()
        environment = logged_in_as("tracker", {**self.settings, "HEARTBEAT_INTERVAL": "2", **environment})
        tracker = Program([BIN / "tracker"], environment, path)
        self.started.append(tracker)
        if wait:
            wait_for(lambda: self.greeted(after) or tracker.process.poll() is not None, "the tracker's greeting")
            assert tracker.process.poll() is None, tracker.log()
        return tracker

    def greeted(self, after):
        return self.discord.frames(2, after) + self.discord.frames(6, after)


def status_of(port, path):
    """What a handler answers to a GET, 0 where nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def is_ready(port):
    return status_of(port, "/readyz") == 200
