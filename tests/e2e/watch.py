"""When somebody watched: from the trackers' own words, and from what the database held at each moment."""

import collections
import datetime
import re
import time

from truth import BOOKING, without

LINE = re.compile(r"^(\S+)Z \w+ tracker (\w+) ?(.*)$", re.M)
BROKEN = {
    "gateway_closed", "gateway_reconnecting", "gateway_invalid_session", "gateway_stopped", "shard_taken", "batches_lost",
    "batch_refused", "unwritten_full",
}  # fmt: skip
STILL = 6  # a tracker that was frozen for longer knows it, and asks for it all again

HOUR = 3600
DISCORD_EPOCH = 1420070400
Proof = collections.namedtuple("Proof", "moment batches proven_at")  # as it was in the database at that moment
Reign = collections.namedtuple("Reign", "life epoch begin end over proof")  # of a tracker over the shard, from its claim


def moment_of(stamp, started):
    """Clocks are stepped by whole hours, and no evening is that long: the minutes tell the true moment."""
    moment = datetime.datetime.fromisoformat(stamp + "+00:00").timestamp()
    return moment - HOUR * round((moment - started - HOUR / 4) / HOUR)


def number(words, name):
    return int(re.search(rf"\b{name}=(\d+)", words)[1])


class Life:
    """A tracker, as the test sees it."""

    def __init__(self, program):
        self.program = program
        self.name = program.path.stem
        self.started = time.time()
        self.died = None
        self.stopping = False
        self.frozen = []  # (begin, end)s; end: inf while it goes on

    def events(self):
        """(moment, event, words) of its log."""
        for stamp, event, words in LINE.findall(self.program.log()):
            yield moment_of(stamp, self.started), event, words

    def claims(self):
        return [(moment, number(words, "epoch")) for moment, event, words in self.events() if event == "shard_claimed"]


