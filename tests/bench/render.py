"""Cards: drawn and encoded, as times of CPU. 1000 px wide, ten avatars, names in eight scripts that no card before had."""

import statistics

from figures import program
from harness import ROOT

FONTS = ROOT / "render/fonts.conf"
STARTS = 15
# The name of a card, the encoder, and how long both may take.
CARDS = [
    ("leaderboard", "JPEG", 9),
    ("partners", "JPEG", 9),
    ("grid", "PNG", 8),
    ("chart, months", "PNG", 8),
    ("chart, hours", "PNG", 8),
]


def card(figures, measured, encoder, target):
    name, n = measured["name"], measured["n"]
    figures.add(f"{name}: draw + {encoder}, p50", measured["p50"], "ms", n, target)
    figures.add(f"{name}: draw + {encoder}, p99", measured["p99"], "ms", n)
    figures.add(f"{name}: draw alone, p50", measured["draw"], "ms", n)
    figures.add(f"{name}: {encoder} alone, p50", measured["encode"], "ms", n)
    figures.add(f"{name}: cairo's own PNG takes so many times the {encoder}", measured["plain"] / measured["encode"], "times", 1, better="higher")
    figures.add(f"{name}: bytes", measured["bytes"], "bytes", n)


def measure(figures):
    measured = program("render", FONTS)
    for name, encoder, target in CARDS:
        card(figures, measured[name], encoder, target)
    avatars, memory = measured["avatars"], measured["memory"]
    for file in "png", "jpeg":
        figures.add(f"avatar of 128 × 128, a detailed photograph: decode {file.upper()}, p50", avatars[file], "ms", avatars["n"])
    figures.add("memory of the warm process that draws", memory["warm"], "MB", 1)
    figures.add("memory that 1 000 cards leave in it", memory["next"], "MB", 1000)

    starts = [program("render", FONTS, "first")["first"] for _ in range(STARTS)]
    for figure, said in ("fonts", "fonts at start"), ("card", "first leaderboard of a process"), ("second", "second leaderboard of a process"):
        figures.add(f"{said}, median", statistics.median(start[figure] for start in starts), "ms", STARTS)
