"""The systemd units: what they say is well formed, strict, and enough for the programs; and what `make install` puts where."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest
from answers import alt, click, controls, picture, words
from confined import read_unit
from harness import BIN, ROOT, Program, is_ready, logged_in_as, record_sessions, wait_for

DEPLOY = ROOT / "infra/deploy"
HERE = pathlib.Path(__file__).resolve().parent
UNITS = ["vcledger-handler.service", "vcledger-tracker.service"]
EXPOSURE = 1.5  # of 10, at most

sanitized = pytest.mark.skipif("asan" in str(BIN), reason="sanitizers need calls of their own")


def make(target, root, *arguments):
    """Into a root folder, and with the programs under test, which are there."""
    flavour = BIN.parent.name if BIN.name == "bin" else "release"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "-s", "-C", ROOT, f"FLAVOUR={flavour}", f"DESTDIR={root}", target, *arguments]
    subprocess.run(command, check=True, env=environment, capture_output=True)


def files_of(root):
    return {str(path.relative_to(root)): path.stat().st_mode & 0o777 for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def root(tmp_path):
    """A root folder in which it is installed."""
    root = tmp_path / "root"
    make("install", root)
    return root


# Well formed, and strict --------------------------------------------------------------------------------------------


def verify(root, unit):
    run = subprocess.run(["systemd-analyze", "verify", "--man=no", f"--root={root}", unit], capture_output=True, text=True)
    return run.returncode, run.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_takes_the_units(root, unit):
    shutil.copytree("/lib/systemd/system", root / "lib/systemd/system", symlinks=True)
    assert verify(root, unit) == (0, "")
    installed = root / "usr/local/lib/systemd/system" / unit
    installed.write_text(installed.read_text().replace("KillMode=mixed", "KillMode=kindly").replace("TimeoutStopSec=", "TimeoutSec=x"))
    assert verify(root, unit)[1] != ""  # so it does read them
    for program in ("handler", "tracker"):
        (root / "usr/local/bin" / program).unlink()
    assert "is not executable" in verify(root, unit)[1]


@pytest.mark.parametrize("unit", UNITS)
def test_the_units_expose_little(unit):
    analyzed = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE * 10:.0f}", "--no-pager", DEPLOY / unit],
        capture_output=True, text=True,
    )
    assert analyzed.returncode == 0 and "exposure level" in analyzed.stdout, analyzed.stdout[-500:] + analyzed.stderr


def test_the_units_differ_in_nothing_else():
    handler, tracker = (read_unit(DEPLOY / unit) for unit in UNITS)
    assert {key for key in handler.keys() | tracker.keys() if handler.get(key) != tracker.get(key)} == {
        "Description", "ExecStart", "ExecStartPre", "EnvironmentFile", "TimeoutStartSec", "TimeoutStopSec", "KillMode", "OOMPolicy",
        "LimitNOFILE", "CacheDirectory", "Environment",
    }


# Enough -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def confined(settings, tmp_path, discord):
    """Starts a program of ours under its unit's rules."""
    started = []

    def start(name, *arguments, **environment):
        path = tmp_path / f"confined-{len(started)}.log"
        unit = DEPLOY / f"vcledger-{name}.service"
        program = Program(["/usr/bin/python3", HERE / "confined.py", unit, BIN / name, *arguments],
                          logged_in_as(name, {**settings, **environment}), path)
        started.append(program)
        return program

    yield start
    for program in started:
        program.end(discord.secrets)


def status(pid, *names):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return [re.search(rf"^{name}:\s*(\S+)", text, re.M).group(1) for name in names]


def is_confined(pid):
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    assert status(pid, "Seccomp", "NoNewPrivs") == ["2", "1"] and int(status(pid, "CapEff")[0], 16) == 0
    assert re.search(r"^Max core file size +0 +0 ", limits, re.M)
    return True


def in_voice(answer):
    return answer["attachments"] and "1 member in voice now" in alt(answer)


