/*
 * What a voice event costs: JSON text as Discord sends it, event, ledger (voice and session), batch, and of every full batch
 * the SQL job. CPU time of this thread; nothing is sent. The writer is this program's own: it throws the jobs away.
 */
#include "db/job.h"
#include "infra/mem.h"
#include "tracker/batch.h"
#include "tracker/event.h"
#include "tracker/ledger.h"
#include "tracker/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SERVERS = 10000,
    PRESENT = 100000, /* members in voice all the time */
    VISITORS =
        1000, /* who join, mute themselves, move and leave together: texts fit into the processor's cache */
    ROUNDS = 100,
    MANY = 2000, /* as the writer's: changes in a batch */
};

struct writer {
    struct batch *batch;
    struct db_shard_key shard;
};

static void write_batch(struct writer *writer)
{
    db_job_destroy(batch_job(writer->batch, &writer->shard, 1, 1, &(struct batch_progress){0}));
    batch_destroy(writer->batch);
    writer->batch = batch_create();
}

struct batch *writer_batch(struct writer *writer)
{
    if (batch_size(writer->batch) >= MANY)
        write_batch(writer);
    return writer->batch;
}

void writer_clip(struct writer *writer, uint64_t guild_id, uint64_t channel_id, int64_t from, int64_t until)
{
    batch_clip(writer->batch, guild_id, channel_id, from, until);
}

/* Texts --------------------------------------------------------------------------------------------------- */

enum act { JOIN, MUTE, MOVE, LEAVE, N_ACTS };

static const uint64_t first_id = UINT64_C(800000000000000000);

/* Ids as in life: whoever comes next may stand anywhere among them. A bijection of 32 bits. */
static uint64_t user_id(uint64_t user)
{
    return first_id + (uint32_t)(user * UINT64_C(2654435761));
}

static void write_event(struct buffer *out, uint64_t user, enum act act, uint64_t seq)
{
    static const char *const names[] = {"Ann",  "Björk",  "Владимир", "小林さくら",
                                        "ليلى", "김민준", "Zoë 🌙",    "Nguyễn"};
    char channel[32] = "null";
    if (act != LEAVE)
        snprintf(channel, sizeof(channel), "\"%" PRIu64 "\"", first_id + user % 7 + (act == MOVE ? 100 : 0));
    const char *const mute = act == MUTE ? "true" : "false";
    buffer_printf(
        out,
        "{\"t\":\"VOICE_STATE_UPDATE\",\"s\":%" PRIu64
        ",\"op\":0,\"d\":{\"member\":{\"user\":{\"username\":\"member%" PRIu64
        "\",\"public_flags\":0,\"primary_guild\":null,\"id\":\"%" PRIu64 "\",\"global_name\":\"%s %" PRIu64
        "\",\"display_name_styles\":null,\"discriminator\":\"0\",\"collectibles\":null,\"bot\":false,"
        "\"avatar_decoration_data\":null,\"avatar\":\"a_7be1c04d2f9a4d0e8a1f5b6c3d2e9f10\"},\"roles\":"
        "[\"1192065461152776193\",\"1192065461152776194\"],\"premium_since\":null,\"pending\":false,\"nick\":\"%s\",\"mute\":false,"
        "\"joined_at\":\"2024-03-18T21:02:09.004000+00:00\",\"flags\":0,\"deaf\":false,\"communication_disabled_until\":null,"
        "\"banner\":null,\"avatar\":null},\"user_id\":\"%" PRIu64
        "\",\"suppress\":false,\"session_id\":\"1b7c2d3e4f5061728394a5b6c7d8e9f0\",\"self_video\":false,\"self_mute\":%s,"
        "\"self_deaf\":false,\"request_to_speak_timestamp\":null,\"mute\":false,\"guild_id\":\"%" PRIu64
        "\",\"deaf\":false,\"channel_id\":%s}}",
        seq, user, user_id(user), names[user % 8], user, names[user % 5], user_id(user), mute,
        first_id + user % SERVERS, channel);
}

/* Time ---------------------------------------------------------------------------------------------------- */

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct texts {
    struct buffer bytes;
    size_t at[VISITORS + 1];
};

static void write_texts(struct texts *texts, uint64_t first_user, enum act act, uint64_t *seq)
{
    texts->bytes.len = 0;
    for (size_t i = 0; i < VISITORS; i++) {
        texts->at[i] = texts->bytes.len;
        write_event(&texts->bytes, first_user + i, act, ++*seq);
    }
    texts->at[VISITORS] = texts->bytes.len;
}

static void apply_texts(const struct texts *texts, struct ledger *ledger, const struct session_times *times)
{
    for (size_t i = 0; i < VISITORS; i++) {
        struct event_frame frame;
        const char *why;
        if (!event_frame_parse(texts->bytes.data + texts->at[i], texts->at[i + 1] - texts->at[i], &frame,
                               &why)) {
            fprintf(stderr, "refused: %s\n", why);
            exit(EXIT_FAILURE);
        }
        ledger_apply(ledger, &frame.event, times);
        event_frame_finish(&frame);
    }
}

/* To compare with: what every program that reads such texts with this library spends. */
static void only_parse(const struct texts *texts)
{
    for (size_t i = 0; i < VISITORS; i++)
        cJSON_Delete(cJSON_ParseWithLength(texts->bytes.data + texts->at[i], texts->at[i + 1] - texts->at[i]));
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of the median round. */
static double rate(double seconds[ROUNDS])
{
    qsort(seconds, ROUNDS, sizeof(seconds[0]), by_value);
    return N_ACTS * VISITORS / seconds[ROUNDS / 2];
}

int main(void)
{
    struct writer writer = {.batch = batch_create(), .shard = {.shard_count = 1}};
    struct ledger *const ledger = ledger_create(&writer, 1);
    struct session_times times = {.end_at = 1700000000, .start_at = 1700000000, .now_ms = 1700000000000};
    struct texts texts = {0};
    uint64_t seq = 0, user = 0;
    for (; user < PRESENT; user += VISITORS) {
        write_texts(&texts, user, JOIN, &seq);
        apply_texts(&texts, ledger, &times);
    }

    double events[ROUNDS] = {0}, only_parsing[ROUNDS] = {0}; /* seconds for each */
    size_t bytes = 0;
    for (int round = 0; round < ROUNDS; round++, user += VISITORS) {
        for (enum act act = JOIN; act < N_ACTS; act++) {
            times.end_at++, times.start_at++, times.now_ms += 1000;
            write_texts(&texts, user, act, &seq);
            const double begun = cpu_seconds();
            apply_texts(&texts, ledger, &times);
            const double applied = cpu_seconds();
            only_parse(&texts);
            events[round] += applied - begun;
            only_parsing[round] += cpu_seconds() - applied;
            bytes += texts.bytes.len;
        }
    }
    enum { N = ROUNDS * N_ACTS * VISITORS };
    printf("{\"name\": \"events\", \"value\": %.0f, \"n\": %d, \"bytes\": %zu}\n", rate(events), N, bytes / N);
    printf("{\"name\": \"only_parsing\", \"value\": %.0f, \"n\": %d}\n", rate(only_parsing), N);

    buffer_finish(&texts.bytes);
    ledger_destroy(ledger);
    batch_destroy(writer.batch);
    return EXIT_SUCCESS;
}
