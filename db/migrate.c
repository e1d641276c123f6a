#include "db/migrate.h"

#include "db/connect.h"
#include "infra/clock.h"
#include "infra/log.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 10 * 60 * 1000, /* with whoever uses a table: a backup reads for minutes */
    PAUSE_S = 2,
};

/* Should this process be killed, what it runs ends with it, and its locks with that. */
static const char settings[] = "SET client_min_messages = warning;"
                               "SET statement_timeout = 0;"
                               "SET client_connection_check_interval = '1s'";
static const char take_lock[] = "SELECT pg_try_advisory_lock(hashtext('vcledger migrations'))";
/* CREATE TABLE IF NOT EXISTS wants the right to make it even of whom has nothing to do. */
static const char create_table[] = "DO $$ BEGIN"
                                   "    IF to_regclass('schema_migration') IS NULL THEN"
                                   "        CREATE TABLE schema_migration ("
                                   "            name text PRIMARY KEY,"
                                   "            applied_at timestamptz NOT NULL DEFAULT now());"
                                   "    END IF;"
                                   "END $$";
/* While a lock is waited for, all who come later wait behind it: for less than an acknowledgement waits for its row. */
static const char wait_briefly[] = "SET lock_timeout = '300ms'";
/* An index made concurrently waits for all that began before it, and nobody waits behind. */
static const char wait_long[] = "SET lock_timeout = '10min'";
static const char find_broken[] = "SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass) "
                                  "FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
                                  "WHERE NOT indisvalid AND strpos($1, relname) > 0";
/* Most likely the one that is in the way. */
static const char find_oldest[] = "SELECT format('pid %s %s since %s', pid, application_name, xact_start) "
                                  "FROM pg_stat_activity "
                                  "WHERE datname = current_database() AND pid <> pg_backend_pid() "
                                  "ORDER BY xact_start LIMIT 1";

enum outcome { DONE, IN_USE, FAILED };

/* Takes the result. */
static enum outcome judge(PGresult *result, const char *step)
{
    const ExecStatusType status = PQresultStatus(result);
    const char *const sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    enum outcome outcome = FAILED;
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        outcome = DONE;
    else if (sqlstate != NULL && (strcmp(sqlstate, "55P03") == 0 || strcmp(sqlstate, "40P01") == 0))
        outcome = IN_USE; /* not in time, or each would wait for the other */
    else
        log_error("migration_failed", "step=%s error=%s", step, log_quote(PQresultErrorMessage(result)));
    PQclear(result);
    return outcome;
}

static enum outcome run(PGconn *pg, const char *sql, const char *step)
{
    return judge(PQexec(pg, sql), step);
}

/* One migration -------------------------------------------------------------------------------------------- */

static enum outcome look_up(PGconn *pg, const struct db_migration *migration, bool *applied)
{
    PGresult *const result = PQexecParams(pg, "SELECT FROM schema_migration WHERE name = $1", 1, NULL,
                                          &migration->name, NULL, NULL, 0);
    *applied = PQntuples(result) == 1;
    return judge(result, migration->name);
}

static enum outcome record(PGconn *pg, const struct db_migration *migration)
{
    return judge(PQexecParams(pg, "INSERT INTO schema_migration (name) VALUES ($1)", 1, NULL, &migration->name,
                              NULL, NULL, 0),
                 migration->name);
}

static enum outcome make_in_transaction(PGconn *pg, const struct db_migration *migration)
{
    enum outcome outcome = run(pg, "BEGIN", "begin");
    if (outcome == DONE)
        outcome = run(pg, migration->sql, migration->name);
    if (outcome == DONE)
        outcome = record(pg, migration);
    if (outcome == DONE)
        outcome = run(pg, "COMMIT", "commit");
    if (outcome != DONE)
        run(pg, "ROLLBACK", "rollback");
    return outcome;
}

/* What was broken off has left an index that nobody uses. */
static enum outcome drop_broken(PGconn *pg, const struct db_migration *migration)
{
    PGresult *const found = PQexecParams(pg, find_broken, 1, NULL, &migration->sql, NULL, NULL, 0);
    enum outcome outcome = DONE;
    for (int i = 0; outcome == DONE && i < PQntuples(found); i++)
        outcome = run(pg, PQgetvalue(found, i, 0), migration->name);
    PQclear(found);
    return outcome;
}

/* PostgreSQL allows no transaction around it. */
static bool is_concurrent(const struct db_migration *migration)
{
    return strstr(migration->sql, "INDEX CONCURRENTLY") != NULL;
}

