#include "db/pool.h"

#include "db/connect.h"
#include "db/job.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/metrics.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    MAX_IN_FLIGHT = 32,   /* jobs sent on one connection and not answered */
    FIRST_PAUSE_MS = 100, /* between two rounds of all addresses; doubles */
    LAST_PAUSE_MS = 2000, /* well below the time after which another tracker takes a silent one's shard */
    SILENCE_MS = 5000,    /* beyond statement_timeout: the server or the network is gone */
    LOOK_AGAIN_MS = 2000, /* at tables that are older than the program */
    MAX_PREPARED = 64,
};

/* As SQL calls the error of a write where there are only reads: the server is no primary, or not any more. */
static const char read_only_transaction[] = "25006";
static const char undefined_table[] = "42P01";

/* PAUSING -> CONNECTING -> READY, and from each back to PAUSING. */
enum connection_state { PAUSING, CONNECTING, READY };

struct connection {
    struct db_pool *pool;
    enum connection_state state;
    struct db_connecting *connecting;
    size_t address; /* where to begin: the one that worked last */
    int rounds;     /* in a row without an answer */
    PGconn *pg;
    struct loop_watch *watch;
    struct loop_timer *timer; /* PAUSING: the next round; READY: silence, while jobs are in flight */
    struct db_job *jobs;      /* sent and not answered */
    int in_flight;
    bool greeting;           /* READY, but for the pool's own jobs only */
    struct loop_timer *look; /* of the greeting: until the tables are looked at again */
    bool read_only;          /* a job was refused for that */
    const struct db_statement *prepared[MAX_PREPARED]; /* in the order sent; */
    int n_prepared, n_confirmed;                       /* the server has answered for the first n_confirmed */
};

struct db_pool {
    struct loop *loop;
    struct db_pool_config config;
    char *url, *application_name;
    struct connection *connections;
    int64_t n_made; /* connections that ever were ready */
    struct db_job *waiting;
    int n_waiting;
    struct db_job *refused;            /* to be told in the next turn */
    struct loop_timer *next_turn;      /* set while this turn submitted anything */
    bool told_old;                     /* that the tables are older than the program */
    const struct db_statement *listen; /* NULL: nobody listens */
    void (*on_notify)(void *arg, const char *payload);
    void *on_notify_arg;
    char error[256];
    struct buffer told; /* failures warned of since the database answered last: db_connect_is_news() */
};

static void start_connecting(void *arg);
static void on_schema(void *arg, const struct db_outcome *outcome);
static void send_waiting(struct db_pool *pool);

/* Ending jobs --------------------------------------------------------------------------------------------- */

static void end_job(struct db_job *job, enum db_status status)
{
    loop_cancel(job->expiry);
    job->expiry = NULL;
    const struct db_outcome outcome = {
        .status = status,
        .sqlstate = {job->sqlstate[0], job->sqlstate[1], job->sqlstate[2], job->sqlstate[3], job->sqlstate[4]},
        .rows = job->results,
        .n_rows = job->n_results,
    };
    job->on_done(job->arg, &outcome);
    db_job_destroy(job);
}

static struct db_job *take_first(struct connection *c)
{
    struct db_job *const job = c->jobs;
    DL_DELETE(c->jobs, job);
    c->in_flight--;
    return job;
}

static void try_later(struct connection *c)
{
    c->state = PAUSING;
    int64_t ms = FIRST_PAUSE_MS;
    for (int i = 0; i < c->rounds && ms < LAST_PAUSE_MS; i++)
        ms *= 2;
    c->rounds++;
    c->timer = loop_after(c->pool->loop, ms < LAST_PAUSE_MS ? ms : LAST_PAUSE_MS, start_connecting, c);
}

static void on_expiry(void *arg);

static void wait_for_connection(struct db_pool *pool, struct db_job *job)
{
    pool->n_waiting++;
    job->expiry = loop_after(pool->loop, pool->config.max_wait_ms, on_expiry, job);
}

/* As if it had not been sent. The other connections may be as broken, and not know it yet. */
static void begin_anew(struct db_pool *pool, struct db_job *job)
{
    for (int i = 0; i < job->n_results; i++)
        PQclear(job->results[i]);
    job->n_results = 0;
    job->preparing = 0;
    job->failed = false;
    job->sqlstate[0] = '\0';
    job->repeated = true;
    job->after = pool->n_made;
    wait_for_connection(pool, job);
}

