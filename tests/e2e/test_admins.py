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
    assert "Tracking is on." in words(answer) and "This server has no AFK channel." in words(answer)
    answer = click(discord, answer, "Stop tracking", **admin)
    assert "Tracking is off." in words(answer) and saved(server, discord.guild) == (False, True, me)
    answer = click(discord, answer, "Don't count the AFK channel", **admin)
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
    for control in ("Stop tracking", "Don't count the AFK channel"):
        sent = discord.click(answer, controls(answer)[control], permissions=ORDINARY)
        wait_for(lambda: discord.answer(sent["interaction_id"], wait=0)["follow_ups"], "the words")
        assert "Manage Server" in discord.answer(sent["interaction_id"], wait=0)["follow_ups"][0]["content"]
    assert saved(server, discord.guild) is None and audit(server) == []


def test_a_click_that_was_kept_changes_nothing_again(discord, handlers, server):
    """Somebody sends a signed request once more when its row is gone, with its fifteen minutes or a crash of the database."""
    handlers()
    answer = panel(discord)
    kept = discord.click(answer, controls(answer)["Stop tracking"], permissions=MANAGE_GUILD)
    click(discord, discord.answer(kept["interaction_id"]), "Start tracking", permissions=MANAGE_GUILD)
    server.execute("DELETE FROM interaction_pending")
    assert discord.interaction(replay=kept["interaction_id"])["status"] == 200
    wait_for(lambda: server.execute("SELECT FROM interaction_pending WHERE done_at IS NOT NULL").fetchone() is not None, "its end")
    assert saved(server, discord.guild)[0] is True and len(audit(server)) == 2


# Every control, as it stands in a panel.
CONTROLS = {"vc1:set:tracking:off": (False, True), "vc1:set:count_afk:off": (True, False), "vc1:set:tracking:on": None, "vc1:set:count_afk:on": None}
# Decimal text of a set of bits, of any length: these have neither.
WITHOUT = ["0", ORDINARY, str(1 << 4), str((1 << 64) - 1 - (1 << 3) - (1 << 5)), str(1 << 64), str(1 << 67), str(10**500)]
WITH = [MANAGE_GUILD, ADMINISTRATOR, str((1 << 64) - 1), str((1 << 64) + (1 << 5)), str(10**500 + (1 << 3)), "00000000000000000000000000000032"]
MALFORMED = [None, "", " 32", "32 ", "+32", "-1", "0x20", "3e1", "\uff13\uff12", 32, 40.0, True, ["32"], {"permissions": "32"}]


def set_by(discord, answer, custom_id, permissions):
    """A click on a message of whatever kind, by a member with these."""
    member = {"user": {"id": str(discord.people[0]), "username": "ann", "discriminator": "0"}, "roles": [], "permissions": permissions}
    answer = discord.answer(answer["interaction_id"])  # as it is now
    known = next(each for each in controls(answer).values() if each["type"] == 2 and not each.get("disabled"))
    return discord.click(answer, known, merge={"member": member, "data": {"custom_id": custom_id, "component_type": 2, "id": 6}})


def test_every_control_by_every_kind_of_member(discord, handlers, server):
    """On a panel and below a board, which all see; what decides are the permissions that Discord sends along with each click."""
    handlers()
    board = discord.leaderboard()
    for answer in (panel(discord), board):
        for custom_id, becomes in CONTROLS.items():
            for permissions in WITHOUT:
                sent = set_by(discord, answer, custom_id, permissions)
                assert sent["status"] == 200
                told = wait_for(lambda: discord.answer(sent["interaction_id"], wait=0)["follow_ups"], "the words")
                assert "Manage Server" in told[0]["content"], permissions
            for permissions in MALFORMED:
                assert set_by(discord, answer, custom_id, permissions)["status"] == 400, permissions
            assert not server.execute("SELECT FROM guild_settings_audit").fetchone()
            if becomes is None:
                continue
            for permissions in WITH:
                set_by(discord, answer, custom_id, permissions)
                wait_for(lambda: saved(server, discord.guild) == (*becomes, discord.people[0]), f"what {permissions} may")
                server.execute("TRUNCATE guild_settings, guild_settings_audit")


def test_the_panel_by_every_kind_of_member(discord, handlers, server):
    handlers()
    for permissions in WITHOUT:
        assert "Manage Server" in words(panel(discord, permissions))
    for permissions in WITH:
        assert "Tracking is on." in words(panel(discord, permissions))


def test_two_admins_do_not_undo_each_other(discord, handlers, server):
    """Each with a panel from before the other's change."""
    handlers()
    ann, bea = ({"user_id": str(user), "permissions": MANAGE_GUILD} for user in discord.people[:2])
    first, second = panel(discord, **ann), panel(discord, **bea)
    first = click(discord, first, "Stop tracking", **ann)
    second = click(discord, second, "Don't count the AFK channel", **bea)
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
        assert words(panel(discord)).startswith("I can't reach my records right now.")
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
