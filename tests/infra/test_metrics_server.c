#include "infra/metrics_server.h"

#include "infra/config.h"
#include "infra/listener.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/metrics.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { TURN_MS = 20, PATIENCE_TURNS = 500, MAX_CONNECTIONS = 16 /* as in the server */ };

static const struct metric table[] = {
    {.name = NULL},
    {.name = "now", .help = "Now.", .type = METRIC_GAUGE},
};

struct fixture {
    struct loop *loop;
    int listen_fd;
    struct sockaddr_in address;
    struct metrics_server *server;
    int scrapes;
};

static void on_scrape(void *arg)
{
    struct fixture *const f = arg;
    metrics_set(1, ++f->scrapes);
}

static int set_up(void **state)
{
    struct fixture *const f = mem_alloc(sizeof(*f));
    f->loop = loop_create();
    const struct config_address any = {.host = "127.0.0.1", .port = "0"};
    assert_true(listener_open("test", "LISTEN", &any, &f->listen_fd));
    socklen_t len = sizeof(f->address);
    assert_int_equal(getsockname(f->listen_fd, (struct sockaddr *)&f->address, &len), 0);
    metrics_init(table, 2, 1);
    f->server = metrics_server_create(f->loop, f->listen_fd, on_scrape, f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *const f = *state;
    metrics_server_destroy(f->server);
    close(f->listen_fd);
    loop_destroy(f->loop);
    free(f);
    return 0;
}

/* A client that has sent so much. */
static int client(const struct fixture *f, const char *sent)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&f->address, sizeof(f->address)), 0);
    assert_int_equal(send(fd, sent, strlen(sent), MSG_NOSIGNAL), strlen(sent));
    return fd;
}

/* What the server says until the last line feed of the text, or until it closes. The caller frees. */
static char *heard(struct fixture *f, int fd, const char *until)
{
    struct buffer all = {0};
    for (int i = 0; i < PATIENCE_TURNS; i++) {
        loop_turn(f->loop, TURN_MS);
        char piece[4096];
        const ssize_t n = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
        if (n > 0)
            buffer_append(&all, piece, (size_t)n);
        if (n == 0 || (all.data != NULL && strstr(all.data, until) != NULL))
            return all.data;
    }
    fail_msg("nothing that ends the answer came; until now: %s", all.data != NULL ? all.data : "nothing");
    return NULL;
}

static void expect(struct fixture *f, const char *request, const char *status, const char *body)
{
    const int fd = client(f, request);
    char *const answer = heard(f, fd, body);
    assert_non_null(answer);
    assert_memory_equal(answer, status, strlen(status));
    assert_non_null(strstr(answer, body));
    free(answer);
    close(fd);
}

#define GET     "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
#define OK      "HTTP/1.1 200 "
#define NOW     "# HELP now Now.\n# TYPE now gauge\nnow "
#define CLOSING "Connection: close\r\n"

static void test_get(void **state)
{
    struct fixture *const f = *state;
    expect(f, GET, OK, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
    expect(f, GET, OK, "\r\n\r\n" NOW "2\n");
    expect(f, "GET /metrics?x=y HTTP/1.0\r\n\r\n", OK, "\r\n\r\n" NOW "3\n");
}

static void test_head_has_no_body(void **state)
{
    struct fixture *const f = *state;
    const int fd = client(f, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n" CLOSING "\r\n");
    char *const answer = heard(f, fd, "never");
    assert_memory_equal(answer, OK, strlen(OK));
    assert_non_null(strstr(answer, "Content-Length: "));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    free(answer);
    close(fd);
}

static void test_two_requests_on_one_connection(void **state)
{
    struct fixture *const f = *state;
    const int fd = client(f, GET GET);
    char *const answer = heard(f, fd, NOW "2\n");
    assert_non_null(strstr(answer, NOW "1\n"));
    free(answer);
    close(fd);
}

static void test_other_paths_and_methods(void **state)
{
    struct fixture *const f = *state;
    expect(f, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 ", "nothing here");
    expect(f, "GET /metrics/ HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 ", "nothing here");
    expect(f, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody", "HTTP/1.1 405 ",
           "Allow: GET, HEAD");
    expect(f, "DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 ", "Not with");
    assert_int_equal(f->scrapes, 0);
    expect(f, GET, OK, NOW "1\n");
}

static void test_garbage_and_too_much(void **state)
{
    struct fixture *const f = *state;
    int fd = client(f, "\x16\x03\x01 what?\r\n\r\n");
    free(heard(f, fd, "HTTP/1.1 4"));
    close(fd);
    char much[20000];
    memset(much, 'x', sizeof(much) - 1);
    much[sizeof(much) - 1] = '\0';
    memcpy(much, "GET /metrics HTTP/1.1\r\nX: ", 26);
    fd = client(f, much);
    free(heard(f, fd, "HTTP/1.1 4"));
    close(fd);
    assert_int_equal(f->scrapes, 0);
    expect(f, GET, OK, NOW "1\n");
}

/* Who says nothing, or half of a request, keeps nobody waiting. */
static void test_idle_and_slow_clients(void **state)
{
    struct fixture *const f = *state;
    const int idle = client(f, "");
    const int slow = client(f, "GET /metr");
    expect(f, GET, OK, NOW "1\n");
    expect(f, GET, OK, NOW "2\n");
    assert_int_equal(send(slow, "ics HTTP/1.1\r\n\r\n", 16, MSG_NOSIGNAL), 16);
    free(heard(f, slow, "HTTP/1.1 400 ")); /* without a Host */
    close(idle);
    close(slow);
}

static void test_who_finds_no_place_waits_for_one(void **state)
{
    struct fixture *const f = *state;
    int idle[MAX_CONNECTIONS];
    for (size_t i = 0; i < MAX_CONNECTIONS; i++)
        idle[i] = client(f, "");
    const int waiting = client(f, GET);
    for (int i = 0; i < 5; i++)
        loop_turn(f->loop, TURN_MS);
    assert_int_equal(f->scrapes, 0);
    close(idle[3]);
    free(heard(f, waiting, NOW "1\n"));
    close(waiting);
    for (size_t i = 0; i < MAX_CONNECTIONS; i++) {
        if (i != 3)
            close(idle[i]);
    }
}

static void test_the_socket_outlives_the_server(void **state)
{
    struct fixture *const f = *state;
    expect(f, GET, OK, NOW "1\n");
    const int idle = client(f, "");
    loop_turn(f->loop, TURN_MS);
    struct metrics_server *const other = metrics_server_create(f->loop, f->listen_fd, on_scrape, f);
    metrics_server_destroy(f->server);
    f->server = other;
    expect(f, GET, OK, NOW "2\n");
    close(idle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_get, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_head_has_no_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_requests_on_one_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_paths_and_methods, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_garbage_and_too_much, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_idle_and_slow_clients, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_finds_no_place_waits_for_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_socket_outlives_the_server, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
