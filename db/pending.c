#include "db/pending.h"

#include "db/job.h"
#include "db/pool.h"
#include "infra/mem.h"

#include <stdlib.h>
#include <string.h>

#define LEASE "interval '15 seconds'"
/* Half a minute less than Discord's, for the answer has to be made. */
#define TOKEN_LIFE "interval '14 minutes 30 seconds'"
#define KEPT       "interval '15 minutes'"
/* Claims after which a request is left alone: it may be what crashes the workers. */
#define MAX_TRIES "32"

/* Recording ------------------------------------------------------------------------------------------------ */

static const struct db_statement record_pending = {
    "record_pending",
    "INSERT INTO interaction_pending (interaction_id, message_id, request, claimed_by, claimed_until) "
    "VALUES ($1::bigint, $2::bigint, $3::bytea, $4::bigint, now() + " LEASE ") "
    "ON CONFLICT DO NOTHING "
    "RETURNING interaction_id",
};

struct recording {
    void (*on_done)(void *arg, enum db_pending_recorded recorded);
    void *arg;
};

static void on_recorded(void *arg, const struct db_outcome *outcome)
{
    const struct recording *const recording = arg;
    enum db_pending_recorded recorded = DB_PENDING_REFUSED;
    if (outcome->status == DB_OK)
        recorded = db_rows_count(outcome->rows[0]) == 1 ? DB_PENDING_RECORDED : DB_PENDING_KNOWN;
    else if (outcome->status == DB_LOST)
        recorded = DB_PENDING_LOST;
    recording->on_done(recording->arg, recorded);
}

void db_pending_record(struct db_pool *pool, uint64_t worker, const struct db_pending_request *request,
                       void (*on_done)(void *arg, enum db_pending_recorded recorded), void *arg)
{
    struct db_job *const job = db_job_create();
    struct recording *const recording = db_job_memory(job, sizeof(*recording));
    *recording = (struct recording){.on_done = on_done, .arg = arg};
    db_job_statement(job, &record_pending);
    db_job_snowflake(job, request->interaction_id);
    db_job_snowflake_or_null(job, request->message_id);
    db_job_bytes(job, request->body, request->len);
    db_job_snowflake(job, worker);
    db_pool_submit(pool, job, on_recorded, recording);
}

/* Overtaking ----------------------------------------------------------------------------------------------- */

static const struct db_statement find_later_pending = {
    "find_later_pending",
    "SELECT EXISTS ( "
    "    SELECT "
    "    FROM interaction_pending "
    "    WHERE message_id = $1::bigint AND interaction_id > $2::bigint "
    ")",
};

/* In the job's memory. */
struct db_pending_look {
    void (*on_done)(void *arg, bool overtaken); /* NULL: cancelled */
    void *arg;
};

static void on_looked(void *arg, const struct db_outcome *outcome)
{
    const struct db_pending_look *const look = arg;
    if (look->on_done != NULL)
        look->on_done(look->arg, outcome->status == DB_OK && db_bool(outcome->rows[0], 0, 0));
}

struct db_pending_look *db_pending_is_overtaken(struct db_pool *pool, uint64_t interaction_id,
                                                uint64_t message_id, void (*on_done)(void *arg, bool overtaken),
                                                void *arg)
{
    struct db_job *const job = db_job_create();
    struct db_pending_look *const look = db_job_memory(job, sizeof(*look));
    *look = (struct db_pending_look){.on_done = on_done, .arg = arg};
    db_job_only_reads(job);
    db_job_statement(job, &find_later_pending);
    db_job_snowflake(job, message_id);
    db_job_snowflake(job, interaction_id);
    db_pool_submit(pool, job, on_looked, look);
    return look;
}

void db_pending_look_cancel(struct db_pending_look *look)
{
    look->on_done = NULL;
}

/* Settling ------------------------------------------------------------------------------------------------- */

