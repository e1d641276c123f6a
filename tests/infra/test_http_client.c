#include "infra/http_client.h"

#include "infra/clock.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "tests/infra/scripted_server.h"

#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* curl's resolver thread calls this one: no name but slow.test is ever looked up, and that takes its time. */
enum { SLOW_LOOKUP_MS = 1500 };
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    (void)service;
    (void)hints;
    (void)result;
    if (strcmp(name, "slow.test") == 0)
        usleep(SLOW_LOOKUP_MS * 1000);
    return EAI_NONAME;
}

static char dir[] = "/tmp/test_http_client.XXXXXX";

struct world {
    struct loop *loop;
    struct http_client *client;
    struct scripted_server server;
};

static const char *in_dir(const char *name)
{
    static char ring[4][64];
    static unsigned next;
    char *const path = ring[next++ % 4];
    snprintf(path, sizeof(ring[0]), "%s/%s", dir, name);
    return path;
}

static void start(struct world *world, const char *cert, const char *key, const char *ca)
{
    world->loop = loop_create();
    scripted_server_start(&world->server, world->loop, cert != NULL ? in_dir(cert) : NULL,
                          key != NULL ? in_dir(key) : NULL);
    world->client =
        http_client_create(world->loop, &(struct http_client_config){.ca_file = ca != NULL ? in_dir(ca) : NULL,
                                                                     .user_agent = "tester/1"});
}

static int set_up(void **state)
{
    *state = mem_alloc(sizeof(struct world));
    start(*state, NULL, NULL, NULL);
    return 0;
}

static int set_up_tls(void **state)
{
    *state = mem_alloc(sizeof(struct world));
    start(*state, "server.pem", "server.key", "ca.pem");
    return 0;
}

static int set_up_untrusted(void **state)
{
    *state = mem_alloc(sizeof(struct world));
    start(*state, "server.pem", "server.key", "other-ca.pem");
    return 0;
}

static int tear_down(void **state)
{
    struct world *const world = *state;
    http_client_destroy(world->client);
    scripted_server_stop(&world->server);
    loop_destroy(world->loop);
    free(world);
    return 0;
}

/* Turns the loop until *flag reaches n; a test that waits longer than 20 s has failed. */
static void run_until(struct world *world, const int *flag, int n)
{
    const int64_t end = clock_monotonic_ms() + 20000;
    while (*flag < n && clock_monotonic_ms() < end)
        loop_turn(world->loop, 100);
    assert_true(*flag >= n);
}

static void run_for(struct world *world, int64_t ms)
{
    const int64_t end = clock_monotonic_ms() + ms;
    for (int64_t now; (now = clock_monotonic_ms()) < end;)
        loop_turn(world->loop, (int)(end - now));
}

/* Requests ------------------------------------------------------------------------------------------------- */

struct outcome {
    int n;
    int status;
    char *error;
    bool too_long;
    char *body;
    size_t len;
    char *kind;    /* header X-Kind */
    char *missing; /* header X-Missing */
    struct world *world;
    struct http_call **victim; /* cancelled by the callback */
    const char *next_url;      /* started by the callback */
    struct outcome *next;
};

static struct http_call *begin(struct world *world, const char *method, const char *path,
                               struct outcome *outcome);

static void on_done(void *arg, const struct http_response *response)
{
    struct outcome *const outcome = arg;
    outcome->n++;
    outcome->status = response->status;
    outcome->error = mem_strdup(response->error);
    outcome->too_long = response->too_long;
    assert_int_equal(response->body[response->len], '\0');
    outcome->body = mem_strndup(response->body, response->len);
    outcome->len = response->len;
    outcome->kind = mem_strdup(http_response_header(response, "x-kind"));
    outcome->missing = mem_strdup(http_response_header(response, "x-missing"));
    if (outcome->victim != NULL)
        http_call_cancel(*outcome->victim);
    if (outcome->next != NULL)
        begin(outcome->world, "GET", "/next", outcome->next);
}

