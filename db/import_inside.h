/* What the parts of an import share: db/import.c connects and reads, db/import_judge.c judges, db/import_take.c takes over.
 * For these files only. */
#pragma once

#include "db/import.h"
#include "infra/mem.h"

#include <libpq-fe.h>
#include <stdlib.h>

struct db_import {
    PGconn *pg;
    const char *source;      /* what is read, in words */
    bool is_headed;          /* the first line of the file has the right names */
    struct buffer line_ends; /* of the file, not passed on yet */
    PGresult *chunks;        /* server and number of each */
    char *error;
    char sqlstate[6]; /* of what PostgreSQL refused last */
};

/* All of these keep what went wrong, in words, for db_import_error(). */

bool db_import_fail(struct db_import *import, const char *what, const char *detail);
/* In PostgreSQL's own words, and of a file the line. Takes the result, of the connection pg. */
bool db_import_fail_result(struct db_import *import, const char *what, const PGconn *pg, PGresult *result);
/* Statements without results. */
bool db_import_run(struct db_import *import, const char *sql);
/* One statement. The caller clears the result. NULL after an error. */
PGresult *db_import_query(struct db_import *import, const char *sql, int n, const char *const *parameters);

static inline int64_t db_import_number(const PGresult *result, int row, int column)
{
    return strtoll(PQgetvalue(result, row, column), NULL, 10);
}
