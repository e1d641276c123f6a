"""Interactions in, answers out: the handler between the local Discord over https and a real PostgreSQL."""

import concurrent.futures
import os
import re
import signal
import time

import pytest
from answers import LABELS, alt, expected_between, jpeg_size, names, picture, words
from harness import Discord, away, free_port, is_ready, record_sessions, status_of, wait_for
from plain_sql import RANGES, instant, plain_board

ATTACH_FILES = 1 << 15
COMPONENTS_V2 = 1 << 15


# The board ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [None, *RANGES])
def test_a_board_says_what_the_sessions_say(discord, handlers, ledger, name):
    handlers()
    seen = set()
    for caller in (discord.people[i] for i in (2, 7, 13, 20, 23, 30)):
        before = time.time()
        answer = discord.leaderboard(name, user_id=str(caller))
        figures = expected_between(ledger, discord.guild, name or "this_month", before, time.time(), caller)
        head, said = alt(answer).split(" UTC: ")
        assert head.startswith(f"Voice leaderboard of The Lantern Room, {LABELS[name or 'this_month']} · ")
        width, height = jpeg_size(picture(discord, answer))
        assert width == 1000 and (said, height) in figures
        seen.add("(you)" in said)
    assert seen == {True, False}


def test_first_it_is_deferred_then_comes_the_card(discord, handlers, ledger):
    handlers()
    sent = discord.begin_leaderboard()
    answer = discord.answer(sent["interaction_id"])
    [edit] = discord.edits()
    [file] = edit["files"]
    text = alt(answer)
    controls = edit["json"]["components"][0]["components"][1:]
    assert edit["json"] == {
        "flags": COMPONENTS_V2,
        "allowed_mentions": {"parse": []},
        "attachments": [{"id": "0", "filename": file["filename"], "description": text}],
        "components": [{
            "type": 17, "accent_color": 0x4CC9F0,
            "components": [
                {"type": 12, "items": [{"media": {"url": f"attachment://{file['filename']}"}, "description": text}]}, *controls,
            ],
        }],
    }
    assert (file["name"], file["content_type"]) == ("files[0]", "image/jpeg")
    assert edit["path"] == f"/api/v10/webhooks/{discord.env['DISCORD_APPLICATION_ID']}/{sent['token']}/messages/@original"
    assert edit["tls"] and edit["status"] == 200
    assert re.match(r"DiscordBot \(https://\S+, [\d.]+\)", edit["headers"]["user-agent"])
    assert edit["headers"]["content-type"].startswith("multipart/form-data; boundary=")
    assert "authorization" not in edit["headers"]
    assert not answer["ephemeral"]


def test_a_card_has_a_file_name_of_its_own(discord, handlers, ledger):
    handlers()
    discord.leaderboard()
    discord.leaderboard()
    first, second = (edit["files"][0]["filename"] for edit in discord.edits())
    assert first != second


def test_open_sessions_are_counted_live(discord, handlers, trackers, sql):
    ann = discord.people[0]
    trackers.start()
    handlers()
    now = int(time.time())
    wait_for(lambda: sql.execute("SELECT FROM guild").fetchone() is not None, "the server")
    record_sessions(sql, discord.guild, [(ann, now - 7200 - 3590, now - 7200)])
    discord.voice(ann, discord.channels[0])
    wait_for(lambda: "59m; 59m in total, 1 member, 1 member in voice now" in alt(discord.leaderboard("all_time")), "she is there")
    wait_for(lambda: "1h 00m; 1h 00m in total" in alt(discord.leaderboard("all_time")), "the hour is full")
    assert sql.execute("SELECT sum(total_seconds) FROM voice_session").fetchone() == (3590,)


def test_whom_the_tracker_never_met(discord, handlers, ledger):
    """The caller's own name comes with the interaction."""
    handlers()
    first = plain_board(ledger, discord.guild, "all_time", instant(time.time()))[0].user
    name = names(ledger)[first]
    ledger.execute("DELETE FROM member WHERE user_id = %s", [first])
    assert f": 1. {name} (you) " in alt(discord.leaderboard("all_time", user_id=str(first)))
    assert ": 1. Unknown member " in alt(discord.leaderboard("all_time", user_id=str(discord.people[40])))


