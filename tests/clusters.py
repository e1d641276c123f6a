"""PostgreSQL clusters of a test's own, to be stopped, killed and failed over.

Without fsync: that is for machines which die. What PostgreSQL has written the kernel keeps, also after a kill -9.
"""

import contextlib
import os
import subprocess

import psycopg
from harness import ROOT, migrate, wait_for

SETTINGS = ["fsync=off", "dynamic_shared_memory_type=mmap"]  # mmap: nothing of the killed stays in /dev/shm


class Cluster:
    """One PostgreSQL with its data below directory; it need not exist yet. environment: what its processes find in theirs."""

    def __init__(self, directory, *settings, **environment):
        self.directory = directory
        self.settings = [*SETTINGS, *settings]
        self.environment = {**os.environ, **environment}
        self.url = None  # once it has started

    def call(self, verb, *arguments):
        command = [ROOT / "infra/sandbox/postgres", verb, self.directory, *arguments]
        return subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    def start(self):
        """Also after stop() and kill(), and also a standby: it follows again."""
        self.url = self.call("start", *self.settings)

    def start_behind(self, primary):
        """As a standby: a copy of the primary, which runs and has the same settings."""
        self.url = self.call("standby", primary.directory, *self.settings)

    def stop(self, mode="fast"):
        """Or "immediate": as a crash, but the clients are told."""
        self.call("stop", mode)

    def kill(self):
        """kill -9 of all its processes."""
        self.call("kill")

    def promote(self):
        self.call("promote")

    def remove(self):
        self.call("remove")

    def execute(self, statement):
        """Outside of the tests' tables, in autocommit mode; its rows, if it has any."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else None

    def set(self, name, value):
        """A setting that can change while it runs."""
        self.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        self.execute("SELECT pg_reload_conf()")


class Pair:
    """A primary and its standby, with all tables. They change places at each fail-over; the url names both."""

    def __init__(self, directory, synchronous, *settings, **environment):
        self.synchronous = synchronous
        self.primary, self.standby = self.both = [Cluster(directory / name, *settings, **environment) for name in ("a", "b")]
        self.url = None

    def start(self):
        self.primary.start()
        self.primary.execute("CREATE DATABASE vcledger")
        migrate(self.url_of(self.primary))
        self.follow()
        self.url = self.url_of(*self.both)

    @staticmethod
    def url_of(*clusters):
        hosts = ",".join(psycopg.conninfo.conninfo_to_dict(cluster.url)["host"] for cluster in clusters)
        return f"host={hosts} user=vcledger dbname=vcledger target_session_attrs=read-write"

    def follow(self):
        """A new standby, made of the primary as it is now."""
        self.primary.set("synchronous_standby_names", "")  # the copy would wait for one of its own
        self.standby.remove()
        self.standby.start_behind(self.primary)
        wait_for(lambda: self.primary.execute("SELECT pid FROM pg_stat_replication WHERE state = 'streaming'"), "a standby that follows")
        if self.synchronous:
            self.primary.set("synchronous_standby_names", "*")
            wait_for(lambda: self.primary.execute("SELECT pid FROM pg_stat_replication WHERE sync_state = 'sync'"), "a synchronous standby")

    def part(self):
        """The standby gets nothing any more: what is committed from now on, a fail-over loses. Not for synchronous ones."""
        self.standby.set("primary_conninfo", "")
        wait_for(lambda: not self.standby.execute("SELECT pid FROM pg_stat_wal_receiver"), "a standby left alone")

    def fail_over(self):
        """The standby is the primary now. What becomes of the old one is the test's affair: kill it before, follow() after."""
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def connect(self):
        """To the one that is the primary now."""
        return psycopg.connect(self.url_of(self.primary), autocommit=True)

    def remove(self):
        for cluster in self.both:
            cluster.remove()


@contextlib.contextmanager
def running_pair(directory, synchronous, *settings, **environment):
    pair = Pair(directory, synchronous, *settings, **environment)
    try:
        pair.start()
        yield pair
    finally:
        pair.remove()
