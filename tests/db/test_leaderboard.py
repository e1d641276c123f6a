"""Every board equals a plain sum over the sessions, to the second, and reads no more than it must."""

import collections
import os
import pathlib
import re
import subprocess

import psycopg
import pytest
from harness import ROOT, TESTS, copy_of, logged_in_as
from plain_sql import RANGES, assert_ledger_is_whole, instant, plain_board, shown_since

pytestmark = pytest.mark.xdist_group("leaderboard")  # its sessions are written once

GUILD = 1187440136951169024
OWN_PAGE = -1

Board = collections.namedtuple("Board", "range known start until total members in_voice first page off silent rows caller")
Row = collections.namedtuple("Row", "position rank user seconds live name")


def read_boards(database, caller=0, page=0, ranges=range(8), guild=GUILD):
    done = subprocess.run(
        [TESTS / "db/board", str(guild), str(caller), str(page), *map(str, ranges)],
        env=logged_in_as("handler", {**os.environ, "DATABASE_URL": database}), capture_output=True, text=True, check=True, timeout=120,
    )
    boards = {}
    for line in done.stdout.splitlines():
        kind, *fields = line.split("\t")
        if kind == "board":
            current = Board(*map(int, fields), [], [])
            boards[RANGES[current.range]] = current
        else:
            row = Row(*map(int, fields[:4]), fields[4] == "1", fields[5])
            (current.rows if kind == "row" else current.caller).append(row)
    return boards


def plain(sql, board, name):
    """The same board, summed as of its own moment."""
    until = instant(board.until)
    assert board.start == int(shown_since(sql, GUILD, name, until).timestamp())
    return plain_board(sql, GUILD, name, until)


MADE_UP = """
INSERT INTO guild (guild_id, name, icon, shard_count, shard_id) VALUES (%(guild)s, 'Made up', 'abc', 1, 0);
INSERT INTO tracker_shard (shard_count, shard_id, proven_at) VALUES (1, 0, now() - interval '7 seconds');
INSERT INTO member (guild_id, user_id, username) SELECT %(guild)s, u, 'user' || u FROM generate_series(1, 900) AS u;
"""

# 100 000 sessions of 1 000 members, each in a lane of its own, some of them across midnights and months, the shares of time
# uneven, some members equal to the second.
SESSIONS = """
SELECT record_sessions(%(guild)s, array_agg(n), array_agg(user_id), array_agg(1 + n %% 5), array_agg(s), array_agg(e),
                       array_agg('leave'::text))
  FROM (SELECT n, 1 + n %% 1000 AS user_id, s, s + CASE WHEN n %% 1000 IN (10, 11, 12) THEN 1000 ELSE l END AS e
          FROM (SELECT n, extract(epoch FROM now())::bigint - 700 - 86400 * 380 + (n / 1000) * 328320 + (n * 7919) %% 100000 AS s,
                       60 + ((n * 104729) %% 1000) * ((n %% 1000) * 7 %% 220) AS l
                  FROM generate_series(0::bigint, 99999) AS n) AS x) AS y
 WHERE e < extract(epoch FROM now())::bigint - 600
"""

OPEN = """
SELECT record_sessions(%(guild)s, array_agg(1000000 + n), array_agg(user_id), array_agg(1 + n %% 5), array_agg(s),
                       array_agg(NULL::bigint), array_agg(NULL::text))
  FROM (SELECT n, 1 + n * 20 AS user_id, extract(epoch FROM now())::bigint - (n * n * n) %% 500 AS s
          FROM generate_series(1::bigint, 50) AS n) AS x
"""


@pytest.fixture(scope="module")
def made_up_template(cluster, template):
    with copy_of(cluster, template) as url:
        with psycopg.connect(url, autocommit=True) as sql:
            for statement in MADE_UP.strip().split(";\n") + [SESSIONS, OPEN]:
                sql.execute(statement, {"guild": GUILD})
            sql.execute("VACUUM ANALYZE")
            assert sql.execute("SELECT count(*) FROM voice_session WHERE ended_at IS NULL").fetchone() == (50,)
            assert sql.execute("SELECT count(*) FROM voice_session").fetchone()[0] > 95_000
        yield psycopg.conninfo.conninfo_to_dict(url)["dbname"]


@pytest.fixture
def database(cluster, made_up_template):
    """In this file: a copy of the made-up server, its sessions written once."""
    with copy_of(cluster, made_up_template) as url:
        yield url


@pytest.fixture
def made_up(sql):
    sql.execute("UPDATE tracker_shard SET proven_at = now() - interval '7 seconds'")
    return sql


