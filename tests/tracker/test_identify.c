#include "tracker/identify.h"

#include "infra/clock.h"
#include "infra/loop.h"
#include "infra/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 40, WINDOW_MS = 60 };

struct world {
    struct loop *loop;
    struct identify *identify;
    struct identify_turn *turns[MAX]; /* by shard */
    int64_t had_ms[MAX];
    struct buffer story; /* the shards that had their turn: "0 1 2 " */
    bool sends;          /* IDENTIFY goes out at once */
};

/* What on_turn gets: a world and a shard in it. */
struct shard {
    struct world *world;
    int id;
} shards[MAX];

static void on_turn(void *arg)
{
    struct world *const w = ((struct shard *)arg)->world;
    const int id = ((struct shard *)arg)->id;
    buffer_printf(&w->story, "%d ", id);
    w->had_ms[id] = clock_monotonic_ms();
    if (w->sends) {
        identify_sent(w->turns[id]);
        w->turns[id] = NULL;
    }
}

static void ask(struct world *w, int id)
{
    shards[id] = (struct shard){w, id};
    w->turns[id] = identify_wait(w->identify, id, on_turn, &shards[id]);
}

static void cancel(struct world *w, int id)
{
    identify_cancel(w->turns[id]);
    w->turns[id] = NULL;
}

static const char *story(const struct world *w)
{
    return w->story.data != NULL ? w->story.data : "";
}

static void turn_for(struct world *w, int64_t ms)
{
    const int64_t until = clock_monotonic_ms() + ms;
    do
        loop_turn(w->loop, 5);
    while (clock_monotonic_ms() < until);
}

static void wait_for(struct world *w, const char *expected)
{
    const int64_t until = clock_monotonic_ms() + 10000;
    while (strcmp(story(w), expected) != 0 && clock_monotonic_ms() < until)
        loop_turn(w->loop, 5);
    assert_string_equal(story(w), expected);
}

static int setup(void **state)
{
    struct world *const w = mem_alloc(sizeof(*w));
    w->loop = loop_create();
    w->identify = identify_create(w->loop, WINDOW_MS);
    w->sends = true;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *const w = *state;
    for (int id = 0; id < MAX; id++)
        cancel(w, id);
    identify_destroy(w->identify);
    loop_destroy(w->loop);
    buffer_finish(&w->story);
    free(w);
    return 0;
}

static void one_after_the_other(void **state)
{
    struct world *const w = *state;
    for (int id = 0; id < 3; id++)
        ask(w, id);
    assert_string_equal(story(w), ""); /* never from inside the call */
    wait_for(w, "0 1 2 ");
    assert_true(w->had_ms[1] - w->had_ms[0] >= WINDOW_MS);
    assert_true(w->had_ms[2] - w->had_ms[1] >= WINDOW_MS);
}

/* It is alone: that its id is high costs nothing. */
static void a_late_shard_does_not_wait_for_lower_ones(void **state)
{
    struct world *const w = *state;
    ask(w, 39);
    turn_for(w, 0);
    assert_string_equal(story(w), "39 ");
}

/* In the order in which they came, not by their ids; after the window too. */
static void in_order(void **state)
{
    struct world *const w = *state;
    ask(w, 7);
    wait_for(w, "7 ");
    ask(w, 3);
    ask(w, 9);
    ask(w, 1);
    ask(w, 7);
    wait_for(w, "7 3 9 1 7 ");
}

static void buckets(void **state)
{
    struct world *const w = *state;
    identify_allow(w->identify, 16);
    for (int id = 0; id < MAX; id++)
        ask(w, id);
    turn_for(w, 0);
    assert_string_equal(story(w), "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 ");
    turn_for(w, WINDOW_MS * 4);
    for (int id = 16; id < MAX; id++)
        assert_true(w->had_ms[id] - w->had_ms[id - 16] >= WINDOW_MS);
}

/* The window begins when IDENTIFY is sent: until then nobody else goes, however long it takes. */
static void the_turn_lasts_until_it_is_sent(void **state)
{
    struct world *const w = *state;
    w->sends = false;
    ask(w, 0);
    ask(w, 1);
    turn_for(w, 3 * WINDOW_MS);
    assert_string_equal(story(w), "0 ");
    const int64_t sent_ms = clock_monotonic_ms();
    identify_sent(w->turns[0]);
    w->turns[0] = NULL;
    wait_for(w, "0 1 ");
    assert_true(w->had_ms[1] - sent_ms >= WINDOW_MS);
}

/* Dead before it could send: the next one has its turn at once. */
static void a_turn_given_up(void **state)
{
    struct world *const w = *state;
    w->sends = false;
    identify_destroy(w->identify);
    w->identify = identify_create(w->loop, 3600000);
    for (int id = 0; id < 4; id++)
        ask(w, id);
    turn_for(w, 0);
    cancel(w, 0); /* while it has its turn */
    cancel(w, 1); /* while it is about to be told */
    cancel(w, 2); /* likewise; and never told */
    wait_for(w, "0 3 ");
    identify_cancel(NULL);
}

static void cancelled_while_it_waits(void **state)
{
    struct world *const w = *state;
    for (int id = 0; id < 3; id++)
        ask(w, id);
    cancel(w, 1);
    wait_for(w, "0 2 ");
}

/* Discord says more, or fewer, while some wait. */
static void max_concurrency_changes(void **state)
{
    struct world *const w = *state;
    w->sends = false;
    for (int id = 0; id < 6; id++)
        ask(w, id);
    turn_for(w, 0);
    assert_string_equal(story(w), "0 ");
    identify_allow(w->identify, 4);
    turn_for(w, 0);
    assert_string_equal(story(w), "0 1 2 3 ");
    identify_allow(w->identify, 0); /* it did not say */
    identify_allow(w->identify, 1);
    for (int id = 0; id < 3; id++)
        cancel(w, id);
    turn_for(w, 20);
    assert_string_equal(story(w), "0 1 2 3 ");
    cancel(w, 3);
    turn_for(w, 0);
    assert_string_equal(story(w), "0 1 2 3 4 ");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_after_the_other),
        TEST(a_late_shard_does_not_wait_for_lower_ones),
        TEST(in_order),
        TEST(buckets),
        TEST(the_turn_lasts_until_it_is_sent),
        TEST(a_turn_given_up),
        TEST(cancelled_while_it_waits),
        TEST(max_concurrency_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
