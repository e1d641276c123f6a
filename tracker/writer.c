#include "tracker/writer.h"

#include "db/job.h"
#include "db/pool.h"
#include "infra/clock.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "tracker/metrics.h"

#include <stdlib.h>
#include <string.h>

enum {
    COLLECT_MS = 250,
    MANY = 2000, /* changes that are not kept waiting */
    RETRY_MS = 500,
    LATE_MS = 5000,   /* is worth a word in the log */
    MAX_REFUSALS = 3, /* of one batch, for reasons that do not pass by themselves */
};

#define NEVER INT64_MAX

/*
 * IDLE     the next batch collects
 * SENDING  no answer yet
 * ASKING   was it committed?
 * PAUSING  before another try
 * REFUSED  for good
 */
enum state { IDLE, SENDING, ASKING, PAUSING, REFUSED };

struct writer {
    struct writer_config config;
    struct writer_callbacks callbacks;
    enum state state;
    struct batch *next;       /* collects */
    struct batch *under_way;  /* is being written; NULL when IDLE */
    struct loop_timer *timer; /* IDLE: the next send; PAUSING: the next try; ASKING: the next question */
    int64_t due_ms;           /* when the batch that collects is to be sent; NEVER: nothing asks for it */
    bool held;
    int64_t batch_no;               /* batches committed so far */
    struct batch_progress progress; /* as it is now, */
    struct batch_progress closed;   /* and when the batch under way was closed */
    /* On the monotonic clock: the first change in the batch that collects, and in the one under way; when that was
     * closed, and sent last. */
    int64_t next_begun_ms, begun_ms, closed_ms, sent_ms;
    int refusals;
    void (*on_written)(void *arg);
    void *on_written_arg;
};

static void send_batch(struct writer *writer);
static void on_time(void *arg);

/* When to write ------------------------------------------------------------------------------------------- */

static void set_timer(struct writer *writer, int64_t ms)
{
    loop_cancel(writer->timer);
    writer->timer = loop_after(writer->config.loop, ms, on_time, writer);
}

/* While one is under way the next has no timer yet. */
static void schedule(struct writer *writer, int64_t ms)
{
    const int64_t due_ms = clock_monotonic_ms() + ms;
    if (writer->due_ms <= due_ms)
        return;
    writer->due_ms = due_ms;
    if (writer->state == IDLE)
        set_timer(writer, ms);
}

struct batch *writer_batch(struct writer *writer)
{
    if (batch_size(writer->next) == 0)
        writer->next_begun_ms = clock_monotonic_ms();
    schedule(writer, batch_size(writer->next) < MANY ? COLLECT_MS : 0);
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

size_t writer_unwritten(const struct writer *writer)
{
    return batch_size(writer->next) + (writer->under_way != NULL ? batch_size(writer->under_way) : 0);
}

/* What waits goes at once, before it can be held again. */
void writer_hold(struct writer *writer, bool held)
{
    writer->held = held;
    if (!held && writer->timer != NULL)
        set_timer(writer, 0);
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
        set_timer(writer, RETRY_MS);
        return;
    }
    if (writer->state == IDLE) {
        writer->under_way = writer->next;
        writer->closed = writer->progress;
        writer->next = batch_create();
        writer->due_ms = NEVER;
        writer->begun_ms = writer->next_begun_ms;
        writer->closed_ms = clock_monotonic_ms();
        writer->refusals = 0;
    }
    send_batch(writer);
}

static void committed(struct writer *writer)
{
    const struct batch_progress progress = writer->closed;
    const int64_t now = clock_monotonic_ms();
    const int64_t took_ms = now - writer->closed_ms;
    metrics_observe(METRIC_BATCH_CHANGES, (double)batch_size(writer->under_way));
    if (batch_size(writer->under_way) > 0)
        metrics_observe(METRIC_BATCH_SECONDS, (double)(now - writer->begun_ms) / 1000);
    log_line(took_ms < LATE_MS ? LOG_DEBUG : LOG_INFO, "batch_committed",
             "batch=%lld changes=%zu seq=%lld ms=%lld waiting=%zu", (long long)writer->batch_no,
             batch_size(writer->under_way), (long long)progress.seq, (long long)took_ms,
             batch_size(writer->next));
    batch_destroy(writer->under_way);
    writer->under_way = NULL;
    writer->state = IDLE;
    writer->batch_no++;
    writer->callbacks.on_committed(writer->callbacks.arg, &progress);
    if (writer->due_ms != NEVER) {
        set_timer(writer, writer->due_ms > now ? writer->due_ms - now : 0);
    } else if (writer->on_written != NULL) {
        void (*const on_written)(void *) = writer->on_written;
        writer->on_written = NULL;
        on_written(writer->on_written_arg);
    }
}

