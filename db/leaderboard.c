#include "db/leaderboard.h"

#include "db/counting_sql.h"
#include "db/job.h"
#include "db/members_sql.h"
#include "db/pool.h"
#include "db/range_sql.h"

/*
 * A board is what ended, from the rollups, and what is open, counted up to live_until(). One statement a board, put
 * together here at compile time: bounds, then where the members' times come from, then the page.
 *
 * KEPT    ranges of the calendar. An index has the members in order; those in voice stand elsewhere by now, so they
 *         are left out of it and merged back in. Ranks and pages are counted from the nearest bucket. Nobody's time
 *         is summed, nothing sorted but those in voice.
 * SUMMED  today, from its day; rolling ranges, from their whole days and the sessions of the day they begin in.
 *
 * $1 server, $2 caller, $3 page from 0, below 0 for the caller's. START is a timestamp without zone, in UTC.
 */
#define BOUNDS(START)                                                                                                     \
    "WITH clock AS ( "                                                                                                    \
    "    SELECT date_trunc('second', now()) AS now, date_trunc('second', now()) AT TIME ZONE 'UTC' AS utc "               \
    "), bounds AS MATERIALIZED ( "                                                                                        \
    "    SELECT now, live_until($1::bigint) AS live_until, start::date AS start_day, start AT TIME ZONE 'UTC' AS start, " \
    "           (start::date + 1)::timestamp AT TIME ZONE 'UTC' AS next_day "                                             \
    "      FROM clock, LATERAL (SELECT " START " AS start) AS s "                                                         \
    "), open AS MATERIALIZED ( "                                                                                          \
    "    SELECT s.user_id, s.started_at, "                                                                                \
    "           greatest(0, date_part('epoch', b.live_until - greatest(s.started_at, b.start)))::int AS seconds "         \
    "      FROM voice_session s, bounds b "                                                                               \
    "     WHERE s.guild_id = $1::bigint AND s.ended_at IS NULL AND b.live_until IS NOT NULL "                             \
    "), "

/* The page that was asked for, or the last; the caller's, or the first. From size (members) and own (position). */
#define PAGE                                                                                                   \
    "page AS MATERIALIZED ( "                                                                                  \
    "    SELECT page, page * 10 AS skipped "                                                                   \
    "      FROM (SELECT CASE WHEN $3::bigint >= 0 THEN least($3::bigint, greatest(members - 1, 0) / 10) "      \
    "                        ELSE coalesce((SELECT (position - 1) / 10 FROM own), 0) END AS page "             \
    "              FROM size) AS p "                                                                           \
    "), "

/*
 * From size (seconds, members, first), page, on_page (user_id, seconds), own (user_id, seconds, rank, position: the
 * caller's) and tied (how many before the page have the seconds of its first row). FROM: when what is shown begins.
 */
#define RESULT(FROM)                                                                                           \
    "shown AS ( "                                                                                              \
    "    SELECT user_id, seconds, skipped + row AS position, "                                                 \
    "           skipped + rank - CASE rank WHEN 1 THEN (SELECT tied FROM tied) ELSE 0 END AS rank "            \
    "      FROM (SELECT user_id, seconds, rank() OVER (ORDER BY seconds DESC), "                               \
    "                   row_number() OVER (ORDER BY seconds DESC, user_id) AS row "                            \
    "              FROM on_page) AS r, page "                                                                  \
    "     UNION ALL "                                                                                          \
    "    SELECT user_id, seconds, position, rank FROM own WHERE user_id NOT IN (SELECT user_id FROM on_page) " \
    "     LIMIT 11 "                                                                                           \
    ") "                                                                                                       \
    "SELECT g.name, g.icon, floor(extract(epoch FROM " FROM "))::bigint, extract(epoch FROM b.now)::bigint, "  \
    "       s.seconds, s.members, (SELECT count(*) FROM open), s.first, p.page, "                              \
    "       " DB_COUNTING_COLUMNS ", "                                                                         \
    "       r.position, r.rank, r.seconds, r.user_id IN (SELECT user_id FROM open), r.user_id, "               \
    "       " DB_MEMBER_COLUMNS " "                                                                            \
    "  FROM guild g "                                                                                          \
    " CROSS JOIN bounds b "                                                                                    \
    " CROSS JOIN size s "                                                                                      \
    " CROSS JOIN page p "                                                                                      \
    "  LEFT JOIN shown r ON true "                                                                             \
    "  LEFT JOIN LATERAL ( " /* LIMIT: a lookup each */                                                        \
    "       SELECT * FROM member WHERE guild_id = $1::bigint AND user_id = r.user_id LIMIT 1) m ON true "      \
    " WHERE g.guild_id = $1::bigint "                                                                          \
    " ORDER BY r.position"

