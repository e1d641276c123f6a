#include "infra/rest.h"

#include "infra/clock.h"
#include "infra/http_client.h"
#include "infra/json.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "tests/infra/scripted_server.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char ok[] = "HTTP/1.1 200 OK\r\n\r\n{\"id\":42}";
static const char no_content[] = "HTTP/1.1 204 No Content\r\n\r\n";
static const char broken[] = "HTTP/1.1 500 Oops\r\n\r\n";
static const char unauthorized[] =
    "HTTP/1.1 401 Unauthorized\r\n\r\n{\"message\": \"401: Unauthorized\", \"code\": 0}";
static const char unknown_webhook[] =
    "HTTP/1.1 404 Not Found\r\n\r\n{\"message\": \"Unknown Webhook\", \"code\": 10015}";

struct world {
    struct loop *loop;
    struct http_client *client;
    struct rest *rest;
    struct scripted_server server;
    FILE *log; /* what the test's standard error says */
    int real_stderr;
};

static int set_up(void **state)
{
    struct world *const world = mem_alloc(sizeof(*world));
    world->loop = loop_create();
    scripted_server_start(&world->server, world->loop, NULL, NULL);
    world->client = http_client_create(world->loop, &(struct http_client_config){.user_agent = "tester/1"});
    world->rest = rest_create(world->loop, world->client,
                              &(struct rest_config){.api_url = world->server.url, .token = "s3cret"});
    world->log = tmpfile();
    world->real_stderr = dup(STDERR_FILENO);
    dup2(fileno(world->log), STDERR_FILENO);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *const world = *state;
    dup2(world->real_stderr, STDERR_FILENO);
    close(world->real_stderr);
    rest_destroy(world->rest);
    http_client_destroy(world->client);
    scripted_server_stop(&world->server);
    loop_destroy(world->loop);
    /* Neither the bot's token nor an interaction's is in any line, whatever happened. */
    char line[4096];
    rewind(world->log);
    while (fgets(line, sizeof(line), world->log) != NULL) {
        assert_null(strstr(line, "s3cret"));
        assert_null(strstr(line, "t0ken"));
    }
    fclose(world->log);
    free(world);
    return 0;
}

static void rewind_log(struct world *world)
{
    assert_int_equal(ftruncate(fileno(world->log), 0), 0);
    lseek(fileno(world->log), 0, SEEK_SET);
}

/* The log's first line but for retries, "" if there is none. */
static const char *first_line(struct world *world)
{
    static char line[4096];
    rewind(world->log);
    while (fgets(line, sizeof(line), world->log) != NULL)
        if (strstr(line, " info rest_retry ") == NULL)
            return line;
    return "";
}

struct outcome {
    int n;
    enum rest_status status;
    int http_status;
    int64_t code;
    int64_t id; /* of the body; -1: no body */
    int64_t at_ms;
    struct rest_call *victim; /* cancelled by the callback */
    struct world *world;      /* where the callback starts another one */
    struct outcome *next;
};

static const struct rest_request edit = {
    .method = "PATCH",
    .path = "/webhooks/1/t0ken/messages/@original",
    .bucket = "webhooks/7",
    .json = "{\"a\":1}",
    .deadline_ms = 20000,
};
static const struct rest_request ask = {
    .method = "GET",
    .path = "/gateway/bot",
    .bucket = "gateway/bot",
    .with_token = true,
    .deadline_ms = 20000,
};

static void on_done(void *arg, const struct rest_response *response)
{
    struct outcome *const outcome = arg;
    outcome->n++;
    outcome->status = response->status;
    outcome->http_status = response->http_status;
    outcome->code = response->code;
    outcome->at_ms = clock_monotonic_ms();
    outcome->id = -1;
    if (response->body != NULL)
        json_int(response->body, "id", &outcome->id);
    rest_cancel(outcome->victim);
    if (outcome->next != NULL)
        rest_send(outcome->world->rest, &edit, on_done, outcome->next);
}

