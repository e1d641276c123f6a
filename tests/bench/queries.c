/*
 * Asks the database as the handler does, over one connection, one question after the other, and prints how long
 * each took from call to answer:
 *
 *     queries leaderboard GUILD CALLS RANGE...    callers and pages at random, the first page mostly
 *     queries partners GUILD CALLS MEMBER RANGE...
 *     queries stats GUILD CALLS MEMBER VIEW...    MEMBER 0: the server
 *
 * Ranges and views by number. A line of JSON for each: name (the number), n, and p50 and p99 in milliseconds.
 */
#include "db/leaderboard.h"
#include "db/partners.h"
#include "db/pool.h"
#include "db/stats.h"
#include "infra/loop.h"
#include "infra/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    WARM_UP = 10, /* calls: the statement is prepared by the first, what it reads is in memory then */
    MEMBERS = 50000,
};

static struct loop *loop;
static struct db_pool *pool;
static void (*ask)(int what);
static uint64_t guild, member;
static char **questions; /* the one that is asked, and those behind it, until NULL */
static int calls, done;
static double began, *took;
static int64_t positions; /* of the last board */

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void ask_next(void)
{
    const int what = atoi(*questions);
    began = now_ms();
    ask(what);
}

/* The smallest that a share q does not exceed. */
static double quantile(double q)
{
    return took[(int)fmax(0, ceil(q * calls) - 1)];
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void answered(const void *answer)
{
    if (answer == NULL)
        exit(EXIT_FAILURE);
    if (done >= WARM_UP)
        took[done - WARM_UP] = now_ms() - began;
    if (++done == WARM_UP + calls) {
        qsort(took, (size_t)calls, sizeof(*took), compare);
        printf("{\"name\": \"%s\", \"n\": %d, \"p50\": %.3f, \"p99\": %.3f}\n", *questions++, calls,
               quantile(0.5), quantile(0.99));
        done = 0;
    }
    if (*questions == NULL)
        loop_stop(loop);
    else
        ask_next();
}

/* What is asked --------------------------------------------------------------------------------------------- */

static void on_leaderboard(void *arg, const struct db_leaderboard *board)
{
    (void)arg;
    if (board != NULL)
        positions = board->members;
    answered(board);
}

/* Seven in ten want the first page; the others the next two, the last, the caller's, or any. */
static int any_page(void)
{
    const int pages = (int)(positions / LEADERBOARD_PAGE) + 1;
    const int others[] = {1, 2, pages, LEADERBOARD_OWN_PAGE, rand() % pages};
    return rand() % 10 < 7 ? 0 : others[rand() % 5];
}

static void ask_leaderboard(int what)
{
    const struct db_leaderboard_query query = {
        .guild_id = guild,
        .range = (enum time_range)what,
        .page = any_page(),
        .caller_id = (uint64_t)(1 + rand() % MEMBERS),
    };
    db_leaderboard_read(pool, &query, on_leaderboard, NULL);
}

static void on_partners(void *arg, const struct db_partners *partners)
{
    (void)arg;
    answered(partners);
}

static void ask_partners(int what)
{
    const struct db_partners_query query = {
        .guild_id = guild, .range = (enum time_range)what, .member_id = member};
    db_partners_read(pool, &query, on_partners, NULL);
}

static void on_stats(void *arg, const struct db_stats *stats)
{
    (void)arg;
    answered(stats);
}

static void ask_stats(int what)
{
    const struct db_stats_query query = {.guild_id = guild, .view = (enum stats_view)what, .member_id = member};
    db_stats_read(pool, &query, on_stats, NULL);
}

static bool read_arguments(int argc, char **argv)
{
    const bool about_boards = argc > 1 && strcmp(argv[1], "leaderboard") == 0;
    const int first = about_boards ? 4 : 5;
    if (argc <= first || atoi(argv[3]) < 1)
        return false;
    ask = about_boards                       ? ask_leaderboard
          : strcmp(argv[1], "partners") == 0 ? ask_partners
          : strcmp(argv[1], "stats") == 0    ? ask_stats
                                             : NULL;
    guild = strtoull(argv[2], NULL, 10);
    calls = atoi(argv[3]);
    member = strtoull(argv[4], NULL, 10);
    questions = argv + first;
    return ask != NULL;
}

int main(int argc, char **argv)
{
    if (!read_arguments(argc, argv))
        return 2;
    took = mem_alloc((size_t)calls * sizeof(*took));
    loop = loop_create();
    pool = db_pool_create(loop, &(struct db_pool_config){
                                    .url = getenv("DATABASE_URL"),
                                    .application_name = "queries",
                                    .connections = 1,
                                    .max_waiting = 1,
                                    .max_wait_ms = 10000,
                                    .statement_timeout_ms = 60000,
                                });
    ask_next();
    loop_run(loop);
    db_pool_destroy(pool);
    loop_destroy(loop);
    free(took);
    return 0;
}
