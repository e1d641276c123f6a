/*
 * The control API: what the page and the tests drive the local Discord with. Plain listener only. Bodies are
 * JSON (Content-Type: application/json); an error is 400 with {"error": words}. Ids are strings, as everywhere
 * at Discord.
 *
 * GET  /control/state      {"guilds": [{id, name, icon, afk_channel_id, joined, available, channels: [{id,
 * name, type, members: [user ids]}], members: [{id, name, username, ..., channel_id}]}], "gateway":
 * {"connections": [...], "sessions": [{session_id, shard, seq, discarded, connected}], "identifies": n}}
 *
 * POST /control/voice      {"user_id", "channel_id": id | null (leaves; absent: stays), "guild_id"? (default:
 * the first with that member), "deaf", "mute", "self_deaf", "self_mute", "self_stream", "self_video",
 * "suppress": bool, "without_member": bool (the event carries no member object)}. Moves and dispatches
 *                          VOICE_STATE_UPDATE; in an outage, or where the bot was removed, nobody is told.
 * POST /control/guild      {"action", "guild_id"? (default: the first)}:
 *                          "outage" and "return" (GUILD_DELETE unavailable, GUILD_CREATE) · "remove" and "add"
 * (the bot leaves, is invited; "add" with "guild": {as in cast.json} makes a new one) · "snapshot"
 * (GUILD_CREATE) · "update" {"name"?, "icon"?: hash | null} · "afk" {"channel_id": id | null} (both
 * GUILD_UPDATE) POST /control/channel    {"action": "create" {"name", "type"?, "id"?} | "update" {"channel_id",
 * "name"} | "delete" {"channel_id"} (whoever is in it leaves first), "guild_id"?}. Answers {"channel_id"}. POST
 * /control/member     {"action": "create" {"member": {as in cast.json; id may be missing}} | "update"
 * {"user_id", any of username, global_name, nick, avatar, guild_avatar}, "guild_id"?}. Answers {"user_id"}. No
 * event: the bot has no right to see members; the next voice event shows it.
 *
 * POST /control/gateway    {"action": "cut" (the TCP connection ends without a word) | "reconnect" (op 7) |
 * "invalid_session"
 *                          {"resumable": bool} (op 9) | "close" {"code"} | "beat" (op 1) | "raw" {"frame":
 * object or text}, "shard"? (default: every connection)}. A close with 4003, 4007 or 4009 and op 9 false end
 * the session.
 *
 * POST /control/faults     any of, each stays until changed or reset:
 *     "resume": "accept" | "refuse" (op 9 false) | "ready" (a new session's READY in place of RESUMED)
 *     "identify": "accept" | "refuse" (op 9 false)      "connect": "accept" | "refuse" (gateway connections get
 * 503) "acks": bool · "hello": bool (both true)           "prune": bool: a heartbeat's d discards the replay up
 * to it "fragment": bool: zlib payloads split over two messages "heartbeat_interval": ms (41250; the next
 * HELLO)  "identify_window_ms": ms (5000) between IDENTIFYs of a bucket "identify_remaining": n: fixes what is
 * left of the budget (0: the next IDENTIFY gets 4004) "shards": n · "max_concurrency": n: of GET /gateway/bot
 *     "cdn": "ok" | "slow" (20 s) | "down" (503) | "garbage" | "huge" (a valid PNG of 20 000 x 20 000)
 *     "rest": [{"method"?, "path_contains"?, "status"? (absent: the ordinary answer), "code"?, "retry_after"?
 * (s; also as header), "body"?: text, "times"? (1), "delay_ms"?}]: replaces the list; the first that matches is
 * used up first "digest_ms": n: a handler's answer takes effect n ms after it came; webhook calls meanwhile get
 * 404/10015 "app_permissions": decimal text · "attachment_size_limit": bytes: of interactions built from now on
 * POST /control/reset      all faults off, a full identify budget, the list of requests empty (its numbers go
 * on)
 *
 * GET  /control/requests?after=N[&wait=ms]   what was received: {"requests": [{"n", "kind", "at_ms", ...}],
 * "last": n} kind "rest": method, path, query, headers, tls, status, json?, files?: [{name, filename,
 * content_type, size, sha256}] kind "cdn": the same without json        kind "frame": connection, op, d (a
 * frame the client sent) kind "open": connection, path, query, headers      kind "close": connection, by
 * "client" | "server" | "cut", code?
 *
 * POST /control/interaction   a slash command: {"command": "leaderboard", "options"?: {name: value}, ...}; a
 * click on a component:
 *                             {"message_id", "custom_id", "values"?: [...], ...}; a ping: {"ping": true};
 * anything:
 *                             {"raw": object or text}. With any of: "user_id" (default: the guild's first
 * member), "guild_id", "channel_id", "permissions": decimal text, "merge": {keys of the payload to replace,
 * null takes one out}, "signature": "bad" | "missing" | "short" | "odd" | "not_hex" | "no_timestamp". It is
 * signed and posted to HANDLER_URL; after the handler's answer:
 *                             {"interaction_id", "token", "status" (0: none came), "response", "ms", "error"?}
 * GET  /control/answers/{interaction id}[?wait=ms]   {"state": "pending" | "acknowledged" | "failed",
 * "thinking", "ephemeral", "message": {Discord's message} | null, "attachments": [{id, filename, url, size,
 * ...}], "edited_at_ms", "follow_ups": [...]}. wait: until it is answered (no more "thinking"). GET
 * /control/messages      {"messages": [...]}: every message of the channel, oldest first, for the page GET
 * /attachments/{id}/{filename}   the bytes of an uploaded file
 */
#pragma once

struct request;
struct sandbox;

/* Answers 400 with {"error": words}. */
void control_fail(struct request *request, const char *words);
/* Takes a request whose path begins with /control/. */
void control_handle(struct sandbox *sandbox, struct request *request);
