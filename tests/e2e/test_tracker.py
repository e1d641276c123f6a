"""Voice in, sessions out: the rules of counting, against the local Discord over wss."""

import contextlib
import datetime
import json
import signal
import time

import psycopg
import pytest
from harness import ROOT, TESTS, Detour, away, copy_of, migrate, wait_for
from plain_sql import assert_ledger_is_whole


def rows(sql):
    """Every session: user, channel, length in seconds or None, reason; in the order of their beginning."""
    return sql.execute(
        "SELECT user_id, channel_id, total_seconds, end_reason FROM voice_session ORDER BY started_at, session_id"
    ).fetchall()


def open_rows(sql):
    return {(user, channel) for user, channel, seconds, _ in rows(sql) if seconds is None}


def presence(sql):
    return set(sql.execute("SELECT user_id, channel_id FROM voice_presence").fetchall())


def until_open(sql, expected, seconds=15):
    wait_for(lambda: open_rows(sql) == set(expected), f"open sessions {expected}", seconds)
    assert presence(sql) == set(expected)


def committed_seq(sql):
    return sql.execute("SELECT seq FROM tracker_shard").fetchone()[0]


def until_committed(sql, discord):
    """Every dispatch of the local Discord is in the database."""
    wait_for(lambda: committed_seq(sql) == discord.sessions()[-1]["seq"], "everything committed")


def proven(sql):
    return sql.execute("SELECT proven_at FROM tracker_shard").fetchone()[0]


def test_join_move_mute_leave(discord, trackers, sql):
    ann, ben, cleo = discord.people[:3]
    lounge, games = discord.channels[:2]
    trackers.start()
    discord.voice(ann, lounge)
    discord.voice(ben, lounge)
    discord.voice(cleo, games)
    discord.voice(discord.bots[0], lounge)
    until_open(sql, {(ann, lounge), (ben, lounge), (cleo, games)})
    discord.flags(ben, self_mute=True, self_video=True)
    time.sleep(1.2)
    discord.voice(ann, games)
    discord.leave(cleo)
    until_open(sql, {(ann, games), (ben, lounge)})
    ended = {row[:2]: row[2:] for row in rows(sql) if row[2] is not None}
    assert set(ended) == {(ann, lounge), (cleo, games)}
    assert ended[ann, lounge][1] == "move" and ended[cleo, games][1] == "leave"
    assert all(1 <= seconds <= 3 for seconds, _ in ended.values())
    # A move ends one and begins the other at the same instant.
    moved = sql.execute("SELECT started_at, ended_at FROM voice_session WHERE user_id = %s ORDER BY 1, 2", [ann]).fetchall()
    assert moved[0][1] == moved[1][0]
    assert_ledger_is_whole(sql)


def test_who_was_there_before_is_counted_from_the_snapshot(discord, trackers, sql):
    ann, ben = discord.people[:2]
    discord.voice(ann, discord.channels[0])
    discord.voice(discord.bots[0], discord.channels[0])
    discord.voice(ben, discord.afk_channel)
    trackers.start()
    until_open(sql, {(ann, discord.channels[0]), (ben, discord.afk_channel)})  # AFK counts like any other


def test_names_icon_and_channels_are_kept(discord, trackers, sql):
    trackers.start()
    guild = discord.state()["guilds"][0]
    for user in discord.people[:5]:
        discord.voice(user, discord.channels[0])
    wait_for(lambda: sql.execute("SELECT count(*) FROM member").fetchone()[0] == 5, "five members")
    kept = sql.execute("SELECT user_id::text, username, global_name, nick, avatar FROM member").fetchall()
    known = {m["id"]: m for m in json.loads((ROOT / "infra/sandbox/cast.json").read_text())["guilds"][0]["members"]}
    for user, *names in kept:
        assert names == [known[user].get(key) for key in ("username", "global_name", "nick", "avatar")]
    assert sql.execute("SELECT name, icon, afk_channel_id FROM guild WHERE guild_id = %s", [discord.guild]).fetchone() == (
        guild["name"], guild["icon"], discord.afk_channel,
    )
    voice_channels = {(int(c["id"]), c["name"]) for c in guild["channels"] if c["type"] in (2, 13)}
    kept = sql.execute("SELECT channel_id, name FROM channel WHERE guild_id = %s", [discord.guild]).fetchall()
    assert set(kept) == voice_channels
    discord.guild_action("update", name="Renamed")
    wait_for(lambda: sql.execute("SELECT FROM guild WHERE name = 'Renamed'").fetchone() is not None, "the new name")


