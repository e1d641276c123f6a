#include "db/shard.h"

#include "db/job.h"
#include "db/pool.h"

static void add_key(struct db_job *job, const struct db_statement *statement, const struct db_shard_key *key)
{
    db_job_statement(job, statement);
    db_job_int(job, key->shard_count);
    db_job_int(job, key->shard_id);
}

/* Waiting ------------------------------------------------------------------------------------------------- */

/* The key of a shard's lock: a class of ours, which holds the count, and the id. */
#define LOCK_CLASS "(1447231488 + $1::int)" /* 0x5643 in the upper half; SHARDS_MAX fits into the lower one */

/* Locks of a session stack: one that we have is not taken again. objsubid 2: a key of two numbers. */
static const struct db_statement look_at_shard = {
    "look_at_shard",
    "WITH held AS ("
    "    SELECT l.classid::bigint, l.objid::bigint, l.pid "
    "    FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database() "
    "    WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted "
    "    AND l.classid::bigint BETWEEN 1447231488 AND 1447231488 + 65535) "
    "SELECT CASE WHEN EXISTS (SELECT FROM held WHERE classid = " LOCK_CLASS " AND objid = $2::int) "
    "            THEN EXISTS (SELECT FROM held WHERE classid = " LOCK_CLASS " AND objid = $2::int "
    "                                            AND pid = pg_backend_pid()) "
    "            ELSE pg_try_advisory_lock(" LOCK_CLASS ", $2::int) END, "
    "       EXISTS (SELECT FROM held WHERE classid <> " LOCK_CLASS "), "
    "       now() - pg_postmaster_start_time() < interval '30 seconds', t.epoch, t.batch_no, t.interval_seconds "
    "FROM (VALUES (1)) AS one(row) LEFT JOIN tracker_shard t ON t.shard_count = $1::int AND t.shard_id = $2::int",
};

struct looking {
    void (*on_done)(void *arg, const struct db_shard_look *look);
    void *arg;
};

static void on_looked(void *arg, const struct db_outcome *outcome)
{
    const struct looking *const looking = arg;
    if (outcome->status != DB_OK) {
        looking->on_done(looking->arg, NULL);
        return;
    }
    const struct pg_result *const rows = outcome->rows[0];
    const struct db_shard_look look = {
        .locked = db_bool(rows, 0, 0),
        .other_count = db_bool(rows, 0, 1),
        .young = db_bool(rows, 0, 2),
        .epoch = db_int(rows, 0, 3),
        .batch_no = db_int(rows, 0, 4),
        .interval_seconds = db_int(rows, 0, 5),
    };
    looking->on_done(looking->arg, &look);
}

void db_shard_look(struct db_pool *pool, const struct db_shard_key *key,
                   void (*on_done)(void *arg, const struct db_shard_look *look), void *arg)
{
    struct db_job *const job = db_job_create();
    struct looking *const looking = db_job_memory(job, sizeof(*looking));
    *looking = (struct looking){.on_done = on_done, .arg = arg};
    add_key(job, &look_at_shard, key);
    db_pool_submit(pool, job, on_looked, looking);
}

static const struct db_statement let_go_of_shard = {
    "let_go_of_shard",
    "SELECT pg_advisory_unlock(" LOCK_CLASS ", $2::int)",
};

/* If it does not come through, the lock went with the connection. */
static void on_let_go(void *arg, const struct db_outcome *outcome)
{
    (void)arg;
    (void)outcome;
}

void db_shard_let_go(struct db_pool *pool, const struct db_shard_key *key)
{
    struct db_job *const job = db_job_create();
    add_key(job, &let_go_of_shard, key);
    db_pool_submit(pool, job, on_let_go, NULL);
}

/* Claiming ------------------------------------------------------------------------------------------------ */

static const struct db_statement claim_shard = {
    "claim_shard",
    "SELECT epoch, batch_no, session_id, resume_url, seq, floor(extract(epoch FROM proven_at) * 1000)::bigint "
    "FROM claim_shard($1::int, $2::int, $3::bigint, $4::bigint, $5::int, $6::text)",
};

/* Runs behind the claim in the same transaction: the row's lock has then been waited for, and what the owner before us
 * committed last is seen. */
static const struct db_statement part_members = {
    "part_members",
    "SELECT guild_id "
    "FROM (SELECT guild_id, row_number() OVER (ORDER BY guild_id) AS n "
    "      FROM voice_presence WHERE (guild_id >> 22) % $1::int = $2::int) AS present "
    "WHERE n % 50000 = 0 "
    "ORDER BY guild_id",
};

/* Behind all that takes long: what it says is still true when it arrives. */
static const struct db_statement read_clock = {
    "read_clock",
    "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
};

enum { CLAIMED, PARTED, CLOCK_READ };

/* The last part has no end: there may be sessions of servers without presence. */
size_t db_shard_claim_parts(const struct db_shard_claim *claim)
{
    return (size_t)db_rows_count(claim->part_ends) + 1;
}

uint64_t db_shard_claim_part_end(const struct db_shard_claim *claim, size_t i)
{
    return i + 1 < db_shard_claim_parts(claim) ? db_snowflake(claim->part_ends, (int)i, 0) : INT64_MAX;
}

struct claiming {
    void (*on_done)(void *arg, const struct db_shard_claim *claim, const char *sqlstate);
    void *arg;
};

