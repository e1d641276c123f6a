"""`handler --health`: what a container is asked for, without a shell."""

import socket
import subprocess

import pytest
from harness import BIN, free_port


def health(listen):
    done = subprocess.run([BIN / "handler", "--health"], env={"LISTEN": listen}, capture_output=True, text=True, timeout=20, cwd="/")
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "[::]"])
def test_it_is_well_while_it_serves(discord, handlers, address):
    listen = f"{address}:{discord.handler_port}"
    assert health(listen)[0] == 1
    handler = handlers(LISTEN=listen)
    assert health(listen) == (0, "GET /healthz: 200\n")
    handler.stop()
    code, said = health(listen)
    assert (code, said.count("\n")) == (1, 1) and "Connection refused" in said


def test_something_else_is_there():
    with socket.create_server(("127.0.0.1", free_port())) as server:
        code, said = health("127.0.0.1:%d" % server.getsockname()[1])
        assert code == 1 and "timed out" in said


def test_a_wrong_address_is_named():
    code, said = health("here")
    assert code == 1 and said.startswith("handler: LISTEN ")