static void refuse(struct writer *writer, enum writer_refusal why)
{
    writer->state = REFUSED;
    writer->callbacks.on_refused(writer->callbacks.arg, why);
}

static void taken(struct writer *writer, int64_t epoch)
{
    log_error("shard_taken", "shard=%d epoch=%lld by_epoch=%lld batch=%lld unwritten=%zu",
              writer->config.shard.shard_id, (long long)writer->config.epoch, (long long)epoch,
              (long long)writer->batch_no, writer_unwritten(writer));
    refuse(writer, WRITER_TAKEN);
}

/* They were committed on a server that is gone, and the one that stands in for it did not have them yet. */
static void lost(struct writer *writer, int64_t batch_no)
{
    log_error("batches_lost", "shard=%d first=%lld last=%lld unwritten=%zu", writer->config.shard.shard_id,
              (long long)batch_no, (long long)writer->batch_no - 1, writer_unwritten(writer));
    refuse(writer, WRITER_BEHIND);
}

static void retry_later(struct writer *writer)
{
    writer->state = PAUSING;
    set_timer(writer, RETRY_MS);
}

/* The number of committed batches tells whether this one is among them. */
static void on_asked(void *arg, bool ok, int64_t epoch, int64_t batch_no)
{
    struct writer *const writer = arg;
    if (!ok) {
        writer->state = ASKING;
        set_timer(writer, RETRY_MS);
    } else if (epoch < writer->config.epoch || (epoch == writer->config.epoch && batch_no < writer->batch_no)) {
        lost(writer, batch_no);
    } else if (epoch > writer->config.epoch || batch_no > writer->batch_no + 1) {
        taken(writer, epoch);
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

/* Lost connections, deadlocks, no room, a server that stops or is read-only. */
static bool is_passing(const char *sqlstate)
{
    static const char *const classes[] = {"08", "25", "40", "53", "55", "57", "58"};
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (strncmp(sqlstate, classes[i], 2) == 0)
            return true;
    }
    return false;
}

static void failed(struct writer *writer, const char *sqlstate)
{
    if (strcmp(sqlstate, DB_FENCED) == 0) {
        /* by another owner, or by this very batch: sent on a connection that broke, and committed only now */
        ask(writer);
    } else if (is_passing(sqlstate) || ++writer->refusals < MAX_REFUSALS) {
        retry_later(writer);
    } else {
        log_error("batch_refused", "shard=%d batch=%lld sqlstate=%s unwritten=%zu",
                  writer->config.shard.shard_id, (long long)writer->batch_no, sqlstate,
                  writer_unwritten(writer));
        refuse(writer, WRITER_BEHIND);
    }
}

static void on_sent(void *arg, const struct db_outcome *outcome)
{
    struct writer *const writer = arg;
    static const char *const results[] = {
        [DB_OK] = "committed", [DB_FAILED] = "refused", [DB_LOST] = "lost", [DB_UNAVAILABLE] = "unavailable"};
    const int64_t sent_ms = writer->sent_ms;
    metrics_count(METRIC_BATCHES, results[outcome->status], NULL);
    switch (outcome->status) {
    case DB_OK:
        committed(writer);
        writer->callbacks.on_clock(writer->callbacks.arg, sent_ms, clock_monotonic_ms(),
                                   db_shard_advanced_at(outcome));
        break;
    case DB_FAILED:
        failed(writer, outcome->sqlstate);
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
    writer->sent_ms = clock_monotonic_ms();
    struct db_job *const job = batch_job(writer->under_way, &writer->config.shard, writer->config.epoch,
                                         writer->batch_no, &writer->closed);
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
    writer->due_ms = NEVER;
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
