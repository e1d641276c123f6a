/* What a worker owes, and when it says so; db/pending is made up here (these definitions come before the archive's). */
#include "handler/pending.h"

#include "db/pending.h"
#include "handler/app.h"
#include "handler/prefork.h"
#include "infra/loop.h"
#include "infra/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_IDS = 32 };

struct ids {
    uint64_t ids[MAX_IDS];
    size_t n;
};

/* What the made-up parts were asked for; a callback that is set is owed to pending. */
static struct {
    void (*on_recorded)(void *arg, enum db_pending_recorded recorded);
    void *recorded_arg;
    int n_recorded;

    struct ids closed, unedited, released;
    int pause_seconds;
    void (*on_settled)(void *arg, bool ok);
    void *settled_arg;
    int n_settled;

    struct ids owed, dead;
    int limit;
    void (*on_claimed)(void *arg, const struct db_pending_claimed *claimed, size_t n);
    void *claimed_arg;

    struct ids resumed;
    bool cannot_resume;

    enum pending_recorded told;
    int n_told;
} world;

static struct app app;
static struct pending *pending;
static const struct prefork_worker self = {.index = 0, .incarnation = 59999};

static void copy(struct ids *to, struct db_pending_ids from)
{
    assert_true(from.n <= MAX_IDS);
    to->n = from.n;
    for (size_t i = 0; i < from.n; i++)
        to->ids[i] = from.ids[i];
}

static void assert_ids(const struct ids *ids, size_t n, ...)
{
    assert_int_equal(ids->n, n);
    va_list list;
    va_start(list, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(ids->ids[i], va_arg(list, int));
    va_end(list);
}

/* The made-up parts ---------------------------------------------------------------------------------------- */

void db_pending_record(struct db_pool *pool, uint64_t worker, const struct db_pending_request *request,
                       void (*on_done)(void *arg, enum db_pending_recorded recorded), void *arg)
{
    (void)pool;
    assert_int_equal(worker, self.incarnation);
    assert_memory_equal(request->body, "body", request->len);
    assert_int_equal(request->message_id, 8);
    world.n_recorded++;
    world.on_recorded = on_done;
    world.recorded_arg = arg;
}

void db_pending_settle(struct db_pool *pool, uint64_t worker, const struct db_pending_settling *settling,
                       void (*on_done)(void *arg, bool ok), void *arg)
{
    (void)pool, (void)worker;
    assert_null(world.on_settled); /* one at a time */
    copy(&world.closed, settling->closed);
    copy(&world.unedited, settling->unedited);
    copy(&world.released, settling->released);
    world.pause_seconds = settling->pause_seconds;
    world.on_settled = on_done;
    world.settled_arg = arg;
    world.n_settled++;
}

void db_pending_claim(struct db_pool *pool, uint64_t worker, const struct db_pending_claiming *claiming,
                      void (*on_done)(void *arg, const struct db_pending_claimed *claimed, size_t n), void *arg)
{
    (void)pool, (void)worker;
    assert_null(world.on_claimed);
    copy(&world.owed, claiming->owed);
    copy(&world.dead, claiming->dead);
    world.limit = claiming->limit;
    world.on_claimed = on_done;
    world.claimed_arg = arg;
}

void db_pending_purge(struct db_pool *pool, void (*on_done)(void *arg, int64_t given_up), void *arg)
{
    (void)pool, (void)on_done, (void)arg;
    fail();
}

size_t prefork_dead(const struct prefork_worker *worker, uint64_t incarnations[PREFORK_MAX_DEAD])
{
    assert_ptr_equal(worker, &self);
    incarnations[0] = 77;
    return 1;
}

static bool resume(struct app *of, const struct db_pending_claimed *claimed)
{
    assert_ptr_equal(of, &app);
    assert_memory_equal(claimed->body, "body", claimed->len);
    world.resumed.n++;
    return !world.cannot_resume;
}

static void on_told(void *arg, enum pending_recorded recorded)
{
    assert_ptr_equal(arg, &world);
    world.told = recorded;
    world.n_told++;
}

/* Helpers -------------------------------------------------------------------------------------------------- */

static void answer_record(enum db_pending_recorded recorded)
{
    void (*const on_recorded)(void *arg, enum db_pending_recorded recorded) = world.on_recorded;
    world.on_recorded = NULL;
    on_recorded(world.recorded_arg, recorded);
}

static void answer_settle(bool ok)
{
    void (*const on_settled)(void *arg, bool ok) = world.on_settled;
    assert_non_null(on_settled);
    world.on_settled = NULL;
    on_settled(world.settled_arg, ok);
}

/* Claimed are the ids first, first + 1… */
static void answer_claim(uint64_t first, size_t n)
{
    struct db_pending_claimed claimed[MAX_IDS];
    for (size_t i = 0; i < n; i++)
        claimed[i] = (struct db_pending_claimed){.interaction_id = first + i, .body = "body", .len = 4};
    void (*const on_claimed)(void *arg, const struct db_pending_claimed *claimed, size_t n) = world.on_claimed;
    assert_non_null(on_claimed);
    world.on_claimed = NULL;
    on_claimed(world.claimed_arg, claimed, n);
}

static void turn(void)
{
    loop_turn(app.loop, 5);
}

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    app = (struct app){.loop = loop_create()};
    pending = pending_create(&app, &self, resume);
    assert_null(world.on_claimed);
    while (world.on_claimed == NULL) /* at once after the start */
        turn();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pending_destroy(pending);
    loop_destroy(app.loop);
    return 0;
}

