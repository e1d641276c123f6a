"""The local Discord's page in a browser: a person at keyboard and mouse, before the real handler and tracker."""

import re

import pytest
from answers import LABELS
from browser import LAST, visit
from harness import wait_for
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.xdist_group("browser")  # one at a time

LATE_EDIT = {"method": "PATCH", "path_contains": "@original", "delay_ms": 800}


@pytest.fixture
def page(browser, discord, handlers, ledger):
    """The page of a local Discord whose handler runs and has registered its commands."""
    assert handlers("--register", wait=False).process.wait(20) == 0
    handler = handlers()
    with visit(browser, discord.url) as page:
        page.handler = handler
        yield page


@pytest.fixture
def members(discord):
    return [member for member in discord.state()["guilds"][0]["members"] if not member.get("bot")]


# Commands -----------------------------------------------------------------------------------------------------------


def test_a_typed_command(page, discord):
    discord.faults(rest=[LATE_EDIT])
    page.type("/vc leaderboard time_range:past_7d", Keys.ENTER)
    page.wait_text(LAST, "is thinking…")
    assert page.text(f"{LAST} .used").split() == ["Mira", "Kovač", "used", "/vc", "leaderboard"]
    assert ", Past 7 days · " in page.picture()
    assert "thinking" not in page.text(LAST)


def test_a_command_by_keyboard_alone(page):
    """Typing, Tab, arrows, Enter; then from control to control."""
    page.type("/")
    page.wait_text(".suggestions", "Who spent the most time in voice")
    page.type(Keys.TAB)
    page.wait_text("#composer .chip", "/vc leaderboard")
    page.wait_text(".suggestions", "time_range")
    page.type(Keys.ARROW_DOWN, Keys.ENTER)
    page.wait_text("#composer .field", "time_range")
    page.wait_text(".suggestions", "All time")
    page.type("past", Keys.ARROW_DOWN, Keys.ENTER, Keys.ENTER)
    assert ", Past 72 hours · " in page.picture()
    page.tab_back()
    assert page.focused() == "Refresh"
    page.type(Keys.ENTER)
    page.wait_over()
    assert page.focused() == "Refresh"


def test_leaving_a_command(page):
    page.type("/vc nonsense")
    page.wait_text(".suggestions", "No such command")
    page.type(Keys.ENTER)
    page.wait_text("#notice", "No such command")
    page.type(Keys.ESCAPE, Keys.ESCAPE, "/lead", Keys.ENTER)
    page.wait_text("#composer .chip", "/vc leaderboard")
    page.type("time_range:neverland", Keys.ENTER)
    page.wait_text("#notice", "time_range needs a value")
    page.type(*[Keys.BACKSPACE] * len("neverland-"))
    wait_for(lambda: page.all("#composer .chip") and not page.all("#composer .field"), "the option's end")
    page.type(Keys.BACKSPACE)
    wait_for(lambda: not page.all("#composer .chip"), "the chip's end")
    assert not page.all("#messages > li")


def test_a_handler_that_does_not_answer(page):
    page.command("/vc leaderboard ")
    page.handler.stop()
    page.begin_press("Refresh")
    page.wait_text(LAST, "This interaction failed")
    page.type("/vc leaderboard ", Keys.ENTER)
    page.wait_text(LAST, "The application did not respond")
    page.click(f"{LAST} button.inline")
    wait_for(lambda: len(page.all("#messages > li")) == 1, "the end of the message")


# Controls -----------------------------------------------------------------------------------------------------------


def test_every_control(page, discord):
    """24 members have time: three pages."""
    page.command("/vc leaderboard time_range:all_time")
    assert page.labels() == {
        "First": False, "Previous": False, "Page 1 of 3": False, "Next": True, "Last": True, "My page": True, "Voice partners": True, "Refresh": True,
    }
    for control, place in [("Next", 2), ("Last", 3), ("Previous", 2), ("Refresh", 2), ("First", 1), ("Last", 3)]:
        page.press(control)
        wait_for(lambda: f"Page {place} of 3" in page.labels(), f"page {place} after {control}")
        page.picture()
    page.press("My page")
    own = (int(re.search(r"(\d+)\. Mira Kovač \(you\)", page.picture())[1]) + 9) // 10
    wait_for(lambda: f"Page {own} of 3" in page.labels(), f"the caller's page, {own}")
    for label in LABELS.values():
        page.choose(f"{LAST} .select", label)
        page.wait_over()
        wait_for(lambda: f", {label} · " in page.picture(), label)
        assert page.text(f"{LAST} .select") == label
    assert len(page.all("#messages > li")) == 1


def test_a_click_is_busy_until_its_answer(page, discord):
    page.command("/vc leaderboard time_range:all_time")
    discord.faults(rest=[LATE_EDIT])
    page.begin_press("Next")
    wait_for(lambda: page.all(f"{LAST} .button[aria-busy=true]"), "dots in the button")
    assert page.all(f"{LAST} .button:not(:disabled):not([aria-disabled=true])") == []
    page.wait_over()
    wait_for(lambda: page.labels()["Previous"], "the next page")
    assert page.all(f"{LAST} [aria-busy=true]") == []
    assert page.focused() == "Next"


