/*
 * The protocol with a gateway, and a clock, that do what they like. Each line of the input is something that happens, by
 * its first letter; what does not fit in the present state is passed over:
 *
 *     o open   m... message   c4004 closed   z the process stands still
 *     t the next timer        g... answer to GET /gateway/bot   x refused   y none
 *     b beat   k12 committed  r rest         w wake   s stop
 *
 * Whatever happens, events come once and in order, nobody is said to be watched without a connection, IDENTIFYs keep their
 * distance, and something is always pending: no shard hangs for ever. Socket, loop and REST queue are this file's own.
 */
#include "tracker/gateway.h"

#include "infra/clock.h"
#include "infra/discord.h"
#include "infra/json.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/rest.h"
#include "tests/fuzz/fuzz.h"
#include "tracker/gateway_bot.h"
#include "tracker/identify.h"
#include "tracker/websocket.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <utlist.h>

/* Time ------------------------------------------------------------------------------------------------------ */

struct loop_timer {
    int64_t due;
    void (*on_time)(void *arg);
    void *arg;
    struct loop_timer *prev, *next;
};

static int64_t now;
static struct loop_timer *timers;

int64_t clock_monotonic_ms(void)
{
    return now;
}

static int by_due(const struct loop_timer *a, const struct loop_timer *b)
{
    return (a->due > b->due) - (a->due < b->due);
}

struct loop_timer *loop_after(struct loop *loop, int64_t ms, void (*on_time)(void *arg), void *arg)
{
    (void)loop;
    hold(ms >= 0 && ms <= INT64_C(86400) * 1000);
    struct loop_timer *const timer = mem_alloc(sizeof(*timer));
    *timer = (struct loop_timer){.due = now + ms, .on_time = on_time, .arg = arg};
    DL_INSERT_INORDER(timers, timer, by_due);
    return timer;
}

void loop_cancel(struct loop_timer *timer)
{
    if (timer == NULL)
        return;
    DL_DELETE(timers, timer);
    free(timer);
}

static void fire_next(void)
{
    struct loop_timer *const timer = timers;
    if (timer == NULL)
        return;
    DL_DELETE(timers, timer);
    now = timer->due > now ? timer->due : now;
    timer->on_time(timer->arg);
    free(timer);
}

/* The same chance each time. */
ssize_t getrandom(void *buffer, size_t n, unsigned flags)
{
    (void)flags;
    memset(buffer, 0x55, n);
    return (ssize_t)n;
}

/* REST ------------------------------------------------------------------------------------------------------ */

static void (*on_response)(void *arg, const struct rest_response *response); /* NULL: nothing is asked */
static void *on_response_arg;

struct rest_call *rest_send(struct rest *rest, const struct rest_request *request,
                            void (*on_done)(void *arg, const struct rest_response *response), void *arg)
{
    static char call;
    (void)rest, (void)request;
    hold(on_response == NULL);
    on_response = on_done;
    on_response_arg = arg;
    return (struct rest_call *)(void *)&call;
}

void rest_cancel(struct rest_call *call)
{
    if (call != NULL)
        on_response = NULL;
}

static void respond(enum rest_status status, int http_status, const char *text, size_t n)
{
    void (*const on_done)(void *arg, const struct rest_response *response) = on_response;
    if (on_done == NULL)
        return;
    on_response = NULL;
    cJSON *const body = json_parse(text, n);
    on_done(on_response_arg,
            &(struct rest_response){.status = status, .http_status = http_status, .error = "", .body = body});
    cJSON_Delete(body);
}

/* The socket ------------------------------------------------------------------------------------------------ */

struct websocket {
    struct websocket_callbacks callbacks;
    bool open, closing, closed;
};

static struct websocket *the_socket;
static int64_t identified; /* when IDENTIFY was sent last */

struct websocket *websocket_open(const struct websocket_config *config,
                                 const struct websocket_callbacks *callbacks)
{
    hold(the_socket == NULL && config->open_timeout_ms > 0 && config->zlib_stream);
    fuzz_hold_text(config->url);
    the_socket = mem_alloc(sizeof(*the_socket));
    the_socket->callbacks = *callbacks;
    return the_socket;
}

void websocket_destroy(struct websocket *ws)
{
    hold(ws == the_socket);
    free(ws);
    the_socket = NULL;
}

bool websocket_send(struct websocket *ws, const char *text, size_t n)
{
    hold(ws != NULL && ws == the_socket);
    if (!ws->open || ws->closing || ws->closed || n > WEBSOCKET_MAX_SEND)
        return false;
    fuzz_hold_text(text);
    cJSON *const payload = json_parse(text, n);
    int64_t op;
    hold(json_int(payload, "op", &op));
    if (op == DISCORD_OP_IDENTIFY) {
        hold(identified == 0 || now - identified >= IDENTIFY_WINDOW_MS);
        identified = now;
    }
    cJSON_Delete(payload);
    return true;
}

void websocket_close(struct websocket *ws, int code)
{
    hold(ws != NULL && ws == the_socket && code >= 4000);
    ws->closing = true;
}

static void close_socket(int code)
{
    struct websocket *const ws = the_socket;
    if (ws == NULL || ws->closed)
        return;
    ws->closed = true;
    ws->callbacks.on_closed(ws->callbacks.arg, code, "closed");
}

static void open_socket(void)
{
    struct websocket *const ws = the_socket;
    if (ws == NULL || ws->open || ws->closing || ws->closed)
        return;
    ws->open = true;
    ws->callbacks.on_open(ws->callbacks.arg);
}

