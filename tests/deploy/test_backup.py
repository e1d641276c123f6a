"""Backup and restore, by the very commands of infra/deploy/OPERATIONS.md, while both programs work."""

import os
import subprocess
import time

import psycopg
from answers import alt, expected_between
from busy import busy
from clusters import Cluster
from harness import BIN, LOGINS, ROOT, wait_for
from plain_sql import assert_ledger_is_whole


def commands():
    """The lines of the section: those of the backup, those of the restore."""
    section = (ROOT / "infra/deploy/OPERATIONS.md").read_text().split("\n## Backup and restore\n")[1].split("\n## ")[0]
    backup, *restore = [line.strip() for line in section.splitlines() if line.startswith(("    pg_", "    psql "))]
    assert backup.startswith("pg_dump ") and len(restore) == 2
    return backup, restore


def run(command, url, directory):
    subprocess.run(command, shell=True, check=True, cwd=directory, env={**os.environ, "DATABASE_URL": url}, timeout=120)


def everything(sql):
    """Every table's rows, as text."""
    names = sql.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
    return {name: sorted(row[0] for row in sql.execute(f"SELECT t::text FROM {name} AS t")) for name, in names}


def shards(sql):
    """What of the trackers is restored as it was."""
    return sql.execute("SELECT shard_count, shard_id, epoch, batch_no, proven_at, interval_seconds FROM tracker_shard").fetchall()


def stays(sql, user, since):
    return sql.execute("SELECT ended_at, end_reason FROM voice_session WHERE user_id = %s AND started_at >= to_timestamp(%s) ORDER BY started_at",
                       [user, since]).fetchall()


def back_up(ledger, database, tmp_path):
    """While others write; what the tables held at that very moment."""
    with psycopg.connect(database) as snapshot:
        snapshot.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        [name] = snapshot.execute("SELECT pg_export_snapshot()").fetchone()
        time.sleep(0.5)
        run(f"{commands()[0]} --snapshot={name}", database, tmp_path)
        return everything(snapshot), shards(snapshot)


def test_a_database_is_put_aside_only_once(tmp_path):
    """As with compose: where there is one from before, neither is touched."""
    [line] = [line for line in (ROOT / "infra/deploy/OPERATIONS.md").read_text().splitlines() if "RENAME TO before" in line]
    command = line.strip().removeprefix("docker compose exec -T postgres ").removesuffix(" &&")
    cluster = Cluster(tmp_path / "cluster")
    cluster.start()
    environment = {**os.environ, "PGHOST": psycopg.conninfo.conninfo_to_dict(cluster.url)["host"]}
    put_aside = lambda: subprocess.run(command, shell=True, env=environment, capture_output=True, text=True)
    names = lambda: dict(cluster.execute("SELECT datname, oid FROM pg_database"))
    try:
        cluster.execute("CREATE DATABASE vcledger")
        was = names()
        assert put_aside().returncode == 0
        are = names()
        assert are["before"] == was["vcledger"] != are["vcledger"]
        again = put_aside()
        assert again.returncode != 0 and again.stderr == 'ERROR:  database "before" already exists\n' and names() == are
    finally:
        cluster.remove()


def test_a_restored_backup_is_the_ledger_of_that_moment(discord, handlers, trackers, ledger, database, tmp_path):
    ann, ben = discord.people[:2]
    began = int(time.time()) - 1
    tracker, handler = trackers.start(), handlers()
    for person in (ann, ben):
        discord.voice(person, discord.channels[0])
    wait_for(lambda: stays(ledger, ann, began) and stays(ledger, ben, began), "both are counted")
    with busy(discord) as evening:
        wait_for(lambda: evening.took, "an answer")
        was, was_shards = back_up(ledger, database, tmp_path)
        discord.leave(ann)
        wait_for(lambda: stays(ledger, ann, began)[0][1] == "leave", "what the backup does not know")
    tracker.kill()
    handler.kill()

    other = Cluster(tmp_path / "other")
    other.start()
    try:
        other.execute("CREATE DATABASE restored")
        url = other.url.replace("dbname=postgres", "dbname=restored")
        for command in commands()[1]:
            run(command, url, tmp_path)
        with psycopg.connect(url, autocommit=True) as sql:
            check_rows(sql, was, was_shards)
            assert_ledger_is_whole(sql)
            for program in check_life(discord, handlers, trackers, sql, url, began):
                assert program.stop() == 0
            assert_ledger_is_whole(sql)
    finally:
        other.remove()


def check_rows(sql, was, was_shards):
    assert shards(sql) == was_shards
    restored = everything(sql)
    assert restored.keys() == was.keys() and was["interaction_pending"] and was["voice_session"] and was["voice_presence"]
    assert {name: rows for name, rows in restored.items() if name not in ("tracker_shard", "interaction_pending")} == {
        name: rows for name, rows in was.items() if name not in ("tracker_shard", "interaction_pending")}
    assert restored["interaction_pending"] == []


def check_life(discord, handlers, trackers, sql, url, began):
    """It is one of ours, nothing is invented, and it goes on."""
    ann, ben = discord.people[:2]
    [proven] = sql.execute("SELECT proven_at FROM tracker_shard").fetchone()
    migrated = subprocess.run([BIN / "tracker", "--migrate"], env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True, check=True)
    assert "schema_ready applied=0" in migrated.stderr
    sql.execute(LOGINS)
    before = discord.last_request()
    tracker = trackers.start(DATABASE_URL=url)
    wait_for(lambda: len(stays(sql, ben, began)) == 2, "who is there is counted anew")
    assert discord.frames(2, before) and not discord.frames(6, before), "the old session of the gateway is not asked for"
    for person, n in ((ann, 1), (ben, 2)):
        ended = stays(sql, person, began)
        assert len(ended) == n and ended[0] == (proven.replace(microsecond=0), "unproven")
    handler = handlers(DATABASE_URL=url)
    time.sleep(1.5)  # nobody's stay is younger than a second
    asked = time.time()
    answer = discord.leaderboard("all_time", user_id=str(ben))
    said = alt(answer).split(" UTC: ")[1]
    assert said in {text for text, _ in expected_between(sql, discord.guild, "all_time", asked, time.time(), ben)}
    return tracker, handler
