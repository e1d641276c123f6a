"""Who may see what the programs know: nobody in a log, a list of processes or a core file, and no other process of their user.

That no log of any other test holds a token or the database's password is seen to by harness.Program.end().
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.request

import pytest
from harness import BIN, ROOT, Program, free_port, wait_for

SECRET = "c2VjcmV0.XYZ.not-for-anybodys-eyes"
SETTINGS = {
    "DISCORD_APPLICATION_ID": "1204716319438934023", "DISCORD_PUBLIC_KEY": "00" * 32, "DISCORD_TOKEN": SECRET,
    "DATABASE_URL": f"host=/nowhere user=ann password={SECRET}", "DISCORD_API_URL": "http://127.0.0.1:9", "WORKERS": "2",
}
# Of a user who is not root, who reads everything.
OTHER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
CORES = ["prlimit", "--core=unlimited:unlimited"] if os.geteuid() == 0 else []
READ = """
import sys
for path in sys.argv[1:]:
    try:
        print(len(open(path, "rb").read(100)))
    except PermissionError:
        print("refused")
"""


@pytest.fixture
def begun(tmp_path):
    """Starts a program as another user, in a folder where that one may leave a core."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o777)
        os.mkdir(f"{folder}/share")
        shutil.copytree(ROOT / "render", f"{folder}/share/vcledger", ignore=lambda _, names: set(names) - {"fonts.conf"})
        started = []

        def start(*arguments, **environment):
            path = tmp_path / f"{len(started)}.log"
            program = arguments[0]
            if os.path.exists(BIN / program):  # which may stand below a folder that is closed to others
                shutil.copy(BIN / program, folder)
                program = f"{folder}/{program}"
            command = ["sh", "-c", 'cd "$0" && exec "$@"', folder, *CORES, *OTHER, program, *arguments[1:]]
            environment = {**SETTINGS, "LISTEN": f"127.0.0.1:{free_port()}", "ASAN_OPTIONS": "handle_segv=0:detect_leaks=0", **environment}
            started.append(Program(command, environment, path))
            return started[-1]

        start.folder = folder
        yield start
        for program in started:
            if program.process.poll() is None:
                program.kill()


def processes(begun, name):
    """It, and all its workers."""
    program = begun(name)
    wait_for(lambda: " info " in program.log() or " warn " in program.log(), "the first line")
    if name == "handler":
        wait_for(lambda: len(program.children()) == 2, "the workers")
    return program, [program.process.pid, *program.children()]


@pytest.mark.parametrize("name", ["handler", "tracker"])
def test_no_other_process_of_the_user_reads_a_secret(begun, name):
    def read(*paths):
        return subprocess.run([*OTHER, "/usr/bin/python3", "-c", READ, *paths], capture_output=True, text=True, check=True).stdout.split()

    other = begun("sleep", "60")
    wait_for(lambda: "sleep" in open(f"/proc/{other.process.pid}/comm").read(), "one that does not mind")
    assert read(f"/proc/{other.process.pid}/environ") == ["100"]
    for pid in processes(begun, name)[1]:
        assert read(*[f"/proc/{pid}/{file}" for file in ("environ", "mem", "maps", "auxv")]) == ["refused"] * 4
        with open(f"/proc/{pid}/cmdline") as seen_by_all:
            assert SECRET not in seen_by_all.read()


@pytest.mark.parametrize("name", ["handler", "tracker"])
@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGABRT])
def test_no_core(begun, name, how):
    def end_of(program):
        os.kill(program.process.pid, how)
        status = os.waitpid(program.process.pid, 0)[1]
        assert os.WTERMSIG(status) == how
        return os.WCOREDUMP(status), os.listdir(begun.folder)

    other = begun("sleep", "60")
    wait_for(lambda: "sleep" in open(f"/proc/{other.process.pid}/comm").read(), "one that does not mind")
    dumped, files = end_of(other)
    for file in set(files) - {"share"}:
        os.remove(f"{begun.folder}/{file}")
    program, [_, *workers] = processes(begun, name)
    for worker in workers:
        os.kill(worker, how)
    wait_for(lambda: program.log().count(f"signal={how.value} ") == len(workers), "the workers' end")
    dumped_too, files = end_of(program)
    assert not dumped_too and set(files) == {"share", name}
    assert SECRET not in program.log()
    if not dumped:
        pytest.skip("this machine makes no cores at all")


# In the log ---------------------------------------------------------------------------------------------------------


def pieces(secret):
    """No dozen letters of it either."""
    return {secret[i : i + 12] for i in range(len(secret) - 11)}


def assert_silent(secrets, *logs):
    for log in logs:
        assert len(log) > 100
        assert not [piece for secret in secrets for piece in pieces(secret) if piece in log]


def test_whatever_discord_answers_to_the_handler(discord, handlers, ledger):
    """Even where it would say back what it was told."""
    handler = handlers(METRICS_LISTEN=f"127.0.0.1:{(port := free_port())}")
    token = discord.env["DISCORD_TOKEN"]
    for status in (400, 401, 403, 404, 405, 413, 429, 500, 502):
        body = f"<html>{token}</html>" if status == 502 else json.dumps({"message": token, "code": 0, "errors": {"token": token}})
        discord.faults(rest=[{"method": "PATCH", "status": status, "retry_after": 0.01, "body": body}])
        sent = discord.begin_leaderboard()
        wait_for(lambda: f'interaction_answered id={sent["interaction_id"]} ' in handler.log(), f"the end after {status}")
    discord.faults(rest=[], cdn="garbage")
    discord.leaderboard()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as metrics:
        assert_silent(discord.secrets, handler.log(), metrics.read().decode())


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("word", ["--register", "--check"])
def test_what_is_told_a_person(discord, handlers, word, status):
    discord.faults(rest=[{"status": status, "times": 20}])
    handler = handlers(word, wait=False)
    assert handler.process.wait(90) == 1
    assert_silent(discord.secrets, handler.log())


def test_whatever_discord_says_to_the_tracker(discord, trackers):
    token = discord.env["DISCORD_TOKEN"]
    tracker = trackers.start()
    for frame in [{"op": 0, "t": "GUILD_CREATE", "s": 5, "d": {"id": token}}, {"op": 0, "t": token, "s": 6, "d": token}, {"op": token}, token]:
        discord.gateway("raw", frame=json.dumps(frame))
    wait_for(lambda: " gateway_frame_refused " in tracker.log() or " gateway_reconnecting " in tracker.log(), "a word")
    discord.faults(rest=[{"status": 502, "body": f"<html>{token}</html>"}])
    n = tracker.log().count(" gateway_ready ")
    discord.gateway("close", code=4009)
    wait_for(lambda: tracker.log().count(" gateway_ready ") > n, "it is there again", 30)
    assert_silent(discord.secrets, tracker.log())


@pytest.mark.parametrize("fault", [{"code": 4004}, {"status": 401}])
def test_a_refused_token(discord, trackers, fault):
    if "status" in fault:
        discord.faults(rest=[{"path_contains": "/gateway", "status": 401, "times": 9}])
    tracker = trackers.start(wait="code" in fault)
    if "code" in fault:
        discord.gateway("close", code=4004)
    assert tracker.process.wait(30) == 1 and "Discord refuses the token" in tracker.log()
    assert_silent(discord.secrets, tracker.log())