static enum outcome make_concurrently(PGconn *pg, const struct db_migration *migration)
{
    enum outcome outcome = run(pg, wait_long, "settings");
    if (outcome == DONE)
        outcome = drop_broken(pg, migration);
    if (outcome == DONE)
        outcome = run(pg, migration->sql, migration->name);
    if (outcome == DONE)
        outcome = record(pg, migration);
    if (outcome == DONE)
        outcome = run(pg, wait_briefly, "settings");
    return outcome;
}

/* applied: had it been before? */
static enum outcome attempt(PGconn *pg, const struct db_migration *migration, bool *applied)
{
    const enum outcome outcome = look_up(pg, migration, applied);
    if (outcome != DONE || *applied)
        return outcome;
    return is_concurrent(migration) ? make_concurrently(pg, migration) : make_in_transaction(pg, migration);
}

static void tell_waiting(PGconn *pg, const struct db_migration *migration)
{
    PGresult *const result = PQexec(pg, find_oldest);
    log_warn("migration_waits", "name=%s for=%s", migration->name,
             log_quote(PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : NULL));
    PQclear(result);
}

/* Again and again while a table is in use; told where that is in vain. */
static enum outcome be_patient(PGconn *pg, const struct db_migration *migration, bool *applied,
                               enum outcome (*try)(PGconn *, const struct db_migration *, bool *applied))
{
    const int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    enum outcome outcome = try(pg, migration, applied);
    if (outcome == IN_USE)
        tell_waiting(pg, migration);
    while (outcome == IN_USE && clock_monotonic_ms() < end_ms) {
        sleep(PAUSE_S);
        outcome = try(pg, migration, applied);
    }
    if (outcome == IN_USE)
        log_error("migration_failed", "step=%s error=%s", migration->name,
                  log_quote("a table was in use all the time: run it again"));
    return outcome;
}

/* Counts those that were not there. */
static bool apply(PGconn *pg, const struct db_migration *migration, int *n_new)
{
    bool applied = false;
    if (be_patient(pg, migration, &applied, attempt) != DONE)
        return false;
    if (!applied) {
        log_info("migration_applied", "name=%s", migration->name);
        (*n_new)++;
    }
    return true;
}

/* The roles: each time, and nothing to record. */
static enum outcome attempt_roles(PGconn *pg, const struct db_migration *roles, bool *applied)
{
    *applied = true;
    return run(pg, roles->sql, roles->name);
}

static bool give_rights(PGconn *pg, const char *roles)
{
    bool applied = false;
    return be_patient(pg, &(struct db_migration){"roles", roles}, &applied, attempt_roles) == DONE;
}

/* All of them ---------------------------------------------------------------------------------------------- */

static enum outcome try_lock(PGconn *pg)
{
    PGresult *const result = PQexec(pg, take_lock);
    if (PQntuples(result) != 1)
        return judge(result, "lock");
    const bool locked = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return locked ? DONE : IN_USE;
}

/* The lock is the session's: it goes with the connection. Asked for again and again: who makes an index concurrently
 * waits for whoever waits within a statement. */
static bool lock(PGconn *pg)
{
    enum outcome outcome = try_lock(pg);
    if (outcome == IN_USE)
        log_info("migration_queued", "behind=%s", log_quote("another process that migrates"));
    while (outcome == IN_USE) {
        sleep(1);
        outcome = try_lock(pg);
    }
    return outcome == DONE;
}

const char *db_migrations_last(void)
{
    const struct db_migration *m = db_migrations;
    while (m[1].name != NULL)
        m++;
    return m->name;
}

/* Warnings of the roles: what they lack, not what went wrong. */
static void on_notice(void *arg, const char *words)
{
    (void)arg;
    log_info("migration_notice", "words=%s", log_quote(words));
}

bool db_migrate(const char *url, const struct db_migration *migrations, const char *roles)
{
    PGconn *const pg = db_connect_blocking(url, NULL);
    bool ok = false;
    if (PQstatus(pg) != CONNECTION_OK) {
        log_error("database_unreachable", "error=%s", log_quote(PQerrorMessage(pg)));
        goto finish;
    }
    PQsetNoticeProcessor(pg, on_notice, NULL);
    ok = run(pg, settings, "settings") == DONE && lock(pg) &&
         run(pg, create_table, "schema_migration") == DONE && run(pg, wait_briefly, "settings") == DONE;
    int n_new = 0;
    for (const struct db_migration *m = migrations; ok && m->name != NULL; m++)
        ok = apply(pg, m, &n_new);
    ok = ok && give_rights(pg, roles);
    if (ok)
        log_info("schema_ready", "applied=%d", n_new);
finish:
    PQfinish(pg);
    return ok;
}
