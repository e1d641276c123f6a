/* What a reply sends and when; rest_send(), pending_end() and db_pending_is_overtaken() are made up here (these
 * definitions come before the archive's). */
#include "handler/reply.h"

#include "db/pending.h"
#include "handler/app.h"
#include "handler/command.h"
#include "handler/metrics.h"
#include "handler/pending.h"
#include "infra/json.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/rest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct app app;
static int n_sent;
static bool with_file;
static char method[8], path[64];
static void (*on_done)(void *arg, const struct rest_response *response);
static void *on_done_arg;

struct rest_call *rest_send(struct rest *rest, const struct rest_request *request,
                            void (*done)(void *arg, const struct rest_response *response), void *arg)
{
    (void)rest;
    n_sent++;
    with_file = request->file != NULL;
    snprintf(method, sizeof(method), "%s", request->method);
    snprintf(path, sizeof(path), "%s", request->path);
    assert_true(request->deadline_ms > 0 && request->deadline_ms < 14 * 60 * 1000);
    on_done = done;
    on_done_arg = arg;
    return NULL;
}

/* How the last one ended. */
static enum pending_end ended;
static int n_ended;

void pending_end(struct pending *pending, uint64_t interaction_id, enum pending_end end)
{
    (void)pending;
    assert_true(interaction_id >= 99);
    ended = end;
    n_ended++;
}

/* Who has looked for later clicks elsewhere, and is owed an answer. */
static void (*on_looked)(void *arg, bool overtaken);
static void *on_looked_arg;

struct db_pending_look *db_pending_is_overtaken(struct db_pool *pool, uint64_t interaction_id,
                                                uint64_t message_id, void (*done)(void *arg, bool overtaken),
                                                void *arg)
{
    static char look;
    (void)pool;
    assert_true(interaction_id >= 99);
    assert_int_equal(message_id, 8);
    on_looked = done;
    on_looked_arg = arg;
    return (struct db_pending_look *)&look;
}

void db_pending_look_cancel(struct db_pending_look *look)
{
    assert_non_null(look);
    assert_non_null(on_looked);
    on_looked = NULL;
}

/* Answers who has looked. */
static void overtaken_elsewhere(bool overtaken)
{
    void (*const on_answer)(void *arg, bool overtaken) = on_looked;
    assert_non_null(on_answer);
    on_looked = NULL;
    on_answer(on_looked_arg, overtaken);
}

static void finish(enum rest_status status, int http_status)
{
    on_done(on_done_arg, &(struct rest_response){.status = status, .http_status = http_status});
}

#define HEAD(ID)                                                                                               \
    "{\"id\":\"" ID                                                                                            \
    "\",\"application_id\":\"7\",\"token\":\"t\",\"app_permissions\":\"32768\",\"user\":{\"id\":\"5\"},"

static struct reply *create_for(const char *text, bool ephemeral)
{
    enum interaction_problem problem;
    n_sent = 0;
    app.application_id = 7;
    static const struct command commands[] = {{.name = "test"}, {.name = "test", .ephemeral = true}};
    return reply_create(&app, interaction_parse(text, strlen(text), &problem), &commands[ephemeral]);
}

static struct reply *create(void)
{
    return create_for(HEAD("99") "\"type\":2,\"data\":{\"name\":\"vc\"}}", false);
}

/* A click by 5 on a message that answers the command of the given user. */
static struct reply *create_click_of(int id, const char *owner)
{
    char text[512];
    snprintf(text, sizeof(text),
             HEAD("%d") "\"type\":3,\"data\":{\"custom_id\":\"x\"},\"message\":{\"id\":\"8\","
                        "\"interaction_metadata\":{\"user\":{\"id\":\"%s\"}}}}",
             id, owner);
    return create_for(text, false);
}

static struct reply *create_click(const char *owner)
{
    return create_click_of(99, owner);
}

static void answer_picture(struct reply *reply)
{
    reply_answer(reply, &(struct reply_answer){
                            .picture = {.bytes = mem_alloc(10), .len = 10},
                            .name = "test",
                            .alt = "a test",
                            .text = "a test in words",
                            .controls = cJSON_CreateArray(),
                        });
}

