"""PostgreSQL dies, stays away, or goes on elsewhere, while members come, go and move all the time."""

import random
import re
import threading
import time

import psycopg
import pytest
from answers import gallery_item
from clusters import running_pair
from harness import wait_for
from plain_sql import assert_ledger_is_whole
from truth import Truth, complaints
from watch import Life, Watch


class Load:
    """Sixteen members who do something every few milliseconds. Who was where is in truth, when somebody watched in watch."""

    def __init__(self, discord, tracker):
        self.discord, self.truth, self.watch, self.events = discord, Truth(), Watch(), 0
        self.watch.lives.append(Life(tracker))
        self.rng = random.Random(1)
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stopped.wait(self.rng.uniform(0, 0.06)):
            user = self.rng.choice(self.discord.people[:16])
            channel = self.rng.choice([None, *self.discord.channels])
            self.truth.change(time.time(), [(self.discord.guild, user, channel)])
            self.discord.voice(user, channel)
            self.events += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()

    def goes_on(self, events):
        """Until so many more have happened."""
        goal = self.events + events
        wait_for(lambda: self.events >= goal, "events", 60)


@pytest.fixture
def pair(request, tmp_path):
    with running_pair(tmp_path, synchronous=request.param) as pair:
        yield pair


synchronous = pytest.mark.parametrize("pair", [True], indirect=True, ids=["synchronous"])
asynchronous = pytest.mark.parametrize("pair", [False], indirect=True, ids=["asynchronous"])


@pytest.fixture
def database(pair):
    return pair.url


def until_written(sql, discord):
    """What Discord told so far."""
    told = discord.sessions()[-1]["seq"]
    wait_for(lambda: sql.execute("SELECT seq FROM tracker_shard").fetchone()[0] >= told, "everything written", 30)


def assert_the_ledger_is_true(sql, discord, load):
    until_written(sql, discord)
    for who in ("voice_session WHERE ended_at IS NULL", "voice_presence"):
        assert set(sql.execute(f"SELECT guild_id, user_id, channel_id FROM {who}").fetchall()) == load.truth.present(), who
    assert_ledger_is_whole(sql)
    found = list(complaints(load.truth, sql, load.watch))
    assert not found, "\n".join(found)


def assert_nothing_lost_nothing_double(sql, discord, load, tracker):
    assert_the_ledger_is_true(sql, discord, load)
    assert len(discord.frames(2)) == 1 and not discord.frames(6), "the gateway never noticed"
    assert "batches_lost" not in tracker.log()


def answers_with_a_picture(discord):
    answer = discord.leaderboard("all_time")
    return answer["attachments"] and gallery_item(answer)


@synchronous
def test_primaries_die_and_synchronous_standbys_go_on(discord, trackers, handlers, pair):
    """First the host that the conninfo names first, then the other."""
    handlers()
    tracker = trackers.start()
    with Load(discord, tracker) as load:
        for _ in range(2):
            load.goes_on(100)
            pair.primary.kill()
            load.goes_on(50)
            pair.fail_over()
            with pair.connect() as sql:
                until_written(sql, discord)
            wait_for(lambda: answers_with_a_picture(discord), "the handler's return", 30)
            pair.follow()
    with pair.connect() as sql:
        assert_nothing_lost_nothing_double(sql, discord, load, tracker)


@asynchronous
def test_postgres_is_away_for_long(discord, trackers, pair):
    tracker = trackers.start()
    with Load(discord, tracker) as load:
        load.goes_on(50)
        pair.primary.stop()
        time.sleep(20)
        pair.primary.start()
        load.goes_on(50)
    with pair.connect() as sql:
        assert_nothing_lost_nothing_double(sql, discord, load, tracker)


KEPT = "SELECT batch_no, epoch, extract(epoch FROM proven_at)::float8 FROM tracker_shard"


@asynchronous
def test_batches_that_the_standby_never_got(discord, trackers, pair):
    """They are named, and the tracker goes on from what is left: what they proved is not counted, who stayed goes on."""
    tracker = trackers.start()
    with Load(discord, tracker) as load:
        load.goes_on(100)
        pair.part()
        with psycopg.connect(pair.standby.url, dbname="vcledger") as sql:
            left, *proof_left = sql.execute(KEPT).fetchone()
        load.goes_on(100)
        with pair.connect() as sql:
            committed, *proof = sql.execute(KEPT).fetchone()
        pair.primary.kill()
        load.watch.note_proof(time.time(), *proof)
        load.watch.note_proof(time.time(), *proof_left)
        pair.fail_over()
        lost = re.compile(r" batches_lost shard=0 first=(\d+) last=(\d+) ")
        line = wait_for(lambda: lost.search(tracker.log()), "the tracker's words", 30)
        load.goes_on(100)
    assert int(line[1]) == left < committed <= int(line[2]) + 1
    wait_for(lambda: discord.frames(6), "RESUME from the last batch that is left", 30)
    with pair.connect() as sql:
        assert_the_ledger_is_true(sql, discord, load)
