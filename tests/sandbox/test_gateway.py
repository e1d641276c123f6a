"""The local Discord's gateway is as hostile as the real one."""
import time

import pytest

from local_discord import Closed, LocalDiscord

GUILD = "1187440136951169024"
HEARTH = "1187440517773262857"
WATCH = "1187440523028725772"
STAGE = "1238946523644694529"


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    discord = LocalDiscord(tmp_path_factory.mktemp("sandbox"))
    yield discord
    discord.stop()


@pytest.fixture
def discord(process):
    """With the day's budget whole and nobody in voice."""
    process.post("/control/gateway", action="cut")
    process.post("/control/reset")
    for member in process.get("/control/state")["guilds"][0]["members"]:
        if member["channel_id"]:
            process.post("/control/voice", user_id=member["id"], channel_id=None)
    return process


@pytest.fixture
def people(discord):
    return [member["id"] for member in discord.get("/control/state")["guilds"][0]["members"]]


def last_close(discord):
    while True:
        closes = [r for r in discord.get("/control/requests?after=0")["requests"] if r["kind"] == "close"]
        if closes:
            return closes[-1]


def test_ready_snapshot_and_voice(discord, people):
    discord.post("/control/voice", user_id=people[0], channel_id=HEARTH)
    client = discord.gateway(compress=True)
    client.identify()
    ready = client.receive()
    assert ready["t"] == "READY" and ready["s"] == 1
    assert {"id": GUILD, "unavailable": True} in ready["d"]["guilds"]
    assert ready["d"]["resume_gateway_url"].startswith("wss://127.0.0.1:")
    guild = client.receive()
    assert guild["t"] == "GUILD_CREATE" and guild["s"] == 2 and guild["d"]["member_count"] == 214
    states = guild["d"]["voice_states"]
    assert [s["user_id"] for s in states] == [people[0]] and "guild_id" not in states[0] and "member" not in states[0]
    assert people[0] in [m["user"]["id"] for m in guild["d"]["members"]]
    client.receive()

    discord.post("/control/voice", user_id=people[1], channel_id=HEARTH)
    joined = client.receive()
    assert joined["s"] == 4 and joined["d"]["guild_id"] == GUILD and joined["d"]["member"]["user"]["id"] == people[1]
    discord.post("/control/voice", user_id=people[1], channel_id=STAGE, without_member=True)
    moved = client.receive()["d"]
    assert moved["session_id"] == joined["d"]["session_id"] and moved["suppress"] and "member" not in moved
    discord.post("/control/voice", user_id=people[1], self_mute=True)
    assert client.receive()["d"]["channel_id"] == STAGE
    discord.post("/control/voice", user_id=people[1], channel_id=None)
    assert client.receive()["d"]["channel_id"] is None


def test_guild_and_channel_events(discord, people):
    client = discord.identify()
    discord.post("/control/guild", action="outage")
    assert client.until("GUILD_DELETE")["d"] == {"id": GUILD, "unavailable": True}
    discord.post("/control/voice", user_id=people[0], channel_id=HEARTH)
    discord.post("/control/guild", action="return")
    assert len(client.receive()["d"]["voice_states"]) == 1
    discord.post("/control/guild", action="remove")
    assert client.receive()["d"] == {"id": GUILD}
    discord.post("/control/guild", action="add")
    assert client.receive()["t"] == "GUILD_CREATE"
    channel = discord.post("/control/channel", action="create", name="New")["channel_id"]
    assert client.receive()["t"] == "CHANNEL_CREATE"
    discord.post("/control/voice", user_id=people[0], channel_id=channel)
    client.receive()
    discord.post("/control/channel", action="delete", channel_id=channel)
    assert client.receive()["d"]["channel_id"] is None
    assert client.receive()["d"]["id"] == channel
    discord.post("/control/guild", action="afk", channel_id=None)
    assert client.receive()["d"]["afk_channel_id"] is None
    discord.post("/control/guild", action="afk", channel_id="1187440607468453890")
    assert client.receive()["t"] == "GUILD_UPDATE"


def test_resume_replays_what_was_missed(discord, people):
    client = discord.gateway(compress=True)
    client.identify()
    ready = client.receive()["d"]
    for _ in range(2):
        seq = client.receive()["s"]
    discord.post("/control/gateway", action="cut")
    with pytest.raises(Closed):
        client.receive()
    discord.post("/control/voice", user_id=people[0], channel_id=HEARTH)
    discord.post("/control/voice", user_id=people[0], channel_id=WATCH)
    again = discord.gateway(ready["resume_gateway_url"], compress=True)
    again.resume(ready["session_id"], seq)
    assert [again.receive()["d"]["channel_id"] for _ in range(2)] == [HEARTH, WATCH]
    resumed = again.receive()
    assert resumed["t"] == "RESUMED" and resumed["s"] == seq + 3


