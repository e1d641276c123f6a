"""What can go wrong on an evening. A fault begins at once and returns; what it does later, or in its own time, is told to the
evening. One that makes no sense at that moment returns False."""

import concurrent.futures
import signal
import time

import psycopg
from harness import BIN, TESTS, Detour, Program, away, logged_in_as, wait_for
from watch import HOUR, Life

# Ends of pauses that a living tracker makes before an IDENTIFY: nobody waits so long here.
LONG_PAUSE_MS = 3000


class Clock:
    """A wall clock of its own for the programs that are started with its environment."""

    def __init__(self, path):
        self.path = path
        self.environment = {"LD_PRELOAD": str(TESTS / "e2e/stepped_clock.so"), "STEPPED_CLOCK": str(path)}
        self.set(0)

    def set(self, hours):
        new = self.path.with_suffix(".new")
        new.write_text(str(hours * HOUR))
        new.replace(self.path)  # never seen half written


class Gateway:
    """Discord's side."""

    def __init__(self, evening):
        self.evening, self.discord = evening, evening.discord

    def for_a_while(self, seconds, fault, before):
        self.discord.faults(**fault)
        self.evening.later(seconds, lambda: self.discord.faults(**before))

    def nobody_there(self):
        return not any(session["connected"] for session in self.discord.sessions())

    def interrupt(self, how):
        if self.nobody_there():
            return False
        if how == "cut":
            self.discord.gateway("cut")
        elif how == "op 7":
            self.discord.gateway("reconnect")
        elif how == "op 9":
            self.discord.gateway("invalid_session", resumable=True)
        else:
            self.discord.gateway("close", code=how)

    def lose_session(self, how):
        if self.nobody_there():
            return False
        if how == "op 9":
            self.discord.gateway("invalid_session", resumable=False)
        else:
            self.discord.gateway("close", code=how)

    def refuse(self, seconds):
        self.for_a_while(seconds, {"resume": "refuse"}, {"resume": "accept"})
        self.discord.gateway("cut")

    def greet_anew(self, seconds):
        """READY instead of RESUMED."""
        self.for_a_while(seconds, {"resume": "ready"}, {"resume": "accept"})
        self.discord.gateway("cut")

    def forget(self):
        self.discord.gateway("forget")

    def prune(self, seconds):
        """What a beat acknowledges cannot be replayed."""
        self.for_a_while(seconds, {"prune": True}, {"prune": False})

    def repeat(self, last, but, times):
        """Old dispatches, some without those that came after them."""
        if self.nobody_there():
            return False
        self.discord.gateway("again", last=last, but=but)
        if times > 1:
            self.evening.later(0.2, lambda: self.repeat(last, but, times - 1))

    def overlap(self, dispatches, seconds):
        self.for_a_while(seconds, {"overlap": dispatches}, {"overlap": 0})
        self.discord.gateway("cut")

    def fall_silent(self, seconds):
        """No ACKs."""
        self.for_a_while(seconds, {"acks": False}, {"acks": True})

    def shut(self, seconds):
        self.for_a_while(seconds, {"connect": "refuse"}, {"connect": "accept"})
        self.discord.gateway("cut")


