#include "tracker/shard.h"

#include "infra/clock.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "tracker/event.h"
#include "tracker/gateway.h"
#include "tracker/session.h"
#include "tracker/voice.h"
#include "tracker/writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CLAIM_RETRY_MS = 1000 };

struct shard {
    struct shard_config config;
    struct loop_timer *claim_timer;
    struct voice *voice;
    struct writer *writer;   /* NULL until the shard is claimed */
    struct gateway *gateway; /* the same */
    struct session_ids ids;
    uint64_t own_user_id; /* the bot's, from READY */
    /* Of the last event applied, and the last moment at which the gateway was heard with all before it known. */
    struct batch_progress progress;
    int64_t last_s; /* the latest second booked: times of sessions never run back */
    struct loop_timer *heartbeat;
    bool proof_wanted; /* the heartbeat asked the gateway for a sign of life, and writes when it comes */

    void (*on_failed)(void *arg);
    void *on_failed_arg;
    void (*on_stopped)(void *arg);
    void *on_stopped_arg;
};

/* Changes of presence ------------------------------------------------------------------------------------- */

/* What one event does, while it is being applied. */
struct change {
    struct shard *shard;
    struct session_times times;
    enum session_end end; /* how a leave is to be called */
};

static void write_transition(const struct change *change, const struct voice_transition *transition)
{
    struct shard *const shard = change->shard;
    if (transition->change == VOICE_UNCHANGED)
        return;
    struct db_session rows[2];
    const size_t n = session_rows(transition, &change->times, change->end, &shard->ids, clock_wall_ms(), rows);
    struct batch *const batch = writer_batch(shard->writer);
    for (size_t i = 0; i < n; i++)
        batch_session(batch, transition->guild_id, &rows[i]);
    if (transition->member != NULL)
        batch_presence(batch, transition->guild_id, transition->member->user_id,
                       transition->member->channel_id);
    else
        batch_presence(batch, transition->guild_id, transition->before.user_id, 0);
}

static void on_left(void *arg, const struct voice_transition *left)
{
    write_transition(arg, left);
}

/* FNV-1a over the names, so that a mute does not write them again. Never 0. */
static uint64_t fingerprint(const struct event_user *user)
{
    const char *const parts[] = {user->username,      user->global_name, user->nick,
                                 user->discriminator, user->avatar,      user->guild_avatar};
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        for (const char *c = parts[i] != NULL ? parts[i] : "\x01"; *c != '\0'; c++)
            hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
        hash = (hash ^ 0xff) * UINT64_C(1099511628211);
    }
    return hash != 0 ? hash : 1;
}

static void keep_names(struct shard *shard, uint64_t guild_id, const struct event_user *user,
                       struct voice_member *member)
{
    if (user->username == NULL)
        return;
    const uint64_t identity = fingerprint(user);
    if (member->identity == identity)
        return;
    member->identity = identity;
    batch_member(writer_batch(shard->writer), &(struct db_member){
                                                  .guild_id = guild_id,
                                                  .user_id = user->user_id,
                                                  .username = user->username,
                                                  .discriminator = user->discriminator,
                                                  .global_name = user->global_name,
                                                  .nick = user->nick,
                                                  .avatar = user->avatar,
                                                  .guild_avatar = user->guild_avatar,
                                              });
}

/* Bots are in no channel as far as we are concerned. */
static void apply_voice_state(const struct change *change, uint64_t guild_id,
                              const struct event_voice_state *state)
{
    struct shard *const shard = change->shard;
    const bool bot = state->user.bot || state->user.user_id == shard->own_user_id;
    const struct voice_transition transition =
        voice_apply(shard->voice, guild_id, state->user.user_id, bot ? 0 : state->channel_id);
    write_transition(change, &transition);
    if (transition.member != NULL)
        keep_names(shard, guild_id, &state->user, transition.member);
}

/* Events
 * -----------------------------------------------------------------------------------------------------------
 */

static void put_guild(struct shard *shard, const struct event *event)
{
    batch_guild(writer_batch(shard->writer), &(struct db_guild){
                                                 .guild_id = event->guild_id,
                                                 .name = event->guild.name,
                                                 .icon = event->guild.icon,
                                                 .afk_channel_id = event->guild.afk_channel_id,
                                             });
}

