"""A server with a history: what the handler is asked about."""

import json
import time

from harness import ROOT, record_sessions

GUILD = """
INSERT INTO guild (guild_id, name, icon, shard_count, shard_id)
SELECT id, name, icon, 1, 0 FROM jsonb_to_record(%(guild)s) AS g(id bigint, name text, icon text)
"""
MEMBERS = """
INSERT INTO member (guild_id, user_id, username, global_name, nick, avatar, guild_avatar)
SELECT (%(guild)s::jsonb->>'id')::bigint, m.*
  FROM jsonb_to_recordset(%(guild)s::jsonb->'members')
       AS m(id bigint, username text, global_name text, nick text, avatar text, guild_avatar text)
"""

MEMBERS_WITH_TIME = 24
HOURS_AGO = [1, 5, 17, 30, 60, 100, 200, 400, 1000, 4000, 12000]  # when sessions ended: some in each range
TIES = {7: 6, 8: 6}  # members who were there exactly as long as another
OPEN = {2: 47, 5: 3, 20: 58, 23: 11}  # members with open sessions, since how many minutes


def ended_sessions(member):
    """(how many seconds ago it started, how many it ended): a member was in about two thirds of them."""
    like = TIES.get(member, member)
    for hours in HOURS_AGO:
        if (like + hours) % 3 != 0 and member != 23:
            yield hours * 3600 + 300 + (like * 1013 + hours * 389) % 11_000, hours * 3600


def make_history(sql, discord):
    """The local Discord's first server, with members and sessions up to now."""
    guild = json.dumps(json.loads((ROOT / "infra/sandbox/cast.json").read_text())["guilds"][0])
    sql.execute("INSERT INTO tracker_shard (shard_count, shard_id, proven_at) VALUES (1, 0, now())")
    sql.execute(GUILD, {"guild": guild})
    sql.execute(MEMBERS, {"guild": guild})
    now = int(time.time())
    people = list(enumerate(discord.people[:MEMBERS_WITH_TIME]))
    ended = [(user, now - start, now - end) for i, user in people for start, end in ended_sessions(i)]
    record_sessions(sql, discord.guild, ended)
    record_sessions(sql, discord.guild, [(discord.people[i], now - minutes * 60, None) for i, minutes in OPEN.items()])
