#include "db/settings.h"

#include "db/job.h"
#include "db/pool.h"

#include <string.h>

/* As the columns of guild_settings are called, and in the audit. */
#define TRACKING  "tracking"
#define COUNT_AFK "count_afk"

/* Reading ------------------------------------------------------------------------------------------------- */

static const struct db_statement read_settings = {
    "read_settings",
    "SELECT coalesce(s.tracking, true), coalesce(s.count_afk, true), g.afk_channel_id "
    "FROM (VALUES ($1::bigint)) AS asked(guild_id) "
    "LEFT JOIN guild_settings s USING (guild_id) "
    "LEFT JOIN guild g USING (guild_id)",
};

struct reading {
    void (*on_done)(void *arg, const struct db_settings *settings);
    void *arg;
    int statement; /* whose rows are the settings */
};

static void on_read(void *arg, const struct db_outcome *outcome)
{
    const struct reading *const reading = arg;
    if (outcome->status != DB_OK) {
        reading->on_done(reading->arg, NULL);
    } else {
        const struct pg_result *const rows = outcome->rows[reading->statement];
        const struct db_settings settings = {
            .on = {[SETTING_TRACKING] = db_bool(rows, 0, 0), [SETTING_COUNT_AFK] = db_bool(rows, 0, 1)},
            .afk_channel_id = db_snowflake(rows, 0, 2),
        };
        reading->on_done(reading->arg, &settings);
    }
}

/* Reads the settings behind what the job does already. */
static void submit_reading(struct db_pool *pool, struct db_job *job, uint64_t guild_id,
                           void (*on_done)(void *arg, const struct db_settings *settings), void *arg)
{
    struct reading *const reading = db_job_memory(job, sizeof(*reading));
    *reading = (struct reading){.on_done = on_done, .arg = arg, .statement = db_job_size(job)};
    db_job_statement(job, &read_settings);
    db_job_snowflake(job, guild_id);
    db_pool_submit(pool, job, on_read, reading);
}

void db_settings_read(struct db_pool *pool, uint64_t guild_id,
                      void (*on_done)(void *arg, const struct db_settings *settings), void *arg)
{
    struct db_job *const job = db_job_create();
    db_job_only_reads(job);
    submit_reading(pool, job, guild_id, on_done, arg);
}

/* Changing ------------------------------------------------------------------------------------------------ */

static const struct db_statement make_settings = {
    "make_settings",
    "INSERT INTO guild_settings (guild_id) "
    "VALUES ($1::bigint) "
    "ON CONFLICT DO NOTHING",
};

/* Of two at once, the second waits for the row's lock and looks at the row anew: it changes what the first left,
 * stamped later, or nothing. The stamps of a server rise even where the clock steps back. */
#define CHANGE(COLUMN)                                                                                         \
    "WITH changed AS ( "                                                                                       \
    "    UPDATE guild_settings "                                                                               \
    "    SET " COLUMN " = $3::boolean, changed_by = $2::bigint, "                                              \
    "        changed_at = greatest(clock_timestamp(), changed_at + interval '1 microsecond') "                 \
    "    WHERE guild_id = $1::bigint AND " COLUMN " <> $3::boolean AND NOT EXISTS ( "                          \
    "        SELECT FROM guild_settings_audit WHERE interaction_id = $4::bigint) "                             \
    "    AND NOT ($5::boolean AND EXISTS ( "                                                                   \
    "        SELECT FROM interaction_pending p "                                                               \
    "        JOIN guild_settings_audit a ON a.changed_at >= p.received_at "                                    \
    "        WHERE p.interaction_id = $4::bigint AND a.guild_id = $1::bigint AND a.setting = '" COLUMN "')) "  \
    "    RETURNING guild_id, changed_at, changed_by "                                                          \
    "), audit AS ( "                                                                                           \
    "    INSERT INTO guild_settings_audit (guild_id, changed_at, changed_by, setting, old_value, new_value, "  \
    "        interaction_id) "                                                                                 \
    "    SELECT guild_id, changed_at, changed_by, '" COLUMN                                                    \
    "', (NOT $3::boolean)::text, ($3::boolean)::text, "                                                        \
    "        $4::bigint "                                                                                      \
    "    FROM changed "                                                                                        \
    ") "                                                                                                       \
    "SELECT pg_notify('guild_settings', guild_id::text) "                                                      \
    "FROM changed"

static const struct db_statement change_setting[N_SETTINGS] = {
    [SETTING_TRACKING] = {"change_tracking", CHANGE(TRACKING)},
    [SETTING_COUNT_AFK] = {"change_count_afk", CHANGE(COUNT_AFK)},
};

