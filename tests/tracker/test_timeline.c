#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tracker/timeline.h"

/* Clocks that are a table: what is booked when they step. */

enum { HOUR = 3600 * 1000, MINUTE = 60 * 1000 };

/* The database's clock is this much ahead of the monotonic one. */
static const int64_t epoch = INT64_C(1795000000000);

static int64_t compare(struct timeline *t, int64_t monotonic, int64_t step, bool idle)
{
    return timeline_compare(t, monotonic, monotonic, epoch + monotonic + step, idle);
}

static struct timeline started(void)
{
    struct timeline t = {0};
    timeline_start(&t, 1000, epoch + 1000, epoch - HOUR);
    return t;
}

static void test_follows_the_database(void **state)
{
    (void)state;
    struct timeline t = started();
    assert_int_equal(timeline_at(&t, 1000), epoch + 1000);
    assert_int_equal(timeline_at(&t, 61000), epoch + 61000);
    assert_int_equal(timeline_at(&t, 60000), epoch + 61000); /* read late, and no reason to run back */
}

static void test_never_before_what_is_booked(void **state)
{
    (void)state;
    struct timeline t = {0};
    timeline_start(&t, 1000, epoch + 1000, epoch + HOUR);
    assert_int_equal(timeline_at(&t, 1000), epoch + HOUR);
    assert_int_equal(timeline_at(&t, 2000), epoch + HOUR + 1000); /* and time goes on */
}

/* The answer to the claim came late: nobody may be booked earlier than he came for longer than that. */
static void test_one_that_runs_goes_on(void **state)
{
    (void)state;
    struct timeline t = started();
    timeline_start(&t, 5000, epoch + 5000 + HOUR, epoch + 4000); /* the clock has stepped meanwhile */
    assert_int_equal(timeline_at(&t, 6000), epoch + 6000);
    timeline_start(&t, 7000, epoch + 7000, epoch + MINUTE); /* others have booked until then */
    assert_int_equal(timeline_at(&t, 8000), epoch + MINUTE + 1000);
}

static void test_a_little_behind_is_put_right(void **state)
{
    (void)state;
    struct timeline t = started();
    assert_int_equal(compare(&t, 1250, 120, false), 0);
    assert_int_equal(timeline_at(&t, 1250), epoch + 1250 + 120);
}

static void test_a_little_ahead_slows_down(void **state)
{
    (void)state;
    struct timeline t = started();
    assert_int_equal(compare(&t, MINUTE, -900, false), 0);
    const int64_t first = epoch + MINUTE - timeline_at(&t, MINUTE);
    assert_in_range(first, 1, 100);
    for (int i = 2; i < 30; i++)
        assert_int_equal(compare(&t, i * MINUTE, -900, false), 0);
    assert_int_equal(timeline_at(&t, 30 * MINUTE), epoch + 30 * MINUTE - 900);
}

static void test_the_way_of_an_answer_is_no_drift(void **state)
{
    (void)state;
    struct timeline t = started();
    for (int i = 1; i < 30; i++) {
        const int64_t read = epoch + i * MINUTE;
        assert_int_equal(timeline_compare(&t, i * MINUTE, i * MINUTE + 400, read, false), 0);
        assert_int_equal(timeline_compare(&t, i * MINUTE + 500, i * MINUTE + 900, read + 900, false), 0);
    }
    assert_int_equal(timeline_at(&t, 30 * MINUTE), epoch + 30 * MINUTE);
}

static void test_a_step_that_is_taken_back_is_nothing(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        struct timeline t = started();
        assert_int_equal(compare(&t, 10000, sign * HOUR, false), 0);
        assert_int_equal(compare(&t, 40000, sign * HOUR, false), 0);
        assert_int_equal(timeline_at(&t, 40000), epoch + 40000);
        assert_int_equal(compare(&t, 65000, 0, false), 0);
        assert_int_equal(compare(&t, 75000, sign * HOUR, false), 0); /* the minute begins again */
        assert_int_equal(timeline_at(&t, 75000), epoch + 75000);
    }
}

static void test_a_step_ahead_that_lasts_is_taken_and_told(void **state)
{
    (void)state;
    struct timeline t = started();
    assert_int_equal(compare(&t, 10000, HOUR, false), 0);
    assert_int_equal(compare(&t, 10000 + MINUTE, HOUR, false), HOUR);
    assert_int_equal(timeline_at(&t, 10000 + MINUTE), epoch + HOUR + 10000 + MINUTE);
    assert_int_equal(compare(&t, 10000 + 2 * MINUTE, HOUR, false), 0);
}

static void test_a_step_back_waits_for_empty_channels(void **state)
{
    (void)state;
    struct timeline t = started();
    for (int i = 1; i < 5; i++)
        assert_int_equal(compare(&t, i * MINUTE, -HOUR, false), 0);
    const int64_t ahead = timeline_at(&t, 5 * MINUTE);
    assert_int_equal(ahead, epoch + 5 * MINUTE);
    assert_int_equal(compare(&t, 6 * MINUTE, -HOUR, true), 0);
    assert_int_equal(timeline_at(&t, 7 * MINUTE), ahead); /* stands still, and does not run back */
    assert_int_equal(timeline_at(&t, 7 * MINUTE + HOUR), epoch + 7 * MINUTE);
}

static void test_behind_a_step_back_a_join_makes_time_go_on(void **state)
{
    (void)state;
    struct timeline t = started();
    for (int i = 1; i < 4; i++) {
        timeline_at(&t, i * MINUTE);
        assert_int_equal(compare(&t, i * MINUTE, -HOUR, true), 0);
    }
    const int64_t stood = timeline_at(&t, 4 * MINUTE);
    assert_int_equal(timeline_at(&t, 5 * MINUTE), stood);
    timeline_go_on(&t, 5 * MINUTE); /* somebody joins */
    assert_int_equal(timeline_at(&t, 5 * MINUTE + 10000), stood + 10000);
    timeline_go_on(&t, 5 * MINUTE + 10000); /* somebody else */
    assert_int_equal(timeline_at(&t, 5 * MINUTE + 20000), stood + 20000);
}

static void test_a_slow_answer_says_nothing(void **state)
{
    (void)state;
    struct timeline t = started();
    for (int i = 1; i < 4; i++)
        assert_int_equal(timeline_compare(&t, i * MINUTE, i * MINUTE + 5000, epoch + HOUR, false), 0);
    assert_int_equal(timeline_at(&t, 4 * MINUTE), epoch + 4 * MINUTE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follows_the_database),
        cmocka_unit_test(test_never_before_what_is_booked),
        cmocka_unit_test(test_one_that_runs_goes_on),
        cmocka_unit_test(test_a_little_behind_is_put_right),
        cmocka_unit_test(test_a_little_ahead_slows_down),
        cmocka_unit_test(test_the_way_of_an_answer_is_no_drift),
        cmocka_unit_test(test_a_step_that_is_taken_back_is_nothing),
        cmocka_unit_test(test_a_step_ahead_that_lasts_is_taken_and_told),
        cmocka_unit_test(test_a_step_back_waits_for_empty_channels),
        cmocka_unit_test(test_behind_a_step_back_a_join_makes_time_go_on),
        cmocka_unit_test(test_a_slow_answer_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
