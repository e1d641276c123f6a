"""The made-up servers that the benchmarks ask, in one database, made once a day and kept in build/bench."""

import datetime
import shutil
import subprocess

import psycopg
from harness import ROOT, migrate

FOLDER = ROOT / "build/bench"
POSTGRES = ROOT / "infra/sandbox/postgres"

LARGE, YOUNG, PARTNERS = 1, 2, 3
SERVERS = {
    LARGE: {"days": 730, "active": 4000, "stays": 3.4},  # 10 million sessions over two years
    YOUNG: {"days": 73, "active": 4000, "stays": 3.4},  # the same server when it had a million
    PARTNERS: {"days": 730, "active": 1200, "stays": 3.4},  # 3 million
}


def start():
    """Conninfo of the running database. Settings are PostgreSQL's own, fsync among them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    started = subprocess.run([POSTGRES, "start", FOLDER / "postgres"], stdout=subprocess.PIPE, text=True, check=True)
    return started.stdout.strip().replace("dbname=postgres", "dbname=large")


def stop():
    subprocess.run([POSTGRES, "stop", FOLDER / "postgres"], check=True)


def made_on():
    stamp = FOLDER / "made"
    return stamp.read_text() if stamp.exists() else None


def make(url):
    """Ten minutes; the rolling ranges end today, so that yesterday's servers are made again."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    if made_on() == today:
        return
    with psycopg.connect(url.replace("dbname=large", "dbname=postgres"), autocommit=True) as postgres:
        postgres.execute("DROP DATABASE IF EXISTS large WITH (FORCE)")
        postgres.execute("CREATE DATABASE large")
    migrate(url)
    for guild, server in SERVERS.items():
        print(f"  making up server {guild}: {server['days'] * server['active'] * server['stays'] / 1e6:.1f} million sessions", flush=True)
        variables = [word for name, value in {"guild": guild, **server}.items() for word in ("-v", f"{name}={value}")]
        subprocess.run(["psql", url, *variables, "-f", ROOT / "db/sample/large.sql"], check=True)
    (FOLDER / "made").write_text(today)
