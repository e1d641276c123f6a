#include "tracker/gateway.h"

#include "infra/clock.h"
#include "infra/http_client.h"
#include "infra/json.h"
#include "infra/log.h"
#include "infra/rest.h"
#include "tests/tracker/loopback.h"
#include "tests/tracker/samples.h"
#include "tracker/event.h"
#include "tracker/gateway_bot.h"
#include "tracker/identify.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

/*
 * A made-up Discord and the gateway under test, on one loop. What the gateway sends is written to `seen`, what
 * it tells to `told`, both as words in their order, so that a test compares whole stories.
 */
struct world {
    struct loop *loop;
    struct http_client *client;
    struct server server;
    struct rest *rest;
    struct gateway_bot *gateway_bot;
    struct identify *turns;
    struct gateway *gateway;
    struct peer *peer; /* the websocket that is open */

    /* What the server does. An answer is "{...}" (deflated), "READY", "close <code>", "drop"; NULL ends. */
    const char *const *on_connect;
    const char *const *on_identify;
    const char *const *on_resume;
    const char *bot_status;
    char bot[256];
    char hello[96];
    char ready[512];
    bool acks;
    bool deaf_to_close;

    struct buffer seen;  /* "ask main IDENTIFY resume RESUME:4 close:4000 " */
    struct buffer beats; /* "null 3 " */
    struct buffer told;  /* "lost alive READY:1 3 5+ resumed ack fatal stopped ", + is a replayed one */
    int n_identifies, n_alive;
    cJSON *last_identify, *last_resume;
    char last_head[2048];
    char fatal[128];
    bool stop_on_dispatch, stop_on_lost, rest_on_alive, rest_on_lost;
};

static struct world *world_of(struct server *server)
{
    return (struct world *)((char *)server - offsetof(struct world, server));
}

/* The server ----------------------------------------------------------------------------------------------- */

static void answer(struct world *w, struct peer *peer, const char *const *actions)
{
    for (; actions != NULL && *actions != NULL; actions++) {
        if (strcmp(*actions, "drop") == 0) {
            w->peer = NULL;
            peer_drop(peer);
            return;
        }
        if (strncmp(*actions, "close ", 6) == 0)
            peer_close(peer, atoi(*actions + 6), "as told");
        else
            peer_zlib(peer, strcmp(*actions, "READY") == 0 ? w->ready : *actions);
    }
}

static void on_request(struct server *server, struct peer *peer, const char *head)
{
    struct world *const w = world_of(server);
    snprintf(w->last_head, sizeof(w->last_head), "%s", head);
    if (strncmp(head, "GET /api/gateway/bot ", 21) == 0) {
        buffer_append_string(&w->seen, "ask ");
        peer_answer(peer, w->bot_status, w->bot);
        return;
    }
    buffer_printf(&w->seen, "%.*s ", (int)strcspn(head + 5, "/ "), head + 5);
    w->peer = peer;
    peer_accept(peer);
    answer(w, peer, w->on_connect);
}

static void on_payload(struct world *w, struct peer *peer, const cJSON *payload)
{
    int64_t op, seq;
    const cJSON *const d = json_member(payload, "d");
    assert_true(json_int(payload, "op", &op));
    if (op == 1) {
        if (json_int(payload, "d", &seq))
            buffer_printf(&w->beats, "%" PRId64 " ", seq);
        else
            buffer_append_string(&w->beats, "null ");
        if (w->acks)
            peer_zlib(peer, sample_control_frames[3]);
    } else if (op == 2) {
        buffer_append_string(&w->seen, "IDENTIFY ");
        w->n_identifies++;
        cJSON_Delete(w->last_identify);
        w->last_identify = cJSON_Duplicate(d, true);
        answer(w, peer, w->on_identify);
    } else {
        assert_int_equal(op, 6);
        assert_true(json_int(d, "seq", &seq));
        buffer_printf(&w->seen, "RESUME:%" PRId64 " ", seq);
        cJSON_Delete(w->last_resume);
        w->last_resume = cJSON_Duplicate(d, true);
        answer(w, peer, w->on_resume);
    }
}

static void on_frame(struct server *server, struct peer *peer, int opcode, const char *bytes, size_t n)
{
    struct world *const w = world_of(server);
    if (opcode == CLOSE) {
        const int code = (unsigned char)bytes[0] << 8 | (unsigned char)bytes[1];
        buffer_printf(&w->seen, "close:%d ", code);
        if (!w->deaf_to_close)
            peer_close(peer, code, "");
        return;
    }
    cJSON *const payload = json_parse(bytes, n);
    assert_non_null(payload);
    on_payload(w, peer, payload);
    cJSON_Delete(payload);
}

static void on_gone(struct server *server, struct peer *peer)
{
    struct world *const w = world_of(server);
    if (w->peer == peer)
        w->peer = NULL;
}

/* What the gateway tells ----------------------------------------------------------------------------------- */

static void on_stopped(void *arg)
{
    buffer_append_string(&((struct world *)arg)->told, "stopped ");
}

static void on_alive(void *arg, int64_t received_ms)
{
    struct world *const w = arg;
    assert_in_range(received_ms, clock_monotonic_ms() - 60000, clock_monotonic_ms());
    w->n_alive++;
    buffer_append_string(&w->told, "alive ");
    if (w->rest_on_alive)
        gateway_rest(w->gateway);
}

static void on_broken(void *arg, bool session_lost)
{
    buffer_append_string(&((struct world *)arg)->told, session_lost ? "broken! " : "broken ");
}

