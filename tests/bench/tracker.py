"""The tracker: events, sessions that end, a million that are open."""

from figures import program


def measure_events(figures):
    """One event of four begins a session, one ends one, one does both, one is a mute; every one with its member object."""
    measured = program("tracker_events", LOG_LEVEL="error")
    events, parsing = measured["events"], measured["only_parsing"]
    bytes_each = events["bytes"]
    figures.add(f"voice events of {bytes_each} bytes, JSON to batch to SQL job, per CPU second", events["value"], "/s", events["n"], 150000, "higher")
    figures.add("  cJSON alone, the same texts", parsing["value"], "/s", parsing["n"], better="higher")


def measure(figures):
    measure_events(figures)
