"""`tracker --import` and `--export`: what is made of rows from elsewhere, on a real PostgreSQL, with no more rights than a tracker has."""

import contextlib
import os
import pty
import random
import re
import signal
import socket
import subprocess
import time

import psycopg
import pytest
from asking import DAY, make_guild, random_history, record
from harness import BIN, copy_of, logged_in_as, wait_for
from hypothesis import HealthCheck, given, settings, strategies
from plain_sql import ROLLUPS, assert_ledger_is_whole, instant

HEAD = "guild_id,user_id,channel_id,started_at,ended_at\n"
GUILD = 1187440136951169024
SHARD = (GUILD >> 22) % 16
BASE = 1767225600  # 2026-01-01


def at(seconds):
    return instant(BASE + seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def row(user, start, end, channel=5, guild=GUILD):
    """Canonical, as --export writes it."""
    return f"{guild},{user},{channel},{at(start)},{at(end)}\n"


class Done:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def told(self):
        """{words: number} of the report."""
        return {words: int(n) for n, words in re.findall(r"^ *(\d+)  (\S.*)$", self.out, re.MULTILINE)}

    def last(self):
        return self.out.splitlines()[-1]


def tracker(database, *words, stdin=None, **environment):
    done = subprocess.run(
        [BIN / "tracker", *map(str, words)], input=stdin, capture_output=True, timeout=120, cwd="/tmp", text=stdin is None or isinstance(stdin, str),
        env=logged_in_as("tracker", {"PATH": os.environ["PATH"], "DATABASE_URL": database, **environment}),
    )
    return Done(done)


def take(database, text, *words):
    """All goes well."""
    done = tracker(database, "--import", "-", *words, stdin=text)
    assert done.code == 0, done.err
    return done


def export(database, *words):
    done = tracker(database, "--export", *words)
    assert (done.code, done.err) == (0, "")
    return done.out


MESSY = f"""{HEAD}1,7,9,2026-01-01T10:00:00Z,2026-01-01T12:00:00Z
1,7,9,2026-01-01T10:00:00Z,2026-01-01T12:00:00Z
1,7,8,2026-01-01T11:00:00Z,2026-01-01T11:30:00.999999999Z
1,7,8,2026-01-02 11:00:00+02,2026-01-02 11:30:00
1,7,8,"2026-01-02 09:00:00","2026-01-02 09:00:00"
1,7,8,2026-01-03 09:00:00,
1,7,8,2026-02-03 09:00:00,2026-02-30 10:00:00
1,x,8,2026-02-03 09:00:00,2026-02-20 10:00:00
9223372036854775808,1,8,2026-02-03 09:00:00,2026-02-20 10:00:00
1,7,1.1E+18,2026-02-03 09:00:00,2026-02-20 10:00:00
1,7,8,2026-02-03 09:00:00,2026-02-20 10:00:00
1,8,8,2026-02-03 09:00:00,2026-02-03 10:00:00
1,8,9,2026-02-03 09:00:00,2026-02-03 11:00:00
1,8,9,2026-02-04 09:00:00,2026-02-03 11:00:00
1,8,9,2026-02-04 09:00:00,2226-02-03 11:00:00
1,8,9,1970-01-01 00:00:00,1970-01-01 01:00:00
1,8,9,now,tomorrow
"""
MENDED = f"""{HEAD}1,7,9,2026-01-01T10:00:00Z,2026-01-01T11:00:00Z
1,7,8,2026-01-01T11:00:00Z,2026-01-01T11:30:00Z
1,7,8,2026-01-02T09:00:00Z,2026-01-02T09:00:00Z
1,7,8,2026-01-02T09:00:00Z,2026-01-02T11:30:00Z
1,8,8,2026-02-03T09:00:00Z,2026-02-03T10:00:00Z
"""


def test_what_is_made_of_each_row(sql, database):
    dry = tracker(database, "--import", "-", "--dry-run", stdin=MESSY)
    assert dry.last() == "would import 5 sessions of 5 h 00 min 00 s; nothing was changed"
    assert export(database) == HEAD
    done = tracker(database, "--import", "-", stdin=MESSY)
    assert done.last() == "imported 5 sessions of 5 h 00 min 00 s"
    assert done.out.splitlines()[:-1] == dry.out.splitlines()[:-1]
    assert done.told() == {
        "rows read": 17,
        "refused: an id that is none of Discord's": 3,
        "refused: a time that is none, or before 2015": 3,
        "refused: ends before it begins": 1,
        "refused: in the future": 1,
        "left out: without an end, which nobody knows": 1,
        "left out: copies of other rows": 1,
        "left out: longer than --max-hours, so probably nobody saw them leave": 1,
        "left out: the member begins a shorter or equal one at the same second": 1,
        "shortened: end where the member's next session begins": 1,
        "as they are": 4,
        "are new": 5,
    }
    assert "next session begins\n              by 1 h 00 min 00 s in all\n" in done.out
    assert 'line 8: "1,7,8,2026-02-03 09:00:00,2026-02-30 10:00:00"' in done.out
    assert (done.code, dry.code) == (1, 1)  # nothing is lost in silence
    assert export(database) == MENDED
    assert_ledger_is_whole(sql)
    again = tracker(database, "--import", "-", stdin=MESSY)
    assert (again.last(), again.told()["are there already"]) == ("imported 0 sessions of 0 h 00 min 00 s", 5)
    assert export(database) == MENDED


def test_long_ones_may_be_kept(sql, database):
    three_days = HEAD + row(7, 0, 72 * 3600) + row(8, 0, 72 * 3600 + 1) + row(9, 0, 73 * 3600)
    assert take(database, three_days).told()["are new"] == 1
    assert take(database, three_days, "--max-hours", 73).told()["are new"] == 2
    assert_ledger_is_whole(sql)


def test_more_of_the_same_file_adds_what_is_more(sql, database):
    first = "".join(row(user, 100 * n, 100 * n + 60 + user) for n in range(50) for user in range(1, 11))
    more = "".join(row(user, 100 * n, 100 * n + 60 + user) for n in range(40, 80) for user in range(1, 11))
    assert take(database, HEAD + first).last().startswith("imported 500 sessions")
    assert take(database, HEAD + first + more).last().startswith("imported 300 sessions")
    assert_ledger_is_whole(sql)


def rollups(sql):
    return [set(sql.execute(f"SELECT {columns} FROM {table}").fetchall()) for table, (columns, _) in ROLLUPS.items()]


def test_an_export_of_an_import_is_the_import(sql, database, cluster, template, tmp_path):
    """And what is derived from it is the same, whoever counted. Of several chunks."""
    now = int(time.time())
    for guild, seed, members in [(GUILD, 1, 20), (GUILD + 1, 2, 5)]:
        make_guild(sql, guild)
        record(sql, random_history(now, seed, members), guild)
    exported = export(database)
    path = tmp_path / "sessions.csv"
    assert tracker(database, "--export", path).code == 0
    assert path.read_text() == exported and [p.name for p in tmp_path.iterdir()] == ["sessions.csv"]
    assert path.stat().st_mode & 0o777 == 0o600
    lines = exported.splitlines(keepends=True)
    assert lines[0] == HEAD and len(lines) > 4000
    with copy_of(cluster, template) as other, psycopg.connect(other, autocommit=True) as there:
        assert take(other, exported, "--max-hours", 999).told() == {
            "rows read": len(lines) - 1, "as they are": len(lines) - 1, "are new": len(lines) - 1
        }
        assert export(other) == exported
        assert export(other, "--server", GUILD + 1) == HEAD + "".join(line for line in lines if line.startswith(f"{GUILD + 1},"))
        assert rollups(there) == rollups(sql)
        assert there.execute("SELECT DISTINCT end_reason FROM voice_session").fetchall() == [("import",)]
        random.Random(1).shuffle(lines)
        assert take(other, HEAD + "".join(line for line in lines if line != HEAD), "--max-hours", 999).last().startswith("imported 0 ")


def seconds_told(text):
    """{(member, second)} of canonical rows."""
    told = set()
    for line in text.splitlines()[1:]:
        guild, user, _, start, end = line.split(",")
        begin, until = (int(psycopg.types.datetime.datetime.fromisoformat(t).timestamp()) for t in (start, end))
        told |= {(guild, user, second) for second in range(begin, until)}
    return told


def left_of(stays):
    """The rule in plain Python: (user, start, end, channel) as a file has them, and what is left of them."""
    left = {stay for stay in stays if stay[1] == stay[2]}
    for user in {stay[0] for stay in stays}:
        starts = sorted({start for who, start, end, _ in stays if who == user and end > start})
        for start, following in zip(starts, [*starts[1:], 2**62]):
            end, channel = min((end, channel) for who, begin, end, channel in stays if (who, begin) == (user, start) and end > start)
            left.add((user, start, min(end, following), channel))
    return left


def seconds_of(stays):
    return {(str(GUILD), str(user), BASE + second) for user, start, end, _ in stays for second in range(start, end)}


@pytest.mark.parametrize("seed", range(4))
def test_one_file_after_the_other(sql, database, cluster, template, seed):
    """Sixty members who are told of at random, the first time by the tracker or in a file too: each second that any file tells
    of is there once, and so is each stay of no length. What is then exported makes the same database."""
    chance = random.Random(seed)
    told = set()
    for n in range(5):
        stays = {
            (user, start, start + chance.choice([0, 0, 1, 5, 20]), chance.choice([5, 6]))
            for user in range(1, 61) for start in chance.choices(range(40), k=chance.randrange(4))
        }
        file = HEAD + "".join(row(*stay) for stay in chance.sample(sorted(stays), len(stays)))
        if n == 0 and seed % 2:
            record(sql, [(user, channel, BASE + start, BASE + end) for user, start, end, channel in left_of(stays)])
        else:
            take(database, file)
        told |= left_of(stays)
        assert_ledger_is_whole(sql)
        exported = export(database)
        assert seconds_told(exported) == seconds_of(told)
        moments = {row(*stay) for stay in told if stay[1] == stay[2]}
        assert {line for line in exported.splitlines(keepends=True) if len(set(line.strip().split(",")[3:])) == 1} == moments
        assert take(database, file).last() == "imported 0 sessions of 0 h 00 min 00 s"
    with copy_of(cluster, template) as other:
        assert "shortened: end where the member's next session begins" not in take(other, exported).told()
        assert export(other) == exported


def test_the_order_of_rows_decides_nothing(sql, database):
    equal = [row(7, 0, 60, 6), row(7, 0, 60, 5), row(7, 0, 60, 7)]
    for dry in [equal, equal[::-1], equal[1:]]:
        assert "shorter or equal" in take(database, HEAD + "".join(dry), "--dry-run").out
    for n, rows in enumerate([equal, equal[::-1], sorted(equal)]):
        take(database, HEAD + "".join(rows).replace(str(GUILD), f"{n + 1}"))
    assert export(database) == HEAD + "".join(row(7, 0, 60, 5, guild) for guild in [1, 2, 3])


def test_a_stay_of_no_length_within_another(sql, database):
    """Whichever came first, and where a chunk ends between the two."""
    long = [row(7, 100 * n, 100 * n + 90) for n in range(1, 2001)]
    moments = [row(7, 100 * n + 50, 100 * n + 50) for n in range(1, 2001)]
    file = HEAD + row(7, 0, 10) + "".join(a + b for a, b in zip(long, moments))
    take(database, HEAD + "".join(moments[:10]))
    take(database, file)
    assert export(database) == file
    assert_ledger_is_whole(sql)


@pytest.mark.parametrize("seed", range(4))
def test_what_the_database_has_wins(sql, database, seed):
    """Random sessions of few members over few seconds: whatever overlaps, each second counts at most once, none that the
    database had is lost, none comes that nobody told of, and none that is missing stays out."""
    chance = random.Random(seed)
    ended, at_second = [], {}
    for user in range(6):
        second = 0
        while (second := second + chance.choice([0, 0, 1, 5])) < 60:
            end = second + chance.choice([0, 1, 1, 3, 8])
            ended.append((user + 1, second % 3 + 1, BASE + second, BASE + end))
            second = end
        at_second[user + 1] = second
    record(sql, ended)
    record(sql, [(user, 1, BASE + second + 5, None) for user, second in at_second.items() if user % 2])
    before = export(database)
    stays = []
    for user in range(1, 8):
        second = 0
        while (second := second + chance.choice([0, 1, 4])) < 90:
            end = second + chance.choice([0, 1, 5, 11])
            stays.append((user, second, end, second % 3 + 1))
            second = end if seed % 2 else second + 1  # in order, or one over the other
    chance.shuffle(stays)
    file = HEAD + "".join(row(*stay) for stay in dict.fromkeys(stays))
    take(database, file)
    after = export(database)
    assert_ledger_is_whole(sql)
    assert set(before.splitlines()) <= set(after.splitlines())
    open_since = {str(user): BASE + second + 5 for user, second in at_second.items() if user % 2}
    wanted = {told for told in seconds_of(left_of(stays)) if told[2] < open_since.get(told[1], 2**62)}
    assert seconds_told(after) == seconds_told(before) | wanted
    assert take(database, file).last().startswith("imported 0 sessions")
    assert export(database) == after


def test_nothing_beyond_what_the_tracker_has_proven(sql, database):
    """A server that is not known yet has a tracker too; of two counts of shards the later proof counts."""
    sql.execute("INSERT INTO tracker_shard (shard_count, shard_id, epoch, proven_at) VALUES (1, 0, 1, %s), (16, %s, 2, %s)", [instant(BASE), SHARD, instant(BASE + 1000)])
    file = HEAD + row(7, 900, 1000) + row(8, 900, 1001) + row(9, 1000, 1000) + row(10, 1001, 1001) + row(11, 2000, 2100)
    done = take(database, file)
    assert done.told()["go on after the last proof of the tracker: what is missing before that is taken"] == 3
    assert export(database) == HEAD + row(7, 900, 1000) + row(8, 900, 1000) + row(9, 1000, 1000)
    sql.execute("UPDATE tracker_shard SET proven_at = now()")
    assert take(database, file).last() == "imported 3 sessions of 0 h 01 min 41 s"
    assert_ledger_is_whole(sql)


def claim(sql, count, shard):
    return sql.execute(
        "SELECT c.epoch FROM (SELECT 1) AS one LEFT JOIN tracker_shard t ON (shard_count, shard_id) = (%s, %s),"
        " LATERAL claim_shard(%s, %s, coalesce(t.epoch, 0), coalesce(t.batch_no, 0), 60, 'taken_over') AS c",
        [count, shard, count, shard],
    ).fetchone()[0]


def test_before_its_first_proof_a_tracker_may_hold_anything(sql, database):
    """So nothing is taken, whatever the clock of the claims says: those of other counts move it on."""
    claim(sql, 3, (GUILD >> 22) % 3)
    now = int(time.time())
    file = HEAD + row(7, now - BASE - 60, now - BASE)
    told = take(database, file).told()
    assert told["go on after the last proof of the tracker: what is missing before that is taken"] == 1
    for shard in range(64):
        claim(sql, 64, shard)
    assert claim(sql, 3, (GUILD >> 22) % 3) > time.time() + 30
    assert take(database, file).last().startswith("imported 0 sessions")
    sql.execute("UPDATE tracker_shard SET proven_at = %s WHERE shard_count = 3", [instant(now - 30)])
    assert take(database, file).last() == "imported 1 sessions of 0 h 00 min 30 s"


@pytest.mark.parametrize("known", [True, False])
def test_a_number_of_shards_that_was_tried_cuts_nothing_for_ever(sql, database, known):
    if known:
        make_guild(sql)
    claim(sql, 3, (GUILD >> 22) % 3)
    sql.execute("UPDATE tracker_shard SET proven_at = %s", [instant(BASE)])
    for shard in range(64):
        claim(sql, 64, shard)
    sql.execute("UPDATE tracker_shard SET proven_at = %s WHERE shard_count = 64", [instant(BASE + 100)])
    take(database, HEAD + row(7, -10, 200))
    assert export(database) == HEAD + row(7, -10, 100)


GOOD = row(7, 0, 60)
PIECE = (HEAD + GOOD).replace("Z,", "." + "0" * (65535 - len(HEAD + GOOD)) + "Z,")  # what is read at once
assert len(PIECE) == 65536
IN_FORM = [
    HEAD,
    HEAD.strip(),
    "\ufeff" + HEAD.replace("\n", "\r\n") + GOOD.replace("\n", "\r\n"),
    HEAD + '"1","2","3","2026-01-01 00:00:00","2026-01-01 00:00:00"',
    HEAD + GOOD + "\n\n",
    (HEAD + GOOD + "\n\n").replace("\n", "\r\n"),
    PIECE,
    PIECE + GOOD,
    PIECE + "\n" * 1000,
]
MALFORMED = [
    ("", "line 1"),
    (HEAD.replace("_id", ""), "line 1"),
    (HEAD.replace("user_id", "member_id"), "line 1"),
    (GOOD, "line 1"),
    (HEAD + GOOD + "1,2,3\n", "line 3"),
    (HEAD + GOOD.strip() + ",6\n", "line 2"),
    (HEAD + GOOD + "\n" + GOOD, "line 3"),
    (HEAD + GOOD + '1,2,"3\n' + GOOD, "line 4"),
    (HEAD + GOOD + "\\.\n" + GOOD, "backslash"),
    (HEAD + GOOD + "\n" * 100_000 + GOOD, "line 3"),
    (HEAD + "\n" * 70_000 + GOOD, "line 2"),
    (HEAD + GOOD + "1,2,\0,4,5\n", "NUL"),
    (HEAD + GOOD + "1,2,\udcff,4,5\n", "line 3"),
]


def test_a_malformed_file_is_refused_as_a_whole(database):
    for text, words in MALFORMED:
        done = tracker(database, "--import", "-", stdin=text.encode(errors="surrogateescape"))
        assert (done.code, done.out) == (1, b"")
        assert b"tracker: stdin cannot be read, so nothing of it was taken: " in done.err and words.encode() in done.err, (text, done.err)
    assert export(database) == HEAD
    for text in IN_FORM:
        take(database, text.encode())


@pytest.mark.parametrize("endless", [b"\0" * 4096, b"guild,user\n", HEAD.encode() + b"\0" * 4096])
def test_a_file_without_end_that_is_none(database, endless):
    """Ends when it is seen, not when the file ends: the writer finds that nobody reads."""
    program = subprocess.Popen(
        [BIN / "tracker", "--import", "-"], env=logged_in_as("tracker", {"PATH": os.environ["PATH"], "DATABASE_URL": database}), cwd="/tmp",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 60
    with pytest.raises(BrokenPipeError):
        while time.monotonic() < until:
            os.write(program.stdin.fileno(), endless)
    _, err = program.communicate(timeout=30)
    assert program.returncode == 1 and b"nothing of it was taken" in err


FIELD = strategies.one_of(
    strategies.sampled_from(["1", "7", "0", "-1", "", "9223372036854775807", "2026-01-01T00:00:00Z", "2026-01-01 00:00:01", "2026-01-02"]),
    strategies.datetimes().map(str),
    strategies.text(strategies.characters(blacklist_categories=["Cs"], blacklist_characters="\0\\"), max_size=8),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.lists(strategies.tuples(*[FIELD] * 5), max_size=30))
def test_whatever_stands_in_a_file(sql, database, rows):
    """Every row comes to be one of the things that are told, and the ledger is whole."""
    text = HEAD + "".join(",".join('"' + field.replace('"', '""') + '"' for field in fields) + "\n" for fields in rows)
    done = tracker(database, "--import", "-", stdin=text.encode())
    assert done.code in (0, 1), done.err
    told = re.findall(rb"^ *(\d+)  (rows|refused|left out|shortened|as they)", done.out, re.MULTILINE)
    assert sum(int(n) for n, what in told if what != b"rows") == len(rows)
    assert_ledger_is_whole(sql)


@pytest.mark.parametrize(
    "words",
    [
        ["--import"], ["--dry-run"], ["--import", "x", "--migrate"], ["--import", "x", "y"], ["--export", "x", "y"], ["--nothing"],
        ["--max-hours", "3"], ["--import", "x", "--max-hours", "0"], ["--import", "x", "--max-hours", "1x"], ["--import", "x", "--max-hours", " 5"], ["--server", "1"],
        ["--import", "x", "--server", "1"], ["--export", "--server", "x"], ["--export", "--dry-run"], ["x"],
    ],
)
def test_words_that_make_no_sense(words):
    done = tracker("", *words)
    assert done.code == 2 and done.err.count("\n") == 1 and done.out == ""


def test_a_file_that_is_not_there(database, tmp_path):
    done = tracker(database, "--import", tmp_path / "nothing.csv")
    assert (done.code, done.out) == (1, "") and done.err.endswith("nothing.csv: No such file or directory\n")
    done = tracker(database, "--export", tmp_path / "nowhere/x.csv")
    assert (done.code, done.out) == (1, "") and done.err.endswith("x.csv.part: No such file or directory\n")
    done = tracker(database, "--import", "/dev/null")
    assert done.code == 1 and "tracker: /dev/null cannot be read, so" in done.err
    full = tracker(database, "--export", "/dev/full")
    assert full.code == 1


def test_a_server_that_nobody_knows(sql, database, tmp_path):
    path = tmp_path / "sessions.csv"
    done = tracker(database, "--export", path, "--server", GUILD)
    assert done.code == 1 and f"knows no server {GUILD}" in done.err and list(tmp_path.iterdir()) == []
    make_guild(sql, GUILD)
    assert export(database, "--server", GUILD) == HEAD


def test_a_signal_while_it_opens_a_pipe(sql, database, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    program = begin(database, "--import", path)
    wait_for(lambda: sql.execute(f"SELECT 1 {OF_IMPORT} AND state = 'idle' AND query LIKE 'CREATE%'").fetchone(), "its tables")
    time.sleep(0.5)
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=30)
    assert (program.returncode, err) == (1, "tracker: interrupted, and nothing was taken\n")


def test_a_signal_while_it_exports(sql, database, tmp_path):
    """Of the half of a file nothing stays."""
    path = tmp_path / "sessions.csv"
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE voice_session")
        program = begin(database, "--export", path)
        wait_for(lambda: (tmp_path / "sessions.csv.part").exists(), "its beginning")
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=30)
    assert program.returncode == -signal.SIGTERM and list(tmp_path.iterdir()) == []


@contextlib.contextmanager
def first_process(sql, database, *words):
    """As in a container: signals do not end it by themselves. Where the kernel lets us."""
    apart = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
    if subprocess.run([*apart, "true"], capture_output=True).returncode != 0:
        pytest.skip("the kernel makes no process a first one")
    program = subprocess.Popen(
        [*apart, BIN / "tracker", *map(str, words)], cwd="/tmp", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=logged_in_as("tracker", {"PATH": os.environ["PATH"], "DATABASE_URL": database}),
    )
    try:
        wait_for(lambda: sql.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'vcledger %' AND wait_event_type = 'Lock'"
        ).fetchone(), "its wait")
        with open(f"/proc/{program.pid}/task/{program.pid}/children") as children:
            yield program, int(children.read())
    finally:
        program.kill()
        program.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_an_export_in_a_container(sql, database, tmp_path, number):
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE voice_session")
        with first_process(sql, database, "--export", tmp_path / "sessions.csv") as (program, child):
            os.kill(child, number)
            assert program.wait(30) == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_a_second_signal_to_an_import_in_a_container(sql, database, tmp_path):
    path = tmp_path / "sessions.csv"
    path.write_text(HEAD + row(7, 0, 60))
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE guild")
        with first_process(sql, database, "--import", path) as (program, child):
            os.kill(child, signal.SIGINT)
            wait_for(lambda: caught(child, signal.SIGINT), "the first one")
            os.kill(child, signal.SIGINT)
            assert program.wait(30) == 128 + signal.SIGINT


