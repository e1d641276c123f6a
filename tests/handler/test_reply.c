/* What a reply sends and when; rest_send() is made up here (this definition comes before the archive's). */
#include "handler/reply.h"

#include "handler/app.h"
#include "infra/json.h"
#include "infra/mem.h"
#include "infra/rest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct app app;
static int n_sent;
static bool with_file;
static void (*on_done)(void *arg, const struct rest_response *response);
static void *on_done_arg;

struct rest_call *rest_send(struct rest *rest, const struct rest_request *request,
                            void (*done)(void *arg, const struct rest_response *response), void *arg)
{
    (void)rest;
    n_sent++;
    with_file = request->file != NULL;
    assert_true(request->deadline_ms > 0 && request->deadline_ms < 14 * 60 * 1000);
    on_done = done;
    on_done_arg = arg;
    return NULL;
}

static void finish(enum rest_status status, int http_status)
{
    on_done(on_done_arg, &(struct rest_response){.status = status, .http_status = http_status});
}

static struct reply *create(void)
{
    static const char text[] =
        "{\"id\":\"99\",\"application_id\":\"7\",\"type\":2,\"token\":\"t\",\"app_permissions\":\"32768\","
        "\"user\":{\"id\":\"5\"},\"data\":{\"name\":\"vc\"}}";
    enum interaction_problem problem;
    n_sent = 0;
    return reply_create(&app, interaction_parse(text, sizeof(text) - 1, &problem), "test");
}

static void answer_picture(struct reply *reply)
{
    reply_picture(reply, &(struct reply_picture){
                             .picture = {.bytes = mem_alloc(10), .len = 10},
                             .name = "test",
                             .alt = "a test",
                             .text = "a test in words",
                         });
}

static void test_waits_for_the_acknowledgement(void **state)
{
    (void)state;
    struct reply *const reply = create();
    reply_text(reply, "early");
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

static void test_lost_acknowledgement(void **state)
{
    (void)state;
    struct reply *reply = create();
    answer_picture(reply);
    reply_on_acknowledged(reply, false);
    assert_int_equal(app.n_commands, 0);
    reply = create();
    reply_on_acknowledged(reply, false);
    assert_int_equal(app.n_commands, 1);
    reply_text(reply, "late");
    assert_int_equal(app.n_commands, 0);
    assert_int_equal(n_sent, 0);
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

static void expect_json(char *json, const char *expected)
{
    assert_string_equal(json, expected);
    free(json);
}

static void test_json(void **state)
{
    (void)state;
    expect_json(reply_json_deferred(false), "{\"type\":5}");
    expect_json(reply_json_deferred(true), "{\"type\":5,\"data\":{\"flags\":64}}");
    expect_json(reply_json_words("No \"x\"."),
                "{\"type\":4,\"data\":{\"content\":\"No \\\"x\\\".\",\"flags\":64,"
                "\"allowed_mentions\":{\"parse\":[]}}}");
    expect_json(reply_json_text("Hi"),
                "{\"flags\":32768,\"allowed_mentions\":{\"parse\":[]},\"attachments\":[],"
                "\"components\":[{\"type\":10,\"content\":\"Hi\"}]}");
    expect_json(reply_json_picture("a-1.jpg", "alt"),
                "{\"flags\":32768,\"allowed_mentions\":{\"parse\":[]},"
                "\"attachments\":[{\"id\":\"0\",\"filename\":\"a-1.jpg\",\"description\":\"alt\"}],"
                "\"components\":[{\"type\":17,\"accent_color\":5032432,\"components\":[{\"type\":12,\"items\":["
                "{\"media\":{\"url\":\"attachment://a-1.jpg\"},\"description\":\"alt\"}]}]}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_for_the_acknowledgement),
        cmocka_unit_test(test_waits_for_the_command),
        cmocka_unit_test(test_lost_acknowledgement),
        cmocka_unit_test(test_text_after_a_refused_picture),
        cmocka_unit_test(test_full_queue),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
