"""What takes its time: seconds here, and as long as it would in earnest with `make soak` (SOAK=1)."""

import os
import time

LONG = bool(os.environ.get("SOAK"))
FROZEN = 60 if LONG else 15
AWAY = 600 if LONG else 20


def batches(life):
    """Numbers of those that it wrote."""
    return {words.split()[0] for _, event, words in life.events() if event == "batch_committed"}


def test_two_trackers_fight_for_a_shard(evening):
    """The owner stands still for a minute; the other takes over, and is frozen when the first has come back and waits."""
    trackers, plan = evening.trackers, evening.plan
    trackers.start()
    evening.play(plan.chapter(events=60, faults=0))
    trackers.start()
    first, second = trackers.lives
    for owner, other in [(first, second), (second, first)]:
        evening.play(plan.chapter(events=60, faults=0))
        assert trackers.owner() is owner
        trackers.freeze(FROZEN)
        evening.play(plan.chapter(events=20 * (FROZEN + 5), faults=0))
        evening.settle()
        assert trackers.owner() is other and owner.died is None
        evening.check()
    refused = [event for life in trackers.lives for _, event, _ in life.events() if event == "shard_taken"]
    assert len(refused) == 2 and not batches(first) & batches(second)


def test_the_database_is_away_for_long(evening):
    """Nothing is lost: the gateway is kept alive, and everything is written afterwards."""
    evening.trackers.environment["MAX_UNWRITTEN"] = "500000"
    evening.trackers.start()
    evening.play(evening.plan.chapter(events=100, faults=0))
    [life] = evening.trackers.lives
    begin = time.time()
    evening.database.stop(AWAY)
    evening.play(evening.plan.chapter(events=20 * AWAY, faults=0))
    evening.settle()
    evening.check()
    assert any(since < begin and until > begin + AWAY for since, until in evening.watch.watched(None, time.time()))
