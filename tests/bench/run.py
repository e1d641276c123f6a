"""make bench: the numbers to reach, measured on this machine in one run, beside their targets.

    make bench                     all of it; makes up ten million sessions at first, which stay in build/bench
    make bench ONLY=render,boards  parts

Every part is a module here with measure(figures). Ends with the number of targets that were missed as its words, never as its
exit code: what a machine can do is no error.
"""

import importlib
import os
import signal
import sys

import large
from figures import Figures
from harness import ROOT

PARTS = ["tracker", "render", "boards", "partners", "stats", "statements", "handler", "start"]


def main(only):
    unknown = set(only) - set(PARTS)
    if unknown:
        sys.exit(f"make bench: ONLY={','.join(sorted(unknown))}? There are {', '.join(PARTS)}.")
    figures = Figures()
    for part in only or PARTS:
        print(f"\n{part}", flush=True)
        importlib.import_module(part).measure(figures)
        figures.write(ROOT / "build/bench.json")
    missed = figures.missed()
    print(f"\n{len(figures.figures)} figures in build/bench.json; " + (f"targets missed: {len(missed)}" if missed else "every target met"))
    for name in missed:
        print(f"  {name}")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main([part for part in os.environ.get("ONLY", "").split(",") if part])
    finally:
        large.stop()
