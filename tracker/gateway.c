#include "tracker/gateway.h"

#include "infra/clock.h"
#include "infra/discord.h"
#include "infra/json.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "tracker/event.h"
#include "tracker/gateway_bot.h"
#include "tracker/gateway_rules.h"
#include "tracker/gateway_wire.h"
#include "tracker/identify.h"
#include "tracker/metrics.h"
#include "tracker/websocket.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    CONNECT_MS = 15000,        /* TCP, TLS and the upgrade */
    HELLO_MS = 15000,          /* from the upgrade */
    READY_MS = 30000,          /* from IDENTIFY */
    RESUMED_MS = 60000,        /* from RESUME, or from the last event of the replay */
    STEADY_MS = 10000,         /* RUNNING for so long, the next reconnection is the first again */
    SETTLED_MS = 60000,        /* RUNNING for so long, the IDENTIFY led somewhere */
    INVALID_MIN_MS = 1000,     /* after op 9, */
    INVALID_SPREAD_MS = 4000,  /* 1 to 5 s */
    RESUMES_BEFORE_ASKING = 3, /* failed ones: is it us or the server? */
    FREE_REFUSALS = 3,         /* op 9 in answer to IDENTIFY: before it counts as leading nowhere */
    MAX_INTERVAL_MS = 3600000, /* between heartbeats */
    BEAT_REST_MS = 600,        /* between those that are asked for: Discord takes 120 payloads a minute */
    UNREADABLE_LOGGED = 100,   /* of a connection's frames, one by one */
    LOOK_MS = 1000,            /* between two looks at the clock, */
    STILL_MS = 5000,           /* which show that the process stood still for so long */
};

/*
 * WAITING      for the timer: a pause before the next step
 * ASKING       GET /gateway/bot; ends by its own deadline
 * QUEUEING     for a turn to IDENTIFY; the shards before it end theirs by their time-outs
 * CONNECTING   ends by the websocket's open time-out
 * GREETING     connected, no HELLO yet
 * IDENTIFYING  IDENTIFY is sent, no READY yet
 * RESUMING     RESUME is sent, the replay runs, no RESUMED yet, or no answer to the beat after it
 * RUNNING      ends by a heartbeat without an answer
 * RESTING      until gateway_wake()
 * STOPPING     gateway_stop() was called; ends by the websocket's close time-out
 * STOPPED      by gateway_stop(), or by what Discord calls final
 */
enum state {
    WAITING,
    ASKING,
    QUEUEING,
    CONNECTING,
    GREETING,
    IDENTIFYING,
    RESUMING,
    RUNNING,
    RESTING,
    STOPPING,
    STOPPED
};

struct gateway {
    struct gateway_config config;
    struct gateway_callbacks callbacks;
    enum state state;

    /* What is pending: drop() undoes it. */
    struct loop_timer *timer; /* of WAITING, GREETING, IDENTIFYING, RESUMING */
    void (*on_time)(struct gateway *g);
    struct gateway_bot_call *question;
    struct identify_turn *turn; /* QUEUEING for it, or it is had until IDENTIFY is sent */
    struct websocket *socket;
    struct loop_timer *beat_timer;

    /* Of the connection. */
    int64_t beat_interval;
    struct loop_timer *look_timer;
    int64_t looked_ms; /* at the clock */
    int64_t beat_ms;   /* of the last beat */
    int beats_unanswered;
    int acks_to_end; /* RESUMING, after RESUMED: so many until the replay is over for certain; else 0 */
    bool on_main;    /* to the main url: HELLO is answered with IDENTIFY */
    int64_t running_since;
    uint64_t n_unreadable; /* frames that could not be read */

    /* Of the session: kept over connections until it is lost. */
    char *session_id; /* NULL: there is none */
    char *resume_url;
    int64_t seq;       /* of the last event handed over */
    int64_t committed; /* -1: nothing yet */
    bool loss_told;

    char *main_url;      /* as asked last */
    int failures;        /* connections in a row that did not last */
    int failed_resumes;  /* of this session in a row */
    int lost_identifies; /* in a row that led nowhere */
    int refusals;        /* of IDENTIFY in a row */

