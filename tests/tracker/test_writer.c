#include "tracker/writer.h"

#include "db/job.h"
#include "db/pool.h"
#include "infra/log.h"
#include "infra/metrics.h"
#include "tests/tracker/hand_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* When batches are sent, and what becomes of them, on a database that answers when the test says so. */

struct batch {
    size_t size;
};

struct world {
    struct writer *writer;
    bool ready;       /* the database can be reached */
    int sent, asked;  /* jobs */
    size_t sent_size; /* of the last one */
    int64_t sent_no;
    void (*on_sent)(void *arg, const struct db_outcome *outcome); /* NULL: nothing is under way */
    void (*on_read)(void *arg, bool ok, int64_t epoch, int64_t batch_no);
    int committed, refused, written;
    enum writer_refusal why;
};

static struct world world;

struct batch *batch_create(void)
{
    return mem_alloc(sizeof(struct batch));
}

void batch_destroy(struct batch *batch)
{
    free(batch);
}

size_t batch_size(const struct batch *batch)
{
    return batch->size;
}

void batch_clip(struct batch *batch, uint64_t guild_id, uint64_t channel_id, int64_t from, int64_t until)
{
    (void)batch, (void)guild_id, (void)channel_id, (void)from, (void)until;
}

struct db_job *batch_job(const struct batch *batch, const struct db_shard_key *shard, int64_t epoch,
                         int64_t batch_no, const struct batch_progress *progress)
{
    (void)shard, (void)epoch, (void)progress;
    world.sent_size = batch->size;
    world.sent_no = batch_no;
    return NULL;
}

bool db_pool_ready(const struct db_pool *pool)
{
    (void)pool;
    return world.ready;
}

void db_pool_submit(struct db_pool *pool, struct db_job *job,
                    void (*on_done)(void *arg, const struct db_outcome *outcome), void *arg)
{
    (void)pool, (void)job, (void)arg;
    assert_null(world.on_sent);
    world.sent++;
    world.on_sent = on_done;
}

void db_shard_read(struct db_pool *pool, const struct db_shard_key *key,
                   void (*on_done)(void *arg, bool ok, int64_t epoch, int64_t batch_no), void *arg)
{
    (void)pool, (void)key, (void)arg;
    world.asked++;
    world.on_read = on_done;
}

int64_t db_shard_advanced_at(const struct db_outcome *outcome)
{
    (void)outcome;
    return 0;
}

static void on_committed(void *arg, const struct batch_progress *progress)
{
    (void)arg, (void)progress;
    world.committed++;
}

static void on_clock(void *arg, int64_t asked_ms, int64_t answered_ms, int64_t database_ms)
{
    (void)arg, (void)asked_ms, (void)answered_ms, (void)database_ms;
}

static void on_refused(void *arg, enum writer_refusal why)
{
    (void)arg;
    world.refused++;
    world.why = why;
}

static void on_written(void *arg)
{
    (void)arg;
    world.written++;
}

/* Set-up --------------------------------------------------------------------------------------------------- */

enum { EPOCH = 3, BATCH_NO = 7 };

static int setup(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    start_clock();
    world = (struct world){.ready = true};
    world.writer =
        writer_create(&(struct writer_config){.epoch = EPOCH, .batch_no = BATCH_NO},
                      &(struct writer_callbacks){
                          .on_committed = on_committed, .on_clock = on_clock, .on_refused = on_refused});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    writer_destroy(world.writer);
    assert_null(timers);
    return 0;
}

static void change(size_t n)
{
    for (size_t i = 0; i < n; i++)
        writer_batch(world.writer)->size++;
}

static void answer(enum db_status status, const char *sqlstate)
{
    void (*const on_sent)(void *, const struct db_outcome *) = world.on_sent;
    const struct db_outcome outcome = {.status = status, .sqlstate = sqlstate};
    assert_non_null(on_sent);
    world.on_sent = NULL;
    on_sent(world.writer, &outcome);
}

/* When ----------------------------------------------------------------------------------------------------- */

static void test_collects_for_a_quarter_of_a_second(void **state)
{
    (void)state;
    change(1);
    pass(200);
    change(2);
    assert_int_equal(world.sent, 0);
    pass(50);
    assert_int_equal(world.sent, 1);
    assert_int_equal(world.sent_size, 3);
    answer(DB_OK, "");
    assert_int_equal(world.committed, 1);
    pass(10000);
    assert_int_equal(world.sent, 1);
}

static void test_much_and_what_is_flushed_goes_at_once(void **state)
{
    (void)state;
    writer_flush(world.writer); /* be it nothing */
    assert_int_equal(world.sent, 0);
    pass(0);
    assert_int_equal(world.sent, 1);
    answer(DB_OK, "");
    change(1);
    writer_flush(world.writer);
    pass(0);
    assert_int_equal(world.sent_size, 1);
    answer(DB_OK, "");
    change(2001);
    pass(0);
    assert_int_equal(world.sent_size, 2001);
}

