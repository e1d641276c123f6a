#include "db/leaderboard.h"

#include "db/pool.h"

/*
 * A board is what ended, from a rollup where the range is one of the calendar's, and what is open, counted up
 * to live_until(). The three statements differ in where the range starts and in where the ended seconds come
 * from; both are written into the same frame here, at compile time.
 *
 * $1 server, $2 caller, $3 page from 0, below 0 for the caller's. START is a timestamp without zone, in UTC.
 */
#define BOARD(START, ENDED)                                                                                          \
    "WITH clock AS ( "                                                                                               \
    "    SELECT date_trunc('second', now()) AS now, date_trunc('second', now()) AT TIME ZONE 'UTC' AS utc "          \
    "), bounds AS ( "                                                                                                \
    "    SELECT now, live_until($1::bigint) AS live_until, (" START ") AS start_utc, "                               \
    "           (" START ") AT TIME ZONE 'UTC' AS start "                                                            \
    "      FROM clock "                                                                                              \
    "), open AS ( "                                                                                                  \
    "    SELECT s.user_id, "                                                                                         \
    "           greatest(0, extract(epoch FROM b.live_until - greatest(s.started_at, b.start)))::bigint AS seconds " \
    "      FROM voice_session s, bounds b "                                                                          \
    "     WHERE s.guild_id = $1::bigint AND s.ended_at IS NULL AND b.live_until IS NOT NULL "                        \
    "), ended AS ( " ENDED "), board AS ( "                                                                          \
    "    SELECT user_id, sum(seconds)::bigint AS seconds, bool_or(live) AS live "                                    \
    "      FROM (SELECT user_id, seconds, false AS live FROM ended "                                                 \
    "            UNION ALL "                                                                                         \
    "            SELECT user_id, seconds, true FROM open) AS parts "                                                 \
    "     GROUP BY user_id "                                                                                         \
    "    HAVING sum(seconds) > 0 "                                                                                   \
    "), ranked AS ( "                                                                                                \
    "    SELECT user_id, seconds, live, "                                                                            \
    "           row_number() OVER (ORDER BY seconds DESC, user_id) AS position, "                                    \
    "           rank() OVER (ORDER BY seconds DESC) AS rank "                                                        \
    "      FROM board "                                                                                              \
    "), head AS ( "                                                                                                  \
    "    SELECT coalesce(sum(seconds), 0)::bigint AS seconds, count(*) AS members, max(seconds) AS first, "          \
    "           CASE WHEN $3::bigint >= 0 THEN least($3::bigint, greatest(count(*) - 1, 0) / 10) "                   \
    "                ELSE coalesce(max((position - 1) / 10) FILTER (WHERE user_id = $2::bigint), 0) END AS page "    \
    "      FROM ranked "                                                                                             \
    ") "                                                                                                             \
    "SELECT g.name, g.icon, extract(epoch FROM b.start)::bigint, extract(epoch FROM b.now)::bigint, "                \
    "       h.seconds, h.members, (SELECT count(*) FROM open), h.first, h.page, "                                    \
    "       r.position, r.rank, r.seconds, r.live, r.user_id, " DB_MEMBER_COLUMNS " "                                \
    "  FROM guild g "                                                                                                \
    " CROSS JOIN bounds b "                                                                                          \
    " CROSS JOIN head h "                                                                                            \
    "  LEFT JOIN ranked r ON r.user_id = $2::bigint OR r.position BETWEEN h.page * 10 + 1 AND h.page * 10 + 10 "     \
    "  LEFT JOIN member m ON m.guild_id = $1::bigint AND m.user_id = r.user_id "                                     \
    " WHERE g.guild_id = $1::bigint "                                                                                \
    " ORDER BY r.position"

#define FROM_TOTAL(PERIOD)                                                                                     \
    "SELECT t.user_id, t.total_seconds AS seconds "                                                            \
    "  FROM voice_total t, bounds b "                                                                          \
    " WHERE t.guild_id = $1::bigint AND t.period = '" PERIOD "' AND t.period_start = b.start_utc::date "

#define FROM_TODAY                                                                                             \
    "SELECT d.user_id, d.total_seconds::bigint AS seconds "                                                    \
    "  FROM voice_daily_activity d, bounds b "                                                                 \
    " WHERE d.guild_id = $1::bigint AND d.day = b.start_utc::date "