/* Ranges of the calendar ---------------------------------------------------------------------------------- */

/* The day as a scalar: behind a join the planner would not see that the index is in order. Only a condition on seconds,
 * whichever, may use the index that is in their order (voice_total_ranked); all else looks members up. */
#define TOTALS(PERIOD)                                                                                         \
    "total AS NOT MATERIALIZED ( "                                                                             \
    "    SELECT user_id, total_seconds AS seconds "                                                            \
    "      FROM voice_total "                                                                                  \
    "     WHERE guild_id = $1::bigint AND period = '" PERIOD "' "                                              \
    "       AND period_start = (SELECT start_day FROM bounds) "                                                \
    "), server AS ( "                                                                                          \
    "    SELECT total_seconds AS seconds, members "                                                            \
    "      FROM guild_total "                                                                                  \
    "     WHERE guild_id = $1::bigint AND period = '" PERIOD "' "                                              \
    "       AND period_start = (SELECT start_day FROM bounds) "                                                \
    "), counted AS NOT MATERIALIZED ( "                                                                        \
    "    SELECT bucket, members "                                                                              \
    "      FROM voice_total_bucket "                                                                           \
    "     WHERE guild_id = $1::bigint AND period = '" PERIOD "' "                                              \
    "       AND period_start = (SELECT start_day FROM bounds) "                                                \
    "), "

/* live: who is in voice, with all of their time; moved: where the index still has them. LIMIT: a lookup each. */
#define LIVE                                                                                                        \
    "live AS MATERIALIZED ( "                                                                                       \
    "    SELECT o.user_id, t.seconds AS ended, coalesce(t.seconds, 0) + o.seconds AS seconds "                      \
    "      FROM open o "                                                                                            \
    "      LEFT JOIN LATERAL (SELECT seconds FROM total WHERE user_id = o.user_id LIMIT 1) AS t ON true "           \
    "), moved AS NOT MATERIALIZED ( "                                                                               \
    "    SELECT user_id, ended AS seconds FROM live WHERE ended IS NOT NULL "                                       \
    "), size AS MATERIALIZED ( "                                                                                    \
    "    SELECT l.seconds + coalesce(s.seconds, 0) AS seconds, l.members + coalesce(s.members, 0) AS members, "     \
    "           greatest(l.first, (SELECT max(seconds) FROM total WHERE seconds > 0)) AS first "                    \
    "      FROM (SELECT coalesce(sum(seconds - coalesce(ended, 0)), 0)::bigint AS seconds, max(seconds) AS first, " \
    "                   count(*) FILTER (WHERE ended IS NULL AND seconds > 0) AS members "                          \
    "              FROM live) AS l "                                                                                \
    "      LEFT JOIN server s ON true "                                                                             \
    "), "

/* Buckets as they are with those in voice: the seconds that end each, and how many members are before it. */
#define STANDING                                                                                               \
    "standing AS MATERIALIZED ( "                                                                              \
    "    SELECT bucket, bucket_end(bucket) AS below, "                                                         \
    "           (sum(sum(members)) OVER (ORDER BY bucket DESC) - sum(members))::bigint AS before "             \
    "      FROM (SELECT bucket, members FROM counted "                                                         \
    "             UNION ALL "                                                                                  \
    "            SELECT bucket_of(seconds), 1 FROM live WHERE seconds > 0 "                                    \
    "             UNION ALL "                                                                                  \
    "            SELECT bucket_of(seconds), -1 FROM moved) AS b "                                              \
    "     GROUP BY bucket "                                                                                    \
    "), "

