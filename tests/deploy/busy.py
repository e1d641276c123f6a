"""Both programs at work, while something is done to them."""

import contextlib
import threading
import time

from answers import alt


class Busy(threading.Thread):
    """Members come and go, and ask, until it ends."""

    def __init__(self, discord):
        super().__init__(daemon=True)
        self.discord, self.over = discord, threading.Event()
        self.took = []  # by each answer, in seconds
        self.failed = None

    def run(self):
        try:
            n = 0
            while not self.over.wait(0.02):
                n += 1
                self.discord.voice(self.discord.people[10 + n % 20], self.discord.channels[n % 2] if n % 3 else None)
                if n % 10 == 0:
                    asked = time.monotonic()
                    assert alt(self.discord.leaderboard())
                    self.took.append(time.monotonic() - asked)
        except Exception as error:  # noqa: BLE001: told by the test
            self.failed = error

    def end(self):
        self.over.set()
        self.join()
        assert not self.failed, self.failed


@contextlib.contextmanager
def busy(discord):
    thread = Busy(discord)
    thread.start()
    yield thread
    thread.end()
