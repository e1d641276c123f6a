"""Statistics of a large server, and of its busiest member, beside summing their sessions."""

import time

import large
import psycopg
from figures import program

CALLS = 200
BUSIEST = 1
VIEWS = ["year", "months", "weeks", "hours"]
TARGETS = {"year": 15, "months": 15, "weeks": 15, "hours": 250}

# Seconds and members of each day, cut at midnight, and the members of all.
PLAIN = """
WITH pieces AS (
    SELECT d::date AS day, user_id, least(ended_at, d + interval '1 day') - greatest(started_at, d) AS piece
      FROM voice_session, generate_series(date_trunc('day', started_at), ended_at, interval '1 day') AS d
     WHERE guild_id = %s AND ended_at > date_trunc('day', now()) - interval '364 days'
)
SELECT day, extract(epoch FROM sum(piece)), count(DISTINCT user_id), (SELECT count(DISTINCT user_id) FROM pieces)
  FROM pieces
 GROUP BY day
"""


def plain_way(url):
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as sql:
        began = time.perf_counter()
        sql.execute(PLAIN, [large.LARGE]).fetchall()
        return 1000 * (time.perf_counter() - began)


def measure(figures):
    url = large.start()
    large.make(url)
    for whose, member in ("server", 0), ("busiest member", BUSIEST):
        took = program("queries", "stats", large.LARGE, CALLS, member, *range(4), DATABASE_URL=url)
        for view, answers in zip(VIEWS, took.values()):
            figures.add_quantiles(f"statistics of the {whose}, {view}", answers, p99=TARGETS[view])
        if member == 0:
            year = took["0"]["p50"]
    plain = plain_way(url)
    figures.add("statistics of the server, year: summing its sessions", plain, "ms", 1)
    figures.add("statistics of the server, year: times faster than that", plain / year, "times", 1, better="higher")
