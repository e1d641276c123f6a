"""handler --check: what it says of each mistake, and that it goes on behind it."""

import contextlib
import http.server
import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time

import psycopg
import pytest
from answers import click, picture, words
from faults import Clock
from harness import BIN, Detour, away, copy_of, free_port, logged_in_as, sanitizers, wait_for

PARTS = ["settings", "fonts", "database", "clock", "tables", "tracker", "token", "application", "public key", "commands", "servers", "endpoint"]


class Checked:
    """What one run said."""

    def __init__(self, settings, tmp_path, program=BIN / "handler", **changes):
        environment = {name: value for name, value in {**logged_in_as("handler", settings), **changes}.items() if value is not None}
        self.run = subprocess.run(
            [program, "--check"], env={"PATH": "/usr/bin:/bin", **sanitizers(), **environment}, cwd=tmp_path, capture_output=True,
            text=True, timeout=40,
        )
        self.code = self.run.returncode
        said = self.run.stdout + self.run.stderr
        assert "Sanitizer" not in said and "runtime error" not in said, said
        self.lines = [re.fullmatch(r"(ok|wrong|\?) {2,}(\S+(?: \S+)?) {2,}(.+)", line).groups() for line in self.run.stdout.splitlines()]
        secrets = [environment.get("DISCORD_TOKEN"), psycopg_password(environment.get("DATABASE_URL"))]
        assert not [secret for secret in secrets if secret and secret in said]

    def words(self, part):
        [(word, _, text)] = [line for line in self.lines if line[1] == part]
        return word, text

    def not_ok(self):
        return {part: word for word, part, _ in self.lines if word != "ok"}


def psycopg_password(url):
    with contextlib.suppress(psycopg.Error):
        return psycopg.conninfo.conninfo_to_dict(url or "").get("password")


@pytest.fixture
def well(discord, settings, handlers, trackers, sql):
    """Everything as it should be: the settings."""
    trackers.start()
    handlers()
    assert handlers("--register", wait=False).process.wait(20) == 0
    wait_for(lambda: sql.execute("SELECT FROM tracker_shard WHERE proven_at IS NOT NULL").fetchone() is not None, "a proof")
    return settings


@pytest.fixture
def check(well, tmp_path):
    return lambda **changes: Checked(well, tmp_path, **changes)


def application(discord, **changes):
    """What Discord tells of the application from now on."""
    answer = {
        "id": discord.env["DISCORD_APPLICATION_ID"], "name": "vcledger", "verify_key": discord.env["DISCORD_PUBLIC_KEY"],
        "interactions_endpoint_url": f"http://127.0.0.1:{discord.handler_port}/interactions", **changes,
    }
    discord.faults(rest=[{"path_contains": "/applications/@me", "status": 200, "body": json.dumps(answer), "times": 9}])


def test_all_is_well(check):
    checked = check()
    assert (checked.code, checked.not_ok()) == (0, {}), checked.run.stdout
    assert [part for _, part, _ in checked.lines] == PARTS
    assert checked.run.stderr == ""
    assert "PostgreSQL 15." in checked.words("database")[1]
    assert checked.words("tables")[1].endswith(" migrations are applied, and the role may use them")


def test_the_owner_may_more_than_a_handler_has_to(check, database):
    word, text = check(DATABASE_URL=database).words("tables")
    assert word == "ok" and ", and more: " in text


# Settings -----------------------------------------------------------------------------------------------------------


def test_every_bad_setting_is_named_and_the_rest_is_looked_at(check):
    checked = check(DISCORD_PUBLIC_KEY="0123", WORKERS="many", LISTEN="localhost", LOG_LEVEL="loud", DISCORD_CDN_URL="cdn.example.org")
    assert checked.code == 2
    assert [text for _, part, text in checked.lines if part == "settings"] == [
        "DISCORD_CDN_URL must be http://host or https://host, with or without :port and /path",
        "WORKERS must be a whole number from 1 to 256",
        "DISCORD_PUBLIC_KEY must be exactly 64 hex digits, and has 4 characters",
        "LISTEN must be address:port, 127.0.0.1:8080 say",
        "LOG_LEVEL must be debug, info, warn or error",
    ]
    assert checked.not_ok() == {"settings": "wrong", "public key": "wrong"}


