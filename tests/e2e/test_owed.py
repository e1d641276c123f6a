"""Answers owed: what was acknowledged is answered, whoever dies; what comes twice is answered once."""

import concurrent.futures
import contextlib
import os
import random
import re
import signal
import threading
import time

import psycopg
from answers import click, controls, here, picture, words
from harness import away, free_port, wait_for

INTERACTIONS, AT_ONCE, WORKERS = 1000, 8, 8
NO_EDITS = [{"method": "PATCH", "status": 503, "times": 100_000}]


def edits_of(discord, sent):
    return [edit for edit in discord.edits() if sent["token"] in edit["path"]]


def rows(sql):
    return sql.execute("SELECT count(*), count(done_at), count(*) FILTER (WHERE request <> '') FROM interaction_pending").fetchone()


def wait_until_nothing_is_owed(sql, n, seconds=15):
    """All are there, closed, and without their tokens."""
    wait_for(lambda: rows(sql) == (n, n, 0), "every row closed", seconds)


def second_handler(handlers):
    """On a port of its own: it hears of nothing but the database."""
    port = free_port()
    other = handlers(LISTEN=f"127.0.0.1:{port}", wait=False)
    wait_for(lambda: " database_connected " in other.log(), "its start")
    return other


# Whoever dies -------------------------------------------------------------------------------------------------------


def kill_workers(handler, chance, stop):
    """kill -9 of a random worker, again and again, while most others are left: where the machine is slow, the same answer would die
    with every one that takes it over, and after 32 is given up."""
    n = 0
    while not stop.wait(chance.uniform(0.05, 0.25)):
        alive = sorted(handler.children())
        if len(alive) > WORKERS // 2:
            n += 1
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(alive), signal.SIGKILL)
    return n


def ask_and_wait(discord, number):
    """What was sent, and its answer: every fourth is a picture, the others text, which is less work."""
    merge = {} if number % 4 == 0 else {"app_permissions": "0"}
    sent = discord.interaction(command="leaderboard", user_id=str(discord.people[number % 40]), merge=merge)
    return sent, sent["status"] == 200 and discord.answer(sent["interaction_id"], 40000)


def test_a_thousand_while_workers_are_killed(discord, handlers, ledger):
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    handler = handlers(WORKERS=str(WORKERS), LOG_LEVEL="info")
    stop = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE + 1) as pool:
        killer = pool.submit(kill_workers, handler, random.Random(seed), stop)
        sent = list(pool.map(lambda number: ask_and_wait(discord, number), range(INTERACTIONS)))
        stop.set()
        killed = killer.result()
    acknowledged = [each for each, answer in sent if answer]
    answers = [answer for _, answer in sent if answer]
    print(
        f"seed {seed}: {len(acknowledged)} acknowledged, {INTERACTIONS - len(acknowledged)} not, {killed} workers killed,"
        f" {handler.log().count(' interaction_taken_over ')} answers taken over, {len(discord.edits())} edits"
    )
    assert killed > 10 and len(acknowledged) > INTERACTIONS // 2
    assert {each["status"] for each, _ in sent} <= {0, 200}
    assert [each for each in acknowledged if each["response"] != {"type": 5}] == []
    assert [answer["interaction_id"] for answer in answers if answer["thinking"] or "edited_at_ms" not in answer] == []
    assert len({answer["message"]["id"] for answer in answers}) == len(acknowledged)
    wait_for(lambda: rows(ledger)[1:] == (rows(ledger)[0], 0), "every row closed", 40)
    assert rows(ledger)[0] >= len(acknowledged)


def test_another_handler_takes_over_within_the_lease(discord, handlers, ledger):
    first = handlers()
    second = second_handler(handlers)
    discord.faults(rest=NO_EDITS)
    sent = [discord.begin_leaderboard() for _ in range(5)]
    first.kill()
    killed_at = time.monotonic()
    discord.faults(rest=[])
    assert all(picture(discord, discord.answer(each["interaction_id"], 25000)) for each in sent)
    assert time.monotonic() - killed_at < 23  # the lease and a turn
    assert second.log().count(" interaction_taken_over ") == 5
    assert all(edits_of(discord, each)[-1]["status"] == 200 for each in sent)
    wait_until_nothing_is_owed(ledger, 5)


def test_a_click_is_taken_over(discord, handlers, ledger):
    handler = handlers(WORKERS="1")
    board = discord.leaderboard()
    discord.faults(rest=NO_EDITS)
    sent = discord.click(board, controls(board)["This month"] if "This month" in controls(board) else controls(board)["Refresh"])
    assert sent["response"] == {"type": 6}
    [worker] = handler.children()
    os.kill(worker, signal.SIGKILL)
    discord.faults(rest=[])
    answer = discord.answer(sent["interaction_id"])
    assert answer["message"]["id"] == board["message"]["id"] and edits_of(discord, sent)[-1]["status"] == 200
    wait_until_nothing_is_owed(ledger, 2)


