/* How many workers there are where nobody says so; the system's answer is made up here (-Wl,--wrap). */
#include "handler/environment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sched.h>

static int n_cpus; /* those that this process may use; 0: it cannot be told */

int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *cpus);
int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *cpus)
{
    assert_int_equal(pid, 0);
    CPU_ZERO_S(size, cpus);
    for (int i = 0; i < n_cpus; i++)
        CPU_SET_S((size_t)i, size, cpus);
    return n_cpus > 0 ? 0 : -1;
}

static int workers_of(int cpus)
{
    n_cpus = cpus;
    struct environment environment;
    environment_read(&environment);
    return environment.workers;
}

static void test_workers(void **state)
{
    (void)state;
    unsetenv("WORKERS");
    assert_int_equal(workers_of(1), 1);
    assert_int_equal(workers_of(3), 3);
    assert_int_equal(workers_of(64), 8); /* each has four of the database's connections */
    assert_int_equal(workers_of(0), 1);
    setenv("WORKERS", "64", 1);
    assert_int_equal(workers_of(2), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