static void send_message(const char *bytes, size_t n)
{
    struct websocket *const ws = the_socket;
    if (ws != NULL && ws->open && !ws->closing && !ws->closed)
        ws->callbacks.on_message(ws->callbacks.arg, bytes, n);
}

/* What is heard of the gateway ------------------------------------------------------------------------------ */

struct shard {
    struct gateway *gateway;
    bool watched, replaying;
    int64_t seq; /* of the last event; -1: none of this session */
    bool resting, stopping, over;
};

static void hold_alive(const struct shard *shard)
{
    hold(!shard->stopping && !shard->over);
}

static void on_alive(void *arg, int64_t received_ms)
{
    struct shard *const shard = arg;
    hold_alive(shard);
    hold(the_socket != NULL && the_socket->open && !the_socket->closed && received_ms <= now);
    shard->watched = true;
}

static void on_broken(void *arg, bool session_lost)
{
    (void)session_lost;
    struct shard *const shard = arg;
    hold_alive(shard);
    shard->watched = false;
}

static void on_dispatch(void *arg, const struct event *event, int64_t seq, bool replayed, int64_t received_ms)
{
    struct shard *const shard = arg;
    hold_alive(shard);
    hold(seq > shard->seq && received_ms <= now);
    hold(event != NULL && replayed != shard->watched);
    shard->seq = seq;
}

static void on_resumed(void *arg, int64_t received_ms)
{
    (void)received_ms;
    const struct shard *const shard = arg;
    hold_alive(shard);
    hold(!shard->watched);
}

static void on_session_lost(void *arg)
{
    struct shard *const shard = arg;
    hold_alive(shard);
    shard->seq = -1;
}

static void on_acknowledged(void *arg)
{
    const struct shard *const shard = arg;
    hold_alive(shard);
    hold(shard->watched);
}

static void on_fatal(void *arg, const char *why)
{
    struct shard *const shard = arg;
    hold_alive(shard);
    hold(why != NULL);
    shard->over = true;
}

static void on_stopped(void *arg)
{
    struct shard *const shard = arg;
    hold(shard->stopping && !shard->over);
    shard->over = true;
}

/* A play ---------------------------------------------------------------------------------------------------- */

static void call(struct shard *shard, char what, const char *rest, size_t n)
{
    if (shard->stopping || shard->over)
        return;
    if (what == 'b') {
        hold(gateway_beat(shard->gateway) == shard->watched);
    } else if (what == 'k') {
        gateway_set_committed(shard->gateway, n > 0 && rest[0] == '-' ? -1 : atoi(rest));
    } else if (what == 'r') {
        gateway_rest(shard->gateway);
        shard->resting = true;
        hold(the_socket == NULL);
    } else if (what == 'w') {
        gateway_wake(shard->gateway);
        shard->resting = false;
    } else if (what == 's') {
        shard->stopping = true;
        gateway_stop(shard->gateway, on_stopped, shard);
    }
}

static void happen(struct shard *shard, const char *line, size_t n)
{
    const char *const rest = line + 1;
    switch (line[0]) {
    case 'o':
        open_socket();
        break;
    case 'm':
        send_message(rest, n - 1);
        break;
    case 'c':
        close_socket(atoi(rest) & UINT16_MAX);
        break;
    case 'z':
        now += 6000;
        break;
    case 't':
        fire_next();
        break;
    case 'g':
        respond(REST_OK, 200, rest, n - 1);
        break;
    case 'x':
        respond(REST_REFUSED, 401, "", 0);
        break;
    case 'y':
        respond(REST_UNREACHABLE, 0, "", 0);
        break;
    default:
        call(shard, line[0], rest, n - 1);
    }
    const bool waits = timers != NULL || on_response != NULL || (the_socket != NULL && !the_socket->closed);
    hold(waits || shard->resting || shard->over);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    log_set_level(LOG_ERROR);
    now = 1000;
    identified = 0;
    struct shard shard = {.seq = -1};
    struct gateway_bot *const bot = gateway_bot_create(NULL);
    struct identify *const turns = identify_create(NULL, IDENTIFY_WINDOW_MS);
    const bool resumes = n > 0 && bytes[0] == 'R';
    const struct gateway_config config = {
        .bot = bot,
        .turns = turns,
        .token = "token",
        .shard_count = 16, /* of whose refused IDENTIFYs some are free */
        .session = {resumes ? "session" : NULL, "wss://resume.discord.gg", 5},
    };
    if (resumes)
        shard.seq = 5;
    shard.gateway = gateway_create(&config, &(struct gateway_callbacks){on_alive, on_broken, on_dispatch,
                                                                        on_resumed, on_session_lost,
                                                                        on_acknowledged, on_fatal, &shard});
    char *const text = mem_strndup((const char *)bytes, n);
    for (char *rest = text, *end; rest < text + n; rest = end + 1) {
        end = memchr(rest, '\n', n - (size_t)(rest - text));
        end = end != NULL ? end : text + n;
        *end = '\0';
        if (end > rest)
            happen(&shard, rest, (size_t)(end - rest));
    }
    gateway_destroy(shard.gateway);
    hold(the_socket == NULL && on_response == NULL);
    while (timers != NULL) /* of turns that are over */
        fire_next();
    identify_destroy(turns);
    gateway_bot_destroy(bot);
    free(text);
    return 0;
}