def caught(process, number):
    """It is not waiting for it any more."""
    with open(f"/proc/{process}/status") as status:
        waiting = next(line.split()[1] for line in status if line.startswith("ShdPnd"))
    return not int(waiting, 16) >> (number - 1) & 1


def test_tables_of_another_release(sql, database, cluster):
    sql.execute("DELETE FROM schema_migration WHERE name = (SELECT max(name) FROM schema_migration)")
    done = tracker(database, "--import", "-", stdin=HEAD)
    assert done.code == 1 and "tracker --migrate" in done.err
    with copy_of(cluster, "template0") as empty:
        for words in [["--import", "-"], ["--export"], ["--export", "--server", GUILD]]:
            done = tracker(empty, *words)
            assert done.code == 1 and "tracker --migrate" in done.err and "LINE" not in done.err


def test_the_role_of_another_program(database):
    """Is told before anything is read."""
    handlers = psycopg.conninfo.make_conninfo(database, user="vcledger-handler")
    done = tracker(handlers, "--import", "/dev/zero")
    assert (done.code, done.out) == (1, "") and done.err == "tracker: may not write sessions, as the tracker's own role may: vcledger-handler\n"


def test_words_of_others_are_told_as_they_are(database):
    """All of them, but for what a terminal would obey."""
    hosts = ",".join(f"/nowhere/{n}" for n in range(5))
    for words in [["--export"], ["--import", "-"]]:
        done = tracker(f"host={hosts} user=ann", *words)
        assert done.code == 1 and "\\" not in done.err and "\"/nowhere/4/.s.PGSQL.5432\"" in done.err
    done = tracker(database, "--import", "-", stdin=HEAD + GOOD.strip() + ",\x1b[31m\n")
    assert done.code == 1 and "\x1b" not in done.err


