/* The server with real sockets on loopback; the client's side is blocking and runs in a thread of its own. */
#include "handler/http.h"

#include "infra/loop.h"
#include "infra/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MAX_BODY = 1024 * 1024,
    MAX_HELD = 2 * MAX_BODY,
    TIMEOUT_MS = 150,
    PATIENT_MS = 20000,
    MAX_CONNECTIONS = 4,
    TICK_MS = 5
};

struct fixture {
    struct loop *loop;
    struct http_server *server;
    int port;
    struct http_exchange *held; /* by the route /later, */
    atomic_bool holding;        /* while this is set */
    atomic_bool held_came, held_ended;
    struct loop_timer *timer;
    int n_sent, n_gone;
    atomic_bool client_is_done;
};

/* Routes --------------------------------------------------------------------------------------------------- */

static void on_echo(void *arg, struct http_exchange *exchange)
{
    (void)arg;
    size_t len, kind_len;
    const char *const body = http_exchange_body(exchange, &len);
    const char *const kind = http_exchange_header(exchange, "x-kind", &kind_len);
    struct buffer answer = {0};
    buffer_printf(&answer, "%.*s:", kind == NULL ? 4 : (int)kind_len, kind == NULL ? "none" : kind);
    buffer_append(&answer, body, len);
    http_respond(exchange, 200, "text/plain", answer.data, answer.len, NULL, NULL);
    buffer_finish(&answer);
}

static void on_sent(void *arg, bool sent)
{
    struct fixture *const f = arg;
    if (sent)
        f->n_sent++;
    else
        f->n_gone++;
    f->held_ended = true;
}

static void on_later_time(void *arg)
{
    struct fixture *const f = arg;
    if (f->holding) {
        f->timer = loop_after(f->loop, TICK_MS, on_later_time, f);
        return;
    }
    f->timer = NULL;
    http_respond(f->held, 200, "text/plain", "later", 5, on_sent, f);
    f->held = NULL;
    assert_int_equal(f->n_sent + f->n_gone, 0); /* not from inside the call */
}

static void on_later(void *arg, struct http_exchange *exchange)
{
    struct fixture *const f = arg;
    f->held = exchange;
    f->held_came = true;
    f->timer = loop_after(f->loop, TICK_MS, on_later_time, f);
}

static const struct http_route routes[] = {{"POST", "/echo", on_echo}, {"GET", "/later", on_later}};

static int set_up_with(void **state, int64_t timeout_ms)
{
    struct fixture *const f = mem_alloc(sizeof(*f));
    f->loop = loop_create();
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return -1;
    f->port = ntohs(address.sin_port);
    const struct http_server_config config = {
        .loop = f->loop,
        .listen_fd = fd,
        .max_connections = MAX_CONNECTIONS,
        .max_body = MAX_BODY,
        .max_held = MAX_HELD,
        .timeout_ms = timeout_ms,
        .routes = routes,
        .n_routes = 2,
        .arg = f,
    };
    f->server = http_server_create(&config);
    *state = f;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, TIMEOUT_MS);
}

static int set_up_patient(void **state)
{
    return set_up_with(state, PATIENT_MS);
}

static int tear_down(void **state)
{
    struct fixture *const f = *state;
    http_server_destroy(f->server);
    loop_destroy(f->loop);
    free(f);
    return 0;
}

/* The client ----------------------------------------------------------------------------------------------- */

struct client {
    struct fixture *fixture;
    void (*talk)(struct fixture *f);
};

static void *client_main(void *arg)
{
    const struct client *const client = arg;
    client->talk(client->fixture);
    client->fixture->client_is_done = true;
    return NULL;
}

static void on_tick(void *arg)
{
    struct fixture *const f = arg;
    f->timer = NULL;
}

/* Serves while talk() runs in its thread. */
static void serve(struct fixture *f, void (*talk)(struct fixture *f))
{
    struct client client = {f, talk};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, client_main, &client), 0);
    struct fixture tick = {0};
    while (!f->client_is_done) {
        if (tick.timer == NULL) /* or the last turn would wait for ever */
            tick.timer = loop_after(f->loop, TICK_MS, on_tick, &tick);
        http_server_turn(f->server);
    }
    loop_cancel(tick.timer);
    pthread_join(thread, NULL);
    f->client_is_done = false;
}

/* cmocka's asserts work in its own thread only. */
#define check(condition)                                                                                       \
    do {                                                                                                       \
        if (!(condition)) {                                                                                    \
            fprintf(stderr, "%s:%d: client: %s\n", __FILE__, __LINE__, #condition);                            \
            abort();                                                                                           \
        }                                                                                                      \
    } while (0)

static int dial(const struct fixture *f)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)f->port)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const struct timeval patience = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    check(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

static void say(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        const ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* refused before it was all read */
        bytes += sent;
        n -= (size_t)sent;
    }
}

