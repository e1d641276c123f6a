"""Statistics equal plain Python over the sessions, to the second, in every view."""

import calendar
import time

import psycopg
import pytest
from asking import DAY, VIEWS, Truth, ask_stats, make_guild, random_history, record
from harness import copy_of
from plain_sql import RANGES, instant
from test_leaderboard import read_boards

pytestmark = pytest.mark.xdist_group("stats")  # its sessions are written once

NOBODY = [0, "", "", "", "", ""]


@pytest.fixture(scope="module")
def history(cluster, template):
    """A database with a random history, read only."""
    with copy_of(cluster, template) as url:
        with psycopg.connect(url, autocommit=True) as sql:
            make_guild(sql)
            record(sql, random_history(int(time.time()), seed=2))
        yield url


def periods_of(view, today):
    """The first day of each, the present one first, and how many days they have."""
    if view == "yearly":
        return [(today - 364, 365)]
    if view == "hourly":
        return [(today - ago, 1) for ago in range(4)]
    if view == "weekly":
        monday = today - (today + 3) % 7  # 1970 began on a Thursday
        return [(monday - 7 * ago, 7) for ago in range(4)]
    date = instant(today * DAY)
    months = [divmod(date.year * 12 + date.month - 1 - ago, 12) for ago in range(4)]
    return [(calendar.timegm((year, month + 1, 1, 0, 0, 0)) // DAY, calendar.monthrange(year, month + 1)[1]) for year, month in months]


def assert_equals_truth(sql, view, member, got):
    truth = Truth(sql, got.until)
    today = got.until // DAY
    width = 3600 if view == "hourly" else DAY
    periods = periods_of(view, today)
    start = min(first for first, _ in periods) * DAY
    slots, days = truth.by(width, start, member), truth.by(DAY, start, member)

    assert got.known and got.start == start
    assert [period["first_day"] for period in got.periods] == [first for first, _ in periods]
    for period, (first, n_days) in zip(got.periods, periods):
        numbers = range(first * DAY // width, (first + n_days) * DAY // width)
        members = [slots.get(n, {}) for n in numbers]
        assert period["slots"] == [[sum(m.values()), len(m)] for m in members]
        assert period["begun"] == sum(n * width <= got.until for n in numbers)
        assert period["over"] == sum((n + 1) * width <= got.until for n in numbers)

    sums = [[day, sum(m.values()), len(m)] for day, m in sorted(days.items(), reverse=True)]
    assert got.total == sum(day[1] for day in sums)
    assert got.unique == len({user for m in days.values() for user in m})
    assert got.member_days == sum(day[2] for day in sums)
    assert got.peak_total == max(sums, key=lambda day: day[1], default=[0, 0, 0])
    assert got.peak_members == max(sums, key=lambda day: day[2], default=[0, 0, 0])
    assert got.peak_average == max(sums, key=lambda day: day[1] / day[2], default=[0, 0, 0])
    assert (got.streak, got.since) == (truth.streak(member) if member else (0, 0))


@pytest.mark.parametrize("member, zone", [
    (0, "UTC"), (0, "Pacific/Auckland"), (0, "America/St_Johns"), (1, "UTC"), (1, "Pacific/Auckland"), (2, "America/St_Johns"),
    *((user, "UTC") for user in (5, 21, 37, 38, 39, 99)),
])
def test_all_views_equal_the_truth(history, member, zone):
    with psycopg.connect(history, autocommit=True) as sql:
        sql.execute(f"ALTER DATABASE {sql.info.dbname} SET timezone = '{zone}'")
        for view, got in zip(VIEWS, ask_stats(history, member, TZ=zone), strict=True):
            assert (got.name, got.icon) == ("Made up", "abc")
            assert got.member == (NOBODY if member == 0 else [member, f"user{member}", "", f"nick{member}", "", ""] if member <= 30 else [member, *NOBODY[1:]])
            assert_equals_truth(sql, view, member, got)


def test_this_months_days_are_this_months_board(history):
    month = ask_stats(history, 0, [VIEWS.index("monthly")])[0]
    board = read_boards(history, ranges=[RANGES.index("this_month")])["this_month"]
    present = month.periods[0]
    assert present["first_day"] * DAY == board.start
    assert sum(seconds for seconds, _ in present["slots"]) == board.total
    own = ask_stats(history, board.rows[0].user, [VIEWS.index("monthly")])[0]
    assert sum(seconds for seconds, _ in own.periods[0]["slots"]) == board.first


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/St_Johns"])
def test_a_night_is_booked_on_both_its_days(sql, database, zone):
    sql.execute(f"ALTER DATABASE {sql.info.dbname} SET timezone = '{zone}'")
    make_guild(sql)
    midnight = int(time.time()) // DAY * DAY - DAY
    record(sql, [(7, 1, midnight - 600, midnight + 1200), (8, 1, midnight - 60, midnight)])
    for member, before, after in [(7, [600, 1], [1200, 1]), (0, [660, 2], [1200, 1]), (8, [60, 1], [0, 0])]:
        for view, got in zip(VIEWS, ask_stats(database, member, TZ=zone)):
            assert_equals_truth(sql, view, member, got)
            slots = {}
            for period in got.periods:
                slots |= {period["first_day"] * (24 if view == "hourly" else 1) + i: slot for i, slot in enumerate(period["slots"])}
            number = midnight // (3600 if view == "hourly" else DAY)
            assert (slots[number - 1], slots[number]) == (before, after)


def days_on(*ago):
    """Ten seconds on each of these days; even those of today need not be over."""
    today = int(time.time()) // DAY * DAY
    return [(7, 1, today - n * DAY, today - n * DAY + 10) for n in sorted(ago, reverse=True)]


@pytest.mark.parametrize("ago, streak", [
    ([], 0), ([0], 1), ([1], 1), ([2], 0), ([0, 1, 2], 3), ([1, 2, 4, 5, 6], 2), ([0, 2, 3], 1), (range(1, 500), 499),
])
def test_streaks(sql, database, ago, streak):
    make_guild(sql)
    if ago:
        record(sql, days_on(*ago))
    today = int(time.time()) // DAY
    for view, got in zip(VIEWS, ask_stats(database, 7)):
        assert_equals_truth(sql, view, 7, got)
        assert got.streak == streak or got.until // DAY != today


def test_a_streak_goes_on_in_what_is_open(sql, database):
    make_guild(sql)
    sql.execute("UPDATE tracker_shard SET proven_at = now()")
    now = int(time.time())
    # Days of ended time, then open for three days and more; ended time on the day it opened too.
    opened = now // DAY * DAY - 3 * DAY + 7200
    record(sql, [*days_on(4, 5, 6, 8), (7, 1, opened - 3600, opened - 1800), (7, 1, opened, None)])
    for view, got in zip(VIEWS, ask_stats(database, 7)):
        assert_equals_truth(sql, view, 7, got)
        assert got.streak == 7 or got.until // DAY != now // DAY
    # Proven no further than three days ago: the open session says nothing of the days since.
    sql.execute("UPDATE tracker_shard SET proven_at = to_timestamp(%s)", [opened + 60])
    got = ask_stats(database, 7, [0])[0]
    assert_equals_truth(sql, "yearly", 7, got)
    assert got.streak == 0


def test_a_stay_within_a_second_counts_nowhere(sql, database):
    make_guild(sql)
    now = int(time.time())
    record(sql, [(7, 1, now - 100, now - 100), (8, 1, now // DAY * DAY, None)])
    sql.execute("UPDATE tracker_shard SET proven_at = to_timestamp(%s), interval_seconds = 0", [now // DAY * DAY])
    for member in (0, 7, 8):
        for view, got in zip(VIEWS, ask_stats(database, member)):
            assert_equals_truth(sql, view, member, got)
            assert (got.total, got.unique, got.member_days, got.streak) == (0, 0, 0, 0)


def test_what_is_open_up_to_midnight_is_not_of_the_next_day(sql, database):
    make_guild(sql)
    midnight = int(time.time()) // DAY * DAY
    record(sql, [(7, 1, midnight - 7200, None)])
    sql.execute("UPDATE tracker_shard SET proven_at = to_timestamp(%s), interval_seconds = 0", [midnight])
    for member in (0, 7):
        for view, got in zip(VIEWS, ask_stats(database, member)):
            assert_equals_truth(sql, view, member, got)
            assert (got.total, got.unique, got.member_days) == (7200, 1, 1)


def test_the_edges_of_each_view(sql, database):
    """The first second of the first day, the last before it, and a stay across both, beside one of no length."""
    make_guild(sql)
    sql.execute("UPDATE tracker_shard SET proven_at = now()")
    now = int(time.time())
    firsts = sorted(min(first for first, _ in periods_of(view, now // DAY)) * DAY for view in VIEWS)
    record(sql, [(10 * i + n, 1, first + begin, first + end) for i, first in enumerate(firsts) for n, begin, end in [
        (1, 0, 1), (2, -1, 0), (3, -20, 20), (3, -20, -20), (4, 3, 9),
    ]])
    record(sql, [(10 * i + 4, 1, now - 5, None) for i in range(4)])
    for member in (0, 1, 2, 3, 4, 13, 23, 33):
        for view, got in zip(VIEWS, ask_stats(database, member)):
            assert_equals_truth(sql, view, member, got)


def test_members_in_voice_are_counted_once(sql, database):
    """With ended time on the same day, before the range, or none at all."""
    make_guild(sql)
    sql.execute("UPDATE tracker_shard SET proven_at = now()")
    now = int(time.time())
    midnight = now // DAY * DAY
    record(sql, [(7, 1, midnight - 40 * DAY, midnight - 40 * DAY + 60), (8, 1, midnight - 30, midnight - 20), (9, 1, midnight - 2000, midnight - 1000)])
    record(sql, [(user, 1, midnight - 10, None) for user in (7, 8)] + [(9, 1, midnight - 900, midnight - 800), (10, 1, midnight - 10, None)])
    for view, got in zip(VIEWS, ask_stats(database, 0)):
        assert_equals_truth(sql, view, 0, got)
        assert got.unique == 4


def test_no_proof_and_an_unknown_server(sql, database):
    assert not ask_stats(database, 0, [0])[0].known
    make_guild(sql)
    record(sql, [(7, 1, int(time.time()) - 3 * DAY, None)])
    sql.execute("UPDATE guild SET left_at = now()")
    for member in (0, 7):
        for view, got in zip(VIEWS, ask_stats(database, member)):
            assert_equals_truth(sql, view, member, got)
            assert got.total == 0