@pytest.mark.parametrize("command, changes, words", [
    ("tracker", {"DISCORD_API_URL": "discord.com"}, "DISCORD_API_URL must be http://host or https://host"),
    ("handler", {"DISCORD_API_URL": "https://"}, "DISCORD_API_URL must be http://host or https://host"),
    ("handler --register", {"DISCORD_API_URL": "wss://discord.com"}, "DISCORD_API_URL must be http://host or https://host"),
    ("tracker", {"DISCORD_GATEWAY_URL": "gopher//x"}, "DISCORD_GATEWAY_URL must be ws://host or wss://host"),
    ("tracker", {"TLS_CA_FILE": "/nowhere"}, "TLS_CA_FILE cannot be read"),
    ("handler", {"TLS_CA_FILE": "/"}, "TLS_CA_FILE cannot be read"),
    ("handler --register", {"TLS_CA_FILE": "/nowhere"}, "TLS_CA_FILE cannot be read"),
])
def test_what_can_never_work_ends_the_start(settings, tmp_path, command, changes, words):
    program, *arguments = command.split()
    run = subprocess.run(
        [BIN / program, *arguments], env={**sanitizers(), **settings, "DATABASE_URL": "host=/nowhere", **changes}, cwd=tmp_path,
        capture_output=True, text=True, timeout=20,
    )
    assert (run.returncode, run.stdout) == (2, "") and re.fullmatch(f"{program}: {words}.*\n", run.stderr), run.stderr


def test_a_slash_at_the_end_of_a_url(check, settings):
    assert check(DISCORD_API_URL=settings["DISCORD_API_URL"] + "/").not_ok() == {}


def test_nothing_is_set(tmp_path):
    checked = Checked({}, tmp_path)
    assert checked.code == 2
    assert [text for _, part, text in checked.lines if part == "settings"] == [
        "DISCORD_APPLICATION_ID is not set", "DATABASE_URL is not set", "DISCORD_PUBLIC_KEY is not set",
    ]
    assert checked.not_ok() == {"settings": "wrong", "database": "?", "token": "?", "endpoint": "?"}


@pytest.mark.parametrize("url", [
    "ann:opensesame@db/vcledger",
    "postgresql://ann:opensesame%@db/vcledger",
    # Well formed for libpq, which takes a part of the password for something else.
    "postgresql://ann:open/sesame@127.0.0.1/vcledger",
    "postgresql://ann:1/sesame@127.0.0.1/vcledger",
    "postgresql://ann:open@sesame@127.0.0.1/vcledger",
    "postgresql://ann:@sesame@127.0.0.1/vcledger",
    "postgresql://ann:open@127:sesame@127.0.0.1/vcledger",
    "postgresql://ann@server:sesame@127.0.0.1/vcledger",
    "host=127.0.0.1 dbname='postgresql://ann:opensesame@127.0.0.1/vcledger'",
    "host=127.0.0.1 dbname='user=ann password=opensesame'",
    "host=127.0.0.1 user=postgresql://ann:opensesame@127.0.0.1/vcledger",
    "host=postgresql://127.0.0.1/vcledger?password=opensesame",
])
def test_a_malformed_database_url_is_never_shown(check, settings, tmp_path, url):
    checked = check(DATABASE_URL=url)
    assert checked.code == 2 and checked.words("settings")[1].startswith("DATABASE_URL must be postgresql://")
    assert checked.not_ok() == {"settings": "wrong", "database": "?"}
    said = checked.run.stdout + checked.run.stderr
    for command in (["handler"], ["tracker"], ["tracker", "--migrate"]):
        environment = {**sanitizers(), **settings, "DATABASE_URL": url}
        run = subprocess.run([BIN / command[0], *command[1:]], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=20)
        assert run.returncode == 2
        said += run.stdout + run.stderr
    assert "sesame" not in said


