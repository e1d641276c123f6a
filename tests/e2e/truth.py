"""Who was where, by the test's own clock, and what a ledger may say of it.

Every moment is in unix seconds. A stay counts while the server is heard of and its settings want it counted: in an outage,
and after the bot was removed, nobody is present as far as the ledger is concerned.
"""

import collections
import time

Stay = collections.namedtuple("Stay", "channel begin end")

BOOKING = 1.0  # how much later than it happened a change may reach the tracker, on a busy machine
OBEYING = 2.5  # the same for a setting: at most one a second is looked at
AGREED = 0.5  # how far the tracker's time may be from ours
SECOND = 1  # the ledger's unit: what is cut off at either edge


class Truth:
    def __init__(self):
        self.where = {}  # (guild, user) -> channel, heard of or not
        self.unheard = set()  # guilds
        self.off = set()  # (guild, setting)
        self.afk = {}  # guild -> channel
        self.stays = collections.defaultdict(list)
        self.open = {}  # (guild, user) -> (channel, begin)
        self.switched = []  # (guild, moment) of each change of a setting

    def change(self, moment, where=(), unheard=None, heard=None, afk=()):
        """where: (guild, user, channel or None)s; unheard, heard: a guild that falls silent, or is there again; afk: of a guild."""
        for guild, user, channel in where:
            self.where[guild, user] = channel
        self.unheard = (self.unheard | {unheard}) - {heard}
        self.afk.update(afk)
        for key in self.where:
            self.follow(key, moment)

    def switch(self, moment, guild, setting, on):
        self.switched.append((guild, moment))
        self.off = self.off - {(guild, setting)} if on else self.off | {(guild, setting)}
        for key in self.where:
            self.follow(key, moment)

    def follow(self, key, moment):
        channel = self.counted_in(key)
        before, begin = self.open.get(key, (None, None))
        if channel == before:
            return
        if before is not None:
            self.stays[key].append(Stay(before, begin, moment))
            del self.open[key]
        if channel is not None:
            self.open[key] = (channel, moment)

    def counted_in(self, key):
        guild, channel = key[0], self.where[key]
        afk = channel == self.afk.get(guild) and (guild, "count_afk") in self.off
        return None if guild in self.unheard or (guild, "tracking") in self.off or afk else channel

    def present(self):
        """(guild, user, channel) of everybody who is in voice, counted or not."""
        return {(*key, channel) for key, channel in self.where.items() if channel and key[0] not in self.unheard}

    def counted(self):
        """(guild, user, channel) of everybody who counts now."""
        return {(*key, channel) for key, (channel, _) in self.open.items()}

    def all_stays(self, now):
        """Of each (guild, user), those that go on as if they ended now."""
        return {
            key: self.stays[key] + ([Stay(*self.open[key], now)] if key in self.open else []) for key in {*self.stays, *self.open}
        }

    def doubts(self, guild, unreachable=()):
        """From when to when a changed setting may not be obeyed yet; unreachable: when the tracker could not hear of it."""
        for switched, moment in self.switched:
            if switched == guild:
                yield moment, max([end for begin, end in unreachable if begin <= moment <= end], default=moment) + OBEYING


def without(begin, end, holes):
    """What is left of [begin, end] outside the holes, as (begin, end)s."""
    for hole_begin, hole_end in sorted(holes):
        if hole_end <= begin:
            continue
        if hole_begin > begin:
            yield begin, min(end, hole_begin)
        begin = hole_end
        if begin >= end:
            return
    if begin < end:
        yield begin, end


# The ledger against it --------------------------------------------------------------------------------------------

SESSIONS = """
SELECT guild_id, user_id, channel_id, extract(epoch FROM started_at)::float8, extract(epoch FROM ended_at)::float8
  FROM voice_session ORDER BY started_at, session_id
"""


def sessions(sql, now):
    """Of each (guild, user), what the ledger says: Stays."""
    stays = collections.defaultdict(list)
    for guild, user, channel, begin, end in sql.execute(SESSIONS).fetchall():
        stays[guild, user].append(Stay(channel, begin, now if end is None else end))
    return stays


def complaints(truth, sql, watch):
    """In words: whatever was counted of somebody absent, or not counted of somebody watched."""
    now = time.time()
    ledger, stays = sessions(sql, now), truth.all_stays(now)
    guilds = {guild for guild, _ in [*ledger, *stays]}
    doubts = {guild: list(truth.doubts(guild)) for guild in guilds}
    excused = {guild: [*watch.gaps(guild, now), *truth.doubts(guild, watch.unreachable())] for guild in guilds}
    for key, said in ledger.items():
        for session in said:
            been = [stay for stay in stays.get(key, []) if stay.channel == session.channel]
            if session.end > session.begin and not is_true(session, been, doubts[key[0]], watch):
                yield f"{key} counted while absent: {session}, was there: {been}"
    for key, been in stays.items():
        for stay in been:
            seen = [(s.begin, s.end) for s in ledger.get(key, []) if s.channel == stay.channel]
            for begin, end in without(stay.begin, stay.end, seen + excused[key[0]]):
                if end - begin > SECOND + BOOKING:
                    yield f"{key} not counted from {begin} to {end} of {stay}, counted: {ledger.get(key)}"


def is_true(session, been, doubts, watch):
    """It says no more than one of the stays, but for what the tracker heard of late."""
    obeyed = dict(doubts)
    for stay in been:
        late = obeyed.get(stay.end, watch.heard(stay.end) + BOOKING)
        if session.begin >= stay.begin - SECOND - AGREED and session.end <= late:
            return True
    return any(session.begin >= begin - SECOND and session.end <= end for begin, end in doubts)