def test_killed_and_resumed(discord, trackers, sql):
    """RESUME from the committed seq: who stayed goes on, who left meanwhile ends at the last proof."""
    ann, ben, cleo, dora = discord.people[:4]
    lounge, games = discord.channels[:2]
    tracker = trackers.start()
    for user in (ann, ben, cleo):
        discord.voice(user, lounge)
    until_open(sql, {(user, lounge) for user in (ann, ben, cleo)})
    time.sleep(2.5)  # a heartbeat or two
    tracker.kill()
    proof = proven(sql)
    time.sleep(1.5)
    discord.leave(ann)
    discord.voice(ben, games)
    discord.voice(dora, games)
    time.sleep(1.5)
    before = discord.last_request()
    trackers.start()
    until_open(sql, {(ben, games), (cleo, lounge), (dora, games)})
    assert discord.frames(6, before) and not discord.frames(2, before), "resumed, not identified"
    until_committed(sql, discord)
    ended = sql.execute("SELECT user_id, ended_at, end_reason FROM voice_session WHERE ended_at IS NOT NULL ORDER BY 1").fetchall()
    assert {(user, reason) for user, _, reason in ended} == {(ann, "leave"), (ben, "move")}
    for _, ended_at, _ in ended:
        assert ended_at == proof.replace(microsecond=0)
    started = dict(sql.execute("SELECT user_id, started_at FROM voice_session WHERE ended_at IS NULL").fetchall())
    assert (started[ben] - proof).total_seconds() > 2, "a replayed start is booked at receipt"
    assert started[cleo] < proof, "who stayed goes on"
    assert len(rows(sql)) == 5
    assert_ledger_is_whole(sql)


def test_a_replay_with_an_earlier_resumed_in_it(discord, trackers, sql, database):
    """It has a seq like any dispatch. Killed before that was committed, the next start gets it again: no end of the replay."""
    ann, ben = discord.people[:2]
    lounge = discord.channels[0]
    tracker = trackers.start()
    discord.voice(ann, lounge)
    discord.voice(ben, lounge)
    until_open(sql, {(ann, lounge), (ben, lounge)})
    until_committed(sql, discord)
    tracker.kill()
    proof = proven(sql)
    discord.faults(connect="refuse")
    tracker = trackers.start(wait=False)
    wait_for(lambda: "shard_claimed" in tracker.log(), "the claim")
    with away(database):
        discord.faults(connect="accept")
        wait_for(lambda: "gateway_resumed" in tracker.log(), "RESUMED")
        tracker.kill()
    time.sleep(2)
    discord.leave(ann)
    trackers.start()
    until_open(sql, {(ben, lounge)})
    assert sql.execute("SELECT ended_at FROM voice_session WHERE user_id = %s", [ann]).fetchall() == [(proof.replace(microsecond=0),)]
    assert_ledger_is_whole(sql)