class Trackers:
    def __init__(self, evening, environment, directory):
        self.evening, self.lives, self.directory = evening, evening.watch.lives, directory
        self.clock = Clock(directory / "trackers.clock")
        self.environment = {
            **environment,
            **self.clock.environment,
            "ASAN_OPTIONS": "verify_asan_link_order=0",
        }

    def start(self):
        self.evening.database.right_clock()
        path = self.directory / f"tracker-{len(self.lives) + 1}.log"
        life = Life(Program([BIN / "tracker"], logged_in_as("tracker", self.environment), path))
        self.lives.append(life)
        self.evening.tell("start", life.name)

    def running(self):
        return [life for life in self.lives if life.died is None and not life.stopping]

    def one_at_least(self):
        if not self.running():
            self.start()

    def owner(self):
        """The one that claimed last; None where it does not run."""
        reigns = list(self.evening.watch.reigns(time.time()))
        return reigns[-1].life if reigns and reigns[-1].life in self.running() else None

    # Faults ------------------------------------------------------------------------------------------------------

    def kill(self, pause):
        life = self.owner() or next(iter(self.running()), None)
        if life is None:
            return False
        self.evening.database.right_clock()
        life.died = time.time()
        life.program.process.kill()
        life.program.process.wait()
        life.frozen = [(begin, min(end, life.died)) for begin, end in life.frozen]
        self.evening.tell("killed", life.name)
        self.evening.later(pause, self.one_at_least)

    def terminate(self, pause):
        life = self.owner() or next((life for life in self.running() if life.program.log()), None)
        if life is None:  # before its first words the signal would simply end it
            return False
        self.evening.database.right_clock()
        life.stopping = True
        life.program.process.send_signal(signal.SIGTERM)
        self.evening.tell("terminated", life.name)
        self.evening.later(pause, self.one_at_least)

    def freeze(self, seconds):
        life = self.owner() or next(iter(self.running()), None)
        if life is None or any(end == float("inf") for _, end in life.frozen):
            return False
        self.evening.database.right_clock()
        life.frozen.append((time.time(), float("inf")))
        life.program.process.send_signal(signal.SIGSTOP)
        self.evening.tell("frozen", life.name)
        self.evening.later(seconds, lambda: self.thaw(life))

    def thaw(self, life):
        if life.died is None:
            life.program.process.send_signal(signal.SIGCONT)
            life.frozen[-1] = (life.frozen[-1][0], time.time())

    def join(self):
        """Another starts, and waits for its turn."""
        self.start()

    def step_clock(self, hours, seconds):
        self.clock.set(hours)
        self.evening.later(seconds, lambda: self.clock.set(0))

    # Life --------------------------------------------------------------------------------------------------------

    def look(self):
        for life in self.lives:
            code = life.program.process.poll()
            if life.died is None and code is not None:
                life.died = time.time()
                log = life.program.log()
                late = code == 1 and ("stopped_unwritten" in log or "shard_taken" in log)
                assert life.stopping and (code == 0 or late), f"{life.name} ended: {code}, {log[-3000:]}"

    def dismiss(self):
        """All but the owner and another."""
        waiting = [life for life in self.running() if life is not self.owner() and life.program.log()]
        for life in waiting[1:]:
            life.stopping = True
            life.program.process.send_signal(signal.SIGTERM)

    def do_not_wait(self):
        """Ends an owner that makes a long pause: another starts without one."""
        life = self.owner()
        if life is None:
            return
        last = [(moment, event, words) for moment, event, words in life.events() if event.startswith("gateway_")][-1:]
        for moment, event, words in last:
            if event == "gateway_identify_pause" and int(words.split("pause_ms=")[1]) > LONG_PAUSE_MS:
                self.kill(0)

    def end(self):
        for life in self.lives:
            if life.died is None:
                life.program.process.send_signal(signal.SIGCONT)
            life.program.end()


SWITCH = """
WITH changed AS (
    INSERT INTO guild_settings AS s (guild_id, {0}, changed_at, changed_by) VALUES (%(guild)s, %(on)s, clock_timestamp(), 1)
    ON CONFLICT (guild_id) DO UPDATE SET {0} = excluded.{0}, changed_at = excluded.changed_at
    RETURNING guild_id, changed_at
), audit AS (
    INSERT INTO guild_settings_audit (guild_id, changed_at, changed_by, setting, old_value, new_value)
    SELECT guild_id, changed_at, 1, '{0}', (NOT %(on)s)::text, (%(on)s)::text FROM changed
)
SELECT extract(epoch FROM changed_at)::float8, pg_notify('guild_settings', guild_id::text) FROM changed
"""
PROOF = "SELECT coalesce(max(batch_no), 0), coalesce(extract(epoch FROM max(proven_at)), 0)::float8 FROM tracker_shard"
REPLAYED = "SELECT pg_last_wal_replay_lsn()"
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'vcledger tracker'"