    void (*on_stopped)(void *arg);
    void *on_stopped_arg;
};

static void attempt(struct gateway *g);

/* In [0, 1). */
static double chance(void)
{
    uint32_t bits;
    if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
        abort(); /* so few come at once or never */
    return bits / 4294967296.0;
}

/* Ending --------------------------------------------------------------------------------------------------- */

/* Nothing of ours happens by itself any more; the connection stays. */
static void cancel_waits(struct gateway *g)
{
    loop_cancel(g->timer);
    loop_cancel(g->beat_timer);
    loop_cancel(g->look_timer);
    gateway_bot_cancel(g->question);
    identify_cancel(g->turn);
    g->timer = g->beat_timer = g->look_timer = NULL;
    g->question = NULL;
    g->turn = NULL;
}

/* Undoes what is pending. How long it was RUNNING tells what the attempts until now were worth. */
static void drop(struct gateway *g)
{
    const bool running = g->state == RUNNING;
    if (running) {
        const int64_t lasted = (clock_monotonic_ms() - g->running_since) * g->config.hurry;
        if (lasted >= STEADY_MS)
            g->failures = 0;
        if (lasted >= SETTLED_MS)
            g->lost_identifies = 0;
    }
    cancel_waits(g);
    websocket_destroy(g->socket);
    g->socket = NULL;
    g->beats_unanswered = g->acks_to_end = 0;
    g->state = WAITING;
    if (running)
        g->callbacks.on_broken(g->callbacks.arg, g->session_id == NULL);
}

static void on_timer(void *arg)
{
    struct gateway *const g = arg;
    g->timer = NULL;
    g->on_time(g);
}

static void set_timer(struct gateway *g, int64_t ms, void (*on_time)(struct gateway *g))
{
    loop_cancel(g->timer);
    g->timer = loop_after(g->config.loop, ms / g->config.hurry, on_timer, g);
    g->on_time = on_time;
}

static void pause_before(struct gateway *g, int64_t ms, void (*next)(struct gateway *g))
{
    g->state = WAITING;
    set_timer(g, ms, next);
}

/* Drops what there is and comes back after a pause. */
static void reconnect(struct gateway *g, const char *why)
{
    if (g->session_id != NULL && g->state != RUNNING && g->state != ASKING)
        g->failed_resumes++;
    drop(g);
    metrics_count(METRIC_RECONNECTS, why, NULL);
    const int64_t pause = gateway_reconnect_pause(g->failures++, chance());
    log_info("gateway_reconnecting", "shard=%d why=%s pause_ms=%" PRId64, g->config.shard_id, log_quote(why),
             pause);
    pause_before(g, pause, attempt);
}

/* The same where the server is still there: 4000 keeps the session. */
static void break_off(struct gateway *g, const char *why)
{
    websocket_close(g->socket, DISCORD_CLOSE_UNKNOWN_ERROR);
    reconnect(g, why);
}

static void forget_session(struct gateway *g)
{
    if (g->session_id != NULL)
        metrics_count(METRIC_SESSIONS_LOST, NULL, NULL);
    free(g->session_id);
    free(g->resume_url);
    g->session_id = g->resume_url = NULL;
    g->seq = g->committed = -1;
    g->failed_resumes = 0;
}

/* To be called last, as everything with a callback: it may stop the gateway. */
static void lose_session(struct gateway *g)
{
    forget_session(g);
    if (g->loss_told)
        return;
    g->loss_told = true;
    log_info("gateway_session_lost", "shard=%d", g->config.shard_id);
    g->callbacks.on_session_lost(g->callbacks.arg);
}

static void give_up(struct gateway *g, const char *why)
{
    drop(g);
    g->state = STOPPED;
    g->callbacks.on_fatal(g->callbacks.arg, why);
}

static void on_timeout(struct gateway *g)
{
    break_off(g, g->state == GREETING ? "no HELLO" : g->state == RESUMING ? "no RESUMED" : "no READY");
}

