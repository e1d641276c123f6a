#include "infra/loop.h"

#include "infra/clock.h"
#include "infra/mem.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *loop;

static int set_up(void **state)
{
    (void)state;
    loop = loop_create();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_destroy(loop);
    return 0;
}

static int64_t monotonic_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Whether the loop says, as a descriptor, that it has something to run. */
static bool is_ready(int wait_ms)
{
    struct pollfd fd = {.fd = loop_fd(loop), .events = POLLIN};
    return poll(&fd, 1, wait_ms) == 1;
}

/* Timers --------------------------------------------------------------------------------------------------- */

static char order[64]; /* a letter for each callback that ran */

static char *letter(char c)
{
    static char letters[] = "abcdex";
    return strchr(letters, c);
}

static void note(void *arg)
{
    const char *const letter = arg;
    strncat(order, letter, 1);
}

static void test_timer_order(void **state)
{
    (void)state;
    order[0] = '\0';
    loop_after(loop, 20, note, letter('e'));
    loop_after(loop, 5, note, letter('c'));
    loop_after(loop, 0, note, letter('a'));
    loop_after(loop, 5, note, letter('d'));
    loop_after(loop, -7, note, letter('b')); /* as 0 */
    assert_string_equal(order, "");
    while (strlen(order) < 5)
        loop_turn(loop, 1000);
    assert_string_equal(order, "abcde");
}

static void test_timer_never_early(void **state)
{
    (void)state;
    for (int ms = 1; ms < 20; ms++) {
        order[0] = '\0';
        const int64_t before = monotonic_us();
        loop_after(loop, ms, note, letter('x'));
        while (order[0] == '\0')
            loop_turn(loop, 1000);
        assert_true(monotonic_us() - before >= ms * 1000);
        usleep(137); /* another place within the millisecond */
    }
}

static void again(void *arg)
{
    int *const n = arg;
    ++*n;
    loop_after(loop, 0, again, n);
}

/* A timer that sets itself anew runs once a turn: it cannot keep the loop from its descriptors. */
static void test_timer_one_turn(void **state)
{
    (void)state;
    int n = 0;
    loop_after(loop, 0, again, &n);
    for (int turn = 1; turn <= 5; turn++) {
        loop_turn(loop, 1000);
        assert_int_equal(n, turn);
    }
}

enum { MANY = 500 };
static struct loop_timer *timers[MANY];
static int64_t due_ms[MANY];
static int n_ran;
static int64_t last_due_ms;

static void ran(void *arg)
{
    struct loop_timer **const timer = arg;
    const size_t i = (size_t)(timer - timers);
    timers[i] = NULL;
    assert_true(due_ms[i] >= last_due_ms);
    last_due_ms = due_ms[i];
    n_ran++;
}

/* Half of many are cancelled, from anywhere in the heap; the others run, each once and in order. */
static void test_timer_cancel(void **state)
{
    (void)state;
    srand(1);
    const int64_t start = clock_monotonic_ms();
    for (int i = 0; i < MANY; i++) {
        const int64_t ms = 50 + rand() % 30;
        due_ms[i] = clock_monotonic_ms() - start + ms;
        timers[i] = loop_after(loop, ms, ran, &timers[i]);
    }
    int n_left = MANY;
    for (int i = 0; i < MANY; i++) {
        if (rand() % 2 == 0) {
            loop_cancel(timers[i]);
            timers[i] = NULL;
            n_left--;
        }
    }
    loop_cancel(NULL);
    n_ran = 0;
    last_due_ms = 0;
    while (n_ran < n_left)
        loop_turn(loop, 1000);
    for (int i = 0; i < MANY; i++)
        assert_null(timers[i]);
    assert_false(is_ready(50));
}

static void cancel_other(void *arg)
{
    struct loop_timer **const other = arg;
    loop_cancel(*other);
    *other = NULL;
}

static void test_timer_cancel_due(void **state)
{
    (void)state;
    order[0] = '\0';
    struct loop_timer *victim;
    loop_after(loop, 0, cancel_other, &victim);
    victim = loop_after(loop, 0, note, letter('x'));
    usleep(5000);
    loop_turn(loop, 1000);
    loop_turn(loop, 0);
    assert_null(victim);
    assert_string_equal(order, "");
}

/* Descriptors ---------------------------------------------------------------------------------------------- */

struct pipe_end {
    int fds[2];
    struct loop_watch *watch;
    int n;
    unsigned events;
    struct pipe_end *victim; /* given up by the callback */
    bool reads;
};

static void on_ready(void *arg, unsigned events)
{
    struct pipe_end *const end = arg;
    end->n++;
    end->events = events;
    char byte;
    if (end->reads)
        assert_int_equal(read(end->fds[0], &byte, 1), 1);
    if (end->victim != NULL) {
        loop_unwatch(end->victim->watch);
        end->victim->watch = NULL;
        end->victim = NULL;
    }
}

static void open_pipe(struct pipe_end *end, unsigned events)
{
    *end = (struct pipe_end){0};
    assert_int_equal(pipe(end->fds), 0);
    end->watch = loop_watch(loop, end->fds[0], events, on_ready, end);
}

static void close_pipe(struct pipe_end *end)
{
    loop_unwatch(end->watch);
    close(end->fds[0]);
    if (end->fds[1] >= 0)
        close(end->fds[1]);
}

static void put_byte(const struct pipe_end *end)
{
    assert_int_equal(write(end->fds[1], "x", 1), 1);
}