def test_all_ranges_equal_plain_sums(made_up, database):
    assert_ledger_is_whole(made_up)
    checked = 0
    for page, caller in [(0, 3), (0, 21), (3, 999), (10_000, 12), (OWN_PAGE, 40), (OWN_PAGE, 5_000_000)]:
        for name, board in read_boards(database, caller, page).items():
            places = plain(made_up, board, name)
            own = [r for r in places if r.user == caller]
            shown = min(page, (len(places) - 1) // 10) if page != OWN_PAGE else (own[0].position - 1) // 10 if own else 0
            assert board.page == shown
            assert (board.total, board.members) == (sum(r.seconds for r in places), len(places))
            assert (board.in_voice, board.first) == (50, places[0].seconds)
            assert [tuple(row[:5]) for row in board.rows] == places[shown * 10 : shown * 10 + 10]
            assert [row.name for row in board.rows] == [f"user{r.user}" if r.user <= 900 else "" for r in board.rows]
            assert [tuple(row[:5]) for row in board.caller] == own
            checked += 1
    assert checked == 48


def test_equal_times_share_a_rank(made_up, database):
    board = read_boards(database, 11, 0, [7])["all_time"]
    place = board.caller[0]
    around = [r for r in plain(made_up, board, "all_time") if r.seconds == place.seconds]
    assert len(around) == 3 and {r.rank for r in around} == {place.rank}


def test_open_sessions_end_where_proof_ends(made_up, database):
    made_up.execute("UPDATE tracker_shard SET proven_at = now() - interval '1 hour'")
    late = read_boards(database, 0, 0, [7])["all_time"]
    assert late.total == made_up.execute("SELECT sum(total_seconds) FROM voice_session").fetchone()[0]
    made_up.execute("UPDATE guild SET available = false")
    assert read_boards(database, 0, 0, [7])["all_time"].in_voice == 0


def test_nobody_is_in_voice_where_nobody_watches(made_up, database):
    """A tracker that lives proves presence every interval: one that is silent for two and five seconds is away."""

    def board():
        return read_boards(database, 0, 0, [5])["this_month"]

    def proven(ago):
        made_up.execute("UPDATE tracker_shard SET proven_at = now() - make_interval(secs => %s)", [ago])
        return int(made_up.execute("SELECT floor(extract(epoch FROM proven_at)) FROM tracker_shard").fetchone()[0])

    proven(60)
    assert (board().in_voice, board().silent, board().off) == (50, 0, 0)
    since = proven(126)
    away = board()
    assert (away.in_voice, away.silent) == (0, since) and not any(row.live for row in away.rows)
    made_up.execute("UPDATE tracker_shard SET interval_seconds = 120")
    assert (board().in_voice, board().silent) == (50, 0)
    made_up.execute("UPDATE tracker_shard SET proven_at = NULL")
    assert board().silent == 0  # claimed, and nothing proven yet
    made_up.execute("UPDATE guild SET shard_id = 5")
    assert (board().silent, board().off) == (0, 0)  # a shard that nobody ever claimed


def test_tracking_is_off(made_up, database):
    made_up.execute("INSERT INTO guild_settings (guild_id, tracking) VALUES (%s, false)", [GUILD])
    assert {board.off for board in read_boards(database).values()} == {1}


def test_all_time_begins_with_its_first_time(sql, database):
    """With what is open where nothing has ended."""
    young = GUILD + 2
    now = int(sql.execute("SELECT extract(epoch FROM now())::bigint").fetchone()[0])
    sql.execute("UPDATE tracker_shard SET proven_at = now()")
    sql.execute("INSERT INTO guild (guild_id, name, shard_count, shard_id) VALUES (%s, 'Young', 1, 0)", [young])
    record = "SELECT record_sessions(%s, ARRAY[%s], ARRAY[%s], ARRAY[1], ARRAY[%s], ARRAY[%s]::bigint[], ARRAY['leave'])"
    assert read_boards(database, 0, 0, [7], guild=young)["all_time"].start == 0
    sql.execute(record, [young, 1, 7, now - 100, None])
    assert read_boards(database, 0, 0, [7], guild=young)["all_time"].start == now - 100
    sql.execute(record, [young, 2, 8, now - 40 * 86400, now - 40 * 86400 + 60])
    start = (now - 40 * 86400) // 86400 * 86400
    assert read_boards(database, 0, 0, [7], guild=young)["all_time"].start == start


def test_an_empty_range_and_an_unknown_server(sql, database):
    quiet = GUILD + 1
    sql.execute("INSERT INTO guild (guild_id, name, shard_count, shard_id) VALUES (%s, 'Quiet', 1, 0)", [quiet])
    board = read_boards(database, 5, 0, [5], guild=quiet)["this_month"]
    assert (board.known, board.total, board.members, board.page, board.rows, board.caller) == (1, 0, 0, 0, [], [])
    assert read_boards(database, 5, 0, [5], guild=42)["this_month"].known == 0


@pytest.mark.parametrize("name", ["today", "this_month", "this_year", "all_time"])
def test_calendar_boards_touch_no_ended_session(made_up, name):
    source = pathlib.Path(ROOT / "db/leaderboard.c").read_text()
    plan = explain(made_up, statement_of(source, f"board_{name}"))
    scans = [node for node in plan if node.get("Relation Name") == "voice_session"]
    assert scans, "the open sessions are read"
    for node in scans:
        # Either index has the open ones side by side: the partial one, or the other's NULLs at its end.
        assert node.get("Index Name") in ("voice_session_one_open", "voice_session_ended")
        assert node["Index Name"] == "voice_session_one_open" or "ended_at IS NULL" in node["Index Cond"]
        assert node["Actual Rows"] * node["Actual Loops"] <= 50 and "Rows Removed by Filter" not in node


def statement_of(source, name):
    """The SQL as the compiler puts it together, by running the preprocessor on the table of statements."""
    done = subprocess.run(["gcc", "-E", "-P", "-I.", "-I/usr/include/cjson", "-"], input=source, capture_output=True, text=True, check=True, cwd=ROOT)
    found = re.search(r'\{"%s",((?:\s*"(?:[^"\\]|\\.)*")+)' % name, done.stdout)
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', found.group(1)))


def explain(sql, statement):
    for number, value in [("$1", GUILD), ("$2", 3), ("$3", 0)]:
        statement = statement.replace(number, str(value))
    plan = sql.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement).fetchone()[0][0]["Plan"]
    nodes, todo = [], [plan]
    while todo:
        node = todo.pop()
        nodes.append(node)
        todo += node.get("Plans", [])
    return nodes
