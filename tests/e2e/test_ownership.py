"""Whose a shard is: waiting for it, taking it over, and being refused; and when it was watched."""

import contextlib
import signal
import time

import psycopg
import pytest
from harness import Detour, away, wait_for
from plain_sql import assert_ledger_is_whole
from test_tracker import open_rows, presence, until_open

TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'vcledger tracker' AND datname = current_database()"


def epoch(sql):
    return sql.execute("SELECT epoch FROM tracker_shard").fetchone()[0]


def coverage(sql):
    """(seconds long or None while open, reason), in order."""
    rows = sql.execute("SELECT extract(epoch FROM to_at - from_at)::float8, end_reason FROM shard_coverage ORDER BY from_at").fetchall()
    overlaps = sql.execute(
        "SELECT count(*) FROM shard_coverage a JOIN shard_coverage b ON a.from_at < b.from_at AND coalesce(a.to_at, 'infinity') > b.from_at"
    ).fetchone()[0]
    assert overlaps == 0
    return rows


@pytest.fixture
def pair(discord, trackers, sql):
    """An owner with somebody in voice, and a second tracker that waits."""
    ann, lounge = discord.people[0], discord.channels[0]
    first = trackers.start()
    discord.voice(ann, lounge)
    until_open(sql, {(ann, lounge)})
    second = trackers.start(wait=False)
    wait_for(lambda: "shard_waiting" in second.log(), "the second one's waiting")
    return first, second


def test_the_second_waits_while_the_first_lives(discord, sql, pair):
    first, second = pair
    owned = epoch(sql)
    time.sleep(8)  # heartbeats are two seconds apart
    assert epoch(sql) == owned and "shard_claimed" not in second.log()
    assert first.process.poll() is None and second.process.poll() is None


def test_an_owner_that_reads_presence_shows_that_it_lives(trackers, sql):
    """However long that takes: batches are written between its parts, when there is no gateway yet to be heard."""
    sql.execute("INSERT INTO voice_presence SELECT (n %% 1000 + 1) << 22, n, 5 FROM generate_series(1, %s::bigint) AS n", [175_000])
    tracker = trackers.start(wait=False, HEARTBEAT_INTERVAL="3600", DISCORD_GATEWAY_URL="ws://127.0.0.1:1")
    wait_for(lambda: "presence_loaded" in tracker.log(), "presence")
    loading, _ = tracker.log().split("presence_loaded")
    assert "batch_committed" in loading


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_second_resumes_for_the_first_within_seconds(discord, sql, pair, how):
    first, second = pair
    ann, ben = discord.people[:2]
    lounge = discord.channels[0]
    before = discord.last_request()
    first.process.send_signal(how)
    first.process.wait()
    died = time.monotonic()
    discord.voice(ben, lounge)
    until_open(sql, {(ann, lounge), (ben, lounge)})
    assert time.monotonic() - died < 12
    assert discord.frames(6, before) and not discord.frames(2, before), "resumed"
    assert sql.execute("SELECT count(*) FROM voice_session WHERE user_id = %s", [ann]).fetchone()[0] == 1, "it went on"
    assert [reason for _, reason in coverage(sql)] == ["crashed" if how == signal.SIGKILL else "stopped", None]
    assert_ledger_is_whole(sql)


def test_a_stopped_owner_is_replaced_and_refused_when_it_comes_back(discord, sql, pair):
    first, second = pair
    ann, ben, cleo = discord.people[:3]
    lounge = discord.channels[0]
    owned = epoch(sql)
    first.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: epoch(sql) > owned, "the second one's claim, without the lock", 25)
    discord.voice(ben, lounge)
    until_open(sql, {(ann, lounge), (ben, lounge)})
    first.process.send_signal(signal.SIGCONT)
    wait_for(lambda: "shard_taken" in first.log(), "the refusal", 15)
    discord.voice(cleo, lounge)
    until_open(sql, {(ann, lounge), (ben, lounge), (cleo, lounge)})
    owned = epoch(sql)
    wait_for(lambda: first.log().count("shard_waiting") == 1, "the first one's waiting")
    time.sleep(7)
    assert epoch(sql) == owned, "no war"
    assert [reason for _, reason in coverage(sql)][0] == "taken"
    # And back again.
    second.process.kill()
    second.process.wait()
    discord.leave(ben)
    until_open(sql, {(ann, lounge), (cleo, lounge)}, 20)
    assert epoch(sql) > owned
    assert_ledger_is_whole(sql)


