"""A random evening: the steps of a plan, played in real time on the local Discord, trackers and PostgreSQL."""

import collections
import time

from faults import Database, Gateway, Trackers
from harness import wait_for
from plain_sql import assert_ledger_is_whole
from plan import FAULTS, Plan
from truth import Truth, complaints
from watch import Watch

# What statements may fail of: the fence, a database that ends, or one that became a standby.
EXPECTED_FAILURES = ("VC001", "57P0", "25006")


class Voices:
    """What people do, and what happens to their servers."""

    def __init__(self, evening):
        self.evening, self.discord, self.truth = evening, evening.discord, evening.truth

    def go(self, guild, user, channel):
        self.truth.change(time.time(), [(guild, user, channel)])
        self.discord.voice(user, channel, guild_id=str(guild))

    def leave(self, guild, user):
        self.go(guild, user, None)

    def flags(self, guild, user, mute, video):
        self.discord.flags(user, guild_id=str(guild), self_mute=mute, self_video=video)

    def bot(self, guild, user, channel):
        self.discord.voice(user, channel, guild_id=str(guild))

    def replace_channel(self, guild, old, new):
        inside = [(g, user, None) for (g, user), channel in self.truth.where.items() if (g, channel) == (guild, old)]
        self.truth.change(time.time(), inside)
        self.discord.call("/control/channel", {"guild_id": str(guild), "action": "delete", "channel_id": str(old)})
        self.discord.call("/control/channel", {"guild_id": str(guild), "action": "create", "name": "new", "id": str(new)})

    def snapshot(self, guild):
        self.discord.guild_action("snapshot", guild_id=str(guild))

    def silence(self, guild, action):
        self.truth.change(time.time(), unheard=guild)
        self.discord.guild_action(action, guild_id=str(guild))

    def hear(self, guild, action):
        self.truth.change(time.time(), heard=guild)
        self.discord.guild_action(action, guild_id=str(guild))

    def afk(self, guild, channel):
        self.truth.change(time.time(), afk=[(guild, channel)])
        self.discord.guild_action("afk", guild_id=str(guild), channel_id=str(channel))

    def setting(self, guild, setting, on):
        return self.evening.database.switch(guild, setting, on)


class Evening:
    def __init__(self, seed, discord, pair, clock, directory):
        self.seed, self.discord = seed, discord
        self.plan = Plan(seed, discord.state()["guilds"])
        self.truth, self.watch = Truth(), Watch(self.plan.beat)
        self.truth.afk = {server.id: server.afk for server in self.plan.servers}
        self.due = []  # (when, what): faults that end, trackers that start
        self.begun = time.time()
        self.told = []  # the story, for a failure
        self.counts = collections.Counter()  # what was done
        self.voices, self.gateway = Voices(self), Gateway(self)
        self.database = Database(self, pair, clock)
        environment = {**discord.settings(), **self.plan.environment, "DATABASE_URL": self.database.url}
        self.trackers = Trackers(self, environment, directory)

    def tell(self, *words):
        self.told.append(f"{time.time():.3f} {' '.join(map(str, words))}")

    def later(self, seconds, what):
        self.due.append((time.time() + seconds, what))

    # Playing ----------------------------------------------------------------------------------------------------

    def play(self, steps):
        begin = time.time()
        for step in steps:
            while time.time() < begin + step.at:
                self.tick()
                time.sleep(0.01)
            self.take(step)

    def take(self, step):
        fault = f"{step.part}.{step.verb}" in FAULTS
        done = getattr(getattr(self, step.part), step.verb)(*step.arguments)
        if done is False and fault:
            self.later(0.5, lambda: self.take(step))
        elif done is not False:
            if fault or step.verb in ("silence", "hear", "setting", "afk"):
                self.tell(step.part, step.verb, *step.arguments)
            self.counts[f"{step.part}.{step.verb}" if fault else "events" if step.part == "voices" else "rest"] += 1

    def tick(self):
        self.database.look()
        self.trackers.look()
        for when, what in [due for due in self.due if due[0] <= time.time()]:
            self.due.remove((when, what))
            what()

    def settle(self):
        """All faults come to their end, and all that was told is written."""
        self.tell("settle")
        self.trackers.dismiss()

        def settled():
            self.tick()
            return not self.due and self.database.is_back() and self.written()

        wait_for(settled, "everything written", 90)

    def written(self):
        """Everything that Discord told, to the session that the tracker holds. One that sits out a long pause is ended."""
        self.trackers.do_not_wait()
        kept = self.database.execute("SELECT session_id, seq FROM tracker_shard WHERE session_id IS NOT NULL")
        return kept and kept[0] in [(s["session_id"], s["seq"]) for s in self.discord.sessions() if s["connected"]]

    # The whole of it ----------------------------------------------------------------------------------------------

    def run(self, chapters, events, faults):
        """events, faults: in each chapter."""
        self.discord.faults(identify_window_ms=0, heartbeat_interval=4000, fragment=True)
        self.trackers.start()
        for _ in range(chapters):
            self.play(self.plan.chapter(events, faults))
            self.settle()
            self.check()

    def check(self):
        sql, truth, now = self.database.connection, self.truth, time.time()
        for table, expected in [("voice_presence", truth.present()), ("voice_session WHERE ended_at IS NULL", truth.counted())]:
            found = set(sql.execute(f"SELECT guild_id, user_id, channel_id FROM {table}").fetchall())
            assert found == expected, f"{table}: too much {found - expected}, too little {expected - found}"
        assert_ledger_is_whole(sql)
        found = [*complaints(truth, sql, self.watch), *self.watch.complaints(sql, now)]
        assert not found, "\n".join(found)
        for life in self.watch.lives:
            failed = [words for _, event, words in life.events() if event == "statement_failed"]
            assert not [words for words in failed if not any(code in words for code in EXPECTED_FAILURES)], failed

    # Afterwards ---------------------------------------------------------------------------------------------------

    def faults(self):
        """How often each was done."""
        return {name: self.counts[name] for name in FAULTS}

    def seconds_watched(self):
        """Of the first server, since the beginning."""
        return sum(end - begin for begin, end in self.watch.watched(self.plan.servers[0].id, time.time()))

    def summary(self):
        words = [f"{name}={n}" for name, n in {**self.plan.environment, **self.faults()}.items() if n]
        counts = f"events={self.counts['events']} faults={sum(self.faults().values())}"
        seconds = f"seconds={time.time() - self.begun:.0f} watched={self.seconds_watched():.0f}"
        return f"seed={self.seed} {counts} {seconds} {' '.join(words)}"

    def story(self):
        return "\n".join([f"RANDOM_SEED={self.seed}", *self.told, self.summary()])

    def end(self):
        self.trackers.end()
        self.database.end()