static void record(uint64_t id)
{
    const struct db_pending_request request = {.interaction_id = id, .message_id = 8, .body = "body", .len = 4};
    pending_record(pending, &request, on_told, &world);
}

static void owe(uint64_t id)
{
    record(id);
    answer_record(DB_PENDING_RECORDED);
}

/* Tests ---------------------------------------------------------------------------------------------------- */

static void test_recorded_and_closed(void **state)
{
    (void)state;
    record(5);
    assert_int_equal(world.n_told, 0);
    answer_record(DB_PENDING_RECORDED);
    assert_int_equal(world.n_told, 1);
    assert_int_equal(world.told, PENDING_RECORDED);
    assert_false(pending_is_idle(pending));
    pending_end(pending, 5, PENDING_CLOSED);
    assert_ids(&world.closed, 1, 5);
    assert_int_equal(world.unedited.n, 0);
    assert_int_equal(world.released.n, 0);
    answer_settle(true);
    answer_claim(0, 0);
    assert_true(pending_is_idle(pending));
}

static void test_replayed(void **state)
{
    (void)state;
    owe(5);
    record(5);
    answer_record(DB_PENDING_KNOWN);
    assert_int_equal(world.n_told, 2);
    assert_int_equal(world.told, PENDING_REPLAYED);
    pending_end(pending, 5, PENDING_CLOSED); /* the first one's */
    assert_ids(&world.closed, 1, 5);
    answer_settle(true);
    answer_claim(0, 0);
    assert_true(pending_is_idle(pending));
}

static void test_refused_leaves_nothing_to_write(void **state)
{
    (void)state;
    record(5);
    answer_record(DB_PENDING_REFUSED);
    assert_int_equal(world.told, PENDING_UNCONFIRMED);
    pending_end(pending, 5, PENDING_CLOSED);
    assert_int_equal(world.n_settled, 0);
    record(6);
    answer_record(DB_PENDING_LOST);
    assert_int_equal(world.told, PENDING_UNCONFIRMED);
    pending_end(pending, 6, PENDING_CLOSED); /* there may be a row */
    assert_ids(&world.closed, 1, 6);
    assert_int_equal(world.n_told, 2);
}