/* A condition on o.seconds and o.user_id. */
#define HOW_MANY(CONDITION)                                                                                    \
    "((SELECT count(*) FROM total o WHERE " CONDITION ") + (SELECT count(*) FROM live o WHERE " CONDITION ") " \
    " - (SELECT count(*) FROM moved o WHERE " CONDITION ")) "

#define BEFORE HOW_MANY("o.seconds > c.seconds AND o.seconds < s.below")
#define TIED   HOW_MANY("o.seconds = c.seconds AND o.user_id < c.user_id")

#define OWN_KEPT                                                                                                       \
    "caller AS ( "                                                                                                     \
    "    SELECT user_id, seconds FROM live WHERE user_id = $2::bigint AND seconds > 0 "                                \
    "     UNION ALL "                                                                                                  \
    "    SELECT user_id, seconds FROM total WHERE user_id = $2::bigint AND user_id NOT IN (SELECT user_id FROM live) " \
    "), placed AS MATERIALIZED ( "                                                                                     \
    "    SELECT c.user_id, c.seconds, "                                                                                \
    "           s.before + " BEFORE " AS before, "                                                                     \
    "           " TIED " AS tied "                                                                                     \
    "      FROM caller c JOIN standing s ON s.bucket = bucket_of(c.seconds) "                                          \
    "), own AS ( "                                                                                                     \
    "    SELECT user_id, seconds, before + 1 AS rank, before + tied + 1 AS position FROM placed "                      \
    "), "

/* From the last bucket that begins before the page. Each part in order, so that they are merged and not sorted. */
#define PAGE_KEPT                                                                                              \
    "start AS MATERIALIZED ( "                                                                                 \
    "    SELECT s.below, p.skipped - s.before AS skipped "                                                     \
    "      FROM standing s, page p "                                                                           \
    "     WHERE s.before <= p.skipped "                                                                        \
    "     ORDER BY s.bucket "                                                                                  \
    "     LIMIT 1 "                                                                                            \
    "), on_page AS MATERIALIZED ( "                                                                            \
    "    SELECT user_id, seconds "                                                                             \
    "      FROM ((SELECT user_id, seconds "                                                                    \
    "               FROM live "                                                                                \
    "              WHERE seconds > 0 AND seconds < (SELECT below FROM start) "                                 \
    "              ORDER BY seconds DESC, user_id) "                                                           \
    "             UNION ALL "                                                                                  \
    "            (SELECT user_id, seconds "                                                                    \
    "               FROM total "                                                                               \
    "              WHERE seconds < (SELECT below FROM start) AND user_id NOT IN (SELECT user_id FROM live) "   \
    "              ORDER BY seconds DESC, user_id)) AS r "                                                     \
    "     ORDER BY seconds DESC, user_id OFFSET (SELECT skipped FROM start) LIMIT 10 "                         \
    "), tied AS ( "                                                                                            \
    "    SELECT " TIED " AS tied FROM (SELECT * FROM on_page LIMIT 1) AS c "                                   \
    "), "

#define KEPT(PERIOD, START, FROM)                                                                              \
    BOUNDS(START) TOTALS(PERIOD) LIVE STANDING OWN_KEPT PAGE PAGE_KEPT RESULT(FROM)

/* Today and rolling ranges -------------------------------------------------------------------------------- */

/* As int: a sum of bigint is a numeric, and slow. */
#define BOARD(ENDED)                                                                                           \
    "board AS MATERIALIZED ( "                                                                                 \
    "    SELECT user_id, sum(seconds)::int AS seconds "                                                        \
    "      FROM (" ENDED " UNION ALL SELECT user_id, seconds FROM open) AS parts "                             \
    "     GROUP BY user_id "                                                                                   \
    "    HAVING sum(seconds) > 0 "                                                                             \
    "), "