/* What only reads may be asked again, before all that waits; what becomes of the others is unknown. */
static void lose_jobs(struct connection *c)
{
    struct db_pool *const pool = c->pool;
    struct db_job *again = NULL, *lost = NULL;
    while (c->jobs != NULL) {
        struct db_job *const job = take_first(c);
        if (job->only_reads && !job->repeated) {
            begin_anew(pool, job);
            DL_APPEND(again, job);
        } else {
            DL_APPEND(lost, job);
        }
    }
    DL_CONCAT(again, pool->waiting);
    pool->waiting = again;
    while (lost != NULL) {
        struct db_job *const job = lost;
        DL_DELETE(lost, job);
        end_job(job, DB_LOST);
    }
}

/* A broken connection: the next one comes after a pause. */
static void drop(struct connection *c, const char *why)
{
    /* One that never answered is in the place of a database that is away: of it, too, once is enough. */
    const bool is_news = db_connect_is_news(&c->pool->told, why) || c->rounds == 0;
    log_line(is_news ? LOG_WARN : LOG_DEBUG, "database_lost", "in_flight=%d error=%s", c->in_flight,
             log_quote(why));
    loop_unwatch(c->watch);
    c->watch = NULL;
    loop_cancel(c->timer);
    loop_cancel(c->look);
    c->look = NULL;
    PQfinish(c->pg);
    c->pg = NULL;
    if (c->state == READY)
        metrics_add(c->pool->config.metric, -1);
    try_later(c);
    lose_jobs(c);
}

/* Answers ------------------------------------------------------------------------------------------------- */

static void on_silence(void *arg)
{
    struct connection *const c = arg;
    c->timer = NULL;
    drop(c, "the server does not answer");
}

/* While jobs are in flight the server has a time in which something must come. */
static void watch_silence(struct connection *c)
{
    loop_cancel(c->timer);
    c->timer = c->jobs == NULL ? NULL
                               : loop_after(c->pool->loop, c->pool->config.statement_timeout_ms + SILENCE_MS,
                                            on_silence, c);
}

static void take_error(struct connection *c, struct db_job *job, const PGresult *result)
{
    const char *const sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *const words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (job->failed)
        return; /* what follows from the first error */
    job->failed = true;
    snprintf(job->sqlstate, sizeof(job->sqlstate), "%s", sqlstate != NULL ? sqlstate : "");
    if (job->on_done == on_schema && strcmp(job->sqlstate, undefined_table) == 0)
        return; /* which has words of its own for it */
    const int i = job->preparing > 0 ? -1 : job->n_results;
    log_error("statement_failed", "statement=%s sqlstate=%s error=%s",
              i >= 0 && i < job->n_statements ? job->statements[i].statement->name : "prepare", job->sqlstate,
              log_quote(words != NULL ? words : PQerrorMessage(c->pg)));
}

/* Answers to PREPARE come in the order sent. A statement that failed must not be taken for a prepared one. */
static void confirm_prepared(struct connection *c, bool ok)
{
    if (ok) {
        c->n_confirmed++;
        return;
    }
    c->n_prepared--;
    for (int i = c->n_confirmed; i < c->n_prepared; i++)
        c->prepared[i] = c->prepared[i + 1];
}

static void take_sync(struct connection *c)
{
    struct db_job *const job = c->jobs;
    if (job->preparing > 0) {
        job->preparing--;
        return;
    }
    take_first(c);
    watch_silence(c);
    c->rounds = 0;
    buffer_finish(&c->pool->told);
    c->read_only = c->read_only || strcmp(job->sqlstate, read_only_transaction) == 0;
    end_job(job, job->failed ? DB_FAILED : DB_OK);
}

/* One result of the first job in flight. Takes the result. */
static void take_result(struct connection *c, PGresult *result)
{
    struct db_job *const job = c->jobs;
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC) {
        PQclear(result);
        take_sync(c);
        return;
    }
    const bool ok = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (!ok && status != PGRES_PIPELINE_ABORTED)
        take_error(c, job, result);
    if (job->preparing > 0)
        confirm_prepared(c, ok);
    if (job->preparing == 0 && job->n_results < job->n_statements)
        job->results[job->n_results++] = result;
    else
        PQclear(result);
}

