#include "tracker/websocket.h"

#include "infra/clock.h"
#include "infra/http_client.h"
#include "tests/tracker/loopback.h"
#include "tracker/upgrade.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

/* Both ends: the client under test writes down what it is told, the server what came. */
struct world {
    struct loop *loop;
    struct http_client *client;
    struct server server;
    struct websocket *websocket;
    bool by_hand; /* the test answers the request itself */
    bool zlib;
    bool destroy_on_message;
    bool answer_then_close; /* at the first message, and at the second */

    /* server */
    struct peer *peer;
    struct buffer request;
    struct buffer frames; /* "1:text 10:pong 8:<code>" */

    /* client */
    int opened;
    int closed;
    int close_code;
    char close_words[256];
    int n_messages;
    struct buffer messages; /* "first|second|" */
};

static void on_request(struct server *server, struct peer *peer, const char *head)
{
    struct world *const w = (struct world *)((char *)server - offsetof(struct world, server));
    w->peer = peer;
    buffer_append_string(&w->request, head);
    if (!w->by_hand)
        peer_accept(peer);
}

static void on_frame(struct server *server, struct peer *peer, int opcode, const char *bytes, size_t n)
{
    (void)peer;
    struct world *const w = (struct world *)((char *)server - offsetof(struct world, server));
    if (opcode == CLOSE && n >= 2)
        buffer_printf(&w->frames, "8:%d ", (unsigned char)bytes[0] << 8 | (unsigned char)bytes[1]);
    else
        buffer_printf(&w->frames, "%d:%.*s ", opcode, (int)n, bytes);
}

static void on_gone(struct server *server, struct peer *peer)
{
    struct world *const w = (struct world *)((char *)server - offsetof(struct world, server));
    if (w->peer == peer)
        w->peer = NULL;
}

static void on_open(void *arg)
{
    ((struct world *)arg)->opened++;
}

static void on_message(void *arg, const char *bytes, size_t n)
{
    struct world *const w = arg;
    w->n_messages++;
    buffer_append(&w->messages, bytes, n);
    buffer_append_string(&w->messages, "|");
    if (w->destroy_on_message) {
        websocket_destroy(w->websocket);
        w->websocket = NULL;
    }
    if (w->answer_then_close && w->n_messages == 1)
        websocket_send(w->websocket, "an answer", 9);
    else if (w->answer_then_close)
        websocket_close(w->websocket, 4000);
}

static void on_closed(void *arg, int code, const char *why)
{
    struct world *const w = arg;
    w->closed++;
    w->close_code = code;
    snprintf(w->close_words, sizeof(w->close_words), "%s", why);
    websocket_destroy(w->websocket);
    w->websocket = NULL;
}

static int setup(void **state)
{
    struct world *const w = mem_alloc(sizeof(*w));
    w->loop = loop_create();
    w->client = http_client_create(w->loop, &(struct http_client_config){.user_agent = "test"});
    w->server.on_request = on_request;
    w->server.on_frame = on_frame;
    w->server.on_gone = on_gone;
    server_start(&w->server, w->loop);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *const w = *state;
    websocket_destroy(w->websocket);
    server_stop(&w->server);
    http_client_destroy(w->client);
    loop_destroy(w->loop);
    buffer_finish(&w->request);
    buffer_finish(&w->frames);
    buffer_finish(&w->messages);
    free(w);
    return 0;
}

static void connect_with(struct world *w, int64_t timeout_ms)
{
    char url[64];
    snprintf(url, sizeof(url), "ws://127.0.0.1:%d/?v=10&encoding=json", w->server.port);
    w->websocket = websocket_open(&(struct websocket_config){.loop = w->loop,
                                                             .client = w->client,
                                                             .url = url,
                                                             .zlib_stream = w->zlib,
                                                             .open_timeout_ms = timeout_ms},
                                  &(struct websocket_callbacks){on_open, on_message, on_closed, w});
}

