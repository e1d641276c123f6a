"""An evening, for the tracker's tests."""

import os
import random

import pytest
from clusters import running_pair
from evening import Evening
from faults import Clock


@pytest.fixture
def evening(discord, tmp_path):
    """With trackers and a pair of PostgreSQLs of its own. RANDOM_SEED repeats its choices."""
    seed = int(os.environ.get("RANDOM_SEED", random.SystemRandom().getrandbits(32)))
    clock = Clock(tmp_path / "postgres.clock")
    with running_pair(tmp_path, True, "wal_retrieve_retry_interval=100ms", **clock.environment) as pair:
        evening = Evening(seed, discord, pair, clock, tmp_path)
        yield evening
        (tmp_path / "story").write_text(evening.story())
        print(evening.story())  # shown where the test failed
        evening.end()
