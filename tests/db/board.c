/* Prints boards as the handler reads them, for tests to compare: board GUILD CALLER PAGE RANGE... (ranges by number). */
#include "db/leaderboard.h"
#include "db/pool.h"
#include "infra/loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct loop *loop;
static int left;

static void print_row(const char *kind, const struct db_leaderboard_row *row)
{
    printf("%s\t%" PRId64 "\t%" PRId64 "\t%" PRIu64 "\t%" PRId64 "\t%d\t%s\n", kind, row->position, row->rank,
           row->member.user_id, row->seconds, row->live,
           row->member.username != NULL ? row->member.username : "");
}

static void on_done(void *arg, const struct db_leaderboard *board)
{
    const int *const range = arg;
    if (board == NULL)
        exit(EXIT_FAILURE);
    printf("board\t%d\t%d\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64
           "\t%d\t%d\t%" PRId64 "\n",
           *range, board->known, board->from, board->until, board->total_seconds, board->members,
           board->in_voice, board->first_seconds, board->page, board->counting.off,
           board->counting.silent_since);
    for (size_t i = 0; i < board->n_rows; i++)
        print_row("row", &board->rows[i]);
    if (board->caller_has_time)
        print_row("caller", &board->caller);
    if (--left == 0)
        loop_stop(loop);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    loop = loop_create();
    struct db_pool *const pool = db_pool_create(loop, &(struct db_pool_config){
                                                          .url = getenv("DATABASE_URL"),
                                                          .application_name = "board",
                                                          .connections = 2,
                                                          .max_waiting = 100,
                                                          .max_wait_ms = 10000,
                                                          .statement_timeout_ms = 60000,
                                                      });
    int ranges[N_TIME_RANGES];
    left = argc - 4;
    for (int i = 4; i < argc && i < 4 + N_TIME_RANGES; i++) {
        ranges[i - 4] = atoi(argv[i]);
        const struct db_leaderboard_query query = {
            .guild_id = strtoull(argv[1], NULL, 10),
            .caller_id = strtoull(argv[2], NULL, 10),
            .page = atoi(argv[3]),
            .range = (enum time_range)ranges[i - 4],
        };
        db_leaderboard_read(pool, &query, on_done, &ranges[i - 4]);
    }
    loop_run(loop);
    db_pool_destroy(pool);
    loop_destroy(loop);
    return 0;
}
