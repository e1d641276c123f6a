#include "tracker/claim.h"

#include "infra/clock.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
    ARRIVAL_MS = 3000, /* a killed owner's connection may take a moment to go */
    ARRIVAL_LOOK_MS = 200,
    SLOW_LOOK_MS = 1000, /* the database was away: for the owner as well, perhaps */
    GRACE_MS = 5000,     /* more than an owner's longest pause before it connects again */
};

/*
 * LOOKING   at the lock and at the owner's batches
 * WAITING   for the next look
 * CLAIMING  the answer tells whether it is ours
 * KEEPING   it is ours, and the lock should be
 * STOPPED   what is under way is of no interest
 */
enum state { LOOKING, WAITING, CLAIMING, KEEPING, STOPPED };

struct claim {
    struct claim_config config;
    struct claim_callbacks callbacks;
    enum state state;
    struct loop_timer *timer; /* of WAITING; of KEEPING: until the next try for the lock */
    bool looking;             /* a look is under way, */
    int64_t asked_ms;         /* since then */
    struct claim_wait wait;
    bool told; /* that we wait */
};

/* The decision -------------------------------------------------------------------------------------------- */

enum claim_step claim_judge(struct claim_wait *wait, const struct db_shard_look *look, int64_t asked_ms,
                            int64_t now_ms)
{
    const int64_t took_ms = now_ms - asked_ms;
    if (took_ms > GRACE_MS) /* what stood still meanwhile proves nothing */
        *wait = (struct claim_wait){0};
    if (took_ms > SLOW_LOOK_MS)
        wait->unsettled = true;
    if (look == NULL)
        return CLAIM_WAIT;

    const bool first = !wait->looked;
    const bool moved = !first && (look->epoch != wait->seen.epoch || look->batch_no != wait->seen.batch_no);
    if (first)
        wait->began_ms = now_ms;
    if (first || moved || look->locked != wait->seen.locked)
        wait->still_ms = now_ms;
    wait->looked = true;
    wait->seen = *look;
    wait->unsettled = wait->unsettled || moved || look->young || now_ms - wait->began_ms > ARRIVAL_MS;
    if (look->other_count || moved)
        return look->locked ? CLAIM_LET_GO : CLAIM_WAIT;

    int64_t patience_ms = wait->unsettled && look->epoch > 0 ? GRACE_MS : 0;
    if (!look->locked)
        patience_ms = GRACE_MS + 2000 * look->interval_seconds;
    return now_ms - wait->still_ms >= patience_ms ? CLAIM_NOW : CLAIM_WAIT;
}

/* Waiting ------------------------------------------------------------------------------------------------- */

static void look(struct claim *claim);

static void on_time(void *arg)
{
    struct claim *const claim = arg;
    claim->timer = NULL;
    look(claim);
}

static void look_later(struct claim *claim, int64_t ms)
{
    loop_cancel(claim->timer);
    claim->timer = loop_after(claim->config.loop, ms, on_time, claim);
}

static void wait(struct claim *claim)
{
    const bool arriving = clock_monotonic_ms() - claim->wait.began_ms < ARRIVAL_MS;
    claim->state = WAITING;
    look_later(claim, arriving && !claim->wait.unsettled ? ARRIVAL_LOOK_MS : claim->config.look_ms);
}

static void tell_waiting(struct claim *claim, const struct db_shard_look *look)
{
    if (claim->told)
        return;
    claim->told = true;
    log_info("shard_waiting", "shard=%d/%d why=%s", claim->config.key.shard_id, claim->config.key.shard_count,
             look->other_count ? "another_shard_count"
             : look->locked    ? "owner_may_return"
                               : "owned");
}

/* Claiming ------------------------------------------------------------------------------------------------ */

static void on_claimed(void *arg, const struct db_shard_claim *claimed, const char *sqlstate)
{
    struct claim *const claim = arg;
    if (claim->state == STOPPED)
        return;
    if (claimed == NULL) {
        if (strcmp(sqlstate, DB_FENCED) == 0) /* its owner is alive after all */
            claim->wait = (struct claim_wait){.unsettled = true};
        wait(claim);
        return;
    }
    claim->state = KEEPING;
    claim->callbacks.on_claimed(claim->callbacks.arg, claimed);
    look(claim); /* it may have been claimed without its lock */
}

static void take(struct claim *claim)
{
    claim->state = CLAIMING;
    db_shard_claim(claim->config.pool,
                   &(struct db_shard_taking){
                       .key = claim->config.key,
                       .seen = &claim->wait.seen,
                       .interval_seconds = claim->config.interval_seconds,
                       .reason = claim->wait.seen.locked ? "crashed" : "taken",
                   },
                   on_claimed, claim);
}

static void on_looked_waiting(struct claim *claim, const struct db_shard_look *look)
{
    switch (claim_judge(&claim->wait, look, claim->asked_ms, clock_monotonic_ms())) {
    case CLAIM_NOW:
        take(claim);
        return;
    case CLAIM_LET_GO:
        db_shard_let_go(claim->config.pool, &claim->config.key);
        break;
    case CLAIM_WAIT:
        break;
    }
    if (claim->wait.unsettled && look != NULL)
        tell_waiting(claim, look);
    wait(claim);
}

/* Keeping ------------------------------------------------------------------------------------------------- */

static void on_looked(void *arg, const struct db_shard_look *look)
{
    struct claim *const claim = arg;
    claim->looking = false;
    if (claim->state == LOOKING) {
        on_looked_waiting(claim, look);
    } else if (claim->state == KEEPING && (look == NULL || !look->locked)) {
        look_later(claim, claim->config.look_ms);
        claim->callbacks.on_contested(claim->callbacks.arg);
    }
}

static void look(struct claim *claim)
{
    if (claim->state == WAITING)
        claim->state = LOOKING;
    if (claim->looking)
        return;
    claim->looking = true;
    claim->asked_ms = clock_monotonic_ms();
    db_shard_look(claim->config.pool, &claim->config.key, on_looked, claim);
}

void claim_reconnected(struct claim *claim)
{
    if (claim->state == KEEPING)
        look(claim);
    else
        claim->wait.unsettled = claim->wait.unsettled || claim->wait.looked;
}

void claim_lost(struct claim *claim, bool taken)
{
    if (taken)
        db_shard_let_go(claim->config.pool, &claim->config.key);
    claim->wait = (struct claim_wait){.unsettled = taken, .began_ms = clock_monotonic_ms()};
    claim->told = false;
    wait(claim);
}

void claim_stop(struct claim *claim)
{
    loop_cancel(claim->timer);
    claim->timer = NULL;
    claim->state = STOPPED;
    db_shard_let_go(claim->config.pool, &claim->config.key); /* behind what is under way, which may take it */
}

/* Life ---------------------------------------------------------------------------------------------------- */

struct claim *claim_create(const struct claim_config *config, const struct claim_callbacks *callbacks)
{
    struct claim *const claim = mem_alloc(sizeof(*claim));
    claim->config = *config;
    claim->callbacks = *callbacks;
    claim->state = WAITING;
    look_later(claim, 0);
    return claim;
}

void claim_destroy(struct claim *claim)
{
    if (claim == NULL)
        return;
    loop_cancel(claim->timer);
    free(claim);
}