def test_one_at_a_time(sql, database):
    sql.execute("SELECT pg_advisory_lock(hashtext('vcledger import'))")
    done = tracker(database, "--import", "-", stdin=HEAD)
    assert done.code == 1 and "another import runs" in done.err


def begin(database, *words, stdin=None, **environment):
    environment = environment or logged_in_as("tracker", {"DATABASE_URL": database})
    return subprocess.Popen(
        [BIN / "tracker", *map(str, words)], env={"PATH": os.environ["PATH"], "DATABASE_URL": database, **environment}, cwd="/tmp",
        stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )


OF_IMPORT = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'vcledger import'"


def is_there(sql):
    return sql.execute(f"SELECT count(*) {OF_IMPORT}").fetchone()[0] > 0


def waits_for_a_lock(sql):
    return sql.execute(f"SELECT count(*) {OF_IMPORT} AND wait_event_type = 'Lock'").fetchone()[0] > 0


def test_interrupted_it_goes_on_where_it_was(sql, database, tmp_path):
    """Ctrl-C ends it behind the chunk that is under way."""
    for guild in [1, 2, 3]:
        sql.execute("INSERT INTO guild (guild_id, name, shard_count, shard_id) VALUES (%s, 'x', 1, 0)", [guild])
    path = tmp_path / "sessions.csv"
    path.write_text(HEAD + "".join(row(7, 100 * n, 100 * n + 50, guild=guild) for guild in [1, 2, 3] for n in range(10)))
    with psycopg.connect(database) as other:
        other.execute("SELECT FROM guild WHERE guild_id = 2 FOR UPDATE")
        program = begin(database, "--import", path)
        wait_for(lambda: waits_for_a_lock(sql), "the second server")
        program.send_signal(signal.SIGINT)
        other.rollback()
    out, _ = program.communicate(timeout=30)
    assert program.returncode == 1 and "10  were not reached: run it again" in out
    assert sql.execute("SELECT guild_id, count(*) FROM voice_session GROUP BY 1 ORDER BY 1").fetchall() == [(1, 10), (2, 10)]
    assert_ledger_is_whole(sql)
    assert take(database, path.read_text()).last().startswith("imported 10 sessions")
    assert export(database) == path.read_text()


