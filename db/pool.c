#include "db/pool.h"

#include "db/connection.h"
#include "db/job_inside.h"
#include "infra/log.h"
#include "infra/loop.h"

#include <stdlib.h>
#include <utlist.h>

struct db_pool {
    struct loop *loop;
    struct db_pool_config config;
    char *url, *application_name; /* config's */
    struct db_connection **connections;
    struct db_told told;
    int64_t n_came; /* connections that ever were ready */
    struct db_job *waiting;
    int n_waiting;
    struct db_job *refused;       /* to be told in the next turn */
    struct loop_timer *next_turn; /* set while this turn submitted anything */
};

/* Waiting ------------------------------------------------------------------------------------------------- */

static void on_expiry(void *arg)
{
    struct db_job *const job = arg;
    struct db_pool *const pool = job->pool;
    job->expiry = NULL;
    DL_DELETE(pool->waiting, job);
    pool->n_waiting--;
    log_warn("database_unavailable", "waited_ms=%lld", (long long)pool->config.max_wait_ms);
    db_job_end(job, DB_UNAVAILABLE);
}

static void begin_waiting(struct db_pool *pool, struct db_job *job)
{
    pool->n_waiting++;
    job->pool = pool;
    job->expiry = loop_after(pool->loop, pool->config.max_wait_ms, on_expiry, job);
}

/* Sending ------------------------------------------------------------------------------------------------- */

/* The one with the least to do, or NULL where none has room. */
static struct db_connection *pick(const struct db_pool *pool)
{
    struct db_connection *best = NULL;
    int least = 0;
    for (int i = 0; i < pool->config.connections; i++) {
        const int load = db_connection_load(pool->connections[i]);
        if (load >= 0 && (best == NULL || load < least)) {
            best = pool->connections[i];
            least = load;
        }
    }
    return best;
}

static void send_waiting(void *arg)
{
    struct db_pool *const pool = arg;
    struct db_job *job, *next;
    DL_FOREACH_SAFE(pool->waiting, job, next)
    {
        if (job->after == pool->n_came)
            continue;
        struct db_connection *const c = pick(pool);
        if (c == NULL)
            return;
        DL_DELETE(pool->waiting, job);
        pool->n_waiting--;
        loop_cancel(job->expiry);
        job->expiry = NULL;
        db_connection_send(c, job);
    }
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
        db_job_end(job, DB_UNAVAILABLE);
    }
}

void db_pool_submit(struct db_pool *pool, struct db_job *job,
                    void (*on_done)(void *arg, const struct db_outcome *outcome), void *arg)
{
    db_job_begin(job, on_done, arg);
    if (pool->n_waiting >= pool->config.max_waiting) {
        DL_APPEND(pool->refused, job);
    } else {
        DL_APPEND(pool->waiting, job);
        begin_waiting(pool, job);
    }
    /* Sent from the next turn: a failing send calls back, and no callback may run inside this call. It also
     * collects what one turn asks for. */
    if (pool->next_turn == NULL)
        pool->next_turn = loop_after(pool->loop, 0, on_next_turn, pool);
}

/* Connections --------------------------------------------------------------------------------------------- */

static void on_ready(void *arg)
{
    struct db_pool *const pool = arg;
    pool->n_came++;
    send_waiting(pool);
}

/* Before all that waits, but for a connection to come: the others may be as broken, and not know it yet. */
static void on_unread(void *arg, struct db_job *jobs)
{
    struct db_pool *const pool = arg;
    struct db_job *job;
    DL_FOREACH(jobs, job)
    {
        job->after = pool->n_came;
        begin_waiting(pool, job);
    }
    DL_CONCAT(jobs, pool->waiting);
    pool->waiting = jobs;
}

struct db_pool *db_pool_create(struct loop *loop, const struct db_pool_config *config)
{
    struct db_pool *const pool = mem_alloc(sizeof(*pool));
    pool->loop = loop;
    pool->config = *config;
    pool->config.url = pool->url = mem_strdup(config->url);
    pool->config.application_name = pool->application_name = mem_strdup(config->application_name);
    pool->connections = mem_alloc(sizeof(struct db_connection *) * (size_t)config->connections);
    for (int i = 0; i < config->connections; i++)
        pool->connections[i] = db_connection_create(&(struct db_connection_config){
            .loop = loop,
            .pool = &pool->config,
            .told = &pool->told,
            .listens = i == 0 && config->listen != NULL,
            .on_ready = on_ready,
            .on_room = send_waiting,
            .on_unread = on_unread,
            .arg = pool,
        });
    return pool;
}

void db_pool_destroy(struct db_pool *pool)
{
    if (pool == NULL)
        return;
    for (int i = 0; i < pool->config.connections; i++)
        db_connection_destroy(pool->connections[i]);
    loop_cancel(pool->next_turn);
    db_jobs_destroy(pool->waiting);
    db_jobs_destroy(pool->refused);
    buffer_finish(&pool->told.failures);
    free(pool->connections);
    free(pool->application_name);
    free(pool->url);
    free(pool);
}

const char *db_pool_error(const struct db_pool *pool)
{
    return pool->told.error;
}

bool db_pool_ready(const struct db_pool *pool)
{
    for (int i = 0; i < pool->config.connections; i++) {
        if (db_connection_is_ready(pool->connections[i]))
            return true;
    }
    return false;
}