void db_settings_change(struct db_pool *pool, const struct db_settings_change *change,
                        void (*on_done)(void *arg, const struct db_settings *settings), void *arg)
{
    struct db_job *const job = db_job_create();
    db_job_statement(job, &make_settings);
    db_job_snowflake(job, change->guild_id);
    db_job_statement(job, &change_setting[change->setting]);
    db_job_snowflake(job, change->guild_id);
    db_job_snowflake(job, change->user_id);
    db_job_bool(job, change->on);
    db_job_snowflake(job, change->interaction_id);
    db_job_bool(job, change->taken_over);
    submit_reading(pool, job, change->guild_id, on_done, arg);
}

/* Loading ------------------------------------------------------------------------------------------------- */

const struct db_statement db_settings_listen = {
    "listen_settings",
    "LISTEN guild_settings",
};

static const struct db_statement load_changes = {
    "load_changes",
    "SELECT guild_id, setting, new_value = 'true', floor(extract(epoch FROM changed_at) * 1000000)::bigint "
    "FROM guild_settings_audit "
    "WHERE (guild_id >> 22) % $1::int = $2::int AND changed_at >= to_timestamp($3::bigint) "
    "AND setting IN ('" TRACKING "', '" COUNT_AFK "') "
    "ORDER BY guild_id, changed_at",
};

/* Read after the changes: what is committed between the two is here at least, and is notified. */
static const struct db_statement load_settings = {
    "load_settings",
    "SELECT guild_id, tracking, count_afk, afk_channel_id "
    "FROM guild_settings "
    "LEFT JOIN guild USING (guild_id) "
    "WHERE (guild_id >> 22) % $1::int = $2::int "
    "AND (NOT (tracking AND count_afk) OR changed_at >= to_timestamp($3::bigint))",
};

static const struct db_statement load_clock = {
    "load_clock",
    "SELECT floor(extract(epoch FROM now()))::bigint",
};

struct loading {
    void (*on_done)(void *arg, const struct db_settings_loaded *loaded);
    void *arg;
};

size_t db_settings_n_changes(const struct db_settings_loaded *loaded)
{
    return (size_t)db_rows_count(loaded->changes);
}

struct db_settings_changed db_settings_changed(const struct db_settings_loaded *loaded, size_t i)
{
    const int row = (int)i;
    const bool tracking = strcmp(db_text(loaded->changes, row, 1), TRACKING) == 0;
    return (struct db_settings_changed){
        .guild_id = db_snowflake(loaded->changes, row, 0),
        .setting = tracking ? SETTING_TRACKING : SETTING_COUNT_AFK,
        .on = db_bool(loaded->changes, row, 2),
        .changed_us = db_int(loaded->changes, row, 3),
    };
}

size_t db_settings_n_guilds(const struct db_settings_loaded *loaded)
{
    return (size_t)db_rows_count(loaded->guilds);
}

struct db_settings_guild db_settings_guild(const struct db_settings_loaded *loaded, size_t i)
{
    const int row = (int)i;
    return (struct db_settings_guild){
        .guild_id = db_snowflake(loaded->guilds, row, 0),
        .on = {[SETTING_TRACKING] = db_bool(loaded->guilds, row, 1),
               [SETTING_COUNT_AFK] = db_bool(loaded->guilds, row, 2)},
        .afk_channel_id = db_snowflake(loaded->guilds, row, 3),
    };
}

static void on_loaded(void *arg, const struct db_outcome *outcome)
{
    const struct loading *const loading = arg;
    if (outcome->status != DB_OK) {
        loading->on_done(loading->arg, NULL);
    } else {
        const struct db_settings_loaded loaded = {
            .changes = outcome->rows[0],
            .guilds = outcome->rows[1],
            .as_of = db_int(outcome->rows[2], 0, 0),
        };
        loading->on_done(loading->arg, &loaded);
    }
}

void db_settings_load(struct db_pool *pool, const struct db_shard_key *shard, int64_t since,
                      void (*on_done)(void *arg, const struct db_settings_loaded *loaded), void *arg)
{
    struct db_job *const job = db_job_create();
    struct loading *const loading = db_job_memory(job, sizeof(*loading));
    *loading = (struct loading){.on_done = on_done, .arg = arg};
    db_job_statement(job, &load_changes);
    db_job_int(job, shard->shard_count);
    db_job_int(job, shard->shard_id);
    db_job_int(job, since);
    db_job_statement(job, &load_settings);
    db_job_int(job, shard->shard_count);
    db_job_int(job, shard->shard_id);
    db_job_int(job, since);
    db_job_statement(job, &load_clock);
    db_pool_submit(pool, job, on_loaded, loading);
}
