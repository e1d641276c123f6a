"""Settings are saved one at a time, with their audit, and told to the trackers."""

import concurrent.futures
import itertools
import time

import psycopg
from asking import GUILD, ask, make_guild

TRACKING, COUNT_AFK = 0, 1
DEFAULTS = {"tracking": 1, "count_afk": 1, "afk_channel": 0}


def read(database, guild=GUILD):
    return vars(ask(database, "settings", guild)[0])


clicks = itertools.count(1000)


def change(database, setting, on, user=5, guild=GUILD, click=None, taken_over=False):
    """By a click of its own, if none is given."""
    return vars(ask(database, "change", guild, user, setting, on, click or next(clicks), int(taken_over))[0])


def audit(sql):
    return sql.execute(
        "SELECT guild_id, changed_by, setting, old_value, new_value FROM guild_settings_audit ORDER BY changed_at"
    ).fetchall()


def load(database, shard_count=1, shard_id=0, since=0):
    return ask(database, "load", shard_count, shard_id, since)[0]


def test_reading(sql, database):
    assert read(database) == DEFAULTS
    make_guild(sql)
    assert read(database) == DEFAULTS
    sql.execute("UPDATE guild SET afk_channel_id = 77")
    assert read(database) == DEFAULTS | {"afk_channel": 77}


def test_a_change_is_saved_audited_and_told(sql, database):
    told = []
    sql.add_notify_handler(lambda notify: told.append((notify.channel, notify.payload)))
    sql.execute("LISTEN guild_settings")
    assert change(database, COUNT_AFK, 0) == DEFAULTS | {"count_afk": 0}
    assert change(database, COUNT_AFK, 0, user=6) == DEFAULTS | {"count_afk": 0}  # as it is already
    assert change(database, TRACKING, 1, guild=GUILD + 1) == DEFAULTS
    assert change(database, TRACKING, 0, user=6) == DEFAULTS | {"count_afk": 0, "tracking": 0}
    assert change(database, COUNT_AFK, 1) == DEFAULTS | {"tracking": 0} == read(database)
    assert audit(sql) == [
        (GUILD, 5, "count_afk", "true", "false"), (GUILD, 6, "tracking", "true", "false"), (GUILD, 5, "count_afk", "false", "true"),
    ]
    assert told == [("guild_settings", str(GUILD))] * 3
    rows = sql.execute("SELECT changed_by, changed_at = (SELECT max(changed_at) FROM guild_settings_audit) FROM guild_settings WHERE guild_id = %s", [GUILD])
    assert rows.fetchall() == [(5, True)]


def test_a_repeated_change_undoes_nobodys(sql, database):
    """A click that was worked on already, as far as anybody knows: its worker died before the answer was delivered."""
    def record(interaction):
        sql.execute("INSERT INTO interaction_pending (interaction_id, request) VALUES (%s, '')", [interaction])

    change(database, TRACKING, 1)
    record(1)
    record(4)
    assert change(database, TRACKING, 0, click=1, taken_over=True) == DEFAULTS | {"tracking": 0}  # its worker died before
    assert change(database, TRACKING, 1, user=6) == DEFAULTS
    assert change(database, TRACKING, 0, click=1, taken_over=True) == DEFAULTS
    assert change(database, COUNT_AFK, 0, click=4, taken_over=True) == DEFAULTS | {"count_afk": 0}
    record(2)
    assert change(database, TRACKING, 0, click=2, taken_over=True) == DEFAULTS | {"count_afk": 0, "tracking": 0}
    record(3)
    assert change(database, TRACKING, 1, user=6) == DEFAULTS | {"count_afk": 0}
    assert change(database, TRACKING, 0, click=3, taken_over=True) == DEFAULTS | {"count_afk": 0}  # nobody had done that yet
    assert len(audit(sql)) == 5