#define OWN_SUMMED                                                                                             \
    "size AS MATERIALIZED ( "                                                                                  \
    "    SELECT coalesce(sum(seconds), 0) AS seconds, count(*) AS members, max(seconds) AS first, "            \
    "           max(seconds) FILTER (WHERE user_id = $2::bigint) AS own "                                      \
    "      FROM board "                                                                                        \
    "), own AS MATERIALIZED ( "                                                                                \
    "    SELECT $2::bigint AS user_id, s.own AS seconds, b.rank, b.rank + b.tied AS position "                 \
    "      FROM size s, "                                                                                      \
    "           LATERAL (SELECT 1 + count(*) FILTER (WHERE seconds > s.own) AS rank, "                         \
    "                           count(*) FILTER (WHERE seconds = s.own AND user_id < $2::bigint) AS tied "     \
    "                      FROM board) AS b "                                                                  \
    "     WHERE s.own IS NOT NULL "                                                                            \
    "), "

#define PAGE_SUMMED                                                                                            \
    "on_page AS MATERIALIZED ( "                                                                               \
    "    SELECT user_id, seconds "                                                                             \
    "      FROM board "                                                                                        \
    "     ORDER BY seconds DESC, user_id OFFSET (SELECT skipped FROM page) LIMIT 10 "                          \
    "), tied AS ( "                                                                                            \
    "    SELECT count(*) AS tied "                                                                             \
    "      FROM board b, (SELECT * FROM on_page LIMIT 1) AS c "                                                \
    "     WHERE (SELECT skipped > 0 FROM page) AND b.seconds = c.seconds AND b.user_id < c.user_id "           \
    "), "

#define SUMMED(START, ENDED) BOUNDS(START) BOARD(ENDED) OWN_SUMMED PAGE PAGE_SUMMED RESULT("b.start")

#define OF_THE_DAY                                                                                             \
    "SELECT user_id, total_seconds AS seconds "                                                                \
    "  FROM voice_daily_activity "                                                                             \
    " WHERE guild_id = $1::bigint AND day = (SELECT start_day FROM bounds) "

/*
 * Of the first day, the sessions that touched it after the start. Those of at most a day had ended by the end of the next
 * one. A longer session covers the next day whole, so its member stands there with 86400 s.
 */
#define OF_DAYS                                                                                                             \
    "SELECT user_id, total_seconds AS seconds "                                                                             \
    "  FROM voice_daily_activity "                                                                                          \
    " WHERE guild_id = $1::bigint AND day > (SELECT start_day FROM bounds) "                                                \
    " UNION ALL "                                                                                                           \
    "SELECT s.user_id, date_part('epoch', least(s.ended_at, b.next_day) - greatest(s.started_at, b.start))::int "           \
    "  FROM bounds b, "                                                                                                     \
    "       LATERAL (SELECT user_id, started_at, ended_at "                                                                 \
    "                  FROM voice_session "                                                                                 \
    "                 WHERE guild_id = $1::bigint AND ended_at > b.start AND ended_at <= b.next_day + interval '24 hours' " \
    "                   AND started_at < b.next_day "                                                                       \
    "                 UNION ALL "                                                                                           \
    "                SELECT d.user_id, l.started_at, l.ended_at "                                                           \
    "                  FROM voice_daily_activity d, "                                                                       \
    "                       LATERAL (SELECT started_at, ended_at "                                                          \
    "                                  FROM voice_session "                                                                 \
    "                                 WHERE guild_id = $1::bigint AND user_id = d.user_id AND started_at < b.next_day "     \
    "                                   AND ended_at > started_at "                                                         \
    "                                 ORDER BY started_at DESC "                                                            \
    "                                 LIMIT 1) AS l "                                                                       \
    "                 WHERE d.guild_id = $1::bigint AND d.day = (SELECT start_day + 1 FROM bounds) "                        \
    "                   AND d.total_seconds >= 86400 AND l.ended_at > b.next_day + interval '24 hours') AS s "

