#include "infra/rest_retry.h"

#include "infra/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The verdict on an answer whose body is the text json (NULL: none). */
static struct rest_verdict judge(struct rest_answer answer, const char *json, int attempt, bool retry_unknown)
{
    cJSON *const body = json != NULL ? json_parse(json, strlen(json)) : NULL;
    answer.body = body;
    const struct rest_verdict verdict = rest_retry(&answer, attempt, retry_unknown);
    cJSON_Delete(body);
    return verdict;
}

static void test_final(void **state)
{
    (void)state;
    static const int statuses[] = {200, 201, 204, 302, 304, 400, 401, 403, 404, 405, 413};
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        const struct rest_verdict verdict = judge((struct rest_answer){.status = statuses[i]}, "{}", 0, true);
        assert_true(verdict.final);
        assert_int_equal(verdict.pause_ms, 0);
    }
}

static void test_back_off(void **state)
{
    (void)state;
    static const int statuses[] = {0, 500, 502, 503, 504, 520, 599};
    static const int waits_ms[] = {500, 1000, 2000, 4000, 8000, 8000, 8000};
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        for (int attempt = 0; attempt < 7; attempt++) {
            const struct rest_verdict verdict =
                judge((struct rest_answer){.status = statuses[i]}, NULL, attempt, false);
            assert_false(verdict.final);
            assert_int_equal(verdict.wait_ms, waits_ms[attempt]);
            assert_int_equal(verdict.pause_ms, 0);
        }
    }
    assert_int_equal(judge((struct rest_answer){.status = 500}, NULL, 1000000, false).wait_ms, 8000);
}

static void test_unknown_webhook(void **state)
{
    (void)state;
    static const char unknown[] = "{\"message\":\"Unknown Webhook\",\"code\":10015}";
    static const int waits_ms[] = {250, 500, 1000, 2000, 4000, 4000};
    for (int attempt = 0; attempt < 6; attempt++) {
        const struct rest_verdict verdict = judge((struct rest_answer){.status = 404}, unknown, attempt, true);
        assert_false(verdict.final);
        assert_int_equal(verdict.wait_ms, waits_ms[attempt]);
    }
    assert_true(judge((struct rest_answer){.status = 404}, unknown, 6, true).final);
    assert_true(judge((struct rest_answer){.status = 404}, unknown, 0, false).final);
    assert_true(judge((struct rest_answer){.status = 404}, "{\"code\":10008}", 0, true).final);
    assert_true(judge((struct rest_answer){.status = 404}, NULL, 0, true).final);
    assert_true(judge((struct rest_answer){.status = 400}, unknown, 0, true).final);
}

static void test_limited(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *header;
        int attempt;
        int64_t wait_ms;
    } cases[] = {
        {"{\"retry_after\":0.612,\"global\":false}", "1", 0, 612}, /* the body is the more exact */
        {"{\"retry_after\":0.0001}", NULL, 0, 1},                  /* rounded up */
        {"{\"retry_after\":2}", NULL, 3, 2000},
        {"{\"retry_after\":1e300}", NULL, 0, 3600000},
        {"{\"retry_after\":-1}", "3", 0, 3000},
        {"{\"retry_after\":\"1\"}", "3", 0, 3000},
        {"{}", "0.25", 0, 250},
        {NULL, "7", 0, 7000}, /* HTML, say */
        {NULL, "Wed, 21 Oct 2026 07:28:00 GMT", 0, 500},
        {NULL, "nan", 1, 1000},
        {NULL, "", 2, 2000},
        {"{\"retry_after\":0}", NULL, 0, 0},   /* at once, */
        {"{\"retry_after\":0}", NULL, 1, 500}, /* but not again and again */
        {"{\"retry_after\":0}", "0", 99, 8000},
        {NULL, NULL, 0, 500},
        {NULL, NULL, 9, 8000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct rest_answer answer = {
            .status = 429,
            .retry_after = cases[i].header,
            .limit_remaining = "0",
            .limit_reset_after = "99",
        };
        const struct rest_verdict verdict = judge(answer, cases[i].body, cases[i].attempt, true);
        assert_false(verdict.final);
        assert_int_equal(verdict.wait_ms, cases[i].wait_ms);
        assert_int_equal(verdict.pause_ms, cases[i].wait_ms);
        assert_false(verdict.global);
    }
    assert_true(
        judge((struct rest_answer){.status = 429}, "{\"retry_after\":1,\"global\":true}", 0, false).global);
    assert_true(judge((struct rest_answer){.status = 429, .limit_global = "true"}, NULL, 0, false).global);
}

static void test_used_up(void **state)
{
    (void)state;
    struct rest_answer answer = {.status = 200, .limit_remaining = "0", .limit_reset_after = "0.612"};
    struct rest_verdict verdict = judge(answer, "{}", 0, false);
    assert_true(verdict.final);
    assert_int_equal(verdict.pause_ms, 612);
    assert_false(verdict.global);

    answer.status = 502; /* both: its own wait, and the bucket's */
    verdict = judge(answer, NULL, 0, false);
    assert_int_equal(verdict.wait_ms, 500);
    assert_int_equal(verdict.pause_ms, 612);

    answer = (struct rest_answer){.status = 200, .limit_remaining = "1", .limit_reset_after = "0.612"};
    assert_int_equal(judge(answer, "{}", 0, false).pause_ms, 0);
    answer = (struct rest_answer){.status = 200, .limit_remaining = "0"};
    assert_int_equal(judge(answer, "{}", 0, false).pause_ms, 0);
    answer = (struct rest_answer){.status = 200, .limit_remaining = "0", .limit_reset_after = "soon"};
    assert_int_equal(judge(answer, "{}", 0, false).pause_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_final),   cmocka_unit_test(test_back_off), cmocka_unit_test(test_unknown_webhook),
        cmocka_unit_test(test_limited), cmocka_unit_test(test_used_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
