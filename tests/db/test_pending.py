"""Answers owed: recorded once, claimed by one at a time, and no token is left of those that are closed."""

import concurrent.futures
import time

import psycopg
import pytest
from asking import ask

RECORDED, KNOWN = 0, 1
ANN, BEN, CLEO = 2**62 + 1, 2, 3  # workers


def record(database, interaction, worker=ANN, body='{"token": "secret", "name": "Zoë"}', message=0):
    return ask(database, "record", worker, interaction, body, message)[0].recorded


def claim(database, worker, *dead, limit=16, owed=0):
    """Interaction and body of what was claimed."""
    return [(id, bytes.fromhex(body)) for id, body, _ in ask(database, "claim", worker, limit, owed, *dead)[0].claimed]


def ids(claimed):
    return [id for id, _ in claimed]


def row(sql, interaction):
    return sql.execute(
        "SELECT request, claimed_by, extract(epoch FROM claimed_until - now())::float, done_at IS NOT NULL, tries"
        " FROM interaction_pending WHERE interaction_id = %s", [interaction]
    ).fetchone()


def expire(sql, *interactions):
    sql.execute("UPDATE interaction_pending SET claimed_until = now() WHERE interaction_id = ANY (%s)", [list(interactions)])


def age(sql, interval, *interactions):
    sql.execute("UPDATE interaction_pending SET received_at = now() - %s::interval WHERE interaction_id = ANY (%s)", [interval, list(interactions)])


def test_recorded_once(sql, database):
    assert record(database, 1, body='{"é\\u0000": 1}') == RECORDED
    request, worker, lease, done, _ = row(sql, 1)
    assert (bytes(request), worker, done) == ('{"é\\u0000": 1}'.encode(), ANN, False) and 10 < lease <= 15
    assert record(database, 1, BEN) == KNOWN and row(sql, 1)[1] == ANN
    assert ask(database, "close", ANN, 1)[0].ok
    assert record(database, 1, BEN) == KNOWN
    assert record(database, 2, body="") == RECORDED


def test_a_body_is_any_bytes(sql, database):
    sql.execute("INSERT INTO interaction_pending (interaction_id, request, claimed_until) VALUES (1, %s, now())", [bytes(range(256))])
    assert claim(database, ANN) == [(1, bytes(range(256)))]


def test_who_may_claim(sql, database):
    for interaction in (1, 2, 3):
        record(database, interaction)
    assert claim(database, BEN) == claim(database, BEN, CLEO) == []
    expire(sql, 2)
    assert ids(claim(database, BEN)) == [2] and row(sql, 2)[1] == BEN
    assert ids(claim(database, CLEO, ANN)) == [1, 3]
    assert claim(database, BEN, ANN) == []
    assert ids(claim(database, ANN, CLEO, BEN, limit=2)) == [1, 2]
    assert claim(database, ANN, BEN, CLEO, limit=0) == []


def test_the_token_must_live(sql, database):
    for interaction in (1, 2):
        record(database, interaction)
    age(sql, "14 minutes 31 seconds", 1)
    age(sql, "14 minutes 20 seconds", 2)
    (id, _, age_ms), = ask(database, "claim", BEN, 16, 0, ANN)[0].claimed
    assert id == 2 and 860_000 <= age_ms < 870_000


def test_a_lease_is_renewed_by_who_has_it(sql, database):
    record(database, 1)
    expire(sql, 1)
    claim(database, BEN, owed=1, limit=0)
    assert row(sql, 1)[2] <= 0
    assert claim(database, ANN, owed=1) == [] and row(sql, 1)[2] > 10


def test_closed_is_closed_for_all(sql, database):
    for interaction in (1, 2):
        record(database, interaction)
    assert ask(database, "close", BEN, 1, 9)[0].ok  # delivered by one whose lease had run out
    assert row(sql, 1)[0] == b"" and row(sql, 1)[3]
    expire(sql, 1)
    assert ids(claim(database, BEN, ANN)) == [2]


def test_released_after_a_pause(sql, database):
    record(database, 1)
    ask(database, "release", BEN, 0, 1)
    assert row(sql, 1)[1] == ANN
    ask(database, "release", ANN, 10, 1)
    assert row(sql, 1)[1] is None and 5 < row(sql, 1)[2] <= 10
    assert claim(database, BEN, ANN) == []
    expire(sql, 1)
    assert ids(claim(database, BEN)) == [1]
    ask(database, "release", BEN, 0, 1)
    assert ids(claim(database, BEN)) == [1]