def test_a_click_changes_a_setting_once(sql, database):
    """Also when nothing of it is known any more but the audit."""
    assert change(database, TRACKING, 0, click=1) == DEFAULTS | {"tracking": 0}
    assert change(database, TRACKING, 1, user=6, click=2) == DEFAULTS
    assert change(database, TRACKING, 0, click=1) == DEFAULTS
    assert change(database, TRACKING, 0, click=3) == DEFAULTS | {"tracking": 0}
    assert sql.execute("SELECT interaction_id FROM guild_settings_audit ORDER BY changed_at").fetchall() == [(1,), (2,), (3,)]


def test_two_at_once_do_not_undo_each_other(sql, database):
    """Both wait for the same row; each changes its own setting, or finds it changed."""
    sql.execute("INSERT INTO guild_settings (guild_id) VALUES (%s)", [GUILD])
    with psycopg.connect(database) as lock, concurrent.futures.ThreadPoolExecutor() as pool:
        lock.execute("SELECT FROM guild_settings FOR UPDATE")
        changes = [pool.submit(change, database, *what) for what in [(TRACKING, 0, 5), (COUNT_AFK, 0, 6), (TRACKING, 0, 7)]]
        while sql.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()[0] < 3:
            assert not any(c.done() for c in changes)
            time.sleep(0.02)
        lock.rollback()
        for c in changes:
            c.result(20)
    assert read(database) == DEFAULTS | {"tracking": 0, "count_afk": 0}
    assert sorted(row[2:] for row in audit(sql)) == [("count_afk", "true", "false"), ("tracking", "true", "false")]
    assert sql.execute("SELECT count(DISTINCT changed_at) FROM guild_settings_audit").fetchone() == (2,)


def test_stamps_rise_though_the_clock_steps_back(sql, database):
    sql.execute("INSERT INTO guild_settings (guild_id, changed_at) VALUES (%s, now() + interval '1 hour')", [GUILD])
    for on in (0, 1, 0):
        change(database, TRACKING, on)
    changes = load(database).changes
    assert [c[:3] for c in changes] == [[GUILD, TRACKING, on] for on in (0, 1, 0)]
    assert (time.time() + 3000) * 1e6 < changes[0][3] < changes[1][3] < changes[2][3]


def test_loading_a_shard(sql, database):
    ours, other = [(n << 22) + 1 for n in (4, 6, 8)], (5 << 22) + 1
    change(database, TRACKING, 0, guild=ours[1])
    change(database, COUNT_AFK, 0, guild=ours[0])
    change(database, TRACKING, 0, guild=ours[0])
    change(database, TRACKING, 1, guild=ours[0])
    change(database, TRACKING, 0, guild=ours[2])
    change(database, TRACKING, 1, guild=ours[2])
    change(database, TRACKING, 0, guild=other)
    loaded = load(database, 2, 0)
    assert abs(loaded.as_of - time.time()) < 10
    assert [c[:3] for c in loaded.changes] == [
        [ours[0], COUNT_AFK, 0], [ours[0], TRACKING, 0], [ours[0], TRACKING, 1], [ours[1], TRACKING, 0], [ours[2], TRACKING, 0], [ours[2], TRACKING, 1],
    ]
    # Those that changed too, though they are as all are: their AFK channels are asked for.
    assert sorted(loaded.guilds) == [[ours[0], 1, 0], [ours[1], 0, 1], [ours[2], 1, 1]]
    later = int(time.time()) + 60
    assert sorted(load(database, 2, 0, since=later).guilds) == [[ours[0], 1, 0], [ours[1], 0, 1]]
    assert all(abs(c[3] / 1e6 - time.time()) < 60 for c in loaded.changes)
    assert load(database, 2, 1).guilds == [[other, 0, 1]]

    sql.execute("UPDATE guild_settings_audit SET changed_at = to_timestamp(1000) WHERE guild_id = %s", [ours[1]])
    assert [c[0] for c in load(database, 2, 0, since=1001).changes] == [ours[0]] * 3 + [ours[2]] * 2
    assert [c[3] for c in load(database, 2, 0, since=1000).changes if c[0] == ours[1]] == [1000 * 10**6]
