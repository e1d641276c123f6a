"""What each program's role in the database may do: what its statements need, and nothing else."""

import concurrent.futures
import os
import re
import subprocess

import psycopg
import pytest
from clusters import Cluster
from harness import BIN, ROOT, migrate

GROUPS = {"handler": "vcledger_handler", "tracker": "vcledger_tracker"}

# S, I, U, D: rights of a table; a list of columns where it is not all of them. What is not here nobody may.
RIGHTS = {
    #                        handler                                                   tracker
    "channel":              ({},                                                       {"S", "I", "U", "D"}),
    "guild":                ({"S"},                                                    {"S", "I", "U"}),
    "guild_daily_activity": ({"S"},                                                    {"S", "I", "U"}),
    "guild_last_day":       ({"S"},                                                    {"S", "I", "U"}),
    "guild_settings":       ({"S", "I", "U"},                                          {"S"}),
    "guild_settings_audit": ({"S", "I"},                                               {"S"}),
    "guild_total":          ({"S"},                                                    {"S", "I", "U"}),
    "interaction_pending":  ({"S", "I", "U", "D"},                                     {}),
    "member":               ({"S"},                                                    {"S", "I", "U"}),
    "schema_migration":     ({"S"},                                                    {"S"}),
    "shard_coverage":       ({},                                                       {"S", "I", "U"}),
    "tracker_shard":        ({"S shard_count shard_id interval_seconds proven_at"},    {"S", "I", "U"}),
    "voice_daily_activity": ({"S"},                                                    {"S", "I", "U"}),
    "voice_presence":       ({},                                                       {"S", "I", "U", "D"}),
    "voice_session":        ({"S"},                                                    {"S", "I", "U ended_at end_reason"}),
    "voice_total":          ({"S"},                                                    {"S", "I", "U"}),
    "voice_total_bucket":   ({"S"},                                                    {"S", "I", "U"}),
}  # fmt: skip
OF_TABLES = {"SELECT": "S", "INSERT": "I", "UPDATE": "U", "DELETE": "D", "TRUNCATE": "T", "REFERENCES": "R", "TRIGGER": "G"}
OF_COLUMNS = [right for right in OF_TABLES if right not in ("DELETE", "TRUNCATE", "TRIGGER")]