@pytest.mark.parametrize("answer", ["refuse", "ready"])
def test_killed_and_not_resumed(discord, trackers, sql, answer):
    """The session is gone: all that was open ends at the last proof, the snapshot opens anew."""
    ann, ben, cleo = discord.people[:3]
    lounge = discord.channels[0]
    tracker = trackers.start()
    for user in (ann, ben, cleo):
        discord.voice(user, lounge)
    until_open(sql, {(user, lounge) for user in (ann, ben, cleo)})
    time.sleep(2.5)
    tracker.kill()
    proof = proven(sql)
    discord.faults(resume=answer)
    time.sleep(2)
    discord.leave(ann)
    trackers.start()
    wait_for(lambda: len(rows(sql)) == 5, "three ended, two opened", 30)
    until_open(sql, {(ben, lounge), (cleo, lounge)})
    ended = sql.execute("SELECT user_id, ended_at, end_reason FROM voice_session WHERE ended_at IS NOT NULL").fetchall()
    assert {user for user, _, _ in ended} == {ann, ben, cleo}
    assert {reason for _, _, reason in ended} == {"unproven"}
    assert {ended_at for _, ended_at, _ in ended} == {proof.replace(microsecond=0)}
    gap = sql.execute("SELECT min(started_at) FROM voice_session WHERE ended_at IS NULL").fetchone()[0] - proof
    assert gap.total_seconds() >= 1
    assert_ledger_is_whole(sql)


def test_an_evening(discord, trackers, sql):
    """Joins, a move, a mute, a leave and a bot; killed and resumed; killed and not resumed; somebody leaves each time."""
    ann, ben, cleo, dora = discord.people[:4]
    lounge, games = discord.channels[:2]
    tracker = trackers.start()
    for user in (ann, ben, cleo):
        discord.voice(user, lounge)
    discord.voice(discord.bots[0], lounge)
    discord.voice(ben, games)
    discord.flags(cleo, self_mute=True)
    discord.leave(ann)
    discord.voice(dora, games)
    until_open(sql, {(ben, games), (cleo, lounge), (dora, games)})
    time.sleep(2.5)
    tracker.kill()
    discord.leave(dora)
    tracker = trackers.start()
    until_open(sql, {(ben, games), (cleo, lounge)})
    time.sleep(2.5)
    tracker.kill()
    discord.faults(resume="refuse")
    discord.leave(ben)
    trackers.start()
    wait_for(lambda: len(rows(sql)) == 6, "the snapshot after the lost session", 30)
    until_open(sql, {(cleo, lounge)})
    assert sorted((user, channel, reason) for user, channel, _, reason in rows(sql) if reason) == sorted([
        (ann, lounge, "leave"), (ben, lounge, "move"), (dora, games, "leave"), (ben, games, "unproven"), (cleo, lounge, "unproven"),
    ])
    assert_ledger_is_whole(sql)


@pytest.mark.parametrize("how", ["cut", "reconnect", "resumable", 4000, 4008])
def test_a_broken_connection_is_resumed(discord, trackers, sql, how):
    ann, ben = discord.people[:2]
    lounge, games = discord.channels[:2]
    trackers.start()
    discord.voice(ann, lounge)
    discord.voice(ben, lounge)
    until_open(sql, {(ann, lounge), (ben, lounge)})
    before = discord.last_request()
    break_connection(discord, how)
    discord.voice(ben, games)
    until_open(sql, {(ann, lounge), (ben, games)})
    wait_for(lambda: discord.frames(6, before), "RESUME")
    assert not discord.frames(2, before)
    assert discord.frames(6, before)[0]["d"]["seq"] > 0
    assert [row[3] for row in rows(sql) if row[2] is not None] == ["move"]
    assert_ledger_is_whole(sql)


@pytest.mark.parametrize("how", ["invalid", 4003, 4007, 4009])
def test_a_lost_session_starts_anew(discord, trackers, sql, how):
    ann, ben = discord.people[:2]
    lounge = discord.channels[0]
    trackers.start()
    discord.voice(ann, lounge)
    until_open(sql, {(ann, lounge)})
    time.sleep(1.1)
    before = discord.last_request()
    break_connection(discord, how)
    discord.voice(ben, lounge)
    # The first IDENTIFY led to a session of seconds: the next one waits for 10 s, after op 9 for 1 to 5 s before that.
    until_open(sql, {(ann, lounge), (ben, lounge)}, 30)
    assert discord.frames(2, before) and not discord.frames(6, before)
    ended = [row for row in rows(sql) if row[2] is not None]
    assert [(user, reason) for user, _, _, reason in ended] == [(ann, "unproven")]
    assert 0 <= ended[0][2] <= 3, "at the last frame before the end"
    assert_ledger_is_whole(sql)