def test_of_two_that_wait_for_each_other_it_begins_again(sql, database):
    """A tracker that writes for a server which it did not know a moment ago, while we do."""
    with psycopg.connect(database) as other:
        other.execute("SET deadlock_timeout = '60s'")  # it is not the one to give way
        other.execute("INSERT INTO guild_total VALUES (1, 'all', '1970-01-01', 0, 0)")
        program = begin(database, "--import", "-", stdin=subprocess.PIPE, PGOPTIONS="-c deadlock_timeout=3s")  # the owner may
        program.stdin.write(HEAD + row(7, 0, 60, guild=1))
        program.stdin.close()
        program.stdin = None
        wait_for(lambda: waits_for_a_lock(sql), "its wait")
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended('guild', 1))")
        other.rollback()
    out, err = program.communicate(timeout=30)
    assert program.returncode == 0 and out.endswith("imported 1 sessions of 0 h 01 min 00 s\n"), err
    assert_ledger_is_whole(sql)


def test_a_large_server_is_looked_up_by_member(sql, database):
    """Though the planner has never heard of it: of each member's sessions those beside ours are read."""
    file = "".join(row(user, 100 * n, 100 * n + 90) for n in range(250) for user in range(1, 11))
    take(database, HEAD + file.replace(str(GUILD), "1"))
    sql.execute("VACUUM ANALYZE voice_session")
    sql.execute("SELECT pg_stat_reset()")
    take(database, HEAD + file)
    take(database, HEAD + file)

    def read():
        return sql.execute("SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'voice_session'").fetchone()[0]

    wait_for(lambda: not is_there(sql) and read() > 2500, "its statistics")
    assert read() < 10 * 2500


