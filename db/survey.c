#include "db/survey.h"

#include "db/job.h"
#include "db/migrate.h"
#include "db/pool.h"
#include "infra/mem.h"

#include <stdlib.h>
#include <string.h>

/* What can be asked of any database ------------------------------------------------------------------------ */

static const struct db_statement read_server = {
    "read_server",
    "SELECT current_setting('server_version'), floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint, "
    "       pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean, "
    "       to_regclass('schema_migration') IS NOT NULL",
};

/* What the handler's statements, and those below, touch. Tables that a migration has yet to make are left out. Of shards
 * some columns will do, which db/roles.sql names. */
static const struct db_statement read_lacking = {
    "read_lacking",
    "SELECT string_agg(privilege || ' on ' || name, ', ' ORDER BY name, privilege), "
    "       coalesce(has_table_privilege(to_regclass('voice_session'), 'INSERT'), false) "
    "FROM (VALUES ('guild', 'SELECT'), ('member', 'SELECT'), ('voice_session', 'SELECT'), "
    "             ('voice_daily_activity', 'SELECT'), ('guild_daily_activity', 'SELECT'), ('voice_total', 'SELECT'), "
    "             ('voice_total_bucket', 'SELECT'), ('guild_total', 'SELECT'), ('guild_last_day', 'SELECT'), "
    "             ('tracker_shard', 'SELECT'), ('schema_migration', 'SELECT'), "
    "             ('guild_settings', 'SELECT'), ('guild_settings', 'INSERT'), ('guild_settings', 'UPDATE'), "
    "             ('guild_settings_audit', 'SELECT'), ('guild_settings_audit', 'INSERT'), "
    "             ('interaction_pending', 'SELECT'), ('interaction_pending', 'INSERT'), "
    "             ('interaction_pending', 'UPDATE'), ('interaction_pending', 'DELETE')) AS needed(name, privilege) "
    "WHERE NOT coalesce(has_table_privilege(to_regclass(name), privilege), true) "
    "  AND NOT (name = 'tracker_shard' AND has_any_column_privilege(to_regclass(name), privilege))",
};

/* Without this right a schema's tables are as good as not there, even for to_regclass(). */
static const struct db_statement read_locked = {
    "read_locked",
    "SELECT string_agg(format('USAGE on SCHEMA %I', nspname), ', ') "
    "FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
    "WHERE relname = 'schema_migration' AND NOT has_schema_privilege(n.oid, 'USAGE') "
    "  AND quote_ident(nspname) = ANY (regexp_split_to_array(current_setting('search_path'), ' *, *'))",
};

/* What is asked of our tables ------------------------------------------------------------------------------ */

static const struct db_statement read_migrations = {
    "read_migrations",
    "SELECT name FROM schema_migration ORDER BY name",
};

/* Rows of other shard counts are those of former times. A living tracker proves at least every interval; one that is
 * silent for two of them and five seconds may be replaced by another. */
static const struct db_statement read_shards = {
    "read_shards",
    "SELECT count(*), max(shard_count), "
    "       count(*) FILTER (WHERE proven_at > now() - make_interval(secs => 2 * interval_seconds + 5)), "
    "       CASE WHEN count(proven_at) = count(*) THEN extract(epoch FROM now() - min(proven_at))::bigint ELSE -1 END "
    "FROM tracker_shard "
    "WHERE shard_count = (SELECT shard_count FROM tracker_shard ORDER BY proven_at DESC NULLS LAST LIMIT 1)",
};

/* Three jobs, one after the other -------------------------------------------------------------------------- */

struct asking {
    struct db_pool *pool;
    struct db_survey survey;
    char *version, *lacking, *newer;
    void (*on_done)(void *arg, const struct db_survey *survey);
    void *arg;
};

static void finish(struct asking *asking, enum db_survey_asked asked)
{
    asking->survey.asked = asked;
    asking->on_done(asking->arg, &asking->survey);
    free(asking->version);
    free(asking->lacking);
    free(asking->newer);
    free(asking);
}

