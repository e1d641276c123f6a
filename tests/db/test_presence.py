"""What a tracker that claims a shard reads: everybody in voice in the shard's servers, each once, in however many parts."""

import os
import random
import subprocess

import pytest
from harness import TESTS, logged_in_as, record_sessions

SHARDS = 3
START = 1_790_000_000


def read(database, shard, ends):
    done = subprocess.run(
        [TESTS / "db/presence", str(SHARDS), str(shard), *map(str, ends)],
        env=logged_in_as("tracker", {**os.environ, "DATABASE_URL": database}), capture_output=True, text=True, check=True, timeout=60,
    )
    return [tuple(map(int, line.split())) for line in done.stdout.splitlines()]


@pytest.fixture
def members(sql):
    """Of 90 servers: counted ones, those who are only present, and one of each server who is counted but not present."""
    chance = random.Random(6)
    known = {}
    for guild in (chance.getrandbits(60) for _ in range(90)):
        record_sessions(sql, guild, [(user, START + user, None) for user in [1, 2, 9]])
        for user in [1, 2, 3]:
            sql.execute("INSERT INTO voice_presence VALUES (%s, %s, 5)", [guild, user])
        for user, session, start in sql.execute(
            "SELECT user_id, session_id, extract(epoch FROM started_at)::bigint FROM voice_session WHERE guild_id = %s", [guild]
        ):
            known[guild, user] = (1 if user == 9 else 5, session, start)
        known[guild, 3] = (5, 0, 0)
    return known


@pytest.mark.parametrize("parts", [1, 7])
def test_everybody_once(database, members, parts):
    guilds = sorted({guild for guild, _ in members})
    ends = [*guilds[len(guilds) // parts :: len(guilds) // parts][: parts - 1], 2**63 - 1]
    read_members = {}
    for shard in range(SHARDS):
        rows = read(database, shard, ends)
        assert {part for part, *_ in rows} == set(range(parts)), "a part is empty"
        for part, guild, user, *rest in rows:
            assert (guild >> 22) % SHARDS == shard and guild <= ends[part]
            assert (guild, user) not in read_members
            read_members[guild, user] = tuple(rest)
    assert read_members == members