class Watch:
    def __init__(self, beat=2):
        self.beat = beat  # HEARTBEAT_INTERVAL: two seconds where harness.Trackers starts them
        self.lives = []
        self.proofs = []
        self.failovers = []  # what the standby had: Proofs too
        self.away = []  # [begin, end]s: when the database was out of the trackers' reach; end: inf while it goes on

    @property
    def patience(self):
        """Between two proofs when all is well: a beat and its commit take time too."""
        return self.beat + 1

    def note_proof(self, moment, batches, proven_at):
        if not self.proofs or self.proofs[-1][1:] != (batches, proven_at):
            self.proofs.append(Proof(moment, batches, proven_at))

    def note_failover(self, moment, batches, proven_at):
        self.proofs.append(Proof(moment, batches, proven_at))
        self.failovers.append(self.proofs[-1])

    def proof_at(self, moment):
        return max((proof for proof in self.proofs if proof.moment <= moment), default=Proof(0, 0, 0)).proven_at

    # Who owned the shard, and heard --------------------------------------------------------------------------------

    def reigns(self, now):
        claims = sorted((moment, epoch, life.name, life) for life in self.lives for moment, epoch in life.claims())
        ends = [moment for moment, *_ in claims[1:]] + [None]
        for (begin, epoch, _, life), next_claim in zip(claims, ends):
            over = next_claim is not None or life.died is not None
            end = min(next_claim or now, life.died or now)
            yield Reign(life, epoch, begin, end, over, self.proof_at(next_claim or now) if over else now)

    def connected(self, reign, guild=None):
        """When its owner heard of a server, or of any: from RESUMED or a snapshot or READY until it broke, as (begin, end)s."""
        since = None
        for moment, event, words in reign.life.events():
            if not reign.begin <= moment <= reign.end:
                continue
            greeted = event == "gateway_ready" if guild is None else event == "guild_seen" and f"guild={guild} " in words
            if greeted or event == "gateway_resumed":
                since = since or moment
            elif event in BROKEN and since is not None:
                yield since, moment
                since = None
        if since is not None:
            yield since, reign.end

    def surely_connected(self, reign, guild=None):
        """The same without what a break makes doubtful: the last thing heard may be a beat old."""
        frozen = [(begin - self.patience, end + BOOKING) for begin, end in reign.life.frozen]
        for begin, end in self.connected(reign, guild):
            sure = end if end == reign.end else end - self.patience
            if begin < sure:
                yield from without(begin, sure, frozen)

    def written(self):
        """(moment, number, tracker) of all batches, as their writers say."""
        for life in self.lives:
            for moment, event, words in life.events():
                if event == "batch_committed":
                    yield moment, number(words, "batch"), life.name

    def lost(self):
        """The fail-overs in which the database forgot something."""
        written = list(self.written())
        for left in self.failovers:
            forgotten = any(proof.moment < left.moment and proof.proven_at > left.proven_at for proof in self.proofs)
            if forgotten or any(moment < left.moment and batch >= left.batches for moment, batch, _ in written):
                yield left

    def watched(self, guild, now):
        """When nothing can have been missed of a server, or of any, as (begin, end)s."""
        lost = list(self.lost())
        for reign in self.reigns(now):
            for begin, end in self.surely_connected(reign, guild):
                end = min([end, reign.proof, *(left.proven_at for left in lost if left.moment > begin)])
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
        commits = sorted(moment for moment, _, _ in self.written())
        return [(begin - BOOKING, min((m for m in commits if m > end), default=float("inf"))) for begin, end in self.away]

    # What must hold of it -----------------------------------------------------------------------------------------

    def complaints(self, sql, now):
        """In words."""
        yield from self.old_proofs(now)
        yield from self.wrong_writers(sql, now)
        yield from self.wrong_coverage(sql, now)

    def old_proofs(self, now):
        """Who ended with a proof older than it had to be."""
        excused = self.unreachable() + [(left.proven_at, left.moment) for left in self.lost()]
        for reign in self.reigns(now):
            for begin, end in self.surely_connected(reign) if reign.over else ():
                for since, until in without(max(begin, reign.proof), end, excused):
                    if until - since > self.patience:
                        yield f"{reign.life.name} ended at {reign.end}, last proof {reign.proof}, watched {since} to {until}"

    def wrong_writers(self, sql, now):
        """Batches of one number by two trackers, sessions begun by somebody who was not the owner."""
        writers = collections.defaultdict(list)
        for moment, batch, name in self.written():
            if not any(moment < left.moment and batch >= left.batches for left in self.failovers):  # else it was forgotten
                writers[batch].append(name)
        yield from (f"batch {batch} was written by {names}" for batch, names in writers.items() if len(names) > 1)
        reigns = collections.defaultdict(list)
        for reign in self.reigns(now):
            reigns[reign.epoch % 1024].append((reign.begin - BOOKING, reign.end + BOOKING))
        for (session,) in sql.execute("SELECT session_id FROM voice_session").fetchall():
            made, epoch = (session >> 22) / 1000 + DISCORD_EPOCH, session >> 12 & 1023
            if not any(begin <= made <= end for begin, end in reigns[epoch]):
                yield f"session {session} of epoch {epoch} was begun at {made}, its reigns: {reigns[epoch]}"

    def wrong_coverage(self, sql, now):
        """shard_coverage against what was heard."""
        rows = sql.execute(COVERAGE).fetchall()
        for (begin, end, reason), following in zip(rows, [*rows[1:], None]):
            if following is not None and (end is None or end > following[0] or reason not in REASONS):
                yield f"coverage from {begin} to {end}, {reason}, then {following}"
            if following is None and (end is None) != (reason is None):
                yield f"coverage from {begin} to {end}, {reason}"
        covered = [(begin, now if end is None else end) for begin, end, _ in rows]
        heard = [(begin - BOOKING, end + BOOKING) for reign in self.reigns(now) for begin, end in self.connected(reign)]
        for row in covered:
            yield from (f"covered, but not heard: {begin} to {end} of {row}" for begin, end in without(*row, heard))
        for begin, end in self.watched(None, now):
            for since, until in without(begin, end, covered):
                if until - since > BOOKING:
                    yield f"watched, but not covered: {since} to {until}"


COVERAGE = """
SELECT extract(epoch FROM from_at)::float8, extract(epoch FROM to_at)::float8, end_reason FROM shard_coverage ORDER BY from_at
"""
REASONS = {"broken", "session_lost", "stopped", "memory", "crashed", "taken"}
