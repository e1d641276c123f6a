/* Prints who is in voice as a tracker that claims a shard reads it, for tests to compare: presence COUNT ID END...
 * (the last server of each part). */
#include "db/job.h"
#include "db/pool.h"
#include "db/shard.h"
#include "infra/loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct loop *loop;
static int left;

static void on_loaded(void *arg, const struct pg_result *members)
{
    const int *const part = arg;
    if (members == NULL)
        exit(EXIT_FAILURE);
    const int n = db_rows_count(members);
    for (int i = 0; i < n; i++) {
        const struct db_shard_member m = db_shard_member(members, i);
        printf("%d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 "\n", *part, m.guild_id, m.user_id,
               m.channel_id, m.session_id, m.started_at);
    }
    if (--left == 0)
        loop_stop(loop);
}

int main(int argc, char **argv)
{
    enum { MAX_PARTS = 100 };
    if (argc < 4 || argc - 3 > MAX_PARTS)
        return 2;
    const struct db_shard_key key = {.shard_count = atoi(argv[1]), .shard_id = atoi(argv[2])};
    loop = loop_create();
    struct db_pool *const pool = db_pool_create(loop, &(struct db_pool_config){
                                                          .url = getenv("DATABASE_URL"),
                                                          .application_name = "presence",
                                                          .connections = 1,
                                                          .max_waiting = MAX_PARTS,
                                                          .max_wait_ms = 10000,
                                                          .statement_timeout_ms = 60000,
                                                      });
    int parts[MAX_PARTS];
    left = argc - 3;
    uint64_t after = 0;
    for (int i = 0; i < argc - 3; i++) {
        const uint64_t until = strtoull(argv[3 + i], NULL, 10);
        parts[i] = i;
        db_shard_load(pool, &key, after, until, on_loaded, &parts[i]);
        after = until;
    }
    loop_run(loop);
    db_pool_destroy(pool);
    loop_destroy(loop);
    return 0;
}