/* Sending -------------------------------------------------------------------------------------------------- */

static void on_beat_time(void *arg);

static void set_beat_timer(struct gateway *g, int64_t ms)
{
    loop_cancel(g->beat_timer);
    g->beat_timer = loop_after(g->config.loop, ms, on_beat_time, g);
}

/* One that cannot be sent will not be answered. */
static void beat(struct gateway *g)
{
    char text[GATEWAY_WIRE_HEARTBEAT_SIZE];
    const size_t n = gateway_wire_heartbeat(g->committed, text);
    websocket_send(g->socket, text, n);
    g->beat_ms = clock_monotonic_ms();
    g->beats_unanswered++;
    set_beat_timer(g, g->beat_interval);
}

static void on_beat_time(void *arg)
{
    struct gateway *const g = arg;
    g->beat_timer = NULL;
    if (g->beats_unanswered > 0)
        break_off(g, "a heartbeat was not acknowledged");
    else
        beat(g);
}

/* The first thing that is said after HELLO. Takes payload. */
static void introduce(struct gateway *g, char *payload, enum state next, int64_t timeout_ms)
{
    const bool sent = websocket_send(g->socket, payload, strlen(payload));
    gateway_wire_free(payload);
    g->state = next;
    if (sent)
        set_timer(g, timeout_ms, on_timeout);
    else
        break_off(g, "a payload could not be sent");
}

static void identify(struct gateway *g)
{
    log_info("gateway_identify", "shard=%d/%d", g->config.shard_id, g->config.shard_count);
    g->lost_identifies++; /* until it has led to a connection that lasts */
    identify_sent(g->turn);
    g->turn = NULL;
    introduce(g, gateway_wire_identify(g->config.token, g->config.shard_id, g->config.shard_count), IDENTIFYING,
              READY_MS);
    lose_session(g);
}

static void resume(struct gateway *g)
{
    log_info("gateway_resume", "shard=%d seq=%" PRId64, g->config.shard_id, g->seq);
    introduce(g, gateway_wire_resume(g->config.token, g->session_id, g->seq), RESUMING, RESUMED_MS);
}

/* Receiving ------------------------------------------------------------------------------------------------ */

/* Control frames may come in any state from GREETING on. */

static void on_hello(struct gateway *g, const cJSON *d)
{
    if (g->state != GREETING)
        return;
    if (!json_int(d, "heartbeat_interval", &g->beat_interval) || g->beat_interval < 1 ||
        g->beat_interval > MAX_INTERVAL_MS) {
        break_off(g, "HELLO without a heartbeat_interval");
        return;
    }
    set_beat_timer(g, (int64_t)((double)g->beat_interval * chance()));
    if (g->session_id != NULL && !g->on_main)
        resume(g);
    else
        identify(g);
}

static void on_heartbeat_wanted(struct gateway *g)
{
    if (g->beat_timer != NULL)
        beat(g);
}

static void run(struct gateway *g)
{
    g->state = RUNNING;
    g->running_since = clock_monotonic_ms();
    loop_cancel(g->timer);
    g->timer = NULL;
}

/*
 * RESUMED is said to end the replay. But it has a seq like any dispatch: the replay may hold one of an earlier RESUME,
 * with more behind it. What answers a beat that is sent now comes after all of it.
 */
static void on_resumed(struct gateway *g)
{
    if (g->acks_to_end > 0)
        return;
    beat(g);
    g->acks_to_end = g->beats_unanswered;
}

static void on_replay_end(struct gateway *g, int64_t received_ms)
{
    log_info("gateway_resumed", "shard=%d seq=%" PRId64, g->config.shard_id, g->seq);
    run(g);
    g->failed_resumes = 0;
    g->callbacks.on_resumed(g->callbacks.arg, received_ms);
    if (g->state == RUNNING)
        g->callbacks.on_alive(g->callbacks.arg, received_ms);
}

static void on_ack(struct gateway *g, int64_t received_ms)
{
    if (g->beats_unanswered > 0)
        g->beats_unanswered--;
    if (g->state == RUNNING)
        g->callbacks.on_acknowledged(g->callbacks.arg);
    else if (g->acks_to_end > 0 && --g->acks_to_end == 0)
        on_replay_end(g, received_ms);
}

