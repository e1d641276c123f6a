#include "db/stats.h"

#include "db/counting_sql.h"
#include "db/job.h"
#include "db/members_sql.h"
#include "db/pool.h"

/*
 * Days come from the rollups and from the open sessions, hours from the sessions of four days. Eight statements,
 * two kinds of subject in four views, are written into one frame here, at compile time.
 *
 * All reckoning is in timestamps without zone, in UTC. $1 server, $2 member.
 *
 * A member's sessions do not overlap, so all that ended lies before the open one; last_day is the last day with ended
 * seconds.
 *
 * PERIODS: how long ago, first day, day after the last. ENDED: day, seconds and members of ended sessions. OPEN:
 * whose open ones. UNIQUE: members. STREAK: its days. SLOTS: what is drawn, and the days that the figures are of.
 */
#define STATS(PERIODS, ENDED, OPEN, UNIQUE, STREAK, SLOTS)                                                         \
    "WITH RECURSIVE clock AS ( "                                                                                   \
    "    SELECT date_trunc('second', now()) AT TIME ZONE 'UTC' AS utc "                                            \
    "), periods AS ( " PERIODS "), bounds AS ( "                                                                   \
    "    SELECT utc, utc::date AS today, live_until($1::bigint) AT TIME ZONE 'UTC' AS live_until, "                \
    "           min(first_day) AS first_day, min(first_day)::timestamp AS start "                                  \
    "      FROM clock, periods "                                                                                   \
    "     GROUP BY utc "                                                                                           \
    "), open AS ( "                                                                                                \
    "    SELECT s.user_id, s.started_at AT TIME ZONE 'UTC' AS from_at, b.live_until AS to_at, "                    \
    "           coalesce((SELECT last_day "                                                                        \
    "                       FROM voice_total "                                                                     \
    "                      WHERE guild_id = $1::bigint AND period = 'all' AND period_start = date '1970-01-01' "   \
    "                        AND user_id = s.user_id), '-infinity') AS last_day "                                  \
    "      FROM voice_session s, bounds b "                                                                        \
    "     WHERE s.guild_id = $1::bigint AND s.ended_at IS NULL AND " OPEN                                          \
    "       AND s.started_at < b.live_until AT TIME ZONE 'UTC' "                                                   \
    "), open_days AS ( "                                                                                           \
    "    SELECT d::date AS day, o.last_day, "                                                                      \
    "           extract(epoch FROM least(o.to_at, d + interval '1 day') - greatest(o.from_at, d)) AS seconds "     \
    "      FROM open o, bounds b, "                                                                                \
    "           generate_series(greatest(date_trunc('day', o.from_at), b.start), o.to_at, interval '1 day') AS d " \
    "     WHERE o.to_at > d "                                                                                      \
    "), days AS ( "                                                                                                \
    "    SELECT day, sum(seconds)::bigint AS seconds, sum(members)::bigint AS members "                            \
    "      FROM (" ENDED " UNION ALL "                                                                             \
    "            SELECT day, seconds, (last_day < day)::int " /* or the member is among those of the ended */      \
    "              FROM open_days) AS parts "                                                                      \
    "     GROUP BY day "                                                                                           \
    "), unique_members AS ( " UNIQUE "), streak AS ( " STREAK "), " SLOTS                                          \
    "SELECT g.name, g.icon, extract(epoch FROM b.start)::bigint, extract(epoch FROM b.utc)::bigint, "              \
    "       u.members, (SELECT count(day) FROM streak), (SELECT min(day) - date '1970-01-01' FROM streak), "       \
    "       " DB_COUNTING_COLUMNS ", $2::bigint, " DB_MEMBER_COLUMNS ", "                                          \
    "       s.ago, s.day - date '1970-01-01', s.hour, s.seconds, s.members "                                       \
    "  FROM guild g "                                                                                              \
    " CROSS JOIN bounds b "                                                                                        \
    " CROSS JOIN unique_members u "                                                                                \
    " CROSS JOIN slots s "                                                                                         \
    "  LEFT JOIN member m ON m.guild_id = $1::bigint AND m.user_id = $2::bigint "                                  \
    " WHERE g.guild_id = $1::bigint "                                                                              \
    " ORDER BY s.day, s.hour"

/* The periods --------------------------------------------------------------------------------------------- */