static void on_dispatch(void *arg, const struct event *event, int64_t seq, bool replayed, int64_t received_ms)
{
    (void)received_ms;
    struct world *const w = arg;
    buffer_printf(&w->told, "%s%" PRId64 "%s ", event->type == EVENT_READY ? "READY:" : "", seq,
                  replayed ? "+" : "");
    if (w->stop_on_dispatch)
        gateway_stop(w->gateway, on_stopped, w);
}

static void on_resumed(void *arg, int64_t received_ms)
{
    (void)received_ms;
    buffer_append_string(&((struct world *)arg)->told, "resumed ");
}

static void on_session_lost(void *arg)
{
    struct world *const w = arg;
    buffer_append_string(&w->told, "lost ");
    if (w->stop_on_lost)
        gateway_stop(w->gateway, on_stopped, w);
    if (w->rest_on_lost)
        gateway_rest(w->gateway);
}

static void on_acknowledged(void *arg)
{
    buffer_append_string(&((struct world *)arg)->told, "ack ");
}

static void on_other_turn(void *arg)
{
    (void)arg;
}

static void on_fatal(void *arg, const char *why)
{
    struct world *const w = arg;
    buffer_append_string(&w->told, "fatal ");
    snprintf(w->fatal, sizeof(w->fatal), "%s", why);
}

/* Set-up --------------------------------------------------------------------------------------------------- */

static const char *const answer_ready[] = {"READY", NULL};
static const char *const answer_resumed[] = {sample_resumed, NULL};

static void set_hello(struct world *w, int interval)
{
    static const char *hello[] = {NULL, NULL};
    snprintf(w->hello, sizeof(w->hello), "{\"op\":10,\"d\":{\"heartbeat_interval\":%d},\"s\":null,\"t\":null}",
             interval);
    hello[0] = w->hello;
    w->on_connect = hello;
}

static void set_ready(struct world *w, int resume_port, int64_t seq)
{
    snprintf(w->ready, sizeof(w->ready),
             "{\"op\":0,\"s\":%" PRId64 ",\"t\":\"READY\",\"d\":{\"v\":10,\"session_id\":\"fresh\","
             "\"resume_gateway_url\":\"ws://127.0.0.1:%d/resume\",\"user\":{\"id\":\"1\"},\"guilds\":[]}}",
             seq, resume_port);
}

static int setup(void **state)
{
    log_set_level(LOG_ERROR);
    struct world *const w = mem_alloc(sizeof(*w));
    w->loop = loop_create();
    w->client = http_client_create(w->loop, &(struct http_client_config){.user_agent = "test"});
    w->server.on_request = on_request;
    w->server.on_frame = on_frame;
    w->server.on_gone = on_gone;
    server_start(&w->server, w->loop);
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/api", w->server.port);
    w->rest = rest_create(w->loop, w->client, &(struct rest_config){.api_url = url, .token = "secret"});
    w->gateway_bot = gateway_bot_create(w->rest);
    w->turns = identify_create(w->loop, 1);

    set_hello(w, 3600000);
    set_ready(w, w->server.port, 1);
    w->on_identify = answer_ready;
    w->on_resume = answer_resumed;
    w->acks = true;
    w->bot_status = "200 OK";
    snprintf(w->bot, sizeof(w->bot),
             "{\"url\":\"ws://127.0.0.1:%d/main\",\"shards\":1,\"session_start_limit\":"
             "{\"total\":1000,\"remaining\":997,\"reset_after\":61234567,\"max_concurrency\":1}}",
             w->server.port);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *const w = *state;
    gateway_destroy(w->gateway);
    identify_destroy(w->turns);
    gateway_bot_destroy(w->gateway_bot);
    server_stop(&w->server);
    rest_destroy(w->rest);
    http_client_destroy(w->client);
    loop_destroy(w->loop);
    buffer_finish(&w->seen);
    buffer_finish(&w->beats);
    buffer_finish(&w->told);
    cJSON_Delete(w->last_identify);
    cJSON_Delete(w->last_resume);
    free(w);
    return 0;
}

/* hurry 20: a first reconnection after 25 to 50 ms. */
static struct gateway_config usual(struct world *w)
{
    return (struct gateway_config){
        .loop = w->loop,
        .client = w->client,
        .bot = w->gateway_bot,
        .turns = w->turns,
        .token = "secret",
        .shard_id = 0,
        .shard_count = 1,
        .hurry = 20,
    };
}

static void start(struct world *w, const struct gateway_config *config)
{
    w->gateway = gateway_create(config, &(struct gateway_callbacks){
                                            .on_alive = on_alive,
                                            .on_broken = on_broken,
                                            .on_dispatch = on_dispatch,
                                            .on_resumed = on_resumed,
                                            .on_session_lost = on_session_lost,
                                            .on_acknowledged = on_acknowledged,
                                            .on_fatal = on_fatal,
                                            .arg = w,
                                        });
}

/* As a process after a crash: with a session, committed up to 4. */
static void start_with_session(struct world *w, int hurry)
{
    char url[64];
    snprintf(url, sizeof(url), "ws://127.0.0.1:%d/resume/", w->server.port);
    struct gateway_config config = usual(w);
    config.hurry = hurry;
    config.session = (struct gateway_session){.session_id = "kept", .resume_url = url, .seq = 4};
    start(w, &config);
}