def test_killed_in_a_chunk_it_leaves_nothing_of_it(sql, database, tmp_path):
    sql.execute("INSERT INTO guild (guild_id, name, shard_count, shard_id) VALUES (1, 'x', 1, 0)")
    path = tmp_path / "sessions.csv"
    path.write_text(HEAD + row(7, 0, 60, guild=1))
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE guild_total IN EXCLUSIVE MODE")
        program = begin(database, "--import", path)
        wait_for(lambda: waits_for_a_lock(sql), "the end of the chunk")
        program.kill()
        program.communicate()
        wait_for(lambda: not is_there(sql), "its end")  # though what it waits for does not come
    assert export(database) == HEAD
    assert take(database, path.read_text()).last().startswith("imported 1 sessions")


def test_stopped_in_a_chunk_it_keeps_no_lock(sql, database, tmp_path):
    """Ctrl-Z, a laptop that sleeps: the tracker goes on."""
    sql.execute("INSERT INTO guild (guild_id, name, shard_count, shard_id) VALUES (1, 'x', 1, 0)")
    path = tmp_path / "sessions.csv"
    path.write_text(HEAD + row(7, 0, 60, guild=1))
    with psycopg.connect(database) as other:
        other.execute("SELECT FROM guild FOR UPDATE")
        program = begin(database, "--import", path)
        wait_for(lambda: waits_for_a_lock(sql), "its first lock")
        program.send_signal(signal.SIGSTOP)
        other.rollback()
        wait_for(lambda: sql.execute(f"SELECT 1 {OF_IMPORT} AND wait_event = 'ClientRead'").fetchone(), "all that it can do alone")
        other.execute("SELECT FROM guild FOR UPDATE NOWAIT")
    assert export(database) == path.read_text()
    program.send_signal(signal.SIGCONT)
    out, _ = program.communicate(timeout=30)
    assert program.returncode == 0 and out.endswith("imported 1 sessions of 0 h 01 min 00 s\n")


