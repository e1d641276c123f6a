"""The control API and the page's files, and what a page from elsewhere cannot do."""
import concurrent.futures
import re

import pytest

from local_discord import LocalDiscord


@pytest.fixture(scope="module")
def discord(tmp_path_factory):
    running = LocalDiscord(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


def test_page_and_its_files(discord):
    url = discord.env["SANDBOX_URL"]
    page = discord.request("GET", url + "/")
    assert page.status == 200 and page.headers["Content-Security-Policy"] == "default-src 'self'"
    wanted = re.findall(r'(?:src|href)="(/[^"]+)"', page.body.decode())
    for path in wanted:
        answer = discord.request("GET", url + path)
        assert answer.status == 200, path
        if path.endswith(".js"):
            imports = re.findall(rb"from '\./([^']+)'", answer.body)
            wanted += {f"/page/{name.decode()}" for name in imports} - set(wanted)
    assert len(wanted) > 15
    for path in ("/page/../cast.json", "/page/none.js", "/page/.js", "/page/index"):
        assert discord.request("GET", url + path).status == 404, path
    assert discord.request("GET", discord.env["DISCORD_CDN_URL"] + "/page/app.js").status == 404


def test_control_is_not_for_pages_from_elsewhere(discord):
    url = discord.env["SANDBOX_URL"] + "/control/voice"
    assert discord.request("POST", url, b"{}", {"Content-Type": "text/plain"}).status == 400
    assert discord.request("GET", discord.env["DISCORD_CDN_URL"] + "/control/state").status == 404


@pytest.mark.parametrize("action, body", [
    ("voice", b"{}"), ("voice", b"[]"), ("voice", b"{"), ("voice", b'{"user_id": "1"}'), ("guild", b'{"action": "x"}'),
    ("channel", b'{"action": "delete"}'), ("gateway", b'{"action": "close", "code": 1}'), ("faults", b'{"acks": 1}'),
    ("faults", b'{"nonsense": 1}'), ("interaction", b"{}"), ("nothing", b"{}")])
def test_wrong_calls_are_told_so(discord, action, body):
    answer = discord.request("POST", f"{discord.env['SANDBOX_URL']}/control/{action}", body,
                             {"Content-Type": "application/json"})
    assert answer.status == 400 and answer.json["error"]


def test_view_waits_for_a_change(discord):
    view = discord.get("/control/view")
    assert view["commands"] == [] and view["messages"] == [] and view["guilds"] == discord.get("/control/state")["guilds"]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(discord.get, f"/control/view?after={view['version']}&wait=60000")
        assert discord.get(f"/control/view?after={view['version']}&wait=300") == view  # other requests are no change
        assert not waiting.done()
        member = view["guilds"][0]["members"][0]["id"]
        channel = next(c["id"] for c in view["guilds"][0]["channels"] if c["type"] == 2)
        discord.post("/control/voice", user_id=member, channel_id=channel)
        changed = waiting.result(timeout=10)
    assert changed["guilds"][0]["members"][0]["channel_id"] == channel and changed["version"] != view["version"]
    application = discord.env["DISCORD_APPLICATION_ID"]
    discord.rest("PUT", f"/applications/{application}/commands", [{"name": "vc", "description": "Voice"}])
    registered = discord.get(f"/control/view?after={changed['version']}&wait=60000")
    assert [command["name"] for command in registered["commands"]] == ["vc"]