#define FOUR(UNIT)                                                                                             \
    "SELECT ago, "                                                                                             \
    "       (date_trunc('" UNIT "', utc) - ago * interval '1 " UNIT "')::date AS first_day, "                  \
    "       (date_trunc('" UNIT "', utc) - (ago - 1) * interval '1 " UNIT "')::date AS next_day "              \
    "  FROM clock, generate_series(0, 3) AS ago "

#define ONE_YEAR "SELECT 0 AS ago, utc::date - 364 AS first_day, utc::date + 1 AS next_day FROM clock "

/* The slots: a whole day has no hour; a day that is in no period is not drawn. ---------------------------- */

#define DAYS                                                                                                   \
    "slots AS ( "                                                                                              \
    "    SELECT p.ago, p.first_day + n AS day, NULL::int AS hour, d.seconds, d.members "                       \
    "      FROM periods p "                                                                                    \
    "     CROSS JOIN generate_series(0, p.next_day - p.first_day - 1) AS n "                                   \
    "      LEFT JOIN days d ON d.day = p.first_day + n "                                                       \
    ") "

/* ENDED: user_id, started_at and ended_at of sessions that reach into the periods. */
#define HOURS(ENDED)                                                                                                 \
    "spans AS ( "                                                                                                    \
    "    SELECT e.user_id, greatest(e.started_at AT TIME ZONE 'UTC', b.start) AS from_at, "                          \
    "           e.ended_at AT TIME ZONE 'UTC' AS to_at "                                                             \
    "      FROM (" ENDED ") AS e, bounds b "                                                                         \
    "     UNION ALL "                                                                                                \
    "    SELECT o.user_id, greatest(o.from_at, b.start), o.to_at "                                                   \
    "      FROM open o, bounds b "                                                                                   \
    "), member_hours AS ( "                                                                                          \
    "    SELECT s.user_id, h AS at, "                                                                                \
    "           sum(date_part('epoch', least(s.to_at, h + interval '1 hour') - greatest(s.from_at, h))) AS seconds " \
    "      FROM spans s, generate_series(date_trunc('hour', s.from_at), s.to_at, interval '1 hour') AS h "           \
    "     WHERE s.to_at > greatest(s.from_at, h) "                                                                   \
    "     GROUP BY s.user_id, h "                                                                                    \
    "), hours AS ( "                                                                                                 \
    "    SELECT at, sum(seconds)::bigint AS seconds, count(*) AS members "                                           \
    "      FROM member_hours "                                                                                       \
    "     GROUP BY at "                                                                                              \
    "), slots AS ( "                                                                                                 \
    "    SELECT p.ago, p.first_day AS day, n AS hour, h.seconds, h.members "                                         \
    "      FROM periods p "                                                                                          \
    "     CROSS JOIN generate_series(0, 23) AS n "                                                                   \
    "      LEFT JOIN hours h ON h.at = p.first_day + n * interval '1 hour' "                                         \
    "     UNION ALL "                                                                                                \
    "    SELECT NULL, day, NULL, seconds, members "                                                                  \
    "      FROM days "                                                                                               \
    ") "

#define SERVER_SESSIONS                                                                                        \
    "SELECT s.user_id, s.started_at, s.ended_at "                                                              \
    "  FROM voice_session s, bounds b "                                                                        \
    " WHERE s.guild_id = $1::bigint AND s.ended_at > b.start AT TIME ZONE 'UTC' "

/* A member's sessions do not overlap: at most one that began before start reaches beyond it. */
#define MEMBER_SESSIONS                                                                                        \
    "SELECT s.user_id, s.started_at, s.ended_at "                                                              \
    "  FROM voice_session s, bounds b "                                                                        \
    " WHERE s.guild_id = $1::bigint AND s.user_id = $2::bigint "                                               \
    "   AND s.started_at >= b.start AT TIME ZONE 'UTC' AND s.ended_at IS NOT NULL "                            \
    " UNION ALL "                                                                                              \
    "SELECT s.user_id, s.started_at, s.ended_at "                                                              \
    "  FROM bounds b, "                                                                                        \
    "       LATERAL (SELECT user_id, started_at, ended_at "                                                    \
    "                  FROM voice_session "                                                                    \
    "                 WHERE guild_id = $1::bigint AND user_id = $2::bigint "                                   \
    "                   AND started_at < b.start AT TIME ZONE 'UTC' AND ended_at > started_at "                \
    "                 ORDER BY started_at DESC "                                                               \
    "                 LIMIT 1) s "                                                                             \
    " WHERE s.ended_at > b.start AT TIME ZONE 'UTC' "

