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


def test_a_click_answered_in_words(page, handler):
    """Nothing of the message changes: it takes clicks again once the words are there."""
    say(page, handler, message(row(button(1, "Change", "change"))))
    page.wait_text(LAST, "Change")
    first = "#messages > li:first-child"
    sent = after(handler, {"type": 6}, lambda: page.begin_press("Change"))
    assert page.attribute(first, "aria-busy") == "true"
    webhook = f"/webhooks/{sent['application_id']}/{sent['token']}"
    assert page.discord.rest("POST", webhook, {"content": "Not you.", "flags": EPHEMERAL}, token=False).status == 200
    page.wait_text(LAST, "Not you.")
    page.wait_over(first)
    assert page.labels(first) == {"Change": True} and "failed" not in page.text(first)
    after(handler, message(text("Changed"), kind=7), lambda: page.begin_press("Change", first))
    page.wait_text(first, "Changed")


def test_an_answer_that_cannot_be_fetched(page, handler):
    say(page, handler, message(row(button(1, "Change", "change"))))
    page.wait_text(LAST, "Change")
    page.browser.execute_script("""
        const fetch = window.fetch;
        window.fetch = (url, ...more) => url.includes('answers/') ? Promise.reject(new Error('Gone.')) : fetch(url, ...more);
    """)
    after(handler, {"type": 6}, lambda: page.press("Change"))
    page.wait_text("#notice", "Gone.")
    assert page.labels() == {"Change": True}


# Looks --------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=[360, 390])
def phone(page, request):
    page.emulate("setDeviceMetricsOverride", width=request.param, height=740, deviceScaleFactor=2, mobile=True)
    yield page
    page.emulate("clearDeviceMetricsOverride")


@pytest.fixture
def resized(page):
    """The page, and a way to change its width."""
    def resize(width):
        page.emulate("setDeviceMetricsOverride", width=width, height=740, deviceScaleFactor=1, mobile=width < 760)
        wait_for(lambda: page.browser.execute_script("return innerWidth") == width, f"a width of {width}")

    yield page, resize
    page.emulate("clearDeviceMetricsOverride")


PAGES = ["First", "Previous", "Page 13 of 18", "Next", "Last"]


def pages(*disabled):
    return row(*[button(2, label, label, disabled=label in disabled) for label in PAGES])


def test_the_drawer_by_keyboard(phone):
    inside = "return document.querySelector('#side').contains(document.activeElement)"
    phone.browser.execute_script("document.querySelector('#drawer').focus()")
    for leave in (lambda: None, lambda: phone.click("#tracker .words")):  # the second takes the focus from the buttons
        phone.type(Keys.ENTER)
        assert phone.browser.execute_script(inside)
        wait_for(lambda: phone.one("#side").rect["x"] == 0, "the drawer")
        leave()
        phone.type(Keys.ESCAPE)
        wait_for(lambda: not phone.one("#side").is_displayed(), "the drawer's end")
        assert phone.browser.execute_script("return document.activeElement.id") == "drawer"


def test_five_buttons_in_a_row(phone, handler):
    say(phone, handler, message(pages("Page 13 of 18")))
    phone.wait_text(LAST, "Last")
    assert len(set(phone.tops(f"{LAST} .button"))) == 1 and phone.overflow() == 0


def test_the_end_stays_the_end(resized, handler):
    """A window that becomes narrow makes the list longer."""
    page, resize = resized

    def above_end():
        return page.browser.execute_script("const l = document.querySelector('#messages'); return l.scrollHeight - l.scrollTop - l.clientHeight")

    for i in range(8):
        say(page, handler, message(text(f"{i} " + "words that need many lines " * 12)))
        page.wait_text(LAST, f"{i} words")
    assert above_end() < 2
    for width in (360, 1200):
        resize(width)
        wait_for(lambda: above_end() < 2, f"the end at {width}")
    # The page learns of it by an event, which comes with the next frame.
    page.browser.execute_async_script(
        "document.querySelector('#messages').scrollTop = 0; const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))"
    )
    resize(360)
    assert above_end() > 500


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_what_is_read_can_be_read(page, handler, members, scheme):
    page.emulate("setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.discord.post("/control/voice", user_id=members[0]["id"], channel_id=page.attribute(".voice", "data-key"))
    page.wait_text("#mine", "Voice connected")
    styles = [button(style, f"Style {style}", f"s{style}") for style in (1, 2, 3, 4)]
    off = [button(style, f"Off {style}", f"o{style}", disabled=True) for style in (1, 2, 3, 4)]
    everything = [text(f"# Title\n`code` <t:1:R> <#{page.attribute('.voice', 'data-key')}>\n-# small"), row(*styles), row(*off), pages("Page 13 of 18")]
    for flags in (0, EPHEMERAL):
        say(page, handler, message(*everything, flags=flags))
        page.wait_text(LAST, "Page 13 of 18")
    assert page.faint(4.5) == []
    page.emulate("setEmulatedMedia", features=[])


def test_what_is_clicked_can_be_hit(page, handler):
    say(page, handler, message(text("Private"), flags=EPHEMERAL))
    page.wait_text(LAST, "Only you can see this")
    for target in (f"{LAST} button.inline", ".manage", "#manage"):
        assert page.one(target).size["height"] >= 24, target


def test_a_text_channel_is_no_button(page):
    """Only one is ever open; nothing invites to click another."""
    look = "const s = getComputedStyle(document.querySelector(arguments[0])); return [s.cursor, s.fontWeight]"
    other, voice = (page.browser.execute_script(look, each) for each in (".channel.text:not(.current)", "button.channel"))
    assert (other, voice) == (["default", "400"], ["pointer", "500"])