/* Turns the loop until what is waited for has come; a test that waits in vain fails. */
#define WAIT_FOR(w, condition)                                                                                 \
    do {                                                                                                       \
        const int64_t until = clock_monotonic_ms() + 20000;                                                    \
        while (!(condition)) {                                                                                 \
            if (clock_monotonic_ms() > until)                                                                  \
                fail_msg("never came: " #condition);                                                           \
            loop_turn((w)->loop, 20);                                                                          \
        }                                                                                                      \
    } while (0)

static void open_it(struct world *w)
{
    connect_with(w, 20000);
    WAIT_FOR(w, w->opened == 1);
}

static const char *text_of(const struct buffer *buffer)
{
    return buffer->data != NULL ? buffer->data : "";
}

/* The upgrade ---------------------------------------------------------------------------------------------- */

static void upgrade(void **state)
{
    struct world *const w = *state;
    open_it(w);
    char host[64];
    snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%d\r\n", w->server.port);
    assert_ptr_equal(strstr(w->request.data, "GET /?v=10&encoding=json HTTP/1.1\r\n"), w->request.data);
    assert_non_null(strstr(w->request.data, host));
    assert_non_null(strstr(w->request.data, "\r\nSec-WebSocket-Version: 13"));
    assert_int_equal(strlen(w->peer->key), 24);
    assert_int_equal(w->closed, 0);
}

static void request_of_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url, *begin;
    } cases[] = {
        {"wss://h.example", "GET / HTTP/1.1\r\nHost: h.example\r\n"},
        {"wss://h.example?v=10", "GET /?v=10 HTTP/1.1\r\nHost: h.example\r\n"},
        {"ws://[::1]:99/a?b", "GET /a?b HTTP/1.1\r\nHost: [::1]:99\r\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer request = {0};
        char accept[UPGRADE_ACCEPT_SIZE];
        upgrade_request(cases[i].url, &request, accept);
        assert_int_equal(strncmp(request.data, cases[i].begin, strlen(cases[i].begin)), 0);
        assert_int_equal(strlen(accept), 28);
        buffer_finish(&request);
    }
}

