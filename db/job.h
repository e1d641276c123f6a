/* What a job holds: shared by db/job.c, which fills it, and db/pool.c, which runs it. For nobody else. */
#pragma once

#include "db/pool.h"

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

    struct db_pool *pool;
    struct db_job *prev, *next; /* utlist */
    struct loop_timer *expiry;  /* while it waits for a connection */
    bool only_reads, repeated;
    int64_t after;      /* goes over a connection made after so many others */
    int preparing;      /* syncs of PREPAREs that are still to come before its own results */
    PGresult **results; /* n_results so far of n_statements */
    int n_results;
    bool failed;
    char sqlstate[6];
    void (*on_done)(void *arg, const struct db_outcome *outcome);
    void *arg;
};
