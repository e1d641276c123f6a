/* A parent with real workers: they hear of siblings that die, and get others in their place. */
#include "handler/prefork.h"

#include "infra/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 20000 };

/* Shared with the workers. */
static struct {
    volatile uint64_t incarnations[2], next_incarnation;
    volatile int heard, n_stopped;
    volatile int n_waits, n_without_time; /* the parent's, since it stops */
} * world;

static pid_t parent;

int __real_sigtimedwait(const sigset_t *signals, siginfo_t *info, const struct timespec *timeout);
int __wrap_sigtimedwait(const sigset_t *signals, siginfo_t *info, const struct timespec *timeout);
int __wrap_sigtimedwait(const sigset_t *signals, siginfo_t *info, const struct timespec *timeout)
{
    if (getpid() == parent && world->n_stopped > 0) {
        world->n_without_time += timeout->tv_sec == 0 && timeout->tv_nsec == 0;
        world->n_waits++;
    }
    return __real_sigtimedwait(signals, info, timeout);
}

static void wait_until(volatile const uint64_t *value)
{
    for (int64_t end = clock_monotonic_ms() + WAIT_MS; *value == 0 && clock_monotonic_ms() < end;)
        poll(NULL, 0, 5);
}

static int next_signal(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGUSR1);
    const struct timespec timeout = {.tv_sec = WAIT_MS / 1000};
    return sigtimedwait(&signals, NULL, &timeout);
}

static bool knows(const struct prefork_worker *self, uint64_t incarnation)
{
    uint64_t dead[PREFORK_MAX_DEAD];
    const size_t n = prefork_dead(self, dead);
    return n == 1 && dead[0] == incarnation;
}

/* 0 hears of the death of 1, and ends them all when another 1 has come. */
static bool work(const struct prefork_worker *self, void *arg)
{
    (void)arg;
    alarm(WAIT_MS / 1000);
    if (self->index == 0) {
        world->incarnations[0] = self->incarnation;
        wait_until(&world->incarnations[1]);
        world->heard = next_signal() == SIGUSR1 && knows(self, world->incarnations[1]);
        wait_until(&world->next_incarnation);
        kill(getppid(), SIGTERM);
    } else if (world->incarnations[1] == 0) {
        uint64_t dead[PREFORK_MAX_DEAD];
        if (prefork_dead(self, dead) != 0)
            return false;
        wait_until(&world->incarnations[0]);
        world->incarnations[1] = self->incarnation;
        raise(SIGKILL);
    } else if (knows(self, world->incarnations[1])) {
        world->next_incarnation = self->incarnation;
    }
    int signal;
    while ((signal = next_signal()) == SIGUSR1)
        ; /* others end first */
    return signal == SIGTERM;
}

static void on_stop(void *arg)
{
    (void)arg;
    world->n_stopped++;
}

static void test_siblings_hear_of_a_death(void **state)
{
    (void)state;
    world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(world, MAP_FAILED);
    assert_int_equal(prefork_run(2, work, on_stop, NULL), EXIT_SUCCESS);
    assert_true(world->heard);
    assert_int_equal(world->n_stopped, 1);
    assert_true(world->next_incarnation != 0 && world->next_incarnation != world->incarnations[1]);
    assert_true(world->incarnations[0] != world->incarnations[1] &&
                (world->incarnations[0] | world->incarnations[1]) >> 63 == 0);
    munmap(world, sizeof(*world));
}

/* Where one cannot serve, none of its successors could. */
static bool cannot(const struct prefork_worker *self, void *arg)
{
    (void)arg;
    alarm(WAIT_MS / 1000);
    return self->index == 0 && next_signal() == SIGUSR1 && next_signal() == SIGTERM;
}

static void test_ends_where_a_worker_cannot_serve(void **state)
{
    (void)state;
    world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(world, MAP_FAILED);
    assert_int_equal(prefork_run(2, cannot, on_stop, NULL), EXIT_FAILURE);
    assert_int_equal(world->n_stopped, 1);
    munmap(world, sizeof(*world));
}

/* A worker that has ended is not followed by another, and nothing is due. */
static bool ends_in_turn(const struct prefork_worker *self, void *arg)
{
    (void)arg;
    alarm(WAIT_MS / 1000);
    if (self->index == 0) {
        kill(getppid(), SIGTERM);
        return next_signal() == SIGTERM;
    }
    const int first = next_signal(), second = next_signal();
    while (world->n_waits < 3) /* for 0 to end, then beyond the moment when its successor would start */
        poll(NULL, 0, 5);
    return first + second == SIGTERM + SIGUSR1;
}

static void test_rests_while_it_stops(void **state)
{
    (void)state;
    world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(world, MAP_FAILED);
    parent = getpid();
    assert_int_equal(prefork_run(2, ends_in_turn, on_stop, NULL), EXIT_SUCCESS);
    assert_int_equal(world->n_without_time, 0);
    munmap(world, sizeof(*world));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_siblings_hear_of_a_death),
        cmocka_unit_test(test_ends_where_a_worker_cannot_serve),
        cmocka_unit_test(test_rests_while_it_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
