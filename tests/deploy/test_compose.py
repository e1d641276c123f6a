"""compose.yaml as Debian's docker-compose reads it: what it starts, and who gets which secret."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import pytest
import yaml
from harness import BIN, ROOT, sanitizers, wait_for

VALUES = {"DISCORD_APPLICATION_ID": "1", "DISCORD_PUBLIC_KEY": "the key", "DISCORD_TOKEN": "the token"}


def config(values):
    """The file with everything filled in; without its name, which a docker-compose 1.29 does not know."""
    text = re.sub("(?m)^name: .*$", "", (ROOT / "infra/deploy/compose.yaml").read_text())
    return subprocess.run(
        ["docker-compose", "--project-directory", ROOT / "infra/deploy", "--file", "-", "config"],
        input=text, env={"PATH": os.environ["PATH"], **values}, capture_output=True, text=True,
    )


@pytest.fixture
def services():
    done = config(VALUES)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)["services"]


@pytest.mark.parametrize("missing", VALUES)
def test_three_values_are_all_it_wants(missing):
    done = config({name: value for name, value in VALUES.items() if name != missing})
    assert done.returncode == 1 and done.stderr.endswith(f": set {missing} in .env\n")


def test_who_gets_what(services):
    having = lambda name: {service for service, what in services.items() if name in what.get("environment", {})}
    assert having("DISCORD_TOKEN") == {"tracker", "register", "check"}
    assert having("DISCORD_PUBLIC_KEY") == {"handler", "check"}
    users = {name: re.search("user=(\\S+)", what["environment"]["DATABASE_URL"])[1] for name, what in services.items() if name in having("DATABASE_URL")}
    assert users == {"migrate": "vcledger", "tracker": "vcledger-tracker", "handler": "vcledger-handler", "check": "vcledger-handler"}
    assert services["caddy"]["environment"] == {"DOMAIN": "localhost", "HANDLERS": "handler:8080"}


def test_only_caddy_is_reached_from_outside(services):
    assert {name for name, what in services.items() if "ports" in what} == {"caddy"}
    assert {name for name, what in services.items() if what.get("network_mode") == "none"} == {"postgres", "migrate", "logins"}


def test_the_image_is_made_once(services):
    """Two that build one tag at the same time get in each other's way."""
    ours = {name: what for name, what in services.items() if name not in ("postgres", "logins", "caddy")}
    assert {what["image"] for what in ours.values()} == {"vcledger"} and {what["pull_policy"] for what in ours.values()} == {"never"}
    assert [name for name, what in services.items() if "build" in what] == ["migrate"]


# What every service has; what ours have; and what else there is, of the whole of each.
EVERYBODY = {"image", "logging", "read_only", "cap_drop", "security_opt", "restart"}
OURS = {*EVERYBODY, "command", "environment", "healthcheck", "init", "pull_policy", "stop_grace_period", "user", "volumes"}
KEYS = {
    "postgres": {*EVERYBODY, "command", "environment", "healthcheck", "network_mode", "shm_size", "stop_grace_period", "tmpfs", "user", "volumes"},
    "migrate": {*OURS, "build", "depends_on", "network_mode"},
    "logins": {*EVERYBODY, "command", "depends_on", "network_mode", "user", "volumes"},
    "tracker": {*OURS, "depends_on"},
    "handler": {*OURS, "depends_on"},
    "caddy": {*EVERYBODY, "cap_add", "depends_on", "environment", "ports", "volumes"},
    "register": {*OURS, "profiles"},
    "check": {*OURS, "profiles"},
}
VOLUMES = {
    "postgres": {
        "data:/var/lib/postgresql/data:rw", "socket:/var/run/postgresql:rw", "./postgres:/etc/vcledger:ro", "./postgres/passwd:/etc/passwd:ro",
    },
    "logins": {"socket:/var/run/postgresql:rw", "./postgres:/etc/vcledger:ro"},
    "caddy": {"./Caddyfile:/etc/caddy/Caddyfile:ro", "certificates:/data:rw", "caddy:/config:rw"},
    "register": set(),
    **{name: {"socket:/run/postgresql:rw"} for name in ("migrate", "tracker", "handler", "check")},
}
USERS = {"postgres": 999, "logins": 999, "register": 65530, "migrate": 65531, "handler": 65532, "check": 65532, "tracker": 65533, "caddy": None}


def test_nobody_may_more_than_he_has_to(services):
    """Whatever else a service should be given has to be written down here."""
    for what in services.values():
        assert what["read_only"] and what["cap_drop"] == ["ALL"] and what["security_opt"] == ["no-new-privileges:true"]
        assert what["logging"]["options"]["max-size"] == "10m"
    assert {name: set(what) for name, what in services.items()} == KEYS
    assert {name: what["cap_add"] for name, what in services.items() if "cap_add" in what} == {"caddy": ["NET_BIND_SERVICE"]}
    assert {name: {re.sub("^/.*?/(?=postgres|Caddyfile)", "./", volume) for volume in what.get("volumes", [])} for name, what in services.items()} == VOLUMES
    assert {name: what.get("user") for name, what in services.items()} == {name: user and f"{user}:{user}" for name, user in USERS.items()}


