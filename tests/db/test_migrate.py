"""`tracker --migrate` beside programs that work: who waits for whom, and what a migration may do."""

import os
import re
import subprocess
import threading
import time

import psycopg
import pytest
from harness import BIN, ROOT, TESTS, copy_of, record_sessions, wait_for
from plain_sql import ROLLUPS, assert_ledger_is_whole

MIGRATIONS = sorted((ROOT / "db/migrations").glob("*.sql"))


@pytest.fixture
def empty(cluster):
    with copy_of(cluster, "template0") as url:
        yield url


def begin_migrating(url, *migrations):
    """With the program's own migrations, or with these: (name, SQL)."""
    words = [TESTS / "db/migrate", *(word for migration in migrations for word in migration)] if migrations else [BIN / "tracker", "--migrate"]
    return subprocess.Popen(words, env={**os.environ, "DATABASE_URL": url}, stderr=subprocess.PIPE, text=True)


def migrate(url, *migrations):
    """Its exit code and its log."""
    running = begin_migrating(url, *migrations)
    log = running.communicate(timeout=60)[1]
    return running.returncode, log


def applied(url):
    with psycopg.connect(url) as sql:
        return [name for name, in sql.execute("SELECT name FROM schema_migration ORDER BY applied_at, name").fetchall()]


def test_two_at_once(empty):
    both = [begin_migrating(empty) for _ in range(2)]
    logs = [running.communicate(timeout=60)[1] for running in both]
    assert [running.returncode for running in both] == [0, 0], logs
    assert applied(empty) == [path.stem for path in MIGRATIONS]
    assert sorted(re.findall(r" schema_ready applied=(\d+)", "".join(logs))) == ["0", str(len(MIGRATIONS))]


def test_what_was_applied_stays_and_what_fails_leaves_nothing(empty):
    good, bad = ("1", "CREATE TABLE good ()"), ("2", "CREATE TABLE bad (); SELECT 1 / 0")
    code, log = migrate(empty, good, bad)
    assert code == 1 and "migration_failed step=2" in log and "division by zero" in log
    assert applied(empty) == ["1"]
    assert migrate(empty, good, ("2", "CREATE TABLE bad ()"))[0] == 0
    assert migrate(empty, good)[0] == 0, "an older program on a newer schema"
    assert applied(empty) == ["1", "2"]


def test_killed_in_the_middle(empty):
    running = begin_migrating(empty, ("1", "CREATE TABLE half (); SELECT pg_sleep(600)"))
    with psycopg.connect(empty, autocommit=True) as sql:
        wait_for(lambda: sql.execute("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'").fetchone() is not None, "the middle")
        running.kill()
        running.communicate()
        assert migrate(empty, ("1", "CREATE TABLE half ()"))[0] == 0
    assert applied(empty) == ["1"]


CONCURRENT = ("2", "CREATE INDEX CONCURRENTLY IF NOT EXISTS by_n ON made (n)")


def test_an_index_made_concurrently(empty):
    """It waits for whoever writes, and nobody for it. Killed meanwhile, it is made anew; two at once make it once."""
    made = ("1", "CREATE TABLE made (n int)")
    assert migrate(empty, made)[0] == 0
    with psycopg.connect(empty) as writer, psycopg.connect(empty, autocommit=True) as sql:
        valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('by_n')"
        writer.execute("INSERT INTO made VALUES (1)")
        killed = begin_migrating(empty, made, CONCURRENT)
        wait_for(lambda: sql.execute(valid).fetchone() == (False,), "the index that waits for the writer")
        sql.execute("INSERT INTO made VALUES (2)")
        killed.kill()
        killed.communicate()
        both = [begin_migrating(empty, made, CONCURRENT) for _ in range(2)]
        wait_for(lambda: sql.execute("SELECT FROM pg_stat_activity WHERE wait_event = 'virtualxid'").fetchone() is not None, "the next try")
        time.sleep(1.5)  # longer than a deadlock would last
        writer.rollback()
        logs = [running.communicate(timeout=60)[1] for running in both]
        assert [running.returncode for running in both] == [0, 0], logs
        assert sql.execute(valid).fetchone() == (True,)
    assert applied(empty) == ["1", "2"]
    assert sum(log.count("migration_applied name=2") for log in logs) == 1
    with psycopg.connect(empty, autocommit=True) as sql:
        sql.execute("DELETE FROM schema_migration WHERE name = '2'")
    assert migrate(empty, made, CONCURRENT)[0] == 0, "it was made, and killed before that was written down"


