#include "db/connection.h"

#include "db/connect.h"
#include "db/job_inside.h"
#include "db/pool.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/metrics.h"

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
    FLUSH_EVERY = 16,     /* statements of a long job; of a short one, each */
    MAX_PREPARED = 64,
};

/* As SQL calls the error of a write where there are only reads: the server is no primary, or not any more. */
static const char read_only_transaction[] = "25006";
static const char undefined_table[] = "42P01";

/* GREETING takes the connection's own jobs only. From each back to PAUSING. */
enum connection_state { PAUSING, CONNECTING, GREETING, READY };

struct db_connection {
    struct db_connection_config config;
    enum connection_state state;
    struct db_connecting *connecting;
    size_t address; /* where to begin: the one that worked last */
    int rounds;     /* in a row without an answer */
    PGconn *pg;
    struct loop_watch *watch;
    struct loop_timer *timer; /* PAUSING: the next round; later: silence, while jobs are in flight */
    struct loop_timer *look;  /* GREETING: until the tables are looked at again */
    struct db_job *jobs;      /* sent and not answered */
    int in_flight;
    bool read_only;                                    /* a job was refused for that */
    const struct db_statement *prepared[MAX_PREPARED]; /* in the order sent; */
    int n_prepared, n_confirmed;                       /* the server has answered for the first n_confirmed */
};

static void start_connecting(void *arg);

static bool is_up(const struct db_connection *c)
{
    return c->state == GREETING || c->state == READY;
}

/* Losing it ----------------------------------------------------------------------------------------------- */

static void try_later(struct db_connection *c)
{
    c->state = PAUSING;
    int64_t ms = FIRST_PAUSE_MS;
    for (int i = 0; i < c->rounds && ms < LAST_PAUSE_MS; i++)
        ms *= 2;
    c->rounds++;
    c->timer = loop_after(c->config.loop, ms < LAST_PAUSE_MS ? ms : LAST_PAUSE_MS, start_connecting, c);
}

static struct db_job *take_first(struct db_connection *c)
{
    struct db_job *const job = c->jobs;
    DL_DELETE(c->jobs, job);
    c->in_flight--;
    return job;
}

/* What only reads may be asked again, once; what became of the others is unknown. */
static void lose_jobs(struct db_connection *c)
{
    struct db_job *unread = NULL, *lost = NULL;
    while (c->jobs != NULL) {
        struct db_job *const job = take_first(c);
        if (job->only_reads && !job->repeated) {
            db_job_begin_again(job);
            job->repeated = true;
            DL_APPEND(unread, job);
        } else {
            DL_APPEND(lost, job);
        }
    }
    if (unread != NULL)
        c->config.on_unread(c->config.arg, unread);
    while (lost != NULL) {
        struct db_job *const job = lost;
        DL_DELETE(lost, job);
        db_job_end(job, DB_LOST);
    }
}

/* A broken connection: the next one comes after a pause. */
static void drop(struct db_connection *c, const char *why)
{
    /* One that never answered is in the place of a database that is away: of it, too, once is enough. */
    const bool is_news = db_connect_is_news(&c->config.told->failures, why) || c->rounds == 0;
    log_line(is_news ? LOG_WARN : LOG_DEBUG, "database_lost", "in_flight=%d error=%s", c->in_flight,
             log_quote(why));
    loop_unwatch(c->watch);
    c->watch = NULL;
    loop_cancel(c->timer);
    loop_cancel(c->look);
    c->look = NULL;
    PQfinish(c->pg);
    c->pg = NULL;
    if (is_up(c))
        metrics_add(c->config.pool->metric, -1);
    try_later(c);
    lose_jobs(c);
}

/* Answers ------------------------------------------------------------------------------------------------- */

static void on_silence(void *arg)
{
    struct db_connection *const c = arg;
    c->timer = NULL;
    drop(c, "the server does not answer");
}

/* While jobs are in flight the server has a time in which something must come. */
static void watch_silence(struct db_connection *c)
{
    loop_cancel(c->timer);
    c->timer = c->jobs == NULL ? NULL
                               : loop_after(c->config.loop, c->config.pool->statement_timeout_ms + SILENCE_MS,
                                            on_silence, c);
}

static void take_error(struct db_connection *c, struct db_job *job, const PGresult *result)
{
    const char *const sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *const words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (job->failed)
        return; /* what follows from the first error */
    job->failed = true;
    snprintf(job->sqlstate, sizeof(job->sqlstate), "%s", sqlstate != NULL ? sqlstate : "");
    if (job->expected_sqlstate != NULL && strcmp(job->sqlstate, job->expected_sqlstate) == 0)
        return;
    const int i = job->preparing > 0 ? -1 : job->n_results;
    log_error("statement_failed", "statement=%s sqlstate=%s error=%s",
              i >= 0 && i < job->n_statements ? job->statements[i].statement->name : "prepare", job->sqlstate,
              log_quote(words != NULL ? words : PQerrorMessage(c->pg)));
}

