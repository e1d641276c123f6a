/*
 * Coming into possession of a shard, and staying in it: waits while somebody else follows it, claims it when they are
 * gone, and keeps its lock, which is what others wait for.
 */
#pragma once

#include "db/shard.h"

struct claim;
struct loop;

struct claim_config {
    struct loop *loop;
    struct db_pool *pool;
    struct db_shard_key key;
    int64_t interval_seconds; /* between our batches: whoever waits goes by it */
    int64_t look_ms;          /* between two looks while waiting */
};

/*
 * on_claimed    the shard is ours; the claim is valid until the callback returns.
 * on_contested  the lock is not ours, though the shard is: the next batch should come soon, for whoever has the lock
 *               gives it back when it sees one.
 */
struct claim_callbacks {
    void (*on_claimed)(void *arg, const struct db_shard_claim *claim);
    void (*on_contested)(void *arg);
    void *arg;
};

struct claim *claim_create(const struct claim_config *config, const struct claim_callbacks *callbacks);
/* The pool must not call back any more. NULL is accepted. */
void claim_destroy(struct claim *claim);

/* The connection to the database is a new one: the lock went with the old one. */
void claim_reconnected(struct claim *claim);
/* The shard is not ours any more. taken: by somebody else, for whom the lock is given back. */
void claim_lost(struct claim *claim, bool taken);
/* Of a shard that is not ours: waits no more, calls nothing any more, and gives the lock back if it has it. */
void claim_stop(struct claim *claim);

/* The decision, pure -------------------------------------------------------------------------------------- */

/* What was seen while waiting; all 0 at the beginning. */
struct claim_wait {
    int64_t began_ms;
    bool unsettled; /* there was an owner, so that a free lock alone is no proof of its end */
    bool looked;
    struct db_shard_look seen; /* the last look, all of which stands still since still_ms */
    int64_t still_ms;
};

enum claim_step { CLAIM_NOW, CLAIM_WAIT, CLAIM_LET_GO };

/*
 * A lock that is free when we come means that nobody follows the shard. If it becomes free later, or the server has just
 * started, its owner may only have lost its connection, with batches that are not written yet: it has five seconds to
 * show that it lives. Without the lock the shard is ours when the owner has written nothing for more than two intervals
 * (it is stopped, or cut off). A database that was slow may have been so for the owner as well; after one that was away
 * longer than those five seconds the wait begins again. look NULL: it did not answer. Whoever follows shards under another number of them is waited for.
 */
enum claim_step claim_judge(struct claim_wait *wait, const struct db_shard_look *look, int64_t asked_ms,
                            int64_t now_ms);