class Database:
    """A pair of PostgreSQLs, and the trackers' ways to them. What takes its time runs in a thread, one after the other."""

    def __init__(self, evening, pair, clock):
        self.evening, self.watch, self.pair, self.clock = evening, evening.watch, pair, clock
        self.ways = [Detour(cluster.url) for cluster in pair.both]
        hosts = ",".join(way.directory.name for way in self.ways)
        self.url = f"host={hosts} user=vcledger dbname=vcledger target_session_attrs=read-write"
        self.thread = concurrent.futures.ThreadPoolExecutor(1)
        self.jobs = []
        self.blocked = 0
        self.connection = None

    # Looking -----------------------------------------------------------------------------------------------------

    def execute(self, statement, parameters=None):
        """Its rows, or None where the database is away."""
        try:
            if self.connection is None:
                self.connection = self.pair.connect()
            return self.connection.execute(statement, parameters).fetchall()
        except psycopg.OperationalError:
            self.connection = None
            return None

    def look(self):
        for job in [job for job in self.jobs if job.done()]:
            self.jobs.remove(job)
            job.result()  # raises what went wrong
        for proof in self.execute(PROOF) or []:
            self.watch.note_proof(time.time(), *proof)

    def is_back(self):
        return not self.jobs and self.execute("SELECT") is not None

    # Faults ------------------------------------------------------------------------------------------------------

    def begin(self, work, *arguments):
        """A fault that takes its time; until it is over nobody can be sure to write."""

        def run():
            span = [time.time(), float("inf")]
            self.watch.away.append(span)
            work(*arguments)
            span[1] = time.time()
            self.evening.tell("database is back")

        self.right_clock()
        self.jobs.append(self.thread.submit(run))

    def terminate(self, times):
        def work():
            for _ in range(times):
                self.pair.primary.execute(TERMINATE)
                time.sleep(0.1)

        self.begin(work)

    def bar(self, seconds):
        """No connections to it."""

        def work():
            with away(self.pair.url_of(self.pair.primary)):
                time.sleep(seconds)

        self.begin(work)

    def stop(self, seconds):
        def work():
            self.pair.primary.stop()
            time.sleep(seconds)
            self.pair.primary.start()

        self.begin(work)

    def kill(self, seconds):
        def work():
            self.pair.primary.kill()
            time.sleep(seconds)
            self.pair.primary.start()

        self.begin(work)

    def fail_over(self):
        """The primary dies, the standby takes its place and gets a standby of its own."""
        self.begin(self.work_fail_over)

    def lose(self, seconds):
        """The same where the standby is behind: what was committed in the last seconds is lost."""
        self.begin(self.work_lose, seconds)

    def work_lose(self, seconds):
        self.pair.primary.set("synchronous_standby_names", "")
        self.pair.part()
        time.sleep(seconds)
        self.work_fail_over()

    def work_fail_over(self):
        self.pair.primary.kill()
        with psycopg.connect(self.pair.standby.url.replace("dbname=postgres", "dbname=vcledger"), autocommit=True) as standby:

            def rests():
                before = standby.execute(REPLAYED).fetchone()
                time.sleep(0.3)
                return standby.execute(REPLAYED).fetchone() == before

            wait_for(rests, "all that the standby has, applied")
            self.watch.note_failover(time.time(), *standby.execute(PROOF).fetchone())
        self.pair.fail_over()
        self.pair.follow()

    def cut_way(self, seconds):
        """The trackers notice; PostgreSQL does, some time later."""
        self.right_clock()
        for way in self.ways:
            way.cut()
        self.watch.away.append([time.time(), time.time()])
        self.evening.later(seconds, lambda: [way.notice() for way in self.ways])

    def block_way(self, seconds):
        self.right_clock()
        span = [time.time(), float("inf")]
        self.watch.away.append(span)
        self.blocked += 1
        for way in self.ways:
            way.clear.clear()

        def go_on():
            span[1] = time.time()
            self.blocked -= 1
            if not self.blocked:
                for way in self.ways:
                    way.clear.set()

        self.evening.later(seconds, go_on)

    def step_clock(self, hours, seconds):
        """Not while a tracker may claim the shard: it would believe that clock."""
        if self.jobs or self.blocked or not self.evening.trackers.owner():
            self.evening.later(0.5, lambda: self.step_clock(hours, seconds))
            return
        self.watch.away.append([time.time(), time.time()])  # walsenders take an hour for an hour's silence
        self.clock.set(hours)
        self.evening.later(seconds, self.right_clock)

    def right_clock(self):
        self.clock.set(0)

    # Settings ----------------------------------------------------------------------------------------------------

    def switch(self, guild, setting, on):
        """As the handler does it."""
        if self.jobs or ((guild, setting) not in self.evening.truth.off) == on:
            return False
        self.right_clock()
        changed = self.execute(SWITCH.format(setting), {"guild": guild, "on": on})
        if changed is None:
            return False
        self.evening.truth.switch(changed[0][0], guild, setting, on)

    def end(self):
        if self.connection is not None:
            self.connection.close()
        self.thread.shutdown()
        for way in self.ways:
            way.close()