/* Told after half a second; what ends meanwhile is closed once there is something to close. */
static void test_late(void **state)
{
    (void)state;
    static const struct {
        enum db_pending_recorded recorded;
        int n_settled;
    } cases[] = {
        {DB_PENDING_RECORDED, 1}, {DB_PENDING_KNOWN, 1}, {DB_PENDING_LOST, 1}, {DB_PENDING_REFUSED, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        world.n_told = world.n_settled = 0;
        record(5);
        while (world.n_told == 0)
            turn();
        assert_int_equal(world.told, PENDING_UNCONFIRMED);
        pending_end(pending, 5, PENDING_CLOSED);
        assert_int_equal(world.n_settled, 0);
        answer_record(cases[i].recorded);
        assert_int_equal(world.n_settled, cases[i].n_settled);
        if (world.on_settled != NULL)
            answer_settle(true);
        assert_int_equal(world.n_told, 1);
    }
}

static void test_settling_collects_and_repeats(void **state)
{
    (void)state;
    for (uint64_t id = 1; id <= 4; id++)
        owe(id);
    pending_end(pending, 1, PENDING_CLOSED);
    pending_end(pending, 2, PENDING_RELEASED);
    pending_end(pending, 3, PENDING_CLOSED);
    assert_ids(&world.closed, 1, 1);
    answer_settle(true);
    assert_ids(&world.closed, 1, 3);
    assert_ids(&world.released, 1, 2);
    assert_int_equal(world.pause_seconds, 10);
    answer_settle(false);
    assert_int_equal(world.n_settled, 2); /* not at once */
    pending_end(pending, 4, PENDING_UNEDITED);
    assert_ids(&world.closed, 2, 3, 4);
    assert_ids(&world.unedited, 1, 4);
    assert_ids(&world.released, 1, 2);
    answer_settle(true);
    assert_null(world.on_settled);
}

static void test_taken_over(void **state)
{
    (void)state;
    assert_int_equal(world.limit, 16);
    assert_int_equal(world.owed.n, 0);
    assert_ids(&world.dead, 1, 77);
    owe(3);
    answer_claim(3, 2); /* 3 is still our own */
    assert_int_equal(world.resumed.n, 1);
    pending_take_over(pending);
    assert_ids(&world.owed, 2, 3, 4);
    pending_end(pending, 4, PENDING_CLOSED);
    answer_claim(4, 1); /* about to be closed */
    assert_int_equal(world.resumed.n, 1);
    world.cannot_resume = true;
    pending_take_over(pending);
    answer_claim(9, 1);
    answer_settle(true);
    assert_ids(&world.closed, 1, 9);
}

/* Without waiting for the next turn. */
static void test_more_is_claimed_at_once(void **state)
{
    (void)state;
    answer_claim(1, 16);
    turn();
    assert_non_null(world.on_claimed);
    pending_take_over(pending); /* while a claim is under way */
    answer_claim(0, 0);
    turn();
    assert_non_null(world.on_claimed);
    answer_claim(0, 0);
    turn();
    assert_null(world.on_claimed);
}

static void test_only_where_there_is_room(void **state)
{
    (void)state;
    answer_claim(0, 0);
    app.n_commands = APP_MAX_COMMANDS / 2 - 3;
    pending_take_over(pending);
    assert_int_equal(world.limit, 3);
    answer_claim(0, 0);
    app.n_commands = APP_MAX_COMMANDS / 2;
    pending_take_over(pending);
    assert_int_equal(world.limit, 0);
    answer_claim(0, 0);
    app.n_commands = 0;
    owe(5);
    pending_drain(pending);
    pending_take_over(pending);
    assert_int_equal(world.limit, 0);
}

/* It does not wait for a database that is away. */
static void test_drain(void **state)
{
    (void)state;
    answer_claim(0, 0);
    owe(5);
    pending_drain(pending);
    assert_false(pending_is_idle(pending));
    pending_end(pending, 5, PENDING_CLOSED);
    assert_false(pending_is_idle(pending));
    answer_settle(false);
    assert_true(pending_is_idle(pending));
}

static void test_drain_does_not_wait_for_a_claim(void **state)
{
    (void)state;
    assert_non_null(world.on_claimed); /* under way */
    pending_drain(pending);
    assert_true(pending_is_idle(pending));
    answer_claim(0, 0);
    pending_take_over(pending);
    assert_null(world.on_claimed);
    owe(5); /* on a connection that was there already: its lease is renewed */
    pending_take_over(pending);
    assert_ids(&world.owed, 1, 5);
    assert_int_equal(world.limit, 0);
}

/* Asked for before, and brought while another answer is still owed. */
static void test_drain_releases_what_is_claimed(void **state)
{
    (void)state;
    owe(5);
    pending_drain(pending);
    answer_claim(6, 1);
    assert_int_equal(world.resumed.n, 0);
    assert_ids(&world.released, 1, 6);
    assert_int_equal(world.pause_seconds, 0);
    answer_settle(true);
    pending_end(pending, 5, PENDING_CLOSED);
    answer_settle(true);
    assert_true(pending_is_idle(pending));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_recorded_and_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replayed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused_leaves_nothing_to_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_late, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_settling_collects_and_repeats, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_taken_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_more_is_claimed_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_where_there_is_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_drain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_drain_does_not_wait_for_a_claim, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_drain_releases_what_is_claimed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
