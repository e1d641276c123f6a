"""What answers say, and what they have to say by plain SQL."""

import datetime
import struct

from plain_sql import instant, plain_board

LABELS = {
    "today": "Today", "past_24h": "Past 24 hours", "past_72h": "Past 72 hours", "past_7d": "Past 7 days",
    "past_14d": "Past 14 days", "this_month": "This month", "this_year": "This year", "all_time": "All time",
}


# What an answer says ------------------------------------------------------------------------------------------------


def parts(answer):
    """An answer's picture or text, and the action rows below it: all in one container."""
    [container] = answer["message"]["components"]
    first, *rows = container["components"]
    assert container["type"] == 17 and all(row["type"] == 1 for row in rows)
    return first, rows


def gallery_item(answer):
    """The picture's place in a message."""
    gallery, _ = parts(answer)
    [item] = gallery["items"]
    assert gallery["type"] == 12
    return item


def alt(answer):
    return gallery_item(answer)["description"]


def words(answer):
    """An answer without a picture: its text."""
    text, _ = parts(answer)
    assert text["type"] == 10 and answer["attachments"] == []
    return text["content"]


def controls(answer):
    """The buttons by their label, and the selects by their placeholder."""
    return {each.get("label") or each["placeholder"]: each for row in parts(answer)[1] for each in row["components"]}


def click(discord, answer, control, value=None, **more):
    """A click by who ran the command: the message as it is afterwards."""
    sent = discord.click(answer, controls(answer)[control], value, **more)
    assert (sent["status"], sent["response"]) == (200, {"type": 6}), sent
    changed = discord.answer(sent["interaction_id"])
    assert changed["state"] == "acknowledged" and not changed["thinking"]
    assert changed["message"]["id"] == answer["message"]["id"]
    return changed


def here(answer):
    [label] = [label for label in controls(answer) if label.startswith("Page ")]
    return label


def picture(discord, answer):
    return discord.download(gallery_item(answer)["media"]["url"])


def jpeg_size(data):
    """Width and height, from the frame header."""
    assert data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9"
    at = 2
    while data[at + 1] not in (0xC0, 0xC2):
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    height, width = struct.unpack(">HH", data[at + 5 : at + 9])
    return width, height


# What it has to say, from plain SQL ---------------------------------------------------------------------------------


def duration(seconds):
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours:,}h {minutes:02}m" if hours else "<1m" if 0 < seconds < 60 else f"{minutes}m"


def names(sql):
    return dict(sql.execute("SELECT user_id, coalesce(nick, global_name, username) FROM member").fetchall())


SILENT = """
SELECT proven_at
  FROM guild JOIN tracker_shard USING (shard_count, shard_id)
 WHERE guild_id = %s AND proven_at < %s - make_interval(secs => 2 * interval_seconds + 5)
"""


def silence(sql, guild, until):
    """What is said where the tracker has long proven nothing."""
    found = sql.execute(SILENT, [guild, until]).fetchone()
    if not found:
        return ""
    since = found[0].astimezone(datetime.timezone.utc)
    day = "" if since.date() == until.date() else f"{since.day} {since:%b} "
    return f". Not counting since {day}{since:%H:%M} UTC."


def expected(sql, guild, name, until, caller, page=0):
    """What the alt text says after the range, and the picture's height."""
    board = plain_board(sql, guild, name, until)
    rows = board[page * 10 : page * 10 + 10]
    below = [place for place in board if place.user == caller and place not in rows]
    known = names(sql)
    lines = [
        f"{place.rank}. {known[place.user]}{' (you)' if place.user == caller else ''} {duration(place.seconds)};" for place in rows + below
    ]
    n_live = sum(place.live for place in board)
    live = f", {n_live} member{'s' * (n_live > 1)} in voice now" if n_live else ""
    total = f"{duration(sum(place.seconds for place in board))} in total, {len(board):,} members{live}{silence(sql, guild, until)}"
    height = 174 + sum(110 if place.rank <= 3 else 82 for place in rows + below) + 20 * len(below) + 76
    return " ".join([*lines, total]), height


def expected_between(sql, guild, name, before, after, caller, page=0):
    """As of every second of an answer's making."""
    return [expected(sql, guild, name, instant(second), caller, page) for second in range(int(before), int(after) + 1)]
