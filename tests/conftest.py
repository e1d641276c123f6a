"""Fixtures: see harness.py for what they give."""

import subprocess

import psycopg
import pytest
from browser import chromium
from harness import BIN, ROOT, Discord, Program, Trackers, copy_of, free_port, is_ready, logged_in_as, migrate, wait_for
from history import make_history


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Conninfo of a private PostgreSQL for the whole run, without fsync."""
    directory = tmp_path_factory.mktemp("postgres")
    script = ROOT / "infra/sandbox/postgres"
    started = subprocess.run(
        [script, "start", directory, "fsync=off", "max_connections=200"], capture_output=True, text=True, check=True
    )
    yield started.stdout.strip()
    subprocess.run([script, "remove", directory], check=True)


@pytest.fixture(scope="session")
def template(cluster):
    """Name of a database with all tables and no rows, made by the program itself."""
    name = "vcledger_template"
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    migrate(cluster.replace("dbname=postgres", f"dbname={name}"))
    return name


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


@pytest.fixture
def discord(tmp_path):
    directory = tmp_path / "discord"
    directory.mkdir()
    discord = Discord(directory, free_port())
    yield discord
    discord.program.end()


@pytest.fixture
def settings(discord, database):
    """What both programs need to know."""
    return {**discord.settings(), "DATABASE_URL": database}


@pytest.fixture
def trackers(discord, settings, tmp_path):
    trackers = Trackers(discord, settings, tmp_path)
    yield trackers
    for tracker in trackers.started:
        tracker.end(discord.secrets)


@pytest.fixture
def handlers(discord, settings, tmp_path):
    """Starts handlers where the local Discord posts its interactions."""
    started = []

    def start(*arguments, wait=True, **environment):
        path = tmp_path / f"handler-{len(started) + 1}.log"
        environment = {**settings, "LISTEN": f"127.0.0.1:{discord.handler_port}", "WORKERS": "2", **environment}
        handler = Program([BIN / "handler", *arguments], logged_in_as("handler", environment), path)
        started.append(handler)
        if wait:
            wait_for(lambda: is_ready(discord.handler_port) or handler.process.poll() is not None, "the handler's start")
            assert handler.process.poll() is None, handler.log()
        return handler

    yield start
    for handler in started:
        handler.end(discord.secrets)


@pytest.fixture
def ledger(sql, discord):
    """A connection to the database of the local Discord's first server, with members and sessions up to now."""
    make_history(sql, discord)
    return sql


@pytest.fixture(scope="session")
def browser():
    """Chromium; for tests of the group "browser", so that there is only one."""
    with chromium() as browser:
        yield browser
