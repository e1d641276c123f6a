"""What tests/db/ask.c prints, and random voice histories with the truth about them in plain Python."""

import datetime
import itertools
import json
import os
import random
import subprocess
import types

from harness import TESTS, logged_in_as

GUILD = 1187440136951169024
DAY = 86400
RANGES = ["today", "past_24h", "past_72h", "past_7d", "past_14d", "this_month", "this_year", "all_time"]
VIEWS = ["yearly", "monthly", "weekly", "hourly"]

session_ids = itertools.count(1)


def ask(database, *words, **environment):
    """The answers, in the order of what was asked."""
    done = subprocess.run(
        [TESTS / "db/ask", *map(str, words)],
        env=logged_in_as("handler", {**os.environ, **environment, "DATABASE_URL": database}), capture_output=True, text=True, timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [types.SimpleNamespace(**json.loads(line)) for line in done.stdout.splitlines()]


def ask_partners(database, member, page=0, ranges=range(8), guild=GUILD, **environment):
    return ask(database, "partners", guild, member, page, *ranges, **environment)


def ask_stats(database, member, views=range(4), guild=GUILD, **environment):
    return ask(database, "stats", guild, member, *views, **environment)


def make_guild(sql, guild=GUILD):
    """A server whose tracker proved everything up to an hour ago: what is open counts no further."""
    sql.execute("INSERT INTO guild (guild_id, name, icon, shard_count, shard_id) VALUES (%s, 'Made up', 'abc', 1, 0)", [guild])
    sql.execute(
        "INSERT INTO tracker_shard (shard_count, shard_id, proven_at) VALUES (1, 0, now() - interval '1 hour')"
        " ON CONFLICT DO NOTHING"
    )
    sql.execute(
        "INSERT INTO member (guild_id, user_id, username, nick) SELECT %s, u, 'user' || u, 'nick' || u FROM generate_series(1, 30) AS u",
        [guild],
    )


def record(sql, sessions, guild=GUILD):
    """sessions: (user, channel, start, end or None), in unix seconds."""
    users, channels, starts, ends = (list(column) for column in zip(*sessions))
    sql.execute(
        "SELECT record_sessions(%s, %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[])",
        [guild, [next(session_ids) for _ in users], users, channels, starts, ends, [None if end is None else "leave" for end in ends]],
    )


def random_history(now, seed, members=36):
    """More than a year of stays of members who never are in two places: short and days long, touching, of no length, many at
    once, some still open. Denser towards the end."""
    chance = random.Random(seed)
    parties = [now - chance.randrange(90 * DAY) for _ in range(60)]  # many come at the same second
    sessions = []
    for user in range(1, members + 1):
        at = now - 420 * DAY + chance.randrange(DAY)
        while True:
            gap = chance.choice([0, 0, 1, 60, 3600, 9 * 3600, chance.randrange(6 * DAY if at < now - 40 * DAY else DAY)])
            start = next((p for p in parties if at <= p <= at + gap), at + gap)
            length = chance.choice(
                [0, 1, 59, 1800, 3599, 3600, 14399, 14400, 14401, 86399, 86400, 86401, chance.randrange(7200), chance.randrange(7200),
                 chance.randrange(30000), chance.randrange(5 * DAY if chance.random() < 0.2 else 9000)]
            )
            end = start + length
            if end > now - 3700:
                if start < now - 4000 and user % 3:
                    sessions.append((user, chance.randrange(1, 4), start, None))
                break
            sessions.append((user, chance.randrange(1, 4), start, end))
            at = end
    # Marathons: open for weeks, and ended after days within the last ones.
    sessions += [(members + 1, 1, now - 30 * DAY, None), (members + 2, 2, now - 9 * DAY, now - 2 * DAY), (members + 3, 3, now - 4000, None)]
    return sessions


class Truth:
    """What a database holds, as of a moment."""

    def __init__(self, sql, until, guild=GUILD):
        self.until = until
        proven = sql.execute(
            "SELECT least(%s::timestamptz, proven_at + make_interval(secs => interval_seconds))"
            " FROM tracker_shard JOIN guild USING (shard_count, shard_id)"
            " WHERE guild_id = %s AND available AND left_at IS NULL",
            [datetime.datetime.fromtimestamp(until, datetime.timezone.utc), guild],
        ).fetchone()
        live_until = None if proven is None or proven[0] is None else int(proven[0].timestamp())
        rows = sql.execute(
            "SELECT user_id, extract(epoch FROM started_at)::bigint, extract(epoch FROM ended_at)::bigint"
            " FROM voice_session WHERE guild_id = %s", [guild]
        ).fetchall()
        ended = [(u, s, live_until if e is None else e) for u, s, e in rows if e is not None or live_until is not None]
        self.stays = [(u, s, e) for u, s, e in ended if e > s]

    def by(self, width, start, member=0):
        """Seconds of each member in each slot of so many seconds: {slot: {user: seconds}}; from start on."""
        slots = {}
        for user, begin, end in self.stays:
            if member not in (0, user):
                continue
            at = max(begin, start)
            while at < end:
                stop = min(end, at - at % width + width)
                members = slots.setdefault(at // width, {})
                members[user] = members.get(user, 0) + stop - at
                at = stop
        return slots

    def streak(self, member):
        """How many days, and the first of them."""
        active = self.by(DAY, 0, member)
        today = self.until // DAY
        day = today if today in active else today - 1
        first = day
        while day in active:
            day -= 1
        return first - day, day + 1 if first > day else 0
