"""A page of a board with the caller's rank and the number of pages, beside summing sessions."""

import time

import large
import psycopg
from figures import program

CALLS = 500
KEPT = {"today": 0, "month": 5, "year": 6, "all time": 7}
ROLLING = {"24 hours": 1, "72 hours": 2, "7 days": 3, "14 days": 4}
RANGES = KEPT | ROLLING
TARGETS = dict.fromkeys(KEPT, 15) | dict.fromkeys(ROLLING, 40)
MOST_GROWTH = 1.5

PLAIN = """
WITH board AS (
    SELECT user_id, sum(extract(epoch FROM coalesce(ended_at, now()) - greatest(started_at, %(start)s))) AS seconds
      FROM voice_session
     WHERE guild_id = %(guild)s AND (ended_at > %(start)s OR ended_at IS NULL)
     GROUP BY user_id
), ranked AS (
    SELECT user_id, seconds, row_number() OVER (ORDER BY seconds DESC, user_id) AS position, rank() OVER (ORDER BY seconds DESC) FROM board
)
SELECT *, (SELECT count(*) FROM board) FROM ranked WHERE position <= 10 OR user_id = %(caller)s
"""
STARTS = {"month": "date_trunc('month', now())", "year": "date_trunc('year', now())", "all time": "timestamptz '1970-01-01'"}


def plain_ways(url):
    """Milliseconds of the plain way, the better of two."""
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as sql:
        for name, start in STARTS.items():
            values = {"guild": large.LARGE, "start": sql.execute(f"SELECT {start}").fetchone()[0], "caller": 25000}
            times = []
            for _ in range(2):
                began = time.perf_counter()
                sql.execute(PLAIN, values).fetchall()
                times.append(1000 * (time.perf_counter() - began))
            yield name, min(times)


def measure(figures):
    url = large.start()
    large.make(url)
    old, young = (program("queries", "leaderboard", guild, CALLS, *RANGES.values(), DATABASE_URL=url) for guild in (large.LARGE, large.YOUNG))
    for name, number in RANGES.items():
        figures.add_quantiles(f"board, {name}", old[str(number)], p99=TARGETS[name])
    for name, number in KEPT.items():
        growth = old[str(number)]["p50"] / young[str(number)]["p50"]
        figures.add(f"board, {name}: of a server with 10 million sessions, of that with 1 million", growth, "times", CALLS, MOST_GROWTH)
    for name, plain in plain_ways(url):
        figures.add(f"board, {name}: summing sessions", plain, "ms", 2)
        figures.add(f"board, {name}: times faster than that", plain / old[str(KEPT[name])]["p50"], "times", 2, 100, "higher")