def break_connection(discord, how):
    if how in ("cut", "reconnect"):
        discord.gateway(how)
    elif how in ("resumable", "invalid"):
        discord.gateway("invalid_session", resumable=how == "resumable")
    else:
        discord.gateway("close", code=how)


def test_a_silent_gateway_is_left(discord, trackers, sql):
    """No ACK until the next beat is due: a zombie. It is closed with 4000 and resumed."""
    discord.faults(heartbeat_interval=1500)
    trackers.start(HEARTBEAT_INTERVAL="60")
    discord.voice(discord.people[0], discord.channels[0])
    until_open(sql, {(discord.people[0], discord.channels[0])})
    before = discord.last_request()
    discord.faults(acks=False)
    closes = wait_for(lambda: [r for r in discord.requests("close", before) if r["by"] == "client"], "the zombie's end")
    assert closes[0]["code"] == 4000
    discord.faults(acks=True)
    wait_for(lambda: discord.frames(6, before), "RESUME")


def test_beats_carry_what_is_committed(discord, trackers, sql):
    """A server that takes a beat for an acknowledgement cannot discard what was not written."""
    discord.faults(prune=True)
    tracker = trackers.start(HEARTBEAT_INTERVAL="1")
    lounge = discord.channels[0]
    people = discord.people[:6]
    for user in people:
        discord.voice(user, lounge)
        time.sleep(0.4)
        for beat in discord.frames(1):
            assert beat["d"] is None or beat["d"] <= discord.sessions()[-1]["seq"]
    tracker.kill()
    discord.leave(people[0])
    trackers.start(HEARTBEAT_INTERVAL="1")
    until_open(sql, {(user, lounge) for user in people[1:]})
    assert len([row for row in rows(sql) if row[3] == "unproven"]) == 0, "the replay was there"
    assert_ledger_is_whole(sql)


def test_an_outage_ends_sessions_and_its_end_opens_them(discord, trackers, sql):
    ann, ben = discord.people[:2]
    lounge = discord.channels[0]
    trackers.start()
    discord.voice(ann, lounge)
    until_open(sql, {(ann, lounge)})
    discord.guild_action("outage")
    until_open(sql, set())
    assert sql.execute("SELECT available FROM guild WHERE guild_id = %s", [discord.guild]).fetchone() == (False,)
    discord.voice(ben, lounge)
    discord.guild_action("return")
    until_open(sql, {(ann, lounge), (ben, lounge)})
    assert [row[3] for row in rows(sql) if row[2] is not None] == ["outage"]
    assert sql.execute("SELECT available FROM guild WHERE guild_id = %s", [discord.guild]).fetchone() == (True,)


def test_removed_from_a_server(discord, trackers, sql):
    ann = discord.people[0]
    trackers.start()
    discord.voice(ann, discord.channels[0])
    until_open(sql, {(ann, discord.channels[0])})
    discord.guild_action("remove")
    until_open(sql, set())
    assert [row[3] for row in rows(sql)] == ["removed"]
    assert sql.execute("SELECT left_at IS NOT NULL FROM guild WHERE guild_id = %s", [discord.guild]).fetchone() == (True,)
    discord.guild_action("add")
    until_open(sql, {(ann, discord.channels[0])})


