"""`handler --health`: what a container is asked for, without a shell."""

import socket
import subprocess
import threading

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


def test_a_v6_wildcard_where_only_v4_is_left():
    """So it is where the machine has v6 switched off: [::] is bound all the same, and takes v4."""
    with socket.create_server(("127.0.0.1", free_port())) as server:

        def answer():
            client, _ = server.accept()
            with client:
                client.recv(1000)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Padding: 0123456789012345678901234567890\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        assert health("[0::0]:%d" % server.getsockname()[1]) == (0, "GET /healthz: 200\n")


def test_something_else_is_there():
    with socket.create_server(("127.0.0.1", free_port())) as server:
        code, said = health("127.0.0.1:%d" % server.getsockname()[1])
        assert code == 1 and "timed out" in said


def test_a_wrong_address_is_named():
    code, said = health("here")
    assert code == 1 and said.startswith("handler: LISTEN ")
    code, said = health("here:80")
    assert code == 1 and said.startswith("handler: LISTEN ")


def test_a_v6_address_of_its_own():
    code, said = health(f"[::1]:{free_port()}")
    assert code == 1 and said.startswith("handler: GET /healthz at ::1 port ")