static void forget(struct outcome *outcome)
{
    free(outcome->error);
    free(outcome->body);
    free(outcome->kind);
    free(outcome->missing);
    *outcome = (struct outcome){0};
}

static struct http_call *begin_with(struct world *world, const struct http_request *like, const char *path,
                                    struct outcome *outcome)
{
    char url[256];
    snprintf(url, sizeof(url), "%s%s", strstr(path, "://") != NULL ? "" : world->server.url, path);
    struct http_request request = *like;
    request.url = url;
    if (request.timeout_ms == 0)
        request.timeout_ms = 10000;
    if (request.max_response == 0)
        request.max_response = 100000;
    outcome->world = world;
    struct http_call *const call = http_call_start(world->client, &request, on_done, outcome);
    assert_int_equal(outcome->n, 0);
    return call;
}

static struct http_call *begin(struct world *world, const char *method, const char *path,
                               struct outcome *outcome)
{
    return begin_with(world, &(struct http_request){.method = method}, path, outcome);
}

static void test_get(void **state)
{
    struct world *const world = *state;
    struct outcome got = {0};
    scripted_server_add(&world->server, "HTTP/1.1 418 Teapot\r\nX-Kind: first\r\nX-KIND: last\r\n\r\nhello");
    const char *const headers[] = {"Authorization: Bot abc", "X-Two: 2", NULL};
    begin_with(world, &(struct http_request){.method = "GET", .headers = headers}, "/a/b?c=d", &got);
    run_until(world, &got.n, 1);
    assert_int_equal(got.status, 418);
    assert_null(got.error);
    assert_string_equal(got.body, "hello");
    assert_string_equal(got.kind, "last");
    assert_null(got.missing);
    char expected[256];
    snprintf(expected, sizeof(expected),
             "GET /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: tester/1\r\nAccept: */*\r\n"
             "Authorization: Bot abc\r\nX-Two: 2\r\n",
             world->server.port);
    assert_string_equal(world->server.requests[0].head, expected);
    forget(&got);
}

static void test_bodies(void **state)
{
    struct world *const world = *state;
    struct outcome got = {0};
    static char big[3 * 1024 * 1024];
    memset(big, 'x', sizeof(big));
    const char *const json[] = {"Content-Type: application/json", NULL};
    begin_with(world,
               &(struct http_request){.method = "PATCH", .headers = json, .body = big, .body_len = sizeof(big)},
               "/big", &got);
    run_until(world, &got.n, 1);
    assert_int_equal(got.status, 200);
    const struct scripted_request *request = &world->server.requests[0];
    assert_int_equal(request->body.len, sizeof(big));
    assert_memory_equal(request->body.data, big, sizeof(big));
    assert_true(strncmp(request->head, "PATCH /big ", 11) == 0);
    assert_null(strcasestr(request->head, "\r\nExpect:"));
    assert_non_null(strstr(request->head, "\r\nContent-Type: application/json\r\n"));
    assert_null(strstr(request->head, "urlencoded"));
    forget(&got);

    begin(world, "PUT", "/empty", &got);
    run_until(world, &got.n, 1);
    request = &world->server.requests[1];
    assert_non_null(strstr(request->head, "\r\nContent-Length: 0\r\n"));
    assert_null(strcasestr(request->head, "\r\nContent-Type:"));
    forget(&got);

    begin(world, "DELETE", "/gone", &got);
    run_until(world, &got.n, 1);
    assert_null(strcasestr(world->server.requests[2].head, "\r\nContent-"));
    assert_int_equal(world->server.n_accepted, 1); /* one connection served all three */
    forget(&got);
}

