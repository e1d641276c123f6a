"""How soon a handler answers, and what it takes while nobody asks."""

import contextlib
import ctypes
import http.client
import json
import time

import large
from figures import quantile
from handler import WARM_UP, Handler, Person, ping, running

STARTS = 20
sodium = ctypes.CDLL("libsodium.so.23")


def signed(discord, body):
    """The headers that Discord sends with a body."""
    public, secret, signature = (ctypes.create_string_buffer(n) for n in (32, 64, 64))
    sodium.crypto_sign_seed_keypair(public, secret, bytes.fromhex(discord.env["SANDBOX_SEED"]))
    message = b"1770000000" + body
    sodium.crypto_sign_detached(signature, None, message, ctypes.c_ulonglong(len(message)), secret)
    return {"Content-Type": "application/json", "X-Signature-Ed25519": signature.raw.hex(), "X-Signature-Timestamp": "1770000000"}


def first_answer(discord, port):
    """Posts a PING until it is answered."""
    body = json.dumps({**ping(1), "application_id": discord.env["DISCORD_APPLICATION_ID"]}).encode()
    headers = signed(discord, body)
    while True:
        with contextlib.suppress(ConnectionError), contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            connection.request("POST", "/interactions", body, headers)
            assert connection.getresponse().status == 200
            return time.monotonic()
        time.sleep(0.0005)


def cold_start(discord, directory, url):
    """ms."""
    start = time.monotonic()
    handler = Handler(directory, discord, url)
    try:
        return 1000 * (first_answer(discord, handler.port) - start)
    finally:
        handler.program.stop()


def measure(figures):
    url = large.start()
    large.make(url)
    with running(url) as handler:
        discord, directory = handler.discord, handler.program.path.parent
        figures.add("worker resident, idle, never drew", max(handler.resident_mb()), "MB", len(handler.workers()), 40)
        Person(discord, 3).look_around(WARM_UP)
        figures.add(f"worker resident, idle, one person looked around for {WARM_UP} s", max(handler.resident_mb()), "MB", len(handler.workers()))
        handler.program.stop()
        times = [cold_start(discord, directory, url) for _ in range(STARTS)]
    figures.add("cold start to first answered PING: p50", quantile(times, 0.5), "ms", len(times), 50)
    figures.add("cold start to first answered PING: worst", max(times), "ms", len(times))
