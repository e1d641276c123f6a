#include "tracker/shard.h"

#include "infra/clock.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "tracker/claim.h"
#include "tracker/tenure.h"
#include "tracker/timeline.h"

#include <stdlib.h>

enum {
    SHORT_TENURE_MS = 60000, /* one that ends sooner is followed by a pause */
    FIRST_PAUSE_MS = 1000,   /* doubles */
    LAST_PAUSE_MS = 60000,
};

struct shard {
    struct shard_config config;
    struct claim *claim;
    struct tenure *tenure; /* NULL while the shard is not ours */
    struct timeline timeline;
    int64_t began_ms, pause_ms;
    struct loop_timer *next; /* between two tenures */
    enum tenure_end end;

    void (*on_failed)(void *arg);
    void *on_failed_arg;
};

/* Tenures ------------------------------------------------------------------------------------------------- */

/* What was held in memory is forgotten: the database knows what holds. */
static void on_next(void *arg)
{
    struct shard *const shard = arg;
    shard->next = NULL;
    claim_lost(shard->claim, shard->end == TENURE_TAKEN);
}

static void on_tenure_gone(void *arg)
{
    struct shard *const shard = arg;
    tenure_destroy(shard->tenure);
    shard->tenure = NULL;
    const bool brief = clock_monotonic_ms() - shard->began_ms < SHORT_TENURE_MS;
    if (!brief)
        shard->pause_ms = 0;
    shard->next = loop_after(shard->config.loop, shard->pause_ms, on_next, shard);
    shard->pause_ms = shard->pause_ms == 0 ? FIRST_PAUSE_MS : 2 * shard->pause_ms;
    if (shard->pause_ms > LAST_PAUSE_MS)
        shard->pause_ms = LAST_PAUSE_MS;
}

static void on_tenure_over(void *arg, enum tenure_end end)
{
    struct shard *const shard = arg;
    if (end == TENURE_REFUSED) {
        shard->on_failed(shard->on_failed_arg);
        return;
    }
    shard->end = end;
    shard->next = loop_after(shard->config.loop, 0, on_tenure_gone, shard);
}

/* Claims -------------------------------------------------------------------------------------------------- */

static void on_claimed(void *arg, const struct db_shard_claim *claim)
{
    struct shard *const shard = arg;
    shard->began_ms = clock_monotonic_ms();
    shard->tenure = tenure_create(&shard->config, claim, &shard->timeline, on_tenure_over, shard);
}

static void on_contested(void *arg)
{
    const struct shard *const shard = arg;
    if (shard->tenure != NULL)
        tenure_show_life(shard->tenure);
}

/* Life ---------------------------------------------------------------------------------------------------- */

struct shard *shard_create(const struct shard_config *config, void (*on_failed)(void *arg), void *arg)
{
    struct shard *const shard = mem_alloc(sizeof(*shard));
    shard->config = *config;
    shard->on_failed = on_failed;
    shard->on_failed_arg = arg;
    shard->claim = claim_create(
        &(struct claim_config){
            .loop = config->loop,
            .pool = config->pool,
            .key = config->key,
            .interval_seconds = config->heartbeat_interval,
            .look_ms = config->look_ms,
        },
        &(struct claim_callbacks){.on_claimed = on_claimed, .on_contested = on_contested, .arg = shard});
    return shard;
}

void shard_measure(const struct shard *shard, struct shard_measures *sum)
{
    if (shard->tenure != NULL)
        tenure_measure(shard->tenure, sum);
}

void shard_settings_changed(struct shard *shard, uint64_t guild_id)
{
    if (guild_id == 0)
        claim_reconnected(shard->claim);
    if (shard->tenure != NULL) /* else they are loaded behind the claim */
        tenure_settings_changed(shard->tenure, guild_id);
}

bool shard_stop(struct shard *shard, void (*on_stopped)(void *arg), void *arg)
{
    loop_cancel(shard->next);
    shard->next = NULL;
    if (shard->tenure != NULL)
        return tenure_stop(shard->tenure, on_stopped, arg);
    claim_stop(shard->claim);
    return false;
}

void shard_destroy(struct shard *shard)
{
    if (shard == NULL)
        return;
    loop_cancel(shard->next);
    tenure_destroy(shard->tenure);
    claim_destroy(shard->claim);
    free(shard);
}
