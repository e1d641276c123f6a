#include "tracker/writer.h"

#include "infra/clock.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
    COLLECT_MS = 250,
    MANY = 2000, /* changes that are not kept waiting */
    RETRY_MS = 500,
};

enum state { IDLE, SENDING, ASKING, PAUSING, FENCED };

struct writer {
    struct writer_config config;
    struct writer_callbacks callbacks;
    enum state state;
    struct batch *next;       /* collects */
    struct batch *under_way;  /* is being written; NULL when IDLE */
    struct loop_timer *timer; /* IDLE: the next send; PAUSING: the next try */
    bool soon;                /* the timer is set for the next turn */
    bool wanted;              /* a write was asked for while one was under way */
    bool held;
    int64_t batch_no; /* batches committed so far */
    struct batch_progress progress;
    int64_t sent_ms;
    void (*on_written)(void *arg);
    void *on_written_arg;
};

static void send_batch(struct writer *writer);
static void on_time(void *arg);

/* When to write ------------------------------------------------------------------------------------------- */

static void schedule(struct writer *writer, int64_t ms)
{
    if (writer->state != IDLE) {
        writer->wanted = writer->wanted || writer->state != FENCED;
        return;
    }
    if (writer->timer != NULL && (writer->soon || ms > 0))
        return;
    loop_cancel(writer->timer);
    writer->soon = ms == 0;
    writer->timer = loop_after(writer->config.loop, ms, on_time, writer);
}

struct batch *writer_batch(struct writer *writer)
{
    schedule(writer, writer->next->size < MANY ? COLLECT_MS : 0);
    return writer->next;
}

void writer_progress(struct writer *writer, const struct batch_progress *progress)
{
    writer->progress = *progress;
}

void writer_flush(struct writer *writer)
{
    schedule(writer, 0);
}

void writer_drain(struct writer *writer, void (*on_written)(void *arg), void *arg)
{
    writer->on_written = on_written;
    writer->on_written_arg = arg;
    writer_flush(writer);
}

void writer_hold(struct writer *writer, bool held)
{
    writer->held = held;
}

void writer_clip(struct writer *writer, uint64_t guild_id, uint64_t channel_id, int64_t from, int64_t until)
{
    batch_clip(writer->next, guild_id, channel_id, from, until);
    if (writer->under_way != NULL && writer->state != SENDING)
        batch_clip(writer->under_way, guild_id, channel_id, from, until);
}

/* Writing ------------------------------------------------------------------------------------------------- */

static void on_time(void *arg)
{
    struct writer *const writer = arg;
    writer->timer = NULL;
    if (writer->state != ASKING && (writer->held || !db_pool_ready(writer->config.pool))) {
        writer->timer = loop_after(writer->config.loop, RETRY_MS, on_time, writer);
        return;
    }
    if (writer->state == IDLE) {
        writer->under_way = writer->next;
        writer->under_way->progress = writer->progress;
        writer->next = batch_create();
        writer->wanted = false;
        writer->sent_ms = clock_monotonic_ms();
    }
    send_batch(writer);
}

static void committed(struct writer *writer)
{
    const struct batch_progress progress = writer->under_way->progress;
    log_debug("batch_committed", "batch=%lld changes=%zu seq=%lld ms=%lld", (long long)writer->batch_no,
              writer->under_way->size, (long long)progress.seq,
              (long long)(clock_monotonic_ms() - writer->sent_ms));
    batch_destroy(writer->under_way);
    writer->under_way = NULL;
    writer->state = IDLE;
    writer->batch_no++;
    writer->callbacks.on_committed(writer->callbacks.arg, &progress);
    if (writer->wanted) {
        schedule(writer, 0);
    } else if (writer->on_written != NULL && writer->timer == NULL) {
        void (*const on_written)(void *) = writer->on_written;
        writer->on_written = NULL;
        on_written(writer->on_written_arg);
    }
}

static void fenced(struct writer *writer)
{
    log_error("shard_taken", "shard=%d epoch=%lld batch=%lld", writer->config.shard.shard_id,
              (long long)writer->config.epoch, (long long)writer->batch_no);
    writer->state = FENCED;
    writer->callbacks.on_fenced(writer->callbacks.arg);
}

static void retry_later(struct writer *writer)
{
    writer->state = PAUSING;
    writer->timer = loop_after(writer->config.loop, RETRY_MS, on_time, writer);
}

/* The number of committed batches tells whether this one is among them. */
static void on_asked(void *arg, bool ok, int64_t epoch, int64_t batch_no)
{
    struct writer *const writer = arg;
    if (!ok) {
        writer->state = ASKING;
        writer->timer = loop_after(writer->config.loop, RETRY_MS, on_time, writer);
    } else if (epoch != writer->config.epoch || batch_no < writer->batch_no ||
               batch_no > writer->batch_no + 1) {
        fenced(writer);
    } else if (batch_no == writer->batch_no + 1) {
        log_info("batch_found_committed", "batch=%lld", (long long)writer->batch_no);
        committed(writer);
    } else {
        writer->state = PAUSING;
        on_time(writer);
    }
}

static void ask(struct writer *writer)
{
    writer->state = ASKING;
    send_batch(writer);
}

static void on_sent(void *arg, const struct db_outcome *outcome)
{
    struct writer *const writer = arg;
    switch (outcome->status) {
    case DB_OK:
        committed(writer);
        break;
    case DB_FAILED:
        if (strcmp(outcome->sqlstate, DB_FENCED) != 0)
            retry_later(writer);
        else /* by another owner, or by this very batch: sent on a connection that broke, and committed only now */
            ask(writer);
        break;
    case DB_LOST:
        ask(writer);
        break;
    case DB_UNAVAILABLE:
        retry_later(writer);
        break;
    }
}

static void send_batch(struct writer *writer)
{
    if (writer->state == ASKING) {
        db_shard_read(writer->config.pool, &writer->config.shard, on_asked, writer);
        return;
    }
    writer->state = SENDING;
    struct db_job *const job =
        batch_job(writer->under_way, &writer->config.shard, writer->config.epoch, writer->batch_no);
    db_pool_submit(writer->config.pool, job, on_sent, writer);
}

/* Life ---------------------------------------------------------------------------------------------------- */

struct writer *writer_create(const struct writer_config *config, const struct writer_callbacks *callbacks)
{
    struct writer *const writer = mem_alloc(sizeof(*writer));
    writer->config = *config;
    writer->callbacks = *callbacks;
    writer->batch_no = config->batch_no;
    writer->progress.seq = -1;
    writer->next = batch_create();
    return writer;
}

void writer_destroy(struct writer *writer)
{
    if (writer == NULL)
        return;
    loop_cancel(writer->timer);
    batch_destroy(writer->next);
    batch_destroy(writer->under_way);
    free(writer);
}
