"""Several shards: each has the servers that fall to it, IDENTIFYs in its turn, and is left alone by what happens to others."""

import collections
import itertools
import time

import pytest
from answers import alt
from harness import wait_for
from plain_sql import assert_ledger_is_whole

Server = collections.namedtuple("Server", "id name channel people")
numbers = itertools.count()


def add_server(discord, shard):
    """A made-up server that falls to this one of four shards, and so to shard % 2 of two."""
    number = next(numbers)
    server = ((300_000_000_000 + 4 * number + shard) << 22) + 1
    name, channel, people = f"Server {number}", server + 1, [server + 2, server + 3, server + 4]
    discord.guild_action(
        "add", guild={
            "id": str(server), "name": name,
            "channels": [{"id": str(channel), "name": "Voice", "type": 2}, {"id": str(server + 9), "name": "text", "type": 0}],
            "members": [{"id": str(user), "username": f"user{user}"} for user in people],
        },
    )
    return Server(server, name, channel, people)


@pytest.fixture
def servers(discord):
    """One for each of four shards."""
    return [add_server(discord, shard) for shard in range(4)]


def join(discord, server, member=0):
    discord.voice(server.people[member], server.channel, guild_id=str(server.id))


def leave(discord, server, member=0):
    discord.voice(server.people[member], None, guild_id=str(server.id))


def present(sql, reason=None):
    """(server, member) of the open sessions; or of those that ended so."""
    return set(sql.execute("SELECT guild_id, user_id FROM voice_session WHERE end_reason IS NOT DISTINCT FROM %s", [reason]).fetchall())


def until_present(sql, *expected):
    """expected: (server, number of its member)s."""
    ids = {(server.id, server.people[member]) for server, member in expected}
    wait_for(lambda: present(sql) == ids, f"open sessions {ids}", 30)


def until_known(sql, servers, count, seconds=15):
    """Each shard wrote the servers that fall to it."""
    expected = {(server.id, count, (server.id >> 22) % count) for server in servers}
    wait_for(lambda: expected <= set(sql.execute("SELECT guild_id, shard_count, shard_id FROM guild").fetchall()), "the servers", seconds)


def until_committed(sql, discord):
    """Every dispatch of every shard is in the database."""
    def is_so():
        kept = dict(sql.execute("SELECT session_id, seq FROM tracker_shard").fetchall())
        return kept == {session["session_id"]: session["seq"] for session in discord.sessions()}

    wait_for(is_so, "everything committed")


def identifies(discord, after=0):
    """(shard, seconds) in their order."""
    return [(frame["d"]["shard"][0], frame["at_ms"] / 1000) for frame in discord.frames(2, after)]


def resumed(discord, after):
    """How often each shard did."""
    shards = {session["session_id"]: session["shard"] for session in discord.sessions()}
    return collections.Counter(shards[frame["d"]["session_id"]] for frame in discord.frames(6, after))


def bot_questions(discord, after=0):
    return [r for r in discord.requests("rest", after) if r["path"].endswith("/gateway/bot")]


# Who does what ------------------------------------------------------------------------------------------------------


def test_as_many_as_discord_recommends(discord, trackers, servers, sql):
    discord.faults(shards=4, max_concurrency=4)
    for server in servers:
        join(discord, server)
    tracker = trackers.start()
    until_known(sql, servers, 4)
    until_present(sql, *[(server, 0) for server in servers])
    assert {shard for shard, _ in identifies(discord)} == {0, 1, 2, 3}
    for server in servers:
        join(discord, server, 1)
    time.sleep(1.1)
    for server in servers:
        leave(discord, server, 0)
    until_present(sql, *[(server, 1) for server in servers])
    assert present(sql, "leave") == {(server.id, server.people[0]) for server in servers}
    until_committed(sql, discord)
    assert len(set(sql.execute("SELECT session_id FROM tracker_shard WHERE shard_count = 4").fetchall())) == 4
    assert_ledger_is_whole(sql)
    before = discord.last_request()
    assert tracker.stop() == 0
    closes = discord.requests("close", before)
    assert sorted((close["by"], close.get("code")) for close in closes) == [("client", 4000)] * 4


@pytest.mark.parametrize("count", [2, 4])
def test_killed_and_all_resumed(discord, trackers, servers, sql, count):
    discord.faults(max_concurrency=count)
    tracker = trackers.start(SHARD_COUNT=str(count))
    until_known(sql, servers, count)
    for server in servers:
        join(discord, server)
        join(discord, server, 1)
    until_present(sql, *[(server, member) for server in servers for member in (0, 1)])
    until_committed(sql, discord)
    before = discord.last_request()
    tracker.kill()
    for server in servers:
        leave(discord, server, 0)
    trackers.start(SHARD_COUNT=str(count))
    until_present(sql, *[(server, 1) for server in servers])
    assert resumed(discord, before) == {shard: 1 for shard in range(count)} and not identifies(discord, before)
    assert not bot_questions(discord, before), "the number is told, and a RESUME needs no turn"
    assert sql.execute("SELECT count(*) FROM voice_session").fetchone() == (8,)
    assert_ledger_is_whole(sql)