#define WAIT_FOR(w, condition)                                                                                 \
    do {                                                                                                       \
        const int64_t until = clock_monotonic_ms() + 20000;                                                    \
        while (!(condition)) {                                                                                 \
            if (clock_monotonic_ms() > until)                                                                  \
                fail_msg("never came: " #condition "\n  seen %s\n  told %s", (w)->seen.data, (w)->told.data);  \
            loop_turn((w)->loop, 20);                                                                          \
        }                                                                                                      \
    } while (0)

static bool has(const struct buffer *words, const char *part)
{
    return words->data != NULL && strstr(words->data, part) != NULL;
}

/* Waits until the words end like this. */
#define WAIT_FOR_END(w, words, tail)                                                                           \
    WAIT_FOR(w, (words)->len >= strlen(tail) && strcmp((words)->data + (words)->len - strlen(tail), tail) == 0)

static void turn_for(struct world *w, int64_t ms)
{
    const int64_t until = clock_monotonic_ms() + ms;
    while (clock_monotonic_ms() < until)
        loop_turn(w->loop, (int)(until - clock_monotonic_ms()));
}

/* RUNNING after IDENTIFY, with seq 1; both stories start anew. */
static void run_it(struct world *w, int hurry)
{
    struct gateway_config config = usual(w);
    config.hurry = hurry;
    start(w, &config);
    WAIT_FOR(w, has(&w->told, "READY:1 "));
    buffer_finish(&w->seen);
    buffer_finish(&w->told);
    w->n_identifies = 0;
}

/* The plain course ----------------------------------------------------------------------------------------- */

static void identifies(void **state)
{
    struct world *const w = *state;
    struct gateway_config config = usual(w);
    config.shard_id = 0;
    config.shard_count = 3;
    start(w, &config);
    WAIT_FOR_END(w, &w->told, "READY:1 ");
    assert_string_equal(w->seen.data, "ask main IDENTIFY ");
    assert_string_equal(w->told.data, "lost alive READY:1 ");
    assert_non_null(strstr(w->last_head, "GET /main/?v=10&encoding=json&compress=zlib-stream HTTP/1.1\r\n"));
    char *const d = cJSON_PrintUnformatted(w->last_identify);
    assert_string_equal(d, "{\"token\":\"secret\",\"intents\":129,\"properties\":{\"os\":\"linux\","
                           "\"browser\":\"vcledger\",\"device\":\"vcledger\"},\"shard\":[0,3]}");
    cJSON_free(d);
}

static void dispatches(void **state)
{
    struct world *const w = *state;
    run_it(w, 20);
    peer_zlib(w->peer, sample_guild_create);
    peer_zlib(w->peer, sample_voice_join);
    peer_zlib(w->peer, sample_voice_join);   /* seq 3 again */
    peer_zlib(w->peer, sample_guild_create); /* seq 2 again */
    peer_zlib(w->peer, w->ready);            /* seq 1 again: no new session */
    peer_zlib(w->peer, "{\"op\":11,");       /* broken: skipped */
    peer_zlib(w->peer, "{\"op\":0,\"s\":4,\"t\":\"VOICE_STATE_UPDATE\",\"d\":{\"guild_id\":\"1\"}}");
    peer_zlib(w->peer, "{\"op\":99,\"d\":{}}");
    peer_zlib(w->peer, sample_channel_info);
    WAIT_FOR_END(w, &w->told, "10 ");
    assert_string_equal(w->told.data, "alive 2 alive 3 alive alive alive alive alive 10 ");
    assert_null(w->seen.data);
}

static void fragmented_text_is_a_frame_too(void **state)
{
    struct world *const w = *state;
    run_it(w, 20);
    const size_t n = strlen(sample_guild_create);
    peer_frame(w->peer, TEXT, sample_guild_create, 100);
    peer_frame(w->peer, 0, sample_guild_create + 100, 1000);
    peer_frame(w->peer, FIN | 0, sample_guild_create + 1100, n - 1100);
    WAIT_FOR_END(w, &w->told, "2 ");
}

static void configured_url(void **state)
{
    struct world *const w = *state;
    char url[64];
    snprintf(url, sizeof(url), "ws://127.0.0.1:%d/mine/", w->server.port);
    struct gateway_config config = usual(w);
    config.gateway_url = url;
    start(w, &config);
    WAIT_FOR_END(w, &w->told, "READY:1 ");
    assert_string_equal(w->seen.data, "ask mine IDENTIFY "); /* the budget is looked at all the same */
    assert_non_null(strstr(w->last_head, "GET /mine/?v=10&"));
}

/* RESUME --------------------------------------------------------------------------------------------------- */

static const char *const replay[] = {sample_voice_move, sample_voice_mute,    sample_voice_leave,
                                     sample_resumed,    sample_guild_removed, NULL};

static void resumes_the_session_of_the_process_before(void **state)
{
    struct world *const w = *state;
    w->on_resume = replay;
    start_with_session(w, 20);
    WAIT_FOR_END(w, &w->told, "resumed alive ");
    assert_string_equal(w->seen.data, "resume RESUME:4 ");
    assert_string_equal(w->told.data, "5+ 6+ 7+ 8+ resumed alive "); /* 4 is committed already */
    assert_string_equal(w->beats.data,
                        "4 "); /* its answer ends the replay, not RESUMED: that may be an earlier one */
    peer_zlib(w->peer, "{\"op\":0,\"s\":9,\"t\":\"ANYTHING\",\"d\":{}}");
    WAIT_FOR_END(w, &w->told, "resumed alive alive 9 ");
    assert_non_null(strstr(w->last_head, "GET /resume/?v=10&encoding=json&compress=zlib-stream HTTP"));
    assert_string_equal(json_string(w->last_resume, "token"), "secret");
    assert_string_equal(json_string(w->last_resume, "session_id"), "kept");
}

static void resumes_after_a_cut_from_the_last_received(void **state)
{
    struct world *const w = *state;
    run_it(w, 1); /* in real time: a first RESUME comes within about a second */
    peer_zlib(w->peer, sample_guild_create);
    peer_zlib(w->peer, sample_voice_join);
    WAIT_FOR_END(w, &w->told, "3 ");
    gateway_set_committed(w->gateway, 2);
    const int64_t cut = clock_monotonic_ms();
    peer_drop(w->peer);
    WAIT_FOR_END(w, &w->told, "resumed alive ");
    assert_in_range(clock_monotonic_ms() - cut, 400, 3000);
    assert_string_equal(w->seen.data, "resume RESUME:3 ");
    assert_string_equal(json_string(w->last_resume, "session_id"), "fresh");
    assert_string_equal(w->told.data, "alive 2 alive 3 broken 7+ resumed alive ");
}

/* RESUMED with a number that is used up is still the end of the replay. */
static void resumed_without_a_new_seq(void **state)
{
    struct world *const w = *state;
    static const char *const actions[] = {"{\"op\":0,\"s\":4,\"t\":\"RESUMED\",\"d\":{}}", NULL};
    w->on_resume = actions;
    start_with_session(w, 20);
    WAIT_FOR_END(w, &w->told, "resumed alive ");
    assert_string_equal(w->told.data, "resumed alive ");
}

/* Two beats are unanswered when an earlier RESUMED is replayed: only the third answer comes after all of it. */
static void resumed_behind_two_beats(void **state)
{
    struct world *const w = *state;
    w->on_resume = NULL;
    w->acks = false;
    start_with_session(w, 20);
    WAIT_FOR_END(w, &w->seen, "RESUME:4 ");
    const char *const ack = sample_control_frames[3];
    const char *const frames[] = {
        "{\"op\":1}", "{\"op\":1}",
        ack,          "{\"op\":0,\"s\":5,\"t\":\"RESUMED\",\"d\":{}}",
        ack,          "{\"op\":0,\"s\":6,\"t\":\"RESUMED\",\"d\":{}}",
        ack,          "{\"op\":0,\"s\":7,\"t\":\"ANYTHING\",\"d\":{}}",
    };
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
        peer_zlib(w->peer, frames[i]);
    WAIT_FOR(w, has(&w->told, "7"));
    assert_string_equal(w->told.data, "5+ 6+ resumed alive alive 7 ");
    WAIT_FOR_END(w, &w->beats, "4 4 4 ");
}

static void refused_resume_is_lost_at_once(void **state)
{
    struct world *const w = *state;
    static const char *const invalid[] = {"{\"op\":9,\"d\":false}", NULL};
    w->on_resume = invalid;
    start_with_session(w, 20);
    WAIT_FOR_END(w, &w->told, "lost ");
    assert_string_equal(w->seen.data, "resume RESUME:4 "); /* before anything else is done */
    WAIT_FOR_END(w, &w->told, "READY:1 ");
    assert_string_equal(w->seen.data, "resume RESUME:4 close:4000 ask main IDENTIFY ");
    assert_string_equal(w->told.data, "lost alive READY:1 ");
}

static void op_9_true_is_resumed_again(void **state)
{
    struct world *const w = *state;
    static const char *const invalid[] = {"{\"op\":9,\"d\":true}", NULL};
    w->on_resume = invalid;
    start_with_session(w, 20);
    WAIT_FOR_END(w, &w->seen, "close:4000 ");
    w->on_resume = answer_resumed;
    WAIT_FOR_END(w, &w->told, "7+ resumed alive ");
    assert_string_equal(w->seen.data, "resume RESUME:4 close:4000 resume RESUME:4 ");
    assert_string_equal(w->told.data, "7+ resumed alive ");
}

static void ready_in_place_of_resumed(void **state)
{
    struct world *const w = *state;
    w->on_resume = answer_ready;
    start_with_session(w, 20);
    WAIT_FOR_END(w, &w->told, "READY:1 ");
    assert_string_equal(w->told.data, "lost alive READY:1 ");
    peer_drop(w->peer);
    w->on_resume = answer_resumed;
    WAIT_FOR_END(w, &w->told, "7+ resumed alive ");
    assert_string_equal(json_string(w->last_resume, "session_id"), "fresh");
    assert_string_equal(w->seen.data, "resume RESUME:4 resume RESUME:1 ");
}

static void reconnects_when_asked(void **state)
{
    struct world *const w = *state;
    run_it(w, 20);
    peer_zlib(w->peer, "{\"op\":7,\"d\":null,\"s\":null,\"t\":null}");
    WAIT_FOR_END(w, &w->told, "7+ resumed alive ");
    assert_string_equal(w->seen.data, "close:4000 resume RESUME:1 ");
    assert_string_equal(w->told.data, "alive broken 7+ resumed alive ");
}

static void asked_to_reconnect_instead_of_hello(void **state)
{
    struct world *const w = *state;
    const char *const *const hello = w->on_connect;
    static const char *const actions[] = {"{\"op\":7,\"d\":null}", NULL};
    w->on_connect = actions;
    start_with_session(w, 20);
    WAIT_FOR_END(w, &w->seen, "close:4000 ");
    w->on_connect = hello;
    WAIT_FOR_END(w, &w->told, "7+ resumed alive ");
    assert_string_equal(w->told.data, "7+ resumed alive ");
}

/* Where the session was to be resumed nobody is, three times and once more after Discord has answered elsewhere: the other
 * url may begin a new one, once it speaks. */
static void dead_resume_url(void **state)
{
    struct world *const w = *state;
    const char *const *const hello = w->on_connect;
    struct gateway_config config = usual(w);
    config.session = (struct gateway_session){.session_id = "kept", .resume_url = "ws://127.0.0.1:1", .seq = 4};
    w->on_connect = NULL;
    start(w, &config);
    WAIT_FOR_END(w, &w->seen, "ask ask main ");
    turn_for(w, 100);
    assert_null(w->told.data);
    peer_zlib(w->peer, hello[0]);
    WAIT_FOR_END(w, &w->told, "READY:1 ");
    assert_string_equal(w->told.data, "lost alive READY:1 ");
    assert_string_equal(w->seen.data, "ask ask main IDENTIFY ");
}

static void main_url_and_resume_url_take_turns(void **state)
{
    struct world *const w = *state;
    static const char *const actions[] = {"drop", NULL};
    const char *const *const hello = w->on_connect;
    w->on_connect = actions;
    start_with_session(w, 200);
    WAIT_FOR_END(w, &w->seen, "resume resume resume ask resume ask main ask resume ask main ");
    assert_null(w->told.data);
    w->on_connect = hello;
    WAIT_FOR_END(w, &w->told, "7+ resumed alive ");
    assert_string_equal(w->told.data, "7+ resumed alive ");
}

/* Close codes ---------------------------------------------------------------------------------------------- */

static void codes_that_keep_the_session(void **state)
{
    struct world *const w = *state;
    static const int codes[] = {1000, 1001, 4000, 4001, 4002, 4005, 4008, 4321};
    run_it(w, 500);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        buffer_finish(&w->told);
        peer_close(w->peer, codes[i], "");
        WAIT_FOR(w, has(&w->told, "resumed alive "));
        assert_false(has(&w->told, "lost"));
    }
    assert_int_equal(w->n_identifies, 0);
}

