"""record_sessions(), the fence and live_until(), on a real PostgreSQL."""

import datetime
import random

import psycopg
import pytest
from harness import ROOT, copy_of
from plain_sql import assert_ledger_is_whole

GUILD = 1187440136951169024
MIDNIGHT = int(datetime.datetime(2026, 11, 22, tzinfo=datetime.timezone.utc).timestamp())


def record(sql, rows, guild=GUILD):
    """rows: (session, user, channel, start, end or None, reason)"""
    columns = [list(column) for column in zip(*rows)] if rows else [[] for _ in range(6)]
    sql.execute(
        "SELECT record_sessions(%s, %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[])",
        [guild, *columns],
    )


def daily(sql, user=7):
    rows = sql.execute(
        "SELECT day::text, total_seconds FROM voice_daily_activity WHERE user_id = %s ORDER BY day", [user]
    )
    return dict(rows.fetchall())


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/St_Johns"])
def test_midnight_is_utc_whatever_the_zone(sql, zone):
    sql.execute(f"SET timezone = '{zone}'")
    record(sql, [(1, 7, 1, MIDNIGHT - 600, MIDNIGHT + 1200, "leave")])
    assert daily(sql) == {"2026-11-21": 600, "2026-11-22": 1200}
    sql.execute("SET timezone = 'UTC'")
    assert_ledger_is_whole(sql)


def test_ending_exactly_at_midnight_touches_one_day(sql):
    record(sql, [(1, 7, 1, MIDNIGHT - 600, MIDNIGHT, "leave")])
    assert daily(sql) == {"2026-11-21": 600}


def test_a_repeated_batch_adds_nothing(sql):
    for _ in range(3):
        record(sql, [(1, 7, 1, 1000, None, None)])
    for _ in range(3):
        record(sql, [(1, 7, 1, 1000, 1600, "leave"), (2, 7, 2, 1600, None, None)])
    assert sql.execute("SELECT count(*), sum(total_seconds) FROM voice_session").fetchone() == (2, 600)
    record(sql, [(1, 7, 1, 1000, None, None)])  # an old batch must not open it again
    assert sql.execute("SELECT count(*) FROM voice_session WHERE ended_at IS NULL").fetchone() == (1,)
    assert_ledger_is_whole(sql)


def test_writers_of_one_server_wait_for_each_other(sql, database):
    """Whether or not the server is known; and in one transaction there may be more servers than the lock table has room for."""
    sql.execute("INSERT INTO guild (guild_id, name, shard_count, shard_id) VALUES (1, 'Known', 1, 0)")
    for guild, n_locks in [(1, 0), (2, 1)]:
        with psycopg.connect(database) as first, psycopg.connect(database) as second:
            record(first, [(1, 7, 1, 1000, 1600, "leave")], guild)
            locks = first.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()").fetchone()
            assert locks == (n_locks,)
            second.execute("SET lock_timeout = 200")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                record(second, [(2, 8, 1, 1000, 1600, "leave")], guild)


def test_opened_and_ended_in_one_batch(sql):
    record(sql, [(1, 7, 1, 1000, None, None), (1, 7, 1, 1000, 1300, "move"), (2, 7, 2, 1300, None, None)])
    rows = sql.execute("SELECT session_id, total_seconds, end_reason FROM voice_session ORDER BY 1").fetchall()
    assert rows == [(1, 300, "move"), (2, None, None)]


def test_an_end_before_the_start_is_a_stay_of_no_length(sql):
    record(sql, [(1, 7, 1, 1000, 900, "unproven")])
    assert sql.execute("SELECT total_seconds FROM voice_session").fetchone() == (0,)
    assert daily(sql) == {}


def test_arrays_of_different_lengths_are_refused(sql):
    with pytest.raises(psycopg.errors.RaiseException):
        sql.execute("SELECT record_sessions(1, '{1,2}', '{1}', '{1}', '{1}', '{1}', '{x}')")


def test_rollups_equal_plain_sums_over_random_sessions(sql):
    chance = random.Random(20261122)
    session = 0
    for _ in range(40):
        rows = []
        for user in chance.sample(range(1, 30), 12):
            session += 1
            # One lane of time a member, so that nothing overlaps.
            start = MIDNIGHT - 400 * 86400 + session * 40000 + chance.randrange(3000)
            length = chance.choice([0, 1, 59, 3600, 36999, chance.randrange(36000)])
            rows.append((session, user, chance.randrange(1, 4), start, start + length, "leave"))
        record(sql, rows)
    assert_ledger_is_whole(sql)


def test_the_fence(sql):
    sql.execute("INSERT INTO tracker_shard (shard_count, shard_id, epoch) VALUES (1, 0, 5)")
    sql.execute("SELECT batch_begin(1, 0, 5, 0)")
    for epoch, batch in [(5, 0), (5, 2), (4, 1), (6, 1)]:
        with pytest.raises(psycopg.Error) as refused:
            sql.execute("SELECT batch_begin(1, 0, %s, %s)", [epoch, batch])
        assert refused.value.sqlstate == "VC001"
    sql.execute("SELECT batch_begin(1, 0, 5, 1)")


def test_live_until(sql):
    def live():
        return sql.execute("SELECT live_until(%s)", [GUILD]).fetchone()[0]

    assert live() is None
    sql.execute("INSERT INTO guild (guild_id, name, shard_count, shard_id) VALUES (%s, 'x', 1, 0)", [GUILD])
    sql.execute("INSERT INTO tracker_shard (shard_count, shard_id) VALUES (1, 0)")
    assert live() is None, "nothing was proven yet"
    sql.execute("UPDATE tracker_shard SET proven_at = now() - interval '10 seconds'")
    now = sql.execute("SELECT date_trunc('second', now())").fetchone()[0]
    assert (live() - now).total_seconds() in (0, 1)
    sql.execute("UPDATE tracker_shard SET proven_at = now() - interval '1 hour'")
    assert 3539 <= (now - live()).total_seconds() <= 3541, "a minute past the proof and no more"
    sql.execute("UPDATE guild SET available = false")
    assert live() is None


def test_buckets_follow_one_another(sql):
    """None overlaps the next, however their borders are rounded."""
    wrong = """SELECT b FROM generate_series(8, 1600) AS b
                WHERE bucket_of(bucket_end(b)) <= b OR bucket_of(bucket_end(b) - 1) > b OR bucket_of(bucket_end(b) - 1) < b - 1 AND b > 40"""
    assert sql.execute(wrong).fetchall() == []


def test_a_ledger_from_before_the_buckets_has_them_after_the_migration(cluster):
    migrations = sorted((ROOT / "db/migrations").glob("*.sql"))
    (buckets,) = (number for number, path in enumerate(migrations) if "CREATE TABLE voice_total_bucket" in path.read_text())
    with copy_of(cluster, "template0") as url, psycopg.connect(url, autocommit=True) as sql:
        for path in migrations[:buckets]:
            sql.execute(path.read_text())
        record(sql, [(n, n % 50, 1, 100_000 * n, 100_000 * n + 37 * n * n, "leave") for n in range(1, 300)])
        sql.execute("BEGIN;" + migrations[buckets].read_text() + "COMMIT")
        record(sql, [(n, n % 70, 1, 100_000 * n, 100_000 * n + 41 * n, "leave") for n in range(1000, 1300)])
        assert_ledger_is_whole(sql)