def test_signs_that_only_look_wrong(check):
    port = free_port()
    for url, where in [
        (f"postgresql://ann%40server:open%2Fs%40same@127.0.0.1:{port}/vcledger", f"host=127.0.0.1 port={port} dbname=vcledger user=ann@server"),
        (f"postgresql://ann:open:s?same@127.0.0.1,127.0.0.1:{port}/other", f"host=127.0.0.1,127.0.0.1 port=,{port} dbname=other user=ann"),
        ("host=@vcledger-nobody user=ann", "host=@vcledger-nobody user=ann"),
    ]:
        checked = check(DATABASE_URL=url)
        assert (checked.code, checked.not_ok()) == (1, {"database": "wrong", "tracker": "?"})
        assert f"cannot be reached ({where}" in checked.words("database")[1]


def test_no_fonts(settings, tmp_path):
    handler = tmp_path / "bin/handler"
    handler.parent.mkdir()
    shutil.copy(BIN / "handler", handler)
    assert Checked(settings, tmp_path, program=handler).words("fonts")[0] == "wrong"
    (tmp_path / "render").mkdir()
    (tmp_path / "render/fonts.conf").write_text("<fontconfig><dir>/nowhere</dir></fontconfig>")
    checked = Checked(settings, tmp_path, program=handler)
    assert checked.words("fonts")[0] == "wrong" and "font_missing" in checked.run.stderr


# Database -----------------------------------------------------------------------------------------------------------


def test_no_database(check, database):
    checked = check(DATABASE_URL=f"host=127.0.0.1 port={free_port()} dbname=vcledger user=ann password=opensesame")
    assert (checked.code, checked.not_ok()) == (1, {"database": "wrong", "tracker": "?"})
    assert re.match(r"cannot be reached \(host=127.0.0.1 port=\d+ dbname=vcledger user=ann\): .*refused", checked.words("database")[1])
    with away(database):
        assert "not currently accepting connections" in check().words("database")[1]


def test_tables_are_missing(check, cluster):
    checked = check(DATABASE_URL=cluster)
    assert (checked.code, checked.not_ok()) == (1, {"tables": "wrong", "tracker": "?"})
    assert checked.words("tables")[1] == "there are none yet: run tracker --migrate"


def test_migrating_went_no_further_than_its_first_step(check, cluster):
    with copy_of(cluster, "template0") as url, psycopg.connect(url, autocommit=True) as sql:
        sql.execute("CREATE TABLE schema_migration (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())")
        checked = check(DATABASE_URL=url)
    assert (checked.code, checked.not_ok(), checked.run.stderr) == (1, {"tables": "wrong", "tracker": "?"}, "")
    assert re.fullmatch(r"are of an older version \(0001_\w+ is missing\): run tracker --migrate", checked.words("tables")[1])


def test_migrations_of_another_version(check, sql):
    sql.execute("INSERT INTO schema_migration (name) VALUES ('9999_future')")
    checked = check()
    assert (checked.code, checked.not_ok()) == (0, {"tables": "?"})
    assert "a newer version has been here (9999_future)" in checked.words("tables")[1]
    sql.execute("DELETE FROM schema_migration WHERE name LIKE '0003%'")
    checked = check()
    assert (checked.code, checked.not_ok()) == (1, {"tables": "wrong", "tracker": "?"})
    assert "(0003_shards is missing): run tracker --migrate" in checked.words("tables")[1]


@pytest.fixture
def role(sql, database):
    """A role that may do nothing yet, and the database's conninfo for it."""
    sql.execute("DROP ROLE IF EXISTS modest")
    sql.execute("CREATE ROLE modest LOGIN")
    yield psycopg.conninfo.make_conninfo(database, user="modest")
    sql.execute("DROP OWNED BY modest")
    sql.execute("DROP ROLE modest")


