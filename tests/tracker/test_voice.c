#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tracker/voice.h"

enum { GUILD = 100, OTHER = 200 };

static struct voice_transition apply(struct voice *voice, uint64_t user, uint64_t channel)
{
    return voice_apply(voice, GUILD, user, channel);
}

static void test_changes(void **state)
{
    (void)state;
    struct voice *const voice = voice_create();
    assert_int_equal(apply(voice, 1, 0).change, VOICE_UNCHANGED);
    const struct voice_transition joined = apply(voice, 1, 10);
    assert_int_equal(joined.change, VOICE_JOINED);
    assert_int_equal(joined.member->channel_id, 10);
    joined.member->session_id = 77;

    assert_int_equal(apply(voice, 1, 10).change, VOICE_UNCHANGED);
    const struct voice_transition moved = apply(voice, 1, 11);
    assert_int_equal(moved.change, VOICE_MOVED);
    assert_int_equal(moved.before.channel_id, 10);
    assert_int_equal(moved.before.session_id, 77);
    assert_int_equal(moved.member->channel_id, 11);

    /* The same member of another server is somebody else. */
    assert_int_equal(voice_apply(voice, OTHER, 1, 10).change, VOICE_JOINED);
    assert_int_equal(voice_count(voice), 2);

    const struct voice_transition left = apply(voice, 1, 0);
    assert_int_equal(left.change, VOICE_LEFT);
    assert_int_equal(left.before.channel_id, 11);
    assert_null(left.member);
    assert_int_equal(apply(voice, 1, 0).change, VOICE_UNCHANGED);
    assert_int_equal(voice_count(voice), 1);
    voice_destroy(voice);
}

struct gone {
    uint64_t sum;
    int n;
};

static void on_gone(void *arg, const struct voice_transition *left)
{
    struct gone *const gone = arg;
    assert_int_equal(left->change, VOICE_LEFT);
    gone->sum += left->before.user_id;
    gone->n++;
}

static void test_a_snapshot_takes_out_who_is_absent(void **state)
{
    (void)state;
    struct voice *const voice = voice_create();
    apply(voice, 1, 10);
    apply(voice, 2, 10);
    apply(voice, 4, 11);
    voice_apply(voice, OTHER, 8, 10);

    struct gone gone = {0};
    voice_snapshot_begin(voice, GUILD);
    assert_int_equal(apply(voice, 1, 10).change, VOICE_UNCHANGED);
    assert_int_equal(apply(voice, 4, 12).change, VOICE_MOVED);
    assert_int_equal(apply(voice, 16, 12).change, VOICE_JOINED);
    voice_snapshot_end(voice, GUILD, on_gone, &gone);
    assert_int_equal(gone.n, 1);
    assert_int_equal(gone.sum, 2);
    assert_int_equal(voice_count(voice), 4);

    /* The next one is judged by itself. */
    gone = (struct gone){0};
    voice_snapshot_begin(voice, GUILD);
    voice_snapshot_end(voice, GUILD, on_gone, &gone);
    assert_int_equal(gone.sum, 1 + 4 + 16);
    assert_int_equal(voice_count(voice), 1);
    voice_destroy(voice);
}

static void test_clearing(void **state)
{
    (void)state;
    struct voice *const voice = voice_create();
    apply(voice, 1, 10);
    apply(voice, 2, 11);
    apply(voice, 4, 11);
    voice_apply(voice, OTHER, 8, 11);
    struct gone gone = {0};
    voice_clear(voice, GUILD, 11, on_gone, &gone);
    assert_int_equal(gone.sum, 6);
    voice_clear(voice, 0, 0, on_gone, &gone);
    assert_int_equal(gone.sum, 15);
    assert_int_equal(gone.n, 4);
    assert_int_equal(voice_count(voice), 0);
    voice_clear(voice, 300, 0, on_gone, &gone);
    assert_int_equal(gone.n, 4);
    voice_destroy(voice);
}

static void in_order(void *arg, uint64_t guild_id, struct voice_member *member)
{
    uint64_t *const last = arg;
    assert_int_equal(guild_id, GUILD);
    assert_true(member->user_id > *last);
    assert_int_equal(member->channel_id, 10 + member->user_id % 3);
    *last = member->user_id;
}

/* They come and go in another order than that of their ids. */
static void test_many_in_one_server(void **state)
{
    (void)state;
    enum { MEMBERS = 1009, STEP = 617 };
    struct voice *const voice = voice_create();
    for (uint64_t i = 0; i < MEMBERS; i++) {
        const uint64_t user_id = 1 + i * STEP % MEMBERS;
        assert_int_equal(apply(voice, user_id, 10 + user_id % 3).change, VOICE_JOINED);
    }
    for (uint64_t user_id = 1; user_id <= MEMBERS; user_id++)
        assert_int_equal(apply(voice, user_id, 10 + user_id % 3).change, VOICE_UNCHANGED);
    for (uint64_t i = 0; i < MEMBERS / 2; i++) {
        const struct voice_transition left = apply(voice, 1 + i * STEP % MEMBERS, 0);
        assert_int_equal(left.change, VOICE_LEFT);
        assert_int_equal(left.before.user_id, 1 + i * STEP % MEMBERS);
    }
    assert_int_equal(voice_count(voice), MEMBERS - MEMBERS / 2);
    uint64_t last = 0;
    voice_each(voice, GUILD, in_order, &last);
    assert_true(last > 0);
    voice_destroy(voice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_a_snapshot_takes_out_who_is_absent),
        cmocka_unit_test(test_clearing),
        cmocka_unit_test(test_many_in_one_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
