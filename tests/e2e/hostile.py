"""Peers that mean harm: raw servers and clients, and what they may cost the programs."""

import contextlib
import pathlib
import re
import resource
import socket
import threading
import time

from harness import BIN, status_of, wait_for

MEASURED = "asan" not in str(BIN)  # a sanitizer keeps what is freed


# What it costs ------------------------------------------------------------------------------------------------------


def processes(program):
    """Those that do the work: a handler's workers, or the program itself."""
    return program.children() or {program.process.pid}


def status_mb(pid, name):
    return int(re.search(name + r":\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def cpu_seconds(program):
    ticks = [pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13] for pid in processes(program)]
    return sum(int(user) + int(system) for user, system in ticks) / 100


@contextlib.contextmanager
def bounded(program, mb):
    """No process of it dies, nor holds so much more at any moment of what is done inside."""
    pids = processes(program)
    before = {pid: status_mb(pid, "VmRSS") for pid in pids}
    for pid in pids:
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak is counted from now
    yield
    assert processes(program) == pids, program.log()[-3000:]
    for pid in pids:
        grown = status_mb(pid, "VmHWM") - before[pid]
        assert grown < mb or not MEASURED, f"{grown:.0f} MB more"


def idle(program, share=0.2):
    """Whether it leaves the CPU alone: of a second of quiet at most that share. Tried thrice, for what was before may go on a moment."""
    def is_idle():
        before = cpu_seconds(program)
        time.sleep(1)
        return cpu_seconds(program) - before < share or not MEASURED

    return any(is_idle() for _ in range(3))


def may_open(n):
    """Lets this process have so many descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < n:
        resource.setrlimit(resource.RLIMIT_NOFILE, (n, max(n, hard)))


# A client -----------------------------------------------------------------------------------------------------------


class Client:
    """A connection to a handler: says bytes, and hears whole answers."""

    def __init__(self, port, said=b"", source="127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0))
        self.heard = b""
        self.say(said)

    def say(self, said):
        """All of it, as far as the other end listens."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(said)

    def more(self):
        try:
            piece = self.socket.recv(65536)
        except ConnectionError:
            piece = b""
        self.heard += piece
        return piece

    def answer(self):
        """Status and body of the next one; None where the connection ended instead."""
        while b"\r\n\r\n" not in self.heard:
            if not self.more():
                return None
        head, _, rest = self.heard.partition(b"\r\n\r\n")
        size = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        while len(rest) < size:
            assert self.more()
            rest = self.heard.partition(b"\r\n\r\n")[2]
        self.heard = rest[size:]
        return int(head.split()[1]), rest[:size]

    def close(self):
        self.socket.close()