def test_another_member_gets_a_private_copy(page, members):
    page.command("/vc leaderboard time_range:all_time")
    page.play(members[5])
    page.begin_press("Next")
    page.wait_text(LAST, "Only you can see this")
    page.wait_over()
    assert f"{members[5]['name']} (you)" in page.picture() and page.labels()["Page 2 of 3"] is False
    first = "#messages > li:first-child"
    assert "Page 1 of 3" in page.labels(first) and "Only you" not in page.text(first)
    page.play(members[0])
    assert len(page.all("#messages > li")) == 1
    page.play(members[5])
    page.click(f"{LAST} button.inline")
    wait_for(lambda: len(page.all("#messages > li")) == 1, "the dismissal")
    page.browser.refresh()
    wait_for(lambda: len(page.all("#messages > li")) == 1, "the page")


# Partners and settings ----------------------------------------------------------------------------------------------


def test_voice_partners(page, members):
    """All by mouse: one's own, another member's in another range, and back."""
    page.command("/vc leaderboard time_range:all_time")
    page.press("Voice partners")

    def wait_shown(whose, label):
        wait_for(lambda: page.picture().startswith(f"Who {whose} shares voice with in The Lantern Room, {label} · "), f"{whose}, {label}")

    wait_shown("Mira Kovač", "All time")
    other = members[4]["name"]
    page.pick("Whose voice partners", other)
    wait_shown(other, "All time")
    assert page.attribute(f"{LAST} .select[aria-label^=Whose]", "aria-label") == f"Whose voice partners: {other}"
    page.press("Next")
    wait_for(lambda: [label for label in page.labels() if label.startswith("Page 2 of ")], "the second page")
    page.pick("Time range", "This year")
    wait_shown(other, "This year")
    page.press("Leaderboard")
    wait_for(lambda: page.picture().startswith("Voice leaderboard of The Lantern Room, This year · "), "the leaderboard")


def test_settings(page, ledger, trackers, members):
    trackers.start()
    page.wait_text("#tracker", "Tracker connected")
    wait_for(lambda: ledger.execute("SELECT FROM guild WHERE afk_channel_id IS NOT NULL").fetchone() is not None, "the AFK channel")
    page.click("#manage")
    page.ask("/vc settings ")
    page.wait_text(LAST, "Only you can see this")
    page.wait_text(LAST, "The AFK channel Asleep is counted.")
    for control, now in [("Stop tracking", "off"), ("Start tracking", "on")]:
        page.press(control)
        page.wait_text(LAST, f"Tracking is {now}.")
    page.press("Don't count the AFK channel")
    page.wait_text(LAST, "The AFK channel Asleep is not counted.")
    page.play(members[3])
    assert not page.all("#messages > li")


def test_statistics(page, members):
    """Every range and statistic, the server, a member, oneself."""
    page.command("/vc stats ")
    mine = f"{members[0]['name']}, Daily voice time, 4 months · "

    def wait_shown(words):
        wait_for(lambda: page.picture().startswith(words), words)

    wait_shown(mine)
    for control, words in [("Yearly", "Voice activity, 365 days"), ("Weekly", "Daily voice time, 4 weeks"), ("Hourly", "Hourly voice time, 4 days")]:
        page.press(control)
        wait_for(lambda: f", {words} · " in page.picture() or "not been in voice" in page.text(LAST), words)
    page.press("Monthly")
    wait_shown(mine)
    page.press("Server")
    wait_shown("The Lantern Room, Total voice time per day, ")
    for control, words in [("Unique members", "Unique members per day"), ("Average", "Average per member per day"), ("Total time", "Total voice time per day")]:
        page.press(control)
        wait_shown(f"The Lantern Room, {words}, 4 months · ")
    page.pick("Choose a member", members[4]["name"])
    wait_shown(f"{members[4]['name']}, Daily voice time, 4 months · ")
    page.press("Me")
    wait_shown(mine)
    assert len(page.all("#messages > li")) == 1


def test_settings_are_not_for_everybody(page):
    """Neither the command nor a click; and a click that is answered in words leaves its message as it was."""
    page.ask("/vc settings ")
    page.wait_text(LAST, "Only members with the Manage Server permission can see and change the settings.")
    page.click("#manage")
    page.ask("/vc settings ")
    page.wait_text(LAST, "Tracking is on.")
    page.click("#manage")
    panel = "#messages > li:nth-child(2)"
    page.press("Stop tracking", panel)
    page.wait_text("#messages > li:nth-child(3)", "Only members with the Manage Server permission")
    assert "Tracking is on." in page.text(panel) and "failed" not in page.text(panel)
    assert page.labels(panel)["Stop tracking"]


# Voice --------------------------------------------------------------------------------------------------------------