def test_removed_while_nobody_watched(discord, trackers, sql):
    ann = discord.people[0]
    tracker = trackers.start()
    discord.voice(ann, discord.channels[0])
    until_open(sql, {(ann, discord.channels[0])})
    tracker.kill()
    discord.guild_action("remove")
    discord.faults(resume="refuse")
    trackers.start()
    wait_for(lambda: sql.execute("SELECT left_at IS NOT NULL FROM guild WHERE guild_id = %s", [discord.guild]).fetchone() == (True,), "left", 30)
    assert open_rows(sql) == set()


def test_a_deleted_channel_empties(discord, trackers, sql):
    ann = discord.people[0]
    trackers.start()
    discord.voice(ann, discord.channels[0])
    until_open(sql, {(ann, discord.channels[0])})
    discord.call("/control/channel", {"action": "delete", "channel_id": str(discord.channels[0])})
    until_open(sql, set())
    assert [row[3] for row in rows(sql)] == ["leave"]


def test_a_planned_stop_leaves_sessions_open(discord, trackers, sql):
    ann, ben = discord.people[:2]
    lounge = discord.channels[0]
    tracker = trackers.start()
    discord.voice(ann, lounge)
    until_open(sql, {(ann, lounge)})
    discord.voice(ben, lounge)  # not yet written when the signal comes
    before = discord.last_request()
    assert tracker.stop() == 0
    closes = [r for r in discord.requests("close", before) if r["by"] == "client"]
    assert [c["code"] for c in closes] == [4000]
    until_open(sql, {(ann, lounge), (ben, lounge)})
    assert (sql.execute("SELECT now()").fetchone()[0] - proven(sql)).total_seconds() < 3
    trackers.start()
    discord.leave(ben)
    until_open(sql, {(ann, lounge)})
    assert not discord.frames(2, before) and discord.frames(6, before)
    assert len(rows(sql)) == 2


def test_stopped_before_the_database_answers(discord, trackers, sql, database):
    """Nothing was claimed, nothing is owed: it ends at once."""
    with away(database):
        tracker = trackers.start(wait=False)
        wait_for(lambda: "database_unreachable" in tracker.log(), "the database's absence in the log")
        assert tracker.stop(3) == 0


def test_a_database_that_was_away_gets_everything(discord, trackers, sql, database):
    ann, ben, cleo = discord.people[:3]
    lounge = discord.channels[0]
    trackers.start()
    discord.voice(ann, lounge)
    until_open(sql, {(ann, lounge)})
    with away(database):
        time.sleep(1)
        discord.voice(ben, lounge)
        time.sleep(1)
        discord.voice(cleo, lounge)
        time.sleep(1)
        discord.leave(ann)
        time.sleep(1)
        assert open_rows(sql) == {(ann, lounge)}
    until_open(sql, {(ben, lounge), (cleo, lounge)})
    started = [row[0] for row in sql.execute("SELECT started_at FROM voice_session ORDER BY 1").fetchall()]
    assert len(set(started)) == 3, "booked when they happened, not when they were written"
    assert_ledger_is_whole(sql)


def test_a_batch_that_commits_after_its_connection_broke(discord, trackers, sql, database):
    """It is sent again, waits for itself, and is refused by the fence: no other owner, and no reason to end."""
    ann, ben = discord.people[:2]
    lounge = discord.channels[0]
    waiting = """SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                  WHERE NOT granted AND locktype = 'transactionid' AND a.datname = current_database()"""
    with contextlib.closing(Detour(database)) as detour:
        tracker = trackers.start(DATABASE_URL=detour.url)
        discord.voice(ann, lounge)
        until_open(sql, {(ann, lounge)})
        with psycopg.connect(database) as other:
            other.execute("SELECT FROM guild WHERE guild_id = %s FOR UPDATE", [discord.guild])
            discord.voice(ben, lounge)
            wait_for(lambda: sql.execute(waiting).fetchone() == (1,), "the batch under way")
            detour.cut()
            wait_for(lambda: sql.execute(waiting).fetchone() == (2,), "the same batch again")
        until_open(sql, {(ann, lounge), (ben, lounge)})
        wait_for(lambda: "batch_found_committed" in tracker.log(), "the writer's understanding")
        discord.leave(ann)
        until_open(sql, {(ben, lounge)})
        assert tracker.process.poll() is None and "shard_taken" not in tracker.log()
        assert_ledger_is_whole(sql)
        assert tracker.stop() == 0


