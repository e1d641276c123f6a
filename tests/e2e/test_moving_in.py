"""`tracker --import` while a tracker works: both write, and nothing is counted twice or lost."""

import os
import subprocess
import threading
import time

from harness import BIN, logged_in_as, wait_for
from plain_sql import assert_ledger_is_whole, instant

HEAD = "guild_id,user_id,channel_id,started_at,ended_at\n"


def row(guild, user, start, end):
    return f"{guild},{user},5,{instant(start):%Y-%m-%dT%H:%M:%SZ},{instant(end):%Y-%m-%dT%H:%M:%SZ}\n"


def take(database, text):
    done = subprocess.run(
        [BIN / "tracker", "--import", "-"], env=logged_in_as("tracker", {"PATH": os.environ["PATH"], "DATABASE_URL": database}), cwd="/tmp",
        input=text, capture_output=True, text=True, timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_while_members_come_and_go(discord, sql, database, trackers):
    trackers.start()
    guild, people = discord.guild, discord.people[:8]
    for user in people:
        discord.voice(user, discord.channels[0])
    wait_for(lambda: sql.execute("SELECT count(*) FROM voice_session").fetchone() == (8,), "eight sessions")
    now = int(time.time())
    old = [row(guild, user, now - 900_000 + 300 * n, now - 900_000 + 300 * n + 200) for n in range(1000) for user in people]
    still = [row(guild, user, now - 600, now - 1) for user in people]  # told by the other bot, into what is counted here
    stop = threading.Event()

    def come_and_go():
        n = 0
        while not stop.is_set():
            discord.voice(people[n % 8], discord.channels[n // 8 % 2])
            n += 1

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        report = take(database, HEAD + "".join(old + still))
    finally:
        stop.set()
        thread.join()
    assert "8000  are new" in report or "8008  are new" in report
    for user in people:
        discord.leave(user)
    wait_for(lambda: sql.execute("SELECT count(*) FROM voice_session WHERE ended_at IS NULL").fetchone() == (0,), "their ends")
    assert_ledger_is_whole(sql)
    assert sql.execute("SELECT count(*) FROM voice_session WHERE end_reason = 'import'").fetchone() == (8008,)
    assert take(database, HEAD + "".join(old + still)).endswith("imported 0 sessions of 0 h 00 min 00 s\n")
    assert_ledger_is_whole(sql)


def test_it_is_seen_at_once(discord, sql, database, trackers, handlers):
    trackers.start()
    handlers()
    wait_for(lambda: sql.execute("SELECT 1 FROM guild WHERE guild_id = %s", [discord.guild]).fetchone(), "the server")
    today = int(time.time()) // 86400 * 86400
    user = discord.people[3]
    take(database, HEAD + "".join(row(discord.guild, user, today - day * 86400, today - day * 86400 + 7200) for day in [1, 2, 3, 400]))
    assert "8h" in str(discord.leaderboard("all_time"))
    sent = discord.interaction(command="stats", options={"time_range": "yearly"}, user_id=str(user))
    assert "Current streak 3 days" in str(discord.answer(sent["interaction_id"]))