static void test_multipart(void **state)
{
    struct world *const world = *state;
    struct outcome got = {0};
    static const char image[] = "\x89PNG\r\n\0\r\n--";
    const struct http_part parts[] = {
        {.name = "payload_json", .content_type = "application/json", .data = "{\"a\":1}", .len = 7},
        {.name = "files[0]",
         .filename = "lb-1.png",
         .content_type = "image/png",
         .data = image,
         .len = sizeof(image)},
    };
    begin_with(world, &(struct http_request){.method = "PATCH", .parts = parts, .n_parts = 2}, "/", &got);
    run_until(world, &got.n, 1);

    const struct scripted_request *const request = &world->server.requests[0];
    const char *const type = strstr(request->head, "\r\nContent-Type: multipart/form-data; boundary=");
    assert_non_null(type);
    char boundary[100];
    assert_int_equal(sscanf(type, "\r\nContent-Type: multipart/form-data; boundary=%99[^\r]", boundary), 1);
    struct buffer expected = {0};
    buffer_printf(
        &expected,
        "--%s\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: "
        "application/json\r\n\r\n"
        "{\"a\":1}\r\n--%s\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"lb-1.png\"\r\n"
        "Content-Type: image/png\r\n\r\n",
        boundary, boundary);
    buffer_append(&expected, image, sizeof(image));
    buffer_printf(&expected, "\r\n--%s--\r\n", boundary);
    assert_int_equal(request->body.len, expected.len);
    assert_memory_equal(request->body.data, expected.data, expected.len);
    buffer_finish(&expected);
    forget(&got);
}

static void test_longest_answer(void **state)
{
    struct world *const world = *state;
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\n\r\n12345678",
        "HTTP/1.1 200 OK\r\n\r\n123456789",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n1\r\n9\r\n0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
    };
    static const int statuses[] = {200, 0, 0, 204};
    for (size_t i = 0; i < 4; i++) {
        struct outcome got = {0};
        scripted_server_add(&world->server, answers[i]);
        begin_with(world, &(struct http_request){.method = "GET", .max_response = 8}, "/", &got);
        run_until(world, &got.n, 1);
        assert_int_equal(got.status, statuses[i]);
        assert_int_equal(got.len, i == 0 ? 8 : 0);
        assert_int_equal(got.too_long, statuses[i] == 0);
        if (statuses[i] == 0)
            assert_string_equal(got.error, "the answer is longer than allowed");
        forget(&got);
    }
}

/* Curl keeps every header, of interim answers and trailers too. */
static void test_longest_head(void **state)
{
    struct world *const world = *state;
    static const struct {
        const char *first, *again, *last;
        int n, status;
    } answers[] = {
        {"HTTP/1.1 200 OK\r\n", "X: y\r\n", "Content-Length: 0\r\n\r\n", 1000, 200},
        {"HTTP/1.1 200 OK\r\n", "X: y\r\n", "Content-Length: 0\r\n\r\n", 4000, 0},
        {"", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 4000, 0},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n", "\r\n", 4000, 0},
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct buffer answer = {0};
        buffer_append_string(&answer, answers[i].first);
        for (int n = 0; n < answers[i].n; n++)
            buffer_append_string(&answer, answers[i].again);
        buffer_append_string(&answer, answers[i].last);
        struct outcome got = {0};
        scripted_server_add(&world->server, answer.data);
        begin(world, "GET", "/", &got);
        run_until(world, &got.n, 1);
        assert_int_equal(got.status, answers[i].status);
        assert_int_equal(got.too_long, got.status == 0);
        forget(&got);
        buffer_finish(&answer);
    }
}

