"""What both programs say of their arguments, without any setting."""

import subprocess

import pytest
from harness import BIN, sanitizers

OPTIONS = {
    "handler": ["--register", "--check", "--health", "--help"],
    "tracker": ["--migrate", "--import FILE", "--import-pwr-bot URL", "--dry-run", "--max-hours N", "--export [FILE]", "--server ID", "--help"],
}


def run(program, tmp_path, *words):
    return subprocess.run(
        [BIN / program, *words], env={"PATH": "/usr/bin:/bin", **sanitizers()}, cwd=tmp_path, capture_output=True, text=True, timeout=30
    )


@pytest.mark.parametrize("program", OPTIONS)
def test_help(program, tmp_path):
    """Also where .env would end the start."""
    (tmp_path / ".env").write_text("no setting\n")
    done = run(program, tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    usage, *lines, _ = done.stdout.splitlines()
    assert usage.startswith(f"usage: {program}  ")
    for line, option in zip(lines, OPTIONS[program], strict=True):
        assert f" {option} " in line and len(line.split("  ")[-1]) > 5


@pytest.mark.parametrize("program", OPTIONS)
@pytest.mark.parametrize("words", [["--dance"], ["dance"], ["--help", "dance"], [""]])
def test_an_unknown_option(program, words, tmp_path):
    done = run(program, tmp_path, *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert program in done.stderr
