"""The rollups and boards once more, the plain way: what the tests hold the fast way against."""

import collections
import datetime

DAILY = """
SELECT guild_id, d::date, user_id,
       sum(extract(epoch FROM least(e, d + interval '1 day') - greatest(s, d)))::int
  FROM (SELECT guild_id, user_id, started_at AT TIME ZONE 'UTC' AS s, ended_at AT TIME ZONE 'UTC' AS e
          FROM voice_session WHERE ended_at > started_at) AS x,
       generate_series(date_trunc('day', s), e, interval '1 day') AS d
 WHERE least(e, d + interval '1 day') > greatest(s, d)
 GROUP BY 1, 2, 3
"""

ROLLUPS = {
    "voice_daily_activity": ("guild_id, day, user_id, total_seconds", DAILY),
    "guild_daily_activity": (
        "guild_id, day, total_seconds, active_members",
        f"SELECT guild_id, d, sum(seconds)::bigint, count(*)::int FROM ({DAILY}) AS y(guild_id, d, user_id, seconds) GROUP BY 1, 2",
    ),
    "voice_total": (
        "guild_id, period, period_start, user_id, total_seconds, last_day",
        f"""SELECT guild_id, period, start, user_id, sum(seconds)::bigint, max(d)
              FROM ({DAILY}) AS y(guild_id, d, user_id, seconds),
                   LATERAL (VALUES ('month', date_trunc('month', d::timestamp)::date),
                                   ('year', date_trunc('year', d::timestamp)::date),
                                   ('all', date '1970-01-01')) AS k(period, start)
             GROUP BY 1, 2, 3, 4""",
    ),
    "guild_total": (
        "guild_id, period, period_start, total_seconds, members",
        f"""SELECT guild_id, period, start, sum(seconds)::bigint, count(DISTINCT user_id)::int
              FROM ({DAILY}) AS y(guild_id, d, user_id, seconds),
                   LATERAL (VALUES ('month', date_trunc('month', d::timestamp)::date),
                                   ('year', date_trunc('year', d::timestamp)::date),
                                   ('all', date '1970-01-01')) AS k(period, start)
             GROUP BY 1, 2, 3""",
    ),
    "guild_last_day WHERE members <> 0": (
        "guild_id, last_day, members", "SELECT guild_id, last_day, count(*)::int FROM voice_total WHERE period = 'all' GROUP BY 1, 2"
    ),
    "voice_total_bucket WHERE members <> 0": (
        "guild_id, period, period_start, bucket, members",
        "SELECT guild_id, period, period_start, bucket_of(total_seconds), count(*)::int FROM voice_total GROUP BY 1, 2, 3, 4",
    ),
}

OVERLAPS = """
SELECT a.guild_id, a.user_id, a.started_at, b.started_at
  FROM voice_session a JOIN voice_session b USING (guild_id, user_id)
 WHERE a.session_id < b.session_id
   AND tstzrange(a.started_at, coalesce(a.ended_at, 'infinity')) && tstzrange(b.started_at, coalesce(b.ended_at, 'infinity'))
"""

RANGES = ["today", "past_24h", "past_72h", "past_7d", "past_14d", "this_month", "this_year", "all_time"]


