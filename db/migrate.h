/*
 * The schema, applied step by step: db/migrations/NNNN_*.sql, which the build puts into the program.
 *
 * `tracker --migrate` runs while the programs of the release before work, and they go on with what it made until they are
 * replaced, or for good where a release is taken back. So a migration (tests/db/test_migrate.py reads each from 0006 on)
 *
 * - adds: tables, columns that may be null or have a constant default, functions, a better body for a function of the
 *   same arguments and results. It renames, drops and retypes nothing that a program of the release before uses;
 * - takes no lock for long that an acknowledgement or a board waits for: what goes through a whole table comes in a
 *   migration of its own, without ALTER TABLE. Batches may wait for seconds, they are kept by the tracker meanwhile;
 * - makes an index on a table of sessions, days or totals by CREATE INDEX CONCURRENTLY IF NOT EXISTS, alone in its file:
 *   batches would wait through all of it otherwise, seconds a million rows;
 * - adds constraints on what is there NOT VALID.
 *
 * A new table stands in db/roles.sql too, which says who may do what.
 */
#pragma once

#include <stdbool.h>

struct db_migration {
    const char *name; /* "0001_initial" */
    const char *sql;
};

/* In order, ended by a NULL name. Made by the Makefile. */
extern const struct db_migration db_migrations[];

/* db/roles.sql. */
extern const char db_roles[];

/* The name of the last: what this program cannot do without. */
const char *db_migrations_last(void);

/*
 * Applies what the database lacks, each migration in a transaction of its own together with its row in
 * schema_migration; names there that are not in the list are a newer program's and stay. Waits for another process that
 * is doing the same. For a table that is in use it waits a moment only, for all who come behind wait too, and tries
 * again for ten minutes. An index that is made concurrently is begun again where it was broken off. At the end roles
 * runs, whether or not there was something to apply. Blocks: for use before a loop runs. False (logged) where the
 * database cannot be reached or refuses one; those before it stay applied.
 */
bool db_migrate(const char *url, const struct db_migration *migrations, const char *roles);