/* A server's ---------------------------------------------------------------------------------------------- */

#define SERVER_ENDED                                                                                           \
    "SELECT d.day, d.total_seconds AS seconds, d.active_members AS members "                                   \
    "  FROM guild_daily_activity d, bounds b "                                                                 \
    " WHERE d.guild_id = $1::bigint AND d.day BETWEEN b.first_day AND b.today "

/* Whoever was there on the first day or later: a range ends now. */
#define SERVER_UNIQUE                                                                                          \
    "SELECT (SELECT coalesce(sum(members), 0) "                                                                \
    "          FROM guild_last_day "                                                                           \
    "         WHERE guild_id = $1::bigint AND last_day >= (SELECT first_day FROM bounds)) + "                  \
    "       (SELECT count(*) "                                                                                 \
    "          FROM open o, bounds b "                                                                         \
    "         WHERE o.to_at > b.start AND o.last_day < b.first_day) AS members "

#define NO_STREAK "SELECT NULL::date AS day "

#define OF_SERVER(PERIODS, SLOTS) STATS(PERIODS, SERVER_ENDED, "true", SERVER_UNIQUE, NO_STREAK, SLOTS)

static const struct db_statement of_server[N_STATS_VIEWS] = {
    [STATS_YEARLY] = {"server_yearly", OF_SERVER(ONE_YEAR, DAYS)},
    [STATS_MONTHLY] = {"server_monthly", OF_SERVER(FOUR("month"), DAYS)},
    [STATS_WEEKLY] = {"server_weekly", OF_SERVER(FOUR("week"), DAYS)},
    [STATS_HOURLY] = {"server_hourly", OF_SERVER(FOUR("day"), HOURS(SERVER_SESSIONS))},
};

/* A member's ---------------------------------------------------------------------------------------------- */

#define MEMBER_ENDED                                                                                           \
    "SELECT d.day, d.total_seconds AS seconds, 1 AS members "                                                  \
    "  FROM voice_daily_activity d, bounds b "                                                                 \
    " WHERE d.guild_id = $1::bigint AND d.user_id = $2::bigint AND d.day BETWEEN b.first_day AND b.today "

#define MEMBER_UNIQUE "SELECT least(count(*), 1) AS members FROM days "

#define IS_ACTIVE(DAY)                                                                                         \
    "(EXISTS (SELECT "                                                                                         \
    "           FROM voice_daily_activity d "                                                                  \
    "          WHERE d.guild_id = $1::bigint AND d.user_id = $2::bigint AND d.day = " DAY ") "                 \
    " OR EXISTS (SELECT "                                                                                      \
    "              FROM open o "                                                                               \
    "             WHERE o.from_at < " DAY " + 1 AND o.to_at > " DAY ")) "

/* Today or yesterday, then back day by day. */
#define STREAK_END                                                                                             \
    "SELECT max(late.day) AS day "                                                                             \
    "  FROM bounds b, LATERAL (VALUES (b.today), (b.today - 1)) AS late(day) "                                 \
    " WHERE " IS_ACTIVE("late.day")

#define STREAK_BEFORE                                                                                          \
    "SELECT streak.day - 1 "                                                                                   \
    "  FROM streak "                                                                                           \
    " WHERE " IS_ACTIVE("streak.day - 1")

#define OF_MEMBER(PERIODS, SLOTS)                                                                              \
    STATS(PERIODS, MEMBER_ENDED, "s.user_id = $2::bigint", MEMBER_UNIQUE,                                      \
          STREAK_END " UNION ALL " STREAK_BEFORE, SLOTS)

static const struct db_statement of_member[N_STATS_VIEWS] = {
    [STATS_YEARLY] = {"member_yearly", OF_MEMBER(ONE_YEAR, DAYS)},
    [STATS_MONTHLY] = {"member_monthly", OF_MEMBER(FOUR("month"), DAYS)},
    [STATS_WEEKLY] = {"member_weekly", OF_MEMBER(FOUR("week"), DAYS)},
    [STATS_HOURLY] = {"member_hourly", OF_MEMBER(FOUR("day"), HOURS(MEMBER_SESSIONS))},
};

/* What came ----------------------------------------------------------------------------------------------- */