def instant(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def start_of(name, now):
    """When a range begins that ends now."""
    day = now.replace(hour=0, minute=0, second=0)
    return {
        "today": day,
        "past_24h": now - datetime.timedelta(hours=24),
        "past_72h": now - datetime.timedelta(hours=72),
        "past_7d": now - datetime.timedelta(days=7),
        "past_14d": now - datetime.timedelta(days=14),
        "this_month": day.replace(day=1),
        "this_year": day.replace(day=1, month=1),
        "all_time": instant(0),
    }[name]


def shown_since(sql, guild, name, now):
    """The same as people read it: all time begins on the first day with time."""
    if name != "all_time":
        return start_of(name, now)
    return sql.execute("SELECT min(day)::timestamp AT TIME ZONE 'UTC' FROM voice_daily_activity WHERE guild_id = %s", [guild]).fetchone()[0]


# Until when open sessions count, at the moment $until; and the board of a range that starts at $start.
BOARD = """
WITH live AS (
    SELECT CASE WHEN t.proven_at IS NOT NULL AND g.available AND g.left_at IS NULL
                THEN date_trunc('second', least(%(until)s::timestamptz, t.proven_at + make_interval(secs => t.interval_seconds)))
           END AS until,
           coalesce(t.proven_at >= %(until)s::timestamptz - make_interval(secs => 2 * t.interval_seconds + 5), true) AS watched
      FROM guild g JOIN tracker_shard t USING (shard_count, shard_id) WHERE guild_id = %(guild)s
)
SELECT user_id, sum(seconds)::bigint AS seconds, bool_or(open) AS live
  FROM (SELECT user_id, ended_at IS NULL AND watched AS open,
               greatest(0, extract(epoch FROM coalesce(ended_at, live.until) - greatest(started_at, %(start)s::timestamptz))) AS seconds
          FROM voice_session, live
         WHERE guild_id = %(guild)s AND (ended_at IS NOT NULL OR live.until IS NOT NULL)) AS x
 GROUP BY user_id HAVING sum(seconds) > 0
 ORDER BY seconds DESC, user_id
"""

Place = collections.namedtuple("Place", "position rank user seconds live")


def plain_board(sql, guild, name, until):
    """Everybody's place at that moment, summed from the sessions."""
    rows = sql.execute(BOARD, {"guild": guild, "until": until, "start": start_of(name, until)}).fetchall()
    seconds = [row[1] for row in rows]
    return [Place(i + 1, seconds.index(s) + 1, user, s, live) for i, (user, s, live) in enumerate(rows)]


# Seconds together with each other member, and the member's own, since $start.
PARTNERS = """
WITH clamped AS (
    SELECT user_id, channel_id, greatest(started_at, %(start)s) AS s,
           coalesce(ended_at, live_until(%(guild)s)) AS e
      FROM voice_session
     WHERE guild_id = %(guild)s
)
SELECT sum(extract(epoch FROM least(a.e, b.e) - greatest(a.s, b.s)))::bigint, b.user_id
  FROM clamped a JOIN clamped b ON a.channel_id = b.channel_id AND a.s < b.e AND b.s < a.e AND a.s < a.e AND b.s < b.e
 WHERE a.user_id = %(member)s AND b.user_id <> %(member)s
 GROUP BY b.user_id
 ORDER BY 1 DESC, 2
"""

OWN_SECONDS = """
SELECT coalesce(sum(extract(epoch FROM coalesce(ended_at, live_until(%(guild)s)) - greatest(started_at, %(start)s))), 0)::bigint
  FROM voice_session
 WHERE guild_id = %(guild)s AND user_id = %(member)s AND coalesce(ended_at, live_until(%(guild)s)) > greatest(started_at, %(start)s)
"""


def plain_partners(sql, guild, member, start):
    """A member's own seconds, and [(seconds together, user)], by a self-join."""
    asked = {"guild": guild, "member": member, "start": start}
    return sql.execute(OWN_SECONDS, asked).fetchone()[0], sql.execute(PARTNERS, asked).fetchall()


def assert_ledger_is_whole(sql):
    """Every rollup equals plain SQL over the sessions, no member is in two places, nothing is negative."""
    for table, (columns, plain) in ROLLUPS.items():
        kept = set(sql.execute(f"SELECT {columns} FROM {table}").fetchall())
        summed = set(sql.execute(plain).fetchall())
        assert kept == summed, f"{table}: too much {kept - summed}, too little {summed - kept}"
    assert sql.execute(OVERLAPS).fetchall() == []
    assert sql.execute("SELECT FROM voice_session WHERE ended_at < started_at").fetchall() == []