/* One after the other: the next collects meanwhile, no longer than it would otherwise. */
static void test_while_a_batch_is_under_way(void **state)
{
    (void)state;
    change(1);
    pass(250);
    change(1);
    pass(100);
    answer(DB_OK, "");
    assert_int_equal(world.sent, 1);
    pass(150);
    assert_int_equal(world.sent, 2);
    assert_int_equal(world.sent_no, BATCH_NO + 1);
    change(1);
    assert_int_equal(writer_unwritten(world.writer), 2);
    pass(10000);
    answer(DB_OK, "");
    pass(0);
    assert_int_equal(world.sent, 3);
}

static void test_held(void **state)
{
    (void)state;
    change(1);
    writer_hold(world.writer, true);
    pass(10100);
    assert_int_equal(world.sent, 0);
    writer_hold(world.writer, false);
    pass(0);
    assert_int_equal(world.sent, 1);
    answer(DB_UNAVAILABLE, "");
    writer_hold(world.writer, true);
    pass(10100);
    assert_int_equal(world.sent, 1);
    writer_hold(world.writer, false);
    pass(0);
    assert_int_equal(world.sent, 2);
}

static void test_without_a_database(void **state)
{
    (void)state;
    world.ready = false;
    change(1);
    pass(10000);
    change(1);
    assert_int_equal(world.sent, 0);
    world.ready = true;
    pass(500);
    assert_int_equal(world.sent, 1);
    assert_int_equal(world.sent_size, 2);
}

static void test_drained(void **state)
{
    (void)state;
    change(1);
    writer_flush(world.writer);
    pass(0);
    change(1);
    writer_drain(world.writer, on_written, NULL);
    answer(DB_OK, "");
    assert_int_equal(world.written, 0); /* the second is not */
    pass(0);
    answer(DB_OK, "");
    assert_int_equal(world.written, 1);
}

/* What became of it ---------------------------------------------------------------------------------------- */

static void send_one(void)
{
    change(1);
    pass(250);
    assert_int_equal(world.sent, 1);
}

static void test_tried_again_until_it_is_committed(void **state)
{
    (void)state;
    send_one();
    for (int i = 0; i < 5; i++) {
        answer(i % 2 == 0 ? DB_UNAVAILABLE : DB_FAILED, "40001");
        change(1); /* goes into the next */
        pass(500);
        assert_int_equal(world.sent, i + 2);
        assert_int_equal(world.sent_size, 1);
        assert_int_equal(world.sent_no, BATCH_NO);
    }
    answer(DB_OK, "");
    pass(0);
    assert_int_equal(world.sent_size, 5);
    assert_int_equal(world.sent_no, BATCH_NO + 1);
}

static void test_asks_after_a_lost_answer(void **state)
{
    (void)state;
    send_one();
    answer(DB_LOST, "");
    assert_int_equal(world.asked, 1);
    world.on_read(world.writer, false, 0, 0);
    pass(500);
    assert_int_equal(world.asked, 2);
    world.on_read(world.writer, true, EPOCH, BATCH_NO); /* not committed */
    assert_int_equal(world.sent, 2);
    answer(DB_LOST, "");
    world.on_read(world.writer, true, EPOCH, BATCH_NO + 1);
    assert_int_equal(world.committed, 1);
    pass(10000);
    assert_int_equal(world.sent, 2);
}

static void test_refused(void **state)
{
    static const struct {
        int64_t epoch, batch_no;
        enum writer_refusal why;
    } cases[] = {
        {EPOCH + 1, BATCH_NO, WRITER_TAKEN},
        {EPOCH, BATCH_NO + 2, WRITER_TAKEN},
        {EPOCH - 1, BATCH_NO, WRITER_BEHIND},
        {EPOCH, BATCH_NO - 1, WRITER_BEHIND},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        send_one();
        answer(DB_FAILED, DB_FENCED);
        world.on_read(world.writer, true, cases[i].epoch, cases[i].batch_no);
        assert_int_equal(world.refused, 1);
        assert_int_equal(world.why, cases[i].why);
        change(1);
        writer_flush(world.writer);
        pass(10000);
        assert_int_equal(world.sent, 1);
        teardown(state);
        setup(state);
    }
}

/* Three times by what does not pass by itself. */
static void test_a_batch_that_the_database_does_not_want(void **state)
{
    (void)state;
    send_one();
    for (int i = 0; i < 2; i++) {
        answer(DB_FAILED, "23514");
        assert_int_equal(world.refused, 0);
        pass(500);
    }
    answer(DB_FAILED, "23514");
    assert_int_equal(world.refused, 1);
    assert_int_equal(world.why, WRITER_BEHIND);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_collects_for_a_quarter_of_a_second),
        TEST(test_much_and_what_is_flushed_goes_at_once),
        TEST(test_while_a_batch_is_under_way),
        TEST(test_held),
        TEST(test_without_a_database),
        TEST(test_drained),
        TEST(test_tried_again_until_it_is_committed),
        TEST(test_asks_after_a_lost_answer),
        TEST(test_refused),
        TEST(test_a_batch_that_the_database_does_not_want),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