static void test_waits_for_the_acknowledgement(void **state)
{
    (void)state;
    struct reply *const reply = create();
    reply_words(reply, "early", NULL);
    assert_int_equal(n_sent, 0);
    assert_int_equal(app.n_commands, 1);
    reply_on_acknowledged(reply, true);
    assert_int_equal(n_sent, 1);
    finish(REST_OK, 200);
    assert_int_equal(app.n_commands, 0);
}

static void test_waits_for_the_command(void **state)
{
    (void)state;
    struct reply *const reply = create();
    reply_on_acknowledged(reply, true);
    assert_int_equal(n_sent, 0);
    answer_picture(reply);
    assert_int_equal(n_sent, 1);
    assert_true(with_file);
    finish(REST_OK, 200);
    assert_int_equal(app.n_commands, 0);
}

/* Who asked may have been a proxy, which got its acknowledgement elsewhere. */
static void test_lost_acknowledgement(void **state)
{
    (void)state;
    const struct {
        int http_status;
        enum pending_end end;
    } cases[] = {{200, PENDING_CLOSED}, {404, PENDING_UNEDITED}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reply *const reply = create();
        answer_picture(reply);
        assert_int_equal(n_sent, 0);
        reply_on_acknowledged(reply, false);
        assert_int_equal(n_sent, 1);
        finish(cases[i].http_status == 200 ? REST_OK : REST_REFUSED, cases[i].http_status);
        assert_int_equal(ended, cases[i].end);
        assert_int_equal(app.n_commands, 0);
    }
}

static void test_text_after_a_refused_picture(void **state)
{
    (void)state;
    struct reply *const reply = create();
    reply_on_acknowledged(reply, true);
    answer_picture(reply);
    finish(REST_REFUSED, 413);
    assert_int_equal(n_sent, 2);
    assert_false(with_file);
    finish(REST_OK, 200);
    assert_int_equal(app.n_commands, 0);
}

static void expect_json(char *json, const char *expected)
{
    assert_string_equal(json, expected);
    free(json);
}

