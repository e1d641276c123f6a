"""The controls under a leaderboard: clicks in, edits out."""

import io
import time

import pytest
from answers import LABELS, alt, click, controls, expected_between, gallery_item, here, jpeg_size, names, picture, words
from harness import away, forget_sessions, record_sessions, status_of, wait_for
from PIL import Image
from plain_sql import RANGES, instant, plain_board


def enabled(answer):
    return {label for label, control in controls(answer).items() if not control.get("disabled")}


def assert_shows(discord, sql, answer, name, caller, page, before):
    """The figures in words and the picture's height are those of that page."""
    figures = expected_between(sql, discord.guild, name, before, time.time(), caller, page)
    head, said = alt(answer).split(" UTC: ")
    assert f", {LABELS[name]} · " in head
    assert (said, jpeg_size(picture(discord, answer))[1]) in figures


# Pages and ranges ---------------------------------------------------------------------------------------------------


def test_every_control_changes_the_message(discord, handlers, ledger):
    """24 members, three pages."""
    handlers()
    caller = discord.people[20]
    me = {"user_id": str(caller)}
    answer = discord.leaderboard("all_time", **me)
    anywhere = {"Time range", "My page", "Voice partners", "Refresh"}
    assert (here(answer), enabled(answer)) == ("Page 1 of 3", anywhere | {"Next", "Last"})
    both = anywhere | {"First", "Previous", "Next", "Last"}
    end = anywhere | {"First", "Previous"}
    for control, page, usable in [
        ("Next", 1, both), ("Next", 2, end), ("Previous", 1, both), ("Last", 2, end), ("Refresh", 2, end), ("First", 0, anywhere | {"Next", "Last"}),
    ]:
        before = time.time()
        answer = click(discord, answer, control, **me)
        assert_shows(discord, ledger, answer, "all_time", caller, page, before)
        assert (here(answer), enabled(answer)) == (f"Page {page + 1} of 3", usable)
    position = [place.user for place in plain_board(ledger, discord.guild, "all_time", instant(time.time()))].index(caller)
    before = time.time()
    answer = click(discord, answer, "My page", **me)
    assert_shows(discord, ledger, answer, "all_time", caller, position // 10, before)
    assert here(answer) == f"Page {position // 10 + 1} of 3"


def test_the_ranges(discord, handlers, ledger):
    handlers()
    me = {"user_id": str(discord.people[2])}
    answer = click(discord, discord.leaderboard("all_time", **me), "Next", **me)
    for name in RANGES:
        before = time.time()
        answer = click(discord, answer, "Time range", name, **me)
        assert_shows(discord, ledger, answer, name, discord.people[2], 0, before)
        options = controls(answer)["Time range"]["options"]
        assert [(o["value"], o["label"]) for o in options] == list(LABELS.items())
        assert [o["value"] for o in options if o.get("default")] == [name]


def test_one_picture_replaces_the_other(discord, handlers, ledger):
    handlers()
    first = discord.leaderboard("all_time")
    second = click(discord, first, "Next")
    assert len(second["attachments"]) == 1
    assert gallery_item(first)["media"]["url"] != gallery_item(second)["media"]["url"]
    assert discord.edits()[-1]["json"]["allowed_mentions"] == {"parse": []}


def test_an_empty_board_has_controls(discord, handlers, ledger):
    handlers()
    answer = discord.leaderboard("all_time")
    for table in ("voice_session", "voice_total", "voice_daily_activity"):
        ledger.execute(f"DELETE FROM {table}")
    answer = click(discord, answer, "Time range", "past_7d")
    assert words(answer) == "Nobody has been in voice in the past 7 days."
    assert set(controls(answer)) == enabled(answer) == {"Time range", "My page", "Voice partners", "Refresh"}
    assert words(click(discord, answer, "My page")) == "Nobody has been in voice in the past 7 days."


def test_text_has_controls(discord, handlers, ledger):
    handlers()
    discord.faults(app_permissions="0")
    answer = click(discord, discord.leaderboard("all_time"), "Next")
    assert "**#11** " in words(answer) and here(answer) == "Page 2 of 3"


def test_my_page_of_somebody_without_time(discord, handlers, ledger):
    handlers()
    me = {"user_id": str(discord.people[30])}
    answer = click(discord, discord.leaderboard("all_time", **me), "Last", **me)
    assert here(click(discord, answer, "My page", **me)) == "Page 1 of 3"


def test_the_last_click_decides(discord, handlers, ledger):
    """Though its edit would be the faster one."""
    handlers(WORKERS="1")
    answer = discord.leaderboard("all_time")
    discord.faults(rest=[{"method": "PATCH", "delay_ms": 800}])
    for control in ("Last", "Next", "Refresh", "Next"):
        sent = discord.click(answer, controls(answer)[control])
        assert sent["response"] == {"type": 6}
    last = discord.answer(sent["interaction_id"])
    assert here(last) == "Page 2 of 3" and len(discord.edits()) <= 3  # the board, the last click, and perhaps the first


def test_a_later_click_may_be_with_another_handler(discord, handlers, ledger):
    handler = handlers()
    answer = discord.leaderboard("all_time")
    ledger.execute(
        "INSERT INTO interaction_pending (interaction_id, message_id, request) VALUES (%s, %s, '')", [2**62, answer["message"]["id"]]
    )
    after = discord.last_request()
    assert discord.click(answer, controls(answer)["Last"])["response"] == {"type": 6}
    wait_for(lambda: "result=overtaken" in handler.log(), "the click's end")
    assert discord.edits(after) == []


# Whose message it is ------------------------------------------------------------------------------------------------


def test_another_member_gets_a_private_copy(discord, handlers, ledger):
    handlers()
    owner, other = discord.people[2], discord.people[20]
    public = discord.leaderboard("all_time", user_id=str(owner))
    shown = picture(discord, public)
    before = time.time()
    sent = discord.click(public, controls(public)["Next"], user_id=str(other))
    assert sent["response"] == {"type": 5, "data": {"flags": 64}}
    private = discord.answer(sent["interaction_id"])
    assert private["ephemeral"] and private["message"]["id"] != public["message"]["id"]
    assert_shows(discord, ledger, private, "all_time", other, 1, before)
    assert picture(discord, public) == shown and discord.answer(public["interaction_id"])["message"] == public["message"]
    # The copy is theirs: a click changes it.
    before = time.time()
    assert_shows(discord, ledger, click(discord, private, "Last", user_id=str(other)), "all_time", other, 2, before)


def test_nobody_owns_a_message_without_metadata(discord, handlers, ledger):
    handlers()
    public = discord.leaderboard("all_time")
    message = {**public["message"]}
    del message["interaction_metadata"]
    sent = discord.click(public, controls(public)["Next"], merge={"message": message})
    assert sent["response"] == {"type": 5, "data": {"flags": 64}}
    assert discord.answer(sent["interaction_id"])["ephemeral"]


def test_controls_outlive_the_handler(discord, handlers, ledger):
    first = handlers()
    answer = discord.leaderboard("all_time")
    first.stop()
    handlers()
    assert here(click(discord, answer, "Next")) == "Page 2 of 3"


# What cannot be done ------------------------------------------------------------------------------------------------


def made_up(discord, answer, custom_id, **more):
    """A click with a custom_id that is not in the message."""
    data = {"custom_id": custom_id, "component_type": 2, "id": 6, **more}
    return discord.click(answer, controls(answer)["Refresh"], merge={"data": data})


@pytest.mark.parametrize("custom_id", ["", "x", "vc0:lb:next:this_month:1", "vc1:fly:next", "vc1", ":" * 100, "vc1:" + "😀" * 90])
def test_an_unknown_control(discord, handlers, ledger, custom_id):
    handlers()
    sent = made_up(discord, discord.leaderboard(), custom_id)
    assert (sent["response"]["type"], sent["response"]["data"]["flags"]) == (4, 64)
    assert "Please run the command again." in sent["response"]["data"]["content"]


@pytest.mark.parametrize("custom_id", ["vc1:lb:next:decade:1:0", "vc1:lb:next:all_time:x:0", "vc1:lb", "vc1:lb:range:all_time:0:0"])
def test_a_spoilt_control_leaves_the_message_alone(discord, handlers, ledger, custom_id):
    handlers()
    answer = discord.leaderboard()
    sent = made_up(discord, answer, custom_id)
    after = discord.answer(sent["interaction_id"], wait=0)
    assert sent["response"] == {"type": 6}
    wait_for(lambda: discord.answer(sent["interaction_id"], wait=0)["follow_ups"], "the words")
    after = discord.answer(sent["interaction_id"], wait=0)
    [follow_up] = after["follow_ups"]
    assert "run `/vc leaderboard` again" in follow_up["content"] and follow_up["flags"] & 64
    assert after["message"] == answer["message"]


def test_pages_made_up_by_hand(discord, handlers, ledger):
    handlers()
    answer = discord.leaderboard("all_time")
    sent = made_up(discord, answer, "vc1:lb:anything:all_time:999999999:0")
    assert here(discord.answer(sent["interaction_id"])) == "Page 3 of 3"


def test_the_database_is_away_at_a_click(discord, handlers, ledger, database):
    handlers()
    answer = discord.leaderboard("all_time")
    with away(database):
        wait_for(lambda: status_of(discord.handler_port, "/readyz") == 503, "not ready")
        sent = discord.click(answer, controls(answer)["Next"])
        wait_for(lambda: discord.answer(sent["interaction_id"], wait=0)["follow_ups"], "the words")
    after = discord.answer(sent["interaction_id"], wait=0)
    assert after["follow_ups"][0]["content"].startswith("I can't reach my records right now.")
    assert after["message"] == answer["message"]


def test_a_deleted_message(discord, handlers, ledger):
    """There is nothing to edit: it is told in the log, and the handler goes on."""
    handler = handlers()
    answer = discord.leaderboard("all_time")
    discord.faults(rest=[{"method": "PATCH", "status": 404, "code": 10008}])
    sent = discord.click(answer, controls(answer)["Next"])
    assert sent["response"] == {"type": 6}
    wait_for(lambda: "result=failed" in handler.log(), "the failure")
    assert discord.leaderboard("all_time")["attachments"]


# A large server -----------------------------------------------------------------------------------------------------

N_MEMBERS = 1005


@pytest.fixture
def large(ledger, discord):
    """1 005 members with time, some equal: 101 pages. Nothing is counted live."""
    forget_sessions(ledger)
    ledger.execute("DELETE FROM member")
    now = int(time.time())
    people = [discord.people[0]] + [1000 + i for i in range(N_MEMBERS - 1)]
    ledger.execute(
        "INSERT INTO member (guild_id, user_id, username) SELECT %s, u, 'member ' || u FROM unnest(%s::bigint[]) AS u", [discord.guild, people]
    )
    record_sessions(ledger, discord.guild, [(user, now - 90000 - 400 - i // 2 * 7919 % 20000 // 3, now - 90000) for i, user in enumerate(people)])
    return ledger


def bar_widths(discord, answer, n):
    """Pixels of each bar on a page without medals, along its middle."""
    card = Image.open(io.BytesIO(picture(discord, answer))).convert("RGB")
    tops = [174 + 82 * i + 40 + 17 for i in range(n)]
    return [sum(card.getpixel((x, top + 4))[2] > 150 for x in range(214, 952)) for top in tops]


def test_a_hundred_and_one_pages(discord, handlers, large):
    handlers()
    me = discord.people[0]
    board = plain_board(large, discord.guild, "all_time", instant(time.time()))
    known = names(large)
    answer = discord.leaderboard("all_time")
    for page in range(101):
        assert here(answer) == f"Page {page + 1} of 101"
        assert_shows(discord, large, answer, "all_time", me, page, time.time())
        if page in (1, 50, 100):
            rows = board[page * 10 : page * 10 + 10]
            widths = bar_widths(discord, answer, len(rows))
            assert [abs(w - 738 * row.seconds / board[0].seconds) < 4 for w, row in zip(widths, rows)] == [True] * len(rows)
        if page < 100:
            answer = click(discord, answer, "Next")
    assert len(known) == N_MEMBERS and len({place.rank for place in board}) < N_MEMBERS
    own = click(discord, answer, "My page")
    position = [place.user for place in board].index(me)
    assert here(own) == f"Page {position // 10 + 1} of 101" and " (you) " in alt(own)
    assert_shows(discord, large, own, "all_time", me, position // 10, time.time())
