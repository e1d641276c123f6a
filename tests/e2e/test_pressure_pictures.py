"""Pictures of members that mean harm: the card is drawn without them, soon and within bounds."""

import struct
import time
import zlib

from answers import click, picture
from hostile import WebServer, assert_served, bounded, idle, response

MEBIBYTE = 1 << 20


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def deflated(n):
    """So many zeros."""
    packer = zlib.compressobj(9)
    return b"".join([packer.compress(bytes(MEBIBYTE)) for _ in range(n // MEBIBYTE)]) + packer.compress(bytes(n % MEBIBYTE)) + packer.flush()


def png(width, height, depth=8, colour=6, data=b"", before=b"", interlaced=0):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def jpeg(width, height, kind=0xC0, scans=1):
    """Of one colour, its code tables almost empty."""
    tables = b"\xff\xdb\x00\x43\x00" + bytes([1] * 64) + b"\xff\xc4\x00\x14\x00" + bytes([1] + [0] * 15) + b"\x00" + b"\xff\xc4\x00\x14\x10" + bytes([1] + [0] * 15) + b"\x00"
    frame = b"\xff" + bytes([kind]) + struct.pack(">HBHHBBBB", 11, 8, height, width, 1, 1, 0x11, 0)
    scan = b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, 1, 0, 0, 0 if kind == 0xC2 else 63, 0)
    return b"\xff\xd8" + tables + frame + scans * (scan + bytes(64)) + b"\xff\xd9"


GIF = b"GIF89a\xff\xff\xff\xff\x80\x00\x00" + bytes(6)
GIF_FRAME = b"\x2c" + bytes(4) + b"\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00"
LARGEST = deflated(2048 * (1 + 2048 * 8))


def endless(say):
    say(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
    while True:
        say(bytes(65536))


def slow(say):
    say(b"HTTP/1.1 200 OK\r\n\r\n\x89PNG")
    for _ in range(100):
        say(b"\0")
        time.sleep(0.1)


BAD = [
    response(png(50_000, 50_000, 1, 0, deflated(50_000 * 6251)), "200 OK", "Content-Type: image/png"),
    response(png(0x7FFFFFFF, 0x7FFFFFFF)),
    response(png(0, 0)),
    response(png(64, 64)[:-20]),
    response(png(64, 64, data=deflated(100 * MEBIBYTE))),
    response(png(64, 64, before=chunk(b"iCCP", b"x\0\0" + deflated(100 * MEBIBYTE)))),
    response(png(64, 64, before=100 * chunk(b"zTXt", b"x\0\0" + deflated(10 * MEBIBYTE)))),
    response(png(64, 64, before=50_000 * chunk(b"tEXt", b"x\0"))),
    response(png(2048, 2048, 16, 6, LARGEST)),  # as large as may be: it is taken
    response(png(2048, 2048, 16, 6, LARGEST, interlaced=1)),
    response(GIF + (MEBIBYTE // len(GIF_FRAME) - 10) * GIF_FRAME + b";"),
    response(jpeg(65500, 65500)),
    response(jpeg(65500, 65500, 0xC2)),
    response(jpeg(2048, 2048, 0xC2, 10_000)),
    response(b"<html>" + bytes(1000)),
    response(b'<svg xmlns="http://www.w3.org/2000/svg" width="1e9" height="1e9"/>'),
    response(b"RIFF\xff\xff\xff\xffWEBPVP8X"),
    response(),
    response(bytes(MEBIBYTE + 1)),
    response(b"", "301 Moved", "Location: file:///etc/passwd"),
    response(png(64, 64), "404 Not Found"),
    b"",
    endless,
    slow,
]


def test_whatever_a_picture_is(discord, handlers, ledger):
    """Twenty-four members, as many bombs, ten on a page."""
    ledger.execute("UPDATE tracker_shard SET proven_at = NULL")
    ledger.execute("UPDATE member SET avatar = md5(user_id::text), guild_avatar = NULL")
    given = {}

    def answer(request, say):
        each = BAD[given.setdefault(request.path, len(given)) % len(BAD)]
        each(say) if callable(each) else say(each)

    cdn = WebServer(answer)
    handler = handlers(WORKERS="1", DISCORD_CDN_URL=cdn.url)
    with bounded(handler, 150):
        for control in [None, "Next", "Next"]:
            board = discord.leaderboard("all_time") if control is None else click(discord, board, control)
            assert picture(discord, board)
            assert_served(discord)
    assert len(given) >= len(BAD), given
    assert idle(handler)
    cdn.close()