struct reading {
    struct db_stats_query query;
    void (*on_done)(void *arg, const struct db_stats *stats);
    void *arg;
};

/* Whether a's seconds a member are at least b's. */
static bool as_high_average(const struct db_stats_day *a, const struct db_stats_day *b)
{
    return a->seconds * b->members >= b->seconds * a->members;
}

/* Days come in order. */
static void add_day(struct db_stats *stats, const struct db_stats_day *day)
{
    if (day->seconds == 0)
        return;
    stats->total_seconds += day->seconds;
    stats->member_days += day->members;
    if (day->seconds >= stats->peak_total.seconds)
        stats->peak_total = *day;
    if (day->members >= stats->peak_members.members)
        stats->peak_members = *day;
    if (as_high_average(day, &stats->peak_average))
        stats->peak_average = *day;
}

static void add_slot(struct db_stats *stats, size_t i, int64_t ago, int64_t begin,
                     const struct db_stats_day *sums)
{
    struct db_stats_period *const period = &stats->periods[ago];
    stats->slots[i] = (struct db_stats_slot){.seconds = sums->seconds, .members = sums->members};
    if (period->n_slots == 0) {
        period->first_day = sums->day;
        period->slots = &stats->slots[i];
    }
    period->n_slots++;
    period->n_begun += begin <= stats->until;
    period->n_over = ago > 0 ? period->n_begun : period->n_begun - 1;
}

/* Every row carries the head. */
static void fill_head(struct db_stats *stats, const struct pg_result *rows, const struct db_stats_query *query)
{
    stats->known = true;
    stats->guild_name = db_text(rows, 0, 0);
    stats->guild_icon = db_text(rows, 0, 1);
    stats->from = db_int(rows, 0, 2);
    stats->until = db_int(rows, 0, 3);
    stats->unique_members = db_int(rows, 0, 4);
    stats->streak = db_int(rows, 0, 5);
    stats->streak_since = db_int(rows, 0, 6);
    stats->counting = db_counting_at(rows, 0, 7);
    stats->member = db_member_at(rows, 0, 7 + DB_COUNTING_N, query->guild_id);
    stats->n_periods = query->view == STATS_YEARLY ? 1 : STATS_PERIODS;
}

enum { COLUMN_AGO = 13 + DB_COUNTING_N, COLUMN_DAY, COLUMN_HOUR, COLUMN_SECONDS, COLUMN_MEMBERS };

static void fill(struct db_stats *stats, const struct pg_result *rows, const struct db_stats_query *query)
{
    const int n = db_rows_count(rows);
    if (n > 0)
        fill_head(stats, rows, query);
    size_t n_slots = 0;
    for (int i = 0; i < n; i++) {
        const struct db_stats_day sums = {
            .day = db_int(rows, i, COLUMN_DAY),
            .seconds = db_int(rows, i, COLUMN_SECONDS),
            .members = db_int(rows, i, COLUMN_MEMBERS),
        };
        const int64_t begin = sums.day * 86400 + db_int(rows, i, COLUMN_HOUR) * 3600;
        if (db_is_null(rows, i, COLUMN_HOUR))
            add_day(stats, &sums);
        if (!db_is_null(rows, i, COLUMN_AGO) && n_slots < STATS_MAX_SLOTS)
            add_slot(stats, n_slots++, db_int(rows, i, COLUMN_AGO), begin, &sums);
    }
}

static void on_read(void *arg, const struct db_outcome *outcome)
{
    const struct reading *const reading = arg;
    if (outcome->status != DB_OK) {
        reading->on_done(reading->arg, NULL);
    } else {
        struct db_stats stats = {.known = false};
        fill(&stats, outcome->rows[0], &reading->query);
        reading->on_done(reading->arg, &stats);
    }
}

void db_stats_read(struct db_pool *pool, const struct db_stats_query *query,
                   void (*on_done)(void *arg, const struct db_stats *stats), void *arg)
{
    struct db_job *const job = db_job_create();
    struct reading *const reading = db_job_memory(job, sizeof(*reading));
    *reading = (struct reading){.query = *query, .on_done = on_done, .arg = arg};
    db_job_only_reads(job);
    db_job_statement(job, query->member_id == 0 ? &of_server[query->view] : &of_member[query->view]);
    db_job_snowflake(job, query->guild_id);
    db_job_snowflake(job, query->member_id);
    db_pool_submit(pool, job, on_read, reading);
}