# Settings that a role or a database may bring along
HINDRANCES = {
    "statement_timeout": 500, "default_transaction_isolation": "'repeatable read'", "standard_conforming_strings": "off",
    "timezone": "'America/St_Johns'", "datestyle": "German", "client_encoding": "LATIN1",
}


def hinder(url, *but):
    with psycopg.connect(url, autocommit=True) as sql:
        for name in HINDRANCES.keys() - set(but):
            sql.execute(f"ALTER DATABASE {url.split('dbname=')[1].split()[0]} SET {name} = {HINDRANCES[name]}")


WAITS_LONG = "wait_event_type = 'Lock' AND now() - query_start > interval '600 ms'"


def test_whatever_the_database_sets(sql, database):
    """And what another writes in the meantime is seen: the lock is asked for first."""
    hinder(database)
    sql.execute("INSERT INTO guild (guild_id, name, shard_count, shard_id) VALUES (%s, 'x', 1, 0)", [GUILD])
    file = HEAD + row(7, 0, 60) + f"{GUILD},8,5,{at(0).strip('Z')},{at(60).strip('Z')}\n"
    with psycopg.connect(database) as other:
        other.execute("UPDATE guild SET name = 'y'")
        record(other, [(7, 5, BASE + 30, BASE + 90)])
        program = begin(database, "--import", "-", stdin=subprocess.PIPE)
        program.stdin.write(file)
        program.stdin.close()
        program.stdin = None
        wait_for(lambda: sql.execute(f"SELECT 1 {OF_IMPORT} AND {WAITS_LONG}").fetchone(), "its wait")
        other.commit()
    out, err = program.communicate(timeout=30)
    assert (program.returncode, out.splitlines()[-1]) == (0, "imported 2 sessions of 0 h 01 min 30 s"), err
    assert export(database) == HEAD + row(7, 0, 30) + row(8, 0, 60) + row(7, 30, 90)
    assert_ledger_is_whole(sql)