static void on_claimed(void *arg, const struct db_outcome *outcome)
{
    const struct claiming *const claiming = arg;
    if (outcome->status != DB_OK) {
        claiming->on_done(claiming->arg, NULL, outcome->sqlstate);
    } else {
        const struct pg_result *const shard = outcome->rows[CLAIMED];
        const struct db_shard_claim claim = {
            .epoch = db_int(shard, 0, 0),
            .batch_no = db_int(shard, 0, 1),
            .session_id = db_text(shard, 0, 2),
            .resume_url = db_text(shard, 0, 3),
            .seq = db_is_null(shard, 0, 4) ? -1 : db_int(shard, 0, 4),
            .proven_ms = db_int(shard, 0, 5),
            .now_ms = db_int(outcome->rows[CLOCK_READ], 0, 0),
            .part_ends = outcome->rows[PARTED],
        };
        claiming->on_done(claiming->arg, &claim, "");
    }
}

void db_shard_claim(struct db_pool *pool, const struct db_shard_taking *taking,
                    void (*on_done)(void *arg, const struct db_shard_claim *claim, const char *sqlstate),
                    void *arg)
{
    struct db_job *const job = db_job_create();
    struct claiming *const claiming = db_job_memory(job, sizeof(*claiming));
    *claiming = (struct claiming){.on_done = on_done, .arg = arg};
    add_key(job, &claim_shard, &taking->key);
    db_job_int(job, taking->seen->epoch);
    db_job_int(job, taking->seen->batch_no);
    db_job_int(job, taking->interval_seconds);
    db_job_text(job, taking->reason);
    add_key(job, &part_members, &taking->key);
    db_job_statement(job, &read_clock);
    db_pool_submit(pool, job, on_claimed, claiming);
}

/* Loading ------------------------------------------------------------------------------------------------- */

/* Which servers are the shard's is Discord's formula: a server's own row need not be there, and what is open but not known
 * would stay open for ever. */
#define IS_OF_PART "guild_id > $3::bigint AND guild_id <= $4::bigint AND (guild_id >> 22) % $1::int = $2::int"
static const struct db_statement load_members = {
    "load_members",
    "SELECT guild_id, user_id, coalesce(p.channel_id, s.channel_id), s.session_id, "
    "       extract(epoch FROM s.started_at)::bigint "
    "FROM (SELECT * FROM voice_presence WHERE " IS_OF_PART ") AS p "
    "FULL JOIN (SELECT * FROM voice_session WHERE ended_at IS NULL AND " IS_OF_PART ") AS s "
    "USING (guild_id, user_id) "
    "ORDER BY guild_id, user_id",
};

struct loading {
    void (*on_done)(void *arg, const struct pg_result *members);
    void *arg;
};

struct db_shard_member db_shard_member(const struct pg_result *members, int i)
{
    return (struct db_shard_member){
        .guild_id = db_snowflake(members, i, 0),
        .user_id = db_snowflake(members, i, 1),
        .channel_id = db_snowflake(members, i, 2),
        .session_id = db_snowflake(members, i, 3),
        .started_at = db_int(members, i, 4),
    };
}

static void on_loaded(void *arg, const struct db_outcome *outcome)
{
    const struct loading *const loading = arg;
    loading->on_done(loading->arg, outcome->status == DB_OK ? outcome->rows[0] : NULL);
}

void db_shard_load(struct db_pool *pool, const struct db_shard_key *key, uint64_t after, uint64_t until,
                   void (*on_done)(void *arg, const struct pg_result *members), void *arg)
{
    struct db_job *const job = db_job_create();
    struct loading *const loading = db_job_memory(job, sizeof(*loading));
    *loading = (struct loading){.on_done = on_done, .arg = arg};
    add_key(job, &load_members, key);
    db_job_snowflake(job, after);
    db_job_snowflake(job, until);
    db_pool_submit(pool, job, on_loaded, loading);
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

static const struct db_statement watch_begin = {
    "watch_begin",
    "INSERT INTO shard_coverage (shard_count, shard_id, from_at) "
    "VALUES ($1::int, $2::int, to_timestamp($3::bigint / 1000.0)) "
    "ON CONFLICT DO NOTHING",
};

void db_shard_watch_begin(struct db_job *job, const struct db_shard_key *key, int64_t from_ms)
{
    add_key(job, &watch_begin, key);
    db_job_int(job, from_ms);
}

static const struct db_statement watch_end = {
    "watch_end",
    "UPDATE shard_coverage "
    "SET to_at = greatest(from_at, to_timestamp($3::bigint / 1000.0)), end_reason = $4::text "
    "WHERE shard_count = $1::int AND shard_id = $2::int AND to_at IS NULL",
};

void db_shard_watch_end(struct db_job *job, const struct db_shard_key *key, int64_t to_ms, const char *reason)
{
    add_key(job, &watch_end, key);
    db_job_int(job, to_ms);
    db_job_text(job, reason);
}

static const struct db_statement advance = {
    "advance_shard",
    "UPDATE tracker_shard "
    "SET session_id = CASE WHEN $3::boolean THEN NULL ELSE coalesce($4::text, session_id) END, "
    "    resume_url = CASE WHEN $3::boolean THEN NULL ELSE coalesce($5::text, resume_url) END, "
    "    seq = nullif($6::bigint, -1), "
    "    proven_at = coalesce(to_timestamp(nullif($7::bigint, 0) / 1000.0), proven_at) "
    "WHERE shard_count = $1::int AND shard_id = $2::int "
    "RETURNING floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
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

int64_t db_shard_advanced_at(const struct db_outcome *outcome)
{
    return db_int(outcome->rows[outcome->n_rows - 1], 0, 0);
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
