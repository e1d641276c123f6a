"""The tracker: events, sessions that end, a million that are open."""

import contextlib
import json
import pathlib
import tempfile
import time

import large
import psycopg
from figures import cpu_seconds, program, quantile
from gateway import Gateway
from harness import BIN, Discord, Program, free_port, migrate, wait_for

STARTS = 10
MILLION = 1_000_000
SERVERS = 50_000  # of the million: 20 members in each

# So many members in voice and counted; the shard's row lets a tracker resume.
FILL = """
INSERT INTO guild (guild_id, name, shard_count, shard_id) SELECT g << 22, 'Server ' || g, 1, 0 FROM generate_series(1, %(servers)s::bigint) AS g;
INSERT INTO voice_presence (guild_id, user_id, channel_id)
SELECT (n %% %(servers)s + 1) << 22, 800000000000000000 + n * 104729, 900000000000000000 + n %% 1000000 / 7 FROM generate_series(1, %(members)s::bigint) AS n;
INSERT INTO voice_session (guild_id, session_id, user_id, channel_id, started_at)
SELECT guild_id, 1000000000000000000 + row_number() OVER (), user_id, channel_id, date_trunc('second', now()) - interval '1 hour' FROM voice_presence;
INSERT INTO tracker_shard (shard_count, shard_id, epoch, batch_no, session_id, resume_url, seq, proven_at)
VALUES (1, 0, 1, 1, %(session)s, %(url)s, 1, now());
"""


@contextlib.contextmanager
def database(name):
    cluster = large.start().replace("dbname=large", "dbname=postgres")
    with psycopg.connect(cluster, autocommit=True) as postgres:
        postgres.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        postgres.execute(f"CREATE DATABASE {name}")
    url = cluster.replace("dbname=postgres", f"dbname={name}")
    try:
        migrate(url)
        yield url
    finally:
        with psycopg.connect(cluster, autocommit=True) as postgres:
            postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Tracker:
    """The real program."""

    def __init__(self, url, directory, settings):
        self.started_at = time.monotonic()
        self.program = Program([BIN / "tracker"], {**settings, "DATABASE_URL": url, "LOG_LEVEL": "info"}, pathlib.Path(directory) / "tracker.log")
        self.pid = self.program.process.pid

    def wait(self):
        """Until it follows the gateway. Seconds since its start."""
        while not any(word in (log := self.program.log()) for word in (" gateway_resumed ", " gateway_ready ")):
            assert self.program.process.poll() is None, log
            time.sleep(0.0005)
        return time.monotonic() - self.started_at

    def memory(self):
        """Megabytes now, and at the most."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text().split()
        return [int(status[status.index(name) + 1]) / 1024 for name in ("VmRSS:", "VmHWM:")]

    def kill(self):
        self.program.process.kill()
        self.program.process.wait()


def server_process(sql):
    """Of PostgreSQL, for the tracker's only connection."""
    return sql.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'vcledger tracker' AND datname = current_database()").fetchone()[0]


def measure_events(figures):
    """One event of four begins a session, one ends one, one does both, one is a mute; every one with its member object."""
    measured = program("tracker_events")
    events, parsing = measured["events"], measured["only_parsing"]
    name = f"voice events of {events['bytes']} bytes, JSON to batch to SQL job, per CPU second"
    figures.add(name, events["value"], "/s", events["n"], 150000, "higher")
    figures.add("  cJSON alone, the same texts", parsing["value"], "/s", parsing["n"], better="higher")


def measure_sessions(figures):
    """Through the tracker's writer, batches of 500; PostgreSQL's default settings, fsync among them."""
    for servers, where in [(10_000, "one server each"), (1, "all of one server")]:
        with database("tracker_sessions") as url:
            with psycopg.connect(url) as sql:
                sql.execute("INSERT INTO guild (guild_id, name, shard_count, shard_id) SELECT g, 'Server', 1, 0 FROM generate_series(1, %s) AS g", [servers])
            measured = program("tracker_sessions", url, servers, 500)
        ended, begun = measured["ended"], measured["begun"]
        target = 1500 if servers > 1 else None
        figures.add(f"sessions ended with every rollup kept, {where}", ended["value"], "/s", ended["n"], target, "higher")
        figures.add("  per CPU second of PostgreSQL", ended["server_cpu"], "/s", ended["n"], better="higher")
        figures.add(f"sessions begun, {where}, per CPU second of PostgreSQL", begun["server_cpu"], "/s", begun["n"], better="higher")