def rights(sql, role, table):
    """In the letters of RIGHTS."""
    columns = [name for name, in sql.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped", [table]).fetchall()]
    found = set()
    for right, letter in OF_TABLES.items():
        if sql.execute("SELECT has_table_privilege(%s, %s, %s)", [role, table, right]).fetchone()[0]:
            found.add(letter)
        elif right in OF_COLUMNS:
            some = [column for column in columns if sql.execute(
                "SELECT has_column_privilege(%s, %s, %s, %s)", [role, table, column, right]).fetchone()[0]]
            found |= {(letter, *sorted(some))} if some else set()
    return found


def expected(words):
    return {word if len(word) == 1 else (word[0], *sorted(word[1:].split())) for word in words}


@pytest.mark.parametrize("program", GROUPS)
def test_nothing_but_what_it_needs(sql, program):
    tables = [name for name, in sql.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('i', 'c')")]
    assert sorted(tables) == sorted(RIGHTS), "a new table stands in db/roles.sql and here"
    column = list(GROUPS).index(program)
    login = f"vcledger-{program}"
    for role in (login, GROUPS[program]):
        assert {table: rights(sql, role, table) for table in tables} == {table: expected(may[column]) for table, may in RIGHTS.items()}
    of_database = [right for right in ("CREATE", "CONNECT", "TEMPORARY") if sql.execute(
        "SELECT has_database_privilege(%s, current_database(), %s)", [login, right]).fetchone()[0]]
    of_schema = [right for right in ("CREATE", "USAGE") if sql.execute(
        "SELECT has_schema_privilege(%s, 'public', %s)", [login, right]).fetchone()[0]]
    assert (of_database, of_schema) == (["CONNECT", "TEMPORARY"], ["USAGE"])  # everybody's
    [(attributes, groups)] = sql.execute(
        "SELECT ARRAY[rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls], "
        "ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = pg_roles.oid) FROM pg_roles WHERE rolname = %s", [login]).fetchall()
    assert not any(attributes) and groups == [GROUPS[program]]
    assert sql.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", [GROUPS[program]]).fetchone() == (False,)


def test_functions_give_nobody_a_right(sql):
    """They run with those of whoever calls them."""
    assert sql.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef").fetchall() == []
    assert sql.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('r', 'i')").fetchall() == []


@pytest.mark.parametrize("program, statement", [
    ("handler", "UPDATE voice_session SET ended_at = now()"),
    ("handler", "DELETE FROM guild_settings_audit"),
    ("handler", "SELECT resume_url FROM tracker_shard"),
    ("handler", "SELECT batch_begin(1, 0, 1, 1)"),
    ("handler", "SELECT record_sessions(1, '{1}', '{1}', '{1}', '{1}', '{2}', '{leave}')"),
    ("handler", "SELECT claim_shard(1, 0, 0, 0, 60, 'x')"),
    ("tracker", "SELECT request FROM interaction_pending"),
    ("tracker", "UPDATE guild_settings SET tracking = true"),
    ("tracker", "UPDATE voice_session SET started_at = now()"),
    ("tracker", "DELETE FROM voice_session"),
    *[(program, statement) for program in GROUPS for statement in (
        "CREATE TABLE mine (n int)", "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "ALTER TABLE guild ADD COLUMN mine int",
        "TRUNCATE voice_session", "DROP TABLE guild", "INSERT INTO schema_migration VALUES ('x')", "COPY guild TO PROGRAM 'true'",
        "SET ROLE vcledger", "CREATE ROLE mine",
    )],
])
def test_it_is_refused(database, sql, program, statement):
    with psycopg.connect(psycopg.conninfo.make_conninfo(database, user=f"vcledger-{program}")) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


# How the roles come about ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A cluster without our roles."""
    cluster = Cluster(tmp_path_factory.mktemp("roles"))
    cluster.start()
    yield cluster
    cluster.remove()


@pytest.fixture
def bare(other):
    """It, with an empty database of its own for an owner who may make no roles; afterwards none of that is left."""
    other.execute("CREATE ROLE modest LOGIN")
    other.execute("CREATE DATABASE bare OWNER modest")
    yield other
    other.execute("DROP DATABASE bare WITH (FORCE)")
    other.execute('DROP ROLE IF EXISTS "vcledger-handler", "vcledger-tracker", vcledger_handler, vcledger_tracker, modest')


def begin(url):
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url}
    return subprocess.Popen([BIN / "tracker", "--migrate"], env=environment, stderr=subprocess.PIPE, text=True, cwd="/tmp")


def run(url):
    running = begin(url)
    log = running.communicate(timeout=60)[1]
    assert running.returncode == 0, log
    return log


def url_of(cluster, **changes):
    return psycopg.conninfo.make_conninfo(cluster.url, **changes)


def test_an_owner_who_may_make_no_roles(bare):
    """The tables are made all the same. Once somebody else has made the roles, another run gives them their rights."""
    url = url_of(bare, dbname="bare", user="modest")
    assert "migration_notice words=" in (log := run(url)) and "there is no role vcledger_handler" in log
    bare.execute("CREATE ROLE vcledger_handler")
    assert "there is no role vcledger_tracker" in run(url)
    bare.execute("CREATE ROLE vcledger_tracker")
    assert "migration_notice" not in (log := run(url)) and "schema_ready applied=0" in log
    with psycopg.connect(url) as sql:
        for column, group in enumerate(GROUPS.values()):
            assert {table: rights(sql, group, table) for table in RIGHTS} == {table: expected(may[column]) for table, may in RIGHTS.items()}


def test_two_databases_of_a_cluster_at_once(bare):
    """They share the roles, and both want to make them."""
    names = [f"many_{n}" for n in range(4)]
    for name in names:
        bare.execute(f"CREATE DATABASE {name}")
    try:
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            logs = list(pool.map(run, [url_of(bare, dbname=name) for name in names]))
        assert not [log for log in logs if "migration_notice" in log]
        for name in names:
            with psycopg.connect(url_of(bare, dbname=name)) as sql:
                assert [rights(sql, group, "guild") for group in GROUPS.values()] == [{"S"}, {"S", "I", "U"}]
    finally:
        for name in names:
            bare.execute(f"DROP DATABASE {name}")


def test_whoever_may_not_give_rights_gives_none(bare):
    """A tracker's unit runs --migrate before each start, as the tracker's own role perhaps."""
    migrate(url_of(bare, dbname="bare"))
    log = run(url_of(bare, dbname="bare", user="vcledger-tracker"))
    assert "schema_ready applied=0" in log and "migration_notice" not in log


def test_rights_in_a_schema_of_their_own(bare):
    with psycopg.connect(url_of(bare, dbname="bare"), autocommit=True) as sql:
        sql.execute("CREATE SCHEMA voice; REVOKE ALL ON DATABASE bare FROM PUBLIC")
        run(url_of(bare, dbname="bare", options="-csearch_path=voice"))
        sql.execute("SET search_path = voice")
        assert rights(sql, "vcledger_handler", "guild") == {"S"}
        usage = "SELECT has_schema_privilege(%s, 'voice', 'USAGE'), has_database_privilege(%s, 'bare', 'TEMPORARY')"
        assert [sql.execute(usage, [group, group]).fetchone() for group in GROUPS.values()] == [(True, False), (True, True)]


OPERATIONS = (ROOT / "infra/deploy/OPERATIONS.md").read_text()


def by_commands(other):
    """Those of the section "systemd", of an owner who is no superuser."""
    commands = re.findall("^    sudo -u postgres (create.*)", OPERATIONS, re.M)
    assert len(commands) == 6
    for command in commands:
        command = re.sub(r"(?<![\w-])vcledger(?![\w-])", "keeper", command.replace("--pwprompt ", ""))
        subprocess.run(command, shell=True, check=True, env={**os.environ, "PGHOST": psycopg.conninfo.conninfo_to_dict(other.url)["host"], "PGUSER": "vcledger"})


def by_statements(other):
    """Those of the section "Roles", where there was one role."""
    statements = re.findall("^    (CREATE ROLE .*);", OPERATIONS, re.M)
    assert len(statements) == 4
    for statement in ["CREATE ROLE keeper LOGIN", "CREATE DATABASE keeper OWNER keeper", *statements]:
        other.execute(statement)


@pytest.mark.parametrize("make", [by_commands, by_statements])
def test_as_operations_tells(other, make):
    make(other)
    try:
        assert "migration_notice" not in run(url_of(other, dbname="keeper", user="keeper"))
        for column, program in enumerate(GROUPS):
            with psycopg.connect(url_of(other, dbname="keeper", user=f"vcledger-{program}")) as sql:
                assert {table: rights(sql, f"vcledger-{program}", table) for table in RIGHTS} == {
                    table: expected(may[column]) for table, may in RIGHTS.items()}
    finally:
        other.execute("DROP DATABASE keeper")
        other.execute('DROP ROLE keeper, "vcledger-handler", "vcledger-tracker", vcledger_handler, vcledger_tracker')
