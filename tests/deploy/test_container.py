"""The image that `make container` builds: both programs run out of it and nothing else, on a root that cannot be written."""

import io
import os
import re
import shutil
import subprocess
import tarfile

import psycopg
import pytest
from answers import picture
from harness import ROOT, Detour, is_ready, logged_in_as, wait_for
from image import Container, Image
from PIL import Image as Picture
from PIL import ImageChops

pytestmark = pytest.mark.xdist_group("container")  # it is unpacked once

NAMES = ["山田太郎", "이서연", "陈晓明", "نورا الحربي", "שירה לוי", "आरव शर्मा", "ณัฐวุฒิ", "Юлия", "🦊✨ 🐈‍⬛ 👩‍🚀", "Žofie"]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("only root can build the image and mount")
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "mount", "--bind", "/", "/"], capture_output=True).returncode != 0:
        pytest.skip("nothing can be mounted on this machine")
    # On its own: not with the flavour of the tests.
    environment = {"PATH": os.environ["PATH"]}
    made = subprocess.run(["make", "-C", ROOT, "container"], env=environment, capture_output=True, text=True)
    assert made.returncode == 0, (made.stdout + made.stderr)[-5000:]
    root = tmp_path_factory.mktemp("image") / "root"
    yield Image(ROOT / "build/container/vcledger.tar", root)
    shutil.rmtree(root)


@pytest.fixture
def run(image, discord, settings, tmp_path):
    """Runs a program of the image; a directory of the database's socket and the local Discord's authority are mounted."""
    database = Detour(settings["DATABASE_URL"])
    trusted = tmp_path / "trusted"
    trusted.mkdir(mode=0o755)
    shutil.copy(settings["TLS_CA_FILE"], trusted / "ca.pem")
    for mounted, mode in [(database.directory.name, 0o755), (database.directory.name + "/.s.PGSQL.5432", 0o777)]:
        os.chmod(mounted, mode)
    mounts = {database.directory.name: "run/postgresql", trusted: "run/trusted"}

    def start(*command, **environment):
        container = Container(
            image, command,
            logged_in_as(command[0], {
                **settings,
                "DATABASE_URL": psycopg.conninfo.make_conninfo(settings["DATABASE_URL"], host="/run/postgresql"),
                "TLS_CA_FILE": "/run/trusted/ca.pem",
                "LISTEN": f"0.0.0.0:{discord.handler_port}",
                "WORKERS": "2",
                **environment,
            }),
            tmp_path / f"container-{len(start.started) + 1}.log", mounts,
        )
        start.started.append(container)
        return container

    start.started = []
    yield start
    for container in start.started:
        container.end(discord.secrets)
    database.close()


def packed(image, *names):
    """How much files take in a registry."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name in names:
            archive.add(str(image.root) + name)
    return len(out.getvalue())


# What it consists of ------------------------------------------------------------------------------------------------


def test_it_is_small(image):
    assert image.size <= 70e6
    code = [name for name in image.files if ".so" in name or name.startswith("/usr/local/bin/")]
    assert packed(image, *code) <= 20e6


def below(image, *folders):
    return {name for name in image.files if name.startswith(folders)}


def test_there_is_nothing_else(image):
    fonts = set(re.findall("<glob>(/.*)</glob>", (ROOT / "render/fonts.conf").read_text()))
    settings = {"group", "nsswitch.conf", "os-release", "passwd", "ssl/certs/ca-certificates.crt"}
    assert below(image, "/usr/local/") == {"/usr/local/bin/handler", "/usr/local/bin/tracker"}
    assert below(image, "/usr/share/fonts/") == fonts
    assert below(image, "/etc/") == {"/etc/" + name for name in settings}
    told = ("/usr/local/", "/usr/share/fonts/", "/etc/", "/usr/share/doc/", "/var/lib/dpkg/status.d/", "/var/cache/fontconfig/")
    rest = image.files - below(image, *told)
    assert {name for name in rest if ".so" not in name} == {"/usr/share/vcledger/fonts.conf"}


def test_licences_and_versions_come_with_it(image):
    packages = {path.parent.name for path in image.root.glob("usr/share/doc/*/copyright")}
    assert packages == {path.name for path in image.root.glob("var/lib/dpkg/status.d/*")}
    assert {"libc6", "libcurl4", "libh2o-evloop0.13", "fonts-inter", "fonts-noto-cjk", "ca-certificates"} <= packages


def test_how_it_is_run(image):
    assert image.config["User"] == "65532:65532"
    assert image.config["Cmd"] == ["handler"] and "Entrypoint" not in image.config
    assert image.config["ExposedPorts"] == {"8080/tcp": {}} and image.environment == {"LISTEN": "0.0.0.0:8080"}


# The programs -------------------------------------------------------------------------------------------------------


def serve(run, port, **environment):
    """A handler of the image, when it is ready."""
    handler = run("handler", **environment)
    wait_for(lambda: is_ready(port) or handler.process.poll() is not None, "the handler's start")
    assert handler.process.poll() is None, handler.log()
    return handler


def card(discord):
    return Picture.open(io.BytesIO(picture(discord, discord.leaderboard("all_time")))).convert("L")


def test_a_card_is_that_of_the_ordinary_build(discord, handlers, run, ledger):
    ledger.execute("UPDATE tracker_shard SET proven_at = NULL")  # nothing is counted live: the figures stay
    first = ledger.execute("SELECT user_id FROM voice_total WHERE period = 'all' ORDER BY total_seconds DESC LIMIT 10").fetchall()
    for name, (user,) in zip(NAMES, first):
        ledger.execute("UPDATE member SET nick = %s WHERE user_id = %s", [name, user])
    ordinary = handlers()
    expected = card(discord)
    ordinary.stop()
    serve(run, discord.handler_port)
    _, most = ImageChops.difference(card(discord), expected).getextrema()
    assert most <= 32  # of 255: a library may be newer in the image; a letter that is missing is more


def test_no_font_is_scanned(discord, run, image):
    """Their cache is good for the files as they are unpacked: to scan them takes seconds, at each worker's start."""
    serve(run, discord.handler_port).stop()
    folder = image.root / "usr/share/fonts/opentype/inter"
    date = folder.stat().st_mtime
    folder.touch()
    serve(run, discord.handler_port).stop()
    os.utime(folder, (date, date))
    good, scanned = ("Fontconfig error: No writable cache" in handler.log() for handler in run.started)
    assert scanned and not good


def test_health(discord, run):
    def health():
        asked = run("handler", "--health")
        return asked.process.wait(20), asked.log()

    code, said = health()
    assert code == 1 and "Connection refused" in said
    handler = serve(run, discord.handler_port)
    assert health() == (0, "GET /healthz: 200\n")
    handler.stop()
    assert health()[0] == 1


def test_the_commands_are_registered(discord, run):
    assert run("handler", "--register").process.wait(20) == 0
    assert [r["method"] for r in discord.requests("rest")] == ["PUT"]


def test_the_tracker(discord, run, sql):
    assert run("tracker", "--migrate").process.wait(60) == 0
    tracker = run("tracker", HEARTBEAT_INTERVAL="2")
    wait_for(lambda: sql.execute("SELECT FROM guild").fetchone() is not None, "the server")
    discord.voice(discord.people[0], discord.channels[0])
    session = "SELECT FROM voice_session WHERE user_id = %s"
    wait_for(lambda: sql.execute(session, [discord.people[0]]).fetchone() is not None, "she is there")
    assert tracker.stop() == 0