def test_resume_is_refused(discord, people):
    client = discord.identify()
    ready = {"url": discord.rest("GET", "/gateway/bot").json["url"]}
    session = discord.get("/control/state")["gateway"]["sessions"][0]
    resume_url = ready["url"].replace("localhost", "127.0.0.1").replace("/gateway", "/resume")

    def attempt(url, **changes):
        other = discord.gateway(url)
        other.resume(changes.get("session_id", session["session_id"]), changes.get("seq", session["seq"]), changes.get("token"))
        return other

    assert attempt(ready["url"]).receive()["op"] == 9, "not on the main url"
    assert attempt(resume_url, session_id="0" * 32).receive()["d"] is False
    assert attempt(resume_url, seq=session["seq"] + 5).closed() == 4007
    assert attempt(resume_url, token="wrong").closed() == 4004
    discord.post("/control/faults", resume="refuse")
    assert attempt(resume_url).receive() == {"t": None, "s": None, "op": 9, "d": False}
    discord.post("/control/faults", resume="ready")
    answer = attempt(resume_url).receive()
    assert answer["t"] == "READY" and answer["d"]["session_id"] != session["session_id"]
    client.close(4000)


def test_pruned_replay(discord, people):
    discord.post("/control/faults", prune=True)
    client = discord.gateway()
    client.identify()
    ready = client.receive()["d"]
    for _ in range(3):
        discord.post("/control/voice", user_id=people[0], channel_id=HEARTH)
    client.send(1, 4)
    while client.receive()["op"] != 11:
        pass
    client.socket.close()
    early = discord.gateway(ready["resume_gateway_url"])
    early.resume(ready["session_id"], 3)
    assert early.receive()["op"] == 9
    exact = discord.gateway(ready["resume_gateway_url"])
    exact.resume(ready["session_id"], 4)
    assert exact.receive()["s"] == 5


def test_dispatches_come_twice(discord, people):
    client = discord.gateway()
    client.identify()
    ready = client.receive()["d"]
    for channel in (HEARTH, WATCH):
        discord.post("/control/voice", user_id=people[0], channel_id=channel)
    sent = [client.receive() for _ in range(4)][-2:]
    discord.post("/control/gateway", action="again", last=2)
    discord.post("/control/gateway", action="again", last=2, but=1)
    assert [client.receive() for _ in range(3)] == [*sent, sent[0]]
    client.socket.close()
    discord.post("/control/faults", overlap=2)
    again = discord.gateway(ready["resume_gateway_url"])
    again.resume(ready["session_id"], 5)
    assert [again.receive() for _ in range(2)] == sent
    assert again.receive()["t"] == "RESUMED"


def test_a_forgotten_replay(discord):
    client = discord.gateway()
    client.identify()
    ready = client.receive()["d"]
    discord.post("/control/gateway", action="forget")
    client.socket.close()
    again = discord.gateway(ready["resume_gateway_url"])
    again.resume(ready["session_id"], 1)
    assert again.receive()["op"] == 9


def test_close_by_1000_ends_the_session_and_4000_does_not(discord):
    for code, answer in ((4000, "RESUMED"), (1000, None)):
        discord.post("/control/faults", identify_window_ms=0)
        client = discord.gateway()
        client.identify()
        ready = client.receive()["d"]
        client.close(code)
        assert last_close(discord)["code"] == code
        again = discord.gateway(ready["resume_gateway_url"])
        again.resume(ready["session_id"], 3)
        assert again.receive()["t"] == answer
        discord.post("/control/reset")


def test_identify_budget(discord):
    discord.identify()
    second = discord.gateway()
    second.identify()
    assert second.receive()["op"] == 9, "one IDENTIFY in five seconds"
    assert discord.rest("GET", "/gateway/bot").json["session_start_limit"]["remaining"] == 998
    discord.post("/control/faults", identify_window_ms=0, identify="refuse")
    second.identify()
    assert second.receive()["op"] == 9
    discord.post("/control/faults", identify="accept", identify_remaining=0)
    second.identify()
    assert second.closed() == 4004


@pytest.mark.parametrize("changes, code", [
    ({"token": "Bot x"}, 4004), ({"intents": 1}, 4013), ({"intents": "129"}, 4013), ({"intents": 129 | 2}, 4014),
    ({"shard": [1, 1]}, 4010), ({"properties": None}, 4002)])
def test_wrong_identify(discord, changes, code):
    client = discord.gateway()
    client.identify(**changes)
    assert client.closed() == code


