"""What happens on a random evening, decided by its seed before it begins: the same seed makes the same choices again.

How long things take, and what they meet on their way, is the machine's affair.
"""

import collections
import itertools
import random

# at: seconds since the chapter began; then evening.part.verb(*arguments)
Step = collections.namedtuple("Step", "at part verb arguments")

EVENTS_A_SECOND = 20
STORM = 0.35  # of a chapter: after it nothing interrupts the watch

EVENTS = {
    "go": 400, "leave": 150, "flags": 120, "bot": 40, "replace_channel": 20, "snapshot": 10, "outage": 6, "removal": 6,
    "setting": 8, "afk": 4,
}  # fmt: skip

# How often each comes, and what is chosen for it. Seconds are how long it lasts; of a tracker's end, until another starts.
FAULTS = {
    "trackers.kill": (5, lambda rng: [rng.uniform(0, 1.5)]),
    "trackers.terminate": (3, lambda rng: [rng.uniform(0, 1.5)]),
    "trackers.freeze": (2, lambda rng: [rng.choice([rng.uniform(0.5, 3), rng.uniform(8, 11)])]),
    "trackers.join": (2, lambda rng: []),
    "trackers.step_clock": (2, lambda rng: [rng.choice([-1, 1]), rng.uniform(1, 6)]),
    "gateway.interrupt": (6, lambda rng: [rng.choice(["cut", "op 7", "op 9", 1001, 4000, 4008])]),
    "gateway.lose_session": (2, lambda rng: [rng.choice(["op 9", 4003, 4007, 4009])]),
    "gateway.refuse": (2, lambda rng: [rng.uniform(1, 3)]),
    "gateway.greet_anew": (2, lambda rng: [rng.uniform(1, 3)]),
    "gateway.forget": (2, lambda rng: []),
    "gateway.prune": (2, lambda rng: [rng.uniform(3, 8)]),
    "gateway.repeat": (1, lambda rng: [rng.choice([20, 300]), rng.choice([0, 10]), rng.randint(3, 15)]),
    "gateway.overlap": (2, lambda rng: [rng.choice([1, 10, 300]), rng.uniform(1, 4)]),
    "gateway.fall_silent": (1, lambda rng: [rng.uniform(1, 5)]),
    "gateway.shut": (2, lambda rng: [rng.uniform(1, 3)]),
    "database.terminate": (3, lambda rng: [rng.choice([1, 6])]),
    "database.bar": (2, lambda rng: [rng.uniform(0.5, 2)]),
    "database.stop": (2, lambda rng: [rng.uniform(0.5, 3)]),
    "database.kill": (2, lambda rng: [rng.uniform(0, 2)]),
    "database.fail_over": (2, lambda rng: []),
    "database.lose": (1, lambda rng: [rng.uniform(0.5, 2)]),
    "database.cut_way": (2, lambda rng: [rng.uniform(1, 6)]),
    "database.block_way": (2, lambda rng: [rng.uniform(1, 5)]),
    "database.step_clock": (2, lambda rng: [rng.choice([-1, 1]), rng.uniform(2, 10)]),
}

# Those that must not interrupt the watch.
QUIET = {
    "trackers.join", "trackers.step_clock", "gateway.forget", "gateway.prune", "gateway.repeat", "database.terminate", "database.bar",
    "database.stop", "database.cut_way", "database.block_way", "database.step_clock",
}  # fmt: skip


class Server:
    """A made-up server, as far as choices depend on it."""

    def __init__(self, guild):
        members = [(int(m["id"]), bool(m.get("bot"))) for m in guild["members"]]
        self.id = int(guild["id"])
        self.afk = int(guild["afk_channel_id"])
        self.channels = [int(c["id"]) for c in guild["channels"] if c["type"] in (2, 13)]
        self.people = [id for id, bot in members if not bot][:16]
        self.bots = [id for id, bot in members if bot][:2]
        self.back_at = 0  # in this chapter, from an outage or a removal


