/*
 * What a pool runs. A job is one or more statements that run in order as one transaction, sent together with
 * one sync; if one fails, none took effect. Statements are prepared under their name, once a connection.
 */
#pragma once

#include "infra/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db_job;

/* One SQL statement. Both strings are constants; name is unique in the program. */
struct db_statement {
    const char *name;
    const char *sql;
};

struct db_job *db_job_create(void);
/* For a job that was not submitted. NULL is accepted. */
void db_job_destroy(struct db_job *job);

/* Adds a statement; the calls after it give its parameters $1, $2, … in order. */
void db_job_statement(struct db_job *job, const struct db_statement *statement);
void db_job_int(struct db_job *job, int64_t value);
void db_job_snowflake(struct db_job *job, uint64_t id);         /* bigint; ids are below 2^63 */
void db_job_snowflake_or_null(struct db_job *job, uint64_t id); /* 0: null */
void db_job_bool(struct db_job *job, bool value);
/* NULL: null. Copied, and repaired where it is no valid UTF-8, for the server would refuse the whole job. */
void db_job_text(struct db_job *job, const char *value);
/* bytea. Copied, and the copy wiped in the end. */
void db_job_bytes(struct db_job *job, const void *bytes, size_t n);
/* size bytes, all 0, that live as long as the job, until after on_done: for what that needs. Once a job. */
void *db_job_memory(struct db_job *job, size_t size);
/* Says that it changes nothing: where its connection breaks it is sent once more, over the next one. */
void db_job_only_reads(struct db_job *job);
/* Statements so far. */
int db_job_size(const struct db_job *job);

/* An array parameter, built value by value. {0} is an empty one. */
struct db_array {
    struct buffer text;
    size_t n;
};

void db_array_int(struct db_array *array, int64_t value);
void db_array_snowflake(struct db_array *array, uint64_t id);
void db_array_text(struct db_array *array, const char *text); /* as db_job_text */
void db_array_null(struct db_array *array);
/* Adds it as the next parameter, and frees it. */
void db_job_array(struct db_job *job, struct db_array *array);

enum db_status {
    DB_OK,     /* committed */
    DB_FAILED, /* the server refused a statement: sqlstate says why; nothing took effect */
    DB_LOST,   /* the connection broke after the job was sent: whether it took effect is unknown. One that only
                       reads: twice */
    DB_UNAVAILABLE, /* never sent: no connection in time, or too many jobs wait */
};

struct pg_result; /* libpq's PGresult */

struct db_outcome {
    enum db_status status;
    const char *sqlstate; /* after DB_FAILED, else "" */
    struct pg_result *const
        *rows; /* after DB_OK: of each statement, in order; valid until the callback returns */
    int n_rows;
};

/* Rows ---------------------------------------------------------------------------------------------------- */

int db_rows_count(const struct pg_result *rows);
bool db_is_null(const struct pg_result *rows, int row, int column);
/* 0 for null. Columns must be of an integer type. */
int64_t db_int(const struct pg_result *rows, int row, int column);
uint64_t db_snowflake(const struct pg_result *rows, int row, int column);
bool db_bool(const struct pg_result *rows, int row, int column);
/* NULL for null; lives as long as the rows. */
const char *db_text(const struct pg_result *rows, int row, int column);
/* Of a bytea column: a copy, the caller frees; NULL for null. */
char *db_bytes(const struct pg_result *rows, int row, int column, size_t *n);