def test_a_stop_releases_what_it_cannot_finish(discord, handlers, ledger):
    first = handlers(WORKERS="1")
    second = second_handler(handlers)
    discord.faults(rest=NO_EDITS)
    sent = discord.begin_leaderboard()
    first.process.send_signal(signal.SIGTERM)
    wait_for(lambda: f"interaction_taken_over id={sent['interaction_id']}" in second.log(), "taken over", 22)
    discord.faults(rest=[])
    assert picture(discord, discord.answer(sent["interaction_id"]))
    first.process.wait(10)
    wait_until_nothing_is_owed(ledger, 1)


# What comes twice ---------------------------------------------------------------------------------------------------


def replay(discord, sent):
    return discord.interaction(replay=sent["interaction_id"])


def test_a_replay_is_answered_once(discord, handlers, ledger):
    handler = handlers()
    discord.faults(rest=[{"method": "PATCH", "delay_ms": 1000}])
    sent = discord.begin_leaderboard()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:  # while its answer is made
        again = list(pool.map(lambda _: replay(discord, sent), range(8)))
    assert picture(discord, discord.answer(sent["interaction_id"]))
    again += [replay(discord, sent) for _ in range(4)]
    assert [(each["status"], each["response"]) for each in again] == [(200, {"type": 5})] * 12
    assert handler.stop() == 0
    assert len(discord.edits()) == 1
    assert handler.log().count(f"interaction_replayed id={sent['interaction_id']}") == 12
    wait_until_nothing_is_owed(ledger, 1)


# What is away -------------------------------------------------------------------------------------------------------


def test_acknowledged_without_the_database(discord, handlers, ledger, database):
    handler = handlers()
    with away(database):
        sent = discord.begin_leaderboard()
        assert sent["ms"] < 1500
        assert words(discord.answer(sent["interaction_id"])).startswith("I can't reach my records right now.")
    assert f"pending_unconfirmed id={sent['interaction_id']}" in handler.log()


def test_acknowledged_while_the_database_is_slow(discord, handlers, ledger, database):
    handler = handlers()
    with psycopg.connect(database) as lock:
        lock.execute("LOCK TABLE interaction_pending")
        sent = discord.begin_leaderboard()
        assert 400 < sent["ms"] < 1500 and picture(discord, discord.answer(sent["interaction_id"]))
    assert f"pending_unconfirmed id={sent['interaction_id']}" in handler.log()
    wait_until_nothing_is_owed(ledger, 1)


def test_what_discord_does_not_take_is_tried_again_later(discord, handlers, ledger):
    handler = handlers()
    discord.faults(rest=[{"method": "PATCH", "status": 429, "retry_after": 31}])  # later than we would wait
    sent = discord.begin_leaderboard()
    wait_for(lambda: re.search("interaction_answered .*result=failed", handler.log()), "given up for now")
    assert picture(discord, discord.answer(sent["interaction_id"], 50000))
    assert f"interaction_taken_over id={sent['interaction_id']}" in handler.log()
    assert len(discord.edits()) == 2
    wait_until_nothing_is_owed(ledger, 1)


def test_a_click_tried_again_does_not_overwrite_a_later_one(discord, handlers, ledger):
    handler = handlers()
    board = discord.leaderboard("all_time")
    discord.faults(rest=[{"method": "PATCH", "status": 429, "retry_after": 31}])
    first = discord.click(board, controls(board)["Last"])
    wait_for(lambda: f"interaction_answered id={first['interaction_id']} command=leaderboard result=failed" in handler.log(), "given up for now")
    assert here(click(discord, board, "Next")) == "Page 2 of 3"
    wait_until_nothing_is_owed(ledger, 3, 20)
    assert here(discord.answer(board["interaction_id"], wait=0)) == "Page 2 of 3"
    assert len(edits_of(discord, first)) == 1 and " interaction_taken_over " not in handler.log()


def test_what_discord_refuses_is_over(discord, handlers, ledger):
    handlers()
    discord.faults(rest=[{"method": "PATCH", "status": 404, "code": 10008}])
    discord.begin_leaderboard()
    wait_until_nothing_is_owed(ledger, 1)


def test_a_ping_and_words_leave_no_row(discord, handlers, ledger):
    handlers()
    assert discord.interaction(ping=True)["response"] == {"type": 1}
    assert discord.interaction(command="statistics")["response"]["type"] == 4
    assert rows(ledger)[0] == 0
