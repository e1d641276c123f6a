#include "tracker/gateway_bot.h"

#include "infra/clock.h"
#include "infra/http_client.h"
#include "infra/log.h"
#include "infra/rest.h"
#include "tests/tracker/loopback.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#define GOOD                                                                                                   \
    "{\"url\":\"wss://gateway.discord.gg\",\"shards\":9,\"session_start_limit\":{\"total\":1000,"              \
    "\"remaining\":997,\"reset_after\":61234567,\"max_concurrency\":16}}"

enum { CALLERS = 4 };

/* A made-up Discord, and some who ask. */
struct world {
    struct loop *loop;
    struct http_client *client;
    struct server server;
    struct rest *rest;
    struct gateway_bot *bot;
    const char *status, *body; /* of the next answers */
    int n_requests;
    struct caller {
        struct world *world;
        struct gateway_bot_call *call;
        int n_answers;
        int asks_again;         /* so often, from inside its callback */
        struct caller *cancels; /* from inside its callback; or NULL */
        struct gateway_bot_answer answer;
        char url[64];
    } callers[CALLERS];
};

static void on_request(struct server *server, struct peer *peer, const char *head)
{
    struct world *const w = (struct world *)((char *)server - offsetof(struct world, server));
    assert_true(strncmp(head, "GET /api/gateway/bot HTTP", 25) == 0);
    assert_non_null(strstr(head, "Authorization: Bot secret"));
    w->n_requests++;
    peer_answer(peer, w->status, w->body);
}

static void ask(struct caller *caller);

static void on_answer(void *arg, const struct gateway_bot_answer *answer)
{
    struct caller *const caller = arg;
    caller->call = NULL;
    caller->n_answers++;
    caller->answer = *answer;
    snprintf(caller->url, sizeof(caller->url), "%s", answer->url != NULL ? answer->url : "none");
    if (caller->asks_again > 0) {
        caller->asks_again--;
        ask(caller);
    }
    if (caller->cancels != NULL) {
        gateway_bot_cancel(caller->cancels->call);
        caller->cancels->call = NULL;
    }
}

static void ask(struct caller *caller)
{
    caller->call = gateway_bot_ask(caller->world->bot, on_answer, caller);
}

static int setup(void **state)
{
    log_set_level(LOG_ERROR);
    struct world *const w = mem_alloc(sizeof(*w));
    w->loop = loop_create();
    w->client = http_client_create(w->loop, &(struct http_client_config){.user_agent = "test"});
    w->server.on_request = on_request;
    server_start(&w->server, w->loop);
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/api", w->server.port);
    w->rest = rest_create(w->loop, w->client, &(struct rest_config){.api_url = url, .token = "secret"});
    w->bot = gateway_bot_create(w->rest);
    w->status = "200 OK";
    w->body = GOOD;
    for (int i = 0; i < CALLERS; i++)
        w->callers[i].world = w;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *const w = *state;
    for (int i = 0; i < CALLERS; i++)
        gateway_bot_cancel(w->callers[i].call);
    gateway_bot_destroy(w->bot);
    rest_destroy(w->rest);
    server_stop(&w->server);
    http_client_destroy(w->client);
    loop_destroy(w->loop);
    free(w);
    return 0;
}

static void turn_for(struct world *w, int64_t ms)
{
    const int64_t until = clock_monotonic_ms() + ms;
    while (clock_monotonic_ms() < until)
        loop_turn(w->loop, 10);
}

static void wait_for_answers(struct world *w, int caller, int n)
{
    const int64_t until = clock_monotonic_ms() + 10000;
    while (w->callers[caller].n_answers < n && clock_monotonic_ms() < until)
        loop_turn(w->loop, 10);
    assert_int_equal(w->callers[caller].n_answers, n);
}

static void reads_the_answer(void **state)
{
    struct world *const w = *state;
    ask(&w->callers[0]);
    assert_int_equal(w->callers[0].n_answers, 0);
    wait_for_answers(w, 0, 1);
    const struct gateway_bot_answer *const answer = &w->callers[0].answer;
    assert_int_equal(answer->status, GATEWAY_BOT_OK);
    assert_string_equal(w->callers[0].url, "wss://gateway.discord.gg");
    assert_int_equal(answer->shards, 9);
    assert_int_equal(answer->limit.total, 1000);
    assert_int_equal(answer->limit.remaining, 997);
    assert_int_equal(answer->limit.reset_after_ms, 61234567);
    assert_int_equal(answer->limit.max_concurrency, 16);
}