def heartbeats(tracker, sql):
    """Milliseconds of CPU a heartbeat batch, of the tracker and of its connection's server process; and how many batches. Of five
    looks the cheapest: what else the machine does costs them their caches."""
    processes = tracker.pid, server_process(sql)

    def look():
        (batch_no,) = sql.execute("SELECT batch_no FROM tracker_shard").fetchone()
        return batch_no, *map(cpu_seconds, processes)

    time.sleep(3)
    looks = [look()]
    for _ in range(5):
        time.sleep(5)
        looks.append(look())
    differences = [[b - a for a, b in zip(*pair)] for pair in zip(looks, looks[1:])]
    return [*(min(1000 * each[i] / each[0] for each in differences) for i in (1, 2)), looks[-1][0] - looks[0][0]]


@contextlib.contextmanager
def listening(gateway, members=0):
    """A tracker that follows 50 000 servers with so many members in voice, and where to ask its database."""
    with database("tracker") as url, tempfile.TemporaryDirectory() as directory, contextlib.closing(gateway), psycopg.connect(url, autocommit=True) as sql:
        session = None if gateway.servers else "bench"  # resumed, or a new one that begins with snapshots
        sql.execute(psycopg.ClientCursor(sql).mogrify(FILL, {"servers": SERVERS, "members": members, "url": gateway.url, "session": session}))
        sql.execute("VACUUM ANALYZE")
        sql.execute("CHECKPOINT")
        settings = {
            "DISCORD_APPLICATION_ID": "1",
            "DISCORD_TOKEN": "bench",
            "DISCORD_API_URL": f"http://{gateway.address}/api",
            "HEARTBEAT_INTERVAL": "1",
        }
        tracker = Tracker(url, directory, settings)
        try:
            tracker.start_seconds = tracker.wait()
            yield tracker, sql
        finally:
            tracker.kill()


def measure_open(figures):
    costs = {}
    for members in [0, MILLION]:
        with listening(Gateway(), members) as (tracker, sql):
            costs[members] = heartbeats(tracker, sql)
            now, most = tracker.memory()
            if members == 0:
                base = now
    figures.add("tracker with a million open sessions, 50 000 servers, at the most", most, "MB", 1, 200)
    figures.add("  when it has read them", now, "MB", 1)
    figures.add("  a session", (now - base) * 2**20 / MILLION, "bytes", MILLION)
    figures.add("  from its start until it follows the gateway", tracker.start_seconds, "s", 1)
    for i, whose in enumerate(["the tracker", "PostgreSQL"]):
        for members, of in [(0, "no"), (MILLION, "a million")]:
            figures.add(f"heartbeat batch with {of} open sessions, CPU of {whose}", costs[members][i], "ms", costs[members][2])
        # Less of a larger process is in the processor's cache. What grew with the sessions would be thousands of times.
        figures.add(f"heartbeat batch, CPU of {whose}: a million to none", costs[MILLION][i] / costs[0][i], "times", costs[MILLION][2], 1.5)


def voice_state(server, user, channel, mute):
    id = str(800000000000000000 + user * 2654435761 % 2**32)  # as in life: whoever comes next may stand anywhere among them
    return {
        "member": {
            "user": {
                "username": f"member{user}", "public_flags": 0, "primary_guild": None, "id": id, "global_name": f"小林 {user}",
                "display_name_styles": None, "discriminator": "0", "collectibles": None, "bot": False, "avatar_decoration_data": None,
                "avatar": "a_7be1c04d2f9a4d0e8a1f5b6c3d2e9f10",
            },
            "roles": ["1192065461152776193", "1192065461152776194"], "premium_since": None, "pending": False, "nick": None, "mute": False,
            "joined_at": "2024-03-18T21:02:09.004000+00:00", "flags": 0, "deaf": False, "communication_disabled_until": None,
            "banner": None, "avatar": None,
        },
        "user_id": id, "suppress": False, "session_id": "1b7c2d3e4f5061728394a5b6c7d8e9f0", "self_video": False, "self_mute": mute,
        "self_deaf": False, "request_to_speak_timestamp": None, "mute": False, "guild_id": str(server << 22), "deaf": False,
        "channel_id": channel and str(channel),
    }


