"""How PostgreSQL runs what boards, partners and statistics ask: by the indexes meant for it, and reading no more than it must.

The programs of tests/db ask as the handler does; auto_explain, for the role that they connect as, writes the plan of each
statement to the server's log. So what is judged are the prepared statements, planned as on every connection.
"""

import collections
import json
import os
import subprocess

import psycopg
from harness import TESTS
from plain_sql import RANGES

ROLE = "judge"
EXPLAIN = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_format": "json",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_nested_statements": "on",
}

# words: the program and its arguments. indexes: names, "a|b" where either will do. rows: the most that may be read.
Question = collections.namedtuple("Question", "name words indexes rows")
# Names; tables that were read from end to end; rows, those too that a filter took out.
Reading = collections.namedtuple("Reading", "indexes whole rows")

ANYWAY = {"guild_pkey", "member_pkey"}
OPEN = "voice_session_one_open|voice_session_ended"  # either has them side by side: by its condition, or as NULLs at its end
SETTINGS = "guild_settings_pkey"
SINCE = {"all_time": {"guild_daily_activity_pkey"}}  # its first day
FEW = 100  # rows: heads, the proven moment, a page and its members
NEVER_LARGE = {"guild", "tracker_shard"}

START = {
    **{name: f"date_trunc('day', now()) - interval '{days} days'" for name, days in [("today", 0), ("hourly", 3), ("weekly", 27), ("yearly", 364)]},
    **{f"past_{n}{unit[0]}": f"now() - interval '{n} {unit}'" for n, unit in [(24, "hours"), (72, "hours"), (7, "days"), (14, "days")]},
    "this_month": "date_trunc('month', now())",
    "this_year": "date_trunc('year', now())",
    "all_time": "timestamptz '1970-01-01 00:00+00'",
    "monthly": "date_trunc('month', now()) - interval '3 months'",
}
PERIOD = {"this_month": "month", "this_year": "year", "all_time": "all"}


class Population:
    """Counts of one server, by plain SQL."""

    def __init__(self, sql, guild):
        self.sql, self.guild = sql, guild
        self.in_voice = self.count("voice_session", "ended_at IS NULL")

    def count(self, table, condition):
        return self.sql.execute(f"SELECT count(*) FROM {table} WHERE guild_id = {self.guild} AND {condition}").fetchone()[0]

    def largest_bucket(self, board):
        largest = f"SELECT coalesce(max(members), 0) FROM voice_total_bucket WHERE guild_id = %s AND {board}"
        return self.sql.execute(largest, [self.guild]).fetchone()[0]

    def busiest_hours(self):
        """Sessions that began in a channel within five hours, at most."""
        begun = "SELECT count(*) AS n FROM voice_session WHERE guild_id = %s GROUP BY channel_id, floor(extract(epoch FROM started_at) / 18000)"
        return self.sql.execute(f"SELECT max(n) FROM ({begun}) AS b", [self.guild]).fetchone()[0]


def boards(there, callers_and_pages):
    for number, name in enumerate(RANGES):
        start = START[name]
        if name == "today":
            indexes, rows = {"voice_daily_activity_pkey"}, there.count("voice_daily_activity", f"day >= {start}")
        elif name.startswith("past"):  # its whole days, and the sessions that can have touched the one it begins in
            indexes = {"voice_daily_activity_pkey", "voice_session_ended", "voice_session_member"}
            rows = there.count("voice_daily_activity", f"day > ({start})::date") + there.count("voice_daily_activity", f"day = ({start})::date + 1")
            rows += there.count("voice_session", f"ended_at > {start} AND ended_at <= date_trunc('day', {start}) + interval '2 days'")
        else:  # the caller's rank and the page are counted from the nearest bucket; who is in voice is looked up
            indexes = {"voice_total_pkey", "voice_total_ranked", "voice_total_bucket_pkey", "guild_total_pkey"}
            board = f"period = '{PERIOD[name]}' AND period_start = ({start})::date"
            rows = there.count("voice_total_bucket", board) + 2 * there.largest_bucket(board) + 2 * there.in_voice
        for caller, page in callers_and_pages:
            words = ["board", there.guild, caller, page, number]
            yield Question(f"board {name}", words, indexes | {OPEN, SETTINGS} | SINCE.get(name, set()) | ANYWAY, rows + there.in_voice + FEW)


