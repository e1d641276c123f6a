"""A random evening: thousands of voice events through faults that overlap, and then the ledger against the truth.

A failure tells its seed and its story. RANDOM_SEED repeats its choices, RANDOM_EVENTS and RANDOM_FAULTS make it longer or shorter.
"""

import os

EVENTS = int(os.environ.get("RANDOM_EVENTS", "2000"))
FAULTS = int(os.environ.get("RANDOM_FAULTS", "32"))
CHAPTERS = 4


def test_a_random_evening(evening, tmp_path):
    evening.run(CHAPTERS, EVENTS // CHAPTERS, FAULTS // CHAPTERS)
    (tmp_path / "summary").write_text(evening.summary())
    faults = evening.faults()
    assert evening.counts["events"] >= 0.95 * EVENTS and sum(faults.values()) >= FAULTS
    assert FAULTS < len(faults) or all(faults.values()), faults
    assert evening.seconds_watched() > EVENTS / 200, "or nothing was shown"