def test_an_owner_that_lost_its_connection_keeps_the_shard(discord, sql, pair):
    first, second = pair
    owned = epoch(sql)
    ann, ben = discord.people[:2]
    lounge = discord.channels[0]
    for _ in range(3):
        sql.execute(TERMINATE)
        time.sleep(3)
    discord.voice(ben, lounge)
    until_open(sql, {(ann, lounge), (ben, lounge)})
    time.sleep(6)
    assert epoch(sql) == owned and "shard_claimed" not in second.log()
    assert_ledger_is_whole(sql)


def test_an_owner_whose_database_was_away_keeps_the_shard(discord, sql, pair, database):
    first, second = pair
    owned = epoch(sql)
    ann, ben = discord.people[:2]
    lounge = discord.channels[0]
    with away(database):
        time.sleep(4)
        discord.voice(ben, lounge)
        time.sleep(4)
    until_open(sql, {(ann, lounge), (ben, lounge)})
    time.sleep(7)
    assert epoch(sql) == owned and "shard_claimed" not in second.log()
    assert_ledger_is_whole(sql)


def test_servers_come_over_from_another_number_of_shards(discord, trackers, sql):
    """What was open ends at the old owner's proof, and the old owner is refused from now on."""
    ann, ben = discord.people[:2]
    lounge = discord.channels[0]
    sql.execute("INSERT INTO tracker_shard (shard_count, shard_id, epoch, batch_no, proven_at) VALUES (3, 1, 5, 9, now() - interval '10 minutes')")
    sql.execute("INSERT INTO guild (guild_id, name, shard_count, shard_id) VALUES (%s, 'x', 3, 1)", [discord.guild])
    for user in (ann, ben):
        sql.execute("INSERT INTO voice_presence VALUES (%s, %s, %s)", [discord.guild, user, lounge])
        sql.execute(
            "INSERT INTO voice_session (guild_id, session_id, user_id, channel_id, started_at) VALUES (%s, %s, %s, %s, date_trunc('second', now()) - interval '1 hour')",
            [discord.guild, user, user, lounge],
        )
    discord.voice(ann, lounge)
    trackers.start()
    until_open(sql, {(ann, lounge)})
    ended = sql.execute("SELECT user_id, total_seconds, end_reason FROM voice_session WHERE ended_at IS NOT NULL").fetchall()
    assert {user for user, *_ in ended} == {ann, ben}
    assert all(2990 <= seconds <= 3001 and reason == "unproven" for _, seconds, reason in ended)
    assert sql.execute("SELECT shard_count, shard_id FROM guild WHERE guild_id = %s", [discord.guild]).fetchone() == (1, 0)
    with pytest.raises(psycopg.errors.Error, match="not ours"):
        sql.execute("SELECT batch_begin(3, 1, 5, 9)")
    assert_ledger_is_whole(sql)


def test_whoever_follows_another_number_of_shards_is_waited_for(discord, trackers, sql, database):
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(7, 7), pg_advisory_lock(1447231488 + 2, 1)")
        tracker = trackers.start(wait=False)
        wait_for(lambda: "why=another_shard_count" in tracker.log(), "the waiting")
        time.sleep(2)
        assert "shard_claimed" not in tracker.log()
    wait_for(lambda: "shard_claimed" in tracker.log(), "the claim")


def test_coverage_says_when_the_shard_was_watched(discord, trackers, sql):
    tracker = trackers.start()
    wait_for(lambda: coverage(sql) == [(None, None)], "the first watch")
    time.sleep(2)
    discord.gateway("cut")
    wait_for(lambda: len(coverage(sql)) == 2, "the second")
    discord.gateway("invalid_session", resumable=False)
    wait_for(lambda: len(coverage(sql)) == 3, "the third", 25)
    tracker.stop()
    reasons = [reason for _, reason in coverage(sql)]
    assert reasons == ["broken", "session_lost", "stopped"]
    assert coverage(sql)[0][0] >= 1


def test_too_much_unwritten_is_not_heard_until_the_database_is_back(discord, trackers, sql, database):
    """At the bound: 4000, not watching; then RESUME from what is committed, and nothing is lost."""
    lounge, games = discord.channels[:2]
    tracker = trackers.start(MAX_UNWRITTEN="60")
    people = discord.people[:20]
    wait_for(lambda: coverage(sql), "watching")
    with away(database):
        for channel in (lounge, games, lounge):
            for user in people:
                discord.voice(user, channel)
        wait_for(lambda: "unwritten_full" in tracker.log(), "the bound")
        wait_for(lambda: not any(s["connected"] for s in discord.sessions()), "the end of the connection")
        for user in people[:10]:
            discord.leave(user)
        before = discord.last_request()
    until_open(sql, {(user, lounge) for user in people[10:]}, 30)
    assert "unwritten_written" in tracker.log()
    assert discord.frames(6, before) and not discord.frames(2, before), "resumed"
    assert "memory" in [reason for _, reason in coverage(sql)]
    assert_ledger_is_whole(sql)


