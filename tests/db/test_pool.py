"""Runs tests/db/test_pool.c on a database of its own."""

import os
import subprocess

from harness import TESTS


def test_pool(database):
    done = subprocess.run(
        [TESTS / "db/test_pool"], env={**os.environ, "DATABASE_URL": database}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
