"""When somebody watched: from the trackers' own words, and from what the database held at each moment."""

import collections
import datetime
import re
import time

from truth import BOOKING, without

LINE = re.compile(r"^(\S+)Z \w+ tracker (\w+) ?(.*)$", re.M)
BROKEN = {
    "gateway_closed", "gateway_reconnecting", "gateway_invalid_session", "gateway_session_lost", "gateway_stopped", "shard_taken",
    "batches_lost", "unwritten_full",
}  # fmt: skip
BEAT = 1  # HEARTBEAT_INTERVAL
PROOF = 2 * BEAT  # between two proofs when all is well: a beat and its commit take time too

STILL = 6  # a tracker that was frozen for longer knows it, and asks for it all again

HOUR = 3600
Proof = collections.namedtuple("Proof", "moment epoch proven_at")  # as it was in the database at that moment
Reign = collections.namedtuple("Reign", "life begin end over proof")  # of a tracker over the shard, from its claim


def moment_of(stamp, started):
    """Clocks are stepped by whole hours, and no evening is that long: the minutes tell the true moment."""
    moment = datetime.datetime.fromisoformat(stamp + "+00:00").timestamp()
    return moment - HOUR * round((moment - started - HOUR / 4) / HOUR)


class Life:
    """A tracker, as the test sees it."""

    def __init__(self, program):
        self.program = program
        self.name = program.path.stem
        self.started = time.time()
        self.died = None
        self.stopping = False
        self.frozen = []  # [begin, end]s; end: inf while it goes on

    def events(self):
        """(moment, event, words) of its log."""
        for stamp, event, words in LINE.findall(self.program.log()):
            yield moment_of(stamp, self.started), event, words

    def claims(self):
        return [moment for moment, event, _ in self.events() if event == "shard_claimed"]


class Watch:
    def __init__(self):
        self.lives = []
        self.proofs = []
        self.away = []  # [begin, end]s: when the database was out of the trackers' reach; end: inf while it goes on

    def note_proof(self, moment, epoch, proven_at):
        if proven_at and (not self.proofs or self.proofs[-1][1:] != (epoch, proven_at)):
            self.proofs.append(Proof(moment, epoch, proven_at))

    def proof_at(self, moment):
        return max((proof for proof in self.proofs if proof.moment <= moment), default=Proof(0, 0, 0)).proven_at

    def reigns(self, now):
        claims = sorted((moment, life.name, life) for life in self.lives for moment in life.claims())
        ends = [moment for moment, _, _ in claims[1:]] + [None]
        for (begin, _, life), next_claim in zip(claims, ends):
            end = min(next_claim or now, life.died or now)
            over = next_claim is not None or life.died is not None
            yield Reign(life, begin, end, over, self.proof_at(next_claim or now) if over else now)

    def connected(self, reign, guild=None):
        """When its owner heard of a server, or of any: from RESUMED or a snapshot until it broke, as (begin, end)s."""
        since, spans = None, []
        for moment, event, words in reign.life.events():
            if not reign.begin <= moment <= reign.end:
                continue
            if event == "gateway_resumed" or (event == "guild_seen" and (guild is None or f"guild={guild} " in words)):
                since = since or moment
            elif event in BROKEN and since is not None:
                spans.append((since, moment - PROOF))
                since = None
        if since is not None:
            spans.append((since, reign.end))
        frozen = [(begin - PROOF, end + BOOKING) for begin, end in reign.life.frozen]
        return [rest for begin, end in spans if begin < end for rest in without(begin, end, frozen)]

    def lost(self):
        """(moment, last proof that is left) of each time when the database forgot something."""
        highest = 0
        for proof in self.proofs:
            if proof.proven_at < highest:
                yield proof.moment, proof.proven_at
            highest = max(highest, proof.proven_at)

    def watched(self, guild, now):
        """When nothing can have been missed of a server, as (begin, end)s."""
        lost = list(self.lost())
        for reign in self.reigns(now):
            for begin, end in self.connected(reign, guild):
                end = min([end, reign.proof, *(proof for moment, proof in lost if moment > begin)])
                if begin + BOOKING < end:
                    yield begin + BOOKING, end

    def gaps(self, guild, now):
        return without(0, now + BOOKING, self.watched(guild, now))

    def heard(self, moment):
        """When the tracker read what happened then: one that was frozen for a moment reads it later, and cannot know."""
        frozen = [(begin, end) for life in self.lives for begin, end in life.frozen if end - begin < STILL]
        return max([end for begin, end in frozen if begin - BOOKING <= moment <= end], default=moment)

    def unreachable(self):
        """When no tracker could write: the database was away, and until the next batch."""
        commits = sorted(m for life in self.lives for m, event, _ in life.events() if event == "batch_committed")
        for begin, end in self.away:
            yield begin - BOOKING, min((m for m in commits if m > end), default=float("inf"))

    def complaints(self, now):
        """In words: who ended with a proof older than it had to be."""
        excused = list(self.unreachable()) + [(proof, moment) for moment, proof in self.lost()]
        for reign in self.reigns(now):
            if not reign.over:
                continue
            for begin, end in self.connected(reign):
                for since, until in without(max(begin, reign.proof), end, excused):
                    if until - since > PROOF:
                        yield f"{reign.life.name} ended at {reign.end}, last proof {reign.proof}, watched {since} to {until}"
