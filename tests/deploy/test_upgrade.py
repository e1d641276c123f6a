"""A release's migrations run, while the programs of the one before work on."""

import os
import subprocess
import time

import psycopg
from busy import busy
from harness import TESTS, wait_for
from plain_sql import assert_ledger_is_whole

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migration' ORDER BY 1"
FUNCTIONS = "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1"


def migrations(sql):
    """One of each kind that db/migrate.h allows, done to everything there is."""
    tables = [name for name, in sql.execute(TABLES).fetchall()]
    yield "9001", ";".join(f"ALTER TABLE {name} ADD COLUMN newer text, ADD COLUMN newest int NOT NULL DEFAULT 0" for name in tables)
    yield "9002", ";".join(definition for definition, in sql.execute(FUNCTIONS).fetchall())
    yield "9003", "LOCK TABLE tracker_shard IN EXCLUSIVE MODE; CREATE TABLE newer AS SELECT guild_id, user_id, total_seconds FROM voice_total"
    yield "9004", "CREATE INDEX CONCURRENTLY newest ON voice_total (newest)"


def test_nobody_notices(discord, handlers, trackers, ledger, database):
    programs = trackers.start(), handlers()
    with busy(discord) as evening, psycopg.connect(database, application_name="a backup") as backup:
        wait_for(lambda: len(evening.took) > 3, "answers")
        backup.execute("SELECT FROM voice_session LIMIT 1")
        words = [word for migration in migrations(ledger) for word in migration]
        running = subprocess.Popen([TESTS / "db/migrate", *words], env={**os.environ, "DATABASE_URL": database}, stderr=subprocess.PIPE, text=True)
        time.sleep(3)
        assert running.poll() is None
        backup.rollback()
        log = running.communicate(timeout=30)[1]
        assert running.returncode == 0 and "schema_ready applied=4" in log and "migration_waits name=9001" in log
        n = len(evening.took)
        wait_for(lambda: len(evening.took) > n + 3, "answers afterwards")
    print(f"{len(evening.took)} answers, the longest took {max(evening.took):.3f} s")
    assert max(evening.took) < 3
    assert all(program.stop() == 0 for program in programs)
    for program in programs:
        assert not [line for line in program.log().splitlines() if " error " in line or "pending_unconfirmed" in line], program.log()[-5000:]
    assert_ledger_is_whole(ledger)