# Pictures of members ------------------------------------------------------------------------------------------------


@pytest.fixture
def still_ledger(ledger):
    """Nothing in it is counted live: two cards have the same figures."""
    ledger.execute("UPDATE tracker_shard SET proven_at = NULL")
    return ledger


def card_hash(discord):
    discord.leaderboard("all_time")
    return discord.edits()[-1]["files"][0]["sha256"]


def test_pictures_come_from_the_cdn(discord, handlers, still_ledger):
    handlers()
    with_pictures = card_hash(discord)
    fetched = discord.requests("cdn")
    assert len(fetched) > 8 and {r["status"] for r in fetched} == {200}
    assert all(r["tls"] and r["query"] == "size=128" and "authorization" not in r["headers"] for r in fetched)
    assert len([r for r in fetched if r["path"].startswith(f"/icons/{discord.guild}/")]) == 1
    assert card_hash(discord) == with_pictures
    still_ledger.execute("UPDATE member SET avatar = NULL, guild_avatar = NULL")
    assert card_hash(discord) != with_pictures


def test_a_worker_keeps_pictures(discord, handlers, still_ledger):
    handlers(WORKERS="1")
    first = card_hash(discord)
    fetched = len(discord.requests("cdn"))
    assert fetched > 8
    discord.faults(cdn="down")
    assert card_hash(discord) == first and len(discord.requests("cdn")) == fetched


def test_a_worker_keeps_no_pictures_if_told_so(discord, handlers, still_ledger):
    handlers(WORKERS="1", AVATAR_CACHE_MB="0")
    first = card_hash(discord)
    fetched = len(discord.requests("cdn"))
    assert card_hash(discord) == first and len(discord.requests("cdn")) == 2 * fetched


@pytest.mark.parametrize("fault", ["slow", "down", "garbage", "huge"])
def test_without_pictures_there_are_initials_and_soon(discord, handlers, still_ledger, fault):
    handler = handlers(WORKERS="1")
    with_pictures = card_hash(discord)
    assert handler.stop() == 0
    handler = handlers(WORKERS="1")
    discord.faults(cdn=fault)
    before = discord.last_request()
    began = time.time()
    without = card_hash(discord)
    assert discord.edits()[-1]["at_ms"] / 1000 - began < 3
    assert discord.requests("cdn", before) and without != with_pictures
    assert card_hash(discord) == without
    for name in RANGES:  # with pictures that nobody asked for before, too
        discord.leaderboard(name)
    # Not each card waited: on a slow machine one more, as silence is forgotten after seconds, and a large picture may be late.
    assert handler.log().count(" avatars_late ") in ((1, 2) if fault == "slow" else (0, 1, 2))

    discord.faults(cdn="ok")
    if fault in ("garbage", "huge"):  # remembered for minutes
        assert handler.stop() == 0
        handlers(WORKERS="1")
    wait_for(lambda: card_hash(discord) == with_pictures, "the pictures' return", 30)
    still_ledger.execute("UPDATE member SET avatar = NULL, guild_avatar = NULL")
    still_ledger.execute("UPDATE guild SET icon = NULL")
    assert card_hash(discord) == without


def test_a_worker_ends_with_fetches_under_way(discord, handlers, still_ledger):
    handler = handlers(WORKERS="1")
    discord.faults(cdn="slow")
    card_hash(discord)
    assert handler.stop() == 0


# Words --------------------------------------------------------------------------------------------------------------


def test_an_empty_range_in_words(discord, handlers, ledger):
    for table in ("voice_session", "voice_total", "voice_daily_activity"):
        ledger.execute(f"DELETE FROM {table}")
    handlers()
    said = {name: words(discord.leaderboard(name)) for name in RANGES}
    assert all(text.startswith("Nobody has been in voice") for text in said.values())
    assert len(set(said.values())) == len(RANGES)


def test_an_unknown_server_and_an_unknown_range(discord, handlers):
    handlers()
    assert words(discord.leaderboard()).startswith("I do not know this server yet.")
    assert words(discord.leaderboard("last_week")).startswith("I do not know this time range.")


