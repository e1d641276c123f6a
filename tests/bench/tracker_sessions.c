/*
 * How fast sessions begin and end in the database, all rollups kept: batches through the tracker's own writer.
 *
 *     tracker_sessions CONNINFO SERVERS SESSIONS_PER_BATCH
 *
 * Members of made-up servers come and go in turns: in one turn so many sessions begin, spread over the servers, in the next they
 * end. The first two turns are not measured: they make the rows that every later one finds.
 */
#include "db/job.h"
#include "db/pool.h"
#include "infra/clock.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "tracker/session.h"
#include "tracker/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TURNS = 8, STAY_S = 3600, SESSIONS = 10000 };

static const struct db_shard_key key = {.shard_count = 1};

struct bench {
    struct loop *loop;
    struct writer *writer;
    int64_t epoch;
    int64_t server_pid;
    bool done; /* what is waited for */
};

static void wait(struct bench *bench)
{
    for (bench->done = false; !bench->done;)
        loop_turn(bench->loop, -1);
}

static void on_written(void *arg)
{
    struct bench *const bench = arg;
    bench->done = true;
}

static void on_claimed(void *arg, const struct db_shard_claim *claim, const char *sqlstate)
{
    struct bench *const bench = arg;
    if (claim == NULL) {
        fprintf(stderr, "no claim: %s\n", sqlstate);
        exit(EXIT_FAILURE);
    }
    bench->epoch = claim->epoch;
    bench->done = true;
}

static void on_pid(void *arg, const struct db_outcome *outcome)
{
    struct bench *const bench = arg;
    if (outcome->status != DB_OK)
        exit(EXIT_FAILURE);
    bench->server_pid = db_int(outcome->rows[0], 0, 0);
    bench->done = true;
}

/* The process that serves the only connection. */
static void ask_pid(struct bench *bench, struct db_pool *pool)
{
    static const struct db_statement statement = {"pid", "SELECT pg_backend_pid()"};
    struct db_job *const job = db_job_create();
    db_job_statement(job, &statement);
    db_pool_submit(pool, job, on_pid, bench);
    wait(bench);
}

static double server_cpu_seconds(const struct bench *bench)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%" PRId64 "/schedstat", bench->server_pid);
    FILE *const file = fopen(path, "r");
    uint64_t nanoseconds = 0;
    if (file == NULL || fscanf(file, "%" SCNu64, &nanoseconds) != 1)
        abort();
    fclose(file);
    return (double)nanoseconds / 1e9;
}

static void on_committed(void *arg, const struct batch_progress *progress)
{
    (void)arg, (void)progress;
}

static void on_clock(void *arg, int64_t asked_ms, int64_t answered_ms, int64_t database_ms)
{
    (void)arg, (void)asked_ms, (void)answered_ms, (void)database_ms;
}

static void on_refused(void *arg, enum writer_refusal why)
{
    (void)arg, (void)why;
    exit(EXIT_FAILURE);
}

/* The i-th session of a turn. */
static void change(struct batch *batch, uint64_t turn, uint64_t i, uint64_t servers, int64_t now)
{
    const bool ends = turn % 2 == 1;
    const uint64_t guild_id = 1 + i % servers;
    const uint64_t user_id = 1 + i / servers;
    batch_session(batch, guild_id,
                  &(struct db_session){
                      .session_id = 1 + turn / 2 * SESSIONS + i,
                      .user_id = user_id,
                      .channel_id = 1 + i % 7,
                      .started_at = now - STAY_S,
                      .ended_at = now,
                      .end = ends ? SESSION_LEAVE : SESSION_OPEN,
                  });
    batch_presence(batch, guild_id, user_id, ends ? 0 : 1 + i % 7);
}

struct cost {
    double seconds, server_cpu_seconds;
};

static void take_turn(struct bench *bench, uint64_t turn, uint64_t servers, uint64_t per_batch,
                      struct cost *cost)
{
    const int64_t now = clock_wall_ms() / 1000, begun_ms = clock_monotonic_ms();
    const double begun_cpu = server_cpu_seconds(bench);
    for (uint64_t i = 0; i < SESSIONS;) {
        struct batch *const batch = writer_batch(bench->writer);
        for (uint64_t n = 0; n < per_batch && i < SESSIONS; n++, i++)
            change(batch, turn, i, servers, now);
        writer_drain(bench->writer, on_written, bench);
        wait(bench);
    }
    cost->seconds += (double)(clock_monotonic_ms() - begun_ms) / 1000;
    cost->server_cpu_seconds += server_cpu_seconds(bench) - begun_cpu;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    log_set_level(LOG_WARN);
    const uint64_t servers = strtoull(argv[2], NULL, 10), per_batch = strtoull(argv[3], NULL, 10);
    struct bench bench = {.loop = loop_create()};
    struct db_pool *const pool = db_pool_create(bench.loop, &(struct db_pool_config){
                                                                .url = argv[1],
                                                                .application_name = "vcledger bench",
                                                                .connections = 1,
                                                                .max_waiting = 10,
                                                                .max_wait_ms = 10000,
                                                                .statement_timeout_ms = 60000,
                                                            });
    static const struct db_shard_look nobody;
    db_shard_claim(
        pool, &(struct db_shard_taking){.key = key, .seen = &nobody, .interval_seconds = 60, .reason = "bench"},
        on_claimed, &bench);
    wait(&bench);
    ask_pid(&bench, pool);
    bench.writer = writer_create(
        &(struct writer_config){.loop = bench.loop, .pool = pool, .shard = key, .epoch = bench.epoch},
        &(struct writer_callbacks){
            .on_committed = on_committed, .on_clock = on_clock, .on_refused = on_refused});

    struct cost costs[2] = {0};
    for (uint64_t turn = 0; turn < TURNS; turn++) {
        struct cost first = {0};
        take_turn(&bench, turn, servers, per_batch, turn < 2 ? &first : &costs[turn % 2]);
    }
    static const char *const names[] = {"begun", "ended"};
    const int n = SESSIONS * (TURNS - 2) / 2;
    for (size_t i = 0; i < 2; i++)
        printf("{\"name\": \"%s\", \"value\": %.0f, \"server_cpu\": %.0f, \"n\": %d}\n", names[i],
               n / costs[i].seconds, n / costs[i].server_cpu_seconds, n);

    writer_destroy(bench.writer);
    db_pool_destroy(pool);
    loop_destroy(bench.loop);
    return EXIT_SUCCESS;
}