static bool read_results(struct connection *c)
{
    int nulls = 0; /* one ends each statement's results; more in a row mean that we and libpq disagree */
    while (c->state == READY && c->jobs != NULL && !PQisBusy(c->pg)) {
        PGresult *const result = PQgetResult(c->pg);
        if (result != NULL) {
            nulls = 0;
            take_result(c, result);
        } else if (++nulls > 2) {
            return false;
        }
    }
    return true;
}

static void read_notifications(struct connection *c)
{
    PGnotify *notification;
    while (c->state == READY && (notification = PQnotifies(c->pg)) != NULL) {
        const struct db_pool *const pool = c->pool;
        pool->on_notify(pool->on_notify_arg, notification->extra);
        PQfreemem(notification);
    }
}

static void flush(struct connection *c)
{
    const int left = PQflush(c->pg);
    if (left < 0)
        drop(c, PQerrorMessage(c->pg));
    else
        loop_watch_set(c->watch, LOOP_READ | (left > 0 ? LOOP_WRITE : 0));
}

static void on_ready(void *arg, unsigned events)
{
    struct connection *const c = arg;
    if ((events & LOOP_READ) != 0) {
        if (PQconsumeInput(c->pg) != 1) {
            drop(c, PQerrorMessage(c->pg));
            return;
        }
        watch_silence(c);
        if (!read_results(c)) {
            drop(c, "out of step with the server");
            return;
        }
        read_notifications(c);
        if (c->state == READY && c->read_only) {
            c->address++; /* where target_session_attrs does not say so, this one would be taken again */
            drop(c, "the server takes no writes");
        }
    }
    if (c->state != READY)
        return;
    flush(c);
    send_waiting(c->pool);
}

/* Sending ------------------------------------------------------------------------------------------------- */

/* Each with a sync of its own, so that the failure of a job's statement cannot undo it. */
static bool prepare(struct connection *c, struct db_job *job, const struct db_statement *statement)
{
    for (int i = 0; i < c->n_prepared; i++) {
        if (c->prepared[i] == statement)
            return true;
    }
    if (c->n_prepared == MAX_PREPARED)
        abort(); /* more statements in the program than this file was built for */
    c->prepared[c->n_prepared++] = statement;
    job->preparing++;
    return PQsendPrepare(c->pg, statement->name, statement->sql, 0, NULL) == 1 && PQpipelineSync(c->pg) == 1;
}

/* The server would keep its answers until the sync, silent for as long as all statements together take. */
static bool send_statement(struct connection *c, const struct db_job *job, int i)
{
    const struct job_statement *const s = &job->statements[i];
    return PQsendQueryPrepared(c->pg, s->statement->name, s->n_params,
                               (const char *const *)(job->params + s->first_param),
                               job->lengths + s->first_param, job->formats + s->first_param, 0) == 1 &&
           (i + 1 == job->n_statements || PQsendFlushRequest(c->pg) == 1);
}

static void send_job(struct connection *c, struct db_job *job)
{
    loop_cancel(job->expiry);
    job->expiry = NULL;
    DL_APPEND(c->jobs, job);
    c->in_flight++;
    bool ok = true;
    for (int i = 0; ok && i < job->n_statements; i++)
        ok = prepare(c, job, job->statements[i].statement);
    for (int i = 0; ok && i < job->n_statements; i++)
        ok = send_statement(c, job, i);
    if (!ok || PQpipelineSync(c->pg) != 1) {
        drop(c, PQerrorMessage(c->pg));
        return;
    }
    if (c->timer == NULL)
        watch_silence(c);
    flush(c);
}

/* The one with the least to do, or NULL where none has room. */
static struct connection *pick(const struct db_pool *pool)
{
    struct connection *best = NULL;
    for (int i = 0; i < pool->config.connections; i++) {
        struct connection *const c = &pool->connections[i];
        if (c->state == READY && !c->greeting && c->in_flight < MAX_IN_FLIGHT &&
            (best == NULL || c->in_flight < best->in_flight))
            best = c;
    }
    return best;
}

static void send_waiting(struct db_pool *pool)
{
    struct db_job *job, *next;
    DL_FOREACH_SAFE(pool->waiting, job, next)
    {
        if (job->after == pool->n_made)
            continue;
        struct connection *const c = pick(pool);
        if (c == NULL)
            return;
        DL_DELETE(pool->waiting, job);
        pool->n_waiting--;
        send_job(c, job);
    }
}

