"""A random evening: thousands of voice events through faults that overlap, and then the ledger against the truth.

A failure begins with its seed. RANDOM_SEED repeats its choices, RANDOM_EVENTS and RANDOM_FAULTS make it longer or shorter.
"""

import os
import random

import pytest
from clusters import running_pair
from evening import Evening
from faults import Clock
from plan import FAULTS

SEED = int(os.environ.get("RANDOM_SEED", random.SystemRandom().getrandbits(32)))
EVENTS = int(os.environ.get("RANDOM_EVENTS", "2000"))
PLANNED = int(os.environ.get("RANDOM_FAULTS", "42"))
CHAPTERS = 6


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path / "postgres.clock")


@pytest.fixture
def pair(tmp_path, clock):
    with running_pair(tmp_path, True, "wal_retrieve_retry_interval=100ms", **clock.environment) as pair:
        yield pair


@pytest.fixture
def database(pair):
    return pair.url


@pytest.fixture
def evening(discord, pair, clock, settings, tmp_path):
    evening = Evening(SEED, discord, pair, clock, settings, tmp_path)
    yield evening
    evening.end()


def test_a_random_evening(evening):
    try:
        evening.run(CHAPTERS, EVENTS // CHAPTERS, PLANNED // CHAPTERS)
    finally:
        print(f"RANDOM_SEED={SEED}", *evening.told, evening.summary(), sep="\n")
    assert evening.counts["events"] >= 0.9 * EVENTS
    done = {name: evening.counts[name] for name in FAULTS}
    assert sum(done.values()) >= 30 and all(done.values()), done