def test_an_unknown_command_is_answered_at_once(discord, handlers):
    handlers()
    sent = discord.interaction(command="statistics")
    assert (sent["status"], sent["response"]["type"]) == (200, 4)
    assert sent["response"]["data"]["flags"] == 64 and "do not know this command" in sent["response"]["data"]["content"]
    assert discord.answer(sent["interaction_id"])["ephemeral"]


def assert_text_board(discord, ledger, answer, caller, before):
    """The board as text: the same figures as in a picture."""
    board = plain_board(ledger, discord.guild, "this_month", instant(before))
    lines = words(answer).splitlines()
    assert lines[0].startswith("### Voice leaderboard") and lines[1].startswith("This month · ")
    assert lines[-1].startswith("-# ") and lines[-1].endswith(f"{len(board)} members, 4 members in voice now")
    shown = board[:10] + [place for place in board[10:] if place.user == caller]
    assert [line.split("** ")[0] for line in lines[2:-1]] == [f"**#{place.rank}" for place in shown]
    assert [literal(name_of(line)) for line in lines[2:-1]] == [names(ledger)[place.user] for place in shown]
    assert discord.edits()[-1]["json"]["allowed_mentions"] == {"parse": []}


def name_of(line):
    """Between the marks that keep a name's direction its own."""
    return re.search("\u2068(.*)\u2069", line).group(1)


def literal(markdown):
    """What Discord shows, if nothing in it is markup: each character that could be is escaped."""
    assert not re.search(r"[*_~`|<>@#:\[\]()]", re.sub(r"\\.", "", markdown)), markdown
    return re.sub(r"\\(.)", r"\1", markdown)


def test_without_the_right_to_attach_files_it_is_text(discord, handlers, ledger):
    handlers()
    discord.faults(app_permissions=str(2147863552 & ~ATTACH_FILES))
    caller = discord.people[20]
    before = time.time()
    answer = discord.leaderboard(user_id=str(caller))
    assert_text_board(discord, ledger, answer, caller, before)
    assert len(discord.edits()) == 1 and not discord.requests("cdn")


@pytest.mark.parametrize(
    "fault", [{"status": 400, "code": 400001}, {"status": 403, "code": 50013}, {"status": 413, "code": 40005}, {"status": 400}]
)
def test_a_refused_picture_becomes_text(discord, handlers, ledger, fault):
    handlers()
    discord.faults(rest=[{"method": "PATCH", **fault}])
    caller = discord.people[20]
    before = time.time()
    answer = discord.leaderboard(user_id=str(caller))
    assert_text_board(discord, ledger, answer, caller, before)
    assert [len(edit["files"]) for edit in discord.edits()] == [1, 0]


def test_a_picture_above_the_limit_is_not_sent(discord, handlers, ledger):
    handlers()
    discord.faults(attachment_size_limit=10_000)
    assert words(discord.leaderboard())
    assert len(discord.edits()) == 1


NASTY = [
    "*a* @everyone <@1> [x](y) ||s|| `c` ~~d~~ _e_",
    "# head > quote - list 1. <#5> <@&7> <t:1:R> :smile:",
    "\\*b\\* https://a.example/_",
]


def test_nothing_in_a_name_is_markup(discord, handlers, ledger):
    handlers()
    discord.faults(app_permissions="0")
    board = plain_board(ledger, discord.guild, "this_month", instant(time.time()))
    for place, name in zip(board, NASTY):
        ledger.execute("UPDATE member SET nick = %s WHERE user_id = %s", [name, place.user])
    ledger.execute("UPDATE guild SET name = %s", [NASTY[0]])
    lines = words(discord.leaderboard()).splitlines()
    assert [literal(name_of(line)) for line in [lines[0], *lines[2:5]]] == [NASTY[0], *NASTY]


