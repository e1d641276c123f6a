"""Voice partners: a page of the leaderboard, reached and walked by its controls."""

import random
import time

import pytest
from answers import LABELS, alt, click, controls, duration, here, jpeg_size, names, picture, words
from harness import forget_sessions, record_sessions
from plain_sql import RANGES, instant, plain_partners, start_of


@pytest.fixture
def company(ledger, discord):
    """Sessions of 24 members in few hours: plenty of company. Nothing is counted live."""
    forget_sessions(ledger)
    ledger.execute("UPDATE tracker_shard SET proven_at = NULL")
    now, dice = int(time.time()), random.Random(5)
    sessions = []
    for user in discord.people[:24]:
        for hours in (2, 20, 60, 150, 300, 700, 8000):
            start = now - hours * 3600 - dice.randrange(3600)
            sessions.append((user, start, start + dice.randrange(600, 7200)))
    record_sessions(ledger, discord.guild, sessions)
    return ledger


def expected(sql, discord, name, until, member, page):
    """What the alt text says after the range, and the picture's height."""
    own, partners = plain_partners(sql, discord.guild, member, start_of(name, until))
    known = names(sql)
    rows = list(enumerate(partners, 1))[page * 10 : page * 10 + 10]
    lines = [f"{place}. {known[user]} {duration(seconds)};" for place, (seconds, user) in rows]
    n_large = 1 if page == 0 and rows else 0
    height = 174 + 110 * n_large + 82 * (len(rows) - n_large) + 76
    many = "partner" if len(partners) == 1 else "partners"
    return " ".join([*lines, f"{len(partners)} {many}, own time in voice {duration(own)}"]), height


def assert_shows(discord, sql, answer, name, member, page, before):
    head, said = alt(answer).split(" UTC: ")
    assert head.startswith(f"Who {names(sql)[member]} shares voice with in The Lantern Room, {LABELS[name]} · ")
    assert "rank" not in alt(answer)
    candidates = [expected(sql, discord, name, instant(s), member, page) for s in range(int(before), int(time.time()) + 1)]
    assert (said, jpeg_size(picture(discord, answer))[1]) in candidates


def test_pages_ranges_and_members(discord, handlers, company):
    handlers()
    ann, bea = discord.people[3], discord.people[7]
    me = {"user_id": str(ann)}
    board = discord.leaderboard("all_time", **me)
    before = time.time()
    answer = click(discord, board, "Voice partners", **me)
    assert_shows(discord, company, answer, "all_time", ann, 0, before)
    before = time.time()
    answer = click(discord, answer, "Next", **me)
    assert_shows(discord, company, answer, "all_time", ann, 1, before)
    assert here(answer).startswith("Page 2 of ")
    for name in RANGES:
        before = time.time()
        answer = click(discord, answer, "Time range", name, **me)
        if not words_of(answer):
            assert_shows(discord, company, answer, name, ann, 0, before)
    before = time.time()
    answer = click(discord, answer, "Whose voice partners", str(bea), **me)
    assert_shows(discord, company, answer, "all_time", bea, 0, before)
    assert controls(answer)["Whose voice partners"]["default_values"] == [{"id": str(bea), "type": "user"}]
    before = time.time()
    assert_shows(discord, company, click(discord, answer, "Refresh", **me), "all_time", bea, 0, before)
    assert alt(click(discord, answer, "Leaderboard", **me)).startswith("Voice leaderboard of ")


def words_of(answer):
    return None if answer["attachments"] else words(answer)


def test_the_partners_of_whoever_clicks(discord, handlers, company):
    handlers()
    ann, bea = discord.people[3], discord.people[7]
    public = discord.leaderboard("all_time", user_id=str(ann))
    sent = discord.click(public, controls(public)["Voice partners"], user_id=str(bea))
    private = discord.answer(sent["interaction_id"])
    assert private["ephemeral"] and alt(private).startswith(f"Who {names(company)[bea]} shares")


def test_nobody_to_share_with(discord, handlers, company):
    handlers()
    me = {"user_id": str(discord.people[3])}
    answer = click(discord, discord.leaderboard("all_time", **me), "Voice partners", **me)
    stranger = discord.people[30]
    alone = click(discord, answer, "Whose voice partners", str(stranger), **me)
    assert words(alone).endswith("\u2069 has not been in voice yet.")
    company.execute("UPDATE voice_session SET channel_id = session_id")
    again = click(discord, alone, "Whose voice partners", str(discord.people[3]), **me)
    assert words(again) == "You have shared a voice channel with nobody yet."


def test_as_text(discord, handlers, company):
    handlers()
    discord.faults(app_permissions="0")
    me = {"user_id": str(discord.people[3])}
    lines = words(click(discord, discord.leaderboard("all_time", **me), "Voice partners", **me)).splitlines()
    assert lines[0] == f"### Who \u2068{names(company)[discord.people[3]]}\u2069 shares voice with · \u2068The Lantern Room\u2069"
    own, partners = plain_partners(company, discord.guild, discord.people[3], instant(0))
    shown = [line.split("** ")[0].strip("*") for line in lines[2:-1]]
    assert shown == [str(i + 1) for i in range(min(10, len(partners)))]
    assert lines[-1] == f"-# {len(partners)} partners, own time in voice {duration(own)}"


def test_a_bot_is_nobodys_partner(discord, handlers, company):
    handlers()
    [bot, *_] = [member["id"] for member in discord.state()["guilds"][0]["members"] if member.get("bot")]
    answer = click(discord, discord.leaderboard("all_time"), "Voice partners")
    sent = discord.click(answer, controls(answer)["Whose voice partners"], str(bot))
    discord.answer(sent["interaction_id"])
    [follow_up] = discord.answer(sent["interaction_id"], wait=0)["follow_ups"]
    assert follow_up["content"].startswith("Bots are not counted.")