static const struct db_statement close_pending = {
    "close_pending",
    "UPDATE interaction_pending "
    "SET done_at = now(), request = '', "
    "    message_id = CASE WHEN interaction_id <> ALL ($2::bigint[]) THEN message_id END "
    "WHERE interaction_id = ANY ($1::bigint[]) AND done_at IS NULL",
};

static const struct db_statement release_pending = {
    "release_pending",
    "UPDATE interaction_pending "
    "SET claimed_by = NULL, claimed_until = now() + $3::int * interval '1 second', tries = 0 "
    "WHERE interaction_id = ANY ($1::bigint[]) AND claimed_by = $2::bigint AND done_at IS NULL",
};

struct settling {
    void (*on_done)(void *arg, bool ok);
    void *arg;
};

static void on_settled(void *arg, const struct db_outcome *outcome)
{
    const struct settling *const settling = arg;
    settling->on_done(settling->arg, outcome->status == DB_OK);
}

static void add_ids(struct db_job *job, struct db_pending_ids ids)
{
    struct db_array array = {0};
    for (size_t i = 0; i < ids.n; i++)
        db_array_snowflake(&array, ids.ids[i]);
    db_job_array(job, &array);
}

void db_pending_settle(struct db_pool *pool, uint64_t worker, const struct db_pending_settling *settling,
                       void (*on_done)(void *arg, bool ok), void *arg)
{
    struct db_job *const job = db_job_create();
    struct settling *const waiting = db_job_memory(job, sizeof(*waiting));
    *waiting = (struct settling){.on_done = on_done, .arg = arg};
    db_job_statement(job, &close_pending);
    add_ids(job, settling->closed);
    add_ids(job, settling->unedited);
    if (settling->released.n > 0) {
        db_job_statement(job, &release_pending);
        add_ids(job, settling->released);
        db_job_snowflake(job, worker);
        db_job_int(job, settling->pause_seconds);
    }
    db_pool_submit(pool, job, on_settled, waiting);
}

/* Claiming ------------------------------------------------------------------------------------------------- */

static const struct db_statement renew_pending = {
    "renew_pending",
    "UPDATE interaction_pending "
    "SET claimed_until = now() + " LEASE " "
    "WHERE interaction_id = ANY ($1::bigint[]) AND claimed_by = $2::bigint AND done_at IS NULL",
};

/* Tried again, they would put the message back behind a later click that is answered already. Work that is under
 * way is not stopped by this. OFFSET: a lookup for each that is open, never a join with all rows. */
static const struct db_statement close_overtaken = {
    "close_overtaken",
    "WITH overtaken AS ( "
    "    SELECT interaction_id "
    "    FROM interaction_pending p "
    "    WHERE done_at IS NULL "
    "        AND EXISTS ( "
    "            SELECT "
    "            FROM interaction_pending later "
    "            WHERE later.message_id = p.message_id AND later.interaction_id > p.interaction_id "
    "            OFFSET 0) "
    "    FOR UPDATE SKIP LOCKED "
    ") "
    "UPDATE interaction_pending p "
    "SET done_at = now(), request = '' "
    "FROM overtaken "
    "WHERE p.interaction_id = overtaken.interaction_id",
};

/* Of two at once, the second skips what the first has locked, and looks anew at what the first has changed. */
static const struct db_statement claim_pending = {
    "claim_pending",
    "WITH free AS ( "
    "    SELECT interaction_id "
    "    FROM interaction_pending "
    "    WHERE done_at IS NULL AND received_at > now() - " TOKEN_LIFE " AND tries < " MAX_TRIES
    "        AND (claimed_until <= now() OR claimed_by = ANY ($2::bigint[])) "
    "    ORDER BY received_at "
    "    LIMIT $3::int "
    "    FOR UPDATE SKIP LOCKED "
    "), claimed AS ( "
    "    UPDATE interaction_pending p "
    "    SET claimed_by = $1::bigint, claimed_until = now() + " LEASE ", tries = tries + 1 "
    "    FROM free "
    "    WHERE p.interaction_id = free.interaction_id "
    "    RETURNING p.interaction_id, p.request, p.received_at "
    ") "
    "SELECT interaction_id, request, (extract(epoch FROM now() - received_at) * 1000)::bigint "
    "FROM claimed "
    "ORDER BY interaction_id",
};