# What goes wrong at Discord -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault, tries, wait_ms",
    [
        ({"status": 404, "code": 10015, "times": 2}, 3, 250),
        ({"status": 429, "retry_after": 0.3}, 2, 300),
        ({"status": 429, "retry_after": 0.3, "body": "<html>slow down</html>"}, 2, 1000),
        ({"status": 500, "times": 2}, 3, 500),
        ({"status": 502, "body": "<html>bad gateway</html>"}, 2, 500),
        ({"delay_ms": 2000}, 1, 0),
    ],
)
def test_what_passes_is_tried_again(discord, handlers, ledger, fault, tries, wait_ms):
    handlers()
    discord.faults(rest=[{"method": "PATCH", **fault}])
    assert picture(discord, discord.leaderboard())
    edits = discord.edits()
    assert len(edits) == tries
    assert all(edit["files"] == edits[0]["files"] and edit["json"] == edits[0]["json"] for edit in edits)
    assert all(later["at_ms"] - edit["at_ms"] >= wait_ms for edit, later in zip(edits, edits[1:]))


def test_the_edit_waits_for_discord_to_digest_the_answer(discord, handlers, ledger):
    handlers()
    discord.faults(digest_ms=1500)
    assert picture(discord, discord.leaderboard())
    edits = discord.edits()
    assert [edit["status"] for edit in edits] == [404] * (len(edits) - 1) + [200]
    assert 2 <= len(edits) <= 5


def test_one_that_cannot_be_answered_keeps_nobody_waiting(discord, handlers, ledger):
    handler = handlers(WORKERS="1")
    discord.faults(rest=[{"method": "PATCH", "status": 500, "times": 1000}])
    stuck = discord.begin_leaderboard()
    wait_for(lambda: len(discord.edits()) >= 2, "tries")
    discord.faults(rest=[{"method": "PATCH", "path_contains": stuck["token"], "status": 500, "times": 1000}])
    assert [bool(picture(discord, discord.leaderboard())) for _ in range(5)] == [True] * 5
    assert discord.answer(stuck["interaction_id"], 0)["thinking"]
    discord.faults(rest=[])
    assert picture(discord, discord.answer(stuck["interaction_id"]))
    assert handler.process.poll() is None