static void on_invalid_session(struct gateway *g, bool resumable)
{
    if (resumable) {
        break_off(g, "op 9, resumable");
        return;
    }
    log_info("gateway_invalid_session", "shard=%d", g->config.shard_id);
    metrics_count(METRIC_RECONNECTS, "op 9", NULL);
    /* Perhaps a shard in another process, which does not know of our turns, was faster: no reason for growing pauses. */
    if (g->state == IDENTIFYING && g->config.shard_count > 1 && ++g->refusals <= FREE_REFUSALS)
        g->lost_identifies--;
    websocket_close(g->socket, DISCORD_CLOSE_UNKNOWN_ERROR);
    forget_session(g);
    drop(g);
    pause_before(g, INVALID_MIN_MS + (int64_t)(INVALID_SPREAD_MS * chance()), attempt);
    lose_session(g);
}

/* In place of RESUMED it means that the old session is lost. A new one counts from the start. */
static void on_ready(struct gateway *g, const struct event_ready *ready, int64_t received_ms)
{
    log_info("gateway_ready", "shard=%d guilds=%zu", g->config.shard_id, ready->n_guilds);
    run(g);
    g->refusals = 0;
    if (g->session_id != NULL)
        lose_session(g);
    if (g->state != RUNNING)
        return;
    g->session_id = mem_strdup(ready->session_id);
    g->resume_url = mem_strdup(ready->resume_gateway_url);
    g->loss_told = false;
    g->callbacks.on_alive(g->callbacks.arg, received_ms);
}

static void on_dispatch(struct gateway *g, const struct event_frame *frame, int64_t received_ms)
{
    const struct event *const event = &frame->event;
    if (g->state != IDENTIFYING && g->state != RESUMING && g->state != RUNNING)
        return;
    if (event->type == EVENT_READY && (g->state != RUNNING || frame->seq > g->seq))
        on_ready(g, &event->ready, received_ms);
    else if (event->type == EVENT_RESUMED && g->state == RESUMING)
        on_resumed(g);
    if ((g->state != RESUMING && g->state != RUNNING) || frame->seq <= g->seq)
        return;
    g->seq = frame->seq;
    if (g->state == RESUMING) {
        g->failed_resumes = 0; /* it leads somewhere */
        set_timer(g, RESUMED_MS, on_timeout);
    }
    g->callbacks.on_dispatch(g->callbacks.arg, event, frame->seq, g->state == RESUMING, received_ms);
}

static void on_frame(struct gateway *g, const struct event_frame *frame, int64_t received_ms)
{
    switch (frame->op) {
    case DISCORD_OP_DISPATCH:
        on_dispatch(g, frame, received_ms);
        break;
    case DISCORD_OP_HEARTBEAT:
        on_heartbeat_wanted(g);
        break;
    case DISCORD_OP_RECONNECT:
        break_off(g, "op 7");
        break;
    case DISCORD_OP_INVALID_SESSION:
        on_invalid_session(g, cJSON_IsTrue(frame->d));
        break;
    case DISCORD_OP_HELLO:
        on_hello(g, frame->d);
        break;
    case DISCORD_OP_HEARTBEAT_ACK:
        on_ack(g, received_ms);
        break;
    default:
        break; /* new ones are no errors */
    }
}

/*
 * A process that stood still (stopped, frozen with its container, swapped out) watched nobody, and what it reads
 * afterwards happened at some moment meanwhile: it is not taken, but asked for as a replay.
 */
static bool stood_still(struct gateway *g)
{
    const int64_t now = clock_monotonic_ms();
    const bool still = now - g->looked_ms > STILL_MS;
    g->looked_ms = now;
    if (still)
        break_off(g, "the process stood still");
    return still;
}

static void on_look_time(void *arg)
{
    struct gateway *const g = arg;
    g->look_timer = NULL;
    if (!stood_still(g))
        g->look_timer = loop_after(g->config.loop, LOOK_MS, on_look_time, g);
}