static void what_it_does_not_say(void **state)
{
    struct world *const w = *state;
    w->body = "{\"url\":\"wss://x\",\"shards\":\"9\"}";
    ask(&w->callers[0]);
    wait_for_answers(w, 0, 1);
    assert_int_equal(w->callers[0].answer.status, GATEWAY_BOT_OK);
    assert_int_equal(w->callers[0].answer.shards, 0);
    assert_int_equal(w->callers[0].answer.limit.total, 0);
    assert_int_equal(w->callers[0].answer.limit.max_concurrency, 0);
}

static void no_use(void **state)
{
    struct world *const w = *state;
    static const char *const bodies[] = {"[7]", "{}", "{\"url\":7}", "{\"url\":null}", "hello"};
    for (int i = 0; i < 5; i++) {
        w->body = bodies[i];
        ask(&w->callers[0]);
        wait_for_answers(w, 0, i + 1);
        assert_int_equal(w->callers[0].answer.status, GATEWAY_BOT_UNKNOWN);
        assert_string_equal(w->callers[0].url, "none");
    }
    w->status = "403 Forbidden";
    ask(&w->callers[0]);
    wait_for_answers(w, 0, 6);
    assert_int_equal(w->callers[0].answer.status, GATEWAY_BOT_UNKNOWN);
}

static void dead_token(void **state)
{
    struct world *const w = *state;
    w->status = "401 Unauthorized";
    w->body = "{\"message\":\"401: Unauthorized\",\"code\":0}";
    ask(&w->callers[0]);
    wait_for_answers(w, 0, 1);
    assert_int_equal(w->callers[0].answer.status, GATEWAY_BOT_REFUSED);
}

static void one_question_for_all(void **state)
{
    struct world *const w = *state;
    for (int i = 0; i < CALLERS; i++)
        ask(&w->callers[i]);
    wait_for_answers(w, CALLERS - 1, 1);
    turn_for(w, 50);
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(w->callers[i].n_answers, 1);
    assert_int_equal(w->n_requests, 1);
    ask(&w->callers[0]); /* what was answered is not kept: the budget moves on */
    wait_for_answers(w, 0, 2);
    assert_int_equal(w->n_requests, 2);
}

static void asks_again_from_inside(void **state)
{
    struct world *const w = *state;
    w->callers[0].asks_again = 2;
    w->callers[1].asks_again = 1;
    ask(&w->callers[0]);
    ask(&w->callers[1]);
    wait_for_answers(w, 0, 3);
    turn_for(w, 50);
    assert_int_equal(w->callers[1].n_answers, 2);
    assert_int_equal(w->n_requests, 3);
}

static void cancels(void **state)
{
    struct world *const w = *state;
    ask(&w->callers[0]);
    ask(&w->callers[1]);
    ask(&w->callers[2]);
    gateway_bot_cancel(w->callers[1].call);
    w->callers[1].call = NULL;
    w->callers[0].cancels = &w->callers[2];
    wait_for_answers(w, 0, 1);
    turn_for(w, 50);
    assert_int_equal(w->callers[1].n_answers + w->callers[2].n_answers, 0);
    gateway_bot_cancel(NULL);
}

/* With the last one the question goes too; the next one is another. */
static void all_cancelled(void **state)
{
    struct world *const w = *state;
    ask(&w->callers[0]);
    gateway_bot_cancel(w->callers[0].call);
    ask(&w->callers[0]);
    wait_for_answers(w, 0, 1);
    turn_for(w, 50);
    assert_int_equal(w->callers[0].n_answers, 1);
    assert_int_equal(w->n_requests, 1);
}

/* Who asks anew in its callback is cancelled by another one's: that question goes. */
static void asked_anew_and_cancelled(void **state)
{
    struct world *const w = *state;
    w->callers[0].asks_again = 1;
    w->callers[1].cancels = &w->callers[0];
    ask(&w->callers[0]);
    ask(&w->callers[1]);
    wait_for_answers(w, 1, 1);
    turn_for(w, 50);
    assert_int_equal(w->callers[0].n_answers, 1);
    assert_int_equal(w->n_requests, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        TEST(reads_the_answer), TEST(what_it_does_not_say), TEST(no_use),
        TEST(dead_token),       TEST(one_question_for_all), TEST(asks_again_from_inside),
        TEST(cancels),          TEST(all_cancelled),        TEST(asked_anew_and_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
