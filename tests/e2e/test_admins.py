"""/vc settings: who may, what is saved, and that the tracker obeys."""

import concurrent.futures
import time

import pytest
from answers import click, controls, parts, words
from harness import away, status_of, wait_for

MANAGE_GUILD, ADMINISTRATOR = str(1 << 5), str(1 << 3)
ORDINARY = "1799666563141185"


@pytest.fixture
def server(sql, discord):
    sql.execute("INSERT INTO guild (guild_id, name, shard_count, shard_id) VALUES (%s, 'The Lantern Room', 1, 0)", [discord.guild])
    return sql


def panel(discord, permissions=MANAGE_GUILD, **more):
    sent = discord.interaction(command="settings", permissions=permissions, **more)
    assert sent["response"] == {"type": 5, "data": {"flags": 64}}
    answer = discord.answer(sent["interaction_id"])
    assert answer["ephemeral"] and not answer["attachments"]
    return answer


def saved(sql, guild):
    return sql.execute("SELECT tracking, count_afk, changed_by FROM guild_settings WHERE guild_id = %s", [guild]).fetchone()


def audit(sql):
    return sql.execute("SELECT changed_by, setting, old_value, new_value FROM guild_settings_audit ORDER BY changed_at").fetchall()


@pytest.mark.parametrize("permissions", [MANAGE_GUILD, ADMINISTRATOR])
def test_every_setting(discord, handlers, server, permissions):
    handlers()
    admin = {"permissions": permissions}
    me = discord.people[0]
    answer = panel(discord, permissions)
    assert "Tracking is on." in words(answer) and "There is no AFK channel." in words(answer)
    answer = click(discord, answer, "Stop tracking", **admin)
    assert "Tracking is off." in words(answer) and saved(server, discord.guild) == (False, True, me)
    answer = click(discord, answer, "Leave the AFK channel out", **admin)
    assert words(answer).count("not counted") == 1 and saved(server, discord.guild) == (False, False, me)
    answer = click(discord, answer, "Start tracking", **admin)
    answer = click(discord, answer, "Count the AFK channel", **admin)
    assert "Tracking is on." in words(answer) and saved(server, discord.guild) == (True, True, me)
    assert audit(server) == [
        (me, "tracking", "true", "false"), (me, "count_afk", "true", "false"),
        (me, "tracking", "false", "true"), (me, "count_afk", "false", "true"),
    ]


def test_an_ordinary_member_may_not(discord, handlers, server):
    handlers()
    refused = panel(discord, ORDINARY)
    assert "Manage Server" in words(refused) and parts(refused)[1] == []
    # Nor click what somebody showed them, nor lose the right and go on.
    answer = panel(discord)
    for control in ("Stop tracking", "Leave the AFK channel out"):
        sent = discord.click(answer, controls(answer)[control], permissions=ORDINARY)
        wait_for(lambda: discord.answer(sent["interaction_id"], wait=0)["follow_ups"], "the words")
        assert "Manage Server" in discord.answer(sent["interaction_id"], wait=0)["follow_ups"][0]["content"]
    assert saved(server, discord.guild) is None and audit(server) == []


def test_two_admins_do_not_undo_each_other(discord, handlers, server):
    """Each with a panel from before the other's change."""
    handlers()
    ann, bea = ({"user_id": str(user), "permissions": MANAGE_GUILD} for user in discord.people[:2])
    first, second = panel(discord, **ann), panel(discord, **bea)
    first = click(discord, first, "Stop tracking", **ann)
    second = click(discord, second, "Leave the AFK channel out", **bea)
    assert "Tracking is off." in words(second) and saved(server, discord.guild)[:2] == (False, False)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        clicks = [(first, "Start tracking", ann), (second, "Count the AFK channel", bea)]
        list(pool.map(lambda each: click(discord, each[0], each[1], **each[2]), clicks))
    assert saved(server, discord.guild)[:2] == (True, True) and len(audit(server)) == 4


def test_a_spoilt_control_and_no_database(discord, handlers, server, database):
    handlers()
    answer = panel(discord)
    for custom_id in ("vc1:set:tracking", "vc1:set:everything:off", "vc1:set:tracking:maybe"):
        data = {"custom_id": custom_id, "component_type": 2, "id": 6}
        sent = discord.click(answer, controls(answer)["Stop tracking"], permissions=MANAGE_GUILD, merge={"data": data})
        wait_for(lambda: discord.answer(sent["interaction_id"], wait=0)["follow_ups"], "the words")
        assert "/vc settings" in discord.answer(sent["interaction_id"], wait=0)["follow_ups"][0]["content"]
    with away(database):
        wait_for(lambda: status_of(discord.handler_port, "/readyz") == 503, "not ready")
        assert words(panel(discord)).startswith("I could not read the database.")
    assert saved(server, discord.guild) is None


def test_the_tracker_obeys_within_a_second(discord, handlers, trackers, sql):
    handlers()
    trackers.start()
    ann = discord.people[0]
    wait_for(lambda: sql.execute("SELECT FROM guild WHERE guild_id = %s", [discord.guild]).fetchone() is not None, "the server")
    discord.voice(ann, discord.channels[0])

    def n_open():
        return sql.execute("SELECT count(*) FROM voice_session WHERE ended_at IS NULL").fetchone()[0]

    wait_for(lambda: n_open() == 1, "a session")
    answer = panel(discord)
    assert "The AFK channel" in words(answer)
    for control, n in [("Stop tracking", 0), ("Start tracking", 1)]:
        time.sleep(1.1)
        answer = click(discord, answer, control, permissions=MANAGE_GUILD)
        wait_for(lambda: n_open() == n, f"{n} open after {control}", 3)
