"""/vc stats: every combination of range, statistic and member or server, against plain Python over the sessions."""

import calendar
import random
import struct
import time

import pytest
from answers import click, controls, duration, gallery_item, names, parts, picture, words
from asking import DAY, VIEWS, Truth
from harness import forget_sessions, record_sessions
from plain_sql import instant

STATISTICS = ["average", "total", "unique"]
LABELS = {
    "yearly": "Yearly", "monthly": "Monthly", "weekly": "Weekly", "hourly": "Hourly",
    "average": "Average", "total": "Total time", "unique": "Unique members",
}
SUBTITLES = {
    "average": "Average per member per", "total": "Total voice time per", "unique": "Unique members per",
}


@pytest.fixture
def year(ledger, discord):
    """Fourteen months of sessions of 24 members, some open. They count as far as was proven an hour ago."""
    forget_sessions(ledger)
    ledger.execute("UPDATE tracker_shard SET proven_at = now() - interval '1 hour', interval_seconds = 2400")
    now, dice = int(time.time()), random.Random(11)
    sessions = []
    for user in discord.people[:24]:
        at = now - 425 * DAY
        while (at := at + dice.randrange(3 * DAY)) < now - 3 * 3600 - 30000:
            sessions.append((user, at, at := at + dice.randrange(60, 30000)))
    sessions += [(user, now - 2 * 3600 - 17, None) for user in discord.people[:3]]
    # Across a midnight.
    midnight = now // DAY * DAY - DAY
    record_sessions(ledger, discord.guild, sessions)
    record_sessions(ledger, discord.guild, [(discord.people[25], midnight - 600, midnight + 1200)])
    return ledger


def first_day(view, today):
    if view == "yearly":
        return today - 364
    if view == "hourly":
        return today - 3
    if view == "weekly":
        return today - (today + 3) % 7 - 21
    date = instant(today * DAY)
    year, month = divmod(date.year * 12 + date.month - 1 - 3, 12)
    return calendar.timegm((year, month + 1, 1, 0, 0, 0)) // DAY


def date(day):
    at = instant(day * DAY)
    return f"{at.day} {at:%b %Y}"


def count(n, one, many):
    return f"{n:,} {one if n == 1 else many}"


def figures(sql, guild, view, member, until, between):
    """The figures in words, from the sessions."""
    truth = Truth(sql, until, guild)
    today = until // DAY
    days = truth.by(DAY, first_day(view, today) * DAY, member)
    sums = [(day, sum(m.values()), len(m)) for day, m in sorted(days.items(), reverse=True)]
    total, member_days = sum(s[1] for s in sums), sum(s[2] for s in sums)
    most = max(sums, key=lambda s: s[1])
    if member:
        streak, _ = truth.streak(member)
        lines = [
            f"Total {duration(total)} on {count(len(sums), 'active day', 'active days')}", f"Per active day {duration(total // len(sums))}",
            f"Current streak {count(streak, 'day', 'days')}", f"Most active day {date(most[0])} with {duration(most[1])}",
        ]
        return between.join(lines)
    crowd = max(sums, key=lambda s: s[2])
    keen = max(sums, key=lambda s: s[1] / s[2])
    unique = len({user for m in days.values() for user in m})
    lines = [
        f"Total {duration(total)} (most on {date(most[0])}: {duration(most[1])})",
        f"Unique members {unique:,} (most on {date(crowd[0])}: {crowd[2]:,})",
        f"Average per member per day {duration(total // member_days)} (most on {date(keen[0])}: {duration(keen[1] // keen[2])})",
    ]
    return between.join(lines)


def png_size(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])


def assert_shows(discord, sql, answer, view, statistic, member, before):
    """The alt text's figures and the picture's size; which controls stand out."""
    head, said = gallery_item(answer)["description"].split(" UTC: ")
    assert said in [figures(sql, discord.guild, view, member, s, "; ") for s in range(int(before), int(time.time()) + 1)]
    name = names(sql)[member] if member else "The Lantern Room"
    assert head.startswith(f"{name}, {SUBTITLES[statistic] if not member else ''}")
    assert png_size(picture(discord, answer)) == ((1000, 516) if view == "yearly" else (1000, 700))
    [file] = discord.edits()[-1]["files"]
    assert file["content_type"] == "image/png" and file["filename"].endswith(".png")
    chosen = {label for label, control in controls(answer).items() if control.get("style") == 1}
    assert chosen == {LABELS[view]} | ({LABELS[statistic]} if not member else set())


def stats(discord, user_id, **options):
    sent = discord.interaction(command="stats", options=options, user_id=str(user_id))
    assert sent["response"] == {"type": 5}, sent
    return discord.answer(sent["interaction_id"])


