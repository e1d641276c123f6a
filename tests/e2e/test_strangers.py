"""What is made up by hand: whatever a control asks for, its server is that of the interaction, for which Discord vouches."""

import json
import time

import pytest
from answers import controls
from harness import record_sessions, wait_for

STRANGE = 1287440136951169999  # a server that the caller is not in
BERTHA, BRUNO = 1300000000000000001, 1300000000000000002  # its members
TABLES = "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'guild_id' ORDER BY 1"
MANAGE_GUILD = str(1 << 5)


@pytest.fixture
def strange(ledger, discord):
    """The ledger with another server in it, whose rows raise an error if the handler so much as looks at them."""
    ledger.execute("INSERT INTO guild (guild_id, name, shard_count, shard_id) VALUES (%s, 'The Hidden Room', 1, 0)", [STRANGE])
    for user, name in [(BERTHA, "Bertha"), (BRUNO, "Bruno")]:
        ledger.execute("INSERT INTO member (guild_id, user_id, username) VALUES (%s, %s, %s)", [STRANGE, user, name])
    now = int(time.time())
    for begin in (now - 40000, now - 86400 * 9, now - 86400 * 200):
        record_sessions(ledger, STRANGE, [(BERTHA, begin, begin + 7777), (BRUNO, begin, begin + 5555)])
    record_sessions(ledger, STRANGE, [(BERTHA, now - 3000, None)])
    ledger.execute("INSERT INTO guild_settings (guild_id, count_afk) VALUES (%s, false)", [STRANGE])
    ledger.execute(f"""
        CREATE FUNCTION is_none_of_theirs(_guild bigint) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
            IF _guild = {STRANGE} THEN
                RAISE EXCEPTION 'a row of another server';
            END IF;
            RETURN true;
        END $$
    """)
    tables = [name for name, in ledger.execute(TABLES).fetchall()]
    for table in tables:
        ledger.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        ledger.execute(f"CREATE POLICY here ON {table} TO vcledger_handler USING (is_none_of_theirs(guild_id))")
    assert {"guild", "guild_settings", "member", "voice_session", "voice_total", "voice_total_bucket"} < set(tables)
    return ledger


def board(range="all_time", page="0", member="0", control="next"):
    return f"vc1:lb:{control}:{range}:{page}:{member}"


def stats(view="monthly", statistic="total", member="0", control="mine"):
    return f"vc1:st:{control}:{view}:{statistic}:{member}"


NUMBERS = [
    "-1", "-9223372036854775808", "2147483647", "2147483648", "4294967296", "999999999", "1000000000", "9223372036854775807", "9223372036854775808",
    "18446744073709551615", "18446744073709551616", "1e3", "0x1", "1.5", " 1", "1 ", "", "own", "me", "'; SELECT 1; --", "\\", "%s", "1:2", "\u0661",
]
PEOPLE = [STRANGE, BERTHA, BRUNO]
MADE_UP = [
    *[board(page=number) for number in NUMBERS],
    *[board(member=who) for who in [*NUMBERS, *PEOPLE]],
    *[board(range=each) for each in ("decade", "", "ALL_TIME", STRANGE)],
    *[stats(view=view, member=who) for view in ("yearly", "monthly", "weekly", "hourly") for who in PEOPLE],
    *[stats(member=who) for who in NUMBERS],
    *[stats(view=view, statistic=statistic) for view, statistic in [("x", "total"), ("monthly", "x"), ("", ""), (STRANGE, STRANGE)]],
    *[f"{board()}:{STRANGE}", f"{stats()}:{STRANGE}", f"vc1:lb:{STRANGE}:all_time:0:0", f"vc1:st:{STRANGE}:monthly:total:0"],
    *[f"vc1:set:{what}" for what in (f"tracking:off:{STRANGE}", f"{STRANGE}:off", f"tracking:{STRANGE}", f"guild_id:{STRANGE}", "tracking:off")],
]


def test_no_control_made_up_by_hand_reaches_another_server(discord, handlers, strange):
    handler = handlers()
    public = discord.leaderboard("all_time")
    for custom_id in dict.fromkeys(MADE_UP):
        sent = clicked(discord, public, custom_id)
        assert sent["status"] == 200, (custom_id, sent)
        assert_nothing_strange(discord, handler, sent)
    # Somebody chosen in a select, of whom Discord need not know either.
    for custom_id in (board(control="member"), stats(control="member")):
        for who in PEOPLE:
            resolved = {"users": {str(who): {"id": str(who), "username": "x", "discriminator": "0"}}}
            sent = clicked(discord, public, custom_id, component_type=5, values=[str(who)], resolved=resolved)
            assert_nothing_strange(discord, handler, sent)
    for options in [{"user": str(BERTHA)}, {"time_range": "yearly", "user": str(BRUNO)}]:
        assert_nothing_strange(discord, handler, discord.interaction(command="stats", options=options))
    assert strange.execute("SELECT guild_id, tracking FROM guild_settings WHERE NOT tracking").fetchall() == [(discord.guild, False)]
    assert "statement_failed" not in handler.log()


def clicked(discord, answer, custom_id, **more):
    """By one who may manage the server that it comes from."""
    data = {"custom_id": custom_id, "component_type": 2, "id": 6, **more}
    answer = discord.answer(answer["interaction_id"])  # as it is now
    known = next(each for each in controls(answer).values() if each["type"] == 2 and not each.get("disabled"))
    return discord.click(answer, known, permissions=MANAGE_GUILD, merge={"data": data})


def assert_nothing_strange(discord, handler, sent):
    wait_for(lambda: f"interaction_answered id={sent['interaction_id']} " in handler.log(), "the end of it")
    answer = discord.answer(sent["interaction_id"])
    assert not [word for word in ("Hidden", "Bertha", "Bruno") if word in json.dumps([sent, answer])]


def test_the_trap_works(discord, handlers, strange):
    """A click that does come from the other server finds its rows."""
    handler = handlers()
    discord.interaction(command="leaderboard", merge={"guild_id": str(STRANGE)})
    wait_for(lambda: "a row of another server" in handler.log(), "the trap")
