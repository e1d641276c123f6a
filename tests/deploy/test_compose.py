"""compose.yaml as Debian's docker-compose reads it: what it starts, and who gets which secret."""

import os
import re
import subprocess

import pytest
import yaml
from harness import ROOT

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
    having = lambda name: {service for service, what in services.items() if name in what["environment"]}
    assert having("DISCORD_TOKEN") == {"tracker", "register", "check"}
    assert having("DISCORD_PUBLIC_KEY") == {"handler", "check"}
    assert having("DATABASE_URL") == {"migrate", "tracker", "handler", "check"}
    assert services["caddy"]["environment"] == {"DOMAIN": "localhost", "HANDLERS": "handler:8080"}


def test_only_caddy_is_reached_from_outside(services):
    assert {name for name, what in services.items() if "ports" in what} == {"caddy"}
    assert {name for name, what in services.items() if what.get("network_mode") == "none"} == {"postgres", "migrate"}


def test_the_image_is_made_once(services):
    """Two that build one tag at the same time get in each other's way."""
    ours = {name: what for name, what in services.items() if name not in ("postgres", "caddy")}
    assert {what["image"] for what in ours.values()} == {"vcledger"} and {what["pull_policy"] for what in ours.values()} == {"never"}
    assert [name for name, what in services.items() if "build" in what] == ["migrate"]


def test_nobody_may_more_than_he_has_to(services):
    for what in services.values():
        assert what["read_only"] and what["cap_drop"] == ["ALL"] and what["security_opt"] == ["no-new-privileges:true"]
        assert what["logging"]["options"]["max-size"] == "10m"
    assert {name for name, what in services.items() if "cap_add" in what} == {"postgres", "caddy"}


def test_the_order(services):
    before = {name: {each: how["condition"] for each, how in what.get("depends_on", {}).items()} for name, what in services.items()}
    assert before == {
        "postgres": {}, "register": {}, "check": {},
        "migrate": {"postgres": "service_healthy"},
        "tracker": {"migrate": "service_completed_successfully"},
        "handler": {"migrate": "service_completed_successfully"},
        "caddy": {"handler": "service_healthy"},
    }
