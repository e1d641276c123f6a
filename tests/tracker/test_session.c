#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tracker/session.h"

/* The rules of counting 1 and 3, one move at a time. */

enum { GUILD = 100 };

struct fixture {
    struct voice *voice;
    struct session_ids ids;
    struct db_session rows[2];
    enum stay stay; /* of what comes next */
};

static size_t apply(struct fixture *f, uint64_t channel, int64_t end_at, int64_t start_at)
{
    const struct voice_transition transition = voice_apply(f->voice, GUILD, 7, channel);
    const struct session_rules rules = {
        .times = {.end_at = end_at, .start_at = start_at, .now_ms = start_at * 1000},
        .end = SESSION_LEAVE,
        .stay = f->stay};
    return session_rows(&transition, &rules, &f->ids, f->rows);
}

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.voice = voice_create(), .ids = {.epoch = 3}};
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *const f = *state;
    voice_destroy(f->voice);
    return 0;
}

static void test_join_mute_move_leave(void **state)
{
    struct fixture *const f = *state;
    assert_int_equal(apply(f, 10, 1000, 1000), 1);
    assert_int_equal(f->rows[0].end, SESSION_OPEN);
    assert_int_equal(f->rows[0].started_at, 1000);
    const uint64_t first = f->rows[0].session_id;

    assert_int_equal(apply(f, 10, 1100, 1100), 0);

    assert_int_equal(apply(f, 11, 1200, 1200), 2);
    assert_int_equal(f->rows[0].session_id, first);
    assert_int_equal(f->rows[0].end, SESSION_MOVE);
    assert_int_equal(f->rows[0].channel_id, 10);
    assert_int_equal(f->rows[0].started_at, 1000);
    assert_int_equal(f->rows[0].ended_at, 1200);
    assert_int_equal(f->rows[1].end, SESSION_OPEN);
    assert_int_equal(f->rows[1].channel_id, 11);
    assert_int_equal(f->rows[1].started_at, 1200);
    assert_true(f->rows[1].session_id > first);

    assert_int_equal(apply(f, 0, 1300, 1300), 1);
    assert_int_equal(f->rows[0].end, SESSION_LEAVE);
    assert_int_equal(f->rows[0].started_at, 1200);
    assert_int_equal(f->rows[0].ended_at, 1300);
}

/* What is replayed ended at the proven moment and starts at receipt: the gap between belongs to nobody. */
static void test_a_replayed_move_leaves_the_gap_out(void **state)
{
    struct fixture *const f = *state;
    apply(f, 10, 1000, 1000);
    assert_int_equal(apply(f, 11, 1500, 1700), 2);
    assert_int_equal(f->rows[0].ended_at, 1500);
    assert_int_equal(f->rows[1].started_at, 1700);
}

static void test_joined_and_left_within_the_gap_is_of_no_length(void **state)
{
    struct fixture *const f = *state;
    apply(f, 10, 1500, 1700);
    assert_int_equal(apply(f, 0, 1500, 1700), 1);
    assert_int_equal(f->rows[0].started_at, 1700);
    assert_int_equal(f->rows[0].ended_at, 1700);
}

static void test_nothing_is_written_of_a_stay_that_does_not_count(void **state)
{
    struct fixture *const f = *state;
    apply(f, 10, 1000, 1000);
    voice_apply(f->voice, GUILD, 7, 10).member->session_id = 0;
    assert_int_equal(apply(f, 0, 1100, 1100), 0);
}

static void test_a_move_to_where_nothing_counts_and_back(void **state)
{
    struct fixture *const f = *state;
    apply(f, 10, 1000, 1000);
    f->stay = STAY_AFK;
    assert_int_equal(apply(f, 11, 1100, 1100), 1);
    assert_int_equal(f->rows[0].end, SESSION_AFK);
    assert_int_equal(f->rows[0].ended_at, 1100);
    f->stay = STAY_COUNTS;
    assert_int_equal(apply(f, 10, 1200, 1200), 1);
    assert_int_equal(f->rows[0].end, SESSION_OPEN);
    assert_int_equal(f->rows[0].started_at, 1200);
}

static void test_what_counts_changes_while_somebody_sits_there(void **state)
{
    struct fixture *const f = *state;
    apply(f, 10, 1000, 1000);
    struct voice_member *const member = voice_apply(f->voice, GUILD, 7, 10).member;
    struct session_rules rules = {.times = {.end_at = 1100, .start_at = 1150}};
    assert_false(session_reconsider(member, &rules, &f->ids, f->rows));
    rules.stay = STAY_DISABLED;
    assert_true(session_reconsider(member, &rules, &f->ids, f->rows));
    assert_int_equal(f->rows[0].end, SESSION_DISABLED);
    assert_int_equal(f->rows[0].ended_at, 1100);
    assert_false(session_reconsider(member, &rules, &f->ids, f->rows));
    rules.stay = STAY_COUNTS;
    assert_true(session_reconsider(member, &rules, &f->ids, f->rows));
    assert_int_equal(f->rows[0].end, SESSION_OPEN);
    assert_int_equal(f->rows[0].started_at, 1150);
    assert_int_equal(f->rows[0].channel_id, 10);
}

/* Nobody knows what was between two moments: a session ends at one, another begins at the other. */
static void test_split(void **state)
{
    struct fixture *const f = *state;
    apply(f, 10, 1000, 1000);
    const uint64_t first = f->rows[0].session_id;
    struct voice_member *const member = voice_apply(f->voice, GUILD, 7, 10).member;
    const struct session_times times = {.end_at = 1100, .start_at = 4700, .now_ms = 4700000};
    struct db_session rows[2];
    assert_int_equal(session_split(member, &times, &f->ids, rows), 2);
    assert_int_equal(rows[0].session_id, first);
    assert_int_equal(rows[0].end, SESSION_UNPROVEN);
    assert_int_equal(rows[0].started_at, 1000);
    assert_int_equal(rows[0].ended_at, 1100);
    assert_int_equal(rows[1].end, SESSION_OPEN);
    assert_int_equal(rows[1].channel_id, 10);
    assert_int_equal(rows[1].started_at, 4700);
    assert_int_equal(member->session_id, rows[1].session_id);
    assert_int_not_equal(member->session_id, first);

    f->stay = STAY_AFK;
    apply(f, 11, 4800, 4800);
    assert_int_equal(session_split(member, &times, &f->ids, rows), 0);
}

static void test_ids_rise_whatever_the_clock_does(void **state)
{
    (void)state;
    struct session_ids ids = {.epoch = 5};
    uint64_t last = 0;
    for (int i = 0; i < 20000; i++) {
        const int64_t now = 1795363200000 + (i < 10000 ? i / 5000 : -3600000);
        const uint64_t id = session_next_id(&ids, now);
        assert_true(id > last && id < UINT64_C(1) << 63);
        last = id;
    }
    struct session_ids other = {.epoch = 6};
    struct session_ids same = {.epoch = 5};
    assert_int_not_equal(session_next_id(&other, 1795363200000), session_next_id(&same, 1795363200000));
    assert_true(session_next_id(&same, INT64_C(3600000000000)) < UINT64_C(1) << 63); /* the year 2084 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_join_mute_move_leave, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_replayed_move_leaves_the_gap_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_joined_and_left_within_the_gap_is_of_no_length, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_written_of_a_stay_that_does_not_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_move_to_where_nothing_counts_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_counts_changes_while_somebody_sits_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_split, setup, teardown),
        cmocka_unit_test(test_ids_rise_whatever_the_clock_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
