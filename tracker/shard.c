#include "tracker/shard.h"

#include "infra/clock.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "tracker/gateway.h"
#include "tracker/ledger.h"
#include "tracker/writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    RETRY_MS = 1000,         /* of what the database did not answer */
    PROOF_WITHIN_MS = 900,   /* how long changed settings wait for a sign of life */
    SETTINGS_OVERLAP_S = 60, /* a change is stamped a moment before it is committed */
};

struct shard {
    struct shard_config config;
    struct loop_timer *claim_timer;
    /* NULL until the shard is claimed. */
    struct writer *writer;
    struct ledger *ledger;
    struct gateway *gateway;
    /* Of the last event applied, and the last moment at which the gateway was heard with all before it known. */
    struct batch_progress progress;
    int64_t last_s; /* the latest second booked: times of sessions never run back */
    struct loop_timer *heartbeat;
    bool proof_wanted; /* the heartbeat asked the gateway for a sign of life, and writes when it comes */

    char *session_id, *resume_url;     /* of the claim, until the gateway is made */
    int64_t settings_since;            /* unix seconds, the database's clock: changes before are known */
    struct loop_timer *settings_timer; /* set while they wait to be loaded */
    bool settings_loading, settings_stale;
    int64_t settings_beat_ms; /* monotonic: when they last asked for a sign of life */

    void (*on_failed)(void *arg);
    void *on_failed_arg;
    void (*on_stopped)(void *arg);
    void *on_stopped_arg;
};

/* The gateway --------------------------------------------------------------------------------------------- */

static int64_t book(struct shard *shard, int64_t ms)
{
    const int64_t s = ms / 1000;
    if (s > shard->last_s)
        shard->last_s = s;
    return shard->last_s;
}

static int64_t proven_s(const struct shard *shard)
{
    return shard->progress.proven_ms / 1000;
}

static void on_alive(void *arg, int64_t received_ms)
{
    struct shard *const shard = arg;
    book(shard, received_ms); /* what ends at the proven moment must not end after what begins next */
    if (received_ms > shard->progress.proven_ms)
        shard->progress.proven_ms = received_ms;
    writer_progress(shard->writer, &shard->progress);
}

static void on_dispatch(void *arg, const struct event *event, int64_t seq, bool replayed, int64_t received_ms)
{
    struct shard *const shard = arg;
    const int64_t now = book(shard, received_ms);
    const struct session_times times = {.end_at = replayed ? proven_s(shard) : now, .start_at = now};
    ledger_apply(shard->ledger, event, &times);
    shard->progress.seq = seq;
    writer_progress(shard->writer, &shard->progress);
}

static void on_resumed(void *arg, int64_t received_ms)
{
    struct shard *const shard = arg;
    log_info("resumed", "gap_ms=%lld in_voice=%zu", (long long)(received_ms - shard->progress.proven_ms),
             ledger_in_voice(shard->ledger));
    writer_flush(shard->writer); /* what was unproven until here must not hang on the next heartbeat */
}

static void on_session_lost(void *arg)
{
    struct shard *const shard = arg;
    const struct session_times times = {.end_at = proven_s(shard), .start_at = shard->last_s};
    ledger_lose(shard->ledger, &times);
    shard->progress.gateway_session++;
    shard->progress.seq = -1;
    writer_progress(shard->writer, &shard->progress);
    writer_flush(shard->writer);
}

static void load_settings(struct shard *shard);

static void on_acknowledged(void *arg, int64_t received_ms)
{
    struct shard *const shard = arg;
    (void)received_ms; /* told by on_alive already */
    if (shard->proof_wanted) {
        shard->proof_wanted = false;
        writer_flush(shard->writer);
    }
    if (shard->settings_timer != NULL)
        load_settings(shard);
}

static void on_fatal(void *arg, const char *why)
{
    struct shard *const shard = arg;
    log_error("discord_refuses", "shard=%d why=%s", shard->config.key.shard_id, log_quote(why));
    shard->on_failed(shard->on_failed_arg);
}

/* Rule 2: every interval it is written that somebody watched. A beat first, so that what is written is fresh.
 */
