"""What the admins have chosen (rules 5 and 6): the tracker obeys, whatever happens meanwhile."""

import time

import pytest
from harness import away, wait_for
from plain_sql import assert_ledger_is_whole

CHANGE = """
WITH changed AS (
    INSERT INTO guild_settings AS s (guild_id, {0}, changed_by) VALUES (%(guild)s, %(on)s, 1)
    ON CONFLICT (guild_id) DO UPDATE SET {0} = excluded.{0}, changed_at = clock_timestamp()
    RETURNING guild_id, changed_at
)
INSERT INTO guild_settings_audit (guild_id, changed_at, changed_by, setting, old_value, new_value)
SELECT guild_id, changed_at, 1, '{0}', (NOT %(on)s)::text, (%(on)s)::text FROM changed
"""


@pytest.fixture
def change(sql, discord):
    """Changes a setting as the handler does; the moment."""

    def change(setting, on, notify=True):
        sql.execute(CHANGE.format(setting), {"guild": discord.guild, "on": on})
        if notify:
            sql.execute("SELECT pg_notify('guild_settings', %s)", [str(discord.guild)])
        return time.time()

    return change


def rows(sql, user):
    """A member's sessions: (channel, start, end, reason)."""
    return sql.execute(
        """SELECT channel_id, extract(epoch FROM started_at)::int, extract(epoch FROM ended_at)::int, end_reason
             FROM voice_session WHERE user_id = %s ORDER BY started_at, session_id""", [user],
    ).fetchall()


def wait_rows(sql, user, n, n_open):
    """Until there are n sessions, n_open of them open."""
    return wait_for(lambda: len(found := rows(sql, user)) == n and sum(r[2] is None for r in found) == n_open and found, f"{n} rows, {n_open} open")


def near(second, moment, within=2):
    return abs(second - moment) <= within


def test_off_and_on_while_somebody_sits_there(discord, trackers, sql, change):
    ann, lounge = discord.people[0], discord.channels[0]
    trackers.start()
    discord.voice(ann, lounge)
    wait_rows(sql, ann, 1, 1)
    time.sleep(1.1)  # sessions are in whole seconds
    off = change("tracking", False)
    [(_, _, end, reason)] = wait_rows(sql, ann, 1, 0)
    assert time.time() - off < 1.5 and near(end, off, 1) and reason == "disabled"
    discord.voice(ann, discord.channels[1])  # present, but not counted
    wait_for(lambda: sql.execute("SELECT channel_id FROM voice_presence WHERE user_id = %s", [ann]).fetchone() == (discord.channels[1],), "presence")
    assert len(rows(sql, ann)) == 1
    on = change("tracking", True)
    [_, (channel, start, _, _)] = wait_rows(sql, ann, 2, 1)
    assert channel == discord.channels[1] and near(start, on, 1)
    assert_ledger_is_whole(sql)


def afk_channel(discord):
    return int(discord.state()["guilds"][0]["afk_channel_id"])


def test_afk_out_and_in(discord, trackers, sql, change):
    ann, bea = discord.people[:2]
    afk, lounge = afk_channel(discord), discord.channels[0]
    trackers.start()
    discord.voice(ann, afk)
    discord.voice(bea, lounge)
    wait_rows(sql, ann, 1, 1)
    wait_rows(sql, bea, 1, 1)
    time.sleep(1.1)
    change("count_afk", False)
    assert wait_rows(sql, ann, 1, 0)[0][3] == "afk"
    discord.voice(bea, afk)
    assert wait_rows(sql, bea, 1, 0)[0][3] == "afk"
    discord.voice(bea, lounge)
    wait_rows(sql, bea, 2, 1)
    change("count_afk", True)
    wait_rows(sql, ann, 2, 1)
    assert_ledger_is_whole(sql)


