"""Partners of a member with ten thousand sessions, beside a self-join on overlap."""

import time

import large
import psycopg
from boards import RANGES
from figures import program

CALLS = 100
BUSIEST = 1
TARGETS = {"month": 25, "year": 100, "all time": 250}

PLAIN = """
SELECT theirs.user_id,
       sum(extract(epoch FROM least(mine.ended_at, theirs.ended_at) - greatest(mine.started_at, theirs.started_at, date_trunc('month', now()))))
  FROM voice_session AS mine
  JOIN voice_session AS theirs USING (guild_id, channel_id)
 WHERE guild_id = %s AND mine.user_id = %s AND theirs.user_id <> mine.user_id AND mine.ended_at > date_trunc('month', now())
   AND mine.started_at < theirs.ended_at AND theirs.started_at < mine.ended_at AND theirs.ended_at > date_trunc('month', now())
 GROUP BY theirs.user_id
 ORDER BY 2 DESC
 LIMIT 10
"""


def plain_way(url):
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as sql:
        began = time.perf_counter()
        sql.execute(PLAIN, [large.PARTNERS, BUSIEST]).fetchall()
        return 1000 * (time.perf_counter() - began)


def measure(figures):
    url = large.start()
    large.make(url)
    took = program("queries", "partners", large.PARTNERS, CALLS, BUSIEST, *RANGES.values(), DATABASE_URL=url)
    for name, number in RANGES.items():
        figures.add_quantiles(f"partners, {name}", took[str(number)], p99=TARGETS.get(name))
    plain = plain_way(url)
    figures.add("partners, month: self-join on overlap", plain, "ms", 1)
    figures.add("partners, month: times faster than that", plain / took["5"]["p50"], "times", 1, better="higher")