def test_a_table_in_use_is_waited_for_by_nobody_else(database):
    """A backup reads it. Whoever comes behind the migration waits for its short try, not for the backup."""
    with psycopg.connect(database, application_name="a backup") as backup, psycopg.connect(database, autocommit=True) as sql:
        backup.execute("SELECT FROM interaction_pending")
        running = begin_migrating(database, ("9999", "ALTER TABLE interaction_pending ADD COLUMN more int"))
        waited = []
        for _ in range(50):
            before = time.monotonic()
            sql.execute("SELECT FROM interaction_pending")
            waited.append(time.monotonic() - before)
            time.sleep(0.05)
        assert max(waited) < 1 and running.poll() is None
        backup.rollback()
        log = running.communicate(timeout=20)[1]
    assert running.returncode == 0 and "migration_waits name=9999 for=" in log and "a backup since" in log
    assert "9999" in applied(database)


def test_whoever_has_nothing_to_do_needs_no_rights(database):
    """Such as a tracker's unit, which runs it before each start."""
    with psycopg.connect(database, autocommit=True) as sql:
        sql.execute("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN; GRANT SELECT ON schema_migration TO reader")
        try:
            assert migrate(psycopg.conninfo.make_conninfo(database, user="reader"))[0] == 0
        finally:
            sql.execute("REVOKE ALL ON schema_migration FROM reader; DROP ROLE reader")


def test_its_own_table_in_use_is_waited_for_too(database):
    tried = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT format%' AND state = 'idle'"
    with psycopg.connect(database) as other, psycopg.connect(database, autocommit=True) as sql:
        other.execute("LOCK TABLE schema_migration")
        running = begin_migrating(database)
        wait_for(lambda: sql.execute(tried).fetchone() is not None, "a first try")
        other.rollback()
        log = running.communicate(timeout=20)[1]
    assert running.returncode == 0 and "migration_waits name=0001_initial" in log