def test_another_channel_becomes_the_afk_channel(discord, trackers, sql, change):
    ann, bea = discord.people[:2]
    afk, lounge = afk_channel(discord), discord.channels[0]
    change("count_afk", False)
    trackers.start()
    discord.voice(ann, afk)
    discord.voice(bea, lounge)
    wait_rows(sql, bea, 1, 1)
    assert rows(sql, ann) == []
    discord.guild_action("afk", channel_id=str(lounge))
    wait_rows(sql, ann, 1, 1)
    assert wait_rows(sql, bea, 1, 0)[0][3] == "afk"


def test_changed_while_the_tracker_is_away(discord, trackers, sql, change):
    """It ends where presence was last proven; and what is off stays uncounted after a resumed restart."""
    ann, bea = discord.people[:2]
    tracker = trackers.start()
    discord.voice(ann, discord.channels[0])
    discord.voice(bea, afk_channel(discord))
    wait_rows(sql, ann, 1, 1)
    wait_rows(sql, bea, 1, 1)
    tracker.kill()
    proven = sql.execute("SELECT extract(epoch FROM proven_at) FROM tracker_shard").fetchone()[0]
    time.sleep(2)
    change("tracking", False)
    trackers.start()
    [(_, _, end, reason)] = wait_rows(sql, ann, 1, 0)
    assert reason == "disabled" and end == int(proven)
    wait_rows(sql, bea, 1, 0)
    tracker = trackers.started[-1]
    tracker.kill()
    change("count_afk", False)
    on = change("tracking", True)
    trackers.start()
    assert wait_rows(sql, ann, 2, 1)[1][1] >= int(on)
    assert len(rows(sql, bea)) == 1  # AFK: known from the database, for a RESUME tells no server again
    assert_ledger_is_whole(sql)


@pytest.mark.parametrize("setting", ["tracking", "count_afk"])
def test_off_and_on_again_while_the_tracker_is_away(discord, trackers, sql, change, setting):
    """The gap stays, and what is there afterwards counts anew."""
    ann = discord.people[0]
    tracker = trackers.start()
    discord.voice(ann, afk_channel(discord))
    wait_rows(sql, ann, 1, 1)
    time.sleep(1.1)
    tracker.kill()
    change(setting, False)
    time.sleep(1.1)
    on = change(setting, True)
    trackers.start()
    [(_, _, end, reason), (_, start, _, _)] = wait_rows(sql, ann, 2, 1)
    assert reason == {"tracking": "disabled", "count_afk": "afk"}[setting] and end <= on - 1 and start >= int(on)


@pytest.mark.parametrize("back_on", [False, True])
def test_changed_while_the_database_is_away(discord, trackers, sql, database, change, back_on):
    """Ann stays, Bea leaves later, Cem comes later: of none is counted what was off, though the tracker could not know."""
    ann, bea, cem = discord.people[:3]
    lounge = discord.channels[0]
    tracker = trackers.start()
    discord.voice(ann, lounge)
    discord.voice(bea, lounge)
    for user in (ann, bea):
        wait_rows(sql, user, 1, 1)
    with away(database):
        wait_for(lambda: "database_lost" in tracker.log(), "the loss")
        off = change("tracking", False, notify=False)
        time.sleep(2.1)
        discord.leave(bea)
        discord.voice(cem, lounge)
        time.sleep(1.1)
        on = change("tracking", True, notify=False) if back_on else None
    wait_for(lambda: rows(sql, ann)[0][2], "the end", 30)
    [(_, _, end, reason), *again] = rows(sql, ann)
    assert reason == "disabled" and near(end, off, 1)
    [(_, _, end, _)] = wait_rows(sql, bea, 1, 0)
    assert near(end, off, 1)
    wait_for(lambda: sum(r[2] is None for r in rows(sql, cem)) == back_on, "as it is now")
    assert sum(r[2] - r[1] for r in rows(sql, cem) if r[2]) == 0
    wait_for(lambda: len(rows(sql, ann)) == 1 + back_on, "as it is now")
    for user in (ann, cem):
        assert all(r[1] >= int(on) for r in rows(sql, user) if back_on and r[2] is None)
    assert_ledger_is_whole(sql)