static const struct db_statement boards[N_TIME_RANGES] = {
    [RANGE_TODAY] = {"board_today", SUMMED(RANGE_START_TODAY, OF_THE_DAY)},
    [RANGE_PAST_24H] = {"board_past_24h", SUMMED(RANGE_START_PAST_24H, OF_DAYS)},
    [RANGE_PAST_72H] = {"board_past_72h", SUMMED(RANGE_START_PAST_72H, OF_DAYS)},
    [RANGE_PAST_7D] = {"board_past_7d", SUMMED(RANGE_START_PAST_7D, OF_DAYS)},
    [RANGE_PAST_14D] = {"board_past_14d", SUMMED(RANGE_START_PAST_14D, OF_DAYS)},
    [RANGE_THIS_MONTH] = {"board_this_month", KEPT("month", RANGE_START_THIS_MONTH, "b.start")},
    [RANGE_THIS_YEAR] = {"board_this_year", KEPT("year", RANGE_START_THIS_YEAR, "b.start")},
    [RANGE_ALL_TIME] = {"board_all_time", KEPT("all", RANGE_START_ALL_TIME, RANGE_FIRST_COUNTED)},
};

/* Till the job's end. Statements are planned for the server that is asked about; those of KEPT would come out alike for
 * any, and planning takes as long as a quarter of them. */
static const struct db_statement plan_once = {
    "plan_once", "SELECT set_config('plan_cache_mode', 'force_generic_plan', true)"};

static bool is_kept(enum time_range range)
{
    return range >= RANGE_THIS_MONTH;
}

struct reading {
    enum time_range range;
    uint64_t guild_id, caller_id;
    void (*on_done)(void *arg, const struct db_leaderboard *board);
    void *arg;
};

enum {
    COLUMN_COUNTING = 9,
    COLUMN_POSITION = COLUMN_COUNTING + DB_COUNTING_N,
    COLUMN_RANK,
    COLUMN_SECONDS,
    COLUMN_LIVE,
    COLUMN_MEMBER
};

static struct db_leaderboard_row row_at(const struct pg_result *rows, int i, uint64_t guild_id)
{
    return (struct db_leaderboard_row){
        .position = db_int(rows, i, COLUMN_POSITION),
        .rank = db_int(rows, i, COLUMN_RANK),
        .seconds = db_int(rows, i, COLUMN_SECONDS),
        .live = db_bool(rows, i, COLUMN_LIVE),
        .member = db_member_at(rows, i, COLUMN_MEMBER, guild_id),
    };
}

/* Every row carries the head; an empty board is one row without a member. */
static struct db_leaderboard board_from(const struct pg_result *rows, uint64_t guild_id, uint64_t caller_id)
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
        .counting = db_counting_at(rows, 0, COLUMN_COUNTING),
    };
    const bool watched = board.counting.silent_since == 0;
    if (!watched)
        board.in_voice = 0;
    for (int i = 0; i < n && !db_is_null(rows, i, COLUMN_POSITION); i++) {
        struct db_leaderboard_row row = row_at(rows, i, guild_id);
        row.live = row.live && watched;
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
        const struct pg_result *const rows = outcome->rows[is_kept(reading->range) ? 1 : 0];
        const struct db_leaderboard board = board_from(rows, reading->guild_id, reading->caller_id);
        reading->on_done(reading->arg, &board);
    }
}

void db_leaderboard_read(struct db_pool *pool, const struct db_leaderboard_query *query,
                         void (*on_done)(void *arg, const struct db_leaderboard *board), void *arg)
{
    struct db_job *const job = db_job_create();
    struct reading *const reading = db_job_memory(job, sizeof(*reading));
    *reading = (struct reading){
        .range = query->range,
        .guild_id = query->guild_id,
        .caller_id = query->caller_id,
        .on_done = on_done,
        .arg = arg,
    };
    db_job_only_reads(job);
    if (is_kept(query->range))
        db_job_statement(job, &plan_once);
    db_job_statement(job, &boards[query->range]);
    db_job_snowflake(job, query->guild_id);
    db_job_snowflake(job, query->caller_id);
    db_job_int(job, query->page);
    db_pool_submit(pool, job, on_read, reading);
}
