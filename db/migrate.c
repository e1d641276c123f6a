#include "db/migrate.h"

#include "infra/log.h"

#include <libpq-fe.h>
#include <stdlib.h>

static const char create_table[] = "SET client_min_messages = warning;"
                                   "CREATE TABLE IF NOT EXISTS schema_migration ("
                                   "    name text PRIMARY KEY,"
                                   "    applied_at timestamptz NOT NULL DEFAULT now())";

static bool run(PGconn *pg, const char *sql, const char *what)
{
    PGresult *const result = PQexec(pg, sql);
    const ExecStatusType status = PQresultStatus(result);
    const bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!ok)
        log_error("migration_failed", "step=%s error=%s", what, log_quote(PQresultErrorMessage(result)));
    PQclear(result);
    return ok;
}

/* False on an error as well: the migration's own insert then fails loudly. */
static bool is_applied(PGconn *pg, const struct db_migration *migration)
{
    PGresult *const result = PQexecParams(pg, "SELECT FROM schema_migration WHERE name = $1", 1, NULL,
                                          &migration->name, NULL, NULL, 0);
    const bool applied = PQntuples(result) == 1;
    PQclear(result);
    return applied;
}

static bool record(PGconn *pg, const struct db_migration *migration)
{
    PGresult *const result = PQexecParams(pg, "INSERT INTO schema_migration (name) VALUES ($1)", 1, NULL,
                                          &migration->name, NULL, NULL, 0);
    const bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return ok;
}

static bool apply(PGconn *pg, const struct db_migration *migration)
{
    if (is_applied(pg, migration))
        return true;
    if (!run(pg, "BEGIN", "begin"))
        return false;
    if (!run(pg, migration->sql, migration->name) || !record(pg, migration) || !run(pg, "COMMIT", "commit")) {
        run(pg, "ROLLBACK", "rollback");
        return false;
    }
    log_info("migration_applied", "name=%s", migration->name);
    return true;
}

bool db_migrate(const char *url)
{
    /* Of several hosts one may be gone for good. The conninfo's own connect_timeout comes later, and is the last word. */
    PGconn *const pg = PQconnectdbParams((const char *[]){"connect_timeout", "dbname", NULL},
                                         (const char *[]){"5", url, NULL}, 1);
    bool ok = false;
    if (PQstatus(pg) != CONNECTION_OK) {
        log_error("database_unreachable", "error=%s", log_quote(PQerrorMessage(pg)));
        goto finish;
    }
    /* The lock is the session's: it goes with the connection. */
    ok = run(pg, "SELECT pg_advisory_lock(hashtext('vcledger migrations'))", "lock") &&
         run(pg, create_table, "schema_migration");
    for (const struct db_migration *m = db_migrations; ok && m->name != NULL; m++)
        ok = apply(pg, m);
finish:
    PQfinish(pg);
    return ok;
}
