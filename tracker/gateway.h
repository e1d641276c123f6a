/*
 * The gateway protocol of one shard: connects, identifies or resumes, beats, and hands over dispatches in
 * order. It keeps the connection for ever, with pauses that cannot burn the identify budget, and gives up only
 * on what Discord calls final. It knows nothing of voice or of the database; its decisions are in
 * gateway_rules.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct event;
struct gateway;
struct gateway_bot;
struct http_client;
struct identify;
struct loop;

/* What a RESUME needs. Strings are borrowed. */
struct gateway_session {
    const char *session_id; /* NULL: there is none */
    const char *resume_url;
    int64_t seq; /* of the last event whose effects are safe */
};

/* token and gateway_url must live as long as the gateway. */
struct gateway_config {
    struct loop *loop;
    struct http_client *client;
    struct gateway_bot *bot; /* of the process, as the turns to IDENTIFY are */
    struct identify *turns;
    const char *token;       /* without "Bot " */
    const char *gateway_url; /* instead of the one from GET /gateway/bot; NULL: ask */
    int shard_id, shard_count;
    struct gateway_session session; /* to be resumed first, from a process before this one */
    int hurry;                      /* for tests: divides every pause and time-out; 0: as it is */
};

/*
 * All callbacks but on_broken come from the loop, never from inside a call to the gateway. received_ms is the time of
 * receipt on the monotonic clock. They may call gateway_stop() and gateway_rest(); gateway_destroy() only from on_fatal and
 * on_stopped.
 *
 * on_alive         a frame came while RUNNING, that is with a session and nothing of it still to be replayed (READY and RESUMED included), before what it means is told: the
 *                  shard was watched until received_ms. Never while a connection greets, identifies or replays:
 *                  there a HELLO proves nothing, for an op 9 may follow, and what is replayed happened before.
 * on_broken        it is not RUNNING any more: nobody watches until the next on_alive. session_lost: a RESUME is not
 *                  possible either. Must not call the gateway. Not after gateway_stop().
 * on_dispatch      one dispatch, in order, each seq once. replayed: between RESUME and on_resumed. READY and
 *                  RESUMED come here as well, READY after on_session_lost where that applies.
 * on_resumed       the replay is complete: from here on everything is new.
 * on_session_lost  the session cannot be resumed (op 9, a close code that says so, READY in place of RESUMED,
 *                  or a fresh start without a session): whatever was open is unproven. READY and snapshots
 *                  follow some time later. Called once per lost session, before any event of the new one.
 * on_acknowledged  that frame was a heartbeat ACK; after on_alive.
 * on_fatal         Discord will not have us (token, intents, shards): why says what to fix. The gateway has
 *                  stopped itself.
 */
struct gateway_callbacks {
    void (*on_alive)(void *arg, int64_t received_ms);
    void (*on_broken)(void *arg, bool session_lost);
    void (*on_dispatch)(void *arg, const struct event *event, int64_t seq, bool replayed, int64_t received_ms);
    void (*on_resumed)(void *arg, int64_t received_ms);
    void (*on_session_lost)(void *arg);
    void (*on_acknowledged)(void *arg);
    void (*on_fatal)(void *arg, const char *why);
    void *arg;
};

struct gateway *gateway_create(const struct gateway_config *config, const struct gateway_callbacks *callbacks);
/* Drops the connection without a word. NULL is accepted. */
void gateway_destroy(struct gateway *gateway);

/* Beats carry this seq: the last whose effects are committed, so that the server can discard nothing later. */
void gateway_set_committed(struct gateway *gateway, int64_t seq);
/* Sends a heartbeat if RUNNING and none is unanswered (the regular schedule restarts from it), so that on_acknowledged
 * follows soon: now, or 600 ms after the last one. False where there is no connection to prove anything by. */
bool gateway_beat(struct gateway *gateway);
/* Closes with 4000, which keeps the session, and does nothing more until gateway_wake(), which resumes it after the pause of
 * a first reconnection: what comes then may be too much again. */
void gateway_rest(struct gateway *gateway);
void gateway_wake(struct gateway *gateway);
/* Closes with 4000, which keeps the session for a RESUME, and calls on_stopped from the loop once the close
 * frame is answered, at the latest after two seconds. No other callback follows. */
void gateway_stop(struct gateway *gateway, void (*on_stopped)(void *arg), void *arg);