static void on_heartbeat(void *arg)
{
    struct shard *const shard = arg;
    shard->heartbeat =
        loop_after(shard->config.loop, shard->config.heartbeat_interval * 1000, on_heartbeat, shard);
    shard->proof_wanted = gateway_beat(shard->gateway);
}

/* The database -------------------------------------------------------------------------------------------- */

static void on_committed(void *arg, const struct batch_progress *progress)
{
    struct shard *const shard = arg;
    if (progress->seq >= 0 && progress->gateway_session == shard->progress.gateway_session)
        gateway_set_committed(shard->gateway, progress->seq);
}

static void on_fenced(void *arg)
{
    struct shard *const shard = arg;
    shard->on_failed(shard->on_failed_arg);
}

static void load_presence(struct shard *shard, const struct db_shard_claim *claim)
{
    const size_t n = db_shard_claim_size(claim);
    for (size_t i = 0; i < n; i++) {
        const struct db_shard_member row = db_shard_claim_member(claim, i);
        ledger_load(shard->ledger, &row);
        if (row.started_at > shard->last_s)
            shard->last_s = row.started_at;
    }
}

static void start_gateway(struct shard *shard)
{
    const struct gateway_config config = {
        .loop = shard->config.loop,
        .client = shard->config.client,
        .bot = shard->config.bot,
        .turns = shard->config.turns,
        .token = shard->config.token,
        .gateway_url = shard->config.gateway_url,
        .shard_id = shard->config.key.shard_id,
        .shard_count = shard->config.key.shard_count,
        .session = {shard->session_id, shard->resume_url, shard->progress.seq},
    };
    shard->gateway = gateway_create(&config, &(struct gateway_callbacks){
                                                 .on_alive = on_alive,
                                                 .on_dispatch = on_dispatch,
                                                 .on_resumed = on_resumed,
                                                 .on_session_lost = on_session_lost,
                                                 .on_acknowledged = on_acknowledged,
                                                 .on_fatal = on_fatal,
                                                 .arg = shard,
                                             });
    shard->heartbeat =
        loop_after(shard->config.loop, shard->config.heartbeat_interval * 1000, on_heartbeat, shard);
}

/* Settings (rule 6) --------------------------------------------------------------------------------------- */

static void on_settings_time(void *arg)
{
    struct shard *const shard = arg;
    shard->settings_timer = NULL;
    load_settings(shard);
}

static void on_settings(void *arg, const struct db_settings_loaded *loaded)
{
    struct shard *const shard = arg;
    shard->settings_loading = false;
    if (loaded == NULL || shard->settings_stale) {
        shard->settings_stale = false;
        shard->settings_timer =
            loop_after(shard->config.loop, loaded == NULL ? RETRY_MS : 0, on_settings_time, shard);
        return;
    }
    const struct session_times times = {.end_at = proven_s(shard), .start_at = book(shard, clock_wall_ms())};
    shard->settings_since = loaded->as_of - SETTINGS_OVERLAP_S;
    ledger_obey(shard->ledger, loaded, &times);
    writer_hold(shard->writer, false);
    if (shard->gateway == NULL && shard->on_stopped == NULL)
        start_gateway(shard);
}

static void load_settings(struct shard *shard)
{
    loop_cancel(shard->settings_timer);
    shard->settings_timer = NULL;
    shard->settings_stale = shard->settings_loading;
    if (shard->settings_loading)
        return;
    shard->settings_loading = true;
    db_settings_load(shard->config.pool, &shard->config.key, shard->settings_since, on_settings, shard);
}

/*
 * A change takes effect when it was made, but not past the proven moment: so a sign of life is asked for first.
 * At most once a second, for there is a budget of beats. After a break nothing is written before the changes of
 * meanwhile are known.
 */
void shard_settings_changed(struct shard *shard, uint64_t guild_id)
{
    if (shard->writer == NULL)
        return; /* they are loaded behind the claim */
    if (guild_id == 0) {
        writer_hold(shard->writer, true);
        load_settings(shard);
        return;
    }
    const struct db_shard_key *const key = &shard->config.key;
    if ((guild_id >> 22) % (uint64_t)key->shard_count != (uint64_t)key->shard_id ||
        shard->settings_timer != NULL)
        return;
    const int64_t now = clock_monotonic_ms();
    const bool rested = now - shard->settings_beat_ms >= PROOF_WITHIN_MS;
    if (rested)
        shard->settings_beat_ms = now;
    const bool asked =
        rested && shard->gateway != NULL && shard->on_stopped == NULL && gateway_beat(shard->gateway);
    shard->settings_timer =
        loop_after(shard->config.loop, asked || !rested ? PROOF_WITHIN_MS : 0, on_settings_time, shard);
}

