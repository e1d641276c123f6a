"""SECURITY.md's table of threats: each test that it names is there, and each row names one."""

import re

from harness import ROOT


def test_each_threat_is_held_by_tests_that_exist():
    table = (ROOT / "SECURITY.md").read_text().split("| threat |")[1]
    rows = [line.strip("|").split("|") for line in table.splitlines()[2:] if line.startswith("|")]
    assert len(rows) > 20
    for threat, _, tests in rows:
        named = re.findall(r"`([\w/.]+?)(?:::(\w+))?`", tests)
        assert named, threat
        for path, test in named:
            text = (ROOT / path).read_text()
            found = not test or re.search(rf"^(def|static void) {test}\(", text, re.M)
            assert found, f"{threat}: {path} has no {test}"