/* The example of RFC 6455 and what differs from it by one thing. */
static void answers_to_the_upgrade(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        bool good;
    } cases[] = {
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
         "Upgrade\r\nSec-WebSocket-Accept: A=",
         true},
        {"HTTP/1.1 101\r\nUPGRADE:\tWEBSOCKET \r\nConnection:x, upgrade\r\nsec-websocket-accept:A=\r\nx: y",
         true},
        {"HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: A=", false},
        {"HTTP/1.1 1012\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: A=", false},
        {"HTTP/1.0 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: A=", false},
        {"HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: A=", false},
        {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: close\r\nSec-WebSocket-Accept: A=", false},
        {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: B=", false},
        {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade", false},
        {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: A=\r\nnonsense",
         false},
        {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: A=\r\n"
         "Sec-WebSocket-Extensions: permessage-deflate",
         false},
        {"HTTP/1.1 ", false},
        {"SSH-2.0-x", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *const head = mem_strdup(cases[i].head);
        const char *const why = upgrade_check(head, "A=");
        if ((why == NULL) != cases[i].good)
            fail_msg("%s: %s", cases[i].head, why != NULL ? why : "accepted");
        free(head);
    }
}

static void refused_upgrade(void **state)
{
    struct world *const w = *state;
    w->by_hand = true;
    connect_with(w, 20000);
    WAIT_FOR(w, w->peer != NULL);
    peer_write_string(w->peer, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\n\r\n");
    WAIT_FOR(w, w->closed == 1);
    assert_int_equal(w->close_code, 0);
    assert_string_equal(w->close_words, "HTTP/1.1 429 Too Many Requests");
    assert_int_equal(w->opened, 0);
}

static void endless_answer(void **state)
{
    struct world *const w = *state;
    w->by_hand = true;
    connect_with(w, 20000);
    WAIT_FOR(w, w->peer != NULL);
    peer_write_string(w->peer, "HTTP/1.1 101 Switching Protocols\r\n");
    for (int i = 0; i < 3000; i++)
        peer_write_string(w->peer, "X-Header: 1\r\n");
    WAIT_FOR(w, w->closed == 1);
    assert_non_null(strstr(w->close_words, "too long"));
}

static void half_an_answer(void **state)
{
    struct world *const w = *state;
    w->by_hand = true;
    connect_with(w, 300);
    WAIT_FOR(w, w->peer != NULL);
    peer_write_string(w->peer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso");
    WAIT_FOR(w, w->closed == 1);
    assert_string_equal(w->close_words, "no connection in time");
}

static void dropped_before_the_answer(void **state)
{
    struct world *const w = *state;
    w->by_hand = true;
    connect_with(w, 20000);
    WAIT_FOR(w, w->peer != NULL);
    peer_drop(w->peer);
    WAIT_FOR(w, w->closed == 1);
    assert_int_equal(w->close_code, 0);
}

static void nobody_listens(void **state)
{
    struct world *const w = *state;
    w->websocket = websocket_open(
        &(struct websocket_config){
            .loop = w->loop, .client = w->client, .url = "ws://127.0.0.1:1/", .open_timeout_ms = 20000},
        &(struct websocket_callbacks){on_open, on_message, on_closed, w});
    WAIT_FOR(w, w->closed == 1);
    assert_true(strlen(w->close_words) > 0);
}

/* A resume url comes from outside: it must not write headers of its own. */
static void url_with_a_line_break(void **state)
{
    struct world *const w = *state;
    char url[96];
    snprintf(url, sizeof(url), "ws://127.0.0.1:%d/\r\nX-Evil: 1", w->server.port);
    w->websocket = websocket_open(
        &(struct websocket_config){.loop = w->loop, .client = w->client, .url = url, .open_timeout_ms = 20000},
        &(struct websocket_callbacks){on_open, on_message, on_closed, w});
    WAIT_FOR(w, w->closed == 1);
    assert_int_equal(w->request.len, 0);
}

/* Frames behind the answer, in the same bytes, are not lost; the answer may come byte by byte. */
static void answer_in_pieces_with_a_frame_behind(void **state)
{
    struct world *const w = *state;
    w->by_hand = true;
    connect_with(w, 20000);
    WAIT_FOR(w, w->peer != NULL);
    char accept[29], answer[512];
    peer_accept_key(w->peer, accept);
    const int n = snprintf(answer, sizeof(answer),
                           "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Accept: %s\r\n\r\n\x81\x05hello",
                           accept);
    for (int i = 0; i < 40; i++) {
        peer_write(w->peer, answer + i, 1);
        loop_turn(w->loop, 1);
    }
    peer_write(w->peer, answer + 40, (size_t)(n - 40));
    WAIT_FOR(w, w->n_messages == 1);
    assert_int_equal(w->opened, 1);
    assert_string_equal(w->messages.data, "hello|");
}

/* Messages ------------------------------------------------------------------------------------------------- */

static void both_ways(void **state)
{
    struct world *const w = *state;
    open_it(w);
    peer_text(w->peer, "one");
    peer_text(w->peer, "two");
    WAIT_FOR(w, w->n_messages == 2);
    assert_string_equal(w->messages.data, "one|two|");

    char long_text[WEBSOCKET_MAX_SEND + 1];
    memset(long_text, 'x', sizeof(long_text));
    assert_true(websocket_send(w->websocket, "hi", 2));
    assert_false(websocket_send(w->websocket, long_text, sizeof(long_text)));
    assert_true(websocket_send(w->websocket, long_text, sizeof(long_text) - 1));
    WAIT_FOR(w, w->frames.len > WEBSOCKET_MAX_SEND);
    assert_int_equal(strncmp(w->frames.data, "1:hi 1:xxx", 10), 0);
    assert_int_equal(w->frames.len, 5 + 3 + WEBSOCKET_MAX_SEND);
}

static void fragments_with_a_ping_between(void **state)
{
    struct world *const w = *state;
    open_it(w);
    peer_frame(w->peer, TEXT, "frag", 4);
    peer_frame(w->peer, FIN | PING, "still?", 6);
    peer_frame(w->peer, 0, "men", 3);
    peer_frame(w->peer, FIN | 0, "ted", 3);
    WAIT_FOR(w, w->n_messages == 1 && w->frames.len > 0);
    assert_string_equal(w->messages.data, "fragmented|");
    assert_string_equal(w->frames.data, "10:still? ");
}

static void too_many_fragments(void **state)
{
    struct world *const w = *state;
    for (int first = TEXT; first <= BINARY; first++) {
        w->opened = w->closed = 0;
        open_it(w);
        for (int i = 0; i < 1025; i++) {
            peer_frame(w->peer, i == 0 ? first : 0, "x", i % 2);
            if (i % 100 == 0)
                peer_frame(w->peer, FIN | PING, "", 0);
        }
        WAIT_FOR(w, w->closed == 1);
        assert_string_equal(w->close_words, "a message in too many fragments");
    }
    w->opened = w->closed = 0;
    open_it(w);
    for (int i = 0; i < 3000; i++)
        peer_frame(w->peer, i % 1000 == 0 ? TEXT : i % 1000 == 999 ? FIN : 0, "x", 1);
    WAIT_FOR(w, w->n_messages == 3);
    assert_int_equal(w->messages.len, 3003);
    assert_int_equal(w->closed, 0);
}

static void large_message(void **state)
{
    struct world *const w = *state;
    open_it(w);
    struct buffer text = {0};
    for (int i = 0; i < 1000000; i++)
        buffer_append_string(&text, "0123456789");
    peer_text(w->peer, text.data);
    WAIT_FOR(w, w->n_messages == 1);
    assert_int_equal(w->messages.len, text.len + 1);
    assert_memory_equal(w->messages.data, text.data, text.len);
    buffer_finish(&text);
}

static void too_large_message(void **state)
{
    struct world *const w = *state;
    open_it(w);
    peer_write(w->peer, "\x81\x7f\x00\x00\x00\x00\x04\x00\x00\x01x",
               11); /* 64 MiB and one byte are announced */
    WAIT_FOR(w, w->closed == 1 && w->frames.len > 0);
    assert_string_equal(w->frames.data, "8:1009 ");
    assert_int_equal(w->close_code, 0);
}

static void broken_rules(void **state)
{
    struct world *const w = *state;
    static const struct {
        const char *bytes;
        size_t n;
    } cases[] = {
        {"\xc1\x01x", 3},                 /* a reserved bit */
        {"\x83\x01x", 3},                 /* an unknown opcode */
        {"\x80\x01x", 3},                 /* a continuation of nothing */
        {"\x81\x02\xff\xfe", 4},          /* text that is no UTF-8 */
        {"\x09\x01x", 3},                 /* a ping in fragments */
        {"\x88\x01x", 3},                 /* half a close code */
        {"\x81\x81\x00\x00\x00\x00x", 7}, /* a server does not mask */
        {"\x82\x01x", 3},                 /* binary, which was not asked for */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        w->opened = w->closed = 0;
        open_it(w);
        peer_write(w->peer, cases[i].bytes, cases[i].n);
        WAIT_FOR(w, w->closed == 1);
        assert_int_equal(w->close_code, 0);
        assert_int_equal(w->n_messages, 0);
    }
}

static void flood_of_pings(void **state)
{
    struct world *const w = *state;
    open_it(w);
    struct peer *const peer = w->peer;
    loop_watch_set(peer->watch, 0); /* it does not read what it asks for */
    static char pings[127 * 100000];
    for (size_t i = 0; i < sizeof(pings); i += 127) {
        pings[i] = (char)(FIN | PING);
        pings[i + 1] = 125;
    }
    buffer_append(&peer->out, pings, sizeof(pings));
    const int64_t until = clock_monotonic_ms() + 20000;
    while (w->closed == 0 && clock_monotonic_ms() < until) {
        const ssize_t n = send(peer->fd, peer->out.data, peer->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0)
            buffer_consume(&peer->out, (size_t)n);
        loop_turn(w->loop, 1);
    }
    assert_int_equal(w->closed, 1);
    assert_string_equal(w->close_words, "pings faster than pongs can be sent");
}

static void destroyed_by_its_own_message(void **state)
{
    struct world *const w = *state;
    w->destroy_on_message = true;
    open_it(w);
    struct buffer frames = {0};
    for (int i = 0; i < 3; i++)
        buffer_append(&frames, "\x81\x03one", 5);
    peer_write(w->peer, frames.data, frames.len);
    buffer_finish(&frames);
    WAIT_FOR(w, w->peer == NULL);
    assert_int_equal(w->n_messages, 1);
    assert_int_equal(w->closed, 0);
}

/* The zlib stream ------------------------------------------------------------------------------------------ */

static void one_stream_for_all(void **state)
{
    struct world *const w = *state;
    w->zlib = true;
    open_it(w);
    peer_zlib(w->peer, "the same words again");
    peer_zlib(w->peer, "the same words again"); /* refers back to the first */
    peer_text(w->peer, "plain");
    WAIT_FOR(w, w->n_messages == 3);
    assert_string_equal(w->messages.data, "the same words again|the same words again|plain|");
}

static void payload_in_several_messages(void **state)
{
    struct world *const w = *state;
    w->zlib = true;
    open_it(w);
    struct buffer out = {0};
    peer_deflate(w->peer, "in pieces", 9, &out);
    for (size_t i = 0; i < out.len; i++) /* the flush marker is cut as well */
        peer_frame(w->peer, FIN | BINARY, out.data + i, 1);
    buffer_finish(&out);
    peer_zlib(w->peer, "whole");
    WAIT_FOR(w, w->n_messages == 2);
    assert_string_equal(w->messages.data, "in pieces|whole|");
}

static void no_zlib_stream(void **state)
{
    struct world *const w = *state;
    w->zlib = true;
    open_it(w);
    peer_frame(w->peer, FIN | BINARY, "this is not zlib\x00\x00\xff\xff", 20);
    WAIT_FOR(w, w->closed == 1);
    assert_int_equal(w->n_messages, 0);
}

/* 200 MiB of zeros are 200 KiB on the wire. */
static void bomb(void **state)
{
    struct world *const w = *state;
    w->zlib = true;
    open_it(w);
    char *const zeros = mem_alloc(200 << 20);
    struct buffer out = {0};
    peer_deflate(w->peer, zeros, 200 << 20, &out);
    free(zeros);
    peer_frame(w->peer, FIN | BINARY, out.data, out.len);
    buffer_finish(&out);
    WAIT_FOR(w, w->closed == 1);
    assert_int_equal(w->n_messages, 0);
}

/* The end -------------------------------------------------------------------------------------------------- */

static void closed_by_the_server(void **state)
{
    struct world *const w = *state;
    open_it(w);
    peer_text(w->peer, "last");
    peer_close(w->peer, 4009, "Session timed out.");
    WAIT_FOR(w, w->closed == 1 && w->frames.len > 0);
    assert_int_equal(w->close_code, 4009);
    assert_string_equal(w->close_words, "Session timed out.");
    assert_string_equal(w->messages.data, "last|");
    assert_string_equal(w->frames.data, "8:4009 ");
}

static void closed_without_a_code(void **state)
{
    struct world *const w = *state;
    open_it(w);
    peer_frame(w->peer, FIN | CLOSE, "", 0);
    WAIT_FOR(w, w->closed == 1);
    assert_int_equal(w->close_code, 0);
}

static void dropped(void **state)
{
    struct world *const w = *state;
    open_it(w);
    peer_drop(w->peer);
    WAIT_FOR(w, w->closed == 1);
    assert_int_equal(w->close_code, 0);
}

static void closed_by_us(void **state)
{
    struct world *const w = *state;
    open_it(w);
    websocket_close(w->websocket, 4000);
    assert_false(websocket_send(w->websocket, "late", 4));
    peer_text(w->peer, "late as well");
    WAIT_FOR(w, w->frames.len > 0);
    assert_string_equal(w->frames.data, "8:4000 ");
    assert_int_equal(w->closed, 0);
    peer_close(w->peer, 4000, "");
    WAIT_FOR(w, w->closed == 1);
    assert_int_equal(w->n_messages, 0);
}

static void close_that_nobody_answers(void **state)
{
    struct world *const w = *state;
    open_it(w);
    websocket_close(w->websocket, 4000);
    WAIT_FOR(w, w->closed == 1);
    assert_int_equal(w->close_code, 0);
    assert_string_equal(w->frames.data, "8:4000 ");
}

static void close_before_it_is_open(void **state)
{
    struct world *const w = *state;
    connect_with(w, 20000);
    websocket_close(w->websocket, 4000);
    assert_int_equal(w->closed, 0);
    WAIT_FOR(w, w->closed == 1);
    assert_int_equal(w->opened, 0);
}

static void close_and_destroy_still_sends(void **state)
{
    struct world *const w = *state;
    open_it(w);
    websocket_close(w->websocket, 4000);
    websocket_destroy(w->websocket);
    w->websocket = NULL;
    WAIT_FOR(w, w->peer == NULL);
    assert_string_equal(text_of(&w->frames), "8:4000 ");
    assert_int_equal(w->closed, 0);
}

/* Both messages are read at once, and the answer to the first goes into a connection that is reset behind them. */
static void close_behind_an_answer_that_was_lost(void **state)
{
    struct world *const w = *state;
    w->answer_then_close = true;
    open_it(w);
    setsockopt(w->peer->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
    peer_write(w->peer, "\x81\x03one\x81\x03two", 10);
    peer_drop(w->peer);
    WAIT_FOR(w, w->closed == 1);
    assert_string_equal(w->messages.data, "one|two|");
    assert_int_equal(w->close_code, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        TEST(upgrade),
        TEST(request_of_urls),
        TEST(answers_to_the_upgrade),
        TEST(refused_upgrade),
        TEST(endless_answer),
        TEST(half_an_answer),
        TEST(dropped_before_the_answer),
        TEST(nobody_listens),
        TEST(url_with_a_line_break),
        TEST(answer_in_pieces_with_a_frame_behind),
        TEST(both_ways),
        TEST(fragments_with_a_ping_between),
        TEST(too_many_fragments),
        TEST(large_message),
        TEST(too_large_message),
        TEST(broken_rules),
        TEST(flood_of_pings),
        TEST(destroyed_by_its_own_message),
        TEST(one_stream_for_all),
        TEST(payload_in_several_messages),
        TEST(no_zlib_stream),
        TEST(bomb),
        TEST(closed_by_the_server),
        TEST(closed_without_a_code),
        TEST(dropped),
        TEST(closed_by_us),
        TEST(close_that_nobody_answers),
        TEST(close_before_it_is_open),
        TEST(close_and_destroy_still_sends),
        TEST(close_behind_an_answer_that_was_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