def test_what_is_ours_ends_when_it_is_told_to(services):
    """As process 1 a program that has no handler for a signal does not get it: --register, --check, --migrate, --export."""
    assert {name for name, what in services.items() if what.get("init")} == {name for name, what in services.items() if what["image"] == "vcledger"}


def test_the_order(services):
    before = {name: {each: how["condition"] for each, how in what.get("depends_on", {}).items()} for name, what in services.items()}
    assert before == {
        "postgres": {}, "register": {}, "check": {},
        "migrate": {"postgres": "service_healthy"},
        "logins": {"migrate": "service_completed_successfully"},
        "tracker": {"logins": "service_completed_successfully"},
        "handler": {"logins": "service_completed_successfully"},
        "caddy": {"handler": "service_healthy"},
    }


# Who logs in as whom ------------------------------------------------------------------------------------------------

SERVER = 999

# The server finds compose's /etc/passwd in its place, as in its container.
SERVE = """
mount --bind "$1/passwd" /etc/passwd
as="setpriv --reuid=999 --regid=999 --clear-groups"
cd "$1"
$as /usr/lib/postgresql/15/bin/initdb -D "$1/cluster/data" -U vcledger --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$1/log" 2>&1
exec $as /usr/lib/postgresql/15/bin/postgres -D "$1/cluster/data" -c fsync=off -c listen_addresses= -c "unix_socket_directories=$1/cluster" \\
    -c "hba_file=$1/pg_hba.conf" -c "ident_file=$1/pg_ident.conf" >>"$1/log" 2>&1
"""


def run_as(user, *command, **environment):
    """Of that number; the exit code, and what was said."""
    done = subprocess.run(
        ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command], env={"PATH": os.environ["PATH"], **environment},
        cwd="/", capture_output=True, text=True,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def postgres():
    """The folder of compose's files, with a PostgreSQL that obeys them and has its socket in cluster/."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        shutil.copytree(ROOT / "infra/deploy/postgres", folder, dirs_exist_ok=True)
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        (cluster := pathlib.Path(folder, "cluster")).mkdir(mode=0o755)
        os.chown(cluster, 999, 999)
        server = subprocess.Popen(["unshare", "--mount", "sh", "-euc", SERVE, "serve", folder])
        try:
            wait_for(lambda: run_as(SERVER, "psql", "-h", cluster, "-U", "vcledger", "-d", "postgres", "-c", "SELECT")[0] == 0, "PostgreSQL", 30)
            yield pathlib.Path(folder)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has several users")
def test_each_user_logs_in_as_one_role(services, postgres):
    """The services' users, migrate and logins as compose runs them; whatever else is tried is refused."""
    names = {int(uid): name for name, _, uid, *_ in (line.split(":") for line in (postgres / "passwd").read_text().splitlines())}
    users = {name: int(what["user"].split(":")[0]) for name, what in services.items() if "DATABASE_URL" in what.get("environment", {})}
    roles = {name: re.search(r"user=(\S+)", services[name]["environment"]["DATABASE_URL"])[1] for name in users}
    assert {name: names[user] for name, user in users.items()} == roles and set(roles) == {"migrate", "tracker", "handler", "check"}
    shutil.copy(BIN / "tracker", postgres)  # the ordinary place may be closed to others
    socket = postgres / "cluster"
    url = services["migrate"]["environment"]["DATABASE_URL"].replace("/run/postgresql", str(socket))
    assert run_as(SERVER, "createdb", "-h", socket, "-U", "vcledger", "vcledger")[0] == 0
    assert run_as(users["migrate"], postgres / "tracker", "--migrate", DATABASE_URL=url, **sanitizers())[0] == 0
    for _ in range(2):  # at each start
        command = [word.replace("/etc/vcledger", str(postgres)) for word in services["logins"]["command"]]
        assert run_as(int(services["logins"]["user"].split(":")[0]), *command, PGHOST=str(socket)) == (0, "")

    may = {SERVER: {"vcledger"}, 0: set(), 65530: set(), 65534: set(), 1234: set(), **{user: {roles[name]} for name, user in users.items()}}
    for user, own in may.items():
        tried = {*roles.values(), "vcledger_handler", "vcledger_tracker"}
        let_in = {role for role in tried if run_as(user, "psql", "-h", socket, "-U", role, "-d", "vcledger", "-Atc", "SELECT current_user") == (0, f"{role}\n")}
        assert let_in == own, user