def test_rights_are_missing(check, sql, role):
    checked = check(DATABASE_URL=role)
    assert (checked.code, checked.not_ok()) == (1, {"tables": "wrong", "tracker": "?"})
    lacking = checked.words("tables")[1].split(": GRANT ")[1]
    for grant in lacking.split(", "):
        sql.execute(f"GRANT {grant} TO modest")
    checked = check(DATABASE_URL=role)
    assert (checked.code, checked.not_ok()) == (0, {})


def test_the_right_to_use_the_schema_is_missing(check, sql, role, trackers):
    """It looks as if there were no tables."""
    sql.execute("REVOKE USAGE ON SCHEMA public FROM PUBLIC")
    checked = check(DATABASE_URL=role)
    assert (checked.code, checked.not_ok()) == (1, {"tables": "wrong", "tracker": "?"})
    assert checked.words("tables")[1].endswith(": GRANT USAGE on SCHEMA public")
    tracker = trackers.start(wait=False, DATABASE_URL=role)
    wait_for(lambda: re.search(r"schema_old .*run tracker --migrate; where .* may not use the schema", tracker.log()), "the advice")
    other = check(DATABASE_URL=role + " options=-csearch_path=voice")
    assert other.words("tables")[1] == "there are none yet: run tracker --migrate"
    sql.execute("GRANT USAGE on SCHEMA public TO modest")
    assert ": GRANT SELECT on guild, " in check(DATABASE_URL=role).words("tables")[1]


def test_with_these_rights_alone_the_handler_serves(discord, settings, handlers, ledger, role, tmp_path):
    lacking = Checked(settings, tmp_path, DATABASE_URL=role).words("tables")[1].split(": GRANT ")[1]
    for grant in lacking.split(", "):
        ledger.execute(f"GRANT {grant} TO modest")
    handler = handlers(DATABASE_URL=role)
    for time_range in (None, "today", "past_24h", "all_time"):
        assert picture(discord, click(discord, discord.leaderboard(time_range), "Voice partners"))
    for view in ("yearly", "monthly", "weekly", "hourly"):
        for more in ({}, {"statistic": "unique"}):
            sent = discord.interaction(command="stats", options={"time_range": view, **more})
            assert picture(discord, discord.answer(sent["interaction_id"]))
    sent = discord.interaction(command="settings", permissions=str(1 << 5))
    assert "Tracking is off." in words(click(discord, discord.answer(sent["interaction_id"]), "Stop tracking", permissions=str(1 << 5)))
    assert "statement_failed" not in handler.log()


def test_a_database_that_takes_no_writes(check, sql, database):
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    sql.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    checked = check()
    sql.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert "takes no writes" in checked.words("database")[1] and checked.code == 1


def test_clocks_that_differ(check, tmp_path):
    clock = Clock(tmp_path / "clock")
    clock.set(1)
    checked = check(**clock.environment, ASAN_OPTIONS="verify_asan_link_order=0")  # the preload comes first
    assert (checked.code, checked.not_ok()) == (1, {"clock": "wrong"})
    database, discord = [text for _, part, text in checked.lines if part == "clock"]
    assert re.match(r"the database's is (3599|3600) s behind this machine's", database)
    assert re.match(r"Discord's is 3[56]\d\d s behind this machine's", discord)


def test_no_tracker(check, sql, trackers):
    [tracker] = trackers.started
    assert tracker.stop() == 0
    sql.execute("UPDATE tracker_shard SET proven_at = now() - interval '1 hour'")
    checked = check()
    assert (checked.code, checked.not_ok()) == (1, {"tracker": "wrong"})
    assert re.match(r"last seen 36\d\d s ago: start the tracker", checked.words("tracker")[1])
    sql.execute("UPDATE tracker_shard SET shard_count = 2, proven_at = now()")
    assert check().words("tracker")[1].startswith("only 1 of 2 shards are watched")
    sql.execute("UPDATE tracker_shard SET proven_at = NULL")
    assert check().words("tracker")[1].startswith("it has never been with Discord's gateway")
    sql.execute("DELETE FROM tracker_shard")
    assert check().words("tracker")[1] == "none has ever written here: start the tracker"


