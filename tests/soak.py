"""Random evenings, each with a seed of its own, until the minutes given are over: a line for each. The first that fails ends
it, and leaves everything it wrote. What takes minutes by itself runs beside them, where there is so much time."""

import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEPT = ROOT / "build/soak"
PYTEST = ["/usr/bin/python3", "-m", "pytest", "-n", "0", "-x"]
LONG_MINUTES = 15


def start(test, name, **environment):
    """The running test, and where its words go."""
    with open(KEPT / f"{name}.out", "wb") as out:
        command = [*PYTEST, f"--basetemp={KEPT / name}", test]
        return subprocess.Popen(command, cwd=ROOT / "tests", env={**os.environ, **environment}, stdout=out, stderr=out)


def end(test, name):
    """Waits for it. What went well leaves nothing."""
    if test.wait() != 0:
        words = (KEPT / f"{name}.out").read_text(errors="replace").splitlines()
        print("\n".join(words[-40:]), f"FAILED {name}: see {KEPT / name} and {name}.out", sep="\n")
        sys.exit(1)
    summaries = [path.read_text() for path in (KEPT / name).glob("*/summary")]
    print(f"{time.strftime('%H:%M:%S')} ok {' '.join(summaries) or name}", flush=True)
    shutil.rmtree(KEPT / name)


def evening():
    name = str(random.SystemRandom().getrandbits(32))
    events = random.choice([1000, 2000, 4000])
    faults = events // random.choice([40, 60, 120])
    end(start("e2e/test_random.py", name, RANDOM_SEED=name, RANDOM_EVENTS=str(events), RANDOM_FAULTS=str(faults)), name)


def main(minutes):
    until = time.monotonic() + 60 * minutes
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    long = start("e2e/test_long.py", "long", SOAK="1") if minutes >= LONG_MINUTES else None
    try:
        while time.monotonic() < until:
            evening()
        if long is not None:
            end(long, "long")
    finally:
        if long is not None and long.poll() is None:
            long.send_signal(signal.SIGINT)
            long.wait()


main(float(sys.argv[1]))
