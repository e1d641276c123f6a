"""Random evenings: hundreds of voice events through faults that overlap, and then the ledger against the truth.

The seed stands in every failure. RANDOM_SEED repeats its choices (not the machine's timing), RANDOM_SECONDS lengthens the
evenings, RANDOM_RUNS makes more of them.
"""

import contextlib
import os
import random
import signal
import time

import pytest
from harness import away, wait_for
from plain_sql import assert_ledger_is_whole
from truth import Life, Truth, complaints

SECONDS = float(os.environ.get("RANDOM_SECONDS", "35"))
RUNS = int(os.environ.get("RANDOM_RUNS", "2"))

PROOF = "SELECT extract(epoch FROM proven_at)::float8 FROM tracker_shard"
TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE application_name = 'vcledger tracker' AND datname = current_database()
"""


class Evening:
    def __init__(self, rng, discord, trackers, sql, database):
        self.rng, self.discord, self.trackers, self.sql, self.database = rng, discord, trackers, sql, database
        self.truth = Truth()
        self.channels, self.people, self.bots = {}, {}, {}
        for guild in discord.state()["guilds"]:
            g = int(guild["id"])
            self.channels[g] = [int(c["id"]) for c in guild["channels"] if c["type"] in (2, 13)]
            self.people[g] = [int(m["id"]) for m in guild["members"] if not m.get("bot")][:16]
            self.bots[g] = [int(m["id"]) for m in guild["members"] if m.get("bot")][:2]
        self.silent = {}  # guild -> how it is heard of again
        self.due = []  # (when, what): faults that end, trackers that start
        self.tracker = None
        self.stopping = []  # (tracker, since): they had SIGTERM, or another took over
        self.lives = {}  # tracker -> Life
        self.database_away = None  # what gives it back
        self.away = []  # when it was: (begin, end)s
        self.told = []  # the story, for a failure

    def tell(self, *words):
        self.told.append(f"{time.time():.3f} {' '.join(map(str, words))}")

    def later(self, low, high, what):
        self.due.append((time.time() + self.rng.uniform(low, high), what))

    def coin(self):
        return self.rng.random() < 0.5

    # Events ------------------------------------------------------------------------------------------------------

    def voice(self, guild, user, channel):
        self.truth.change(time.time(), [(guild, user, channel)])
        self.discord.voice(user, channel, guild_id=str(guild))

    def event(self):
        guild = self.rng.choice(list(self.people))
        user = self.rng.choice(self.people[guild])
        weights = {"go": 40, "leave": 15, "flags": 12, "bot": 4, "channel": 2, "snapshot": 1, "outage": 0.5, "removal": 0.5}
        what = self.rng.choices(list(weights), list(weights.values()))[0]
        if what == "go":
            self.voice(guild, user, self.rng.choice(self.channels[guild]))
        elif what == "leave":
            self.voice(guild, user, None)
        elif what == "flags":
            self.discord.flags(user, guild_id=str(guild), self_mute=self.coin(), self_video=self.coin())
        elif what == "bot":
            channel = self.rng.choice([None, *self.channels[guild]])
            self.discord.voice(self.rng.choice(self.bots[guild]), channel, guild_id=str(guild))
        elif what == "channel":
            self.replace_channel(guild)
        elif guild not in self.silent:
            if what == "snapshot":
                self.discord.guild_action("snapshot", guild_id=str(guild))
            else:
                self.silence(guild, *{"outage": ("outage", "return"), "removal": ("remove", "add")}[what])

    def replace_channel(self, guild):
        """Deleted with everybody in it."""
        channel = self.rng.choice(self.channels[guild][:-1])
        self.channels[guild].remove(channel)
        inside = [(g, user, None) for (g, user), where in self.truth.where.items() if (g, where) == (guild, channel)]
        self.truth.change(time.time(), inside)
        call = "/control/channel", {"guild_id": str(guild)}
        self.discord.call(call[0], {**call[1], "action": "delete", "channel_id": str(channel)})
        created = self.discord.call(call[0], {**call[1], "action": "create", "name": "new"})
        self.channels[guild].insert(0, int(created["channel_id"]))

    def silence(self, guild, action, end):
        self.tell(action, guild)
        self.silent[guild] = end
        self.truth.change(time.time(), unheard=guild)
        self.discord.guild_action(action, guild_id=str(guild))
        self.later(0, 4, lambda: self.hear_again(guild))

    def hear_again(self, guild):
        if guild in self.silent:
            end = self.silent.pop(guild)
            self.tell(end, guild)
            self.truth.change(time.time(), heard=guild)
            self.discord.guild_action(end, guild_id=str(guild))

    # Trackers ----------------------------------------------------------------------------------------------------

    def start(self):
        if self.tracker is None:
            self.tracker = self.trackers.start(wait=False, HEARTBEAT_INTERVAL="1")
            self.tell("start", self.tracker.path.name)

    def died(self, tracker, moment):
        proof = self.sql.execute(PROOF).fetchone()
        self.lives[tracker] = Life(tracker.log(), moment, proof[0] if proof and proof[0] else 0)
        self.tell("died", tracker.path.name, self.lives[tracker].proof)

    def kill(self):
        if self.tracker is not None:
            tracker, self.tracker = self.tracker, None
            moment = time.time()
            tracker.process.kill()
            tracker.process.wait()
            self.died(tracker, moment)
            self.later(0, 1.5, self.start)

    def terminate(self):
        if self.tracker is not None and self.tracker.log():  # before its first word the signal simply ends it
            self.tell("terminate")
            self.tracker.process.send_signal(signal.SIGTERM)
            self.stopping.append((self.tracker, time.time(), 0))
            self.tracker = None

    def take_over(self):
        """A second one starts while the first goes on, until it is refused."""
        if self.tracker is not None:
            self.stopping.append((self.tracker, time.time(), 1))
            self.tell("taken over")
            self.tracker = None
            self.start()

    def reap(self):
        for stopped in list(self.stopping):
            tracker, since, code = stopped
            if tracker.process.poll() is not None:
                assert tracker.process.returncode == code, f"{tracker.path.name}: {tracker.log()[-3000:]}"
                self.stopping.remove(stopped)
                self.died(tracker, since if code == 1 else time.time())
                self.later(0, 1.5, self.start)
        if self.tracker is not None:
            assert self.tracker.process.poll() is None, f"{self.tracker.path.name} ended: {self.tracker.log()[-3000:]}"

    # Faults ------------------------------------------------------------------------------------------------------

    def break_connection(self):
        code = {"code": self.rng.choice([4000, 1001])}
        how = [("cut", {}), ("reconnect", {}), ("invalid_session", {"resumable": True}), ("close", code)]
        action, more = self.rng.choice(how)
        self.tell(action, more)
        self.discord.gateway(action, **more)

    def lose_session(self):
        """Pauses before an IDENTIFY grow in a living tracker: mostly it is killed soon afterwards."""
        how = self.rng.choice(["invalid", 4007, 4009, "refuse", "ready", "ready"])
        self.tell("lose", how)
        if how == "invalid":
            self.discord.gateway("invalid_session", resumable=False)
        elif how in (4007, 4009):
            self.discord.gateway("close", code=how)
        else:
            self.discord.faults(resume=how)
            self.later(1, 3, lambda: self.discord.faults(resume="accept"))
            self.rng.choice([self.kill, lambda: self.discord.gateway("cut")])()
        if how != "ready" and self.rng.random() < 0.8:
            self.later(0.5, 3, self.rng.choice([self.kill, self.terminate]))

    def terminate_backends(self):
        self.tell("terminate backends")
        for _ in range(self.rng.choice([1, 6])):
            self.sql.execute(TERMINATE)
            self.away.append((time.time(), time.time() + 1))  # the next attempts take so long
            time.sleep(self.rng.uniform(0, 0.15))

    def take_database_away(self):
        if self.database_away is None:
            self.tell("database away")
            self.away.append((time.time(), float("inf")))
            self.database_away = contextlib.ExitStack()
            self.database_away.enter_context(away(self.database))
            self.later(0.5, 2, self.give_database_back)

    def give_database_back(self):
        if self.database_away is not None:
            self.tell("database back")
            self.database_away.close()
            self.database_away = None
            self.away = [(begin, min(end, time.time() + 2)) for begin, end in self.away]

    def fault(self):
        weights = {
            self.kill: 5,
            self.terminate: 4,
            self.take_over: 1,
            self.break_connection: 6,
            self.lose_session: 3,
            self.terminate_backends: 4,
            self.take_database_away: 2,
        }
        self.rng.choices(list(weights), list(weights.values()))[0]()

    # The run -----------------------------------------------------------------------------------------------------

    def run(self, seconds):
        self.discord.faults(identify_window_ms=0, prune=self.coin(), fragment=self.coin())
        for guild in self.people:
            for user in self.people[guild][:4]:
                self.voice(guild, user, self.rng.choice(self.channels[guild]))
        self.start()
        end = time.time() + seconds
        while time.time() < end:
            self.event()
            if self.rng.random() < 0.02:
                self.fault()
            for when, what in [due for due in self.due if due[0] <= time.time()]:
                self.due.remove((when, what))
                what()
            self.reap()
            time.sleep(self.rng.uniform(0, 0.1))

    def written(self):
        """Everything that Discord told, to the session that the tracker holds."""
        kept = self.sql.execute("SELECT session_id, seq FROM tracker_shard WHERE session_id IS NOT NULL").fetchone()
        return kept in [(s["session_id"], s["seq"]) for s in self.discord.sessions() if s["connected"]]

    def settle(self):
        """All faults end; a tracker that starts now has no long pause before it."""
        self.tell("settle")
        self.due.clear()
        self.give_database_back()
        self.discord.faults(resume="accept")
        for guild in list(self.silent):
            self.hear_again(guild)
        while self.stopping:
            self.reap()
            time.sleep(0.05)
        self.kill()
        self.due.clear()
        self.start()
        wait_for(self.written, "everything written", 30)
        self.lives[self.tracker] = Life(self.tracker.log(), None, None)


def check(evening):
    sql, truth = evening.sql, evening.truth
    for who in ("voice_session WHERE ended_at IS NULL", "voice_presence"):
        assert set(sql.execute(f"SELECT guild_id, user_id, channel_id FROM {who}").fetchall()) == truth.present(), who
    assert_ledger_is_whole(sql)
    found = list(complaints(truth, sql, list(evening.lives.values()), evening.away))
    assert not found, "\n".join(found)
    lines = [line for life in evening.lives.values() for line in life.log.splitlines() if "statement_failed" in line]
    assert not [line for line in lines if "VC001" not in line and "57P0" not in line], "the fence and a database that ends"


@pytest.mark.parametrize("run", range(RUNS))
def test_a_random_evening(discord, trackers, sql, database, run):
    seed = int(os.environ.get("RANDOM_SEED", random.SystemRandom().getrandbits(32)))
    evening = Evening(random.Random(seed), discord, trackers, sql, database)
    try:
        evening.run(SECONDS)
        evening.settle()
        check(evening)
    except AssertionError:
        print(f"RANDOM_SEED={seed}", *evening.told, sep="\n")
        raise
    finally:
        evening.give_database_back()