def test_rights_are_given_once_and_in_patience(database):
    """Nothing is written where nothing is missing; and where somebody else changes a table, both get through."""
    written = "SELECT oid, xmin FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    with psycopg.connect(database, autocommit=True) as sql, psycopg.connect(database) as other:
        before = sql.execute(written).fetchall()
        assert migrate(database)[0] == 0
        assert sql.execute(written).fetchall() == before
        sql.execute("REVOKE INSERT ON guild_settings FROM vcledger_handler")
        other.execute("ALTER TABLE guild_settings SET (fillfactor = 90)")
        running = begin_migrating(database)
        waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT format(%' AND state = 'idle'"
        wait_for(lambda: sql.execute(waiting).fetchone() is not None, "a first try")
        other.commit()
        log = running.communicate(timeout=20)[1]
        assert running.returncode == 0 and "migration_waits name=roles" in log, log
        assert sql.execute("SELECT has_table_privilege('vcledger_handler', 'guild_settings', 'INSERT')").fetchone() == (True,)


# While all of it goes on -------------------------------------------------------------------------------------------

N_SESSIONS = int(os.environ.get("MIGRATED_SESSIONS", 10_000))
SESSIONS = """
INSERT INTO voice_session (guild_id, session_id, user_id, channel_id, started_at, ended_at, end_reason)
SELECT 1 + n %% 3, n, (n * 7919) %% 20000, 1, to_timestamp(1600000000 + n / 20000 * 9000), to_timestamp(1600000000 + n / 20000 * 9000 + n %% 8000), 'leave'
  FROM generate_series(1, %s) AS n
"""
BOARD = """
SELECT user_id, total_seconds, live_until(guild_id) FROM voice_total
 WHERE guild_id = %s AND period = 'all' AND period_start = '1970-01-01' ORDER BY total_seconds DESC, user_id LIMIT 10
"""


class Stream(threading.Thread):
    """Does the same again and again, on a connection of its own; how long each took, and what failed."""

    def __init__(self, url, work):
        super().__init__(daemon=True)
        self.url, self.work = url, work
        self.took, self.failed, self.ends = [], None, False

    def run(self):
        try:
            with psycopg.connect(self.url) as sql:
                while not self.ends:
                    before = time.monotonic()
                    with sql.transaction():
                        self.work(sql, len(self.took))
                    self.took.append(time.monotonic() - before)
                    time.sleep(0.005)
        except Exception as error:  # noqa: BLE001: told by the test
            self.failed = error

    def end(self):
        """The longest of them, in seconds."""
        self.ends = True
        self.join(60)
        assert not self.failed, self.failed
        assert len(self.took) > 10
        return max(self.took)


def write_batch(sql, n):
    sql.execute("SELECT batch_begin(1, 0, 1, %s)", [n])
    at = 1900000000 + n * 600
    record_sessions(sql, 1 + n % 3, [(n % 300, at, at + 500)])
    sql.execute("UPDATE tracker_shard SET proven_at = now(), seq = %s", [n])


def read_board(sql, n):
    assert len(sql.execute(BOARD, [1 + n % 3]).fetchall()) == 10


def owe_an_answer(sql, n):
    sql.execute("INSERT INTO interaction_pending (interaction_id, request) VALUES (%s, 'x')", [n])
    sql.execute("UPDATE interaction_pending SET done_at = now() WHERE interaction_id = %s", [n])


def fill(url, n_sessions):
    """A ledger as the first four migrations know it."""
    with psycopg.connect(url, autocommit=True) as sql:
        sql.execute("INSERT INTO guild (guild_id, name, shard_count, shard_id) SELECT n, 'x', 1, 0 FROM generate_series(1, 3) AS n")
        sql.execute("INSERT INTO tracker_shard (shard_count, shard_id, epoch, proven_at) VALUES (1, 0, 1, now())")
        sql.execute(SESSIONS, [n_sessions])
        for table, (columns, plain) in ROLLUPS.items():
            if "WHERE" not in table:  # those come with the fifth
                sql.execute(f"INSERT INTO {table} ({columns}) {plain}")
        sql.execute("ANALYZE")


def test_batches_boards_and_acknowledgements_go_on(empty):
    before = [(path.stem, path.read_text()) for path in MIGRATIONS[:4]]
    assert migrate(empty, *before)[0] == 0
    fill(empty, N_SESSIONS)
    streams = {"batch": Stream(empty, write_batch), "board": Stream(empty, read_board), "acknowledgement": Stream(empty, owe_an_answer)}
    for stream in streams.values():
        stream.start()
    time.sleep(0.5)
    began = time.monotonic()
    code, log = migrate(empty)
    took = time.monotonic() - began
    time.sleep(0.5)
    longest = {name: stream.end() for name, stream in streams.items()}
    print(f"migrated in {took:.2f} s beside {N_SESSIONS} sessions; longest:", {name: f"{seconds:.3f} s" for name, seconds in longest.items()})
    assert code == 0, log
    with psycopg.connect(empty, autocommit=True) as sql:
        assert_ledger_is_whole(sql)
    assert longest["board"] < 1 and longest["acknowledgement"] < 1
    assert longest["batch"] < 1 + took


# What a migration may do -------------------------------------------------------------------------------------------

GROWING = r"(voice_session|voice_daily_activity|guild_daily_activity|voice_total|voice_total_bucket|guild_total|guild_last_day|member)\b"
ADD_COLUMN = r"\bADD (?:COLUMN )?(?:IF NOT EXISTS )?(?!CONSTRAINT|CHECK|FOREIGN|PRIMARY|UNIQUE|EXCLUDE)\w+ [^,;]*"
FORBIDDEN = {
    "takes away what older programs use": r"\bDROP (TABLE|COLUMN|FUNCTION|VIEW|SCHEMA|TYPE|SEQUENCE|CONSTRAINT|DEFAULT|EXPRESSION)\b|\bRENAME\b|\bTRUNCATE\b",
    "writes a table anew": r"\bALTER (COLUMN )?\w+ (SET DATA )?TYPE\b|\bSET (LOGGED|UNLOGGED|TABLESPACE)\b|\bVACUUM FULL\b|\bCLUSTER\b",
    "older programs leave it out": r"\bSET NOT NULL\b|" + ADD_COLUMN + r"\bNOT NULL(?![^,;]*DEFAULT)(?<!DEFAULT)",
    "a default that differs from row to row writes a table anew": ADD_COLUMN + r"\bDEFAULT[^,;]*\(|" + ADD_COLUMN + r"\bGENERATED\b",
    "reads a whole table under its lock": r"\bADD (CONSTRAINT \w+ )?(CHECK|FOREIGN KEY|UNIQUE|PRIMARY KEY|EXCLUDE)\b(?![^;]*NOT VALID)",
    "batches wait while it is made": r"\bCREATE (UNIQUE )?INDEX (?!CONCURRENTLY)(IF NOT EXISTS )?(\w+ )?ON " + GROWING,
}


def statements(text):
    """Without comments and the bodies of functions, in single spaces."""
    text = re.sub(r"--[^\n]*", " ", text)
    text = re.sub(r"\$(\w*)\$.*?\$\1\$", "''", text, flags=re.DOTALL)
    return [" ".join(part.split()) for part in text.split(";") if part.strip()]


def objections(text):
    found = {why for each in statements(text) for why, pattern in FORBIDDEN.items() if re.search(pattern, each, re.IGNORECASE)}
    kinds = [each.split()[0].upper() for each in statements(text)]
    if "CONCURRENTLY" in text and (len(kinds) > 1 or "CONCURRENTLY IF NOT EXISTS" not in text):
        found.add("CREATE INDEX CONCURRENTLY IF NOT EXISTS is alone in its file")
    if "ALTER" in kinds and {"INSERT", "UPDATE", "DELETE", "MERGE"} & set(kinds):
        found.add("fills tables under the locks of ALTER TABLE")
    return found


def test_migrations_are_safe_beside_older_programs():
    """From the sixth on: no released program knows fewer."""
    found = {path.stem: objections(path.read_text()) for path in MIGRATIONS[5:]}
    assert not any(found.values()), found


@pytest.mark.parametrize("text", [
    "DROP TABLE guild", "ALTER TABLE guild DROP COLUMN name", "ALTER TABLE guild RENAME TO server", "DROP FUNCTION f(int)",
    "ALTER TABLE guild ALTER COLUMN name TYPE varchar(9)", "ALTER TABLE guild ALTER name SET DATA TYPE text",
    "ALTER TABLE guild ALTER name SET NOT NULL", "ALTER TABLE guild ADD COLUMN n int NOT NULL", "ALTER TABLE guild ADD n int,\n ADD m int NOT NULL",
    "ALTER TABLE guild ADD COLUMN at timestamptz DEFAULT clock_timestamp()", "ALTER TABLE guild ADD id bigint GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE guild ADD CONSTRAINT c CHECK (name <> '')", "ALTER TABLE guild ADD UNIQUE (name)",
    "CREATE INDEX ON voice_session (user_id)", "CREATE UNIQUE INDEX i ON voice_total (user_id)", "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON guild (name); SELECT 1",
    "CREATE INDEX CONCURRENTLY i ON guild (name)",
    "ALTER TABLE guild ADD COLUMN n int; UPDATE guild SET n = 1", "UPDATE guild SET name = ''; -- first\nalter table guild drop column icon",
])
def test_what_is_objected_to(text):
    assert objections(text)


@pytest.mark.parametrize("text", [
    "ALTER TABLE guild ADD COLUMN n int, ADD COLUMN m int NOT NULL DEFAULT 0, ADD COLUMN o text",
    "ALTER TABLE guild ADD CONSTRAINT c CHECK (name <> '') NOT VALID", "CREATE INDEX ON guild (name)",
    "-- Why.\nCREATE INDEX CONCURRENTLY IF NOT EXISTS i ON voice_session (user_id);",
    "CREATE TABLE new (n int PRIMARY KEY, m int NOT NULL CHECK (m > 0)); CREATE INDEX ON new (m); INSERT INTO new SELECT 1, 1",
    "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM guild; END $$; -- DROP TABLE guild",
    "LOCK TABLE tracker_shard IN EXCLUSIVE MODE; CREATE TABLE new (n int NOT NULL); INSERT INTO new SELECT 1",
])
def test_what_is_not(text):
    assert not objections(text)
