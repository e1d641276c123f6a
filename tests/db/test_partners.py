"""Partners equal a plain self-join over the sessions, to the second, in every range."""

import time

import psycopg
import pytest
from asking import DAY, GUILD, RANGES, ask_partners, make_guild, random_history, record
from harness import copy_of
from plain_sql import assert_ledger_is_whole, instant, plain_partners, shown_since, start_of

pytestmark = pytest.mark.xdist_group("partners")  # its sessions are written once


@pytest.fixture(scope="module")
def history(cluster, template):
    """A database with a random history, read only."""
    with copy_of(cluster, template) as url:
        with psycopg.connect(url, autocommit=True) as sql:
            make_guild(sql)
            record(sql, random_history(int(time.time()), seed=1))
            assert_ledger_is_whole(sql)
            assert sql.execute("SELECT count(*) FROM voice_session WHERE ended_at IS NULL").fetchone()[0] > 10
            assert sql.execute("SELECT count(*) FROM voice_session WHERE total_seconds > 86400").fetchone()[0] > 10
        yield url


@pytest.mark.parametrize("member, zone", [(1, "UTC"), (2, "UTC"), (7, "Pacific/Auckland"), (37, "America/St_Johns"), (38, "UTC"), (39, "UTC")])
def test_all_ranges_equal_a_self_join(history, member, zone):
    with psycopg.connect(history, autocommit=True) as sql:
        sql.execute(f"ALTER DATABASE {sql.info.dbname} SET timezone = '{zone}'")
        found = 0
        for name, got in zip(RANGES, ask_partners(history, member, TZ=zone), strict=True):
            assert got.known and got.name == "Made up"
            start = start_of(name, instant(got.until))
            assert got.start == int(shown_since(sql, GUILD, name, instant(got.until)).timestamp())
            own, partners = plain_partners(sql, GUILD, member, start)
            assert (got.own, got.partners, got.page) == (own, len(partners), 0), name
            assert got.first == (partners[0][0] if partners else 0)
            expected = [(i + 1, seconds, user) for i, (seconds, user) in enumerate(partners[:10])]
            assert [(*row[:2], row[2][0]) for row in got.rows] == expected, name
            found += len(partners)
        assert found > 8


def test_names_and_pages(history):
    first, second, last, past = (ask_partners(history, 2, page, [7])[0] for page in (0, 1, 3, 1000))
    assert first.member == [2, "user2", "", "nick2", "", ""]
    assert 30 < first.partners <= 38
    rows = first.rows + second.rows + last.rows
    assert [row[0] for row in rows] == [*range(1, 21), *range(31, first.partners + 1)]
    assert past.page == last.page == 3 and past.rows == last.rows
    for row in rows:
        user = row[2][0]
        assert row[2][1:] == ([f"user{user}", "", f"nick{user}", "", ""] if user <= 30 else [""] * 5)


def test_what_is_no_company(sql, database):
    now = int(time.time())
    make_guild(sql)
    make_guild(sql, GUILD + 1)
    record(sql, [
        (1, 1, now - 9000, now - 8000),
        (2, 1, now - 9500, now - 9000),  # left as the member came
        (3, 1, now - 8000, now - 7500),  # came as the member left
        (4, 2, now - 9000, now - 8000),  # another channel
        (5, 1, now - 8500, now - 8500),  # within a second
    ])
    record(sql, [(6, 1, now - 9000, now - 8000)], GUILD + 1)  # another server
    got = ask_partners(database, 1, 0, [7])[0]
    assert (got.known, got.own, got.partners, got.first, got.page, got.rows) == (1, 1000, 0, 0, 0, [])
    record(sql, [(2, 1, now - 8001, now - 8000)])
    got = ask_partners(database, 1, 5, [7])[0]
    assert [(row[1], row[2][0]) for row in got.rows] == [(1, 2)]


def test_the_last_second_of_every_length(sql, database):
    """Each came long before the member and left a second after: the three indexes by length reach as far back as they must."""
    at = int(time.time()) - 3 * DAY
    make_guild(sql)
    lengths = [1, 3600, 14399, 14400, 14401, 86399, 86400, 86401, 40 * DAY]
    record(sql, [(100, 1, at, at + 500)] + [(1 + i, 1, at + 1 - length, at + 1) for i, length in enumerate(lengths)])
    got = ask_partners(database, 100, 0, [7])[0]
    assert [(row[1], row[2][0]) for row in got.rows] == [(1, 1 + i) for i in range(len(lengths))]


def test_a_stay_within_a_second_hides_none_from_before_the_range(sql, database):
    midnight = int(time.time()) // DAY * DAY
    make_guild(sql)
    record(sql, [(1, 1, midnight - 50, midnight + 5), (1, 1, midnight - 50, midnight - 50), (2, 1, midnight - 9, midnight + 3)])
    got = ask_partners(database, 1, 0, [0])[0]
    assert (got.own, [(row[1], row[2][0]) for row in got.rows]) == (5, [(3, 2)]) or got.start != midnight


def test_the_unknown(sql, database):
    assert not ask_partners(database, 1, 0, [7])[0].known
    make_guild(sql)
    got = ask_partners(database, 99, 0, [5])[0]
    assert (got.known, got.member[:2], got.own, got.partners, got.rows) == (1, [99, ""], 0, 0, [])


def test_open_sessions_end_where_proof_ends(sql, database):
    now = int(time.time())
    make_guild(sql)
    record(sql, [(1, 1, now - 3 * DAY, None), (2, 1, now - 2 * DAY, None), (3, 1, now - DAY, now - DAY + 60)])
    got = ask_partners(database, 1, 0, [7])[0]
    assert [row[2][0] for row in got.rows] == [2, 3]
    assert 2 * DAY - 3545 <= got.rows[0][1] <= 2 * DAY - 3540 + 5  # proof, and the interval after it
    sql.execute("UPDATE guild SET available = false")
    assert ask_partners(database, 1, 0, [7])[0].partners == 0
