"""The made-up servers that the benchmarks ask, in one database, made once a day and kept in build/bench."""

import concurrent.futures
import contextlib
import datetime
import pathlib
import subprocess
import zlib

import psycopg
from harness import ROOT, migrate

FOLDER = ROOT / "build/bench"
POSTGRES = ROOT / "infra/sandbox/postgres"

LARGE, YOUNG, PARTNERS = 1, 2, 3
SERVERS = {
    LARGE: {"days": 730, "active": 4000, "stays": 3.4, "channels": 100},  # 10 million sessions over two years
    YOUNG: {"days": 73, "active": 4000, "stays": 3.4, "channels": 100},  # the same server when it had a million
    PARTNERS: {"days": 730, "active": 1200, "stays": 3.4, "channels": 20},  # 3 million
}

# Autovacuum comes to a table of totals for every 7 000 updates, three for a session (db/migrations/0004_storage.sql). So half of
# those have been since its last visit, on the average: of the last two hours, of members as busy as others.
SESSIONS_SINCE = 1500
SINCE = """
SELECT record_sessions(%(guild)s, array[n]::bigint[], array[user_id]::bigint[], array[1 + n %% 100]::bigint[], array[began]::bigint[],
                       array[began + 60 + n %% 1500]::bigint[], array['leave'])
  FROM (SELECT DISTINCT ON (user_id) n, user_id, extract(epoch FROM now())::bigint - 7000 + n AS began
          FROM (SELECT n, ceil(50000 * power(random(), 1 / 0.3))::int AS user_id FROM generate_series(1, %(sessions)s) AS n) AS drawn
         WHERE user_id %% 37 <> 1  -- they are in voice
         ORDER BY user_id) AS s
"""


def start():
    """Conninfo of the running database. Settings are PostgreSQL's own, fsync among them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    started = subprocess.run([POSTGRES, "start", FOLDER / "postgres"], stdout=subprocess.PIPE, text=True, check=True)
    return started.stdout.strip().replace("dbname=postgres", "dbname=large")


def stop():
    if (FOLDER / "postgres").exists():
        subprocess.run([POSTGRES, "stop", FOLDER / "postgres"], check=True)


def made():
    stamp = FOLDER / "made"
    return stamp.read_text() if stamp.exists() else None


@contextlib.contextmanager
def without_indexes(sql):
    """Those of voice_session but for the one of open sessions: they are made at the end, with both processors."""
    indexes = dict(
        sql.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'voice_session' AND indexdef NOT LIKE 'CREATE UNIQUE%'").fetchall()
    )
    sql.execute("ALTER TABLE voice_session DROP CONSTRAINT voice_session_pkey")
    sql.execute(f"DROP INDEX {', '.join(indexes)}")
    yield
    print("  indexes", flush=True)
    sql.execute("SET maintenance_work_mem = '1GB'")
    sql.execute("ALTER TABLE voice_session ADD PRIMARY KEY (guild_id, session_id)")
    for definition in indexes.values():
        sql.execute(definition)


def make_up(url, sample, **population):
    variables = [word for name, value in population.items() for word in ("-v", f"{name}={value}")]
    subprocess.run(["psql", url, *variables, "-qf", ROOT / "db/sample" / sample], check=True)


def make(url):
    """Some minutes at first. Made again where what makes them changed, and on another day: the rolling ranges end today."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    makers = [ROOT / "db/sample/large.sql", ROOT / "db/sample/quiet.sql", pathlib.Path(__file__)]
    wanted = f"{today} {zlib.crc32(b''.join(maker.read_bytes() for maker in makers))}"
    if made() != wanted:
        make_all(url)
        (FOLDER / "made").write_text(wanted)
    migrate(url)  # to what was written since


def make_all(url):
    with psycopg.connect(url.replace("dbname=large", "dbname=postgres"), autocommit=True) as postgres:
        postgres.execute("DROP DATABASE IF EXISTS large WITH (FORCE)")
        postgres.execute("CREATE DATABASE large")
    migrate(url)
    print("  making up 14 million sessions", flush=True)
    make_up(url, "quiet.sql")
    with psycopg.connect(url, autocommit=True) as sql:
        with without_indexes(sql), concurrent.futures.ThreadPoolExecutor(2) as two:
            list(two.map(lambda guild: make_up(url, "large.sql", guild=guild, **SERVERS[guild]), SERVERS))
        sql.execute("VACUUM ANALYZE")
        for guild in (LARGE, YOUNG):
            sql.execute(SINCE, {"guild": guild, "sessions": SESSIONS_SINCE})
