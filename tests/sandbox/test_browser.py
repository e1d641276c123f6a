"""What the page makes of components and modals that our own handler does not send, or not yet."""
import json

import pytest
from selenium.webdriver.common.keys import Keys

from browser import LAST, visit
from harness import wait_for
from local_discord import LocalDiscord
from made_up_handler import Handler

pytestmark = pytest.mark.xdist_group("browser")

V2 = 1 << 15
EPHEMERAL = 1 << 6
COMMANDS = [{"name": "vc", "description": "Voice", "options": [
    {"type": 1, "name": "stats", "description": "Statistics", "options": [
        {"type": 6, "name": "user", "description": "Whose"},
        {"type": 3, "name": "statistic", "description": "Which one", "choices": [{"name": "Total time", "value": "total"}]},
        {"type": 4, "name": "page", "description": "Page"}]},
    {"type": 1, "name": "settings", "description": "Settings"}]}]


def row(*components):
    return {"type": 1, "components": list(components)}


def message(*components, flags=0, kind=4):
    return {"type": kind, "data": {"flags": V2 | flags, "components": [{"type": 17, "accent_color": 0xF0B429, "components": list(components)}]}}


def button(style, label, custom_id, **more):
    return {"type": 2, "style": style, "label": label, "custom_id": custom_id, **more}


def text(words):
    return {"type": 10, "content": words}


@pytest.fixture(scope="module")
def handler():
    made_up = Handler()
    yield made_up
    made_up.server.shutdown()


@pytest.fixture
def discord(tmp_path, handler):
    running = LocalDiscord(tmp_path, handler.url)
    handler.public_key = running.env["DISCORD_PUBLIC_KEY"]
    application = running.env["DISCORD_APPLICATION_ID"]
    assert running.rest("PUT", f"/applications/{application}/commands", COMMANDS).status == 200
    yield running
    running.stop()


@pytest.fixture
def page(browser, discord):
    with visit(browser, discord.env["SANDBOX_URL"]) as page:
        page.discord = discord
        yield page


@pytest.fixture
def members(discord):
    return [member for member in discord.get("/control/state")["guilds"][0]["members"] if not member.get("bot")]


def say(page, handler, answer, command="/vc settings "):
    """A command that is answered so; the answer is shown when this returns. What the handler got."""
    handler.answers.append((200, answer))
    page.click("#composer .entry")
    page.type(command, Keys.ENTER)
    wait_for(lambda: not handler.answers, "the command at the handler")
    return json.loads(handler.got[-1][1])


def after(handler, answer, act):
    """What the handler got when somebody acted, and answered so."""
    handler.answers.append((200, answer))
    act()
    wait_for(lambda: not handler.answers, "the click at the handler")
    return json.loads(handler.got[-1][1])


def test_options_of_a_command(page, handler, members):
    """Some typed, some picked from lists; numbers are numbers."""
    page.type("/vc stats ", "user:", "marta", Keys.ENTER, "page:")
    wait_for(lambda: len(page.all("#composer .field")) == 2, "the second field")
    page.type("x", Keys.ENTER)
    page.wait_text("#notice", "page needs a value")
    page.type(Keys.BACKSPACE, "3")
    sent = after(handler, message(text("Fine")), lambda: page.type(Keys.ENTER))
    marta = next(member for member in members if member["username"].startswith("marta"))
    assert sent["data"]["options"] == [{"name": "stats", "type": 1, "options": [
        {"name": "user", "type": 6, "value": marta["id"]}, {"name": "page", "type": 4, "value": 3}]}]
    page.wait_text(LAST, "Fine")
    sent = say(page, handler, message(text("Fine")), "/vc stats statistic:Total time")
    assert sent["data"]["options"][0]["options"] == [{"name": "statistic", "type": 3, "value": "total"}]


def test_all_kinds_of_buttons(page, handler):
    styles = [button(style, f"Style {style}", f"s{style}", emoji={"name": "🎙️"}) for style in (1, 2, 3, 4)]
    say(page, handler, message(
        row(*styles, {"type": 2, "style": 5, "label": "Link", "url": "https://example.org/"}), row(button(2, "Off", "off", disabled=True)),
        {"type": 9, "components": [text("**Section**")], "accessory": button(2, "Aside", "aside")}))
    page.wait_text(LAST, "Section")
    assert page.labels() == {**{f"🎙️\nStyle {n}": True for n in (1, 2, 3, 4)}, "Link": True, "Off": False, "Aside": True}
    sent = after(handler, message(text("Changed"), kind=7), lambda: page.click(f"{LAST} [data-id=aside]"))
    assert sent["data"]["custom_id"] == "aside"
    page.wait_text(LAST, "Changed")