def test_a_certificate_from_elsewhere_is_refused(discord, handlers, ledger, tmp_path):
    """The acknowledgement needs no connection of ours; nothing else is sent."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = Discord(elsewhere, free_port())
    other.program.end()
    handler = handlers(TLS_CA_FILE=other.env["TLS_CA_FILE"])
    discord.begin_leaderboard()
    wait_for(lambda: re.search("rest_retry .*certificate", handler.log()), "the refusal in the log")
    assert not discord.requests("rest") and not discord.requests("cdn")
    handler.kill()  # it would go on trying


# Processes and the database -----------------------------------------------------------------------------------------


def begin_many(discord, n):
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return list(pool.map(lambda _: discord.begin_leaderboard(), range(n)))


def test_sigterm_finishes_what_is_under_way(discord, handlers, ledger):
    handler = handlers()
    discord.faults(rest=[{"method": "PATCH", "delay_ms": 1500, "times": 5}])
    under_way = begin_many(discord, 5)
    assert handler.stop() == 0
    assert len(discord.edits()) == 5
    assert all(picture(discord, discord.answer(sent["interaction_id"], 0)) for sent in under_way)
    assert status_of(discord.handler_port, "/healthz") == 0


def test_a_killed_worker_is_followed_by_another(discord, handlers, ledger):
    handler = handlers()
    before = handler.children()
    os.kill(min(before), signal.SIGKILL)
    assert all(picture(discord, discord.leaderboard()) for _ in range(6))
    now = wait_for(lambda: len(handler.children()) == 2 and handler.children(), "a new worker")
    assert max(before) in now and min(before) not in now
    assert handler.stop() == 0
    assert re.search("worker_died .*signal=9", handler.log())


def test_workers_end_with_their_parent(discord, handlers, ledger):
    handler = handlers()
    handler.process.kill()
    handler.process.wait()
    wait_for(lambda: status_of(discord.handler_port, "/healthz") == 0, "nobody serves")


def test_two_hundred_at_once(discord, handlers, ledger):
    handlers()
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda i: discord.leaderboard(RANGES[i % 8], user_id=str(discord.people[i % 40])), range(200)))
    assert all(answer["attachments"] for answer in answers)
    assert len({answer["interaction_id"] for answer in answers}) == 200 and len(discord.edits()) == 200


def test_while_the_database_is_away(discord, handlers, ledger, database):
    handlers()
    with away(database):
        wait_for(lambda: status_of(discord.handler_port, "/readyz") == 503, "not ready")
        assert status_of(discord.handler_port, "/healthz") == 200
        assert words(discord.leaderboard()).startswith("I can't reach my records right now.")
        for command in ["stats", "settings"]:
            sent = discord.interaction(command=command, options={}, permissions=str(1 << 5))
            assert words(discord.answer(sent["interaction_id"])).startswith("I can't reach my records right now."), command
    wait_for(lambda: is_ready(discord.handler_port), "ready again", 30)
    assert picture(discord, discord.leaderboard())


def test_it_starts_without_the_database(discord, handlers, ledger, database):
    with away(database):
        handlers(wait=False)
        wait_for(lambda: status_of(discord.handler_port, "/healthz") == 200, "alive")
        assert status_of(discord.handler_port, "/readyz") == 503
        assert discord.interaction(ping=True)["response"] == {"type": 1}
    wait_for(lambda: is_ready(discord.handler_port), "ready", 30)
    assert picture(discord, discord.leaderboard())


# Start and registration ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, values",
    [
        ("DISCORD_APPLICATION_ID", ["", "x1", "-5", "99999999999999999999"]),
        ("DISCORD_PUBLIC_KEY", ["", "ab" * 31, "ab" * 33, "a" * 63, "zz" * 32]),
        ("DATABASE_URL", [""]),
        ("LISTEN", ["8080", "nowhere:80", "127.0.0.1:", "127.0.0.1:99999", ":80"]),
        ("WORKERS", ["0", "-1", "many", "2x"]),
        ("AVATAR_CACHE_MB", ["-1", "32MB", "4097"]),
        ("LOG_LEVEL", ["loud"]),
    ],
)
def test_wrong_settings_end_the_start_with_one_line(handlers, name, values):
    for value in values:
        handler = handlers(wait=False, **{name: value})
        assert handler.process.wait(10) == 2, value
        [line] = handler.log().splitlines()
        assert name in line


def test_registration(discord, handlers):
    handler = handlers("--register", wait=False)
    assert handler.process.wait(20) == 0
    [put] = discord.requests("rest")
    assert (put["method"], put["path"]) == ("PUT", f"/api/v10/applications/{discord.env['DISCORD_APPLICATION_ID']}/commands")
    assert put["headers"]["authorization"] == f"Bot {discord.env['DISCORD_TOKEN']}"
    assert put["headers"]["content-type"] == "application/json" and put["status"] == 200 and put["tls"]
    [vc] = put["json"]
    assert (vc["name"], vc["contexts"], vc["integration_types"], vc["default_member_permissions"]) == ("vc", [0], [0], None)
    leaderboard = vc["options"][0]
    [option] = leaderboard["options"]
    assert (leaderboard["type"], leaderboard["name"], option["type"], option["name"]) == (1, "leaderboard", 3, "time_range")
    assert {choice["value"]: choice["name"] for choice in option["choices"]} == LABELS
    assert not option.get("required")


def test_a_refused_registration_fails(discord, handlers):
    refused = handlers("--register", wait=False, DISCORD_TOKEN="wrong")
    assert refused.process.wait(20) == 1 and "401" in refused.log()
    for name, value in [("DISCORD_TOKEN", ""), ("DISCORD_TOKEN", "Bot abc.def.ghi"), ("DISCORD_APPLICATION_ID", "")]:
        malformed = handlers("--register", wait=False, **{name: value})
        assert malformed.process.wait(20) == 2 and name in malformed.log()


def test_it_waits_for_the_tables_of_its_release(discord, handlers, ledger):
    """And for newer ones it does not."""
    [name] = ledger.execute("DELETE FROM schema_migration WHERE name = (SELECT max(name) FROM schema_migration) RETURNING name").fetchone()
    handler = handlers(wait=False)
    wait_for(lambda: handler.log().count(f"schema_old lacks={name} advice=") == 4, "the advice, once a pool")
    assert status_of(discord.handler_port, "/healthz") == 200 and status_of(discord.handler_port, "/readyz") == 503
    ledger.execute("INSERT INTO schema_migration (name) VALUES (%s), ('9999_newer')", [name])
    wait_for(lambda: is_ready(discord.handler_port), "the handler")
    assert alt(discord.leaderboard())