static struct rest_call *begin(struct world *world, const struct rest_request *request, struct outcome *outcome)
{
    struct rest_call *const call = rest_send(world->rest, request, on_done, outcome);
    assert_int_equal(outcome->n, 0);
    return call;
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

static struct outcome run(struct world *world, const struct rest_request *request)
{
    struct outcome outcome = {0};
    begin(world, request, &outcome);
    run_until(world, &outcome.n, 1);
    return outcome;
}

/* Milliseconds between two requests that the server got. */
static int64_t gap_ms(const struct world *world, size_t from, size_t to)
{
    assert_true(world->server.n_requests > to);
    return world->server.requests[to].at_ms - world->server.requests[from].at_ms;
}

static void test_sends(void **state)
{
    struct world *const world = *state;
    scripted_server_add(&world->server, ok);
    struct outcome got = run(world, &edit);
    assert_int_equal(got.status, REST_OK);
    assert_int_equal(got.http_status, 200);
    assert_int_equal(got.code, 0);
    assert_int_equal(got.id, 42);
    char head[512];
    snprintf(
        head, sizeof(head),
        "PATCH /webhooks/1/t0ken/messages/@original HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: tester/1\r\n"
        "Accept: */*\r\nContent-Type: application/json\r\nContent-Length: 7\r\n",
        world->server.port);
    assert_string_equal(world->server.requests[0].head, head);
    assert_string_equal(world->server.requests[0].body.data, "{\"a\":1}");

    scripted_server_add(&world->server, no_content);
    got = run(world, &ask);
    assert_int_equal(got.status, REST_OK);
    assert_int_equal(got.http_status, 204);
    assert_int_equal(got.id, -1);
    snprintf(head, sizeof(head),
             "GET /gateway/bot HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: tester/1\r\nAccept: */*\r\n"
             "Authorization: Bot s3cret\r\n",
             world->server.port);
    assert_string_equal(world->server.requests[1].head, head);
    assert_string_equal(first_line(world), "");
}

static void test_sends_file(void **state)
{
    struct world *const world = *state;
    static const char image[] = "\xff\xd8\0\r\n\xff\xd9";
    const struct rest_file file = {
        .filename = "lb-9c41.jpg",
        .content_type = "image/jpeg",
        .data = image,
        .len = sizeof(image),
    };
    struct rest_request request = edit;
    request.file = &file;
    scripted_server_add(&world->server, broken); /* the second try sends the same */
    scripted_server_add(&world->server, ok);
    assert_int_equal(run(world, &request).status, REST_OK);
    for (int i = 0; i < 2; i++) {
        const struct scripted_request *const sent = &world->server.requests[i];
        assert_null(strstr(sent->head, "application/json"));
        const char *const type = strstr(sent->head, "\r\nContent-Type: multipart/form-data; boundary=");
        assert_non_null(type);
        char boundary[100];
        assert_int_equal(sscanf(type, "\r\nContent-Type: multipart/form-data; boundary=%99[^\r]", boundary), 1);
        struct buffer expected = {0};
        buffer_printf(&expected,
                      "--%s\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n"
                      "Content-Type: application/json\r\n\r\n{\"a\":1}\r\n"
                      "--%s\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"lb-9c41.jpg\"\r\n"
                      "Content-Type: image/jpeg\r\n\r\n",
                      boundary, boundary);
        buffer_append(&expected, image, sizeof(image));
        buffer_printf(&expected, "\r\n--%s--\r\n", boundary);
        assert_int_equal(sent->body.len, expected.len);
        assert_memory_equal(sent->body.data, expected.data, expected.len);
        buffer_finish(&expected);
    }
}

static void test_refused(void **state)
{
    struct world *const world = *state;
    scripted_server_add(&world->server, "HTTP/1.1 400 Bad\r\n\r\n"
                                        "{\"message\": \"Invalid\",\"code\": 50035}");
    struct outcome got = run(world, &edit);
    assert_int_equal(got.status, REST_REFUSED);
    assert_int_equal(got.http_status, 400);
    assert_int_equal(got.code, 50035);
    assert_int_equal(world->server.n_requests, 1);
    assert_non_null(strstr(first_line(world),
                           " warn rest_failed bucket=webhooks/7 outcome=refused status=400 code=50035 "));

    scripted_server_add(&world->server, unknown_webhook);
    got = run(world, &edit);
    assert_int_equal(got.status, REST_REFUSED);
    assert_int_equal(got.code, 10015);
    assert_int_equal(world->server.n_requests, 2);
}

static void test_retries(void **state)
{
    struct world *const world = *state;
    struct rest_request request = edit;
    request.retry_unknown_webhook = true;
    scripted_server_add(&world->server, unknown_webhook);
    scripted_server_add(&world->server, ok);
    struct outcome got = run(world, &request);
    assert_int_equal(got.status, REST_OK);
    assert_int_equal(got.http_status, 200);
    assert_int_equal(got.code, 0);
    assert_in_range(gap_ms(world, 0, 1), 249, 5000);

    scripted_server_add(&world->server, broken);
    scripted_server_add(&world->server,
                        NULL); /* hangs up: curl itself tries a fresh connection, then we wait */
    scripted_server_add(&world->server, NULL);
    scripted_server_add(&world->server, ok);
    got = run(world, &request);
    assert_int_equal(got.status, REST_OK);
    assert_in_range(gap_ms(world, 2, 3), 499, 5000);
    assert_in_range(gap_ms(world, 4, 5), 999, 5000);
    assert_string_equal(first_line(world), ""); /* what came right in the end is told as retries alone */
}

/* A 429 holds back its bucket and no other. */
static void test_limited(void **state)
{
    struct world *const world = *state;
    static const char *const answers[] = {
        "HTTP/1.1 429 Too Many\r\nRetry-After: 1\r\n\r\n{\"retry_after\":0.3,\"global\": false}",
        "HTTP/1.1 429 Too Many\r\nRetry-After: 0.3\r\n\r\n",
        "HTTP/1.1 429 Too Many\r\nRetry-After: 0.3\r\n\r\n<html></html>",
    };
    for (size_t i = 0; i < 3; i++) {
        const size_t first = world->server.n_requests;
        scripted_server_add(&world->server, answers[i]);
        for (int j = 0; j < 3; j++)
            scripted_server_add(&world->server, ok);
        struct outcome limited = {0}, same = {0}, other = {0};
        struct rest_request elsewhere = edit;
        elsewhere.bucket = "webhooks/8";
        begin(world, &edit, &limited);
        while (world->server.n_requests == first)
            loop_turn(world->loop, 100);
        run_for(world, 30);
        begin(world, &edit, &same);
        begin(world, &elsewhere, &other);
        run_until(world, &other.n, 1);
        assert_int_equal(limited.n + same.n, 0);
        run_until(world, &limited.n, 1);
        run_until(world, &same.n, 1);
        assert_int_equal(limited.status, REST_OK);
        assert_int_equal(same.status, REST_OK);
        assert_in_range(gap_ms(world, first, first + 2), 299, 900);
        assert_in_range(gap_ms(world, first, first + 3), 299, 900);
    }
}

/* A global 429 holds back all that uses the token, and nothing else. */
static void test_limited_globally(void **state)
{
    struct world *const world = *state;
    scripted_server_add(&world->server, "HTTP/1.1 429 Too Many\r\nX-RateLimit-Global: true\r\n\r\n"
                                        "{\"retry_after\":0.3,\"global\": true}");
    for (int j = 0; j < 3; j++)
        scripted_server_add(&world->server, ok);
    struct outcome limited = {0}, other_bucket = {0}, no_token = {0};
    struct rest_request elsewhere = ask;
    elsewhere.bucket = "users/@me";
    begin(world, &ask, &limited);
    while (world->server.n_requests == 0)
        loop_turn(world->loop, 100);
    run_for(world, 30);
    begin(world, &elsewhere, &other_bucket);
    begin(world, &edit, &no_token);
    run_until(world, &no_token.n, 1);
    assert_int_equal(limited.n + other_bucket.n, 0);
    run_until(world, &limited.n, 1);
    run_until(world, &other_bucket.n, 1);
    assert_in_range(gap_ms(world, 0, 2), 299, 900);
}

/* Without the token it holds back what shares its bucket, and says nothing about the bot. */
static void test_limited_without_token(void **state)
{
    struct world *const world = *state;
    scripted_server_add(&world->server, "HTTP/1.1 429 Too Many\r\n\r\n{\"retry_after\":0.3,\"global\": true}");
    struct outcome limited = {0}, with_token = {0};
    begin(world, &edit, &limited);
    while (world->server.n_requests == 0)
        loop_turn(world->loop, 100);
    run_for(world, 30);
    begin(world, &ask, &with_token);
    run_until(world, &with_token.n, 1);
    assert_int_equal(limited.n, 0);
    run_until(world, &limited.n, 1);
    assert_int_equal(limited.status, REST_OK);
}

/* The last request of a period is answered; the next one waits without having to be refused. */
static void test_used_up(void **state)
{
    struct world *const world = *state;
    scripted_server_add(&world->server,
                        "HTTP/1.1 200 OK\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset-After: 0.3\r\n"
                        "\r\n{}");
    assert_int_equal(run(world, &edit).status, REST_OK);
    assert_int_equal(run(world, &edit).status, REST_OK);
    assert_in_range(gap_ms(world, 0, 1), 299, 900);
    assert_int_equal(run(world, &edit).status, REST_OK);
    assert_in_range(gap_ms(world, 1, 2), 0, 200);

    /* A pause that ends after the deadline: the answer is no, and at once. */
    scripted_server_add(&world->server, ok);
    scripted_server_add(&world->server, ok);
    scripted_server_add(&world->server,
                        "HTTP/1.1 200 OK\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset-After: 60\r\n"
                        "\r\n{}");
    assert_int_equal(run(world, &edit).status, REST_OK);
    const int64_t before = clock_monotonic_ms();
    struct outcome got = run(world, &edit);
    assert_int_equal(got.status, REST_UNREACHABLE);
    assert_int_equal(got.http_status, 0);
    assert_true(got.at_ms - before < 1000);
    assert_int_equal(world->server.n_requests, 4);
}

/* Tries at 0 and 500 ms; the next would be at 1500. */
static void test_unreachable(void **state)
{
    struct world *const world = *state;
    struct rest *const reachable = world->rest;
    world->rest =
        rest_create(world->loop, world->client, &(struct rest_config){.api_url = "http://127.0.0.1:1"});
    struct rest_request request = edit;
    request.deadline_ms = 1000;
    const int64_t before = clock_monotonic_ms();
    struct outcome got = run(world, &request);
    assert_int_equal(got.status, REST_UNREACHABLE);
    assert_int_equal(got.http_status, 0);
    assert_in_range(got.at_ms - before, 499, 1000);
    const char *const line = first_line(world);
    assert_non_null(strstr(
        line, "bucket=webhooks/7 outcome=unreachable status=0 code=0 tries=2 error=\"Failed to connect"));
    rest_destroy(world->rest);
    world->rest = reachable;

    /* A server that says nothing takes all the time there is, and no more. */
    scripted_server_add(&world->server, "");
    request.deadline_ms = 300;
    const int64_t silent = clock_monotonic_ms();
    got = run(world, &request);
    assert_in_range(got.at_ms - silent, 299, 5000);
    assert_int_equal(got.status, REST_UNREACHABLE);
    assert_int_equal(got.http_status, 0);

    scripted_server_add(&world->server, broken);
    got = run(world, &request);
    assert_int_equal(got.status, REST_UNREACHABLE);
    assert_int_equal(got.http_status, 500);
    request.deadline_ms = 0;
    assert_int_equal(run(world, &request).status, REST_UNREACHABLE);
    assert_int_equal(world->server.n_requests, 2);
}

/* An answer longer than any of Discord's is none. */
static void test_endless_answer(void **state)
{
    struct world *const world = *state;
    struct buffer answer = {0};
    buffer_append_string(&answer, "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n");
    for (int i = 0; i < 1048577; i++)
        buffer_append(&answer, " ", 1);
    scripted_server_add(&world->server, answer.data);
    struct rest_request request = edit;
    request.deadline_ms = 400;
    assert_int_equal(run(world, &request).status, REST_UNREACHABLE);
    assert_non_null(strstr(first_line(world), "longer than allowed"));
    buffer_finish(&answer);
}

static void test_dead_token(void **state)
{
    struct world *const world = *state;
    scripted_server_add(&world->server, unauthorized);
    assert_int_equal(run(world, &edit).status,
                     REST_REFUSED); /* that one has no token: nothing follows from it */
    scripted_server_add(&world->server, ok);
    assert_int_equal(run(world, &ask).status, REST_OK);

    scripted_server_add(&world->server, unauthorized);
    struct outcome got = run(world, &ask);
    assert_int_equal(got.status, REST_REFUSED);
    assert_int_equal(got.http_status, 401);
    assert_int_equal(world->server.n_requests, 3);
    rewind_log(world);
    got = run(world, &ask);
    assert_int_equal(got.status, REST_REFUSED);
    assert_int_equal(got.http_status, 401);
    assert_int_equal(world->server.n_requests, 3);
    assert_non_null(strstr(first_line(world), "bucket=gateway/bot outcome=refused status=401"));
    assert_int_equal(run(world, &edit).status, REST_OK);
}

static void test_cancel(void **state)
{
    struct world *const world = *state;
    struct outcome never = {0};
    rest_cancel(NULL);
    rest_cancel(begin(world, &edit, &never)); /* before its turn */

    scripted_server_add(&world->server, "");
    struct rest_call *call = begin(world, &edit, &never);
    while (world->server.n_requests < 1)
        loop_turn(world->loop, 100);
    rest_cancel(call); /* in flight */

    scripted_server_add(&world->server, broken);
    call = begin(world, &edit, &never);
    while (world->server.n_requests < 2)
        loop_turn(world->loop, 100);
    run_for(world, 50);
    rest_cancel(call); /* between two tries */
    run_for(world, 600);
    assert_int_equal(never.n, 0);
    assert_int_equal(world->server.n_requests, 2);

    struct outcome got = {.world = world, .next = &(struct outcome){0}};
    got.victim = begin(world, &edit, &got); /* itself, from its callback */
    run_until(world, &got.next->n, 1);
    assert_int_equal(got.n, 1);
    assert_string_equal(first_line(world), "");
}

/* 1024 wait; one more is told so, and there is room again when one has gone. */
static void test_full(void **state)
{
    enum { ROOM = 1024 };
    struct world *const world = *state;
    static struct outcome waiting[ROOM];
    struct rest_call *calls[ROOM];
    scripted_server_add(&world->server,
                        "HTTP/1.1 200 OK\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset-After: 10\r\n"
                        "\r\n{}");
    run(world, &edit);
    for (int i = 0; i < ROOM; i++)
        calls[i] = begin(world, &edit, &waiting[i]);
    struct outcome got = run(world, &edit);
    assert_int_equal(got.status, REST_FULL);
    assert_int_equal(got.http_status, 0);
    assert_non_null(strstr(first_line(world), "outcome=full"));

    struct outcome never = {0};
    rest_cancel(begin(world, &edit, &never)); /* one too many leaves no room behind */
    rest_cancel(calls[0]);
    calls[0] = begin(world, &edit, &waiting[0]);
    assert_int_equal(run(world, &edit).status, REST_FULL);
    for (int i = 0; i < ROOM; i++) {
        assert_int_equal(waiting[i].n, 0);
        rest_cancel(calls[i]);
    }
    assert_int_equal(world->server.n_requests, 1);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    alarm(120); /* a hang is a failure */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sends_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_retries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limited, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limited_globally, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limited_without_token, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_used_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unreachable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_endless_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dead_token, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
