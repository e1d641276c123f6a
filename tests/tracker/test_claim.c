#include "tracker/claim.h"

#include "infra/log.h"
#include "tests/tracker/hand_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

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

/* The course ----------------------------------------------------------------------------------------------- */

/* A database that answers after a while. */
struct world {
    struct claim *claim;
    int64_t latency_ms;
    struct db_shard_look look;
    void (*on_look)(void *arg, const struct db_shard_look *look);
    void (*on_claim)(void *arg, const struct db_shard_claim *claim, const char *sqlstate);
    int looks, claims, let_go;
    int claimed, contested;
};

static struct world world;

static void answer_look(void *arg)
{
    world.on_look(arg, &world.look);
}

void db_shard_look(struct db_pool *pool, const struct db_shard_key *key,
                   void (*on_done)(void *arg, const struct db_shard_look *look), void *arg)
{
    (void)pool, (void)key;
    world.looks++;
    world.on_look = on_done;
    loop_after(NULL, world.latency_ms, answer_look, arg);
}

static void answer_claim(void *arg)
{
    world.on_claim(arg, &(struct db_shard_claim){.epoch = 2}, "");
}

void db_shard_claim(struct db_pool *pool, const struct db_shard_taking *taking,
                    void (*on_done)(void *arg, const struct db_shard_claim *claim, const char *sqlstate),
                    void *arg)
{
    (void)pool, (void)taking;
    world.claims++;
    world.on_claim = on_done;
    loop_after(NULL, world.latency_ms, answer_claim, arg);
}

void db_shard_let_go(struct db_pool *pool, const struct db_shard_key *key)
{
    (void)pool, (void)key;
    world.let_go++;
}

static void on_claimed(void *arg, const struct db_shard_claim *claim)
{
    (void)arg, (void)claim;
    world.claimed++;
}

static void on_contested(void *arg)
{
    (void)arg;
    world.contested++;
}

static int setup(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    start_clock();
    world = (struct world){.latency_ms = 100, .look = free_lock};
    world.claim =
        claim_create(&(struct claim_config){.interval_seconds = INTERVAL_S, .look_ms = 1000},
                     &(struct claim_callbacks){.on_claimed = on_claimed, .on_contested = on_contested});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    claim_destroy(world.claim);
    assert_null(timers);
    return 0;
}

static void test_claims_and_keeps(void **state)
{
    (void)state;
    pass(300);
    assert_int_equal(world.claimed, 1);
    world.look.locked = false;
    claim_reconnected(world.claim);
    pass(100);
    assert_int_equal(world.contested, 1);
    pass(1100);
    assert_int_equal(world.contested, 2);
    world.look.locked = true;
    pass(5000);
    assert_int_equal(world.contested, 2);
}

static void test_claims_behind_a_slow_database(void **state)
{
    (void)state;
    world.latency_ms = 1200;
    pass(20000);
    assert_int_equal(world.claimed, 1);
}

/* While it waits for the next look, while it looks and while it claims. */
static void test_a_stopped_claim_takes_nothing(void **state)
{
    for (int i = 0; i < 3; i++) {
        if (i == 0)
            world.look.locked = false;
        pass(i == 0 ? 150 : i == 1 ? 50 : 150);
        claim_stop(world.claim);
        world.look.locked = true;
        pass(600000);
        assert_int_equal(world.looks, 1);
        assert_int_equal(world.claims, i == 2);
        assert_int_equal(world.claimed, 0);
        assert_int_equal(world.let_go, 1);
        teardown(state);
        setup(state);
    }
}

#define COURSE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
        COURSE(test_claims_and_keeps),
        COURSE(test_claims_behind_a_slow_database),
        COURSE(test_a_stopped_claim_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
