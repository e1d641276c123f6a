#include "tracker/gateway_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Contract 3.5, and codes that it does not know. */
static void close_codes(void **state)
{
    (void)state;
    static const struct {
        int code;
        enum gateway_verdict verdict;
    } cases[] = {
        {0, GATEWAY_RESUME},     {1000, GATEWAY_RESUME},   {1001, GATEWAY_RESUME},  {1006, GATEWAY_RESUME},
        {4000, GATEWAY_RESUME},  {4001, GATEWAY_RESUME},   {4002, GATEWAY_RESUME},  {4003, GATEWAY_IDENTIFY},
        {4004, GATEWAY_GIVE_UP}, {4005, GATEWAY_RESUME},   {4006, GATEWAY_RESUME},  {4007, GATEWAY_IDENTIFY},
        {4008, GATEWAY_RESUME},  {4009, GATEWAY_IDENTIFY}, {4010, GATEWAY_GIVE_UP}, {4011, GATEWAY_GIVE_UP},
        {4012, GATEWAY_GIVE_UP}, {4013, GATEWAY_GIVE_UP},  {4014, GATEWAY_GIVE_UP}, {4015, GATEWAY_RESUME},
        {4999, GATEWAY_RESUME},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *advice;
        assert_int_equal(gateway_judge_close(cases[i].code, &advice), cases[i].verdict);
        assert_int_equal(advice != NULL, cases[i].verdict == GATEWAY_GIVE_UP);
    }
}

static void reconnect_pauses(void **state)
{
    (void)state;
    static const int64_t most[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    for (int i = 0; i < 8; i++) {
        assert_int_equal(gateway_reconnect_pause(i, 0), most[i]);
        assert_int_equal(gateway_reconnect_pause(i, 0.5), most[i] * 3 / 4);
        assert_in_range(gateway_reconnect_pause(i, 0.999), most[i] / 2, most[i] / 2 + 50);
    }
    assert_int_equal(gateway_reconnect_pause(1000000, 0), 60000);
}

static void identify_pauses(void **state)
{
    (void)state;
    const struct gateway_limit plenty = {.total = 1000, .remaining = 997, .reset_after_ms = 61234567};
    static const int64_t expected[] = {0, 10000, 20000, 40000, 80000, 160000, 320000, 640000, 900000, 900000};
    for (int i = 0; i < 10; i++)
        assert_int_equal(gateway_identify_pause(i, &plenty, 1), expected[i]);
    assert_int_equal(gateway_identify_pause(1000000, &plenty, 1), 900000);
    assert_int_equal(gateway_identify_pause(0, &(struct gateway_limit){0}, 1), 0);
}

static void identify_budget(void **state)
{
    (void)state;
    struct gateway_limit limit = {.total = 1000, .remaining = 500, .reset_after_ms = 50000000};
    assert_int_equal(gateway_identify_pause(0, &limit, 1), 0);
    limit.remaining = 499;
    assert_int_equal(gateway_identify_pause(0, &limit, 1), 50000000 / 499);
    assert_int_equal(gateway_identify_pause(5, &limit, 1), 160000); /* the longer of the two */
    limit.remaining = 1;
    assert_int_equal(gateway_identify_pause(0, &limit, 1), 50000000);
    limit.remaining = 0;
    assert_int_equal(gateway_identify_pause(0, &limit, 1), 50000000);
}

/* An answer that nobody checked must not silence a shard for years, nor send it off before it has waited. */
static void identify_budget_of_nonsense(void **state)
{
    (void)state;
    struct gateway_limit limit = {.total = 1000, .remaining = 1, .reset_after_ms = INT64_C(9007199254740991)};
    assert_int_equal(gateway_identify_pause(0, &limit, 1), 86400000);
    limit.remaining = -5;
    assert_int_equal(gateway_identify_pause(0, &limit, 1), 86400000);
    limit.reset_after_ms = -1;
    assert_int_equal(gateway_identify_pause(0, &limit, 1), 0);
    assert_int_equal(gateway_identify_pause(2, &limit, 1), 20000);
}

/* All of them may IDENTIFY once within a share, and none is left over for more than that. */
static void shards_share_the_budget(void **state)
{
    (void)state;
    struct gateway_limit limit = {.total = 1000, .remaining = 400, .reset_after_ms = 50000000};
    assert_int_equal(gateway_identify_pause(0, &limit, 16), 50000000 / 25);
    limit.remaining = 16;
    assert_int_equal(gateway_identify_pause(0, &limit, 16), 50000000);
    limit.remaining = 15;
    assert_int_equal(gateway_identify_pause(0, &limit, 16), 50000000);
    limit.remaining = 500;
    assert_int_equal(gateway_identify_pause(0, &limit, 16), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(close_codes),
        cmocka_unit_test(reconnect_pauses),
        cmocka_unit_test(identify_pauses),
        cmocka_unit_test(identify_budget),
        cmocka_unit_test(identify_budget_of_nonsense),
        cmocka_unit_test(shards_share_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
