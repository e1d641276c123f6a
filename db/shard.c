#include "db/shard.h"

/* Claiming ------------------------------------------------------------------------------------------------ */

static const struct db_statement claim_shard = {
    "claim_shard",
    "INSERT INTO tracker_shard AS t (shard_count, shard_id, epoch, interval_seconds) "
    "VALUES ($1::int, $2::int, 1, $3::int) "
    "ON CONFLICT (shard_count, shard_id) DO UPDATE "
    "SET epoch = t.epoch + 1, interval_seconds = excluded.interval_seconds "
    "RETURNING epoch, batch_no, session_id, resume_url, seq, floor(extract(epoch FROM proven_at) * "
    "1000)::bigint",
};

/* Runs behind the claim in the same transaction: the row's lock has then been waited for, and what the owner
 * before us committed last is seen. Which servers are the shard's is Discord's formula: a server's own row need not
 * be there, and what is open but not known would stay open for ever. */
static const struct db_statement load_members = {
    "load_members",
    "SELECT p.guild_id, p.user_id, p.channel_id, s.session_id, extract(epoch FROM s.started_at)::bigint "
    "FROM voice_presence p "
    "LEFT JOIN voice_session s ON s.guild_id = p.guild_id AND s.user_id = p.user_id AND s.ended_at IS NULL "
    "WHERE (p.guild_id >> 22) % $1::int = $2::int",
};

struct claiming {
    void (*on_done)(void *arg, const struct db_shard_claim *claim, const char *sqlstate);
    void *arg;
};

size_t db_shard_claim_size(const struct db_shard_claim *claim)
{
    return (size_t)db_rows_count(claim->members);
}

struct db_shard_member db_shard_claim_member(const struct db_shard_claim *claim, size_t i)
{
    const int row = (int)i;
    return (struct db_shard_member){
        .guild_id = db_snowflake(claim->members, row, 0),
        .user_id = db_snowflake(claim->members, row, 1),
        .channel_id = db_snowflake(claim->members, row, 2),
        .session_id = db_snowflake(claim->members, row, 3),
        .started_at = db_int(claim->members, row, 4),
    };
}

static void on_claimed(void *arg, const struct db_outcome *outcome)
{
    const struct claiming *const claiming = arg;
    if (outcome->status != DB_OK) {
        claiming->on_done(claiming->arg, NULL, outcome->sqlstate);
    } else {
        const struct db_rows *const shard = outcome->rows[0];
        const struct db_shard_claim claim = {
            .epoch = db_int(shard, 0, 0),
            .batch_no = db_int(shard, 0, 1),
            .session_id = db_text(shard, 0, 2),
            .resume_url = db_text(shard, 0, 3),
            .seq = db_is_null(shard, 0, 4) ? -1 : db_int(shard, 0, 4),
            .proven_ms = db_int(shard, 0, 5),
            .members = outcome->rows[1],
        };
        claiming->on_done(claiming->arg, &claim, "");
    }
}

static void add_key(struct db_job *job, const struct db_statement *statement, const struct db_shard_key *key)
{
    db_job_statement(job, statement);
    db_job_int(job, key->shard_count);
    db_job_int(job, key->shard_id);
}

void db_shard_claim(struct db_pool *pool, const struct db_shard_key *key, int64_t interval_seconds,
                    void (*on_done)(void *arg, const struct db_shard_claim *claim, const char *sqlstate),
                    void *arg)
{
    struct db_job *const job = db_job_create();
    struct claiming *const claiming = db_job_memory(job, sizeof(*claiming));
    *claiming = (struct claiming){.on_done = on_done, .arg = arg};
    add_key(job, &claim_shard, key);
    db_job_int(job, interval_seconds);
    add_key(job, &load_members, key);
    db_pool_submit(pool, job, on_claimed, claiming);
}

/* Batches ------------------------------------------------------------------------------------------------- */

static const struct db_statement batch_begin = {
    "batch_begin",
    "SELECT batch_begin($1::int, $2::int, $3::bigint, $4::bigint)",
};

void db_shard_begin(struct db_job *job, const struct db_shard_key *key, int64_t epoch, int64_t batch_no)
{
    add_key(job, &batch_begin, key);
    db_job_int(job, epoch);
    db_job_int(job, batch_no);
}

static const struct db_statement advance = {
    "advance_shard",
    "UPDATE tracker_shard "
    "SET session_id = CASE WHEN $3::boolean THEN NULL ELSE coalesce($4::text, session_id) END, "
    "    resume_url = CASE WHEN $3::boolean THEN NULL ELSE coalesce($5::text, resume_url) END, "
    "    seq = nullif($6::bigint, -1), "
    "    proven_at = coalesce(to_timestamp(nullif($7::bigint, 0) / 1000.0), proven_at) "
    "WHERE shard_count = $1::int AND shard_id = $2::int",
};

void db_shard_advance(struct db_job *job, const struct db_shard_key *key,
                      const struct db_shard_progress *progress)
{
    add_key(job, &advance, key);
    db_job_bool(job, progress->forget_session);
    db_job_text(job, progress->session_id);
    db_job_text(job, progress->resume_url);
    db_job_int(job, progress->seq);
    db_job_int(job, progress->proven_ms);
}

/* After a lost reply -------------------------------------------------------------------------------------- */

static const struct db_statement read_shard = {
    "read_shard",
    "SELECT epoch, batch_no "
    "FROM tracker_shard "
    "WHERE shard_count = $1::int AND shard_id = $2::int",
};

struct reading {
    void (*on_done)(void *arg, bool ok, int64_t epoch, int64_t batch_no);
    void *arg;
};

static void on_read(void *arg, const struct db_outcome *outcome)
{
    const struct reading *const reading = arg;
    if (outcome->status == DB_OK && db_rows_count(outcome->rows[0]) == 1)
        reading->on_done(reading->arg, true, db_int(outcome->rows[0], 0, 0), db_int(outcome->rows[0], 0, 1));
    else
        reading->on_done(reading->arg, false, 0, 0);
}

void db_shard_read(struct db_pool *pool, const struct db_shard_key *key,
                   void (*on_done)(void *arg, bool ok, int64_t epoch, int64_t batch_no), void *arg)
{
    struct db_job *const job = db_job_create();
    struct reading *const reading = db_job_memory(job, sizeof(*reading));
    *reading = (struct reading){.on_done = on_done, .arg = arg};
    add_key(job, &read_shard, key);
    db_pool_submit(pool, job, on_read, reading);
}
