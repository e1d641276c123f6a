"""Interactions that mean harm, though they are well signed: an answer or a refusal, soon, and nothing else."""

import copy
import http.client
import itertools
import json

import pytest
from answers import alt, picture, words
from harness import snowflake, wait_for
from hostile import NAMES, OTHERS, assert_served, bounded, idle

MEBIBYTE = 1 << 20


class Poster:
    """Posts to the handler, each signed as Discord does."""

    def __init__(self, discord):
        self.discord = discord
        self.connection = http.client.HTTPConnection("127.0.0.1", discord.handler_port, timeout=20)

    def __call__(self, body):
        body = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.connection.request("POST", "/interactions", body, self.discord.signed(body))
        response = self.connection.getresponse()
        return response.status, response.read()


@pytest.fixture
def post(discord):
    discord.faults(rest=[{"method": "PATCH", "status": 200, "body": "{}", "times": 1_000_000}])  # it knows no such interactions
    return Poster(discord)


def interaction(discord, **more):
    user = {"id": str(discord.people[0]), "username": "marisol.q", "global_name": "Marisol", "avatar": None}
    return {
        "id": str(snowflake()), "application_id": discord.env["DISCORD_APPLICATION_ID"], "token": "t", "version": 1,
        "guild_id": str(discord.guild), "app_permissions": "0", "attachment_size_limit": 10485760,
        "member": {"nick": None, "avatar": None, "permissions": "32", "user": user}, **more}


def command(discord):
    resolved = {"users": {"77": {"id": "77", "username": "tobi"}}, "members": {"77": {"nick": "Tobi", "avatar": None}}}
    options = [{"name": "time_range", "type": 3, "value": "weekly"}, {"name": "user", "type": 6, "value": "77"}]
    data = {"name": "vc", "options": [{"name": "stats", "type": 1, "options": options}], "resolved": resolved}
    return interaction(discord, type=2, data=data)


def click(discord):
    message = {"id": "5", "interaction_metadata": {"user": {"id": str(discord.people[0])}}}
    return interaction(discord, type=3, message=message, data={"custom_id": "x", "component_type": 3, "values": ["today"]})


def paths(value, path=()):
    """Where there is something, down to the leaves."""
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from paths(value[key], (*path, key))


def with_another(value, path, other):
    value = copy.deepcopy(value)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = other
    return value


def nothing_is_under_way(discord, sql):
    wait_for(lambda: not sql.execute("SELECT 1 FROM interaction_pending WHERE done_at IS NULL").fetchall(), "all is answered", 30)


@pytest.mark.parametrize("kind", [command, click])
def test_every_value_of_every_kind(discord, handlers, ledger, post, kind):
    handler = handlers(WORKERS="1")
    statuses = set()
    with bounded(handler, 60):
        for path in list(paths(kind(discord)))[1:]:
            for other in [*OTHERS, *NAMES.values()]:
                body = with_another(kind(discord), path, other)
                status, answer = post(body)
                assert status in (200, 400), (path, other, status, answer)
                statuses.add(status)
        assert statuses == {200, 400}
        assert_served(discord)
        nothing_is_under_way(discord, ledger)
    assert idle(handler)
    assert all(line.isprintable() for line in handler.log().split("\n"))


def as_text(discord, **changes):
    """A PING, and what else it is to hold as it stands."""
    fields = {"id": '"1"', "application_id": f'"{discord.env["DISCORD_APPLICATION_ID"]}"', "type": "1", "token": '"t"', **changes}
    return ("{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}").encode()


SNOWFLAKES = {
    '"1"': 200, '"18446744073709551615"': 200, '"18446744073709551616"': 400, '"-1"': 400, '"+1"': 400, '"0"': 400, '"01"': 400, '" 1"': 400,
    '"1 "': 400, '"1e3"': 400, '"0x1"': 400, '""': 400, '"' + "9" * 100_000 + '"': 400, "1": 400, "1536071565828030465": 400, "-1": 400,
    "1e300": 400, "null": 400, "true": 400, '["1"]': 400, '"\\u0031"': 200, '"１"': 400, '"\\u0000"': 400, '"x\\u00001"': 400,
}


def test_texts(discord, handlers, post):
    """What JSON can say and no library would."""
    handler = handlers(WORKERS="1")
    deep = "[" * 10_000 + "]" * 10_000
    good = {"type": "1", "x": "[" * 60 + "]" * 60, "\\u0074ype": "2", "token": '"a\\u0000b"'}
    with bounded(handler, 120):
        assert post(as_text(discord))[0] == post(as_text(discord, **good))[0] == 200
        for snowflake, status in SNOWFLAKES.items():
            assert post(as_text(discord, id=snowflake))[0] == status, snowflake
        for bad in [deep, '{"a":' * 10_000 + "1" + "}" * 10_000, '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\u0041"', '"\\u12"', '"\\x"', "nul", "NaN", "[1,]", "{1:2}"]:
            assert post(as_text(discord, x=bad))[0] == 400, bad[:20]
        for bad in [b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf5\x80\x80\x80"', b'"\xe2\x82"']:
            assert post(as_text(discord, x="X").replace(b"X", bad))[0] == 400, bad
        for fine in ['"' + "x" * 900_000 + '"', "[" + "0," * 400_000 + "0]", "1e999", '"\\u202e"', '{"":{"":""}}', "{" + '"a":1,' * 100_000 + '"a":1}']:
            assert post(as_text(discord, x=fine))[0] == 200, fine[:20]
        assert post(as_text(discord, type="1,\"type\":99"))[0] == 200  # the first of equal keys
        assert post(as_text(discord) + b"\0")[0] == post(as_text(discord).replace(b'"t"', b'"t\0"'))[0] == 400
        assert post(b"\xef\xbb\xbf" + as_text(discord))[0] == 200  # a byte order mark
    assert idle(handler)


BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067"
FIRST_STRONG, POP = "\u2068", "\u2069"  # ours, around each name
IN_DATABASE = {what: name.replace("\0", "") for what, name in NAMES.items()}


def assert_plain(text):
    assert not [c for c in text if c in BIDI or (c != "\n" and ord(c) < 32) or 127 <= ord(c) < 160], ascii(text[:300])
    assert "".join(c for c in text if c in FIRST_STRONG + POP) == (FIRST_STRONG + POP) * text.count(POP)


def test_names_on_cards_and_in_words(discord, handlers, ledger):
    """Everybody has one of them, the server too, and whoever asks brings another."""
    handler = handlers(WORKERS="1")
    names = itertools.cycle(IN_DATABASE.values())
    for user in discord.people:
        ledger.execute("UPDATE member SET nick = %(n)s, global_name = %(n)s, username = %(n)s WHERE user_id = %(u)s", {"n": next(names), "u": user})
    user = {"id": str(discord.people[0]), "username": "x", "discriminator": "0", "global_name": None, "avatar": None}
    with bounded(handler, 150):
        for what, name in IN_DATABASE.items():
            ledger.execute("UPDATE guild SET name = %s", [name])
            member = {"avatar": None, "nick": name, "roles": [], "permissions": "0", "user": user}
            board = discord.leaderboard("all_time", merge={"member": member})
            assert picture(discord, board), what
            assert_plain(alt(board))
            discord.faults(app_permissions="0")
            assert_plain(words(discord.leaderboard("all_time", merge={"member": member})))
            discord.faults(app_permissions="2147863552")
            assert_served(discord)
    assert idle(handler)
