/* What a job holds: shared by db/job.c, which fills it, and db/pool.c and db/connection.c, which run it. For nobody
 * else. */
#pragma once

#include "db/job.h"

#include <libpq-fe.h>

struct loop_timer;

struct job_statement {
    const struct db_statement *statement;
    int first_param, n_params;
};

struct db_job {
    struct job_statement *statements;
    int n_statements, statements_capacity;
    char **params;          /* NULL: null */
    int *lengths, *formats; /* of each, as libpq wants them: 0 for text, the bytes' number and 1 for bytes */
    int n_params, params_capacity;
    void *memory; /* db_job_memory() */

    const char *expected_sqlstate; /* no error to whoever submits it: not logged; or NULL */
    bool only_reads;
    void (*on_done)(void *arg, const struct db_outcome *outcome);
    void *arg;

    struct db_job *prev, *next; /* of the list in which it waits, or is in flight */
    struct db_pool *pool;       /* waiting */
    struct loop_timer *expiry;
    int64_t after; /* goes over a connection that came after so many others */
    bool repeated;

    int preparing;      /* in flight: syncs of PREPAREs that are still to come before its own results */
    PGresult **results; /* n_results so far of n_statements */
    int n_results;
    bool failed;
    char sqlstate[6];
};

/* Nothing is added any more. */
void db_job_begin(struct db_job *job, void (*on_done)(void *arg, const struct db_outcome *outcome), void *arg);
/* As it was when it began. */
void db_job_begin_again(struct db_job *job);
/* Calls back, and destroys it. */
void db_job_end(struct db_job *job, enum db_status status);
/* Without calling back. */
void db_jobs_destroy(struct db_job *jobs);
