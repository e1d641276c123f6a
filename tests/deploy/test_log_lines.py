"""The log lines that infra/deploy/OPERATIONS.md tells of are those that the programs can write, at the levels told."""

import re

from harness import ROOT

CALL = re.compile(r'\blog_(debug|info|warn|error|line)\(([^;]*?)"([a-z_]+)",', re.DOTALL)


def written(*folders):
    """{event: levels} of these folders' sources."""
    events = {}
    for path in (path for folder in folders for path in (ROOT / folder).glob("*.c")):
        for kind, before, event in CALL.findall(path.read_text()):
            levels = {level.lower() for level in re.findall(r"LOG_(\w+)", before)} if kind == "line" else {kind}
            events.setdefault(event, set()).update(levels)
    return events


def told():
    """{program: {event: levels}} as the tables say."""
    section = (ROOT / "infra/deploy/OPERATIONS.md").read_text().split("\n## Log lines\n")[1].split("\n## ")[0]
    tables, events = {}, None
    for line in section.splitlines():
        if not line.startswith("|") or line.startswith("|---"):
            continue
        first, levels, *_ = [cell.strip() for cell in line.strip("|").split("|")]
        if levels == "level":
            events = tables[first] = {}
            continue
        for event in re.findall(r"`(\w+)`", first):
            assert event not in events, line
            events[event] = set(levels.split(", "))
    return tables


def test_every_line_is_told_and_every_one_told_is_written():
    both, handler, tracker = written("db", "infra"), written("handler", "render"), written("tracker")
    for event in [event for event in both if event.startswith("migration_") or event == "schema_ready"]:
        tracker[event] = both.pop(event)
    for event in set(handler) & set(tracker):
        both[event] = handler.pop(event) | tracker.pop(event)
    assert len(both) + len(handler) + len(tracker) > 70
    assert told() == {"both programs": both, "handler": handler, "tracker": tracker}