def test_wrong_frames(discord):
    def attempt(action):
        client = discord.gateway()
        client.receive()
        action(client)
        return client.closed()

    assert attempt(lambda c: c.send_raw(1, b"{")) == 4002
    assert attempt(lambda c: c.send_raw(1, b"[]")) == 4001
    assert attempt(lambda c: c.send(99, None)) == 4001
    assert attempt(lambda c: c.send_raw(1, b'{"op":1,"d":null' + b" " * 4096 + b"}")) == 4002
    assert attempt(lambda c: c.send(4, {})) == 4003
    assert attempt(lambda c: [c.send(1, None) for _ in range(121)]) == 4008
    assert attempt(lambda c: c.send_raw(1, b"{}", masked=False)) in (1002, None)
    assert discord.gateway(query="v=9&encoding=json").closed() == 4012
    assert discord.gateway(query="v=10&encoding=etf").closed() == 4002
    client = discord.identify()
    client.identify()
    assert client.closed() == 4005
    client = discord.identify() if discord.post("/control/reset") == {} else None
    client.send(1, 1000)
    assert client.closed() == 4007


def test_silence_is_noticed(discord):
    discord.post("/control/faults", heartbeat_interval=100)
    client = discord.identify()
    client.send(1, None)
    assert client.closed() == 4009
    assert discord.get("/control/state")["gateway"]["sessions"] == [] or last_close(discord)["by"] == "server"


def test_control_frames(discord):
    client = discord.identify()
    client.receive(), client.receive()
    discord.post("/control/gateway", action="reconnect")
    assert client.receive()["op"] == 7
    discord.post("/control/gateway", action="beat")
    assert client.receive()["op"] == 1
    discord.post("/control/gateway", action="raw", frame={"op": 0, "t": "NEW_THING", "s": 4, "d": {}})
    assert client.receive()["t"] == "NEW_THING"
    discord.post("/control/faults", acks=False)
    client.send(1, 3)
    discord.post("/control/gateway", action="invalid_session", resumable=True)
    assert client.receive() == {"t": None, "s": None, "op": 9, "d": True}
    discord.post("/control/gateway", action="close", code=4009)
    assert client.closed() == 4009
    frames = [r for r in discord.get("/control/requests?after=0")["requests"] if r["kind"] == "frame"]
    assert [(f["op"], f["d"]) for f in frames if f["op"] == 1] == [(1, 3)]


def test_connection_faults(discord):
    discord.post("/control/faults", connect="refuse")
    assert discord.gateway().status == 503
    discord.post("/control/faults", connect="accept", hello=False)
    with pytest.raises(TimeoutError):
        discord.gateway().receive(timeout=0.3)
    discord.post("/control/faults", hello=True, fragment=True)
    client = discord.gateway(compress=True)
    client.identify()
    assert client.receive()["t"] == "READY"


def test_a_bucket_of_shards_has_one_identify_in_its_window(discord):
    discord.post("/control/faults", max_concurrency=2, identify_window_ms=2000)
    assert discord.rest("GET", "/gateway/bot").json["session_start_limit"]["max_concurrency"] == 2

    def identify(shard):
        client = discord.gateway()
        client.identify(shard=[shard, 6])
        answer = client.receive()
        return answer["t"] or answer["op"]

    assert [identify(shard) for shard in (4, 3)] == ["READY", "READY"], "one of each bucket"
    assert [identify(shard) for shard in (2, 0, 1, 5)] == [9, 9, 9, 9]
    time.sleep(2.1)
    assert [identify(shard) for shard in (5, 2, 0)] == ["READY", "READY", 9]


def test_too_many_servers_for_one_shard(discord):
    discord.post("/control/faults", guilds_per_shard=1, identify_window_ms=0)
    client = discord.gateway()
    client.identify()
    assert client.closed() == 4011
    client = discord.gateway()
    client.identify(shard=[0, 2])  # the cast's two fall to different shards
    assert client.receive()["t"] == "READY"


def test_events_go_to_the_shard_of_their_server(discord):
    discord.post("/control/faults", identify_window_ms=0)
    clients = [discord.gateway() for _ in range(4)]
    for shard, client in enumerate(clients):
        client.identify(shard=[shard, 4])
        assert client.receive()["d"]["shard"] == [shard, 4]
    for shard, client in enumerate(clients):
        guild = str((300_000_000_000 + shard) << 22)
        discord.post("/control/guild", action="add", guild={"id": guild, "name": "New"})
        while (frame := client.receive())["d"]["id"] != guild:
            assert frame["t"] == "GUILD_CREATE" and (int(frame["d"]["id"]) >> 22) % 4 == shard
        discord.post("/control/guild", action="remove", guild_id=guild)
        assert client.receive() == {"t": "GUILD_DELETE", "s": frame["s"] + 1, "op": 0, "d": {"id": guild}}


def test_shards_get_their_guilds(discord):
    discord.post("/control/faults", identify_window_ms=0, shards=2)
    assert discord.rest("GET", "/gateway/bot").json["shards"] == 2
    found = []
    for shard in (0, 1):
        client = discord.gateway()
        client.identify(shard=[shard, 2])
        ready = client.receive()["d"]
        assert all((int(g["id"]) >> 22) % 2 == shard for g in ready["guilds"])
        found += ready["guilds"]
    assert len(found) == 2