def in_voice(page, discord):
    """Names by channel, as the panel shows them."""
    return {
        channel: page.text(f"[data-key='{channel}'] ul").split("\n") if page.text(f"[data-key='{channel}'] ul") else []
        for channel in discord.channels
    }


def test_moving_members(page, discord, trackers, members, ledger):
    ledger.execute("DELETE FROM voice_session WHERE ended_at IS NULL")  # nobody is in voice by the local Discord
    trackers.start()
    somebody, hearth, games = members[6], *discord.channels[:2]
    page.wait_text("#tracker", "Tracker connected")
    page.command("/vc leaderboard time_range:all_time")

    def wait_live(n):
        def refreshed():
            page.press("Refresh")
            found = re.search(r", (\d+) members? in voice now", page.picture())
            return n == (int(found[1]) if found else 0)

        wait_for(refreshed, f"{n} members in the live figure")

    wait_live(0)
    page.choose(f"[data-key='{hearth}'] .add", somebody["username"])
    wait_for(lambda: in_voice(page, discord)[hearth] == [somebody["name"]], "somebody's coming")
    wait_live(1)
    page.choose(f"[data-key='{hearth}'] .member", "Move to Game")
    wait_for(lambda: in_voice(page, discord)[games] == [somebody["name"]], "the move")
    page.click(f"[data-key='{games}'] button.channel")  # one joins oneself
    page.wait_text("#mine", "Voice connected")
    wait_live(2)
    page.drag(f"[data-key='{games}'] li[data-key='{somebody['id']}']", f"[data-key='{hearth}'] .line")
    wait_for(lambda: in_voice(page, discord)[hearth] == [somebody["name"]], "the move")
    page.one(f"[data-key='{hearth}'] .out").send_keys(Keys.ENTER)
    page.click("#mine button")
    wait_for(lambda: not any(in_voice(page, discord).values()), "an empty panel")
    wait_live(0)
    before = page.text("#channels")
    page.click("#somebody")
    wait_for(lambda: page.text("#channels") != before, "somebody's move")


def test_what_one_does_survives_what_others_do(page, discord, members):
    hearth = discord.channels[0]
    discord.voice(int(members[5]["id"]), hearth)
    page.type("/vc lea")
    page.wait_text(".suggestions", "/vc leaderboard")
    discord.voice(int(members[2]["id"]), hearth)
    page.wait_text(f"[data-key='{hearth}'] ul", members[2]["name"])
    assert page.one("#composer .entry").get_property("value") == "/vc lea" and page.one(".suggestions").is_displayed()
    page.click(f"[data-key='{hearth}'] li[data-key='{members[5]['id']}'] .member")
    discord.leave(int(members[2]["id"]))
    wait_for(lambda: in_voice(page, discord)[hearth] == [members[5]["name"]], "the other's leaving")
    assert page.one(".menu").is_displayed()
    page.type(Keys.ESCAPE)
    assert page.focused() == members[5]["name"]


@pytest.mark.parametrize("order, tale", [("cut", "resumed"), ("reconnect", "resumed"), ("invalidate", "a new session")])
def test_the_tracker_comes_back(page, discord, trackers, order, tale):
    discord.faults(identify_window_ms=0)
    trackers.start()
    page.wait_text("#tracker", "Tracker connected")
    connection = page.attribute("#tracker", "data-connection")
    page.click(f"[data-order={order}]")
    wait_for(lambda: page.attribute("#tracker", "data-connection") not in ("", connection), "another connection", seconds=40)
    page.wait_text("#tracker .tale", tale)
    page.wait_text("#tracker", "Tracker connected")


# Looks --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def phone(page):
    page.emulate("setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    yield page
    page.emulate("clearDeviceMetricsOverride")


def test_a_phone(phone, members, discord):
    for i, member in enumerate(members[:12]):
        discord.voice(int(member["id"]), discord.channels[i % 2])
    phone.command("/vc leaderboard time_range:this_year")
    assert phone.overflow() == 0
    phone.type("/")
    phone.wait_text(".suggestions", "/vc leaderboard")
    assert phone.overflow() == 0
    phone.type(Keys.ESCAPE, Keys.ESCAPE)
    assert not phone.one("#side").is_displayed()
    phone.click("#drawer")
    wait_for(lambda: phone.one("#side").is_displayed(), "the drawer")
    phone.choose("#me", members[3]["username"])
    assert phone.overflow() == 0
    phone.type(Keys.ESCAPE)
    wait_for(lambda: not phone.one("#side").is_displayed(), "the drawer's end")
    assert phone.browser.execute_script("return document.activeElement.id") == "drawer"


def test_dark_and_light(page):
    def background():
        return page.browser.execute_script("return getComputedStyle(document.body).backgroundColor")

    def system(scheme):
        page.emulate("setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        return wait_for(lambda: page.attribute("html", "data-scheme") == scheme and background(), scheme)

    light, dark = system("light"), system("dark")
    assert light != dark
    page.click("#theme")
    assert background() == light
    page.browser.refresh()
    wait_for(lambda: background() == light, "the choice is kept")
    page.click("#theme")
    assert background() == dark