struct claiming {
    void (*on_done)(void *arg, const struct db_pending_claimed *claimed, size_t n);
    void *arg;
};

static void on_claimed(void *arg, const struct db_outcome *outcome)
{
    const struct claiming *const claiming = arg;
    if (outcome->status != DB_OK) {
        claiming->on_done(claiming->arg, NULL, 0);
        return;
    }
    const struct pg_result *const rows = outcome->rows[2];
    const size_t n = (size_t)db_rows_count(rows);
    struct db_pending_claimed *const claimed = mem_alloc((n + 1) * sizeof(*claimed));
    char **const bodies = mem_alloc((n + 1) * sizeof(*bodies));
    for (size_t i = 0; i < n; i++) {
        bodies[i] = db_bytes(rows, (int)i, 1, &claimed[i].len);
        claimed[i].body = bodies[i];
        claimed[i].interaction_id = db_snowflake(rows, (int)i, 0);
        claimed[i].age_ms = db_int(rows, (int)i, 2);
    }
    claiming->on_done(claiming->arg, claimed, n);
    for (size_t i = 0; i < n; i++) {
        explicit_bzero(bodies[i], claimed[i].len); /* it has the token */
        free(bodies[i]);
    }
    free(bodies);
    free(claimed);
}

void db_pending_claim(struct db_pool *pool, uint64_t worker, const struct db_pending_claiming *claiming,
                      void (*on_done)(void *arg, const struct db_pending_claimed *claimed, size_t n), void *arg)
{
    struct db_job *const job = db_job_create();
    struct claiming *const waiting = db_job_memory(job, sizeof(*waiting));
    *waiting = (struct claiming){.on_done = on_done, .arg = arg};
    db_job_statement(job, &renew_pending);
    add_ids(job, claiming->owed);
    db_job_snowflake(job, worker);
    db_job_statement(job, &close_overtaken);
    db_job_statement(job, &claim_pending);
    db_job_snowflake(job, worker);
    add_ids(job, claiming->dead);
    db_job_int(job, claiming->limit);
    db_pool_submit(pool, job, on_claimed, waiting);
}

/* Purging -------------------------------------------------------------------------------------------------- */

/* An id begins with its time in ms since Discord's epoch. It is Discord's clock, but the key is an index: rows that
 * are not due are not looked at. */
static const struct db_statement purge_pending = {
    "purge_pending",
    "WITH old AS ( "
    "    DELETE FROM interaction_pending "
    "    WHERE received_at < now() - " KEPT " "
    "        AND interaction_id < "
    "            ((extract(epoch FROM now() - " KEPT ") * 1000)::bigint - 1420070400000) << 22 "
    "    RETURNING done_at "
    ") "
    "SELECT count(*) FILTER (WHERE done_at IS NULL) "
    "FROM old",
};

struct purging {
    void (*on_done)(void *arg, int64_t given_up);
    void *arg;
};

static void on_purged(void *arg, const struct db_outcome *outcome)
{
    const struct purging *const purging = arg;
    purging->on_done(purging->arg, outcome->status == DB_OK ? db_int(outcome->rows[0], 0, 0) : 0);
}

void db_pending_purge(struct db_pool *pool, void (*on_done)(void *arg, int64_t given_up), void *arg)
{
    struct db_job *const job = db_job_create();
    struct purging *const purging = db_job_memory(job, sizeof(*purging));
    *purging = (struct purging){.on_done = on_done, .arg = arg};
    db_job_statement(job, &purge_pending);
    db_pool_submit(pool, job, on_purged, purging);
}
