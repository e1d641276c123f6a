"""The page's files, and what a page from elsewhere cannot do."""
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
    wanted = set(re.findall(r'(?:src|href)="(/[^"]+)"', page.body.decode()))
    script = discord.request("GET", url + "/page/app.js").body.decode()
    wanted |= {"/page" + name[1:] for name in re.findall(r"from '(\./[^']+)'", script)}
    assert len(wanted) >= 6
    for path in wanted:
        assert discord.request("GET", url + path).status == 200, path
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