/* By who ran the command it changes the message; by another, or where Discord does not say, it makes a copy. */
static void test_clicks(void **state)
{
    (void)state;
    static const struct {
        const char *owner, *acknowledgement;
    } cases[] = {
        {"5", "{\"type\":6}"},
        {"6", "{\"type\":5,\"data\":{\"flags\":64}}"},
        {"nobody", "{\"type\":5,\"data\":{\"flags\":64}}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reply *const reply = create_click(cases[i].owner);
        expect_json(reply_acknowledgement(reply), cases[i].acknowledgement);
        reply_on_acknowledged(reply, true);
        answer_picture(reply);
        if (i == 0)
            overtaken_elsewhere(false);
        assert_string_equal(method, "PATCH");
        assert_string_equal(path, "/webhooks/7/t/messages/@original");
        finish(REST_OK, 200);
    }
}

/* They leave the message that was clicked alone; else there is a message that waits for them. */
static void test_words_after_a_click(void **state)
{
    (void)state;
    struct reply *reply = create_click("5");
    reply_on_acknowledged(reply, true);
    reply_words(reply, "No.", NULL);
    assert_string_equal(method, "POST");
    assert_string_equal(path, "/webhooks/7/t");
    finish(REST_OK, 200);
    reply = create_click("6");
    reply_on_acknowledged(reply, true);
    reply_words(reply, "No.", NULL);
    assert_string_equal(method, "PATCH");
    finish(REST_OK, 200);
    assert_int_equal(app.n_commands, 0);
}

/* The last click decides what the message shows. */
static void test_a_click_overtakes_another(void **state)
{
    (void)state;
    struct reply *const first = create_click("5"), *const private = create_click("6");
    struct reply *const second = create_click("5");
    reply_on_acknowledged(first, true);
    reply_on_acknowledged(private, true);
    reply_on_acknowledged(second, true);
    answer_picture(second);
    overtaken_elsewhere(false);
    assert_int_equal(n_sent, 1);
    finish(REST_OK, 200);
    answer_picture(first);
    assert_int_equal(n_sent, 1);
    assert_int_equal(app.n_commands, 1);
    answer_picture(private);
    assert_int_equal(n_sent, 2);
    finish(REST_OK, 200);
    assert_int_equal(app.n_commands, 0);
}

static void test_a_click_waits_for_an_edit_under_way(void **state)
{
    (void)state;
    struct reply *const first = create_click("5");
    reply_on_acknowledged(first, true);
    answer_picture(first);
    overtaken_elsewhere(false);
    assert_int_equal(n_sent, 1);
    struct reply *const second = create_click("5");
    reply_on_acknowledged(second, true);
    answer_picture(second);
    assert_int_equal(n_sent, 0); /* counted from the last one made */
    void *const arg = on_done_arg;
    finish(REST_OK, 200);
    overtaken_elsewhere(false);
    assert_int_equal(n_sent, 1);
    assert_ptr_not_equal(on_done_arg, arg);
    finish(REST_OK, 200);
    assert_int_equal(app.n_commands, 0);
}

/* A click that another worker has. */
static void test_a_click_is_overtaken_elsewhere(void **state)
{
    (void)state;
    struct reply *const reply = create_click("5");
    n_ended = 0;
    reply_on_acknowledged(reply, true);
    answer_picture(reply);
    assert_int_equal(n_sent, 0);
    overtaken_elsewhere(true);
    assert_int_equal(n_sent, 0);
    assert_int_equal(n_ended, 1);
    assert_int_equal(ended, PENDING_UNEDITED);
    assert_int_equal(app.n_commands, 0);
}

/* A database that hangs is not waited for. */
static void test_a_look_that_takes_too_long(void **state)
{
    (void)state;
    struct reply *const reply = create_click("5");
    reply_on_acknowledged(reply, true);
    answer_picture(reply);
    assert_int_equal(n_sent, 0);
    while (n_sent == 0)
        loop_turn(app.loop, 5);
    assert_null(on_looked);
    finish(REST_OK, 200);
    assert_int_equal(app.n_commands, 0);
}

/* Clicks that save something are recorded as no competitors of each other. */
static void test_who_saves_does_not_look(void **state)
{
    (void)state;
    static const struct command saving = {.name = "saving", .saves = true};
    enum interaction_problem problem;
    static const char text[] = HEAD("99") "\"type\":3,\"data\":{\"custom_id\":\"x\"},\"message\":{\"id\":\"8\","
                                          "\"interaction_metadata\":{\"user\":{\"id\":\"5\"}}}}";
    struct reply *const reply = reply_create(&app, interaction_parse(text, strlen(text), &problem), &saving);
    assert_int_equal(reply_only_changes(reply), 0);
    n_sent = 0;
    reply_on_acknowledged(reply, true);
    answer_picture(reply);
    assert_int_equal(n_sent, 1);
    finish(REST_OK, 200);
    assert_int_equal(app.n_commands, 0);
}

/* While the first looks, a later one here is sent. */
static void test_a_click_is_overtaken_while_it_looks(void **state)
{
    (void)state;
    struct reply *const first = create_click_of(150, "5"), *const second = create_click_of(200, "5");
    reply_on_acknowledged(first, true);
    reply_on_acknowledged(second, true);
    answer_picture(first);
    void (*const first_looked)(void *arg, bool overtaken) = on_looked;
    answer_picture(second);
    overtaken_elsewhere(false);
    assert_int_equal(n_sent, 1);
    first_looked(first, false);
    assert_int_equal(n_sent, 1);
    finish(REST_OK, 200);
    assert_int_equal(n_sent, 1);
    assert_int_equal(app.n_commands, 0);
}

static void test_full_queue(void **state)
{
    (void)state;
    struct reply *const reply = create();
    reply_on_acknowledged(reply, true);
    answer_picture(reply);
    finish(REST_FULL, 0);
    assert_int_equal(n_sent, 1);
    assert_int_equal(app.n_commands, 0);
}

/* What did not reach Discord is still owed; everything else is not. */
static void test_how_it_ends(void **state)
{
    (void)state;
    static const struct {
        enum rest_status status;
        int http_status;
        enum pending_end picture, words;
    } cases[] = {
        {REST_OK, 200, PENDING_CLOSED, PENDING_UNEDITED},
        {REST_REFUSED, 404, PENDING_UNEDITED, PENDING_UNEDITED},
        {REST_UNREACHABLE, 503, PENDING_RELEASED, PENDING_RELEASED},
        {REST_FULL, 0, PENDING_RELEASED, PENDING_RELEASED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int with_words = 0; with_words < 2; with_words++) {
            struct reply *const reply = create();
            n_ended = 0;
            reply_on_acknowledged(reply, true);
            if (with_words)
                reply_words(reply, "No.", NULL);
            else
                answer_picture(reply);
            assert_int_equal(n_ended, 0);
            finish(cases[i].status, cases[i].http_status);
            assert_int_equal(n_ended, 1);
            assert_int_equal(ended, with_words ? cases[i].words : cases[i].picture);
        }
    }
}

static void test_cancel(void **state)
{
    (void)state;
    n_ended = 0;
    reply_cancel(create());
    assert_int_equal(n_ended, 0);
    assert_int_equal(app.n_commands, 0);
}

/* One that was taken over comes later than a click that was made after it. */
static void test_an_old_click_does_not_overtake(void **state)
{
    (void)state;
    struct reply *const newer = create_click_of(200, "5"), *const older = create_click_of(150, "5");
    reply_on_acknowledged(older, true);
    reply_on_acknowledged(newer, true);
    answer_picture(newer);
    overtaken_elsewhere(false);
    assert_int_equal(n_sent, 1);
    answer_picture(older); /* waits for the edit under way, and is dropped then */
    assert_int_equal(n_sent, 1);
    finish(REST_OK, 200);
    assert_int_equal(n_sent, 1);
    assert_int_equal(app.n_commands, 0);
}

static void test_acknowledgements(void **state)
{
    (void)state;
    for (int ephemeral = 0; ephemeral < 2; ephemeral++) {
        struct reply *const reply =
            create_for(HEAD("99") "\"type\":2,\"data\":{\"name\":\"vc\"}}", ephemeral != 0);
        expect_json(reply_acknowledgement(reply),
                    ephemeral ? "{\"type\":5,\"data\":{\"flags\":64}}" : "{\"type\":5}");
        reply_cancel(reply);
    }
}

/* From the interaction, whoever it came to. */
static void test_a_taken_over_answer_took_longer(void **state)
{
    (void)state;
    metrics_init(handler_metrics, HANDLER_METRICS, 1);
    struct reply *const reply = create();
    reply_take_over(reply, 12000);
    answer_picture(reply);
    finish(REST_OK, 200);
    char *const text = metrics_text();
    assert_non_null(strstr(text, "vcledger_answer_seconds_bucket{le=\"10\"} 0\n"));
    assert_non_null(strstr(text, "vcledger_answer_seconds_bucket{le=\"30\"} 1\n"));
    free(text);
}

static int set_up(void **state)
{
    (void)state;
    app.loop = loop_create();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_destroy(app.loop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_for_the_acknowledgement),
        cmocka_unit_test(test_waits_for_the_command),
        cmocka_unit_test(test_lost_acknowledgement),
        cmocka_unit_test(test_text_after_a_refused_picture),
        cmocka_unit_test(test_clicks),
        cmocka_unit_test(test_words_after_a_click),
        cmocka_unit_test(test_a_click_overtakes_another),
        cmocka_unit_test(test_a_click_waits_for_an_edit_under_way),
        cmocka_unit_test(test_a_click_is_overtaken_elsewhere),
        cmocka_unit_test(test_a_look_that_takes_too_long),
        cmocka_unit_test(test_who_saves_does_not_look),
        cmocka_unit_test(test_a_click_is_overtaken_while_it_looks),
        cmocka_unit_test(test_full_queue),
        cmocka_unit_test(test_how_it_ends),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_an_old_click_does_not_overtake),
        cmocka_unit_test(test_acknowledgements),
        cmocka_unit_test(test_a_taken_over_answer_took_longer),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
