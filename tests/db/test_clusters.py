"""What other tests take for granted of tests/clusters.py: what a fail-over keeps, and what it loses."""

import psycopg
import pytest
from clusters import running_pair


@pytest.fixture(params=[True, False], ids=["synchronous", "asynchronous"])
def pair(request, tmp_path):
    with running_pair(tmp_path, request.param) as pair:
        yield pair


def put(pair, number):
    with pair.connect() as sql:
        sql.execute("INSERT INTO tracker_shard (shard_count, shard_id) VALUES (100, %s)", [number])


def kept(pair):
    with psycopg.connect(pair.url) as sql:  # whichever takes writes
        return [row[0] for row in sql.execute("SELECT shard_id FROM tracker_shard ORDER BY 1").fetchall()]


def test_killed_and_failed_over(pair):
    put(pair, 1)
    pair.primary.kill()
    pair.primary.start()
    assert kept(pair) == [1]
    pair.follow()
    if not pair.synchronous:
        pair.part()
    put(pair, 2)
    pair.primary.kill()
    pair.fail_over()
    assert kept(pair) == ([1, 2] if pair.synchronous else [1])
    pair.follow()
    put(pair, 3)
    pair.primary.stop("immediate")
    pair.fail_over()
    assert kept(pair)[:2] == ([1, 2] if pair.synchronous else [1, 3])
