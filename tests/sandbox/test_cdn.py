"""The CDN's pictures and its faults."""
import struct
import time
import urllib.request

import pytest

from local_discord import LocalDiscord


@pytest.fixture(scope="module")
def discord(tmp_path_factory):
    running = LocalDiscord(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


@pytest.fixture
def guild(discord):
    discord.post("/control/reset")
    return discord.get("/control/state")["guilds"][0]


def fetch(discord, path, **headers):
    return discord.request("GET", discord.env["DISCORD_CDN_URL"] + path, headers=headers)


def png_size(answer):
    assert answer.status == 200 and answer.headers["Content-Type"] == "image/png"
    assert answer.body.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", answer.body[16:24])


def test_pictures(discord, guild):
    mira = guild["members"][0]
    path = f"/avatars/{mira['id']}/{mira['avatar']}.png"
    assert png_size(fetch(discord, path)) == (128, 128)
    assert png_size(fetch(discord, path + "?size=64")) == (64, 64)
    assert fetch(discord, path + "?size=64").body == fetch(discord, path + "?size=64").body
    other = guild["members"][1]
    assert fetch(discord, f"/avatars/{other['id']}/{other['avatar']}.png").body != fetch(discord, path).body
    own = next(m for m in guild["members"] if m["guild_avatar"])
    assert png_size(fetch(discord, f"/guilds/{guild['id']}/users/{own['id']}/avatars/{own['guild_avatar']}.png"))
    assert png_size(fetch(discord, f"/icons/{guild['id']}/{guild['icon']}.png?size=256")) == (256, 256)
    assert png_size(fetch(discord, "/embed/avatars/5.png"))
    stranger = fetch(discord, f"/avatars/1/{'7' * 32}.png")
    assert png_size(stranger) and stranger.body != fetch(discord, f"/avatars/1/{'8' * 32}.png").body, "of whom nobody knows"


def test_what_is_not_there(discord, guild):
    mira, other = guild["members"][:2]
    path = f"/avatars/{mira['id']}/{mira['avatar']}.png"
    assert fetch(discord, path + "?size=100").status == 400
    assert fetch(discord, path, Authorization="Bot x").status == 400, "the token has no business here"
    for wrong in (f"/avatars/{mira['id']}/{other['avatar']}.png", path.replace(".png", ".gif"), "/embed/avatars/6.png",
                  "/avatars/1/2.png", "/avatars", "/../etc/passwd", "/attachments/1/x.png"):
        assert fetch(discord, wrong).status == 404, wrong
    discord.post("/control/member", action="update", user_id=mira["id"], avatar="0" * 32)
    assert fetch(discord, path).status == 404, "a changed avatar has a new hash"
    discord.post("/control/member", action="update", user_id=mira["id"], avatar=mira["avatar"])


def test_faults(discord, guild):
    mira = guild["members"][0]
    path = f"/avatars/{mira['id']}/{mira['avatar']}.png"
    discord.post("/control/faults", cdn="down")
    assert fetch(discord, path).status == 503
    discord.post("/control/faults", cdn="garbage")
    assert not fetch(discord, path).body.startswith(b"\x89PNG")
    discord.post("/control/faults", cdn="huge")
    bomb = fetch(discord, path)
    assert png_size(bomb) == (20000, 20000) and len(bomb.body) < 500_000
    discord.post("/control/faults", cdn="slow")
    started = time.monotonic()
    with pytest.raises(OSError):
        urllib.request.urlopen(
            discord.env["DISCORD_CDN_URL"] + path, timeout=0.5, context=discord.tls)
    assert time.monotonic() - started < 3
