"""Interactions and the calls that their tokens open, with a handler made up here."""
import json
import pathlib
import threading
import time

import pytest

from local_discord import LocalDiscord
from made_up_handler import Handler

SAMPLES = pathlib.Path(__file__).resolve().parents[3] / "shared/discord/samples"
PNG = (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x0a\x00\x00\x00\x14\x08\x06\x00\x00\x00" + b"\x00" * 40)
V2 = 32768


@pytest.fixture(scope="module")
def handler():
    made_up = Handler()
    yield made_up
    made_up.server.shutdown()


@pytest.fixture(scope="module")
def process(tmp_path_factory, handler):
    discord = LocalDiscord(tmp_path_factory.mktemp("sandbox"), handler.url)
    handler.public_key = discord.env["DISCORD_PUBLIC_KEY"]
    yield discord
    discord.stop()


@pytest.fixture
def discord(process):
    process.post("/control/reset")
    return process


def multipart(payload, *files):
    boundary = "vcl7f3a9c"
    body = b""
    parts = [("payload_json", None, "application/json", json.dumps(payload).encode())] if payload is not None else []
    for name, filename, content_type, data in parts + list(files):
        named = f'; filename="{filename}"' if filename else ""
        body += (f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n'
                 f"Content-Type: {content_type}\r\n\r\n").encode() + data + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def card(name="lb-9c41.png", **changes):
    payload = {"flags": V2, "allowed_mentions": {"parse": []},
               "attachments": [{"id": "0", "filename": name, "description": "Places 1 to 10"}],
               "components": [{"type": 17, "accent_color": 5793266, "components": [
                   {"type": 10, "content": "## Board"},
                   {"type": 12, "items": [{"media": {"url": "attachment://" + name}, "description": "Places 1 to 10"}]},
                   {"type": 1, "components": [
                       {"type": 2, "style": 2, "label": "Next", "custom_id": "vc1:next"},
                       {"type": 2, "style": 2, "label": "Last", "custom_id": "vc1:last", "disabled": True}]}]}]}
    payload.update(changes)
    return payload


def png(name="lb-9c41.png", number=0, data=PNG):
    return (f"files[{number}]", name, "image/png", data)


class Answered:
    """A slash command that the handler deferred."""

    def __init__(self, discord, handler, answer=None, **body):
        handler.answers.append((200, {"type": 5} if answer is None else answer))
        self.discord = discord
        self.result = discord.post("/control/interaction", **(body or {"command": "leaderboard"}))
        self.id = self.result["interaction_id"]
        self.base = f"/webhooks/{discord.env['DISCORD_APPLICATION_ID']}/{self.result['token']}"

    def patch(self, payload, *files, path="/messages/@original"):
        if files:
            body, content_type = multipart(payload, *files)
            return self.discord.rest("PATCH", self.base + path, body, token=False, content_type=content_type)
        return self.discord.rest("PATCH", self.base + path, payload, token=False)

    def state(self, wait=0):
        return self.discord.get(f"/control/answers/{self.id}?wait={wait}")


def shape(value):
    """The keys of an object, all the way down."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(item) for item in value[:1]] if isinstance(value, list) else None


def test_payload_has_the_documented_shape(discord, handler):
    members = discord.get("/control/state")["guilds"][0]["members"]
    Answered(discord, handler, command="leaderboard", options={"time_range": "today"}, user_id=members[5]["id"])
    headers, body = handler.got[-1]
    sent = json.loads(body)
    assert sent["data"]["options"] == [{"name": "leaderboard", "type": 1, "options": [
        {"name": "time_range", "type": 3, "value": "today"}]}]
    assert headers["User-Agent"].startswith("Discord-Interactions/1.0")
    if not SAMPLES.exists():
        pytest.skip("no samples here")
    sample = json.loads((SAMPLES / "02-slash-leaderboard.json").read_text())
    sample["data"]["options"] = sent["data"]["options"]
    sample["member"]["roles"] = sent["member"]["roles"] = []
    assert shape(sent) == shape(sample)

    Answered(discord, handler, command="stats", options={"user": members[7]["id"]})
    sent = json.loads(handler.got[-1][1])
    assert sent["data"]["resolved"]["users"][members[7]["id"]]["username"] == members[7]["username"]
    sample = json.loads((SAMPLES / "03-slash-stats.json").read_text())["data"]["resolved"]["members"]
    assert shape(sent["data"]["resolved"]["members"][members[7]["id"]]) == {**shape(list(sample.values())[0]), "roles": []}


def test_a_replay_is_the_same_request_and_changes_nothing(discord, handler):
    first = Answered(discord, handler)
    before = first.state()
    handler.answers.append((200, {"type": 5}))
    again = discord.post("/control/interaction", replay=first.id)
    assert (again["interaction_id"], again["status"], again["response"]) == (first.id, 200, {"type": 5})
    (headers, body), (headers_again, body_again) = handler.got[-2:]
    assert body == body_again and all(headers[name] == headers_again[name] for name in headers if name.startswith("X-Signature"))
    assert first.state() == before


def test_ping_and_bad_signatures(discord, handler):
    pong = Answered(discord, handler, {"type": 1}, ping=True)
    assert pong.result["response"] == {"type": 1} and pong.state()["state"] == "acknowledged"
    for spoilt in ("bad", "missing", "short", "odd", "not_hex", "no_timestamp"):
        result = discord.post("/control/interaction", ping=True, signature=spoilt)
        assert result["status"] == 401, spoilt
    handler.answers.append((200, {"type": 5}))
    assert "refused" in discord.post("/control/interaction", ping=True)
    handler.answers.append((400, {}))
    assert discord.post("/control/interaction", raw='{"type":')["status"] == 400


def test_picture_answer(discord, handler):
    answered = Answered(discord, handler)
    assert answered.state()["thinking"] is True
    edited = answered.patch(card(), png())
    assert edited.status == 200, edited.body
    message = edited.json
    assert message["attachments"] == [] and message["flags"] == V2
    media = message["components"][0]["components"][1]["items"][0]["media"]
    assert (media["width"], media["height"]) == (10, 20)
    state = answered.state(wait=1000)
    assert state["thinking"] is False and state["took_ms"] >= 0
    (attachment,) = state["attachments"]
    assert attachment["description"] == "Places 1 to 10"
    for url in (attachment["url"], attachment["url"].replace(discord.env["DISCORD_CDN_URL"], discord.env["SANDBOX_URL"])):
        assert discord.request("GET", url).body == PNG
    request = [r for r in discord.get("/control/requests?after=0")["requests"] if r["kind"] == "rest"][-1]
    assert request["status"] == 200 and request["files"][0]["size"] == len(PNG) and request["json"]["flags"] == V2
    assert answered.patch(card("two.png"), png("two.png")).status == 200
    assert [a["filename"] for a in answered.state()["attachments"]] == ["two.png"]


def test_waiting_for_an_answer(discord, handler):
    answered = Answered(discord, handler)
    threading.Timer(0.2, lambda: answered.patch({"content": "done"})).start()
    started = time.monotonic()
    assert answered.state(wait=5000)["message"]["content"] == "done"
    assert 0.1 < time.monotonic() - started < 3


def errors(answer):
    assert answer.status == 400 and answer.json["code"] == 50035, answer.body
    return json.dumps(answer.json["errors"])


@pytest.mark.parametrize("payload, files, word", [
    (card(components=[{"type": 10, "content": "x"}] * 41), [png()], "Must be between 0 and 40"),
    (card(components=[{"type": 17, "components": [{"type": 10, "content": "x"}] * 20}] * 2), [png()], "TOTAL_COMPONENTS"),
    (card(components=[{"type": 10, "content": "x" * 2001}] * 2), [png()], "TEXT_SIZE"),
    (card(components=[{"type": 10, "content": ""}]), [png()], "BAD_LENGTH"),
    (card(components=[{"type": 17, "components": [{"type": 17, "components": []}]}]), [png()], "UNION_TYPE_CHOICES"),
    (card(components=[{"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": "é" * 101}]}]), [png()],
     "BAD_LENGTH"),
    (card(components=[{"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": "a"}] * 2}]), [png()],
     "CUSTOM_ID_DUPLICATED"),
    (card(components=[{"type": 1, "components": [{"type": 3, "custom_id": "a", "options": []}]}]), [png()], "BAD_LENGTH"),
    (card(components=[{"type": 1, "components": [
        {"type": 3, "custom_id": "a", "options": [{"label": "x", "value": "x"}] * 2}]}]), [png()], "VALUE_DUPLICATED"),
    (card(components=[{"type": 12, "items": [{"media": {"url": "attachment://other.png"}}]}]), [png()], "ATTACHMENT_NOT_FOUND"),
    (card(content="hello"), [png()], "LEGACY_FIELDS"),
    (card(flags=V2 | 64), [png()], "FLAGS_NOT_ALLOWED"),
    (card(flags=0), [png()], "IS_COMPONENTS_V2"),
    (card(attachments=[{"id": 1}]), [png()], "ATTACHMENT_NOT_FOUND"),
    (card(attachments=[]), [png()], "ATTACHMENT_NOT_LISTED"),
    (card(attachments=[{"id": 0, "description": "x" * 1025}]), [png()], "BAD_LENGTH"),
    (card("a b.png"), [png("a b.png")], "FILENAME_INVALID"),
    (card(allowed_mentions={"parse": ["all"]}), [png()], "BASE_TYPE_CHOICES"),
    (card(), [png(number=12)], "FORM_PART_UNKNOWN"),
])
def test_what_discord_refuses(discord, handler, payload, files, word):
    answered = Answered(discord, handler)
    assert word in errors(answered.patch(payload, *files))
    assert answered.state()["thinking"] is True


def test_bodies_and_headers(discord, handler):
    answered = Answered(discord, handler)
    path = answered.base + "/messages/@original"
    assert discord.rest("PATCH", path, b"{", token=False).json["code"] == 50109
    assert discord.rest("PATCH", path, b"x=1", token=False, content_type="text/plain").json["code"] == 50035
    body, content_type = multipart(None, png())
    assert discord.rest("PATCH", path, body, token=False, content_type=content_type).json["code"] == 50035
    assert discord.rest("PATCH", path, body[:-6], token=False, content_type=content_type).json["code"] == 50035
    agent = {"User-Agent": "curl/8"}
    assert discord.rest("PATCH", path, {"content": "x"}, token=False, headers=agent).json["code"] == 40333
    assert discord.rest("GET", "/gateway/bot", token=False).status == 401
    assert discord.rest("GET", "/nothing").status == 404


def test_limits_of_files(discord, handler):
    discord.post("/control/faults", attachment_size_limit=50)
    small = Answered(discord, handler)
    answer = small.patch(card(), png())
    assert answer.status == 413 and answer.json["code"] == 40005
    discord.post("/control/faults", attachment_size_limit=10485760, app_permissions="2147483648")
    answer = Answered(discord, handler).patch(card(), png())
    assert answer.status == 403 and answer.json["code"] == 50013


def test_rate_limit(discord, handler):
    answered = Answered(discord, handler)
    answers = [answered.patch({"content": str(i)}) for i in range(6)]
    assert [a.status for a in answers] == [200] * 5 + [429]
    assert answers[0].headers["X-RateLimit-Remaining"] == "4"
    assert 0 < answers[5].json["retry_after"] <= 2 and answers[5].headers["Retry-After"] in ("1", "2")


def test_unknown_and_early(discord, handler):
    application = discord.env["DISCORD_APPLICATION_ID"]
    assert discord.rest("PATCH", f"/webhooks/{application}/nonsense/messages/@original", {"content": "x"}).json["code"] == 10015
    discord.post("/control/faults", digest_ms=300)
    answered = Answered(discord, handler)
    early = answered.patch({"content": "x"})
    assert early.status == 404 and early.json["code"] == 10015
    time.sleep(0.4)
    assert answered.patch({"content": "x"}).status == 200
    assert answered.patch({"content": "x"}, path="/messages/1").json["code"] == 10008


def test_made_up_faults(discord, handler):
    answered = Answered(discord, handler)
    discord.post("/control/faults", rest=[
        {"path_contains": "@original", "status": 404, "code": 10015, "times": 2},
        {"method": "PATCH", "status": 429, "retry_after": 0.5},
        {"status": 502, "body": "<html>", "delay_ms": 200},
        {"delay_ms": 200}])
    assert [answered.patch({"content": "x"}).json["code"] for _ in range(2)] == [10015, 10015]
    limited = answered.patch({"content": "x"})
    assert limited.json["retry_after"] == 0.5 and limited.headers["Retry-After"] == "1"
    started = time.monotonic()
    assert answered.patch({"content": "x"}).body == b"<html>"
    assert answered.patch({"content": "x"}).status == 200
    assert time.monotonic() - started >= 0.4


def test_follow_ups_and_deletion(discord, handler):
    answered = Answered(discord, handler, {"type": 5, "data": {"flags": 64}})
    assert answered.state()["ephemeral"] is True
    assert answered.patch({"content": "first"}).json["flags"] == 64
    private = discord.rest("POST", answered.base, {"content": "second", "flags": 64}, token=False)
    assert private.status == 200 and private.json["flags"] == 64
    assert [m["content"] for m in answered.state()["follow_ups"]] == ["second"]
    assert discord.rest("POST", answered.base, {}, token=False).json["code"] == 50006
    path = answered.base + "/messages/@original"
    assert discord.rest("DELETE", path, token=False).status == 204
    assert discord.rest("GET", path, token=False).json["code"] == 10008


def test_clicks(discord, handler):
    answered = Answered(discord, handler)
    answered.patch(card(), png())
    message = answered.state()["message"]
    click = Answered(discord, handler, {"type": 6}, message_id=message["id"], custom_id="vc1:next")
    sent = json.loads(handler.got[-1][1])
    assert sent["data"] == {"component_type": 2, "custom_id": "vc1:next", "id": 5}
    assert sent["message"]["interaction_metadata"]["id"] == answered.id
    if SAMPLES.exists():
        sample = json.loads((SAMPLES / "05-button-click.json").read_text())
        assert set(sent["message"]) == set(sample["message"]) and set(sent) == set(sample)
    assert click.state()["thinking"] is True
    assert click.patch(card("two.png"), png("two.png")).json["id"] == message["id"]
    assert click.state()["thinking"] is False
    private = Answered(discord, handler, {"type": 5, "data": {"flags": 64}}, message_id=message["id"], custom_id="vc1:next")
    assert private.patch({"content": "yours"}).json["id"] != message["id"]
    updated = Answered(discord, handler, {"type": 7, "data": {"components": [{"type": 10, "content": "shorter"}]}},
                       message_id=message["id"], custom_id="vc1:next")
    assert "refused" not in updated.result
    refused = discord.request("POST", discord.env["SANDBOX_URL"] + "/control/interaction",
                              json.dumps({"message_id": message["id"], "custom_id": "vc1:last"}).encode(),
                              {"Content-Type": "application/json"})
    assert refused.status == 400, "a disabled button"


def test_a_click_answered_in_words(discord, handler):
    answered = Answered(discord, handler)
    answered.patch(card(), png())
    message = answered.state()["message"]
    click = Answered(discord, handler, {"type": 6}, message_id=message["id"], custom_id="vc1:next")
    assert discord.rest("POST", click.base, {"content": "No.", "flags": 64}, token=False).status == 200
    settled = click.state()
    assert settled["thinking"] is False and settled["message"] == message
    assert [m["content"] for m in settled["follow_ups"]] == ["No."]


def test_of_several_clicks_one_is_answered(discord, handler):
    """A later one may still be owed its edit, an earlier one is not."""
    answered = Answered(discord, handler)
    answered.patch(card(), png())
    clicked = {"message_id": answered.state()["message"]["id"], "custom_id": "vc1:next"}
    first, second, third = (Answered(discord, handler, {"type": 6}, **clicked) for _ in range(3))
    assert second.patch(card("two.png"), png("two.png")).status == 200
    assert [click.state()["thinking"] for click in (first, second, third)] == [False, False, True]


def test_a_picture_outlives_two_edits(discord, handler):
    """Who saw the message before an edit may still be fetching its picture."""
    answered = Answered(discord, handler)
    answered.patch(card("0.png"), png("0.png"))
    (first,) = answered.state()["attachments"]
    for name, status in [("1.png", 200), ("2.png", 200), ("3.png", 404)]:
        assert answered.patch(card(name), png(name)).status == 200
        assert [a["filename"] for a in answered.state()["attachments"]] == [name]
        assert discord.request("GET", first["url"]).status == status, name


@pytest.mark.parametrize("answer", [
    {"type": 5, "data": {"flags": 32768}}, {"type": 6}, {"type": 4, "data": {}}, {"type": 77}, {},
    {"type": 4, "data": {"content": "x" * 2001}}])
def test_wrong_answers(discord, handler, answer):
    refused = Answered(discord, handler, answer)
    assert "refused" in refused.result and refused.state()["state"] == "failed"
    assert refused.patch({"content": "x"}).json["code"] == 10015


def label(component, words="Name", **more):
    return {"type": 18, "label": words, "component": component, **more}


def modal(*lines, **changes):
    return {"type": 9, "data": {"custom_id": "vc1:set", "title": "Settings", "components": list(lines), **changes}}


TEXT_INPUT = {"type": 4, "custom_id": "minutes", "style": 1}
CHOICES = [{"label": "Yes", "value": "yes"}, {"label": "No", "value": "no"}]
RADIO = {"type": 21, "custom_id": "afk", "options": CHOICES}


def test_modal(discord, handler):
    member = discord.get("/control/state")["guilds"][0]["members"][3]["id"]
    lines = [label(TEXT_INPUT), {"type": 10, "content": "Words"}, label({"type": 5, "custom_id": "who"}), label(RADIO),
             label({"type": 23, "custom_id": "bots"})]
    opened = Answered(discord, handler, modal(*lines))
    assert "refused" not in opened.result and opened.state()["message"] is None
    submitted = Answered(discord, handler, {"type": 4, "data": {"content": "Saved", "flags": 64}}, modal=opened.id,
                         values={"minutes": "5", "who": [member], "bots": True})
    sent = json.loads(handler.got[-1][1])
    assert sent["type"] == 5 and sent["data"].pop("resolved")["users"].keys() == {member}
    assert sent["data"] == {"custom_id": "vc1:set", "components": [
        {"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": "minutes", "value": "5"}},
        {"type": 10, "id": 3},
        {"type": 18, "id": 4, "component": {"type": 5, "id": 5, "custom_id": "who", "values": [member]}},
        {"type": 18, "id": 6, "component": {"type": 21, "id": 7, "custom_id": "afk", "value": None}},
        {"type": 18, "id": 8, "component": {"type": 23, "id": 9, "custom_id": "bots", "value": True}}]}
    assert submitted.state()["message"]["content"] == "Saved"
    again = Answered(discord, handler, modal(*lines), modal=opened.id)
    assert "refused" in again.result, "a modal does not answer a modal"


def test_modal_on_a_message(discord, handler):
    answered = Answered(discord, handler)
    answered.patch(card(), png())
    message = answered.state()["message"]
    opened = Answered(discord, handler, modal({"type": 1, "components": [dict(TEXT_INPUT, label="Minutes")]}),
                      message_id=message["id"], custom_id="vc1:next")
    submitted = Answered(discord, handler, {"type": 6}, modal=opened.id, values={"minutes": "7"})
    sent = json.loads(handler.got[-1][1])
    assert sent["message"]["id"] == message["id"]
    assert sent["data"]["components"] == [{"type": 1, "id": 1, "components": [
        {"type": 4, "id": 2, "custom_id": "minutes", "value": "7"}]}]
    assert submitted.patch(card("two.png"), png("two.png")).json["id"] == message["id"]


@pytest.mark.parametrize("answer, word", [
    (modal(), "BAD_LENGTH"), (modal(*[label(dict(TEXT_INPUT, custom_id=str(i))) for i in range(6)]), "BAD_LENGTH"),
    (modal(label(TEXT_INPUT), title="x" * 46), "title"), (modal(label(TEXT_INPUT), custom_id=""), "custom_id"),
    (modal(label(TEXT_INPUT, "x" * 46)), "label"), (modal(label(TEXT_INPUT), label(TEXT_INPUT)), "DUPLICATED"),
    (modal(label(dict(TEXT_INPUT, label="x"))), "LABEL_NOT_ALLOWED"), (modal(label(dict(TEXT_INPUT, style=3))), "style"),
    (modal(label(dict(RADIO, options=CHOICES[:1]))), "BAD_LENGTH"), (modal(label(dict(RADIO, disabled=True))), "DISABLED"),
    (modal({"type": 1, "components": [RADIO]}), "UNION_TYPE"), (modal(label({"type": 2, "custom_id": "x"})), "UNION_TYPE"),
    (modal(label({"type": 5, "custom_id": "x", "min_values": 0})), "min_values"), (modal({"type": 17}), "UNION_TYPE"),
])
def test_modals_that_discord_refuses(discord, handler, answer, word):
    refused = Answered(discord, handler, answer)
    assert word in json.dumps(refused.result["errors"]) and refused.state()["state"] == "failed"
    assert discord.request("POST", discord.env["SANDBOX_URL"] + "/control/interaction", json.dumps({"modal": refused.id}).encode(),
                           {"Content-Type": "application/json"}).status == 400


def test_sample_modal(discord, handler):
    if not SAMPLES.exists():
        pytest.skip("no samples here")
    opened = Answered(discord, handler, json.loads((SAMPLES / "31-out-modal.json").read_text()))
    assert "refused" not in opened.result
    values = {"min_minutes": "5", "ignored": ["1187440517773262857"], "afk_mode": "exclude", "count_bots": False}
    Answered(discord, handler, modal=opened.id, values=values)
    sample = json.loads((SAMPLES / "08-modal-submit.json").read_text())["data"]
    assert json.loads(handler.got[-1][1])["data"]["components"] == sample["components"]


def test_callback_call(discord, handler):
    handler.answers.append((202, None))
    result = discord.post("/control/interaction", command="leaderboard")
    path = f"/interactions/{result['interaction_id']}/{result['token']}/callback"
    assert discord.rest("POST", path, {"type": 4, "data": {"content": "hi"}}, token=False).status == 204
    assert discord.rest("POST", path, {"type": 5}, token=False).json["code"] == 40060
    assert discord.get(f"/control/answers/{result['interaction_id']}")["message"]["content"] == "hi"


def test_handler_away(discord, handler):
    url, discord_url = handler.url, discord.env["SANDBOX_URL"]
    assert url and discord_url
    handler.answers.append((500, {}))
    failed = discord.post("/control/interaction", command="leaderboard")
    assert failed["status"] == 500
    assert discord.get(f"/control/answers/{failed['interaction_id']}")["state"] == "failed"


def test_commands(discord):
    path = f"/applications/{discord.env['DISCORD_APPLICATION_ID']}/commands"
    command = {"name": "vc", "description": "Voice", "options": [
        {"type": 1, "name": "leaderboard", "description": "Board", "options": [
            {"type": 3, "name": "time_range", "description": "Range", "choices": [{"name": "Today", "value": "today"}]}]}]}
    put = discord.rest("PUT", path, [command])
    assert put.status == 200 and put.json[0]["id"].isdigit()
    assert discord.rest("GET", path).json == put.json
    if (SAMPLES / "33-out-register-commands.json").exists():
        assert discord.rest("PUT", path, json.loads((SAMPLES / "33-out-register-commands.json").read_text())).status == 200
    assert "INVALID_NAME" in errors(discord.rest("PUT", path, [dict(command, name="VC")]))
    assert "BAD_LENGTH" in errors(discord.rest("PUT", path, [dict(command, description="")]))