def test_a_bar_on_a_terminal(database, tmp_path):
    path = tmp_path / "sessions.csv"
    path.write_text(HEAD + row(7, 0, 60))
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [BIN / "tracker", "--import", path], env=logged_in_as("tracker", {"PATH": os.environ["PATH"], "DATABASE_URL": database}), cwd="/tmp",
        stdout=subprocess.DEVNULL, stderr=theirs,
    )
    assert program.wait(60) == 0
    os.close(theirs)
    shown = ""
    with contextlib.suppress(OSError):  # EIO is its end
        while piece := os.read(ours, 65536):
            shown += piece.decode()
    os.close(ours)
    assert re.search(r"\rreading  +\[#{30}\] 0\.0 of 0\.0 MB", shown) and re.search(r"\rwriting  +\[#{30}\] 1 of 1 sessions", shown)


# pwr-bot ----------------------------------------------------------------------------------------------------------------

PWR_BOT = """
CREATE TABLE voice_sessions (
    id serial PRIMARY KEY, user_id bigint NOT NULL, guild_id bigint NOT NULL, channel_id bigint NOT NULL,
    join_time timestamptz NOT NULL, leave_time timestamptz NOT NULL, is_active boolean NOT NULL DEFAULT false,
    UNIQUE (user_id, channel_id, join_time))
"""


@pytest.fixture
def pwr_bot(cluster):
    with copy_of(cluster, "template0") as url:
        with psycopg.connect(url, autocommit=True) as sql:
            sql.execute(PWR_BOT)
        hinder(url)
        yield url


def pwr_bot_has(url, rows):
    """rows: (user, channel, join, leave, is_active), in seconds."""
    with psycopg.connect(url, autocommit=True) as sql:
        sql.cursor().executemany(
            "INSERT INTO voice_sessions (user_id, guild_id, channel_id, join_time, leave_time, is_active) VALUES (%s, %s, %s, to_timestamp(%s), to_timestamp(%s), %s)",
            [(user, GUILD, channel, BASE + join, BASE + leave, active) for user, channel, join, leave, active in rows],
        )