static void test_failures(void **state)
{
    struct world *const world = *state;
    struct outcome got = {0};
    scripted_server_add(&world->server,
                        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\ncut");
    begin(world, "GET", "/cut", &got);
    run_until(world, &got.n, 1);
    assert_int_equal(got.status, 0);
    assert_non_null(got.error);
    forget(&got);

    scripted_server_add(&world->server, "");
    const int64_t before = clock_monotonic_ms();
    begin_with(world, &(struct http_request){.method = "GET", .timeout_ms = 150}, "/silent", &got);
    run_until(world, &got.n, 1);
    assert_true(clock_monotonic_ms() - before >= 150);
    assert_int_equal(got.status, 0);
    assert_non_null(strstr(got.error, "timed out"));
    forget(&got);

    begin(world, "GET", "http://127.0.0.1:1/", &got);
    run_until(world, &got.n, 1);
    assert_int_equal(got.status, 0);
    assert_non_null(strstr(got.error, "connect to"));
    forget(&got);

    begin(world, "GET", "http://unknown.test/", &got);
    run_until(world, &got.n, 1);
    assert_int_equal(got.status, 0);
    forget(&got);
}

static void test_stays_where_it_is_sent(void **state)
{
    struct world *const world = *state;
    struct outcome got = {0};
    scripted_server_add(&world->server, "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n");
    begin(world, "GET", "/", &got);
    run_until(world, &got.n, 1);
    assert_int_equal(got.status, 302);
    assert_int_equal(world->server.n_requests, 1);
    forget(&got);

    begin(world, "GET", "file:///etc/passwd", &got);
    run_until(world, &got.n, 1);
    assert_int_equal(got.status, 0);
    assert_int_equal(got.len, 0);
    forget(&got);

    char proxy[64];
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", world->server.port);
    setenv("http_proxy", proxy, 1);
    begin(world, "GET", "http://127.0.0.1:1/", &got);
    run_until(world, &got.n, 1);
    unsetenv("http_proxy");
    assert_int_equal(got.status, 0);
    assert_int_equal(world->server.n_requests, 1);
    forget(&got);
}

static void test_cancel(void **state)
{
    struct world *const world = *state;
    struct outcome never = {0};
    http_call_cancel(begin(world, "GET", "/at-once", &never));
    http_call_cancel(NULL);

    scripted_server_add(&world->server, "");
    struct http_call *const flying = begin(world, "GET", "/flying", &never);
    while (world->server.n_requests == 0)
        loop_turn(world->loop, 100);
    http_call_cancel(flying);
    run_for(world, 50);
    assert_int_equal(world->server.n_open, 0); /* it was hung up */
    assert_int_equal(never.n, 0);
}

static void test_cancel_from_callbacks(void **state)
{
    struct world *const world = *state;
    /* Both refusals are found in the same turn: whichever is told first cancels the other. */
    struct outcome a = {0}, b = {0};
    struct http_call *call_b;
    struct http_call *call_a = begin(world, "GET", "file:///a", &a);
    call_b = begin(world, "GET", "file:///b", &b);
    a.victim = &call_b;
    b.victim = &call_a;
    run_for(world, 50);
    assert_int_equal(a.n + b.n, 1);
    forget(&a);
    forget(&b);

    /* Itself, and a new one from inside. */
    struct outcome next = {0};
    struct http_call *self = begin(world, "GET", "/self", &a);
    a.victim = &self;
    a.next = &next;
    run_until(world, &next.n, 1);
    assert_int_equal(a.n, 1);
    assert_int_equal(next.status, 200);
    assert_string_equal(next.body, "{}");
    forget(&a);
    forget(&next);
}

/* One connection for all: the second waits for the first, but not longer than its own time-out. */
static void test_connection_limit(void **state)
{
    struct world *const world = *state;
    struct http_client *const plain = world->client;
    world->client = http_client_create(world->loop, &(struct http_client_config){.max_connections = 1});
    scripted_server_add(&world->server, "");
    struct outcome first = {0}, second = {0}, third = {0};
    begin_with(world, &(struct http_request){.method = "GET", .timeout_ms = 600}, "/", &first);
    begin_with(world, &(struct http_request){.method = "GET", .timeout_ms = 100}, "/", &second);
    begin(world, "GET", "/", &third);
    run_until(world, &second.n, 1);
    assert_int_equal(first.n, 0);
    run_until(world, &third.n, 1);
    assert_int_equal(first.n, 1);
    assert_int_equal(third.status, 200);
    assert_int_equal(world->server.n_accepted, 2);
    forget(&first);
    forget(&second);
    forget(&third);
    http_client_destroy(world->client);
    world->client = plain;
}

/* Neither a time-out nor a cancellation waits for getaddrinfo. */
static void test_slow_names(void **state)
{
    struct world *const world = *state;
    struct outcome got = {0}, never = {0};
    const int64_t before = clock_monotonic_ms();
    struct http_call *const call = begin(world, "GET", "http://slow.test/", &never);
    begin_with(world, &(struct http_request){.method = "GET", .timeout_ms = 100}, "http://slow.test/", &got);
    run_until(world, &got.n, 1);
    http_call_cancel(call);
    assert_true(clock_monotonic_ms() - before < SLOW_LOOKUP_MS / 2);
    assert_non_null(strstr(got.error, "timed out"));
    forget(&got);
    usleep(SLOW_LOOKUP_MS * 1000); /* the lookups' memory is theirs until they are over */
}

static void test_tls(void **state)
{
    struct world *const world = *state;
    struct outcome got = {0};
    begin(world, "GET", "/", &got);
    run_until(world, &got.n, 1);
    assert_null(got.error);
    assert_int_equal(got.status, 200);
    forget(&got);

    char by_address[64]; /* which the certificate does not name */
    snprintf(by_address, sizeof(by_address), "https://127.0.0.1:%d/", world->server.port);
    begin(world, "GET", by_address, &got);
    run_until(world, &got.n, 1);
    assert_int_equal(got.status, 0);
    assert_non_null(strstr(got.error, "certificate"));
    forget(&got);
}

static void test_tls_untrusted(void **state)
{
    struct world *const world = *state;
    struct outcome got = {0};
    begin(world, "GET", "/", &got);
    run_until(world, &got.n, 1);
    assert_int_equal(got.status, 0);
    assert_non_null(strstr(got.error, "certificate"));
    assert_int_equal(world->server.n_requests, 0);
    forget(&got);
}

/* Raw connections ------------------------------------------------------------------------------------------ */

struct stream {
    struct http_socket *socket;
    int n_connects;
    int n_ready;
    int n_over;
    char *error;
    struct buffer in;
    bool close_on_connect;
    bool close_on_ready;
};

static void on_connect(void *arg, const char *error)
{
    struct stream *const stream = arg;
    stream->n_connects++;
    stream->error = mem_strdup(error);
    if (stream->close_on_connect) {
        http_socket_close(stream->socket);
        stream->socket = NULL;
    }
}

static void on_ready(void *arg)
{
    struct stream *const stream = arg;
    stream->n_ready++;
    if (stream->close_on_ready) {
        http_socket_close(stream->socket);
        stream->socket = NULL;
        return;
    }
    char bytes[1000]; /* less than a TLS record holds */
    ssize_t n;
    while ((n = http_socket_recv(stream->socket, bytes, sizeof(bytes))) > 0)
        buffer_append(&stream->in, bytes, (size_t)n);
    if (n < 0) {
        stream->n_over++;
        http_socket_close(stream->socket);
        stream->socket = NULL;
    }
}

static void open_stream(struct world *world, struct stream *stream, const char *url, int64_t timeout_ms)
{
    *stream = (struct stream){0};
    stream->socket = http_socket_open(world->client, url, timeout_ms, on_connect, on_ready, stream);
    assert_int_equal(stream->n_connects, 0);
}

static void close_stream(struct stream *stream)
{
    http_socket_close(stream->socket);
    free(stream->error);
    buffer_finish(&stream->in);
    *stream = (struct stream){0};
}

/* ws://host:port/path of the server. */
static const char *stream_url(const struct world *world)
{
    static char url[128];
    snprintf(url, sizeof(url), "ws%s/path?x=1", world->server.url + strlen("http"));
    return url;
}

static void connect_stream(struct world *world, struct stream *stream)
{
    open_stream(world, stream, stream_url(world), 5000);
    run_until(world, &stream->n_connects, 1);
    assert_null(stream->error);
}

static void exchange(struct world *world)
{
    struct stream stream;
    world->server.echo = true;
    connect_stream(world, &stream);
    assert_int_equal(http_socket_send(stream.socket, "hello", 5), 5);
    while (stream.in.len < 5)
        loop_turn(world->loop, 100);
    assert_string_equal(stream.in.data, "hello");

    assert_int_equal(http_socket_send(stream.socket, "quit\n", 5), 5);
    run_until(world, &stream.n_over, 1);
    assert_string_equal(stream.in.data, "helloquit\n");
    assert_int_equal(stream.n_connects, 1);
    close_stream(&stream);
}

static void test_stream_plain(void **state)
{
    exchange(*state);
}

static void test_stream_tls(void **state)
{
    struct world *const world = *state;
    scripted_server_offer_h2(&world->server);
    exchange(world);
    assert_string_equal(world->server.alpn, "http/1.1");
}

/* More than the kernel's buffers hold: writes are refused, tried again from elsewhere in memory, and nothing is
 * lost. */
static void test_stream_full(void **state)
{
    struct world *const world = *state;
    enum { TOTAL = 12 * 1024 * 1024 };
    struct stream stream;
    world->server.echo = true;
    connect_stream(world, &stream);
    world->server.paused = true;
    http_socket_want_write(stream.socket, true);

    struct buffer sent = {0};
    for (int i = 0; i < TOTAL / 4; i++)
        buffer_append(&sent, &i, 4);
    size_t n_sent = 0;
    int n_refused = 0;
    const int64_t end = clock_monotonic_ms() + 20000;
    while ((n_sent < TOTAL || stream.in.len < TOTAL) && clock_monotonic_ms() < end) {
        size_t n = TOTAL - n_sent < 30000 ? TOTAL - n_sent : 30000;
        char *const elsewhere = n > 0 ? mem_alloc(n) : NULL;
        if (n > 0)
            memcpy(elsewhere, sent.data + n_sent, n);
        const ssize_t moved = n > 0 ? http_socket_send(stream.socket, elsewhere, n) : 0;
        free(elsewhere);
        assert_true(moved >= 0);
        n_sent += (size_t)moved;
        if (moved > 0)
            continue;
        if (n > 0 && ++n_refused == 3)
            scripted_server_resume(&world->server);
        http_socket_want_write(stream.socket, n > 0);
        loop_turn(world->loop, 20);
    }
    assert_true(n_refused >= 3);
    assert_int_equal(stream.in.len, TOTAL);
    assert_memory_equal(stream.in.data, sent.data, TOTAL);
    buffer_finish(&sent);
    close_stream(&stream);
}

static void test_stream_failures(void **state)
{
    struct world *const world = *state;
    struct stream stream;
    open_stream(world, &stream, "ws://127.0.0.1:1/", 5000);
    run_until(world, &stream.n_connects, 1);
    assert_non_null(strstr(stream.error, "connect to"));
    close_stream(&stream);

    /* The server accepts and then says nothing to a TLS greeting. */
    world->server.paused = true;
    char url[64];
    snprintf(url, sizeof(url), "wss://127.0.0.1:%d/", world->server.port);
    open_stream(world, &stream, url, 150);
    run_until(world, &stream.n_connects, 1);
    assert_non_null(strstr(stream.error, "time")); /* "timed out" or "timeout": by the step it was in */
    close_stream(&stream);

    open_stream(world, &stream, "wss://slow.test/", 100);
    run_until(world, &stream.n_connects, 1);
    assert_non_null(stream.error);
    close_stream(&stream);
    usleep(SLOW_LOOKUP_MS * 1000);
}

static void test_stream_untrusted(void **state)
{
    struct world *const world = *state;
    struct stream stream;
    world->server.echo = true;
    open_stream(world, &stream, stream_url(world), 5000);
    run_until(world, &stream.n_connects, 1);
    assert_non_null(strstr(stream.error, "certificate"));
    close_stream(&stream);
}

static void test_stream_close_anywhere(void **state)
{
    struct world *const world = *state;
    struct stream stream;
    world->server.echo = true;
    http_socket_close(NULL);

    open_stream(world, &stream, stream_url(world), 5000); /* at once */
    close_stream(&stream);

    open_stream(world, &stream, stream_url(world), 5000); /* half way */
    while (world->server.n_accepted == 0)
        loop_turn(world->loop, 100);
    close_stream(&stream);
    assert_int_equal(stream.n_connects, 0);

    open_stream(world, &stream, stream_url(world), 5000);
    stream.close_on_connect = true;
    run_until(world, &stream.n_connects, 1);
    close_stream(&stream);

    connect_stream(world, &stream);
    stream.close_on_ready = true;
    http_socket_want_write(stream.socket, true);
    run_until(world, &stream.n_ready, 1);
    run_for(world, 50);
    assert_int_equal(stream.n_ready, 1);
    close_stream(&stream);
    assert_int_equal(world->server.n_open, 0);
}

/* The peer is gone: writing ends in -1, not in SIGPIPE. */
static void test_stream_broken(void **state)
{
    struct world *const world = *state;
    struct stream stream;
    world->server.echo = true;
    connect_stream(world, &stream);
    scripted_server_stop(&world->server);
    ssize_t n = 0;
    for (int i = 0; i < 1000 && n >= 0; i++)
        n = http_socket_send(stream.socket, "hello", 5);
    assert_int_equal(n, -1);
    close_stream(&stream);
    scripted_server_start(&world->server, world->loop, NULL, NULL);
}

/* Requests and streams of one client do not disturb each other, to the same host even. */
static void test_stream_beside_requests(void **state)
{
    struct world *const world = *state;
    struct outcome got = {0};
    begin(world, "GET", "/", &got); /* leaves an idle connection, which no stream may take */
    run_until(world, &got.n, 1);
    forget(&got);
    struct stream stream;
    connect_stream(world, &stream);
    assert_int_equal(world->server.n_accepted, 2);
    begin(world, "GET", "/", &got);
    run_until(world, &got.n, 1);
    assert_int_equal(got.status, 200);
    assert_int_equal(world->server.n_accepted, 2);
    world->server.echo = true;
    assert_int_equal(http_socket_send(stream.socket, "still", 5), 5);
    while (stream.in.len < 5)
        loop_turn(world->loop, 100);
    assert_string_equal(stream.in.data, "still");
    forget(&got);
    close_stream(&stream);
}

/* --------------------------------------------------------------------------------------------------------------
 */

/* Two authorities, and a certificate for localhost from the first. */
static int make_certificates(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    char command[2048];
    snprintf(
        command, sizeof(command),
        "cd %s && new='openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2' && "
        "{ $new -subj /CN=ca -keyout ca.key -out ca.pem && "
        "$new -subj /CN=other -keyout other-ca.key -out other-ca.pem && "
        "$new -subj /CN=localhost -addext subjectAltName=DNS:localhost -CA ca.pem -CAkey ca.key "
        "-keyout server.key -out server.pem; } 2>log || { cat log; exit 1; }",
        dir);
    return system(command);
}

static int remove_certificates(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    alarm(120); /* a hang is a failure */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_get, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bodies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_multipart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_longest_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_longest_head, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stays_where_it_is_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel_from_callbacks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_connection_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_slow_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tls, set_up_tls, tear_down),
        cmocka_unit_test_setup_teardown(test_tls_untrusted, set_up_untrusted, tear_down),
        cmocka_unit_test_setup_teardown(test_stream_plain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stream_tls, set_up_tls, tear_down),
        cmocka_unit_test_setup_teardown(test_stream_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stream_full, set_up_tls, tear_down),
        cmocka_unit_test_setup_teardown(test_stream_failures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stream_untrusted, set_up_untrusted, tear_down),
        cmocka_unit_test_setup_teardown(test_stream_close_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stream_close_anywhere, set_up_tls, tear_down),
        cmocka_unit_test_setup_teardown(test_stream_broken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stream_broken, set_up_tls, tear_down),
        cmocka_unit_test_setup_teardown(test_stream_beside_requests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stream_beside_requests, set_up_tls, tear_down),
    };
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