def test_it_ends_in_time(check, database, discord):
    """Neither database nor Discord answers."""
    detour = Detour(database)
    detour.clear.clear()
    discord.faults(rest=[{"path_contains": "/applications/@me", "delay_ms": 60_000}])
    began = time.monotonic()
    checked = check(DATABASE_URL=detour.url)
    detour.close()
    assert checked.not_ok() == {"database": "wrong", "tracker": "?", "token": "wrong", "endpoint": "?"}
    assert checked.words("database")[1].endswith("connecting took too long")
    assert checked.words("token")[1].endswith("cannot be reached: timed out")
    assert time.monotonic() - began < 20  # 10 on an idle machine


# Discord ------------------------------------------------------------------------------------------------------------

TOKENS = {
    '"sandbox.0123"': "there are quotes around it",
    "1204716319438934023": "it is a number",
    "0123456789abcdef" * 4: "it looks like the public key",
    "AbCdEfGhIjKlMnOpQrStUvWxYz-_0123": "it looks like the client secret",
    "MTIwNDcxNjMxOTQzODkzNDAyMw.GabcDe": "it is not whole",
    "MTIwNDcxNjMxOTQzODkzNDAyMw.GabcDe.fghijklmnopqrstuvwxyz0123456789ABCDEFG": "it was reset",
}


# What cannot stand in a header is not sent.
NO_WORDS = {
    "Bot sandbox.0123": 'it begins with "Bot "',
    '"sandbox.0123 "': "there are quotes around it",
    "abc.def. ghi": "there is a space",
    "abc.def.ghi\n": "there is a space or the end of a line",
    "abc.def.gh\u00edi": "there is a sign in it that no token has",
}


def test_a_token_that_is_none(check, discord):
    before = discord.last_request()
    for token, advice in NO_WORDS.items():
        checked = check(DISCORD_TOKEN=token)
        assert (checked.code, checked.not_ok()) == (1, {"token": "wrong", "endpoint": "?"})
        assert checked.words("token")[1].startswith("DISCORD_TOKEN cannot be one: " + advice)
    assert discord.requests("rest", before) == []
    for token, advice in TOKENS.items():
        checked = check(DISCORD_TOKEN=token)
        assert (checked.code, checked.not_ok()) == (1, {"token": "wrong", "endpoint": "?"})
        assert checked.words("token")[1].startswith("Discord does not accept DISCORD_TOKEN: " + advice)


def test_no_token(check):
    checked = check(DISCORD_TOKEN=None)
    assert (checked.code, checked.not_ok()) == (0, {"token": "?", "endpoint": "?"})


def test_values_of_two_applications(check, discord):
    checked = check(DISCORD_APPLICATION_ID="1204716319438934999")
    assert (checked.code, checked.not_ok()) == (1, {"application": "wrong"})
    assert f"whose id is {discord.env['DISCORD_APPLICATION_ID']}" in checked.words("application")[1]
    checked = check(DISCORD_PUBLIC_KEY="ab" * 32)
    assert (checked.code, checked.not_ok()) == (1, {"public key": "wrong"})
    assert checked.words("public key")[1].endswith(f"set DISCORD_PUBLIC_KEY to {discord.env['DISCORD_PUBLIC_KEY']}")
    checked = check(DISCORD_PUBLIC_KEY=discord.env["DISCORD_PUBLIC_KEY"][:-1])
    assert (checked.code, checked.not_ok()) == (2, {"settings": "wrong", "public key": "wrong"})


def test_discord_cannot_be_asked(check, discord):
    checked = check(DISCORD_API_URL=f"https://localhost:{free_port()}/api/v10")
    assert (checked.code, checked.not_ok()) == (1, {"token": "wrong", "endpoint": "?"})
    assert re.search(r"cannot be reached: .*onnect", checked.words("token")[1])
    checked = check(TLS_CA_FILE="/etc/hostname")
    assert "SSL" in checked.words("token")[1] or "certificate" in checked.words("token")[1]
    discord.faults(rest=[{"path_contains": "/applications/@me", "status": 200, "body": "<html>"}])
    assert "is not Discord's API" in check().words("token")[1]
    discord.faults(rest=[{"path_contains": "/applications/@me", "status": 503, "times": 99}])
    checked = check()
    assert checked.words("token") == ("?", "Discord answers 503 at the moment: try again later")
    discord.faults(rest=[{"path_contains": "/applications/@me", "status": 403, "code": 40333}])
    assert check().words("token") == ("wrong", "Discord refuses to tell: 403, code 40333")