static void codes_that_end_the_session(void **state)
{
    struct world *const w = *state;
    static const int codes[] = {4003, 4007, 4009};
    run_it(w, 500);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        buffer_finish(&w->seen);
        buffer_finish(&w->told);
        peer_close(w->peer, codes[i], "");
        WAIT_FOR(w, has(&w->told, "lost "));
        assert_false(has(&w->seen, "ask")); /* told before anything else is done */
        WAIT_FOR_END(w, &w->told, "READY:1 ");
        assert_string_equal(w->told.data, "broken! lost alive READY:1 ");
        assert_true(has(&w->seen, "ask main IDENTIFY "));
    }
}

static void codes_that_end_all(void **state)
{
    struct world *const w = *state;
    static const int codes[] = {4004, 4010, 4011, 4012, 4013, 4014};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        run_it(w, 500);
        peer_close(w->peer, codes[i], "");
        WAIT_FOR(w, has(&w->told, "fatal "));
        turn_for(w, 50);
        assert_string_equal(w->told.data, "broken fatal ");
        assert_true(strlen(w->fatal) > 0);
        assert_false(has(&w->seen, "ask") || has(&w->seen, "resume"));
        gateway_destroy(w->gateway);
        w->gateway = NULL;
        buffer_finish(&w->told);
    }
}