def test_selects(page, handler, members):
    options = [{"label": name, "value": name.lower(), "description": f"About {name}", "default": name == "Two"} for name in ("One", "Two", "Three")]
    say(page, handler, message(
        row({"type": 3, "custom_id": "one", "options": options}), row({"type": 3, "custom_id": "many", "max_values": 2, "options": options}),
        row({"type": 5, "custom_id": "who", "default_values": [{"id": members[2]["id"], "type": "user"}]})))
    page.wait_text(LAST, members[2]["name"])
    page.click(f"{LAST} [data-id=one]")
    page.wait_text(".menu", "About Three")
    assert page.text(".menu [aria-selected=true] .label").startswith("Two")
    sent = after(handler, {"type": 6}, lambda: page.type("th", Keys.ENTER))
    assert sent["data"]["values"] == ["three"]
    application = sent["application_id"]
    edit = {"flags": V2, "components": [row({"type": 5, "custom_id": "who"}), row({"type": 3, "custom_id": "many", "max_values": 2, "options": options})]}
    assert page.discord.rest("PATCH", f"/webhooks/{application}/{sent['token']}/messages/@original", edit, token=False).status == 200
    page.wait_over()
    page.click(f"{LAST} [data-id=many]")
    page.type(Keys.ARROW_DOWN, Keys.ENTER)
    sent = after(handler, {"type": 4, "data": {"content": "Two of them", "flags": EPHEMERAL}}, lambda: page.type(Keys.ESCAPE))
    assert sent["data"]["values"] == ["two", "three"]
    page.wait_text(LAST, "Two of them")
    first = "#messages > li:first-child"
    sent = after(handler, message(text("Seen"), kind=7), lambda: page.choose(f"{first} [data-id=who]", members[4]["username"]))
    assert sent["data"]["values"] == [members[4]["id"]] and sent["data"]["resolved"]["users"][members[4]["id"]]
    page.wait_text(first, "Seen")


def test_a_modal(page, handler, members):
    say(page, handler, message(row(button(1, "Change", "open")), flags=EPHEMERAL))
    page.wait_text(LAST, "Only you can see this")
    modal = {"type": 9, "data": {"custom_id": "vc1:set", "title": "Settings", "components": [
        {"type": 18, "label": "Minutes", "description": "At least one", "component": {"type": 4, "custom_id": "minutes", "style": 1, "value": "5"}},
        {"type": 18, "label": "Member", "component": {"type": 5, "custom_id": "who"}},
        {"type": 18, "label": "AFK", "component": {"type": 21, "custom_id": "afk", "options": [
            {"label": "Count", "value": "yes", "default": True}, {"label": "Do not count", "value": "no"}]}},
        {"type": 18, "label": "Bots", "component": {"type": 23, "custom_id": "bots"}}]}}
    page.click("#manage")
    sent = after(handler, modal, lambda: page.press("Change"))
    assert int(sent["member"]["permissions"]) & 1 << 5
    wait_for(lambda: page.all("dialog[open]"), "the dialog")
    page.type(Keys.BACKSPACE, "7", Keys.ENTER)
    page.wait_text("dialog .failure", "choice")
    page.choose("dialog .select", members[3]["username"])
    page.type(Keys.TAB, Keys.ARROW_DOWN, Keys.TAB, " ")
    sent = after(handler, {"type": 4, "data": {"content": "Saved", "flags": EPHEMERAL}}, lambda: page.type(Keys.TAB, Keys.TAB, Keys.ENTER))
    assert (sent["type"], sent["data"]["custom_id"]) == (5, "vc1:set")
    values = [line["component"].get("values", line["component"].get("value")) for line in sent["data"]["components"]]
    assert values == ["7", [members[3]["id"]], "no", True]
    page.wait_text(LAST, "Saved")
    assert not page.all("dialog[open]")