static void on_expiry(void *arg)
{
    struct db_job *const job = arg;
    struct db_pool *const pool = job->pool;
    job->expiry = NULL;
    DL_DELETE(pool->waiting, job);
    pool->n_waiting--;
    log_warn("database_unavailable", "waited_ms=%lld", (long long)pool->config.max_wait_ms);
    end_job(job, DB_UNAVAILABLE);
}

static void on_next_turn(void *arg)
{
    struct db_pool *const pool = arg;
    pool->next_turn = NULL;
    struct db_job *refused = pool->refused;
    pool->refused = NULL;
    send_waiting(pool);
    while (refused != NULL) {
        struct db_job *const job = refused;
        DL_DELETE(refused, job);
        end_job(job, DB_UNAVAILABLE);
    }
}

void db_pool_submit(struct db_pool *pool, struct db_job *job,
                    void (*on_done)(void *arg, const struct db_outcome *outcome), void *arg)
{
    job->pool = pool;
    job->on_done = on_done;
    job->arg = arg;
    job->results = mem_alloc(sizeof(*job->results) * (size_t)job->n_statements);
    if (pool->n_waiting >= pool->config.max_waiting) {
        DL_APPEND(pool->refused, job);
    } else {
        DL_APPEND(pool->waiting, job);
        wait_for_connection(pool, job);
    }
    /* Sent from the next turn: a failing send calls back, and no callback may run inside this call. It also
     * collects what one turn asks for. */
    if (pool->next_turn == NULL)
        pool->next_turn = loop_after(pool->loop, 0, on_next_turn, pool);
}

/* Greeting: the first jobs of a new connection, for which all others wait --------------------------------- */

static void greet(struct connection *c, struct db_job *job, void (*on_done)(void *, const struct db_outcome *))
{
    job->pool = c->pool;
    job->on_done = on_done;
    job->arg = c;
    job->results = mem_alloc(sizeof(*job->results) * (size_t)job->n_statements);
    send_job(c, job);
}

static void end_greeting(struct connection *c)
{
    c->greeting = false;
    c->pool->n_made++;
}

/* A refusal is logged, and whoever waits goes on without. */
static void on_listening(void *arg, const struct db_outcome *outcome)
{
    struct connection *const c = arg;
    const struct db_pool *const pool = c->pool;
    if (outcome->status == DB_LOST)
        return;
    end_greeting(c);
    pool->on_notify(pool->on_notify_arg, NULL);
}

static void listen_if_first(struct connection *c)
{
    const struct db_pool *const pool = c->pool;
    if (pool->listen == NULL || c != &pool->connections[0]) {
        end_greeting(c);
        return;
    }
    struct db_job *const job = db_job_create();
    db_job_statement(job, pool->listen);
    greet(c, job, on_listening);
}

static const struct db_statement find_migration = {
    "find_migration",
    "SELECT FROM schema_migration WHERE name = $1::text",
};

static void look_at_schema(void *arg);

/* Where it cannot be looked at, for lack of a right say (logged), it may well be there. */
static void on_schema(void *arg, const struct db_outcome *outcome)
{
    struct connection *const c = arg;
    struct db_pool *const pool = c->pool;
    if (outcome->status == DB_LOST)
        return;
    const bool unseen = strcmp(outcome->sqlstate, undefined_table) == 0;
    const bool old = unseen || (outcome->status == DB_OK && db_rows_count(outcome->rows[0]) == 0);
    if (!old) {
        listen_if_first(c);
        return;
    }
    const char *const advice =
        unseen ? "run tracker --migrate; where that was done, this role may not use the schema "
                 "of the tables, or its search_path does not name it; this program waits"
               : "run tracker --migrate; this program waits for it";
    if (!pool->told_old)
        log_error("schema_old", "lacks=%s advice=%s", pool->config.migration, log_quote(advice));
    pool->told_old = true;
    c->look = loop_after(pool->loop, LOOK_AGAIN_MS, look_at_schema, c);
}

static void look_at_schema(void *arg)
{
    struct connection *const c = arg;
    c->look = NULL;
    struct db_job *const job = db_job_create();
    db_job_statement(job, &find_migration);
    db_job_text(job, c->pool->config.migration);
    greet(c, job, on_schema);
}

