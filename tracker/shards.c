#include "tracker/shards.h"

#include "infra/config.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "tracker/gateway_bot.h"
#include "tracker/identify.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    ASK_AGAIN_MS = 5000, /* rest has tried for half a minute by then */
    LOOK_MS = 1000,      /* a waiting shard's looks; many are to cost the database little */
    LOOK_EACH_MS = 10,
};

struct shards {
    struct shards_config config;
    struct gateway_bot *bot;
    struct identify *turns;
    struct gateway_bot_call *question; /* for the count; or, between two, */
    struct loop_timer *timer;          /* the next one; while stopping: to tell that nothing is owed */
    struct shard **all;                /* NULL until the count is known */
    size_t n;
    size_t n_stopping; /* owe something yet */
    size_t unwritten;  /* changes, of all of them */
    bool failed;

    void (*on_failed)(void *arg);
    void *on_failed_arg;
    void (*on_stopped)(void *arg);
    void *on_stopped_arg;
};

static void fail(void *arg)
{
    struct shards *const shards = arg;
    if (shards->failed)
        return;
    shards->failed = true;
    shards->on_failed(shards->on_failed_arg);
}

/* Settings ------------------------------------------------------------------------------------------------- */

void shards_configure(struct shards_config *config)
{
    config->count = (int)config_int("SHARD_COUNT", 0, 1, SHARDS_MAX);
    if (config->count > 0)
        config->n_ids = config_numbers("SHARD_IDS", config->count, config->ids);
    else if (config_optional("SHARD_IDS") != NULL)
        config_fail("SHARD_IDS", "goes only with SHARD_COUNT");
}

/* Starting ------------------------------------------------------------------------------------------------- */

static void start_all(struct shards *shards, int count)
{
    const size_t n_ids = shards->config.n_ids;
    shards->config.count = count;
    shards->n = n_ids > 0 ? n_ids : (size_t)count;
    log_info("shards", "count=%d here=%zu", count, shards->n);
    shards->all = mem_alloc(shards->n * sizeof(struct shard *));
    for (size_t i = 0; i < shards->n; i++) {
        struct shard_config config = shards->config.shard;
        config.bot = shards->bot;
        config.turns = shards->turns;
        config.unwritten = &shards->unwritten;
        config.look_ms = LOOK_MS + LOOK_EACH_MS * (int64_t)shards->n;
        config.key.shard_count = count;
        config.key.shard_id = n_ids > 0 ? shards->config.ids[i] : (int)i;
        shards->all[i] = shard_create(&config, fail, shards);
    }
}

static void ask(void *arg);

static void on_answer(void *arg, const struct gateway_bot_answer *answer)
{
    struct shards *const shards = arg;
    shards->question = NULL;
    if (answer->status == GATEWAY_BOT_REFUSED) {
        log_error("discord_refuses", "why=%s", log_quote("Discord refuses the token: check DISCORD_TOKEN"));
        fail(shards);
    } else if (answer->status == GATEWAY_BOT_OK && answer->shards >= 1 && answer->shards <= SHARDS_MAX) {
        start_all(shards, (int)answer->shards);
    } else {
        log_warn("shard_count_unknown", "shards=%" PRId64 " pause_ms=%d", answer->shards, ASK_AGAIN_MS);
        shards->timer = loop_after(shards->config.shard.loop, ASK_AGAIN_MS, ask, shards);
    }
}

static void ask(void *arg)
{
    struct shards *const shards = arg;
    shards->timer = NULL;
    shards->question = gateway_bot_ask(shards->bot, on_answer, shards);
}

struct shards *shards_create(const struct shards_config *config, void (*on_failed)(void *arg), void *arg)
{
    struct shards *const shards = mem_alloc(sizeof(*shards));
    shards->config = *config;
    shards->on_failed = on_failed;
    shards->on_failed_arg = arg;
    shards->bot = gateway_bot_create(config->rest);
    shards->turns = identify_create(config->shard.loop, IDENTIFY_WINDOW_MS);
    if (config->count > 0)
        start_all(shards, config->count);
    else
        ask(shards);
    return shards;
}

/* Running -------------------------------------------------------------------------------------------------- */

struct shard_measures shards_measure(const struct shards *shards)
{
    struct shard_measures sum = {.of_bot = (size_t)shards->config.count, .proven_age_ms = -1};
    for (size_t i = 0; i < shards->n; i++)
        shard_measure(shards->all[i], &sum);
    return sum;
}

void shards_settings_changed(struct shards *shards, uint64_t guild_id)
{
    for (size_t i = 0; i < shards->n; i++)
        shard_settings_changed(shards->all[i], guild_id);
}

/* Ending --------------------------------------------------------------------------------------------------- */

static void on_nothing_owed(void *arg)
{
    struct shards *const shards = arg;
    shards->timer = NULL;
    shards->on_stopped(shards->on_stopped_arg);
}

static void on_shard_stopped(void *arg)
{
    struct shards *const shards = arg;
    if (--shards->n_stopping == 0)
        shards->on_stopped(shards->on_stopped_arg);
}

static void cancel_question(struct shards *shards)
{
    loop_cancel(shards->timer);
    gateway_bot_cancel(shards->question);
    shards->timer = NULL;
    shards->question = NULL;
}

void shards_stop(struct shards *shards, void (*on_stopped)(void *arg), void *arg)
{
    cancel_question(shards);
    shards->on_stopped = on_stopped;
    shards->on_stopped_arg = arg;
    for (size_t i = 0; i < shards->n; i++)
        shards->n_stopping += shard_stop(shards->all[i], on_shard_stopped, shards);
    if (shards->n_stopping == 0)
        shards->timer = loop_after(shards->config.shard.loop, 0, on_nothing_owed, shards);
}

void shards_destroy(struct shards *shards)
{
    if (shards == NULL)
        return;
    cancel_question(shards);
    for (size_t i = 0; i < shards->n; i++)
        shard_destroy(shards->all[i]);
    free(shards->all);
    identify_destroy(shards->turns);
    gateway_bot_destroy(shards->bot);
    free(shards);
}
