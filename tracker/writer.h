/*
 * Writes batches: one transaction at a time, in order, through the fence.
 *
 * What is put into writer_batch() is written within a quarter of a second, at once when there is much of it,
 * and whenever writer_flush() asks. While a batch is under way the next one collects; without a database both
 * wait. A batch that did not get through is tried again until it does; after a lost reply the database is asked
 * whether it counted.
 */
#pragma once

#include "tracker/batch.h"

struct loop;
struct writer;

struct writer_config {
    struct loop *loop;
    struct db_pool *pool;
    struct db_shard_key shard;
    int64_t epoch, batch_no; /* of the claim */
};

enum writer_refusal {
    WRITER_TAKEN, /* another process owns the shard now */
    WRITER_BEHIND, /* the database lacks batches that it had committed (a standby took over that was not up to date), or
                      refuses what we have: what it has and what we know no longer fit together */
};

/*
 * on_committed  a batch is committed: everything up to progress is in the database.
 * on_clock      the database's clock, in unix milliseconds, was read between two moments of the monotonic clock.
 * on_refused    nothing more will be written. It is logged.
 */
struct writer_callbacks {
    void (*on_committed)(void *arg, const struct batch_progress *progress);
    void (*on_clock)(void *arg, int64_t asked_ms, int64_t answered_ms, int64_t database_ms);
    void (*on_refused)(void *arg, enum writer_refusal why);
    void *arg;
};

struct writer *writer_create(const struct writer_config *config, const struct writer_callbacks *callbacks);
/* What is pending is lost. Not while a batch is under way, unless the pool calls back no more. NULL is accepted. */
void writer_destroy(struct writer *writer);

/* The batch that collects now, to be filled in this turn of the loop. */
struct batch *writer_batch(struct writer *writer);
/* Changes that are not committed. */
size_t writer_unwritten(const struct writer *writer);
/* While held, nothing is sent: what is collected may still change. */
void writer_hold(struct writer *writer, bool held);
/* batch_clip() of all that is not on its way. */
void writer_clip(struct writer *writer, uint64_t guild_id, uint64_t channel_id, int64_t from, int64_t until);
/* What the next batch closes with. Asks for no write by itself. */
void writer_progress(struct writer *writer, const struct batch_progress *progress);
/* Writes what there is from the next turn on, be it nothing but the progress. */
void writer_flush(struct writer *writer);
/* The same, and calls on_written once, when all of it is committed. */
void writer_drain(struct writer *writer, void (*on_written)(void *arg), void *arg);