@sanitized
def test_an_evening_under_the_units_rules(confined, discord, sql):
    assert confined("tracker", "--migrate").process.wait(20) == 0
    tracker = confined("tracker", HEARTBEAT_INTERVAL="2")
    handler = confined("handler", LISTEN=f"127.0.0.1:{discord.handler_port}", WORKERS="2")
    wait_for(lambda: is_ready(discord.handler_port) and discord.sessions(), "both programs")
    assert confined("handler", "--register").process.wait(20) == 0
    ann, bob = discord.people[:2]
    now = int(time.time())
    record_sessions(sql, discord.guild, [(ann, now - 9000, now - 7200), (bob, now - 9000, now - 7200)])
    discord.voice(ann, discord.channels[0])
    wait_for(lambda: in_voice(discord.leaderboard("all_time")), "she is counted")
    discord.gateway("cut")
    discord.leave(ann)
    wait_for(lambda: sql.execute("SELECT FROM voice_session WHERE ended_at > now() - interval '1 hour'").fetchone() is not None, "it is heard of")
    answer = discord.leaderboard("all_time")
    assert picture(discord, answer) and picture(discord, click(discord, answer, "Voice partners"))
    for view in ("yearly", "hourly"):
        assert discord.answer(discord.interaction(command="stats", options={"time_range": view})["interaction_id"])["attachments"]
    manage = {"permissions": str(1 << 5)}
    panel = discord.answer(discord.interaction(command="settings", **manage)["interaction_id"])
    assert "Stop tracking" in controls(panel) and "Tracking is off." in words(click(discord, panel, "Stop tracking", **manage))
    checked = confined("handler", "--check", LISTEN=f"127.0.0.1:{discord.handler_port}")
    assert checked.process.wait(20) == 0, checked.log()

    dead = handler.children()
    os.kill(min(dead), signal.SIGKILL)
    wait_for(lambda: len(handler.children()) == 2 and handler.children() != dead, "a new worker")
    assert all(is_confined(pid) for pid in [tracker.process.pid, handler.process.pid, *handler.children()])
    assert discord.interaction(ping=True)["response"] == {"type": 1}
    assert (tracker.stop(), handler.stop()) == (0, 0)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    "forbidden",
    ["import mmap; mmap.mmap(-1, 4096, prot=7)", "import socket; socket.socket(socket.AF_PACKET)", "import os; os.chroot('/')"],
)
def test_the_rules_are_in_force_there(unit, forbidden):
    run = subprocess.run(["/usr/bin/python3", HERE / "confined.py", DEPLOY / unit, "/usr/bin/python3", "-c", forbidden], capture_output=True)
    assert run.returncode == -signal.SIGSYS, run.stderr


@pytest.mark.parametrize("name", ["handler", "tracker"])
def test_wrong_settings_are_not_tried_again(name, tmp_path):
    unit = read_unit(DEPLOY / f"vcledger-{name}.service")
    assert (unit["Restart"], unit["RestartPreventExitStatus"]) == (["always"], ["2"])
    assert subprocess.run([BIN / name], env={}, cwd=tmp_path, capture_output=True).returncode == 2


# Installed ----------------------------------------------------------------------------------------------------------


def test_install_and_uninstall(root):
    everything = {
        "usr/local/bin/handler": 0o755, "usr/local/bin/tracker": 0o755, "usr/local/share/vcledger/fonts.conf": 0o644,
        "etc/vcledger/handler.env": 0o600, "etc/vcledger/tracker.env": 0o600, "etc/vcledger/owner.env": 0o600,
        **{f"usr/local/lib/systemd/system/{unit}": 0o644 for unit in UNITS},
    }
    assert files_of(root) == everything
    mine = root / "etc/vcledger/tracker.env"
    mine.write_text("DISCORD_TOKEN=mine\n")
    make("install", root)
    assert files_of(root) == everything and mine.read_text() == "DISCORD_TOKEN=mine\n"
    make("uninstall", root)
    assert set(files_of(root)) == {"etc/vcledger/handler.env", "etc/vcledger/tracker.env", "etc/vcledger/owner.env"}


def test_another_prefix(tmp_path):
    make("install", tmp_path, "PREFIX=/usr")
    for unit in UNITS:
        text = (tmp_path / "usr/lib/systemd/system" / unit).read_text()
        assert "=/usr/bin/" in text and "/usr/local" not in text


def test_what_is_installed_runs_with_its_settings_files(root, discord, settings, tmp_path):
    """As OPERATIONS.md has a person do by hand what systemd does: both files, one after the other."""
    documented = set(re.findall(r"^\| `([A-Z_`, ]+)` \|", (ROOT / "README.md").read_text(), re.M))
    for name in ("tracker", "handler"):
        path = root / f"etc/vcledger/{name}.env"
        text = path.read_text()
        assert {variable for variable in re.findall(r"^#?([A-Z_]+)=", text, re.M)} <= documented
        for variable, value in {**settings, "LISTEN": f"127.0.0.1:{discord.handler_port}"}.items():
            text = re.sub(rf"^{variable}=.*", f"{variable}='{value}'", text, flags=re.M)
        path.write_text(text)
    extra = {name: settings[name] for name in ("DISCORD_API_URL", "DISCORD_CDN_URL", "TLS_CA_FILE")}
    files = f". {root}/etc/vcledger/tracker.env; . {root}/etc/vcledger/handler.env"
    handler = Program(["sh", "-c", f"set -a; {files}; exec {root}/usr/local/bin/handler"], extra, tmp_path / "handler.log")
    wait_for(lambda: is_ready(discord.handler_port) or handler.process.poll() is not None, "the handler's start")
    checked = subprocess.run(
        ["sh", "-c", f"set -a; {files}; exec {root}/usr/local/bin/handler --check"], env={"PATH": os.environ["PATH"], **extra},
        cwd=tmp_path, capture_output=True, text=True,
    )
    said = {line[6:].split("  ")[0].strip(): line.split()[0] for line in checked.stdout.splitlines()}
    assert said["fonts"] == said["token"] == said["public key"] == said["tables"] == "ok", checked.stdout
    handler.end(discord.secrets)