def test_a_second_process_takes_all_of_them_over(discord, trackers, servers, sql):
    discord.faults(max_concurrency=4)
    first = trackers.start(SHARD_COUNT="4")
    until_known(sql, servers, 4)
    second = trackers.start(wait=False, SHARD_COUNT="4")
    for server in servers:
        join(discord, server)
    until_present(sql, *[(server, 0) for server in servers])
    until_committed(sql, discord)
    before = discord.last_request()
    first.kill()
    for server in servers:
        join(discord, server, 1)
    until_present(sql, *[(server, member) for server in servers for member in (0, 1)])
    assert resumed(discord, before) == {shard: 1 for shard in range(4)} and not identifies(discord, before)
    assert second.process.poll() is None
    assert_ledger_is_whole(sql)


def test_what_happens_to_one_leaves_the_others_alone(discord, trackers, servers, sql):
    even, odd = servers[:2]
    discord.faults(max_concurrency=2)
    trackers.start(SHARD_COUNT="2")
    until_known(sql, servers, 2)
    join(discord, even)
    join(discord, odd)
    until_present(sql, (even, 0), (odd, 0))
    until_committed(sql, discord)

    before = discord.last_request()
    discord.gateway("cut", shard=1)
    join(discord, even, 1)
    join(discord, odd, 1)
    until_present(sql, (even, 0), (odd, 0), (even, 1), (odd, 1))
    assert resumed(discord, before) == {1: 1} and not identifies(discord, before)

    discord.faults(resume="refuse")
    time.sleep(1.1)
    before = discord.last_request()
    discord.gateway("close", shard=1, code=4000)
    join(discord, even, 2)
    wait_for(lambda: identifies(discord, before), "the new session", 30)
    until_present(sql, (even, 0), (even, 1), (even, 2), (odd, 0), (odd, 1))
    assert [shard for shard, _ in identifies(discord, before)] == [1]
    ended = sql.execute("SELECT DISTINCT guild_id FROM voice_session WHERE ended_at IS NOT NULL").fetchall()
    assert ended == [(odd.id,)]
    assert_ledger_is_whole(sql)


def test_answers_about_servers_of_each_shard(discord, trackers, handlers, servers, sql):
    discord.faults(max_concurrency=2)
    trackers.start(SHARD_COUNT="2")
    until_known(sql, servers, 2)
    handlers()
    for server in servers:
        join(discord, server)
    until_present(sql, *[(server, 0) for server in servers])
    time.sleep(3)  # a proof later than the join
    for server in servers:
        answer = discord.leaderboard(guild_id=str(server.id), user_id=str(server.people[0]))
        assert server.name in alt(answer) and f"1. user{server.people[0]} (you)" in alt(answer), alt(answer)
        assert "1 member in voice now" in alt(answer)


def test_a_setting_is_obeyed_by_the_shard_of_its_server(discord, trackers, servers, sql):
    discord.faults(max_concurrency=2)
    trackers.start(SHARD_COUNT="2")
    until_known(sql, servers, 2)
    for server in servers:
        join(discord, server)
    until_present(sql, *[(server, 0) for server in servers])
    for i, server in enumerate(servers):
        sql.execute("INSERT INTO guild_settings (guild_id, tracking, changed_by) VALUES (%s, false, 1)", [server.id])
        sql.execute(
            "INSERT INTO guild_settings_audit (guild_id, changed_at, changed_by, setting, old_value, new_value)"
            " SELECT guild_id, changed_at, 1, 'tracking', 'true', 'false' FROM guild_settings WHERE guild_id = %s", [server.id],
        )
        sql.execute("SELECT pg_notify('guild_settings', %s)", [str(server.id)])
        until_present(sql, *[(other, 0) for other in servers[i + 1 :]])


# Turns --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 2])
def test_turns(discord, trackers, servers, sql, concurrency):
    """In order, and none too early: the local Discord would refuse it."""
    discord.faults(max_concurrency=concurrency)
    trackers.start(SHARD_COUNT="4", SHARD_IDS="0-2" if concurrency == 1 else "0-3")
    until_known(sql, servers[: 3 if concurrency == 1 else 4], 4, 30)
    sent = identifies(discord)
    assert sorted(shard for shard, _ in sent) == ([0, 1, 2] if concurrency == 1 else [0, 1, 2, 3])
    for bucket in range(concurrency):
        shards, times = zip(*[one for one in sent if one[0] % concurrency == bucket])
        assert list(shards) == sorted(shards)
        assert all(5 <= b - a < 8 for a, b in zip(times, times[1:]))
    assert max(moment for _, moment in sent[:concurrency]) - sent[0][1] < 3, "buckets do not wait for each other"