static void begin_greeting(struct connection *c)
{
    c->greeting = true;
    if (c->pool->config.migration != NULL)
        look_at_schema(c);
    else
        listen_if_first(c);
}

/* Connecting ---------------------------------------------------------------------------------------------- */

static void on_notice(void *arg, const char *words)
{
    (void)arg;
    log_debug("database_notice", "words=%s", log_quote(words));
}

static void become_ready(struct connection *c)
{
    if (PQsetnonblocking(c->pg, 1) != 0 || PQenterPipelineMode(c->pg) != 1) {
        drop(c, PQerrorMessage(c->pg));
        return;
    }
    PQsetNoticeProcessor(c->pg, on_notice, NULL);
    c->state = READY;
    metrics_add(c->pool->config.metric, 1);
    c->read_only = false;
    c->n_prepared = c->n_confirmed = 0;
    c->watch = loop_watch(c->pool->loop, PQsocket(c->pg), LOOP_READ, on_ready, c);
    log_info("database_connected", "host=%s port=%s server_version=%d", log_quote(PQhost(c->pg)), PQport(c->pg),
             PQserverVersion(c->pg));
    begin_greeting(c);
    send_waiting(c->pool);
}

static void on_connected(void *arg, PGconn *pg, size_t address, const char *error)
{
    struct connection *const c = arg;
    c->connecting = NULL;
    c->pg = pg;
    if (pg == NULL) {
        snprintf(c->pool->error, sizeof(c->pool->error), "%s", error);
        try_later(c);
    } else {
        c->address = address;
        become_ready(c);
    }
}

static void start_connecting(void *arg)
{
    struct connection *const c = arg;
    struct db_pool *const pool = c->pool;
    const struct db_connect_config config = {
        .url = pool->url,
        .application_name = pool->application_name,
        .statement_timeout_ms = pool->config.statement_timeout_ms,
        .first = c->address,
        .told = &pool->told,
    };
    c->timer = NULL;
    c->state = CONNECTING;
    c->connecting = db_connect_start(pool->loop, &config, on_connected, c);
}

/* The pool ------------------------------------------------------------------------------------------------ */

struct db_pool *db_pool_create(struct loop *loop, const struct db_pool_config *config)
{
    struct db_pool *const pool = mem_alloc(sizeof(*pool));
    pool->loop = loop;
    pool->config = *config;
    pool->url = mem_strdup(config->url);
    pool->application_name = mem_strdup(config->application_name);
    pool->connections = mem_alloc(sizeof(*pool->connections) * (size_t)config->connections);
    for (int i = 0; i < config->connections; i++) {
        struct connection *const c = &pool->connections[i];
        c->pool = pool;
        c->timer = loop_after(loop, 0, start_connecting, c);
    }
    return pool;
}

static void destroy_jobs(struct db_job *jobs)
{
    struct db_job *job, *next;
    DL_FOREACH_SAFE(jobs, job, next)
    db_job_destroy(job);
}

void db_pool_destroy(struct db_pool *pool)
{
    if (pool == NULL)
        return;
    for (int i = 0; i < pool->config.connections; i++) {
        struct connection *const c = &pool->connections[i];
        loop_unwatch(c->watch);
        loop_cancel(c->timer);
        loop_cancel(c->look);
        db_connect_cancel(c->connecting);
        PQfinish(c->pg);
        destroy_jobs(c->jobs);
    }
    loop_cancel(pool->next_turn);
    destroy_jobs(pool->waiting);
    destroy_jobs(pool->refused);
    buffer_finish(&pool->told);
    free(pool->connections);
    free(pool->application_name);
    free(pool->url);
    free(pool);
}

void db_pool_listen(struct db_pool *pool, const struct db_statement *listen,
                    void (*on_notify)(void *arg, const char *payload), void *arg)
{
    pool->listen = listen;
    pool->on_notify = on_notify;
    pool->on_notify_arg = arg;
}

const char *db_pool_error(const struct db_pool *pool)
{
    return pool->error;
}

bool db_pool_ready(const struct db_pool *pool)
{
    for (int i = 0; i < pool->config.connections; i++) {
        if (pool->connections[i].state == READY && !pool->connections[i].greeting)
            return true;
    }
    return false;
}
