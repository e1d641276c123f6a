#include "db/job_inside.h"

#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct db_job *db_job_create(void)
{
    return mem_alloc(sizeof(struct db_job));
}

/* Bytes are whole requests, with the token that answers them. */
static void free_param(char *value, int len, bool is_bytes)
{
    if (is_bytes)
        explicit_bzero(value, (size_t)len);
    free(value);
}

void db_job_destroy(struct db_job *job)
{
    if (job == NULL)
        return;
    loop_cancel(job->expiry);
    for (int i = 0; i < job->n_results; i++)
        PQclear(job->results[i]);
    for (int i = 0; i < job->n_params; i++)
        free_param(job->params[i], job->lengths[i], job->formats[i]);
    free(job->memory);
    free(job->results);
    free(job->params);
    free(job->lengths);
    free(job->formats);
    free(job->statements);
    free(job);
}

void *db_job_memory(struct db_job *job, size_t size)
{
    job->memory = mem_alloc(size);
    return job->memory;
}

void db_job_only_reads(struct db_job *job)
{
    job->only_reads = true;
}

int db_job_size(const struct db_job *job)
{
    return job->n_statements;
}

static int grown(int capacity)
{
    return capacity > 0 ? 2 * capacity : 8;
}

void db_job_statement(struct db_job *job, const struct db_statement *statement)
{
    if (job->n_statements == job->statements_capacity) {
        job->statements_capacity = grown(job->statements_capacity);
        job->statements =
            mem_realloc(job->statements, sizeof(*job->statements) * (size_t)job->statements_capacity);
    }
    job->statements[job->n_statements++] =
        (struct job_statement){.statement = statement, .first_param = job->n_params};
}

static void grow_params(struct db_job *job)
{
    job->params_capacity = grown(job->params_capacity);
    const size_t n = (size_t)job->params_capacity;
    job->params = mem_realloc(job->params, sizeof(*job->params) * n);
    job->lengths = mem_realloc(job->lengths, sizeof(*job->lengths) * n);
    job->formats = mem_realloc(job->formats, sizeof(*job->formats) * n);
}

/* Takes value. */
static void add_param(struct db_job *job, char *value, size_t len, bool is_bytes)
{
    if (job->n_params == job->params_capacity)
        grow_params(job);
    job->params[job->n_params] = value;
    job->lengths[job->n_params] = (int)len;
    job->formats[job->n_params] = is_bytes;
    job->n_params++;
    job->statements[job->n_statements - 1].n_params++;
}

static void add(struct db_job *job, char *value)
{
    add_param(job, value, 0, false);
}

void db_job_int(struct db_job *job, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, value);
    add(job, mem_strdup(text));
}

void db_job_snowflake(struct db_job *job, uint64_t id)
{
    db_job_int(job, (int64_t)id);
}

void db_job_snowflake_or_null(struct db_job *job, uint64_t id)
{
    if (id == 0)
        add(job, NULL);
    else
        db_job_snowflake(job, id);
}

void db_job_bool(struct db_job *job, bool value)
{
    add(job, mem_strdup(value ? "t" : "f"));
}

void db_job_text(struct db_job *job, const char *value)
{
    add(job, value == NULL ? NULL : utf8_repair(value));
}

void db_job_bytes(struct db_job *job, const void *bytes, size_t n)
{
    add_param(job, mem_strndup(bytes, n), n, true);
}

/* Arrays: PostgreSQL's text form, {1,NULL,"quoted \" text"} ----------------------------------------------- */

static void next_value(struct db_array *array)
{
    buffer_append(&array->text, array->n++ == 0 ? "{" : ",", 1);
}

void db_array_int(struct db_array *array, int64_t value)
{
    char text[24]; /* from its end on: a batch has thousands of numbers, and snprintf takes ten times as long */
    char *first = text + sizeof(text);
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do
        *--first = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (value < 0)
        *--first = '-';
    next_value(array);
    buffer_append(&array->text, first, (size_t)(text + sizeof(text) - first));
}

void db_array_snowflake(struct db_array *array, uint64_t id)
{
    db_array_int(array, (int64_t)id);
}

void db_array_null(struct db_array *array)
{
    next_value(array);
    buffer_append(&array->text, "NULL", 4);
}

void db_array_text(struct db_array *array, const char *text)
{
    if (text == NULL) {
        db_array_null(array);
        return;
    }
    char *const repaired = utf8_repair(text);
    const char *value = repaired;
    next_value(array);
    buffer_append(&array->text, "\"", 1);
    while (*value != '\0') {
        const size_t plain = strcspn(value, "\"\\");
        buffer_append(&array->text, value, plain);
        value += plain;
        if (*value != '\0') {
            buffer_append(&array->text, "\\", 1);
            buffer_append(&array->text, value++, 1);
        }
    }
    buffer_append(&array->text, "\"", 1);
    free(repaired);
}

void db_job_array(struct db_job *job, struct db_array *array)
{
    if (array->n == 0)
        buffer_append(&array->text, "{", 1);
    buffer_append(&array->text, "}", 1);
    add(job, array->text.data);
    *array = (struct db_array){0};
}

/* Running ------------------------------------------------------------------------------------------------- */

void db_job_begin(struct db_job *job, void (*on_done)(void *arg, const struct db_outcome *outcome), void *arg)
{
    job->on_done = on_done;
    job->arg = arg;
    job->results = mem_alloc(sizeof(*job->results) * (size_t)job->n_statements);
}

void db_job_begin_again(struct db_job *job)
{
    for (int i = 0; i < job->n_results; i++)
        PQclear(job->results[i]);
    job->n_results = 0;
    job->preparing = 0;
    job->failed = false;
    job->sqlstate[0] = '\0';
}

void db_job_end(struct db_job *job, enum db_status status)
{
    const struct db_outcome outcome = {
        .status = status,
        .sqlstate = status == DB_FAILED ? job->sqlstate : "",
        .rows = job->results,
        .n_rows = job->n_results,
    };
    job->on_done(job->arg, &outcome);
    db_job_destroy(job);
}

void db_jobs_destroy(struct db_job *jobs)
{
    struct db_job *job, *next;
    DL_FOREACH_SAFE(jobs, job, next)
    {
        db_job_destroy(job);
    }
}

/* Rows ---------------------------------------------------------------------------------------------------- */

int db_rows_count(const struct pg_result *rows)
{
    return PQntuples(rows);
}

bool db_is_null(const struct pg_result *rows, int row, int column)
{
    return PQgetisnull(rows, row, column) != 0;
}

const char *db_text(const struct pg_result *rows, int row, int column)
{
    return db_is_null(rows, row, column) ? NULL : PQgetvalue(rows, row, column);
}

int64_t db_int(const struct pg_result *rows, int row, int column)
{
    const char *const text = db_text(rows, row, column);
    return text == NULL ? 0 : strtoll(text, NULL, 10);
}

uint64_t db_snowflake(const struct pg_result *rows, int row, int column)
{
    return (uint64_t)db_int(rows, row, column);
}

bool db_bool(const struct pg_result *rows, int row, int column)
{
    const char *const text = db_text(rows, row, column);
    return text != NULL && text[0] == 't';
}

char *db_bytes(const struct pg_result *rows, int row, int column, size_t *n)
{
    const char *const text = db_text(rows, row, column);
    *n = 0;
    if (text == NULL)
        return NULL;
    unsigned char *const bytes = PQunescapeBytea((const unsigned char *)text, n);
    char *const copy = mem_strndup((const char *)bytes, *n);
    explicit_bzero(bytes, *n);
    PQfreemem(bytes);
    return copy;
}