class Plan:
    def __init__(self, seed, guilds):
        self.rng = random.Random(seed)
        self.servers = [Server(guild) for guild in guilds]
        self.deck = self.rng.sample(list(FAULTS), len(FAULTS))  # each once, before chance decides
        self.beat = self.rng.choice([1, 1, 2])
        unwritten = self.rng.choice([200, 1000, 500000])
        self.environment = {"HEARTBEAT_INTERVAL": str(self.beat), "MAX_UNWRITTEN": str(unwritten)}  # of the trackers
        self.new_channels = 10**18

    def chapter(self, events, faults):
        """Its steps, in order."""
        for server in self.servers:
            server.back_at = 0
        times = list(itertools.accumulate(self.rng.expovariate(EVENTS_A_SECOND) for _ in range(events)))
        steps = [step for at in times for step in self.event(at, times[-1])]
        for _ in range(faults):
            steps += self.fault(times[-1])
        # Then it is quiet, and what comes twice would show.
        steps.append(Step(STORM * times[-1], "trackers", "do_not_wait", []))
        steps.append(Step(0.8 * times[-1], "gateway", "repeat", [300, self.rng.choice([5, 10, 20]), 10]))
        return sorted(steps, key=lambda step: step.at)

    # Events ------------------------------------------------------------------------------------------------------

    def event(self, at, end):
        rng, server = self.rng, self.rng.choice(self.servers)
        verb = rng.choices(list(EVENTS), list(EVENTS.values()))[0]
        where = rng.choice(server.channels)
        if verb == "go":
            arguments = [rng.choice(server.people), where]
        elif verb == "leave":
            arguments = [rng.choice(server.people)]
        elif verb == "flags":
            arguments = [rng.choice(server.people), rng.random() < 0.5, rng.random() < 0.5]
        elif verb == "bot":
            arguments = [rng.choice(server.bots), rng.choice([None, where])]
        elif verb == "setting":
            # Mostly on, or little would be counted.
            arguments = [rng.choice(["tracking", "count_afk"]), rng.random() < 0.6]
        elif verb == "replace_channel":
            arguments = self.replace_channel(server)
        elif at < server.back_at:  # of what follows, a server in an outage knows nothing
            return []
        elif verb == "afk":
            server.afk = where
            arguments = [where]
        elif verb == "snapshot":
            arguments = []
        else:
            server.back_at = min(at + rng.uniform(0, 4), end)
            back = {"outage": "return", "removal": "add"}[verb]
            first = "remove" if verb == "removal" else verb
            end = Step(server.back_at, "voices", "hear", [server.id, back])
            return [Step(at, "voices", "silence", [server.id, first]), end]
        return [Step(at, "voices", verb, [server.id, *arguments])]

    def replace_channel(self, server):
        """Deleted with everybody in it; another comes."""
        old = self.rng.choice([channel for channel in server.channels if channel != server.afk])
        self.new_channels += 1
        server.channels[server.channels.index(old)] = self.new_channels
        return [old, self.new_channels]

    # Faults ------------------------------------------------------------------------------------------------------

    def fault(self, end):
        if not self.deck:
            self.deck = [name for name, (often, _) in FAULTS.items() for _ in range(often)]
            self.rng.shuffle(self.deck)
        name = self.deck.pop()
        part, verb = name.split(".")
        at = self.rng.uniform(0, end if name in QUIET else STORM * end)
        steps = [Step(at, part, verb, FAULTS[name][1](self.rng))]
        # In a living tracker the pauses before an IDENTIFY grow: mostly it is ended soon.
        if verb in ("lose_session", "refuse") and self.rng.random() < 0.8:
            end = self.rng.choice(["kill", "terminate"])
            steps.append(Step(at + self.rng.uniform(0.5, 2), "trackers", end, [self.rng.uniform(0, 1)]))
        return steps