@pytest.mark.parametrize("view", [None, *VIEWS])
def test_a_command_of_every_kind(discord, handlers, year, view):
    handlers()
    ann, bea = discord.people[3], discord.people[25]
    asked = {"time_range": view} if view else {}
    for member, options in [(ann, {}), (bea, {"user": str(bea)}), *((0, {"statistic": s}) for s in STATISTICS)]:
        before = time.time()
        answer = stats(discord, ann, **asked, **options)
        assert_shows(discord, year, answer, view or "monthly", options.get("statistic", "total"), member, before)


def test_each_change_keeps_the_other_choices(discord, handlers, year):
    handlers()
    ann, bea = discord.people[3], discord.people[7]
    me = {"user_id": str(ann)}
    answer = stats(discord, ann, statistic="unique", time_range="weekly")
    shown = ["weekly", "unique", 0]
    for control, value, place, now in [
        ("Hourly", None, 0, "hourly"), ("Average", None, 1, "average"), ("Me", None, 2, ann), ("Yearly", None, 0, "yearly"),
        ("Choose a member", str(bea), 2, bea), ("Monthly", None, 0, "monthly"), ("Refresh", None, 0, "monthly"),
        ("Server", None, 2, 0), ("Total time", None, 1, "total"), ("Yearly", None, 0, "yearly"), ("Unique members", None, 1, "unique"),
    ]:
        before = time.time()
        answer = click(discord, answer, control, value, **me)
        shown[place] = now
        assert_shows(discord, year, answer, *shown, before)


def test_another_member_looks_at_their_own(discord, handlers, year):
    handlers()
    ann, bea = discord.people[3], discord.people[7]
    public = stats(discord, ann)
    before = time.time()
    sent = discord.click(public, controls(public)["Me"], user_id=str(bea))
    private = discord.answer(sent["interaction_id"])
    assert private["ephemeral"]
    assert_shows(discord, year, private, "monthly", "total", bea, before)


def test_this_months_days_are_this_months_board(discord, handlers, year):
    handlers()
    start = int(instant(time.time()).replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp())
    days = Truth(year, int(time.time()), discord.guild).by(DAY, start)  # the same at every second: what is open counts no further
    total = sum(sum(members.values()) for members in days.values())
    assert f"; {duration(total)} in total, " in gallery_item(discord.leaderboard("this_month"))["description"]


def test_across_midnight(discord, handlers, year):
    """Ten minutes on one day, twenty on the next."""
    handlers()
    said = gallery_item(stats(discord, discord.people[25], time_range="yearly"))["description"]
    assert "Total 30m on 2 active days; Per active day 15m; " in said and " with 20m" in said


def test_nothing_is_counted(discord, handlers, year):
    handlers()
    ann, stranger = discord.people[3], discord.people[40]
    year.execute("UPDATE tracker_shard SET interval_seconds = 60")
    assert " UTC \u00b7 Not counting since " in gallery_item(stats(discord, ann))["description"]
    year.execute("INSERT INTO guild_settings (guild_id, tracking) VALUES (%s, false)", [discord.guild])
    assert " UTC \u00b7 Tracking is off: " in gallery_item(stats(discord, ann))["description"]
    assert words(stats(discord, stranger)).endswith(" or in the three before. Tracking is off.")


def test_in_words(discord, handlers, year):
    handlers()
    ann, stranger = discord.people[3], discord.people[40]
    name = names(year)[ann]
    said = {view: words(stats(discord, stranger, time_range=view)) for view in VIEWS}
    assert all(text.startswith("You have not been in voice ") for text in said.values()) and len(set(said.values())) == 4
    assert "\u2069 has not been in voice " in words(stats(discord, ann, user=str(stranger)))
    assert {LABELS[view] for view in VIEWS} <= set(controls(stats(discord, stranger)))
    both = stats(discord, ann, user=str(ann), statistic="total")
    assert words(both).startswith("`statistic` is for the whole server") and parts(both)[1] == []
    assert words(stats(discord, ann, time_range="daily")).startswith("I do not know this time range.")
    assert words(stats(discord, ann, statistic="most")).startswith("I do not know this statistic.")
    [bot, *_] = [member["id"] for member in discord.state()["guilds"][0]["members"] if member.get("bot")]
    assert words(stats(discord, ann, user=bot)).startswith("Bots are not counted.")
    discord.faults(app_permissions="0")
    before = time.time()
    lines = words(stats(discord, ann, time_range="weekly")).split("\n", 2)
    assert lines[0] == f"### \u2068{name}\u2069 · Daily voice time" and lines[1].startswith("4 weeks · ")
    assert lines[2] in [figures(year, discord.guild, "weekly", ann, s, "\n") for s in range(int(before), int(time.time()) + 1)]


def test_an_empty_server(discord, handlers, ledger):
    forget_sessions(ledger)
    handlers()
    for view in VIEWS:
        assert words(stats(discord, discord.people[0], time_range=view, statistic="unique")).startswith("Nobody has been in voice ")