/* Answers to PREPARE come in the order sent. A statement that failed must not be taken for a prepared one. */
static void confirm_prepared(struct db_connection *c, bool ok)
{
    if (ok) {
        c->n_confirmed++;
        return;
    }
    c->n_prepared--;
    for (int i = c->n_confirmed; i < c->n_prepared; i++)
        c->prepared[i] = c->prepared[i + 1];
}

static void take_sync(struct db_connection *c)
{
    struct db_job *const job = c->jobs;
    if (job->preparing > 0) {
        job->preparing--;
        return;
    }
    take_first(c);
    watch_silence(c);
    c->rounds = 0;
    buffer_finish(&c->config.told->failures);
    c->read_only = c->read_only || strcmp(job->sqlstate, read_only_transaction) == 0;
    db_job_end(job, job->failed ? DB_FAILED : DB_OK);
}

/* One result of the first job in flight. Takes the result. */
static void take_result(struct db_connection *c, PGresult *result)
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

static bool read_results(struct db_connection *c)
{
    int nulls = 0; /* one ends each statement's results; more in a row mean that we and libpq disagree */
    while (is_up(c) && c->jobs != NULL && !PQisBusy(c->pg)) {
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

static void read_notifications(struct db_connection *c)
{
    PGnotify *notification;
    while (is_up(c) && (notification = PQnotifies(c->pg)) != NULL) {
        const struct db_pool_config *const pool = c->config.pool;
        pool->on_notify(pool->on_notify_arg, notification->extra);
        PQfreemem(notification);
    }
}

static void flush(struct db_connection *c)
{
    const int left = PQflush(c->pg);
    if (left < 0)
        drop(c, PQerrorMessage(c->pg));
    else
        loop_watch_set(c->watch, LOOP_READ | (left > 0 ? LOOP_WRITE : 0));
}

static void on_socket(void *arg, unsigned events)
{
    struct db_connection *const c = arg;
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
        if (is_up(c) && c->read_only) {
            c->address++; /* where target_session_attrs does not say so, this one would be taken again */
            drop(c, "the server takes no writes");
        }
    }
    if (!is_up(c))
        return;
    flush(c);
    c->config.on_room(c->config.arg);
}

/* Sending ------------------------------------------------------------------------------------------------- */

/* Each with a sync of its own, so that the failure of a job's statement cannot undo it. */
static bool prepare(struct db_connection *c, struct db_job *job, const struct db_statement *statement)
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

static bool send_statement(struct db_connection *c, const struct db_job *job, int i)
{
    const struct job_statement *const s = &job->statements[i];
    return PQsendQueryPrepared(c->pg, s->statement->name, s->n_params,
                               (const char *const *)(job->params + s->first_param),
                               job->lengths + s->first_param, job->formats + s->first_param, 0) == 1;
}

/* The server would keep its answers until the sync, silent for as long as all statements together take. Of a tracker's
 * batch, hundreds of small ones, a flush each would cost it a fifth more. */
static bool is_flushed_after(const struct db_job *job, int i)
{
    return job->n_statements <= FLUSH_EVERY ? i + 1 < job->n_statements : (i + 1) % FLUSH_EVERY == 0;
}

static bool send_statements(struct db_connection *c, const struct db_job *job)
{
    for (int i = 0; i < job->n_statements; i++) {
        if (!send_statement(c, job, i) || (is_flushed_after(job, i) && PQsendFlushRequest(c->pg) != 1))
            return false;
    }
    return PQpipelineSync(c->pg) == 1;
}

void db_connection_send(struct db_connection *c, struct db_job *job)
{
    DL_APPEND(c->jobs, job);
    c->in_flight++;
    bool ok = true;
    for (int i = 0; ok && i < job->n_statements; i++)
        ok = prepare(c, job, job->statements[i].statement);
    if (!ok || !send_statements(c, job)) {
        drop(c, PQerrorMessage(c->pg));
        return;
    }
    if (c->timer == NULL)
        watch_silence(c);
    flush(c);
}

/* Greeting: the first jobs of a new connection, for which all others wait --------------------------------- */

static void greet(struct db_connection *c, struct db_job *job,
                  void (*on_done)(void *, const struct db_outcome *))
{
    db_job_begin(job, on_done, c);
    db_connection_send(c, job);
}

static void become_ready(struct db_connection *c)
{
    c->state = READY;
    if (c->config.listens)
        c->config.pool->on_notify(c->config.pool->on_notify_arg, NULL);
    c->config.on_ready(c->config.arg);
}

/* A refusal is logged, and whoever waits goes on without. */
static void on_listening(void *arg, const struct db_outcome *outcome)
{
    if (outcome->status != DB_LOST)
        become_ready(arg);
}

static void listen_or_not(struct db_connection *c)
{
    if (!c->config.listens) {
        become_ready(c);
        return;
    }
    struct db_job *const job = db_job_create();
    db_job_statement(job, c->config.pool->listen);
    greet(c, job, on_listening);
}

static const struct db_statement find_migration = {
    "find_migration",
    "SELECT FROM schema_migration WHERE name = $1::text",
};

static void look_at_schema(void *arg);

static void wait_for_migration(struct db_connection *c, bool unseen)
{
    const char *const advice =
        unseen ? "run tracker --migrate; where that was done, this role may not use the schema "
                 "of the tables, or its search_path does not name it; this program waits"
               : "run tracker --migrate; this program waits for it";
    if (!c->config.told->old)
        log_error("schema_old", "lacks=%s advice=%s", c->config.pool->migration, log_quote(advice));
    c->config.told->old = true;
    c->look = loop_after(c->config.loop, LOOK_AGAIN_MS, look_at_schema, c);
}

/* Where it cannot be looked at, for lack of a right say (logged), it may well be there. */
static void on_schema(void *arg, const struct db_outcome *outcome)
{
    struct db_connection *const c = arg;
    if (outcome->status == DB_LOST)
        return;
    const bool unseen = strcmp(outcome->sqlstate, undefined_table) == 0;
    if (unseen || (outcome->status == DB_OK && db_rows_count(outcome->rows[0]) == 0))
        wait_for_migration(c, unseen);
    else
        listen_or_not(c);
}

static void look_at_schema(void *arg)
{
    struct db_connection *const c = arg;
    c->look = NULL;
    struct db_job *const job = db_job_create();
    job->expected_sqlstate = undefined_table;
    db_job_statement(job, &find_migration);
    db_job_text(job, c->config.pool->migration);
    greet(c, job, on_schema);
}

/* Connecting ---------------------------------------------------------------------------------------------- */

static void on_notice(void *arg, const char *words)
{
    (void)arg;
    log_debug("database_notice", "words=%s", log_quote(words));
}

static void begin_greeting(struct db_connection *c)
{
    if (PQsetnonblocking(c->pg, 1) != 0 || PQenterPipelineMode(c->pg) != 1) {
        drop(c, PQerrorMessage(c->pg));
        return;
    }
    PQsetNoticeProcessor(c->pg, on_notice, NULL);
    c->state = GREETING;
    metrics_add(c->config.pool->metric, 1);
    c->read_only = false;
    c->n_prepared = c->n_confirmed = 0;
    c->watch = loop_watch(c->config.loop, PQsocket(c->pg), LOOP_READ, on_socket, c);
    log_info("database_connected", "host=%s port=%s server_version=%d", log_quote(PQhost(c->pg)), PQport(c->pg),
             PQserverVersion(c->pg));
    if (c->config.pool->migration != NULL)
        look_at_schema(c);
    else
        listen_or_not(c);
}

static void on_connected(void *arg, PGconn *pg, size_t address, const char *error)
{
    struct db_connection *const c = arg;
    c->connecting = NULL;
    c->pg = pg;
    if (pg == NULL) {
        snprintf(c->config.told->error, sizeof(c->config.told->error), "%s", error);
        try_later(c);
    } else {
        c->address = address;
        begin_greeting(c);
    }
}

static void start_connecting(void *arg)
{
    struct db_connection *const c = arg;
    const struct db_connect_config config = {
        .url = c->config.pool->url,
        .application_name = c->config.pool->application_name,
        .statement_timeout_ms = c->config.pool->statement_timeout_ms,
        .first = c->address,
        .told = &c->config.told->failures,
    };
    c->timer = NULL;
    c->state = CONNECTING;
    c->connecting = db_connect_start(c->config.loop, &config, on_connected, c);
}

/* From the pool's side ------------------------------------------------------------------------------------ */

struct db_connection *db_connection_create(const struct db_connection_config *config)
{
    struct db_connection *const c = mem_alloc(sizeof(*c));
    c->config = *config;
    c->timer = loop_after(config->loop, 0, start_connecting, c);
    return c;
}

void db_connection_destroy(struct db_connection *c)
{
    loop_unwatch(c->watch);
    loop_cancel(c->timer);
    loop_cancel(c->look);
    db_connect_cancel(c->connecting);
    PQfinish(c->pg);
    db_jobs_destroy(c->jobs);
    free(c);
}

bool db_connection_is_ready(const struct db_connection *c)
{
    return c->state == READY;
}

int db_connection_load(const struct db_connection *c)
{
    return c->state == READY && c->in_flight < MAX_IN_FLIGHT ? c->in_flight : -1;
}