static void dead_token(void **state)
{
    struct world *const w = *state;
    w->bot_status = "401 Unauthorized";
    snprintf(w->bot, sizeof(w->bot), "{\"message\":\"401: Unauthorized\",\"code\":0}");
    const struct gateway_config config = usual(w);
    start(w, &config);
    WAIT_FOR_END(w, &w->told, "fatal ");
    turn_for(w, 50);
    assert_string_equal(w->told.data, "lost fatal ");
    assert_string_equal(w->seen.data, "ask ");
    assert_non_null(strstr(w->fatal, "DISCORD_TOKEN"));
}

static void strange_answer_to_the_question(void **state)
{
    struct world *const w = *state;
    char good[sizeof(w->bot)];
    memcpy(good, w->bot, sizeof(good));
    snprintf(w->bot, sizeof(w->bot), "[7]");
    const struct gateway_config config = usual(w);
    start(w, &config);
    WAIT_FOR_END(w, &w->seen, "ask ask ");
    memcpy(w->bot, good, sizeof(good));
    WAIT_FOR_END(w, &w->told, "READY:1 ");
    assert_string_equal(w->told.data, "lost alive READY:1 ");
}

/* Budgets -------------------------------------------------------------------------------------------------- */

/* Five minutes, a hundred times as fast. */
static void refused_for_five_minutes(void **state)
{
    struct world *const w = *state;
    static const char *const invalid[] = {"{\"op\":9,\"d\":false}", NULL};
    w->on_resume = w->on_identify = invalid;
    start_with_session(w, 100);
    turn_for(w, 3000);
    assert_in_range(w->n_identifies, 3, 6);
    assert_string_equal(w->told.data, "lost ");
}

/* Another process of the bot was faster, twice: no more than the pauses of op 9, up to ten seconds in all. */
static void refused_because_others_were_faster(void **state)
{
    struct world *const w = *state;
    static const char *const invalid[] = {"{\"op\":9,\"d\":false}", NULL};
    w->on_identify = invalid;
    struct gateway_config config = usual(w);
    config.shard_count = 2;
    start(w, &config);
    const int64_t started = clock_monotonic_ms();
    WAIT_FOR(w, w->n_identifies == 2);
    w->on_identify = answer_ready;
    WAIT_FOR_END(w, &w->told, "READY:1 ");
    assert_int_equal(w->n_identifies, 3);
    assert_in_range(clock_monotonic_ms() - started, 100, 1400); /* 31 s and more where the pauses grew */
}

