#include "infra/metrics.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOBODYS, PLAIN, LABELLED, ODD, NOW, TIMES, N_METRICS };

static const char *const colours[] = {"red", "other", NULL};
static const char *const sizes[] = {"small", "large", "other", NULL};
static const char *const odd[] = {"a\\b\"c\nd", NULL};
static const double bounds[] = {.005, .5, 2.5, 100, 0};

static const struct metric table[N_METRICS] = {
    [PLAIN] = {.name = "plain_total", .help = "Plain."},
    [LABELLED] = {.name = "labelled_total", .help = "Two.", .labels = {{"colour", colours}, {"size", sizes}}},
    [ODD] = {.name = "odd_total", .help = "A \\ a \"quote\"\nand a line.", .labels = {{"text", odd}}},
    [NOW] = {.name = "now", .help = "Now.", .type = METRIC_GAUGE},
    [TIMES] = {.name = "times_seconds", .help = "Times.", .type = METRIC_HISTOGRAM, .buckets = bounds},
};

/* The number on the line that begins with this name and its labels; NAN where there is no such line. */
static double value_of(const char *sample)
{
    char *const text = metrics_text();
    double value = NAN;
    const size_t n = strlen(sample);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += line[0] == '\n';
        if (strncmp(line, sample, n) == 0 && line[n] == ' ')
            value = strtod(line + n, NULL);
    }
    free(text);
    return value;
}

static int begin(void **state)
{
    (void)state;
    metrics_init(table, N_METRICS, 3);
    return 0;
}

static int test_before_the_start(void **state)
{
    (void)state;
    metrics_use_slot(2);
    metrics_count(PLAIN, NULL, NULL);
    metrics_set(NOW, 1);
    metrics_observe(TIMES, 1);
    char *const text = metrics_text();
    const bool nothing = text[0] == '\0';
    free(text);
    return nothing ? 0 : -1;
}

static void test_all_of_the_text(void **state)
{
    (void)state;
    metrics_count(PLAIN, NULL, NULL);
    metrics_count(LABELLED, "red", "large");
    metrics_set(NOW, 2.5);
    metrics_observe(TIMES, .25);
    char *const text = metrics_text();
    assert_string_equal(text, "# HELP plain_total Plain.\n"
                              "# TYPE plain_total counter\n"
                              "plain_total 1\n"
                              "# HELP labelled_total Two.\n"
                              "# TYPE labelled_total counter\n"
                              "labelled_total{colour=\"red\",size=\"small\"} 0\n"
                              "labelled_total{colour=\"red\",size=\"large\"} 1\n"
                              "labelled_total{colour=\"red\",size=\"other\"} 0\n"
                              "labelled_total{colour=\"other\",size=\"small\"} 0\n"
                              "labelled_total{colour=\"other\",size=\"large\"} 0\n"
                              "labelled_total{colour=\"other\",size=\"other\"} 0\n"
                              "# HELP odd_total A \\\\ a \"quote\"\\nand a line.\n"
                              "# TYPE odd_total counter\n"
                              "odd_total{text=\"a\\\\b\\\"c\\nd\"} 0\n"
                              "# HELP now Now.\n"
                              "# TYPE now gauge\n"
                              "now 2.5\n"
                              "# HELP times_seconds Times.\n"
                              "# TYPE times_seconds histogram\n"
                              "times_seconds_bucket{le=\"0.005\"} 0\n"
                              "times_seconds_bucket{le=\"0.5\"} 1\n"
                              "times_seconds_bucket{le=\"2.5\"} 1\n"
                              "times_seconds_bucket{le=\"100\"} 1\n"
                              "times_seconds_bucket{le=\"+Inf\"} 1\n"
                              "times_seconds_sum 0.25\n"
                              "times_seconds_count 1\n");
    free(text);
}

