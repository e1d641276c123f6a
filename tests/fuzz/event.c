/*
 * Gateway frames, one a line: parsed, and what they are is applied to the ledger, whose batch becomes a job for the
 * database. The writer is this file's own and throws the jobs away.
 */
#include "tracker/event.h"

#include "db/job.h"
#include "infra/log.h"
#include "infra/mem.h"
#include "infra/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "tracker/batch.h"
#include "tracker/ledger.h"
#include "tracker/writer.h"

#include <stdlib.h>
#include <string.h>

/* The writer ------------------------------------------------------------------------------------------------ */

struct writer {
    struct batch *batch;
};

struct batch *writer_batch(struct writer *writer)
{
    return writer->batch;
}

void writer_clip(struct writer *writer, uint64_t guild_id, uint64_t channel_id, int64_t from, int64_t until)
{
    batch_clip(writer->batch, guild_id, channel_id, from, until);
}

static void write_batch(struct writer *writer)
{
    db_job_destroy(batch_job(writer->batch, &(struct db_shard_key){0}, 1, 1, &(struct batch_progress){0}));
    batch_destroy(writer->batch);
    writer->batch = batch_create();
}

/* What was parsed ------------------------------------------------------------------------------------------- */

static void hold_hash(const char *hash)
{
    hold(hash == NULL || hash[strspn(hash, "0123456789abcdef_")] == '\0');
}

static void hold_user(const struct event_user *user)
{
    hold(user->user_id != 0 && user->discriminator != NULL);
    fuzz_hold_text(user->username);
    fuzz_hold_text(user->global_name);
    fuzz_hold_text(user->nick);
    fuzz_hold_text(user->discriminator);
    hold_hash(user->avatar);
    hold_hash(user->guild_avatar);
}

static void hold_channel(const struct event_channel *channel)
{
    hold(channel->channel_id != 0 && channel->type != 0 && channel->name != NULL);
    fuzz_hold_text(channel->name);
}

static void hold_guild(const struct event_guild *guild)
{
    fuzz_hold_text(guild->name);
    hold_hash(guild->icon);
    for (size_t i = 0; i < guild->n_channels; i++)
        hold_channel(&guild->channels[i]);
    for (size_t i = 0; i < guild->n_voice_states; i++) {
        hold(guild->voice_states[i].channel_id != 0);
        hold(i == 0 || guild->voice_states[i - 1].user.user_id <= guild->voice_states[i].user.user_id);
        hold_user(&guild->voice_states[i].user);
    }
}

static void hold_event(const struct event *event)
{
    hold((event->name == NULL) == (event->type == EVENT_OTHER));
    switch (event->type) {
    case EVENT_OTHER:
    case EVENT_RESUMED:
        break;
    case EVENT_READY:
        hold(event->ready.user_id != 0 && event->ready.session_id != NULL);
        fuzz_hold_text(event->ready.session_id);
        fuzz_hold_text(event->ready.resume_gateway_url);
        for (size_t i = 0; i < event->ready.n_guilds; i++)
            hold(event->ready.guild_ids[i] != 0);
        break;
    case EVENT_GUILD_CREATE:
    case EVENT_GUILD_UPDATE:
    case EVENT_GUILD_DELETE:
        hold(event->guild_id != 0);
        hold_guild(&event->guild);
        break;
    case EVENT_CHANNEL_UPSERT:
    case EVENT_CHANNEL_DELETE:
        hold(event->guild_id != 0);
        hold_channel(&event->channel);
        break;
    case EVENT_VOICE_STATE_UPDATE:
        hold(event->guild_id != 0);
        hold_user(&event->voice_state.user);
        break;
    }
}

/* The same bytes are the same frame, whatever stood in memory before. */
static void hold_repeatable(const struct event_frame *frame, const char *bytes, size_t n)
{
    struct event_frame again;
    const char *why;
    hold(event_frame_parse(bytes, n, &again, &why));
    hold(frame->op == again.op && frame->seq == again.seq);
    hold(frame->event.type == again.event.type && frame->event.guild_id == again.event.guild_id);
    if (frame->event.type == EVENT_GUILD_CREATE)
        hold(frame->event.guild.n_voice_states == again.event.guild.n_voice_states &&
             frame->event.guild.n_channels == again.event.guild.n_channels);
    event_frame_finish(&again);
}

/* What follows from it -------------------------------------------------------------------------------------- */

static void apply(struct ledger *ledger, const struct event *event, int64_t now)
{
    const struct session_times times = {.end_at = now, .start_at = now, .now_ms = 1000 * now};
    ledger_apply(ledger, event, &times);
    const size_t in_voice = ledger_in_voice(ledger);
    hold(ledger_open_sessions(ledger) <= in_voice);
    /* Discord may send anything twice. */
    ledger_apply(ledger, event, &times);
    hold(ledger_in_voice(ledger) == in_voice);
}

static void play_line(struct ledger *ledger, const char *bytes, size_t n, int64_t now)
{
    struct event_frame frame;
    const char *why = NULL;
    const bool parsed = event_frame_parse(bytes, n, &frame, &why);
    hold(parsed == (why == NULL));
    if (!parsed)
        return;
    hold(utf8_valid(bytes, n));
    hold(frame.op >= 0 && frame.seq >= 0);
    hold_event(&frame.event);
    hold_repeatable(&frame, bytes, n);
    apply(ledger, &frame.event, now);
    event_frame_finish(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    log_set_level(LOG_ERROR);
    struct writer writer = {.batch = batch_create()};
    struct ledger *const ledger = ledger_create(&writer, 7);
    int64_t now = INT64_C(1795000000);
    for (size_t at = 0; at <= n; now++) {
        const uint8_t *const end = n > at ? memchr(bytes + at, '\n', n - at) : NULL;
        const size_t len = end != NULL ? (size_t)(end - bytes) - at : n - at;
        play_line(ledger, (const char *)bytes + at, len, now);
        if (batch_size(writer.batch) > 8)
            write_batch(&writer);
        at += len + 1;
    }
    ledger_lose(ledger, &(struct session_times){.end_at = now, .start_at = now, .now_ms = 1000 * now});
    hold(ledger_in_voice(ledger) == 0 && ledger_open_sessions(ledger) == 0);
    write_batch(&writer);
    ledger_destroy(ledger);
    batch_destroy(writer.batch);
    return 0;
}