def test_commands(check, discord):
    path = f"/api/v10/applications/{discord.env['DISCORD_APPLICATION_ID']}/commands"
    [registered] = [r["json"] for r in discord.requests("rest") if r["method"] == "PUT" and r["path"] == path]
    for change, said in [
        (lambda: registered.insert(0, {"name": "other", "type": 1, "description": "Another's"}), "registered, as this version has them"),
        (lambda: registered[1]["options"][0].update(description="Other words"), "registered by another version: run handler --register"),
        (lambda: registered[1].update(name="cv"), "not registered: run handler --register"),
    ]:
        change()
        discord.faults(rest=[{"path_contains": path, "status": 200, "body": json.dumps(registered)}])
        checked = check()
        assert checked.words("commands")[1] == said
        assert checked.not_ok() == ({} if said.startswith("registered, ") else {"commands": "wrong"})


def test_in_no_server(check, discord):
    for guild in discord.state()["guilds"]:
        discord.guild_action("remove", guild_id=guild["id"])
    checked = check()
    assert (checked.code, checked.not_ok()) == (1, {"servers": "wrong"})
    client = discord.env["DISCORD_APPLICATION_ID"]
    assert f"https://discord.com/oauth2/authorize?client_id={client}&scope=bot+applications.commands&" in checked.words("servers")[1]


# The endpoint -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def answering(status, body=b"", tls=None):
    """A server that answers everything the same; its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


STATUSES = {
    200: "Discord would refuse it: not a handler", 301: "it leads elsewhere", 401: "but is not this program", 403: "keeps strangers out",
    404: "the path is wrong", 405: "the path is wrong", 418: "none of the handler's answers",
    502: "the proxy is there, but not the handler", 503: "the proxy is there", 504: "the proxy is there",
}


def test_an_endpoint_that_is_none(check, discord):
    for status, advice in STATUSES.items():
        with answering(status, b"invalid request signature\n") as port:
            application(discord, interactions_endpoint_url=f"http://127.0.0.1:{port}/interactions")
            checked = check()
        assert (checked.code, checked.not_ok()) == (1, {"endpoint": "wrong"})
        assert f"/interactions answers {status}: " in checked.words("endpoint")[1] and advice in checked.words("endpoint")[1]


def test_an_endpoint_that_cannot_be_reached(check, discord, tmp_path):
    pem = tmp_path / "own.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-keyout", pem, "-out", tmp_path / "own.crt"], check=True, capture_output=True,
    )
    pem.write_bytes(pem.read_bytes() + (tmp_path / "own.crt").read_bytes())
    with answering(401, tls=pem) as port, socket.create_server(("127.0.0.1", free_port())) as silent:
        for url, advice in [
            (None, "none: enter https://"),
            ("https://nobody.invalid/interactions", "the name has no address"),
            (f"https://127.0.0.1:{free_port()}/interactions", "nobody takes the connection"),
            (f"https://localhost:{port}/interactions", "Discord would not trust it either"),
            (f"http://127.0.0.1:{silent.getsockname()[1]}/interactions", "timed out: a firewall, perhaps"),
        ]:
            application(discord, interactions_endpoint_url=url)
            checked = check()
            assert (checked.code, checked.not_ok()) == (1, {"endpoint": "wrong"})
            assert advice in checked.words("endpoint")[1]


def test_a_wrong_path_of_the_handler_itself(check, discord):
    application(discord, interactions_endpoint_url=f"http://127.0.0.1:{discord.handler_port}/")
    assert "answers 404: the path is wrong: it is /interactions" in check().words("endpoint")[1]
