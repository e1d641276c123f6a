"""What `make bench` measures: figures, printed as they come and kept in build/bench.json."""

import json
import math
import pathlib
import subprocess

from harness import TESTS


def quantile(values, q):
    """The smallest of the values that a share q of them does not exceed."""
    return sorted(values)[max(0, math.ceil(q * len(values)) - 1)]


def cpu_seconds(*pids):
    """That processes have used so far. Of all threads: what stands beside their folder is of the first alone."""
    threads = [path for pid in pids for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(path.read_text().split()[0]) for path in threads) / 1e9


def quantiles(times):
    return {"n": len(times), "p50": quantile(times, 0.5), "p99": quantile(times, 0.99)}


class Figures:
    def __init__(self):
        self.figures = []

    def add(self, name, value, unit, n, target=None, better="lower"):
        """One figure, from n measurements. Without a target it is there to compare with."""
        self.figures.append({"name": name, "unit": unit, "value": value, "target": target, "better": better, "n": n})
        said = "" if target is None else f"{'≤' if better == 'lower' else '≥'} {target:g} {unit}"
        verdict = "" if target is None else "met" if self.met(self.figures[-1]) else "MISSED"
        print(f"  {name:<70} {value:>10.4g} {unit:<10} {said:<16} {verdict}", flush=True)

    def add_quantiles(self, name, took, p50=None, p99=None):
        """Of n times in milliseconds; beside targets, where there are any."""
        self.add(f"{name}: p50", took["p50"], "ms", took["n"], p50)
        self.add(f"{name}: p99", took["p99"], "ms", took["n"], p99)

    @staticmethod
    def met(figure):
        value, target = figure["value"], figure["target"]
        return target is None or (value <= target if figure["better"] == "lower" else value >= target)

    def missed(self):
        return [figure["name"] for figure in self.figures if not self.met(figure)]

    def write(self, path):
        path.write_text(json.dumps(self.figures, indent=1, ensure_ascii=False) + "\n")


def program(name, *arguments, **environment):
    """Runs build/…/tests/bench/<name>; what it prints: a line of JSON for each thing that it measured, by its "name"."""
    out = subprocess.run([TESTS / "bench" / name, *map(str, arguments)], env=environment or None, stdout=subprocess.PIPE, text=True, check=True)
    return {line["name"]: line for line in map(json.loads, out.stdout.splitlines())}
