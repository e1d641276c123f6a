/*
 * The control API: what the page and the tests drive the local Discord with. Plain listener only. Bodies are JSON
 * (Content-Type: application/json); an error is 400 with {"error": words}. Ids are strings, as everywhere.
 *
 * GET  /control/state
 *     {"guilds": [{id, name, icon, afk_channel_id, joined, available,
 *                  channels: [{id, name, type, members: [user ids]}],
 *                  members: [{id, name, username, ..., channel_id}]}],
 *      "gateway": {"connections": [...], "sessions": [{session_id, shard, seq, discarded, connected}],
 *                  "identifies": n}}
 *
 * The cast
 *
 * POST /control/voice
 *     {"user_id", "channel_id": id | null (leaves; absent: stays), "guild_id"? (the first with that member),
 *      "deaf", "mute", "self_deaf", "self_mute", "self_stream", "self_video", "suppress": bool,
 *      "without_member": bool (the event carries no member object)}
 *     Moves and dispatches VOICE_STATE_UPDATE. In an outage, or where the bot was removed, nobody is told.
 * POST /control/guild {"action", "guild_id"? (the first)}
 *     "outage", "return"    GUILD_DELETE with unavailable, GUILD_CREATE
 *     "remove", "add"       the bot is removed, is invited; "add" with "guild": {as in cast.json}: a new one
 *     "snapshot"            GUILD_CREATE once more
 *     "update"              {"name"?, "icon"?: hash | null}: GUILD_UPDATE
 *     "afk"                 {"channel_id": id | null}: GUILD_UPDATE
 * POST /control/channel {"action", "guild_id"?}, answers {"channel_id"}
 *     "create" {"name", "type"?, "id"?} · "update" {"channel_id", "name"} · "delete" {"channel_id"}: whoever is
 *     in it leaves first
 * POST /control/member {"action", "guild_id"?}, answers {"user_id"}
 *     "create" {"member": {as in cast.json; id may be missing}}
 *     "update" {"user_id", any of username, global_name, nick, avatar, guild_avatar}
 *     No event: the bot has no right to see members. The next voice event shows it.
 *
 * The gateway and faults
 *
 * POST /control/gateway {"action", "shard"? (every connection)}
 *     "cut"                 the TCP connection ends without a word
 *     "close"               {"code"}; 4003, 4007 and 4009 end the session
 *     "reconnect"           op 7
 *     "invalid_session"     {"resumable": bool}: op 9; false ends the session
 *     "beat"                op 1
 *     "again"               {"last": n, "but"?: m (0)}: the last n dispatches without the last m of them come once more, under the
 *                           numbers they had
 *     "forget"              what was dispatched until now cannot be replayed, to any session
 *     "raw"                 {"frame": object or text}
 * POST /control/faults, any of these; each stays until it is changed or reset
 *     "resume"              "accept" | "refuse" (op 9 false) | "ready" (READY of a new session)
 *     "identify"            "accept" | "refuse" (op 9 false)
 *     "connect"             "accept" | "refuse" (gateway connections get 503)
 *     "acks", "hello"       false: they do not come
 *     "prune"               true: a heartbeat's d discards the replay up to it
 *     "overlap"             n (0): a replay begins so many dispatches before those that were asked for
 *     "fragment"            true: zlib payloads are split over two messages
 *     "heartbeat_interval"  ms (41250), from the next HELLO on
 *     "identify_window_ms"  ms (5000) between the IDENTIFYs of a bucket
 *     "identify_remaining"  fixes what is left of the budget; at 0 the next IDENTIFY gets 4004
 *     "shards", "max_concurrency"   what GET /gateway/bot says; an IDENTIFY is held to the latter
 *     "guilds_per_shard"    (2500): with more of them IDENTIFY gets 4011
 *     "cdn"                 "ok" | "slow" (20 s) | "down" (503) | "garbage" | "huge" (PNG, 20 000 x 20 000)
 *     "rest"                [{"method"?, "path_contains"?, "status"? (absent: the ordinary answer), "code"?,
 *                             "retry_after"? (seconds; also as header), "body"?: text, "times"? (1),
 *                             "delay_ms"?}]: replaces the list; the first that matches is used up first
 *     "digest_ms"           a handler's answer takes effect so much later; webhook calls get 404/10015 meanwhile
 *     "app_permissions"     decimal text, of interactions made from now on
 *     "attachment_size_limit"   bytes, of interactions made from now on
 * POST /control/reset
 *     All faults off, a full identify budget, an empty list of requests (its numbers go on).
 *
 * GET  /control/requests?after=N[&wait=ms]
 *     {"requests": [{"n", "kind", "at_ms", ...}], "last": n}: what was received. wait: until there is some.
 *     "rest"   method, path, query, headers, tls, status, json?, bad_body?: words,
 *              files: [{name, filename, content_type, size, sha256}]
 *     "cdn"    method, path, query, headers, tls, status
 *     "open"   connection, path, query, headers
 *     "frame"  connection, op, d: what the client sent
 *     "close"  connection, by: "client" | "server" | "cut", code? (the client's)
 *
 * Interactions
 *
 * POST /control/interaction
 *     {"command": "leaderboard", "options"?: {name: value}}, a subcommand of /vc;
 *     {"message_id", "custom_id", "values"?: [...]}, a click; {"modal": id of the interaction that was answered
 *     with one, "values": {custom_id: text, [texts] or bool}}; {"ping": true}; or {"raw": object or text}; or {"replay":
 *     interaction id}: the very same request once more, whose answer changes nothing. With any of "user_id" (the guild's first member), "guild_id", "channel_id", "permissions": decimal text,
 *     "merge": {keys of the payload to be replaced; null takes one out},
 *     "signature": "bad" | "missing" | "short" | "odd" | "not_hex" | "no_timestamp".
 *     Signed and posted to HANDLER_URL, whose certificate, if it is https, TLS_CA_FILE has to vouch for. After
 *     the handler's answer: {"interaction_id", "token", "status" (0: none came), "response", "ms", "error"?,
 *     "refused"?: why Discord would not take it, "errors"?}
 * GET  /control/answers/{interaction id}[?wait=ms]
 *     {"state": "pending" | "acknowledged" | "failed", "thinking", "took_ms"?, "ephemeral",
 *      "message": {Discord's message} | null, "attachments": [{id, filename, url, size, ...}],
 *      "edited_at_ms"?, "follow_ups": [messages]}. wait: until it is answered and nothing is owed any more.
 * GET  /control/view[?after=version][&wait=ms]
 *     For the page: all of /control/state with {"application": {the bot as a user}, "messages": [the last 50 of
 *     the channel, the oldest first], "commands": [the registered ones], "version"}. wait: until the version is
 *     another than that after.
 * GET  /attachments/{id}/{filename}
 *     The bytes of an uploaded file (on both listeners).
 */
#pragma once

struct request;
struct sandbox;

/* Answers 400 with {"error": words}. */
void control_fail(struct request *request, const char *words);
/* Takes a request whose path begins with /control/. */
void control_handle(struct sandbox *sandbox, struct request *request);