def test_a_high_number_alone_waits_for_nobody(discord, trackers):
    begin = time.time()
    trackers.start(SHARD_COUNT="64", SHARD_IDS="62")
    wait_for(lambda: len(discord.sessions()) == 1, "READY")
    [(shard, moment)] = identifies(discord)
    assert shard == 62 and moment - begin < 5


def test_two_processes_that_do_not_know_of_each_other(discord, trackers, servers, sql):
    """The slower one is refused by op 9, and comes back in a few seconds, not in more and more."""
    processes = [trackers.start(wait=False, SHARD_COUNT="2", SHARD_IDS=str(shard)) for shard in (0, 1)]
    until_known(sql, servers, 2, 40)
    sent = identifies(discord)
    assert {shard for shard, _ in sent} == {0, 1}
    assert 3 <= len(sent) <= 4 and sent[-1][1] - sent[0][1] < 20, sent
    assert any("gateway_invalid_session" in process.log() for process in processes)
    assert not any("gateway_identify_pause" in process.log() for process in processes)
    for server in servers:
        join(discord, server)
    until_present(sql, *[(server, 0) for server in servers])
    assert processes[0].stop() == 0
    for server in servers:
        join(discord, server, 1)
    until_present(sql, *[(server, 0) for server in servers], (servers[1], 1), (servers[3], 1))


# The number of shards -----------------------------------------------------------------------------------------------


def test_another_number_of_shards(discord, trackers, servers, sql):
    """What was open ends where the shard of before proved it, and goes on with the new one."""
    discord.faults(max_concurrency=4)
    tracker = trackers.start(SHARD_COUNT="1")
    until_known(sql, servers, 1)
    for server in servers:
        join(discord, server)
    until_present(sql, *[(server, 0) for server in servers])
    time.sleep(4)
    assert tracker.stop() == 0
    leave(discord, servers[0])
    trackers.start(SHARD_COUNT="4")
    until_known(sql, servers, 4)
    until_present(sql, *[(server, 0) for server in servers[1:]])
    ended = sql.execute("SELECT guild_id, total_seconds FROM voice_session WHERE ended_at IS NOT NULL").fetchall()
    assert {guild for guild, _ in ended} == {server.id for server in servers}
    assert all(3 <= seconds <= 8 for _, seconds in ended), ended
    assert_ledger_is_whole(sql)


def test_discord_does_not_say_how_many(discord, trackers):
    """Not for a while, and then nothing of use: it is asked again."""
    useless = {"status": 200, "body": '{"url": "wss://127.0.0.1:1", "shards": 0}'}
    discord.faults(rest=[{"path_contains": "/gateway/bot", "status": 503, "times": 2}, {"path_contains": "/gateway/bot", **useless}])
    tracker = trackers.start(wait=False)
    wait_for(lambda: discord.frames(2), "IDENTIFY", 30)
    assert "shard_count_unknown" in tracker.log()


def test_stopped_before_the_number_is_known(discord, trackers):
    discord.faults(rest=[{"path_contains": "/gateway/bot", "status": 503, "times": 1000}])
    tracker = trackers.start(wait=False)
    wait_for(lambda: bot_questions(discord), "the question")
    assert tracker.stop(3) == 0


def test_too_few_shards(discord, trackers):
    discord.faults(guilds_per_shard=1)
    tracker = trackers.start(wait=False, SHARD_COUNT="1")
    assert tracker.process.wait(15) == 1
    assert "raise SHARD_COUNT" in tracker.log()


@pytest.mark.parametrize(
    "environment, named",
    [
        ({"SHARD_COUNT": "0"}, "SHARD_COUNT"),
        ({"SHARD_COUNT": "many"}, "SHARD_COUNT"),
        ({"SHARD_COUNT": "10001"}, "SHARD_COUNT"),
        ({"SHARD_COUNT": "x", "SHARD_IDS": "0"}, "SHARD_COUNT"),
        ({"SHARD_IDS": "0"}, "SHARD_IDS"),
        ({"SHARD_COUNT": "4", "SHARD_IDS": "4"}, "SHARD_IDS"),
        ({"SHARD_COUNT": "4", "SHARD_IDS": "0-2,2"}, "SHARD_IDS"),
        ({"SHARD_COUNT": "4", "SHARD_IDS": "0;1"}, "SHARD_IDS"),
    ],
)
def test_settings_that_make_no_sense(trackers, environment, named):
    tracker = trackers.start(wait=False, **environment)
    assert tracker.process.wait(5) == 2
    [line] = tracker.log().splitlines()
    assert line.startswith(f"tracker: {named} ")