def test_a_ledger_that_contradicts_memory_is_read_again(discord, trackers, sql):
    """A session that somebody else opened: the batch can never be written, and must not be tried for ever."""
    ann, ben = discord.people[:2]
    lounge, games = discord.channels[:2]
    tracker = trackers.start()
    discord.voice(ann, lounge)
    until_open(sql, {(ann, lounge)})
    sql.execute(
        "INSERT INTO voice_session (guild_id, session_id, user_id, channel_id, started_at) VALUES (%s, 1, %s, %s, date_trunc('second', now()))",
        [discord.guild, ben, games],
    )
    discord.voice(ben, lounge)
    wait_for(lambda: "batch_refused" in tracker.log(), "the refusal")
    until_open(sql, {(ann, lounge), (ben, lounge)}, 20)
    assert_ledger_is_whole(sql)


def test_an_owner_behind_a_dead_connection_keeps_the_shard(discord, trackers, sql, database):
    """Its way to the database is cut without the server's noticing: the lock stays with a dead connection."""
    ann, ben = discord.people[:2]
    lounge = discord.channels[0]
    with contextlib.closing(Detour(database)) as detour:
        tracker = trackers.start(DATABASE_URL=detour.url)
        discord.voice(ann, lounge)
        until_open(sql, {(ann, lounge)})
        owned = epoch(sql)
        detour.cut()
        discord.voice(ben, lounge)
        until_open(sql, {(ann, lounge), (ben, lounge)})
        time.sleep(3)
        assert epoch(sql) == owned and tracker.process.poll() is None
        assert open_rows(sql) == presence(sql)
        assert tracker.stop() == 0


def test_an_owner_whose_commit_takes_long_is_not_taken_over(discord, sql, pair):
    """The lock is free and nothing moves, but a batch is under way: the claim waits for it, and sees it."""
    first, second = pair
    owned = epoch(sql)
    ann, ben = discord.people[:2]
    lounge = discord.channels[0]
    with sql.transaction():
        sql.execute("SELECT FROM tracker_shard FOR UPDATE")
        discord.voice(ben, lounge)
        time.sleep(1)
        with psycopg.connect(sql.info.dsn, autocommit=True) as other:
            other.execute(TERMINATE + " AND pid <> pg_backend_pid() AND wait_event_type IS DISTINCT FROM 'Lock'")
        time.sleep(8)
    until_open(sql, {(ann, lounge), (ben, lounge)}, 20)
    time.sleep(3)
    assert epoch(sql) == owned
    assert_ledger_is_whole(sql)


def test_a_silent_gateway_does_not_make_an_owner_look_dead(discord, sql, pair):
    first, second = pair
    owned = epoch(sql)
    discord.faults(acks=False)
    time.sleep(12)  # heartbeats are two seconds apart, and an owner is taken for dead after nine
    assert epoch(sql) == owned and "shard_claimed" not in second.log()


def test_an_owner_without_database_leaves_the_session_to_the_next(discord, trackers, sql, database):
    """It cannot know that it was replaced: but it does not tear the session from its successor again and again."""
    ann, ben = discord.people[:2]
    lounge = discord.channels[0]
    with contextlib.closing(Detour(database)) as detour:
        first = trackers.start(DATABASE_URL=detour.url)
        discord.voice(ann, lounge)
        until_open(sql, {(ann, lounge)})
        second = trackers.start(wait=False)
        wait_for(lambda: "shard_waiting" in second.log(), "the second one's waiting")
        for _ in range(2):  # the listener takes one more
            detour.listener.close()
            detour.cut()
            time.sleep(1)
        wait_for(lambda: "shard_claimed" in second.log(), "the take-over", 30)
        wait_for(lambda: "ownership_unsure" in first.log(), "the first one's doubt", 30)
        time.sleep(3)
        before = discord.last_request()
        time.sleep(8)
        assert not discord.frames(6, before), "no more RESUMEs"
        discord.voice(ben, lounge)
        until_open(sql, {(ann, lounge), (ben, lounge)})
        first.kill()
    assert_ledger_is_whole(sql)