/* All that comes until the server closes, or has said until. */
static char *hear(int fd, const char *until)
{
    struct buffer heard = {0};
    char bytes[4096];
    ssize_t n;
    buffer_append(&heard, "", 0);
    while ((until == NULL || strstr(heard.data, until) == NULL) && (n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
        buffer_append(&heard, bytes, (size_t)n);
    return heard.data;
}

static void expect(int fd, const char *request, const char *beginning, const char *end)
{
    say(fd, request, strlen(request));
    char *const answer = hear(fd, end);
    check(strncmp(answer, beginning, strlen(beginning)) == 0);
    check(strstr(answer, end) != NULL);
    free(answer);
}

/* Tests ---------------------------------------------------------------------------------------------------- */

static void talk_echo(struct fixture *f)
{
    const int fd = dial(f);
    expect(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 ",
           "none:hello");
    expect(fd, "POST /echo?a=b HTTP/1.1\r\nHost: x\r\nX-KIND: big\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 200 ", "big:");
    expect(
        fd,
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        "HTTP/1.1 200 ", "none:abcde");
    close(fd);
}

static void test_echo(void **state)
{
    serve(*state, talk_echo);
}

static void talk_routes(struct fixture *f)
{
    const int fd = dial(f);
    expect(fd, "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 404 ",
           "nothing here.\n");
    expect(fd, "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 ", "method.\n");
    expect(fd, "GET /echo/ HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 ", "nothing here.\n");
    expect(fd, "HEAD /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 ", "\r\n\r\n");
    expect(fd, "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 ", "allow: POST");
    close(fd);
}

static void test_routes(void **state)
{
    serve(*state, talk_routes);
}

static void talk_too_large(struct fixture *f)
{
    char request[128];
    snprintf(request, sizeof(request), "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
             MAX_BODY + 1);
    int fd = dial(f);
    expect(fd, request, "HTTP/1.1 413 ", "too large");
    close(fd);

    /* the largest that is taken */
    char *const body = mem_alloc(MAX_BODY);
    memset(body, 'x', MAX_BODY);
    snprintf(request, sizeof(request), "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
             MAX_BODY);
    fd = dial(f);
    say(fd, request, strlen(request));
    say(fd, body, MAX_BODY);
    char *const answer = hear(fd, "none:xxx");
    check(strncmp(answer, "HTTP/1.1 200 ", 13) == 0);
    free(answer);
    close(fd);

    /* no length announced */
    fd = dial(f);
    say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n", 67);
    say(fd, body, MAX_BODY);
    char *const refused = hear(fd, NULL);
    /* the answer may be lost where we are still sending when the connection is closed */
    check(refused[0] == '\0' || strncmp(refused, "HTTP/1.1 413 ", 13) == 0);
    free(refused);
    close(fd);
    free(body);
}

static void test_too_large(void **state)
{
    serve(*state, talk_too_large);
}

static void talk_garbage(struct fixture *f)
{
    static const char *const requests[] = {
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", /* TLS */
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    };
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        const int fd = dial(f);
        say(fd, requests[i], strlen(requests[i]));
        char *const answer = hear(fd, NULL);
        check(answer[0] == '\0' || strncmp(answer, "HTTP/1.1 4", 10) == 0);
        free(answer);
        close(fd);
    }
    talk_echo(f); /* and it goes on serving */
}

static void test_garbage(void **state)
{
    serve(*state, talk_garbage);
}

/* A request that does not come to its end is cut off, others are served meanwhile. */
static void talk_slow(struct fixture *f)
{
    const int slow = dial(f);
    const char part[] = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhello";
    say(slow, part, sizeof(part) - 1);
    talk_echo(f);
    char *const answer = hear(slow, NULL);
    check(answer[0] == '\0');
    free(answer);
    close(slow);
}

static void test_slow_body(void **state)
{
    serve(*state, talk_slow);
}

/* Byte by byte, without a pause that would be too long for one alone. */
static void talk_byte_by_byte(struct fixture *f)
{
    const int slow = dial(f);
    const char head[] = "POST /echo HTTP/1.1\r\nX: ";
    say(slow, head, sizeof(head) - 1);
    char byte;
    while (recv(slow, &byte, 1, MSG_DONTWAIT) < 0) {
        say(slow, "x", 1);
        usleep(1000 * TICK_MS);
    }
    close(slow);
    talk_echo(f);
}

static void test_byte_by_byte(void **state)
{
    serve(*state, talk_byte_by_byte);
}

/* Three bodies that wait for their end hold too much together; a short one is let alone. */
static void talk_holding(struct fixture *f)
{
    enum { LONG = 900 * 1024 };
    char *const body = mem_alloc(LONG);
    char head[128];
    snprintf(head, sizeof(head), "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", LONG + 1);
    const int little = dial(f);
    const char begun[] = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nlittl";
    say(little, begun, sizeof(begun) - 1);
    int fds[3];
    for (size_t i = 0; i < 3; i++) {
        fds[i] = dial(f);
        say(fds[i], head, strlen(head));
        say(fds[i], body, LONG);
    }
    expect(little, "e", "HTTP/1.1 200 ", "none:little");
    for (size_t i = 0; i < 3; i++) {
        char *const answer = hear(fds[i], NULL);
        check(answer[0] == '\0');
        free(answer);
        close(fds[i]);
    }
    close(little);
    free(body);
    talk_echo(f);
}

static void test_held_too_much(void **state)
{
    serve(*state, talk_holding);
}

static void talk_later(struct fixture *f)
{
    const int fd = dial(f);
    expect(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ", "later");
    close(fd);
}

static void test_later(void **state)
{
    struct fixture *const f = *state;
    serve(f, talk_later);
    assert_int_equal(f->n_sent, 1);
    assert_int_equal(f->n_gone, 0);
}

static void wait_for(const atomic_bool *event)
{
    while (!*event)
        usleep(1000 * TICK_MS);
}

static void talk_reset(struct fixture *f)
{
    const int fd = dial(f);
    const char request[] = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n";
    say(fd, request, sizeof(request) - 1);
    wait_for(&f->held_came);
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd);
    f->holding = false;
    wait_for(&f->held_ended);
}

static void test_client_gone(void **state)
{
    struct fixture *const f = *state;
    f->holding = true;
    serve(f, talk_reset);
    assert_int_equal(f->n_sent, 0);
    assert_int_equal(f->n_gone, 1);
    assert_int_equal(http_server_connections(f->server), 0);
    serve(f, talk_echo);
}

/* More than may be: the rest wait in the kernel and are served when places come free. */
static void talk_crowd(struct fixture *f)
{
    int fds[MAX_CONNECTIONS + 3];
    for (size_t i = 0; i < MAX_CONNECTIONS + 3; i++)
        fds[i] = dial(f);
    for (size_t i = 0; i < MAX_CONNECTIONS + 3; i++) {
        expect(fds[i], "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n!", "HTTP/1.1 200 ",
               "none:!");
        check(http_server_connections(f->server) <= MAX_CONNECTIONS);
        close(fds[i]);
    }
}

static void test_crowd(void **state)
{
    serve(*state, talk_crowd);
}

/* All places are taken by those who say nothing: they make room for those who do. */
static void talk_silent_crowd(struct fixture *f)
{
    int fds[MAX_CONNECTIONS];
    for (size_t i = 0; i < MAX_CONNECTIONS; i++)
        fds[i] = dial(f);
    talk_echo(f);
    for (size_t i = 0; i < MAX_CONNECTIONS; i++)
        close(fds[i]);
}

static void test_silent_crowd(void **state)
{
    serve(*state, talk_silent_crowd);
}

static void on_drain(void *arg)
{
    struct fixture *const f = arg;
    if (!f->held_came) {
        loop_after(f->loop, TICK_MS, on_drain, f);
        return;
    }
    http_server_drain(f->server);
    f->holding = false;
}

/* What is under way is answered, the connection then closed; nobody new gets in. */
static void talk_through_drain(struct fixture *f)
{
    const int idle = dial(f);
    expect(idle, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n!", "HTTP/1.1 200 ", "none:!");
    const int fd = dial(f);
    const char request[] = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n";
    say(fd, request, sizeof(request) - 1);
    char *const answer = hear(fd, NULL);
    check(strncmp(answer, "HTTP/1.1 200 ", 13) == 0);
    check(strstr(answer, "Connection: close") != NULL);
    check(strstr(answer, "later") != NULL);
    free(answer);
    close(fd);
    expect(idle, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n?", "HTTP/1.1 200 ", "none:?");
    char *const end = hear(idle, NULL);
    check(end[0] == '\0');
    free(end);
    close(idle);
}

static void test_drain(void **state)
{
    struct fixture *const f = *state;
    f->holding = true;
    loop_after(f->loop, TICK_MS, on_drain, f);
    serve(f, talk_through_drain);
    assert_int_equal(http_server_connections(f->server), 0);
    assert_int_equal(f->n_sent, 1);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_echo, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_routes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_large, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_garbage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_slow_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_byte_by_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_held_too_much, set_up_patient, tear_down),
        cmocka_unit_test_setup_teardown(test_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_client_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_crowd, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_silent_crowd, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_drain, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