/* Skipped: to ask for it again would bring the same again. Of very many only the first are logged, then fewer and fewer. */
static void on_unreadable(struct gateway *g, size_t n, const char *why)
{
    g->n_unreadable++;
    if (g->n_unreadable <= UNREADABLE_LOGGED || (g->n_unreadable & (g->n_unreadable - 1)) == 0)
        log_warn("gateway_frame_refused", "shard=%d n=%" PRIu64 " bytes=%zu why=%s", g->config.shard_id,
                 g->n_unreadable, n, log_quote(why));
}

static void on_message(void *arg, const char *bytes, size_t n)
{
    struct gateway *const g = arg;
    if (stood_still(g))
        return;
    const int64_t received_ms = clock_monotonic_ms();
    struct event_frame frame;
    const char *why;
    if (!event_frame_parse(bytes, n, &frame, &why)) {
        on_unreadable(g, n, why);
        return;
    }
    if (g->state == RUNNING)
        g->callbacks.on_alive(g->callbacks.arg, received_ms);
    if (g->socket != NULL && g->state != STOPPING)
        on_frame(g, &frame, received_ms);
    event_frame_finish(&frame);
}

/* Connecting ----------------------------------------------------------------------------------------------- */

static void on_open(void *arg)
{
    struct gateway *const g = arg;
    g->state = GREETING;
    g->n_unreadable = 0;
    set_timer(g, HELLO_MS, on_timeout);
    g->looked_ms = clock_monotonic_ms();
    g->look_timer = loop_after(g->config.loop, LOOK_MS, on_look_time, g);
}

static void stopped(struct gateway *g)
{
    drop(g);
    g->state = STOPPED;
    log_info("gateway_stopped", "shard=%d", g->config.shard_id);
    g->on_stopped(g->on_stopped_arg);
}

static void on_closed(void *arg, int code, const char *why)
{
    struct gateway *const g = arg;
    if (g->state == STOPPING) {
        stopped(g);
        return;
    }
    log_info("gateway_closed", "shard=%d code=%d why=%s", g->config.shard_id, code, log_quote(why));
    const char *advice;
    switch (gateway_judge_close(code, &advice)) {
    case GATEWAY_RESUME:
        reconnect(g, "closed");
        break;
    case GATEWAY_IDENTIFY:
        forget_session(g);
        reconnect(g, "closed, session is dead");
        lose_session(g);
        break;
    case GATEWAY_GIVE_UP:
        give_up(g, advice);
        break;
    }
}

static void open_socket(struct gateway *g, const char *url, bool main)
{
    char *const full = gateway_wire_url(url);
    log_info("gateway_connect", "shard=%d url=%s", g->config.shard_id, log_quote(full));
    g->state = CONNECTING;
    g->on_main = main;
    g->socket = websocket_open(
        &(struct websocket_config){
            .loop = g->config.loop,
            .client = g->config.client,
            .url = full,
            .zlib_stream = true,
            .open_timeout_ms = CONNECT_MS / g->config.hurry,
        },
        &(struct websocket_callbacks){
            .on_open = on_open, .on_message = on_message, .on_closed = on_closed, .arg = g});
    free(full);
}

static void on_turn(void *arg)
{
    struct gateway *const g = arg;
    open_socket(g, g->main_url, true);
}

static void queue(struct gateway *g)
{
    g->state = QUEUEING;
    g->turn = identify_wait(g->config.turns, g->config.shard_id, on_turn, g);
}