def test_from_pwr_bot(sql, database, pwr_bot):
    """With what its crashes leave: sessions that were ended together later, at the last heartbeat; one that had begun after it;
    a ghost that ended when its member came again, after days."""
    pwr_bot_has(pwr_bot, [
        (7, 5, 0.25, 600.75, False), (7, 6, 600.75, 900.5, False),
        (8, 5, 0, 5000, False), (8, 5, 1000, 5000, False), (8, 5, 3000, 5000, False),
        (9, 5, 4995, 4990, False),
        (10, 5, 0, 9 * DAY, False), (10, 5, 9 * DAY, 9 * DAY + 60, False),
        (11, 5, 6000, 6000, True),
    ])
    done = tracker(database, "--import-pwr-bot", pwr_bot)
    assert (done.code, done.last()) == (0, "imported 6 sessions of 1 h 39 min 20 s"), done.err
    told = done.told()
    assert (told["rows read"], told["left out: without an end, which nobody knows"]) == (9, 2)
    assert told["shortened: end where the member's next session begins"] == 2
    assert told["left out: longer than --max-hours, so probably nobody saw them leave"] == 1
    assert 'id 6: "' in done.out and 'id 7: "' in done.out
    assert export(database) == HEAD + "".join([
        row(7, 0, 600), row(8, 0, 1000), row(7, 600, 900, 6), row(8, 1000, 3000), row(8, 3000, 5000), row(10, 9 * DAY, 9 * DAY + 60)
    ])
    assert_ledger_is_whole(sql)
    assert tracker(database, "--import-pwr-bot", pwr_bot).last() == "imported 0 sessions of 0 h 00 min 00 s"


def test_from_a_pwr_bot_that_has_to_be_waited_for(sql, database, pwr_bot):
    pwr_bot_has(pwr_bot, [(7, 5, 0, 60, False)])
    with psycopg.connect(pwr_bot) as theirs:
        theirs.execute("LOCK TABLE voice_sessions")
        program = begin(database, "--import-pwr-bot", pwr_bot)
        waits = OF_IMPORT.replace("current_database()", f"'{theirs.info.dbname}'")
        wait_for(lambda: sql.execute(f"SELECT 1 {waits} AND {WAITS_LONG}").fetchone(), "its wait")
    out, err = program.communicate(timeout=30)
    assert program.returncode == 0 and out.endswith("imported 1 sessions of 0 h 01 min 00 s\n"), err


def test_from_a_pwr_bot_that_came_from_sqlite(database, pwr_bot):
    pwr_bot_has(pwr_bot, [(7, 5, 0, 60, False), (8, 5, 0, 60, True)])
    with psycopg.connect(pwr_bot, autocommit=True) as theirs:
        theirs.execute("ALTER TABLE voice_sessions ALTER is_active DROP DEFAULT, ALTER is_active TYPE bigint USING is_active::int")
    assert tracker(database, "--import-pwr-bot", pwr_bot).last() == "imported 1 sessions of 0 h 01 min 00 s"
    assert export(database) == HEAD + row(7, 0, 60)


def test_rows_that_a_policy_hides(sql, database, pwr_bot):
    """Are not passed over in silence."""
    pwr_bot_has(pwr_bot, [(7, 5, 0, 60, False)])
    with psycopg.connect(pwr_bot, autocommit=True) as theirs:
        theirs.execute("ALTER TABLE voice_sessions ENABLE ROW LEVEL SECURITY")
        theirs.execute('GRANT SELECT ON voice_sessions TO "vcledger-tracker"')
    done = tracker(database, "--import-pwr-bot", psycopg.conninfo.make_conninfo(pwr_bot, user="vcledger-tracker"))
    assert done.code == 1 and "row-level security" in done.err
    sql.execute("ALTER TABLE voice_session ENABLE ROW LEVEL SECURITY")
    for words in [["--export"], ["--import-pwr-bot", pwr_bot]]:
        done = tracker(database, *words)
        assert done.code == 1 and "row-level security" in done.err


def test_a_database_that_is_no_pwr_bot(database, cluster):
    done = tracker(database, "--import-pwr-bot", cluster)
    assert done.code == 1 and "no pwr-bot's" in done.err
    for malformed in ["ann:hush@[x", "ann:hush/pw@127.0.0.1:1/db", "ann:pw@hush@127.0.0.1:1/db"]:
        done = tracker(database, "--import-pwr-bot", f"postgresql://{malformed}")
        assert done.code == 1 and "must be postgresql://" in done.err and "hush" not in done.err
    done = tracker(database, "--import-pwr-bot", "host=/nowhere user=ann password=hush")
    assert done.code == 1 and "cannot be reached" in done.err and "hush" not in done.err


def test_a_host_that_vanishes_is_noticed(database):
    """Our kernel asks after ten seconds, not after two hours."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        program = begin(database, "--import-pwr-bot", f"postgresql://ann@127.0.0.1:{deaf.getsockname()[1]}/x")
        connection, (_, peer) = deaf.accept()

        def keepalive():
            with open("/proc/net/tcp") as sockets:
                timers = [line.split()[5].split(":") for line in sockets if line.split()[1].endswith(f":{peer:04X}")]
            return [int(when, 16) / os.sysconf("SC_CLK_TCK") for timer, when in timers if timer == "02"]

        wait_for(keepalive, "its timer")
        assert max(keepalive()) <= 10
        program.kill()
        program.communicate()
        connection.close()


def test_the_other_password_is_not_in_the_list_of_processes(database):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        program = begin(database, "--import-pwr-bot", f"postgresql://ann:hush@127.0.0.1:{deaf.getsockname()[1]}/x")
        deaf.accept()  # our arguments have been read
        with open(f"/proc/{program.pid}/cmdline") as words:
            assert "hush" not in words.read()
        program.kill()
        program.communicate()
