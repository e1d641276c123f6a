"""Who was where, by the test's own clock, and what a ledger may say of it.

Every moment is in unix seconds. A stay counts while the server is heard of: in an outage, and after the bot was removed,
nobody is present as far as the ledger is concerned.
"""

import collections
import datetime
import re
import time

Stay = collections.namedtuple("Stay", "channel begin end")

BOOKING = 0.7  # how much later than it happened a change may reach the tracker, on a busy machine
SECOND = 1  # the ledger's unit: what is cut off at either edge
WATCH = 2  # between two proofs when all is well: HEARTBEAT_INTERVAL is 1 here, a beat and its commit take time too


class Truth:
    def __init__(self):
        self.where = {}  # (guild, user) -> channel, heard of or not
        self.unheard = set()  # guilds
        self.stays = collections.defaultdict(list)
        self.open = {}  # (guild, user) -> (channel, begin)

    def change(self, moment, where=(), unheard=None, heard=None):
        """where: (guild, user, channel or None)s; unheard, heard: a guild that falls silent, or is there again."""
        for guild, user, channel in where:
            self.where[guild, user] = channel
        self.unheard = (self.unheard | {unheard}) - {heard}
        for key, channel in self.where.items():
            channel = None if key[0] in self.unheard else channel
            before, begin = self.open.get(key, (None, None))
            if channel == before:
                continue
            if before is not None:
                self.stays[key].append(Stay(before, begin, moment))
                del self.open[key]
            if channel is not None:
                self.open[key] = (channel, moment)

    def present(self):
        """(guild, user, channel) of everybody who counts now."""
        return {(*key, channel) for key, (channel, _) in self.open.items()}

    def all_stays(self, now):
        """Of each (guild, user), those that go on as if they ended now."""
        for key in self.stays.keys() | self.open.keys():
            open_now = [Stay(*self.open[key], now)] if key in self.open else []
            yield key, self.stays[key] + open_now


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


# What the trackers' logs say of the time that nobody watched -------------------------------------------------------

LINE = re.compile(r"^(\S+)Z \w+ tracker (\w+) ?(.*)$", re.M)
BROKEN = {"gateway_closed", "gateway_reconnecting", "gateway_invalid_session", "gateway_session_lost"}

Life = collections.namedtuple("Life", "log died proof")  # of one tracker; proof: the last that was committed when it died


def events_of(life):
    for stamp, event, words in LINE.findall(life.log):
        moment = datetime.datetime.fromisoformat(stamp + "+00:00").timestamp()
        if life.died is None or moment <= life.died:
            yield moment, event, words


def gaps(lives, guild, now):
    """The times in which a guild was not watched: from the last proof to the next RESUMED or snapshot."""
    begins, ends = [], []
    for life in lives:
        for moment, event, words in events_of(life):
            if event in BROKEN:
                begins.append((moment, moment - WATCH))
            if event == "gateway_resumed" or (event == "guild_seen" and f"guild={guild} " in words):
                ends.append(moment)
        if life.died is not None:
            begins.append((life.died, life.proof))
    ends.sort()
    for broke, proof in [*begins, (min(ends, default=now), 0)]:
        yield proof, min((end for end in ends if end >= broke), default=now) + BOOKING


def old_proofs(lives, away):
    """In words: who died with a proof older than it had to be; away: when the database was gone, (begin, end)s."""
    for life in lives:
        if life.died is None:
            continue
        moments = list(events_of(life))
        ready = [moment for moment, event, _ in moments if event in ("gateway_resumed", "gateway_ready")]
        breaks = [moment for moment, event, _ in moments if event in BROKEN]
        broken = [(moment, min((m for m in ready if m > moment), default=life.died)) for moment in breaks]
        excused = [(begin, end + WATCH) for begin, end in [(0, min(ready, default=life.died)), *broken, *away]]
        for begin, end in without(life.proof, life.died, excused):
            if end - begin > WATCH:
                yield f"died at {life.died}, last proof {life.proof}, watched from {begin} to {end}"


# The ledger against it --------------------------------------------------------------------------------------------

COUNTED = """
SELECT guild_id, user_id, channel_id, extract(epoch FROM started_at)::float8, extract(epoch FROM ended_at)::float8
  FROM voice_session ORDER BY started_at, session_id
"""


def counted(sql, now):
    """Of each (guild, user), what the ledger says: Stays."""
    stays = collections.defaultdict(list)
    for guild, user, channel, begin, end in sql.execute(COUNTED).fetchall():
        stays[guild, user].append(Stay(channel, begin, now if end is None else end))
    return stays


def complaints(truth, sql, lives, away):
    """In words: whatever was counted of somebody absent, or not counted of somebody watched, and proofs that came too late."""
    yield from old_proofs(lives, away)
    now = time.time()
    ledger = counted(sql, now)
    stays = dict(truth.all_stays(now))
    holes = {guild: list(gaps(lives, guild, now)) for guild, _ in stays}
    for key, said in ledger.items():
        for s in said:
            been = [t for t in stays.get(key, []) if t.channel == s.channel]
            if s.end > s.begin and not any(s.begin >= t.begin - SECOND and s.end <= t.end + BOOKING for t in been):
                yield f"{key} counted while absent: {s}, was there: {been}"
    for key, been in stays.items():
        for t in been:
            seen = [(s.begin, s.end) for s in ledger.get(key, []) if s.channel == t.channel]
            for begin, end in without(t.begin, t.end, seen + holes[key[0]]):
                if end - begin > SECOND + BOOKING:
                    yield f"{key} not counted from {begin} to {end} of {t}, counted: {ledger.get(key)}"