def test_a_process_that_stood_still_watched_nobody(discord, trackers, sql):
    """What it reads afterwards happened at some moment meanwhile: it is asked for again, as a replay."""
    ann, ben = discord.people[:2]
    lounge = discord.channels[0]
    tracker = trackers.start()
    discord.voice(ann, lounge)
    discord.voice(ben, lounge)
    until_open(sql, {(ann, lounge), (ben, lounge)})
    time.sleep(1)
    tracker.process.send_signal(signal.SIGSTOP)
    stopped = sql.execute("SELECT now()").fetchone()[0]
    discord.leave(ann)
    time.sleep(7)
    before = discord.last_request()
    tracker.process.send_signal(signal.SIGCONT)
    until_open(sql, {(ben, lounge)})
    ended = sql.execute("SELECT ended_at FROM voice_session WHERE user_id = %s", [ann]).fetchone()[0]
    assert ended <= stopped
    assert discord.frames(6, before) and not discord.frames(2, before)
    assert_ledger_is_whole(sql)


def test_the_clock_steps_back_and_forth(discord, trackers, sql, tmp_path):
    """The tracker's own clock is wrong by an hour at times: timers keep their pace, and sessions their length."""
    ann, ben = discord.people[:2]
    lounge, games = discord.channels[:2]
    clock = tmp_path / "clock"
    clock.write_text("0")
    trackers.start(
        LD_PRELOAD=str(TESTS / "e2e/stepped_clock.so"),
        STEPPED_CLOCK=str(clock),
        ASAN_OPTIONS="verify_asan_link_order=0",
    )
    for offset in (-3600, 3600, 0):
        began = sql.execute("SELECT now()").fetchone()[0]
        discord.voice(ann, lounge)
        discord.voice(ben, lounge)
        until_open(sql, {(ann, lounge), (ben, lounge)})
        clock.write_text(str(offset))
        time.sleep(2)
        before = proven(sql)
        wait_for(lambda: proven(sql) > before, "a heartbeat after the step", 5)
        discord.voice(ben, games)
        discord.faults(resume="ready")
        discord.gateway("cut")  # the session is lost: ends at the last proof, begins anew
        wait_for(lambda: sql.execute("SELECT FROM voice_session WHERE end_reason = 'unproven' AND started_at >= date_trunc('second', %s::timestamptz)", [began]).fetchone() is not None, "the loss")
        discord.faults(resume="accept")
        until_open(sql, {(ann, lounge), (ben, games)})
        discord.leave(ann)
        discord.leave(ben)
        until_open(sql, set())
        took = sql.execute("SELECT now() - %s", [began]).fetchone()[0]
        counted = sql.execute("SELECT sum(ended_at - started_at), min(started_at), max(ended_at) FROM voice_session WHERE user_id = %s AND started_at >= %s - interval '1 second'", [ann, began]).fetchone()
        most = took + datetime.timedelta(seconds=1)  # the first second is counted from its beginning
        assert 2 <= counted[0].total_seconds() and counted[0] <= most and counted[2] - counted[1] <= most
    assert_ledger_is_whole(sql)


def test_a_refusing_server_sees_few_identifies(discord, trackers):
    """Every RESUME and IDENTIFY refused: the pauses double. (Five minutes of it: see the closing notes; this is the first part.)"""
    discord.faults(identify="refuse", resume="refuse", identify_window_ms=0)
    trackers.start()
    time.sleep(25)
    identifies = discord.frames(2)
    assert 2 <= len(identifies) <= 3, "at 0, 10 and no sooner than 30 seconds"


