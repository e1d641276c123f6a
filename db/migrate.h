/* The schema, applied step by step: db/migrations/NNNN_*.sql, which the build puts into the program. */
#pragma once

#include <stdbool.h>

struct db_migration {
    const char *name; /* "0001_initial" */
    const char *sql;
};

/* In order, ended by a NULL name. Made by the Makefile. */
extern const struct db_migration db_migrations[];

/*
 * Applies what the database lacks, each migration in a transaction of its own together with its row in
 * schema_migration. Waits for another process that is doing the same. Blocks: for use before a loop runs. False
 * (logged) where the database cannot be reached or refuses one; those before it stay applied.
 */
bool db_migrate(const char *url);