/* It gets its turn when the other one is gone, and has it until IDENTIFY is sent. */
static void waits_for_its_turn(void **state)
{
    struct world *const w = *state;
    struct identify_turn *const other = identify_wait(w->turns, 5, on_other_turn, w);
    const struct gateway_config config = usual(w);
    start(w, &config);
    WAIT_FOR_END(w, &w->seen, "ask ");
    turn_for(w, 100);
    assert_string_equal(w->seen.data, "ask ");
    identify_cancel(other);
    WAIT_FOR_END(w, &w->told, "READY:1 ");
    assert_string_equal(w->seen.data, "ask main IDENTIFY ");
}

/* Whose connection dies on the way leaves the turn to the next: here to itself. */
static void a_turn_that_led_nowhere_is_given_up(void **state)
{
    struct world *const w = *state;
    static const char *const drop[] = {"drop", NULL};
    const char *const *const hello = w->on_connect;
    identify_destroy(w->turns);
    w->turns = identify_create(w->loop, 3600000);
    w->on_connect = drop;
    const struct gateway_config config = usual(w);
    start(w, &config);
    WAIT_FOR_END(w, &w->seen, "ask main ask main ");
    w->on_connect = hello;
    WAIT_FOR_END(w, &w->told, "READY:1 ");
}

/* A session that is taken from us again and again is no success either. */
static void ready_and_thrown_out_for_five_minutes(void **state)
{
    struct world *const w = *state;
    static const char *const actions[] = {"READY", "close 4009", NULL};
    w->on_identify = actions;
    start_with_session(w, 100);
    w->on_resume = (const char *const[]){"close 4009", NULL};
    turn_for(w, 3000);
    assert_in_range(w->n_identifies, 3, 6);
}

/* Accepted and cut, over and over: the pauses grow. */
static void pauses_between_connections_grow(void **state)
{
    struct world *const w = *state;
    static const char *const actions[] = {"drop", NULL};
    w->on_connect = actions;
    const struct gateway_config config = usual(w);
    start(w, &config);
    turn_for(w, 1500); /* 30 s: after 1, 3, 7, 15, 31 s, or half of that */
    int n = 0;
    for (const char *s = w->seen.data; (s = strstr(s, "main ")) != NULL; s++)
        n++;
    assert_in_range(n, 3, 7);
}

static void spent_budget_waits(void **state)
{
    struct world *const w = *state;
    snprintf(w->bot, sizeof(w->bot),
             "{\"url\":\"ws://127.0.0.1:%d/main\",\"session_start_limit\":"
             "{\"total\":1000,\"remaining\":0,\"reset_after\":60000,\"max_concurrency\":1}}",
             w->server.port);
    const struct gateway_config config = usual(w);
    start(w, &config);
    WAIT_FOR_END(w, &w->seen, "ask ");
    turn_for(w, 500);
    assert_string_equal(w->seen.data, "ask ");
    WAIT_FOR_END(w, &w->told, "READY:1 "); /* a minute, twenty times as fast */
}

/* Heartbeats ----------------------------------------------------------------------------------------------- */

static void beats_carry_what_is_committed(void **state)
{
    struct world *const w = *state;
    set_hello(w, 30);
    run_it(w, 20);
    WAIT_FOR(w, has(&w->beats, "null null "));
    peer_zlib(w->peer, sample_guild_create);
    peer_zlib(w->peer, sample_voice_join);
    WAIT_FOR(w, has(&w->told, " 3 "));
    buffer_finish(&w->beats);
    WAIT_FOR(w, has(&w->beats, "null "));
    gateway_set_committed(w->gateway, 2);
    WAIT_FOR(w, has(&w->beats, "2 2 "));
    gateway_set_committed(w->gateway, 999); /* of a session before this one */
    buffer_finish(&w->beats);
    WAIT_FOR(w, has(&w->beats, "2 2 "));
    assert_false(has(&w->beats, "999"));
    assert_true(has(&w->told, "alive ack "));
}

static void beats_of_a_resumed_session(void **state)
{
    struct world *const w = *state;
    set_hello(w, 30);
    w->on_resume = NULL; /* the replay does not end */
    start_with_session(w, 20);
    WAIT_FOR(w, has(&w->beats, "4 4 "));
    assert_null(w->told.data); /* an ACK proves nothing while what happened is not known */
}

static void beats_when_asked(void **state)
{
    struct world *const w = *state;
    run_it(w, 20);
    peer_zlib(w->peer, sample_control_frames[4]);
    WAIT_FOR_END(w, &w->told, "ack ");
    assert_string_equal(w->beats.data, "null ");
    assert_true(gateway_beat(w->gateway));
    assert_true(gateway_beat(w->gateway)); /* the one that is unanswered will do */
    WAIT_FOR_END(w, &w->told, "ack alive ack ");
    assert_string_equal(w->beats.data, "null null ");
}