def test_a_dead_token_ends_the_program(discord, trackers, settings):
    tracker = trackers.start(wait=False, DISCORD_TOKEN="wrong")
    assert tracker.process.wait(15) == 1
    assert "DISCORD_TOKEN" in tracker.log() or "token" in tracker.log()
    assert "wrong" not in tracker.log()


def test_a_certificate_from_elsewhere_is_refused(discord, trackers):
    tracker = trackers.start(wait=False, TLS_CA_FILE="/etc/ssl/certs/ca-certificates.crt")
    wait_for(lambda: "certificate" in tracker.log(), "the refusal in the log")
    assert discord.requests("open") == [] and tracker.process.poll() is None


@pytest.mark.parametrize("name, value", [("DISCORD_TOKEN", ""), ("DISCORD_TOKEN", "abc.def.ghi\n"), ("HEARTBEAT_INTERVAL", "0"), ("DISCORD_APPLICATION_ID", "x1"), ("DATABASE_URL", ""), ("LOG_LEVEL", "loud")])
def test_wrong_settings_end_the_start_with_one_line(trackers, name, value):
    tracker = trackers.start(wait=False, **{name: value})
    assert tracker.process.wait(5) == 2
    lines = tracker.log().splitlines()
    assert len(lines) == 1 and name in lines[0]


def test_without_tables_it_waits_for_them(discord, trackers, cluster):
    ann, lounge = discord.people[0], discord.channels[0]
    discord.voice(ann, lounge)
    with copy_of(cluster, "template0") as url, psycopg.connect(url, autocommit=True) as sql:
        tracker = trackers.start(wait=False, DATABASE_URL=url)
        wait_for(lambda: "run tracker --migrate" in tracker.log(), "the advice")
        migrate(url)
        wait_for(lambda: presence(sql) == {(ann, lounge)}, "it counts")
        sql.execute("DELETE FROM schema_migration WHERE name = (SELECT max(name) FROM schema_migration)")
        second = trackers.start(wait=False, DATABASE_URL=url)
        wait_for(lambda: "schema_old lacks=" in second.log(), "tables of an older release are told too")
        time.sleep(3)
        assert second.stop() == tracker.stop() == 0
        assert second.log().count("schema_old") == 1 and "statement_failed" not in tracker.log() + second.log()


def test_a_resume_is_proof_that_is_written(discord, trackers, sql):
    """Rule 2: not left until the next heartbeat, or a kill could cost two intervals."""
    ann, lounge = discord.people[0], discord.channels[0]
    trackers.start(HEARTBEAT_INTERVAL="60")
    discord.voice(ann, lounge)
    until_open(sql, {(ann, lounge)})
    time.sleep(1)
    before, cut = discord.last_request(), sql.execute("SELECT now()").fetchone()[0]
    discord.gateway("cut")
    wait_for(lambda: discord.frames(6, before), "RESUME")
    wait_for(lambda: proven(sql) > cut, "the proof", 3)


def test_voice_of_an_unknown_server_survives_a_restart(discord, trackers, sql):
    """Its GUILD_CREATE never came, say: what is open is known after a restart, and no ghost is left."""
    guild, user, channel = 4194304 * 7, 77, 78
    def said(seq, channel):
        return {"op": 0, "t": "VOICE_STATE_UPDATE", "s": seq, "d": {
            "guild_id": str(guild), "user_id": str(user), "channel_id": channel and str(channel), "session_id": "x"}}
    tracker = trackers.start()
    discord.gateway("raw", frame=said(1000, channel))
    until_open(sql, {(user, channel)})
    tracker.kill()
    discord.faults(resume="refuse")
    trackers.start()
    wait_for(lambda: open_rows(sql) == set(), "no ghost")
    assert presence(sql) == set()
    assert [row[3] for row in rows(sql)] == ["unproven"]