/* Claiming ------------------------------------------------------------------------------------------------ */

static void on_claim_time(void *arg);

static void on_claimed(void *arg, const struct db_shard_claim *claim, const char *sqlstate)
{
    struct shard *const shard = arg;
    if (claim == NULL && strcmp(sqlstate, "42P01") == 0) {
        log_error("no_tables", "advice=%s", log_quote("run tracker --migrate once"));
        shard->on_failed(shard->on_failed_arg);
        return;
    }
    if (claim == NULL) {
        shard->claim_timer = loop_after(shard->config.loop, RETRY_MS, on_claim_time, shard);
        return;
    }
    shard->progress.seq = claim->seq;
    shard->progress.proven_ms = claim->proven_ms;
    shard->last_s = proven_s(shard);
    shard->writer = writer_create(
        &(struct writer_config){
            .loop = shard->config.loop,
            .pool = shard->config.pool,
            .shard = shard->config.key,
            .epoch = claim->epoch,
            .batch_no = claim->batch_no,
        },
        &(struct writer_callbacks){.on_committed = on_committed, .on_fenced = on_fenced, .arg = shard});
    shard->ledger = ledger_create(shard->writer, claim->epoch);
    load_presence(shard, claim);
    log_info("shard_claimed", "shard=%d/%d epoch=%lld batch=%lld seq=%lld in_voice=%zu proven_age_ms=%lld",
             shard->config.key.shard_id, shard->config.key.shard_count, (long long)claim->epoch,
             (long long)claim->batch_no, (long long)claim->seq, ledger_in_voice(shard->ledger),
             (long long)(claim->proven_ms > 0 ? clock_wall_ms() - claim->proven_ms : -1));
    writer_progress(shard->writer, &shard->progress);
    shard->session_id = mem_strdup(claim->session_id);
    shard->resume_url = mem_strdup(claim->resume_url);
    shard->settings_since = proven_s(shard) - SETTINGS_OVERLAP_S;
    load_settings(shard);
}

static void on_claim_time(void *arg)
{
    struct shard *const shard = arg;
    shard->claim_timer = NULL;
    db_shard_claim(shard->config.pool, &shard->config.key, shard->config.heartbeat_interval, on_claimed, shard);
}

/* Life ---------------------------------------------------------------------------------------------------- */

struct shard *shard_create(const struct shard_config *config, void (*on_failed)(void *arg), void *arg)
{
    struct shard *const shard = mem_alloc(sizeof(*shard));
    shard->config = *config;
    shard->on_failed = on_failed;
    shard->on_failed_arg = arg;
    shard->progress.seq = -1;
    shard->claim_timer = loop_after(config->loop, 0, on_claim_time, shard);
    return shard;
}

static void on_gateway_stopped(void *arg)
{
    struct shard *const shard = arg;
    writer_drain(shard->writer, shard->on_stopped, shard->on_stopped_arg);
}

void shard_stop(struct shard *shard, void (*on_stopped)(void *arg), void *arg)
{
    loop_cancel(shard->heartbeat);
    shard->heartbeat = NULL;
    loop_cancel(shard->claim_timer);
    shard->claim_timer = NULL;
    shard->on_stopped = on_stopped;
    shard->on_stopped_arg = arg;
    if (shard->gateway != NULL)
        gateway_stop(shard->gateway, on_gateway_stopped, shard);
    else /* nothing was claimed, nothing is owed */
        loop_after(shard->config.loop, 0, on_stopped, arg);
}

void shard_destroy(struct shard *shard)
{
    if (shard == NULL)
        return;
    loop_cancel(shard->heartbeat);
    loop_cancel(shard->claim_timer);
    loop_cancel(shard->settings_timer);
    gateway_destroy(shard->gateway);
    ledger_destroy(shard->ledger);
    writer_destroy(shard->writer);
    free(shard->session_id);
    free(shard->resume_url);
    free(shard);
}