static void test_buckets_hold_their_bound(void **state)
{
    (void)state;
    const double values[] = {0, .005, .5, .500001, 2.5, 100, 101, 1e9};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        metrics_observe(TIMES, values[i]);
    assert_true(value_of("times_seconds_bucket{le=\"0.005\"}") == 2);
    assert_true(value_of("times_seconds_bucket{le=\"0.5\"}") == 3);
    assert_true(value_of("times_seconds_bucket{le=\"2.5\"}") == 5);
    assert_true(value_of("times_seconds_bucket{le=\"100\"}") == 6);
    assert_true(value_of("times_seconds_bucket{le=\"+Inf\"}") == 8);
    assert_true(value_of("times_seconds_count") == 8);
    assert_true(fabs(value_of("times_seconds_sum") - 1000000204.505001) < .001);
}

static void test_what_is_not_listed_is_other(void **state)
{
    (void)state;
    metrics_count(LABELLED, "blue", "small");
    metrics_count(LABELLED, NULL, NULL);
    metrics_count(LABELLED, "other", "other");
    metrics_count(LABELLED, "", "8412");
    metrics_count(ODD, "a", NULL);
    assert_true(value_of("labelled_total{colour=\"other\",size=\"small\"}") == 1);
    assert_true(value_of("labelled_total{colour=\"other\",size=\"other\"}") == 3);
    assert_true(value_of("odd_total{text=\"a\\\\b\\\"c\\nd\"}") == 1);
}

static void test_large_counts_are_whole(void **state)
{
    (void)state;
    metrics_set(NOW, 123456789012345);
    char *const text = metrics_text();
    assert_non_null(strstr(text, "\nnow 123456789012345\n"));
    free(text);
}

static void test_a_gauge_that_is_nan_is_left_out(void **state)
{
    (void)state;
    metrics_set(NOW, NAN);
    char *const text = metrics_text();
    assert_null(strstr(text, "\nnow "));
    free(text);
    metrics_set(NOW, 3);
    assert_true(value_of("now") == 3);
}

static void test_nobodys_place(void **state)
{
    (void)state;
    char *const before = metrics_text();
    metrics_count(NOBODYS, "red", NULL);
    metrics_set(NOBODYS, 3);
    metrics_observe(NOBODYS, 3);
    char *const after = metrics_text();
    assert_string_equal(before, after);
    free(before);
    free(after);
}

/* Processes ------------------------------------------------------------------------------------------------ */

/* A child that counts n times in a slot, and then waits to be killed. */
static pid_t start_child(int slot, int n)
{
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        metrics_use_slot(slot);
        for (int i = 0; i < n; i++) {
            metrics_count(PLAIN, NULL, NULL);
            metrics_observe(TIMES, 1);
        }
        metrics_set(NOW, n);
        if (write(ready[1], "x", 1) != 1)
            _exit(EXIT_FAILURE);
        for (;;)
            pause();
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void kill_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void test_processes_are_summed(void **state)
{
    (void)state;
    pid_t children[3];
    for (int i = 0; i < 3; i++)
        children[i] = start_child(i, 1000 * (i + 1));
    assert_true(value_of("plain_total") == 6000);
    assert_true(value_of("now") == 6000);
    assert_true(value_of("times_seconds_count") == 6000);
    assert_true(value_of("times_seconds_sum") == 6000);
    for (int i = 0; i < 3; i++)
        kill_child(children[i]);
}

static void test_who_follows_a_dead_one(void **state)
{
    (void)state;
    const pid_t other = start_child(0, 5);
    kill_child(start_child(1, 70));
    const pid_t next = start_child(1, 3);
    assert_true(value_of("now") == 8);
    assert_true(value_of("plain_total") == 78);
    assert_true(value_of("times_seconds_count") == 78);
    kill_child(other);
    kill_child(next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_all_of_the_text, begin),
        cmocka_unit_test_setup(test_buckets_hold_their_bound, begin),
        cmocka_unit_test_setup(test_what_is_not_listed_is_other, begin),
        cmocka_unit_test_setup(test_large_counts_are_whole, begin),
        cmocka_unit_test_setup(test_a_gauge_that_is_nan_is_left_out, begin),
        cmocka_unit_test_setup(test_nobodys_place, begin),
        cmocka_unit_test_setup(test_processes_are_summed, begin),
        cmocka_unit_test_setup(test_who_follows_a_dead_one, begin),
    };
    return cmocka_run_group_tests(tests, test_before_the_start, NULL);
}