/* Discord takes no more than 120 payloads a minute. */
static void beats_that_are_asked_for_again_and_again(void **state)
{
    struct world *const w = *state;
    run_it(w, 1);
    assert_true(gateway_beat(w->gateway));
    const int64_t first = clock_monotonic_ms();
    WAIT_FOR_END(w, &w->told, "ack ");
    assert_true(gateway_beat(w->gateway));
    assert_true(gateway_beat(w->gateway));
    WAIT_FOR_END(w, &w->told, "ack alive ack ");
    assert_true(clock_monotonic_ms() - first >= 500);
    assert_string_equal(w->beats.data, "null null ");
}

static void no_beat_without_a_running_session(void **state)
{
    struct world *const w = *state;
    w->on_identify = NULL;
    const struct gateway_config config = usual(w);
    start(w, &config);
    assert_false(gateway_beat(w->gateway));
    WAIT_FOR_END(w, &w->seen, "IDENTIFY ");
    assert_false(gateway_beat(w->gateway));
    assert_null(w->beats.data);
}

static void zombie(void **state)
{
    struct world *const w = *state;
    set_hello(w, 40);
    run_it(w, 20);
    w->acks = false;
    WAIT_FOR_END(w, &w->seen, "resume RESUME:1 ");
    assert_string_equal(w->seen.data, "close:4000 resume RESUME:1 ");
    assert_false(has(&w->told, "lost"));
}

/* Silence -------------------------------------------------------------------------------------------------- */

static void no_hello(void **state)
{
    struct world *const w = *state;
    w->on_connect = NULL;
    start_with_session(w, 100);
    WAIT_FOR_END(w, &w->seen, "resume close:4000 resume ");
    assert_null(w->told.data);
}

static void bad_hello(void **state)
{
    struct world *const w = *state;
    static const char *const hellos[] = {"{\"op\":10}", "{\"op\":10,\"d\":{\"heartbeat_interval\":0}}",
                                         "{\"op\":10,\"d\":{\"heartbeat_interval\":\"9\"}}"};
    for (size_t i = 0; i < sizeof(hellos) / sizeof(hellos[0]); i++) {
        const char *const actions[] = {hellos[i], NULL};
        w->on_connect = actions;
        start_with_session(w, 20);
        WAIT_FOR_END(w, &w->seen, "resume close:4000 resume close:4000 ");
        gateway_destroy(w->gateway);
        w->gateway = NULL;
        buffer_finish(&w->seen);
    }
}

/* Without an interval nothing may run. */
static void ready_before_hello(void **state)
{
    struct world *const w = *state;
    static const char *const actions[] = {"READY", sample_resumed, sample_guild_removed, "{\"op\":1}", NULL};
    w->on_connect = actions;
    start_with_session(w, 100);
    WAIT_FOR_END(w, &w->seen, "resume close:4000 resume ");
    assert_null(w->told.data);
    assert_null(w->beats.data);
}

static void no_ready(void **state)
{
    struct world *const w = *state;
    w->on_identify = NULL;
    struct gateway_config config = usual(w);
    config.hurry = 100;
    start(w, &config);
    WAIT_FOR_END(w, &w->seen, "ask main IDENTIFY close:4000 ask main IDENTIFY ");
    assert_string_equal(w->told.data, "lost ");
}

static void no_resumed(void **state)
{
    struct world *const w = *state;
    static const char *const actions[] = {sample_voice_mute, NULL};
    w->on_resume = actions;
    start_with_session(w, 100);
    WAIT_FOR_END(w, &w->seen, "resume RESUME:4 close:4000 resume RESUME:5 ");
    assert_string_equal(w->told.data, "5+ ");
}

/* A server that never accepts RESUME, whatever it says: in the end a new session. */
static void resume_that_leads_nowhere(void **state)
{
    struct world *const w = *state;
    static const char *const actions[] = {"close 4000", NULL};
    w->on_resume = actions;
    start_with_session(w, 200);
    WAIT_FOR_END(w, &w->told, "READY:1 ");
    assert_string_equal(w->told.data, "lost alive READY:1 ");
    assert_int_equal(w->n_identifies, 1);
}

/* The stop ------------------------------------------------------------------------------------------------- */

static void stops(void **state)
{
    struct world *const w = *state;
    run_it(w, 20);
    gateway_stop(w->gateway, on_stopped, w);
    peer_zlib(w->peer, sample_guild_create);
    assert_null(w->told.data);
    WAIT_FOR_END(w, &w->told, "stopped ");
    turn_for(w, 100);
    assert_string_equal(w->seen.data, "close:4000 ");
    assert_string_equal(w->told.data, "stopped ");
}

static void rests_until_it_is_woken(void **state)
{
    struct world *const w = *state;
    run_it(w, 500);
    gateway_rest(w->gateway);
    assert_string_equal(w->told.data, "broken ");
    assert_false(gateway_beat(w->gateway));
    turn_for(w, 100); /* fifty seconds, as it hurries */
    assert_string_equal(w->seen.data, "close:4000 ");
    const int64_t woken = clock_monotonic_ms();
    gateway_wake(w->gateway);
    gateway_wake(w->gateway);
    WAIT_FOR_END(w, &w->told, "resumed alive ");
    assert_true(clock_monotonic_ms() - woken >= 1); /* half a second at least, 500 times as fast */
    assert_string_equal(w->seen.data, "close:4000 resume RESUME:1 ");
    assert_string_equal(w->told.data, "broken 7+ resumed alive ");
}