#define FROM_SESSIONS                                                                                             \
    "SELECT s.user_id, sum(extract(epoch FROM s.ended_at - greatest(s.started_at, b.start)))::bigint AS seconds " \
    "  FROM voice_session s, bounds b "                                                                           \
    " WHERE s.guild_id = $1::bigint AND s.ended_at > b.start "                                                    \
    " GROUP BY s.user_id "

static const struct db_statement boards[N_TIME_RANGES] = {
    [RANGE_TODAY] = {"board_today", BOARD(RANGE_START_TODAY, FROM_TODAY)},
    [RANGE_PAST_24H] = {"board_past_24h", BOARD(RANGE_START_PAST_24H, FROM_SESSIONS)},
    [RANGE_PAST_72H] = {"board_past_72h", BOARD(RANGE_START_PAST_72H, FROM_SESSIONS)},
    [RANGE_PAST_7D] = {"board_past_7d", BOARD(RANGE_START_PAST_7D, FROM_SESSIONS)},
    [RANGE_PAST_14D] = {"board_past_14d", BOARD(RANGE_START_PAST_14D, FROM_SESSIONS)},
    [RANGE_THIS_MONTH] = {"board_this_month", BOARD(RANGE_START_THIS_MONTH, FROM_TOTAL("month"))},
    [RANGE_THIS_YEAR] = {"board_this_year", BOARD(RANGE_START_THIS_YEAR, FROM_TOTAL("year"))},
    [RANGE_ALL_TIME] = {"board_all_time", BOARD(RANGE_START_ALL_TIME, FROM_TOTAL("all"))},
};

struct reading {
    uint64_t guild_id, caller_id;
    void (*on_done)(void *arg, const struct db_leaderboard *board);
    void *arg;
};

static struct db_leaderboard_row row_at(const struct db_rows *rows, int i, uint64_t guild_id)
{
    return (struct db_leaderboard_row){
        .position = db_int(rows, i, 9),
        .rank = db_int(rows, i, 10),
        .seconds = db_int(rows, i, 11),
        .live = db_bool(rows, i, 12),
        .member = db_member_at(rows, i, 13, guild_id),
    };
}

/* Every row carries the head; an empty board is one row without a member. */
static struct db_leaderboard board_from(const struct db_rows *rows, uint64_t guild_id, uint64_t caller_id)
{
    const int n = db_rows_count(rows);
    if (n == 0)
        return (struct db_leaderboard){.known = false};
    struct db_leaderboard board = {
        .known = true,
        .guild_name = db_text(rows, 0, 0),
        .guild_icon = db_text(rows, 0, 1),
        .from = db_int(rows, 0, 2),
        .until = db_int(rows, 0, 3),
        .total_seconds = db_int(rows, 0, 4),
        .members = db_int(rows, 0, 5),
        .in_voice = db_int(rows, 0, 6),
        .first_seconds = db_int(rows, 0, 7),
        .page = (int)db_int(rows, 0, 8),
    };
    for (int i = 0; i < n && !db_is_null(rows, i, 9); i++) {
        const struct db_leaderboard_row row = row_at(rows, i, guild_id);
        if (row.member.user_id == caller_id) {
            board.caller_has_time = true;
            board.caller = row;
        }
        if ((row.position - 1) / LEADERBOARD_PAGE == board.page && board.n_rows < LEADERBOARD_PAGE)
            board.rows[board.n_rows++] = row;
    }
    return board;
}

static void on_read(void *arg, const struct db_outcome *outcome)
{
    const struct reading *const reading = arg;
    if (outcome->status != DB_OK) {
        reading->on_done(reading->arg, NULL);
    } else {
        const struct db_leaderboard board = board_from(outcome->rows[0], reading->guild_id, reading->caller_id);
        reading->on_done(reading->arg, &board);
    }
}

void db_leaderboard_read(struct db_pool *pool, const struct db_leaderboard_query *query,
                         void (*on_done)(void *arg, const struct db_leaderboard *board), void *arg)
{
    struct db_job *const job = db_job_create();
    struct reading *const reading = db_job_memory(job, sizeof(*reading));
    *reading = (struct reading){
        .guild_id = query->guild_id, .caller_id = query->caller_id, .on_done = on_done, .arg = arg};
    db_job_statement(job, &boards[query->range]);
    db_job_snowflake(job, query->guild_id);
    db_job_snowflake(job, query->caller_id);
    db_job_int(job, query->page);
    db_pool_submit(pool, job, on_read, reading);
}
