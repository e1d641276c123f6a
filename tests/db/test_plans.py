"""What boards, partners and statistics ask is answered by the indexes meant for it, on a server of 200 000 sessions."""

import re
import subprocess

import psycopg
import pytest
from harness import ROOT, copy_of
from plain_sql import assert_ledger_is_whole
from plans import Judge, questions

pytestmark = pytest.mark.xdist_group("plans")  # its server is made once

GUILD, MEMBER = 1, 1
POPULATION = {"guild": GUILD, "days": 60, "active": 900, "stays": 3.4, "channels": 20}


def make_up(url, sample):
    variables = [word for name, value in POPULATION.items() for word in ("-v", f"{name}={value}")]
    subprocess.run(["psql", url, *variables, "-qf", ROOT / "db/sample" / sample], capture_output=True, check=True)


@pytest.fixture(scope="module")
def server(cluster, template):
    """A database, read only but for its indexes."""
    with copy_of(cluster, template) as url:
        make_up(url, "quiet.sql")  # among which one is a thousand times as large as the average
        make_up(url, "large.sql")
        with psycopg.connect(url, autocommit=True) as sql:
            sql.execute("INSERT INTO guild_settings (guild_id) SELECT guild_id FROM guild")
            sql.execute("VACUUM ANALYZE")
        yield url


@pytest.fixture(scope="module")
def asked(server):
    return questions(server, GUILD, MEMBER)


def test_the_made_up_server_is_whole(server):
    with psycopg.connect(server) as sql:
        assert sql.execute("SELECT count(*) FROM voice_session").fetchone()[0] > 150_000
        assert_ledger_is_whole(sql)


def test_every_question_is_answered_by_its_indexes(server, asked):
    judge = Judge(server)
    assert len(asked) == 8 * 3 + 8 + 4 * 2
    complaints = [complaint for question in asked for complaint in judge.complaints(question)]
    assert not complaints, "\n".join(complaints)


# Fifty rows a server in every table, and none of which more is known.
UNDERRATE = """
UPDATE pg_statistic SET stadistinct = greatest(1, reltuples / 50), stakind1 = CASE stakind1 WHEN 1 THEN 0 ELSE stakind1 END
  FROM pg_class c
 WHERE c.oid = starelid AND staattnum = 1 AND relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


@pytest.fixture
def underrated(server):
    """The planner takes the server for one of very many."""
    with psycopg.connect(server, autocommit=True) as sql:
        sql.execute(UNDERRATE)
        yield
        sql.execute("ANALYZE")


def test_however_small_the_planner_thinks_it_is(server, asked, underrated):
    judge = Judge(server)
    robust = [question for question in asked if re.match("board (this|all)|partners|statistics", question.name)]
    assert len(robust) == 3 * 3 + 8 + 4
    complaints = [complaint for question in robust for complaint in judge.complaints(question)]
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def instead(server):
    """Puts something else, or nothing, in the place of an index, for the length of a test."""
    with psycopg.connect(server, autocommit=True) as sql:
        changed = {}

        def instead(index, other=None):
            (changed[index],) = sql.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [index]).fetchone()
            sql.execute(f"DROP INDEX {index}")
            if other:
                sql.execute(f"CREATE INDEX {index} {other}")

        yield instead
        for index, definition in changed.items():
            sql.execute(f"DROP INDEX IF EXISTS {index}")
            sql.execute(definition)


@pytest.mark.parametrize(
    "index, name",
    [
        ("voice_session_member", "partners past_24h"),
        ("voice_session_short", "partners past_24h"),
        ("voice_session_medium", "partners past_24h"),
        ("voice_session_long", "partners past_24h"),
        ("voice_session_ended", "board past_7d"),
        ("voice_daily_activity_member", "a member's statistics yearly"),
        ("voice_total_ranked", "board this_month"),
    ],
)
def test_an_index_that_is_gone_is_missed(server, asked, instead, index, name):
    instead(index)
    judge = Judge(server)
    assert all(f"{name}: {index} is not used" in judge.complaints(question) for question in asked if question.name == name)


def test_reading_too_much_is_noticed(server, asked, instead):
    instead("voice_session_short", "ON voice_session (guild_id, channel_id) INCLUDE (user_id, started_at, ended_at) WHERE total_seconds <= 14400")
    (question,) = (question for question in asked if question.name == "partners past_24h")
    (complaint,) = Judge(server).complaints(question)
    assert "rows are read" in complaint