static void test_watch(void **state)
{
    (void)state;
    struct pipe_end end;
    open_pipe(&end, LOOP_READ);
    loop_turn(loop, 0);
    assert_int_equal(end.n, 0);
    assert_false(is_ready(0));
    put_byte(&end);
    assert_true(is_ready(1000));
    loop_turn(loop, 1000);
    loop_turn(loop, 1000); /* level-triggered */
    assert_int_equal(end.n, 2);
    assert_int_equal(end.events, LOOP_READ);
    end.reads = true;
    loop_turn(loop, 1000);
    loop_turn(loop, 0);
    assert_int_equal(end.n, 3);
    close_pipe(&end);
}

static void test_watch_write(void **state)
{
    (void)state;
    struct pipe_end end = {0};
    assert_int_equal(pipe(end.fds), 0);
    end.watch = loop_watch(loop, end.fds[1], LOOP_WRITE, on_ready, &end);
    loop_turn(loop, 1000);
    assert_int_equal(end.n, 1);
    assert_int_equal(end.events, LOOP_WRITE);
    close_pipe(&end);
}

static void test_watch_pause(void **state)
{
    (void)state;
    struct pipe_end end;
    open_pipe(&end, 0);
    put_byte(&end);
    assert_false(is_ready(20));
    loop_watch_set(end.watch, LOOP_READ);
    loop_turn(loop, 1000);
    assert_int_equal(end.n, 1);
    loop_watch_set(end.watch, 0);
    close(end.fds[1]);
    end.fds[1] = -1;
    assert_false(is_ready(20)); /* not even the hang-up */
    loop_watch_set(end.watch, LOOP_READ);
    end.reads = true;
    loop_turn(loop, 1000);
    end.reads = false;
    loop_turn(loop, 1000);
    assert_int_equal(end.n, 3);
    assert_int_equal(end.events, LOOP_READ); /* the hang-up, told as what was asked for */
    close_pipe(&end);
}

/* Both are ready in the same turn: whichever runs first gives the other up. */
static void test_unwatch_collected(void **state)
{
    (void)state;
    struct pipe_end a, b;
    open_pipe(&a, LOOP_READ);
    open_pipe(&b, LOOP_READ);
    a.victim = &b;
    b.victim = &a;
    put_byte(&a);
    put_byte(&b);
    loop_turn(loop, 1000);
    assert_int_equal(a.n + b.n, 1);
    close_pipe(&a);
    close_pipe(&b);
}

static void test_unwatch_itself(void **state)
{
    (void)state;
    struct pipe_end end;
    open_pipe(&end, LOOP_READ);
    end.victim = &end;
    put_byte(&end);
    loop_turn(loop, 1000);
    loop_turn(loop, 0);
    assert_int_equal(end.n, 1);
    loop_unwatch(NULL);
    close_pipe(&end);
}

static struct pipe_end pair[2];
static struct pipe_end fresh;
static int first_to_run;

static void replace_other(void *arg, unsigned events)
{
    (void)events;
    first_to_run = arg == &pair[0] ? 0 : 1;
    loop_watch_set(pair[first_to_run].watch, 0);
    close_pipe(&pair[1 - first_to_run]);
    open_pipe(&fresh, LOOP_READ);
}

/* The kernel hands the closed number out again at once: the new watch must not get the old one's collected
 * event. */
static void test_number_used_again(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pipe(pair[i].fds), 0);
        pair[i].watch = loop_watch(loop, pair[i].fds[0], LOOP_READ, replace_other, &pair[i]);
        put_byte(&pair[i]);
    }
    loop_turn(loop, 1000);
    assert_int_equal(fresh.fds[0], pair[1 - first_to_run].fds[0]);
    assert_int_equal(fresh.n, 0);
    put_byte(&fresh);
    loop_turn(loop, 1000);
    assert_int_equal(fresh.n, 1);
    close_pipe(&pair[first_to_run]);
    close_pipe(&fresh);
}

/* The loop ------------------------------------------------------------------------------------------------- */

static void stop(void *arg)
{
    note(arg);
    loop_stop(loop);
}

static void test_run_and_stop(void **state)
{
    (void)state;
    order[0] = '\0';
    loop_after(loop, 1, stop, letter('a'));
    loop_after(loop, 30, stop, letter('b'));
    loop_run(loop);
    assert_string_equal(order, "a");
    loop_run(loop);
    assert_string_equal(order, "ab");
}

static void turn_inner(void *arg, unsigned events)
{
    (void)events;
    loop_turn(arg, 0);
}

/* Inside another loop it runs when its descriptor says so, timers too. */
static void test_inside_another(void **state)
{
    (void)state;
    struct loop *const outer = loop_create();
    struct loop_watch *const watch = loop_watch(outer, loop_fd(loop), LOOP_READ, turn_inner, loop);
    order[0] = '\0';
    loop_after(loop, 10, note, letter('b'));
    loop_after(loop, 2, note, letter('a'));
    struct pipe_end end;
    open_pipe(&end, LOOP_READ);
    end.reads = true;
    put_byte(&end);
    const int64_t stop_ms = clock_monotonic_ms() + 5000;
    while ((strlen(order) < 2 || end.n < 1) && clock_monotonic_ms() < stop_ms)
        loop_turn(outer, 1000);
    assert_string_equal(order, "ab");
    assert_int_equal(end.n, 1);
    assert_false(is_ready(0));
    close_pipe(&end);
    loop_unwatch(watch);
    loop_destroy(outer);
    loop_destroy(NULL);
}

int main(void)
{
    alarm(60); /* a hang is a failure */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_timer_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timer_never_early, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timer_one_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timer_cancel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timer_cancel_due, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_watch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_watch_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_watch_pause, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unwatch_collected, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unwatch_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_number_used_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_run_and_stop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_inside_another, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