def text(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Burst:
    """What the tracker spends on something that is said all at once, from the first byte until all of it is committed."""

    def __init__(self, gateway, tracker, sql):
        self.gateway, self.tracker, self.sql = gateway, tracker, sql
        self.server = server_process(sql)
        self.before = cpu_seconds(tracker.pid), cpu_seconds(self.server)

    def end(self, figures, what, n, said_at):
        wait_for(lambda: self.sql.execute("SELECT seq FROM tracker_shard").fetchone()[0] == self.gateway.seq, "the last of it", 300)
        seconds = time.monotonic() - said_at
        figures.add(f"{what}: until all is committed", seconds, "s", n)
        figures.add("  CPU of the tracker", cpu_seconds(self.tracker.pid) - self.before[0], "s", n)
        figures.add("  CPU of PostgreSQL", cpu_seconds(self.server) - self.before[1], "s", n)
        figures.add("  tracker's memory at the most", self.tracker.memory()[1], "MB", 1)


def measure_bursts(figures):
    join = [voice_state(1, user, 7, False) for user in range(5000)]
    members = range(10_000, 35_000)
    acts = [(7, False), (7, True), (8, False), (None, False)]
    mixed = [voice_state(2 + user % 10_000, user, *act) for act in acts for user in members]
    for what, states in [("5000 members join one server at once", join), ("100 000 voice events at once, of 25 000 members", mixed)]:
        gateway = Gateway()
        with listening(gateway) as (tracker, sql):
            texts = [gateway.dispatch("VOICE_STATE_UPDATE", text(state)) for state in states]
            burst = Burst(gateway, tracker, sql)
            burst.end(figures, what, len(states), gateway.say(texts))


def snapshot(server):
    """A server of 30 channels, 10 of them for voice, 20 roles, and 10 members in voice."""
    states = [voice_state(server, server * 10 + i, 1 + i, False) for i in range(10)]
    members = [state.pop("member") for state in states]
    channel = {
        "version": 1700000000000, "topic": None, "rate_limit_per_user": 0, "position": 1, "permission_overwrites":
        [{"type": 0, "id": "1192065461152776193", "deny": "1024", "allow": "0"}], "parent_id": "1187440517773262857", "flags": 0,
    }
    role = {
        "version": 1700000000000, "unicode_emoji": None, "tags": {}, "position": 1, "permissions": "2248473465835073", "name": "Role",
        "mentionable": False, "managed": False, "icon": None, "hoist": False, "flags": 0, "color": 0,
    }
    return {
        "id": str(server << 22), "name": f"Server {server}", "icon": None, "afk_channel_id": None, "unavailable": False, "members": members,
        "voice_states": states, "roles": [{**role, "id": str(i)} for i in range(1, 21)], "emojis": [], "stickers": [],
        "channels": [{**channel, "id": str(i), "name": f"channel {i}", "type": 2 if i <= 10 else 0} for i in range(1, 31)],
    }


def measure_start(figures):
    servers = [(server << 22, text(snapshot(server))) for server in range(1, 10_001)]
    size = sum(len(d) for _, d in servers) / len(servers) / 1000
    gateway = Gateway(servers)
    with listening(gateway) as (tracker, sql):
        burst = Burst(gateway, tracker, sql)
        told_at = wait_for(lambda: gateway.told_at, "the snapshots", 120)
        burst.end(figures, f"start with 10 000 servers of {size:.0f} KB, 10 members in voice each", len(servers), told_at)


def measure_idle(figures):
    """At the local Discord, TLS to REST and gateway."""
    times = []
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(database("tracker"))
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        discord = Discord(directory, free_port())
        stack.callback(discord.program.stop)
        for start in range(STARTS):
            folder = directory / str(start)
            folder.mkdir()
            tracker = Tracker(url, folder, discord.settings())
            stack.callback(tracker.program.stop)
            times.append(1000 * tracker.wait())
            assert "wss://" in tracker.program.log()
            time.sleep(3 if start == 0 else 0.5)
            if start == 0:
                figures.add("tracker idle, TLS on", tracker.memory()[0], "MB", 1, 20)
            tracker.program.stop()
    figures.add("cold start to the gateway's READY or RESUMED: p50", quantile(times, 0.5), "ms", len(times))


def measure(figures):
    measure_events(figures)
    measure_sessions(figures)
    measure_open(figures)
    measure_bursts(figures)
    measure_start(figures)
    measure_idle(figures)
