/*
 * A pool of asynchronous, pipelined connections to the database, on the loop. Work comes as jobs (db/job.h).
 *
 * Several hosts are tried one after the other, beginning with the one that worked last. A server that takes no
 * writes (a standby) is left for the next when it refuses one. Where the tables are older than the program, jobs wait as
 * for a database that is away, until `tracker --migrate` has been run.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct db_job;
struct db_outcome;
struct db_pool;
struct db_statement;
struct loop;

struct db_pool_config {
    const char *url;              /* libpq conninfo or URL, of one host or several */
    const char *application_name; /* seen in pg_stat_activity */
    const char *migration;        /* the last that the program needs, a constant; NULL: any database will do */
    int connections;
    int max_waiting;              /* jobs that wait for a connection; above it a job is refused */
    int64_t max_wait_ms;          /* how long a job waits for a connection before it is given up */
    int64_t statement_timeout_ms; /* the server's; a connection silent for 5 s longer is dropped */
    int metric; /* a gauge (infra/metrics.h): connections that stand, of all pools that share it */

    /*
     * "LISTEN channel", which the first connection runs; NULL: nobody listens. on_notify gets the payload of each
     * notification, and NULL whenever listening begins, at first and after every break, before any job goes over that
     * connection: what was told meanwhile is lost.
     */
    const struct db_statement *listen;
    void (*on_notify)(void *arg, const char *payload);
    void *on_notify_arg;
};

/* Never fails: connecting is tried for ever, with pauses, and logged. The config's strings are copied. */
struct db_pool *db_pool_create(struct loop *loop, const struct db_pool_config *config);
/* Jobs still there are dropped without their callbacks. NULL is accepted. */
void db_pool_destroy(struct db_pool *pool);

/* Takes the job. on_done runs exactly once, never from inside this call. */
void db_pool_submit(struct db_pool *pool, struct db_job *job,
                    void (*on_done)(void *arg, const struct db_outcome *outcome), void *arg);

/* Whether a connection stands now, to a database that has our tables. */
bool db_pool_ready(const struct db_pool *pool);
/* Why the last connection could not be had, in libpq's words; "" where none was refused yet. */
const char *db_pool_error(const struct db_pool *pool);