static void put_channel(struct shard *shard, uint64_t guild_id, const struct event_channel *channel,
                        bool deleted)
{
    batch_channel(writer_batch(shard->writer), &(struct db_channel){
                                                   .guild_id = guild_id,
                                                   .channel_id = channel->channel_id,
                                                   .name = deleted ? NULL : channel->name,
                                                   .type = channel->type,
                                               });
}

static void apply_outage(struct change *change, const struct event *event)
{
    struct shard *const shard = change->shard;
    log_warn("guild_unavailable", "guild=%" PRIu64, event->guild_id);
    change->end = SESSION_OUTAGE;
    voice_clear(shard->voice, event->guild_id, 0, on_left, change);
    batch_guild_unavailable(writer_batch(shard->writer), event->guild_id);
}

/* A whole server as it is now. Those who are no longer there left at an unknown moment, after presence was last
 * proven. */
static void apply_snapshot(struct change *change, const struct event *event)
{
    struct shard *const shard = change->shard;
    const struct event_guild *const guild = &event->guild;
    put_guild(shard, event);
    for (size_t i = 0; i < guild->n_channels; i++)
        put_channel(shard, event->guild_id, &guild->channels[i], false);
    voice_snapshot_begin(shard->voice, event->guild_id);
    for (size_t i = 0; i < guild->n_voice_states; i++)
        apply_voice_state(change, event->guild_id, &guild->voice_states[i]);
    change->end = SESSION_UNPROVEN;
    voice_snapshot_end(shard->voice, event->guild_id, on_left, change);
    log_info("guild_seen", "guild=%" PRIu64 " name=%s in_voice=%zu", event->guild_id, log_quote(guild->name),
             guild->n_voice_states);
}

static void apply_removal(struct change *change, const struct event *event)
{
    struct shard *const shard = change->shard;
    log_warn("guild_left", "guild=%" PRIu64, event->guild_id);
    change->end = SESSION_REMOVED;
    voice_clear(shard->voice, event->guild_id, 0, on_left, change);
    batch_guild_left(writer_batch(shard->writer), event->guild_id, change->times.end_at);
}

static void apply_ready(struct shard *shard, const struct event_ready *ready)
{
    struct batch *const batch = writer_batch(shard->writer);
    shard->own_user_id = ready->user_id;
    batch_gateway_session(batch, ready->session_id, ready->resume_gateway_url);
    batch_guilds_left_but(batch, ready->guild_ids, ready->n_guilds, shard->last_s);
}

static void apply_event(struct change *change, const struct event *event)
{
    struct shard *const shard = change->shard;
    switch (event->type) {
    case EVENT_OTHER:
    case EVENT_RESUMED:
        break;
    case EVENT_READY:
        apply_ready(shard, &event->ready);
        break;
    case EVENT_GUILD_CREATE:
        if (event->guild.unavailable)
            apply_outage(change, event);
        else
            apply_snapshot(change, event);
        break;
    case EVENT_GUILD_UPDATE:
        put_guild(shard, event);
        break;
    case EVENT_GUILD_DELETE:
        if (event->guild.unavailable)
            apply_outage(change, event);
        else
            apply_removal(change, event);
        break;
    case EVENT_CHANNEL_UPSERT:
        put_channel(shard, event->guild_id, &event->channel, false);
        break;
    case EVENT_CHANNEL_DELETE:
        put_channel(shard, event->guild_id, &event->channel, true);
        voice_clear(shard->voice, event->guild_id, event->channel.channel_id, on_left, change);
        break;
    case EVENT_VOICE_STATE_UPDATE:
        apply_voice_state(change, event->guild_id, &event->voice_state);
        break;
    }
}

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
    struct change change = {
        .shard = shard,
        .times = {.end_at = replayed ? proven_s(shard) : now, .start_at = now},
        .end = SESSION_LEAVE,
    };
    apply_event(&change, event);
    shard->progress.seq = seq;
    writer_progress(shard->writer, &shard->progress);
}