def partners(there, member):
    indexes = {"voice_session_member", "voice_session_short", "voice_session_medium", "voice_session_long", OPEN}
    busiest = there.busiest_hours()
    for number, name in enumerate(RANGES):
        own = there.count("voice_session", f"user_id = {member} AND coalesce(ended_at, now()) > {START[name]}")
        rows = own * (1 + busiest) + there.in_voice + FEW
        yield Question(f"partners {name}", ["ask", "partners", there.guild, member, 0, number], indexes | SINCE.get(name, set()) | ANYWAY, rows)


def statistics(there, member):
    for number, name in enumerate(["yearly", "monthly", "weekly", "hourly"]):
        start, hourly = START[name], name == "hourly"
        indexes = {"guild_daily_activity_pkey", "voice_total_pkey", "guild_last_day_pkey", OPEN}
        rows = 2 * 365 + 2 * there.in_voice + FEW  # a row a day of two tables
        if hourly:
            indexes |= {"voice_session_ended"}
            rows += there.count("voice_session", f"ended_at > {start}")
        yield Question(f"statistics {name}", ["ask", "stats", there.guild, 0, number], indexes | {SETTINGS} | ANYWAY, rows)
        indexes = {"voice_daily_activity_member", "voice_total_pkey", OPEN} | ({"voice_session_member"} if hourly else set())
        rows = 3 * there.count("voice_daily_activity", f"user_id = {member}") + FEW  # the range, the streak's end, the days before
        if hourly:
            rows += there.count("voice_session", f"user_id = {member} AND ended_at > {start}")
        yield Question(f"a member's statistics {name}", ["ask", "stats", there.guild, member, number], indexes | {SETTINGS} | ANYWAY, rows)


def questions(url, guild, member):
    """The first page, the middle and the end of each board; what the member may see of theirs; what the server's are."""
    with psycopg.connect(url, options="-c timezone=UTC") as sql:
        there = Population(sql, guild)
        return [*boards(there, [(member, 0), (25_000, 2_000), (50_000, -1)]), *partners(there, member), *statistics(there, member)]


# What is found -------------------------------------------------------------------------------------------------------


def nodes_of(plan):
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes_of(below)


class Judge:
    def __init__(self, url):
        self.url = psycopg.conninfo.make_conninfo(url, user=ROLE)
        self.sql = psycopg.connect(url, autocommit=True)
        if not self.sql.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
            self.sql.execute(f"CREATE ROLE {ROLE} LOGIN SUPERUSER")
        for name, value in EXPLAIN.items():
            self.sql.execute(f"ALTER ROLE {ROLE} SET {name} = '{value}'")
        self.log = self.sql.execute("SELECT current_setting('data_directory') || '/../postgres.log'").fetchone()[0]

    def plans(self, program, *words):
        """Of all that the program asked, in functions too."""
        (begin,) = self.sql.execute("SELECT size FROM pg_stat_file(%s)", [self.log]).fetchone()
        environment = {**os.environ, "DATABASE_URL": self.url}
        subprocess.run([TESTS / "db" / program, *map(str, words)], env=environment, capture_output=True, check=True, timeout=120)
        (logged,) = self.sql.execute("SELECT convert_from(pg_read_binary_file(%s, %s, 1 << 28), 'UTF8')", [self.log, begin]).fetchone()
        return [json.JSONDecoder().raw_decode(text.lstrip())[0]["Plan"] for text in logged.split(" plan:\n")[1:]]

    def read(self, question):
        indexes, whole, rows = set(), set(), 0
        for node in (node for plan in self.plans(*question.words) for node in nodes_of(plan)):
            if "Index Name" in node:
                indexes.add(node["Index Name"])
            elif node["Node Type"] == "Seq Scan":
                whole.add(node["Relation Name"])
            else:
                continue
            removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
            rows += (node["Actual Rows"] + removed) * node["Actual Loops"]
        return Reading(indexes, whole - NEVER_LARGE, rows)

    def complaints(self, question):
        """What is wrong with how the question is answered, in words."""
        reading = self.read(question)
        known = {name for either in question.indexes for name in either.split("|")}
        for table in sorted(reading.whole):
            yield f"{question.name}: all of {table} is read"
        for either in sorted(question.indexes):
            if not reading.indexes & set(either.split("|")):
                yield f"{question.name}: {either} is not used"
        for name in sorted(reading.indexes - known):
            yield f"{question.name}: {name} is used"
        if reading.rows > question.rows:
            yield f"{question.name}: {reading.rows} rows are read, {question.rows} would do"