static void on_answer(void *arg, const struct gateway_bot_answer *answer)
{
    struct gateway *const g = arg;
    g->question = NULL;
    switch (answer->status) {
    case GATEWAY_BOT_REFUSED:
        give_up(g, "Discord refuses the token: check DISCORD_TOKEN");
        return;
    case GATEWAY_BOT_UNKNOWN:
        reconnect(g, "GET /gateway/bot failed");
        return;
    case GATEWAY_BOT_OK:
        break;
    }
    free(g->main_url);
    g->main_url = mem_strdup(g->config.gateway_url != NULL ? g->config.gateway_url : answer->url);
    identify_allow(g->config.turns, answer->limit.max_concurrency);

    /* Discord is there: one more RESUME first, for what failed before may have been the network. Then the main url, where
     * the session is given up once HELLO comes; and in turns if neither lets us in. */
    if (g->session_id != NULL && g->failed_resumes % 2 == 1) {
        open_socket(g, g->resume_url, false);
        return;
    }
    const struct gateway_limit *const limit = &answer->limit;
    const int64_t pause = gateway_identify_pause(g->lost_identifies, limit, g->config.shard_count);
    if (pause > 0)
        log_info("gateway_identify_pause",
                 "shard=%d failures=%d remaining=%" PRId64 "/%" PRId64 " pause_ms=%" PRId64, g->config.shard_id,
                 g->lost_identifies, limit->remaining, limit->total, pause);
    pause_before(g, pause, queue);
}

/* The main url wants a look at the identify budget first. */
static void ask(struct gateway *g)
{
    g->state = ASKING;
    g->question = gateway_bot_ask(g->config.bot, on_answer, g);
}

/* A session is resumed where it was told to be. When that fails again and again, Discord is asked whether it can be
 * reached at all (on_answer). */
static void attempt(struct gateway *g)
{
    if (g->session_id != NULL && g->failed_resumes < RESUMES_BEFORE_ASKING) {
        open_socket(g, g->resume_url, false);
        return;
    }
    ask(g);
    if (g->session_id == NULL)
        lose_session(g); /* only a start without one has not told it yet */
}

/* Calls ---------------------------------------------------------------------------------------------------- */

struct gateway *gateway_create(const struct gateway_config *config, const struct gateway_callbacks *callbacks)
{
    struct gateway *const g = mem_alloc(sizeof(*g));
    g->config = *config;
    g->config.hurry = config->hurry > 0 ? config->hurry : 1;
    g->callbacks = *callbacks;
    g->seq = g->committed = -1;
    const struct gateway_session *const session = &config->session;
    if (session->session_id != NULL && session->resume_url != NULL && session->seq >= 0) {
        g->session_id = mem_strdup(session->session_id);
        g->resume_url = mem_strdup(session->resume_url);
        g->seq = g->committed = session->seq;
    }
    g->config.session = (struct gateway_session){0};
    pause_before(g, 0, attempt);
    return g;
}

void gateway_destroy(struct gateway *g)
{
    if (g == NULL)
        return;
    drop(g);
    free(g->session_id);
    free(g->resume_url);
    free(g->main_url);
    free(g);
}

void gateway_set_committed(struct gateway *g, int64_t seq)
{
    if (seq <= g->seq) /* else it is of a session that is lost meanwhile */
        g->committed = seq;
}

bool gateway_beat(struct gateway *g)
{
    if (g->state != RUNNING)
        return false;
    if (g->beats_unanswered > 0)
        return true;
    const int64_t rest_ms = g->beat_ms + BEAT_REST_MS / g->config.hurry - clock_monotonic_ms();
    if (rest_ms > 0)
        set_beat_timer(g, rest_ms);
    else
        beat(g);
    return true;
}

void gateway_rest(struct gateway *g)
{
    metrics_count(METRIC_RECONNECTS, "rest", NULL);
    if (g->socket != NULL)
        websocket_close(g->socket, DISCORD_CLOSE_UNKNOWN_ERROR);
    drop(g);
    g->state = RESTING;
}

void gateway_wake(struct gateway *g)
{
    if (g->state == RESTING)
        pause_before(g, gateway_reconnect_pause(0, chance()), attempt);
}

void gateway_stop(struct gateway *g, void (*on_stopped)(void *arg), void *arg)
{
    g->on_stopped = on_stopped;
    g->on_stopped_arg = arg;
    cancel_waits(g);
    g->state = STOPPING;
    if (g->socket != NULL)
        websocket_close(g->socket, DISCORD_CLOSE_UNKNOWN_ERROR);
    else
        set_timer(g, 0, stopped);
}