/* The same frame asks for another connection: that is none of a gateway that rests. */
static void rests_from_inside_a_callback(void **state)
{
    struct world *const w = *state;
    static const char *const frames[] = {"{\"op\":7,\"d\":null}", "{\"op\":9,\"d\":true}",
                                         "{\"op\":9,\"d\":false}", "{\"op\":1}", sample_voice_mute};
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        run_it(w, 20);
        w->rest_on_alive = true;
        peer_zlib(w->peer, frames[i]);
        WAIT_FOR_END(w, &w->seen, "close:4000 ");
        assert_string_equal(w->told.data, "alive broken ");
        w->rest_on_alive = false;
        gateway_wake(w->gateway);
        WAIT_FOR_END(w, &w->told, "7+ resumed alive ");
        gateway_destroy(w->gateway);
    }
    w->gateway = NULL;
}

static void rests_instead_of_a_new_session(void **state)
{
    struct world *const w = *state;
    w->on_resume = answer_ready;
    w->rest_on_lost = true;
    start_with_session(w, 20);
    WAIT_FOR_END(w, &w->seen, "close:4000 ");
    assert_string_equal(w->told.data, "lost broken! ");
    w->rest_on_lost = false;
    gateway_wake(w->gateway);
    WAIT_FOR_END(w, &w->told, "READY:1 ");
    assert_string_equal(w->seen.data, "resume RESUME:4 close:4000 ask main IDENTIFY ");
    assert_string_equal(w->told.data, "lost broken! alive READY:1 ");
}

static void stops_though_nobody_answers(void **state)
{
    struct world *const w = *state;
    w->deaf_to_close = true;
    run_it(w, 20);
    gateway_stop(w->gateway, on_stopped, w);
    WAIT_FOR_END(w, &w->told, "stopped ");
    assert_string_equal(w->seen.data, "close:4000 ");
}

static void stops_at_any_time(void **state)
{
    struct world *const w = *state;
    static const char *const moments[] = {"", "ask ", "ask main ", "ask main IDENTIFY "};
    w->on_identify = NULL;
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        const struct gateway_config config = usual(w);
        start(w, &config);
        WAIT_FOR(w, i == 0 || has(&w->seen, moments[i]));
        buffer_finish(&w->told);
        gateway_stop(w->gateway, on_stopped, w);
        assert_null(w->told.data);
        WAIT_FOR_END(w, &w->told, "stopped ");
        turn_for(w, 20);
        assert_string_equal(w->told.data, "stopped ");
        gateway_destroy(w->gateway);
        w->gateway = NULL;
        buffer_finish(&w->seen);
        buffer_finish(&w->told);
    }
}

static void stops_from_inside_a_callback(void **state)
{
    struct world *const w = *state;
    w->stop_on_dispatch = true;
    const struct gateway_config config = usual(w);
    start(w, &config);
    WAIT_FOR_END(w, &w->told, "stopped ");
    assert_string_equal(w->told.data, "lost alive READY:1 stopped ");
    gateway_destroy(w->gateway);
    buffer_finish(&w->told);

    /* Once at the start, once by op 9, once by READY in place of RESUMED. */
    w->stop_on_dispatch = false;
    w->stop_on_lost = true;
    start(w, &config);
    WAIT_FOR_END(w, &w->told, "lost stopped ");
    gateway_destroy(w->gateway);
    static const char *const invalid[] = {"{\"op\":9,\"d\":false}", NULL};
    static const char *const *const answers[] = {invalid, answer_ready};
    for (size_t i = 0; i < 2; i++) {
        buffer_finish(&w->told);
        w->on_resume = answers[i];
        start_with_session(w, 20);
        WAIT_FOR_END(w, &w->told, "lost stopped ");
        turn_for(w, 20);
        assert_string_equal(w->told.data, "lost stopped ");
        gateway_destroy(w->gateway);
    }
    w->gateway = NULL;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        TEST(identifies),
        TEST(dispatches),
        TEST(fragmented_text_is_a_frame_too),
        TEST(configured_url),
        TEST(resumes_the_session_of_the_process_before),
        TEST(resumes_after_a_cut_from_the_last_received),
        TEST(resumed_without_a_new_seq),
        TEST(resumed_behind_two_beats),
        TEST(refused_resume_is_lost_at_once),
        TEST(op_9_true_is_resumed_again),
        TEST(ready_in_place_of_resumed),
        TEST(reconnects_when_asked),
        TEST(asked_to_reconnect_instead_of_hello),
        TEST(dead_resume_url),
        TEST(main_url_and_resume_url_take_turns),
        TEST(codes_that_keep_the_session),
        TEST(codes_that_end_the_session),
        TEST(codes_that_end_all),
        TEST(dead_token),
        TEST(strange_answer_to_the_question),
        TEST(refused_for_five_minutes),
        TEST(refused_because_others_were_faster),
        TEST(waits_for_its_turn),
        TEST(a_turn_that_led_nowhere_is_given_up),
        TEST(ready_and_thrown_out_for_five_minutes),
        TEST(pauses_between_connections_grow),
        TEST(spent_budget_waits),
        TEST(beats_carry_what_is_committed),
        TEST(beats_of_a_resumed_session),
        TEST(beats_when_asked),
        TEST(beats_that_are_asked_for_again_and_again),
        TEST(no_beat_without_a_running_session),
        TEST(zombie),
        TEST(no_hello),
        TEST(bad_hello),
        TEST(ready_before_hello),
        TEST(no_ready),
        TEST(no_resumed),
        TEST(resume_that_leads_nowhere),
        TEST(stops),
        TEST(rests_until_it_is_woken),
        TEST(rests_from_inside_a_callback),
        TEST(rests_instead_of_a_new_session),
        TEST(stops_though_nobody_answers),
        TEST(stops_at_any_time),
        TEST(stops_from_inside_a_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