static void ask(struct asking *asking, const struct db_statement *statement,
                void (*on_done)(void *arg, const struct db_outcome *outcome))
{
    struct db_job *const job = db_job_create();
    db_job_statement(job, statement);
    db_pool_submit(asking->pool, job, on_done, asking);
}

static bool is_known(const char *name)
{
    for (const struct db_migration *m = db_migrations; m->name != NULL; m++) {
        if (strcmp(m->name, name) == 0)
            return true;
    }
    return false;
}

static bool is_applied(const struct pg_result *rows, const char *name)
{
    for (int i = 0; i < db_rows_count(rows); i++) {
        if (strcmp(db_text(rows, i, 0), name) == 0)
            return true;
    }
    return false;
}

static void on_shards(void *arg, const struct db_outcome *outcome)
{
    struct asking *const asking = arg;
    if (outcome->status != DB_OK) {
        finish(asking, DB_SURVEY_UNREACHABLE);
        return;
    }
    const struct pg_result *const shards = outcome->rows[0];
    struct db_survey *const survey = &asking->survey;
    survey->shards = db_int(shards, 0, 0);
    survey->shard_count = db_int(shards, 0, 1);
    survey->shards_proven = db_int(shards, 0, 2);
    survey->proven_age_s = db_int(shards, 0, 3);
    finish(asking, DB_SURVEY_TOLD);
}

static void compare_migrations(struct asking *asking, const struct pg_result *rows)
{
    struct db_survey *const survey = &asking->survey;
    for (const struct db_migration *m = db_migrations; m->name != NULL; m++) {
        if (is_applied(rows, m->name))
            survey->n_migrations++;
        else if (survey->missing == NULL)
            survey->missing = m->name;
    }
    const char *newer = NULL;
    for (int i = 0; i < db_rows_count(rows); i++) {
        if (!is_known(db_text(rows, i, 0)))
            newer = db_text(rows, i, 0);
    }
    survey->newer = asking->newer = mem_strdup(newer);
}

static void on_migrations(void *arg, const struct db_outcome *outcome)
{
    struct asking *const asking = arg;
    if (outcome->status != DB_OK) {
        finish(asking, DB_SURVEY_UNREACHABLE);
        return;
    }
    compare_migrations(asking, outcome->rows[0]);
    if (asking->survey.missing != NULL)
        finish(asking, DB_SURVEY_OLD);
    else
        ask(asking, &read_shards, on_shards);
}

static void on_server(void *arg, const struct db_outcome *outcome)
{
    struct asking *const asking = arg;
    if (outcome->status != DB_OK) {
        finish(asking, DB_SURVEY_UNREACHABLE);
        return;
    }
    const struct pg_result *const server = outcome->rows[0];
    const bool made = db_bool(server, 0, 3);
    struct db_survey *const survey = &asking->survey;
    survey->version = asking->version = mem_strdup(db_text(server, 0, 0));
    survey->now_ms = db_int(server, 0, 1);
    survey->read_only = db_bool(server, 0, 2);
    survey->may_count = db_bool(outcome->rows[1], 0, 1);
    survey->lacking = asking->lacking = mem_strdup(db_text(outcome->rows[made ? 1 : 2], 0, 0));
    if (survey->lacking != NULL)
        finish(asking, DB_SURVEY_FORBIDDEN);
    else if (!made)
        finish(asking, DB_SURVEY_UNMADE);
    else
        ask(asking, &read_migrations, on_migrations);
}

void db_survey_read(struct db_pool *pool, void (*on_done)(void *arg, const struct db_survey *survey), void *arg)
{
    struct asking *const asking = mem_alloc(sizeof(*asking));
    *asking = (struct asking){.pool = pool, .on_done = on_done, .arg = arg};
    struct db_job *const job = db_job_create();
    db_job_statement(job, &read_server);
    db_job_statement(job, &read_lacking);
    db_job_statement(job, &read_locked);
    db_pool_submit(pool, job, on_server, asking);
}
