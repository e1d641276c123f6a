"""What the handler really sends, held against Discord's own OpenAPI description."""

import json
import os

import jsonschema
import pytest
from answers import controls
from harness import ROOT, wait_for

DESCRIPTION = ROOT.parent / "shared/discord/openapi.json"


@pytest.fixture(scope="module")
def description():
    if not DESCRIPTION.exists():
        missing = f"{DESCRIPTION} is not here: payloads are not held against it"
        pytest.fail(missing) if os.environ.get("CI_REQUIRES_CONTRACT") else pytest.skip(missing)
    document = json.loads(DESCRIPTION.read_text())
    for schema in document["components"]["schemas"].values():
        forbid_unknown_keys(schema)
    return document


def forbid_unknown_keys(schema):
    """Discord ignores what it does not know; a key that we misspell must not pass."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for inner in schema.values():
            forbid_unknown_keys(inner)
    elif isinstance(schema, list):
        for inner in schema:
            forbid_unknown_keys(inner)


@pytest.fixture
def valid(description):
    """Whether a payload is what one of the description's schemas asks for; with the reason where it is not."""

    def check(payload, name):
        schema = {**description, "$ref": f"#/components/schemas/{name}"}
        errors = list(jsonschema.Draft202012Validator(schema).iter_errors(payload))
        assert not errors, [jsonschema.exceptions.best_match(errors).message, payload]
        return True

    return check


DEFERRED = "CreateMessageInteractionCallbackRequest"
DEFERRED_UPDATE = "UpdateMessageInteractionCallbackRequest"
FOLLOW_UP = "IncomingWebhookRequestPartial"
EDIT = "IncomingWebhookUpdateRequestPartial"


def test_a_misspelt_key_is_found(valid):
    assert valid({"flags": 32768, "allowed_mentions": {"parse": []}}, EDIT)
    container = {"type": 17, "components": [], "colour": 1}
    for wrong in ({"flag": 32768}, {"allowed_mentions": {"parses": []}}, {"components": [container]}):
        with pytest.raises(AssertionError):
            valid(wrong, EDIT)


def test_a_picture_and_its_acknowledgement(discord, handlers, ledger, valid):
    handlers()
    sent = discord.begin_leaderboard()
    assert valid(sent["response"], DEFERRED)
    assert discord.answer(sent["interaction_id"])["attachments"]
    assert valid(discord.edits()[0]["json"], EDIT)


def test_a_text(discord, handlers, ledger, valid):
    handlers()
    discord.faults(app_permissions="0")
    discord.leaderboard(user_id=str(discord.people[20]))
    assert valid(discord.edits()[0]["json"], EDIT)


def test_a_click_and_its_words(discord, handlers, ledger, valid):
    handlers()
    answer = discord.leaderboard()
    refresh = controls(answer)["Refresh"]
    assert valid(discord.click(answer, refresh)["response"], DEFERRED_UPDATE)
    assert valid(discord.click(answer, refresh, user_id=str(discord.people[20]))["response"], DEFERRED)
    data = {"custom_id": "vc1:lb", "component_type": 2, "id": 6}
    sent = discord.click(answer, refresh, merge={"data": data})
    wait_for(lambda: discord.answer(sent["interaction_id"], wait=0)["follow_ups"], "the words")
    follow_ups = [request for request in discord.requests("rest") if request["method"] == "POST"]
    assert all(valid(each["json"], FOLLOW_UP) for each in follow_ups)
    assert [each["status"] for each in follow_ups].count(200) == 1  # before its acknowledgement Discord knows of none


def test_words_at_once(discord, handlers, valid):
    handlers()
    sent = discord.interaction(command="statistics")
    assert valid(sent["response"], DEFERRED)
    assert valid(discord.interaction(ping=True)["response"], "PongInteractionCallbackRequest")


def test_registration(discord, handlers, valid):
    assert handlers("--register", wait=False).process.wait(20) == 0
    [put] = discord.requests("rest")
    assert len(put["json"]) == 1 and valid(put["json"][0], "ApplicationCommandUpdateRequest")
