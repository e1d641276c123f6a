#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tracker/claim.h"

/* When a shard is claimed, one look after the other. */

enum { NOW = CLAIM_NOW, WAIT = CLAIM_WAIT, LET_GO = CLAIM_LET_GO, INTERVAL_S = 60 };

static const struct db_shard_look free_lock = {
    .locked = true, .epoch = 1, .batch_no = 7, .interval_seconds = INTERVAL_S};
static const struct db_shard_look owned = {.epoch = 1, .batch_no = 7, .interval_seconds = INTERVAL_S};

static struct db_shard_look at_batch(struct db_shard_look look, int64_t batch_no)
{
    look.batch_no = batch_no;
    return look;
}

static int judge(struct claim_wait *wait, struct db_shard_look look, int64_t now_ms)
{
    return (int)claim_judge(wait, &look, now_ms, now_ms);
}

static void test_free_when_we_come(void **state)
{
    (void)state;
    struct claim_wait wait = {0};
    assert_int_equal(judge(&wait, free_lock, 1000), NOW);
    const struct db_shard_look first_of_all = {.locked = true, .young = true};
    wait = (struct claim_wait){0};
    assert_int_equal(judge(&wait, first_of_all, 1000), NOW);
}

static void test_the_killed_owners_connection_goes_late(void **state)
{
    (void)state;
    struct claim_wait wait = {0};
    assert_int_equal(judge(&wait, owned, 1000), WAIT);
    assert_int_equal(judge(&wait, owned, 1200), WAIT);
    assert_int_equal(judge(&wait, free_lock, 1400), NOW);
}

static void test_an_owner_that_lives_is_waited_for(void **state)
{
    (void)state;
    struct claim_wait wait = {0};
    for (int64_t s = 0; s < 600; s++)
        assert_int_equal(
            claim_judge(
                &wait,
                &(struct db_shard_look){.epoch = 1, .batch_no = s / INTERVAL_S, .interval_seconds = INTERVAL_S},
                s * 1000, s * 1000),
            WAIT);
    /* It dies: the lock is free, and nothing is written any more. */
    const struct db_shard_look last = at_batch(free_lock, 599 / INTERVAL_S);
    int64_t s = 600;
    while (judge(&wait, last, s * 1000) == WAIT)
        s++;
    assert_in_range(s, 600, 606);
}

static void test_an_owner_that_lost_its_connection_has_time_to_come_back(void **state)
{
    (void)state;
    struct claim_wait wait = {0};
    assert_int_equal(judge(&wait, owned, 0), WAIT);
    assert_int_equal(judge(&wait, at_batch(owned, 8), 60000), WAIT);
    const struct db_shard_look seized = at_batch(free_lock, 8);
    assert_int_equal(judge(&wait, seized, 61000), WAIT);
    const struct db_shard_look shown = at_batch(free_lock, 9);
    assert_int_equal(judge(&wait, shown, 64000), LET_GO);
    assert_int_equal(judge(&wait, at_batch(owned, 9), 65000), WAIT);
}

static void test_a_server_that_has_just_started(void **state)
{
    (void)state;
    struct claim_wait wait = {0};
    struct db_shard_look look = free_lock;
    look.young = true;
    assert_int_equal(judge(&wait, look, 1000), WAIT);
    assert_int_equal(judge(&wait, look, 5900), WAIT);
    assert_int_equal(judge(&wait, look, 6000), NOW);
}

static void test_an_owner_that_stands_still_with_the_lock(void **state)
{
    (void)state;
    struct claim_wait wait = {0};
    assert_int_equal(judge(&wait, owned, 0), WAIT);
    assert_int_equal(judge(&wait, owned, 2 * INTERVAL_S * 1000), WAIT);
    assert_int_equal(judge(&wait, owned, 2 * INTERVAL_S * 1000 + 5000), NOW);
}

static void test_another_number_of_shards_is_followed(void **state)
{
    (void)state;
    struct claim_wait wait = {0};
    struct db_shard_look look = {.locked = true, .other_count = true};
    for (int64_t ms = 0; ms < 600000; ms += 1000)
        assert_int_equal(judge(&wait, look, ms), LET_GO);
    look.other_count = false;
    assert_int_equal(judge(&wait, look, 600000), NOW);
}

/* Looks that take a second and more add up, though a free lock alone is no proof then. */
static void test_a_slow_database(void **state)
{
    (void)state;
    enum { TOOK_MS = 1200, PAUSE_MS = 1010 };
    struct claim_wait wait = {0};
    int64_t now_ms = 0;
    int n = 0;
    do {
        assert_true(++n < 10);
        now_ms += PAUSE_MS + TOOK_MS;
    } while (claim_judge(&wait, &free_lock, now_ms - TOOK_MS, now_ms) == CLAIM_WAIT);
    assert_in_range(n, 3, 6);
}

static void test_a_database_that_was_away(void **state)
{
    (void)state;
    struct claim_wait wait = {0};
    assert_int_equal(judge(&wait, owned, 0), WAIT);
    assert_int_equal(judge(&wait, owned, 2 * INTERVAL_S * 1000), WAIT);
    assert_int_equal(claim_judge(&wait, &owned, 121000, 181000), CLAIM_WAIT);
    assert_int_equal(judge(&wait, owned, 181000 + 2 * INTERVAL_S * 1000), WAIT);
    assert_int_equal(judge(&wait, owned, 181000 + 2 * INTERVAL_S * 1000 + 5000), NOW);
    wait = (struct claim_wait){0};
    assert_int_equal(judge(&wait, owned, 0), WAIT);
    assert_int_equal(claim_judge(&wait, NULL, 1000, 61000), CLAIM_WAIT);
    assert_int_equal(judge(&wait, owned, 2 * INTERVAL_S * 1000 + 5000), WAIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_free_when_we_come),
        cmocka_unit_test(test_the_killed_owners_connection_goes_late),
        cmocka_unit_test(test_an_owner_that_lives_is_waited_for),
        cmocka_unit_test(test_an_owner_that_lost_its_connection_has_time_to_come_back),
        cmocka_unit_test(test_a_server_that_has_just_started),
        cmocka_unit_test(test_an_owner_that_stands_still_with_the_lock),
        cmocka_unit_test(test_a_slow_database),
        cmocka_unit_test(test_a_database_that_was_away),
        cmocka_unit_test(test_another_number_of_shards_is_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
