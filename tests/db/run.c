/*
 * Runs SQL statements, each when the one before is answered, on a pool of one connection to DATABASE_URL:
 *
 *     run STATEMENT...
 *
 * One that begins with + belongs to the job of the one before it. Prints a line for each job: the first value of its
 * first rows, or the SQLSTATE; "lost" or "unavailable".
 */
#include "db/job.h"
#include "db/pool.h"
#include "infra/loop.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_STATEMENTS = 8 };

static struct loop *loop;
static struct db_pool *pool;
static struct db_statement statements[MAX_STATEMENTS];
static bool is_joined[MAX_STATEMENTS];
static int n, sent;

static void run_next(void);

static void on_done(void *arg, const struct db_outcome *outcome)
{
    (void)arg;
    switch (outcome->status) {
    case DB_OK:
        printf("%s\n", db_rows_count(outcome->rows[0]) > 0 ? db_text(outcome->rows[0], 0, 0) : "");
        break;
    case DB_FAILED:
        printf("%s\n", outcome->sqlstate);
        break;
    case DB_LOST:
        printf("lost\n");
        break;
    case DB_UNAVAILABLE:
        printf("unavailable\n");
        break;
    }
    fflush(stdout);
    if (sent < n)
        run_next();
    else
        loop_stop(loop);
}

static void run_next(void)
{
    struct db_job *const job = db_job_create();
    do
        db_job_statement(job, &statements[sent++]);
    while (sent < n && is_joined[sent]);
    db_pool_submit(pool, job, on_done, NULL);
}

int main(int argc, char **argv)
{
    static const char *const names[MAX_STATEMENTS] = {"1", "2", "3", "4", "5", "6", "7", "8"};
    for (; n < MAX_STATEMENTS && n + 1 < argc; n++) {
        is_joined[n] = argv[n + 1][0] == '+';
        statements[n] = (struct db_statement){.name = names[n], .sql = argv[n + 1] + is_joined[n]};
    }
    if (n == 0)
        return 2;
    loop = loop_create();
    pool = db_pool_create(loop, &(struct db_pool_config){
                                    .url = getenv("DATABASE_URL"),
                                    .application_name = "run",
                                    .connections = 1,
                                    .max_waiting = 1,
                                    .max_wait_ms = 15000,
                                    .statement_timeout_ms = 10000,
                                });
    run_next();
    loop_run(loop);
    db_pool_destroy(pool);
    loop_destroy(loop);
    return 0;
}
