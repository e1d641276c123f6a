#include "tracker/ledger.h"

#include "infra/log.h"
#include "infra/mem.h"
#include "tracker/event.h"
#include "tracker/voice.h"
#include "tracker/writer.h"

#include <inttypes.h>
#include <stdlib.h>

struct ledger {
    struct writer *writer;
    struct voice *voice;
    struct settings *settings;
    struct session_ids ids;
    uint64_t own_user_id; /* the bot's, from READY */
};

/* Changes of presence ------------------------------------------------------------------------------------- */

/* What one event does, while it is being applied. */
struct change {
    struct ledger *ledger;
    struct session_times times;
    enum session_end end; /* how a leave is to be called */
};

static void write_transition(const struct change *change, const struct voice_transition *transition)
{
    struct ledger *const ledger = change->ledger;
    if (transition->change == VOICE_UNCHANGED)
        return;
    const uint64_t channel_id = transition->member != NULL ? transition->member->channel_id : 0;
    const struct session_rules rules = {
        .times = change->times,
        .end = change->end,
        .stay = settings_stay(ledger->settings, transition->guild_id, channel_id),
    };
    struct db_session rows[2];
    const size_t n = session_rows(transition, &rules, &ledger->ids, rows);
    struct batch *const batch = writer_batch(ledger->writer);
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

static void keep_names(struct ledger *ledger, uint64_t guild_id, const struct event_user *user,
                       struct voice_member *member)
{
    if (user->username == NULL)
        return;
    const uint64_t identity = fingerprint(user);
    if (member->identity == identity)
        return;
    member->identity = identity;
    batch_member(writer_batch(ledger->writer), &(struct db_member){
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
    struct ledger *const ledger = change->ledger;
    const bool bot = state->user.bot || state->user.user_id == ledger->own_user_id;
    const struct voice_transition transition =
        voice_apply(ledger->voice, guild_id, state->user.user_id, bot ? 0 : state->channel_id);
    write_transition(change, &transition);
    if (transition.member != NULL)
        keep_names(ledger, guild_id, &state->user, transition.member);
}

/* What counts --------------------------------------------------------------------------------------------- */

/* A server's settings or its AFK channel changed. */
static void reconsider(void *arg, uint64_t guild_id, struct voice_member *member)
{
    const struct change *const change = arg;
    struct ledger *const ledger = change->ledger;
    const struct session_rules rules = {
        .times = change->times,
        .stay = settings_stay(ledger->settings, guild_id, member->channel_id),
    };
    struct db_session row;
    if (session_reconsider(member, &rules, &ledger->ids, &row))
        batch_session(writer_batch(ledger->writer), guild_id, &row);
}

/* Events -------------------------------------------------------------------------------------------------- */

static void put_guild(struct change *change, const struct event *event)
{
    struct ledger *const ledger = change->ledger;
    batch_guild(writer_batch(ledger->writer), &(struct db_guild){
                                                  .guild_id = event->guild_id,
                                                  .name = event->guild.name,
                                                  .icon = event->guild.icon,
                                                  .afk_channel_id = event->guild.afk_channel_id,
                                              });
    settings_set_afk_channel(ledger->settings, event->guild_id, event->guild.afk_channel_id);
    voice_each(ledger->voice, event->guild_id, reconsider, change);
}

static void put_channel(struct ledger *ledger, uint64_t guild_id, const struct event_channel *channel,
                        bool deleted)
{
    batch_channel(writer_batch(ledger->writer), &(struct db_channel){
                                                    .guild_id = guild_id,
                                                    .channel_id = channel->channel_id,
                                                    .name = deleted ? NULL : channel->name,
                                                    .type = channel->type,
                                                });
}

static void apply_outage(struct change *change, const struct event *event)
{
    struct ledger *const ledger = change->ledger;
    log_warn("guild_unavailable", "guild=%" PRIu64, event->guild_id);
    change->end = SESSION_OUTAGE;
    voice_clear(ledger->voice, event->guild_id, 0, on_left, change);
    batch_guild_unavailable(writer_batch(ledger->writer), event->guild_id);
}

/* A whole server as it is now. Those who are no longer there left at an unknown moment, after presence was last
 * proven. */
static void apply_snapshot(struct change *change, const struct event *event)
{
    struct ledger *const ledger = change->ledger;
    const struct event_guild *const guild = &event->guild;
    put_guild(change, event);
    for (size_t i = 0; i < guild->n_channels; i++)
        put_channel(ledger, event->guild_id, &guild->channels[i], false);
    voice_snapshot_begin(ledger->voice, event->guild_id);
    for (size_t i = 0; i < guild->n_voice_states; i++)
        apply_voice_state(change, event->guild_id, &guild->voice_states[i]);
    change->end = SESSION_UNPROVEN;
    voice_snapshot_end(ledger->voice, event->guild_id, on_left, change);
    log_info("guild_seen", "guild=%" PRIu64 " name=%s in_voice=%zu", event->guild_id, log_quote(guild->name),
             guild->n_voice_states);
}

static void apply_removal(struct change *change, const struct event *event)
{
    struct ledger *const ledger = change->ledger;
    log_info("guild_left", "guild=%" PRIu64, event->guild_id);
    change->end = SESSION_REMOVED;
    voice_clear(ledger->voice, event->guild_id, 0, on_left, change);
    batch_guild_left(writer_batch(ledger->writer), event->guild_id, change->times.end_at);
}

static void apply_ready(const struct change *change, const struct event_ready *ready)
{
    struct batch *const batch = writer_batch(change->ledger->writer);
    change->ledger->own_user_id = ready->user_id;
    batch_gateway_session(batch, ready->session_id, ready->resume_gateway_url);
    batch_guilds_left_but(batch, ready->guild_ids, ready->n_guilds, change->times.start_at);
}

static void apply_event(struct change *change, const struct event *event)
{
    struct ledger *const ledger = change->ledger;
    switch (event->type) {
    case EVENT_OTHER:
    case EVENT_RESUMED:
        break;
    case EVENT_READY:
        apply_ready(change, &event->ready);
        break;
    case EVENT_GUILD_CREATE:
        if (event->guild.unavailable)
            apply_outage(change, event);
        else
            apply_snapshot(change, event);
        break;
    case EVENT_GUILD_UPDATE:
        put_guild(change, event);
        break;
    case EVENT_GUILD_DELETE:
        if (event->guild.unavailable)
            apply_outage(change, event);
        else
            apply_removal(change, event);
        break;
    case EVENT_CHANNEL_UPSERT:
        put_channel(ledger, event->guild_id, &event->channel, false);
        break;
    case EVENT_CHANNEL_DELETE:
        put_channel(ledger, event->guild_id, &event->channel, true);
        voice_clear(ledger->voice, event->guild_id, event->channel.channel_id, on_left, change);
        break;
    case EVENT_VOICE_STATE_UPDATE:
        apply_voice_state(change, event->guild_id, &event->voice_state);
        break;
    }
}

void ledger_apply(struct ledger *ledger, const struct event *event, const struct session_times *times)
{
    struct change change = {.ledger = ledger, .times = *times, .end = SESSION_LEAVE};
    apply_event(&change, event);
}

/* Nobody knows what happened since the proven moment: all that was open ends there. */
void ledger_lose(struct ledger *ledger, const struct session_times *times)
{
    struct change change = {.ledger = ledger, .times = *times, .end = SESSION_UNPROVEN};
    if (voice_count(ledger->voice) > 0)
        log_warn("presence_lost", "in_voice=%zu", voice_count(ledger->voice));
    voice_clear(ledger->voice, 0, 0, on_left, &change);
    batch_gateway_session(writer_batch(ledger->writer), NULL, NULL);
}

static void split(void *arg, uint64_t guild_id, struct voice_member *member)
{
    const struct change *const change = arg;
    struct ledger *const ledger = change->ledger;
    struct db_session rows[2];
    const size_t n = session_split(member, &change->times, &ledger->ids, rows);
    for (size_t i = 0; i < n; i++)
        batch_session(writer_batch(ledger->writer), guild_id, &rows[i]);
}

void ledger_split(struct ledger *ledger, const struct session_times *times)
{
    struct change change = {.ledger = ledger, .times = *times};
    voice_each(ledger->voice, 0, split, &change);
}

/* Settings ------------------------------------------------------------------------------------------------ */

/* A setting that was off from one moment to another, in unix seconds; INT64_MAX: it still is. */
struct off {
    struct change change;
    const struct db_settings_changed *setting;
    int64_t from, until;
};

static bool is_meant(const struct off *off, uint64_t guild_id, uint64_t channel_id)
{
    return off->setting->setting == SETTING_TRACKING ||
           settings_afk_channel(off->change.ledger->settings, guild_id) == channel_id;
}

/* What began before it was off ends then, but not past what is proven; what began while it was off, and nobody
 * knew, ends as it began. */
static void end_where_off(void *arg, uint64_t guild_id, struct voice_member *member)
{
    const struct off *const off = arg;
    if (member->started_at >= off->until || !is_meant(off, guild_id, member->channel_id))
        return;
    struct ledger *const ledger = off->change.ledger;
    struct session_rules rules = {
        .times = off->change.times,
        .stay = off->setting->setting == SETTING_TRACKING ? STAY_DISABLED : STAY_AFK,
    };
    if (off->from < rules.times.end_at)
        rules.times.end_at = off->from;
    struct db_session row;
    if (session_reconsider(member, &rules, &ledger->ids, &row))
        batch_session(writer_batch(ledger->writer), guild_id, &row);
}

/* The same for sessions that ended since and are not written yet. */
static void clip_unwritten(const struct off *off)
{
    const struct ledger *const ledger = off->change.ledger;
    const uint64_t guild_id = off->setting->guild_id;
    const bool everywhere = off->setting->setting == SETTING_TRACKING;
    const uint64_t afk = settings_afk_channel(ledger->settings, guild_id);
    if (everywhere || afk != 0)
        writer_clip(ledger->writer, guild_id, everywhere ? 0 : afk, off->from, off->until);
}

/* Until when the i-th change held: that of the same setting after it. */
static int64_t off_until(const struct db_settings_loaded *loaded, size_t i)
{
    const struct db_settings_changed off = db_settings_changed(loaded, i);
    const size_t n = db_settings_n_changes(loaded);
    while (++i < n) {
        const struct db_settings_changed next = db_settings_changed(loaded, i);
        if (next.guild_id == off.guild_id && next.setting == off.setting)
            return next.changed_us / 1000000;
    }
    return INT64_MAX;
}

static void replay_changes(struct change *change, const struct db_settings_loaded *loaded)
{
    struct ledger *const ledger = change->ledger;
    const size_t n = db_settings_n_changes(loaded);
    for (size_t i = 0; i < n; i++) {
        const struct db_settings_changed each = db_settings_changed(loaded, i);
        if (!settings_is_news(ledger->settings, &each) || each.on)
            continue;
        struct off off = {
            .change = *change,
            .setting = &each,
            .from = each.changed_us / 1000000,
            .until = off_until(loaded, i),
        };
        voice_each(ledger->voice, each.guild_id, end_where_off, &off);
        clip_unwritten(&off);
    }
}

void ledger_obey(struct ledger *ledger, const struct db_settings_loaded *loaded,
                 const struct session_times *times)
{
    struct change change = {.ledger = ledger, .times = *times};
    settings_reset(ledger->settings);
    for (size_t i = 0; i < db_settings_n_guilds(loaded); i++) {
        const struct db_settings_guild guild = db_settings_guild(loaded, i);
        settings_take(ledger->settings, &guild);
    }
    replay_changes(&change, loaded);
    voice_each(ledger->voice, 0, reconsider, &change);
}

/* Life ---------------------------------------------------------------------------------------------------- */

struct ledger *ledger_create(struct writer *writer, int64_t epoch)
{
    struct ledger *const ledger = mem_alloc(sizeof(*ledger));
    ledger->writer = writer;
    ledger->voice = voice_create();
    ledger->settings = settings_create();
    ledger->ids.epoch = (uint32_t)epoch;
    return ledger;
}

void ledger_destroy(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    voice_destroy(ledger->voice);
    settings_destroy(ledger->settings);
    free(ledger);
}

void ledger_load(struct ledger *ledger, const struct db_shard_member *row)
{
    struct voice_member *const member =
        voice_apply(ledger->voice, row->guild_id, row->user_id, row->channel_id).member;
    member->session_id = row->session_id;
    member->started_at = row->started_at;
}

size_t ledger_in_voice(const struct ledger *ledger)
{
    return voice_count(ledger->voice);
}

static void count_open(void *arg, uint64_t guild_id, struct voice_member *member)
{
    size_t *const n = arg;
    (void)guild_id;
    *n += member->session_id != 0;
}

size_t ledger_open_sessions(const struct ledger *ledger)
{
    size_t n = 0;
    voice_each(ledger->voice, 0, count_open, &n);
    return n;
}