static void on_resumed(void *arg, int64_t received_ms)
{
    struct shard *const shard = arg;
    log_info("resumed", "gap_ms=%lld in_voice=%zu", (long long)(received_ms - shard->progress.proven_ms),
             voice_count(shard->voice));
    writer_flush(shard->writer); /* what was unproven until here must not hang on the next heartbeat */
}

/* Nobody knows what happened since the proven moment: all that was open ends there. */
static void on_session_lost(void *arg)
{
    struct shard *const shard = arg;
    struct change change = {
        .shard = shard,
        .times = {.end_at = proven_s(shard), .start_at = shard->last_s},
        .end = SESSION_UNPROVEN,
    };
    log_warn("session_lost", "in_voice=%zu", voice_count(shard->voice));
    voice_clear(shard->voice, 0, 0, on_left, &change);
    batch_gateway_session(writer_batch(shard->writer), NULL, NULL);
    shard->progress.gateway_session++;
    shard->progress.seq = -1;
    writer_progress(shard->writer, &shard->progress);
    writer_flush(shard->writer);
}

static void on_acknowledged(void *arg, int64_t received_ms)
{
    struct shard *const shard = arg;
    (void)received_ms; /* told by on_alive already */
    if (shard->proof_wanted) {
        shard->proof_wanted = false;
        writer_flush(shard->writer);
    }
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
        struct voice_member *const member =
            voice_apply(shard->voice, row.guild_id, row.user_id, row.channel_id).member;
        member->session_id = row.session_id;
        member->started_at = row.started_at;
        if (row.started_at > shard->last_s)
            shard->last_s = row.started_at;
    }
}

static void start_gateway(struct shard *shard, const struct db_shard_claim *claim)
{
    const struct gateway_config config = {
        .loop = shard->config.loop,
        .client = shard->config.client,
        .rest = shard->config.rest,
        .token = shard->config.token,
        .gateway_url = shard->config.gateway_url,
        .shard_id = shard->config.key.shard_id,
        .shard_count = shard->config.key.shard_count,
        .session = {.session_id = claim->session_id, .resume_url = claim->resume_url, .seq = claim->seq},
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
        shard->claim_timer = loop_after(shard->config.loop, CLAIM_RETRY_MS, on_claim_time, shard);
        return;
    }
    shard->ids.epoch = (uint32_t)claim->epoch;
    shard->progress.seq = claim->seq;
    shard->progress.proven_ms = claim->proven_ms;
    shard->last_s = proven_s(shard);
    load_presence(shard, claim);
    log_info("shard_claimed", "shard=%d/%d epoch=%lld batch=%lld seq=%lld in_voice=%zu proven_age_ms=%lld",
             shard->config.key.shard_id, shard->config.key.shard_count, (long long)claim->epoch,
             (long long)claim->batch_no, (long long)claim->seq, voice_count(shard->voice),
             (long long)(claim->proven_ms > 0 ? clock_wall_ms() - claim->proven_ms : -1));
    shard->writer = writer_create(
        &(struct writer_config){
            .loop = shard->config.loop,
            .pool = shard->config.pool,
            .shard = shard->config.key,
            .epoch = claim->epoch,
            .batch_no = claim->batch_no,
        },
        &(struct writer_callbacks){.on_committed = on_committed, .on_fenced = on_fenced, .arg = shard});
    writer_progress(shard->writer, &shard->progress);
    start_gateway(shard, claim);
}

static void on_claim_time(void *arg)
{
    struct shard *const shard = arg;
    shard->claim_timer = NULL;
    db_shard_claim(shard->config.pool, &shard->config.key, shard->config.heartbeat_interval, on_claimed, shard);
}

/* Life
 * -------------------------------------------------------------------------------------------------------------
 */

struct shard *shard_create(const struct shard_config *config, void (*on_failed)(void *arg), void *arg)
{
    struct shard *const shard = mem_alloc(sizeof(*shard));
    shard->config = *config;
    shard->on_failed = on_failed;
    shard->on_failed_arg = arg;
    shard->progress.seq = -1;
    shard->voice = voice_create();
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
    gateway_destroy(shard->gateway);
    writer_destroy(shard->writer);
    voice_destroy(shard->voice);
    free(shard);
}