LATER_CLICKS = {
    "worked on": (lambda database: None, []),
    "answered": (lambda database: ask(database, "close", BEN, 5), []),
    "to be tried again": (lambda database: ask(database, "release", BEN, 0, 5), [5]),
}


@pytest.mark.parametrize("later", LATER_CLICKS)
def test_the_last_click_on_a_message_decides(sql, database, later):
    become, claimed_too = LATER_CLICKS[later]
    for interaction, message in [(1, 77), (2, 77), (3, 78), (4, 0)]:
        record(database, interaction, message=message)
    record(database, 5, BEN, message=77)
    record(database, 6, BEN)
    become(database)
    assert ids(claim(database, CLEO, ANN)) == [3, 4] + claimed_too
    assert [row(sql, n)[0] for n in (1, 2)] == [b""] * 2 and [row(sql, n)[3] for n in range(1, 5)] == [True, True, False, False]
    ask(database, "release", ANN, 0, 1)  # nor may its worker, which knows nothing of this, bring it back
    assert claim(database, CLEO, ANN) == []


def test_the_last_click_is_the_youngest_interaction(sql, database):
    """Whichever was recorded first."""
    record(database, 2, message=77)
    ask(database, "close", ANN, 2)
    record(database, 1, BEN, message=77)
    assert claim(database, CLEO, ANN, BEN) == [] and row(sql, 1)[3]


def overtaken(database, interaction, message):
    return bool(ask(database, "overtaken", interaction, message)[0].overtaken)


def test_who_is_overtaken(sql, database):
    for interaction, message in [(1, 77), (2, 77), (3, 78), (4, 0)]:
        record(database, interaction, BEN, message=message)
    assert [overtaken(database, *each) for each in [(1, 77), (2, 77), (3, 78), (4, 79)]] == [True, False, False, False]
    ask(database, "close", BEN, 2)
    assert overtaken(database, 1, 77)


def test_a_click_that_edited_nothing_overtakes_nobody(sql, database):
    for interaction in (1, 2, 3):
        record(database, interaction, message=77)
    assert ask(database, "close_unedited", ANN, 3)[0].ok and row(sql, 3)[3]
    assert [overtaken(database, n, 77) for n in (1, 2)] == [True, False]
    assert ids(claim(database, CLEO, ANN)) == [2]


def test_an_overtaken_click_is_not_waited_for(sql, database):
    for interaction in (1, 2, 3):
        record(database, interaction, message=77)
    with psycopg.connect(database) as lock:
        lock.execute("SELECT FROM interaction_pending WHERE interaction_id = 1 FOR UPDATE")
        assert ids(claim(database, CLEO, ANN)) == [3]
        assert not row(sql, 1)[3] and row(sql, 2)[3]
    assert claim(database, CLEO) == [] and row(sql, 1)[3]


def test_what_kills_every_worker_is_given_up(sql, database):
    record(database, 1)
    claims = [claim(database, BEN, ANN, BEN) for _ in range(34)]
    assert [len(claimed) for claimed in claims] == [1] * 31 + [0] * 3
    ask(database, "release", BEN, 0, 1)  # undelivered is another matter
    assert len(claim(database, BEN)) == 1


@pytest.mark.parametrize("how", ["expired", "dead"])
def test_two_never_get_the_same(sql, database, how):
    interactions = list(range(1, 201))
    for interaction in interactions:
        sql.execute("INSERT INTO interaction_pending (interaction_id, request, claimed_by, claimed_until) VALUES (%s, 'x', %s, now() + interval '1 minute')", [interaction, ANN])
    if how == "expired":
        expire(sql, *interactions)
    with psycopg.connect(database) as lock, concurrent.futures.ThreadPoolExecutor(8) as pool:
        lock.execute("SELECT FROM interaction_pending WHERE interaction_id = 100 FOR UPDATE")
        got = list(pool.map(lambda worker: ids(claim(database, worker, ANN)), range(10, 26)))
    assert all(len(each) <= 16 and each == sorted(each) for each in got)
    together = [interaction for each in got for interaction in each]
    assert len(together) == len(set(together)) == 199 and 100 not in together  # nobody waited for it


def test_purge(sql, database):
    first = (int(1000 * time.time()) - 1420070400000 - 901_000) << 22  # of Discord, 15 minutes ago
    for interaction in (1, 2, first, 4):
        record(database, interaction)
    ask(database, "close", ANN, 1)
    age(sql, "15 minutes 1 second", 1, 2, first)
    assert ask(database, "purge")[0].given_up == 2
    assert ask(database, "purge")[0].given_up == 0
    assert sql.execute("SELECT interaction_id FROM interaction_pending").fetchall() == [(4,)]
