"""Fixtures for all Python tests: the programs under test and a throw-away PostgreSQL.

BIN names the folder of the programs, TESTS that of the test programs (the Makefile sets both).
"""

import contextlib
import itertools
import os
import pathlib
import subprocess

import psycopg
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("BIN", ROOT / "build"))
TESTS = pathlib.Path(os.environ.get("TESTS", ROOT / "build/release/tests"))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Conninfo of a private PostgreSQL for the whole run, without fsync."""
    directory = tmp_path_factory.mktemp("postgres")
    script = ROOT / "infra/sandbox/postgres"
    started = subprocess.run(
        [script, "start", directory, "fsync=off", "max_connections=200"], capture_output=True, text=True, check=True
    )
    yield started.stdout.strip()
    subprocess.run([script, "stop", directory], check=True)


@pytest.fixture(scope="session")
def template(cluster):
    """Name of a database with all tables and no rows, made by the program itself."""
    name = "vcledger_template"
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    migrate(cluster.replace("dbname=postgres", f"dbname={name}"))
    return name


def migrate(url):
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "LOG_LEVEL": "warn"}
    subprocess.run([BIN / "tracker", "--migrate"], env=environment, check=True, cwd="/tmp")


numbers = itertools.count(1)


@contextlib.contextmanager
def copy_of(cluster, template):
    """Conninfo of a fresh copy of a database, dropped afterwards."""
    name = f"test_{next(numbers)}"
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield cluster.replace("dbname=postgres", f"dbname={name}")
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(cluster, template):
    """Conninfo of a fresh database with all tables."""
    with copy_of(cluster, template) as url:
        yield url


@pytest.fixture
def sql(database):
    """A connection in autocommit mode to that database."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection
