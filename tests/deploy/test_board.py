"""The Grafana board and the alert rules ask for what the programs tell, and leave nothing out."""

import json
import re
import subprocess

import pytest
from harness import ROOT, free_port, wait_for
from test_metrics import Scrape

DEPLOY = ROOT / "infra/deploy"
SELECTOR = re.compile(r"\b(vcledger_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)=~?"([^"]*)"')
OF_EVERY_TARGET = {"job", "instance"}


def told(*ports):
    """{metric: {label: its values}} of the programs there, histograms by the names of their parts."""
    metrics, kinds = {}, {}
    for port in ports:
        scrape = Scrape(port)
        kinds |= scrape.kinds
        for name, labels in scrape.samples:
            for label, value in labels or [(None, None)]:
                metrics.setdefault(name, {}).setdefault(label, set()).add(value)
    return metrics, kinds


@pytest.fixture
def metrics(handlers, trackers, sql):
    """As a handler and a tracker that watches tell them."""
    ports = free_port(), free_port()
    handlers(METRICS_LISTEN=f"127.0.0.1:{ports[0]}")
    trackers.start(METRICS_LISTEN=f"127.0.0.1:{ports[1]}")
    wait_for(lambda: Scrape(ports[1]).get("proven_age_seconds") is not None, "a proof")
    return told(*ports)


def panels():
    return [panel for panel in json.loads((DEPLOY / "grafana.json").read_text())["panels"] if panel["type"] != "row"]


def rules():
    """The expressions of the alerts, without an own reader of YAML."""
    return re.findall(r"^ +expr: (?:\|\n((?: {10,}.*\n)+)|(.*)\n)", (DEPLOY / "alerts.yml").read_text(), re.MULTILINE)


def check(expression, legend, metrics):
    """Every metric and label is one that is told; the metrics' names."""
    names = set()
    for name, matchers in SELECTOR.findall(expression):
        assert name in metrics, f"{name} is not told: {expression}"
        names.add(name)
        for label, values in MATCHER.findall(matchers):
            assert set(values.split("|")) <= metrics[name][label], f"{label} of {name}: {expression}"
    labels = {label for name in names for label in metrics[name]} | OF_EVERY_TARGET
    for group in re.findall(r"\bby \(([^)]*)\)", expression):
        assert set(group.split(", ")) <= labels, expression
    assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= {label for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in group.split(", ")}
    return names


def test_the_board_and_the_alerts_ask_for_what_is_told(metrics):
    told, kinds = metrics
    asked = set()
    for panel in panels():
        for target in panel["targets"]:
            asked |= check(target["expr"], target["legendFormat"], told)
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    alerts = [several or one for several, one in rules()]
    assert len(alerts) == (DEPLOY / "alerts.yml").read_text().count("- alert:")
    for expression in alerts:
        check(expression, "", told)
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) if name not in kinds else name for name in asked}
    assert shown == set(kinds), "every metric is on the board"


def test_counters_are_asked_for_their_rate(metrics):
    _, kinds = metrics
    for panel in panels():
        for target in panel["targets"]:
            for name, _ in SELECTOR.findall(target["expr"]):
                is_counter = kinds.get(name, "counter") == "counter"  # parts of histograms are
                within = re.search(rf"\b(rate|increase)\({name}(\{{[^}}]*\}})?\[", target["expr"]) is not None
                assert within == is_counter, target["expr"]


def test_panels_lie_side_by_side():
    board = json.loads((DEPLOY / "grafana.json").read_text())
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    taken = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken and all(x < 24 for x, _ in cells), panel["title"]
        taken |= cells


def test_alerts_fire_when_they_should():
    for words in (["check", "rules", DEPLOY / "alerts.yml"], ["test", "rules", ROOT / "tests/deploy/alerts_test.yml"]):
        done = subprocess.run(["promtool", *words], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
