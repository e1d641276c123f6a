#include "db/partners.h"

#include "db/job.h"
#include "db/members_sql.h"
#include "db/pool.h"
#include "db/range_sql.h"

/*
 * Of every session of the member (own), the sessions in the same channel that overlap it. An ended session of
 * at most 4 hours that touches an instant began at most 4 hours before it, one of at most a day at most a day:
 * so a part of each index is read, and of the longest, which are few, all in the channel. OFFSET 0 has each own
 * session look for itself: joined as a whole, by channel, all sessions of the channel would meet all own ones.
 *
 * $1 server, $2 member, $3 page from 0. START is a timestamp without zone, in UTC. Hours, not days, are taken
 * off an instant: they are as long in every time zone.
 */
#define ENDED_TOGETHER(LENGTH, REACH)                                                                          \
    "    SELECT s.user_id, o.from_at, o.to_at, s.started_at, s.ended_at "                                      \
    "      FROM own o "                                                                                        \
    "     CROSS JOIN LATERAL ( "                                                                               \
    "           SELECT user_id, started_at, ended_at "                                                         \
    "             FROM voice_session "                                                                         \
    "            WHERE guild_id = $1::bigint AND channel_id = o.channel_id AND " LENGTH                        \
    "              AND started_at < o.to_at AND " REACH                                                        \
    "              AND ended_at > o.from_at AND ended_at > started_at "                                        \
    "           OFFSET 0) s "

#define SHORT ENDED_TOGETHER("total_seconds <= 14400", "started_at > o.from_at - interval '4 hours'")
#define MEDIUM                                                                                                 \
    ENDED_TOGETHER("total_seconds > 14400 AND total_seconds <= 86400",                                         \
                   "started_at > o.from_at - interval '24 hours'")
#define LONG ENDED_TOGETHER("total_seconds > 86400", "true")

#define PARTNERS(START, FROM)                                                                                       \
    "WITH clock AS ( "                                                                                              \
    "    SELECT date_trunc('second', now()) AS now, date_trunc('second', now()) AT TIME ZONE 'UTC' AS utc "         \
    "), bounds AS ( "                                                                                               \
    "    SELECT now, live_until($1::bigint) AS live_until, (" START ") AT TIME ZONE 'UTC' AS start "                \
    "      FROM clock "                                                                                             \
    "), open AS ( "                                                                                                 \
    "    SELECT s.user_id, s.channel_id, s.started_at, b.live_until AS ended_at "                                   \
    "      FROM voice_session s, bounds b "                                                                         \
    "     WHERE s.guild_id = $1::bigint AND s.ended_at IS NULL AND b.live_until IS NOT NULL "                       \
    "), mine AS ( " /* a member's sessions do not overlap: at most one that began before start reaches beyond it */ \
    "    SELECT s.channel_id, s.started_at, s.ended_at "                                                            \
    "      FROM bounds b, voice_session s "                                                                         \
    "     WHERE s.guild_id = $1::bigint AND s.user_id = $2::bigint AND s.started_at >= b.start "                    \
    "     UNION ALL "                                                                                               \
    "    SELECT s.channel_id, s.started_at, s.ended_at "                                                            \
    "      FROM bounds b, "                                                                                         \
    "           LATERAL (SELECT channel_id, started_at, ended_at "                                                  \
    "                      FROM voice_session "                                                                     \
    "                     WHERE guild_id = $1::bigint AND user_id = $2::bigint AND started_at < b.start "           \
    "                       AND (ended_at IS NULL OR ended_at > started_at) "                                       \
    "                     ORDER BY started_at DESC "                                                                \
    "                     LIMIT 1) s "                                                                              \
    "), own AS ( "                                                                                                  \
    "    SELECT m.channel_id, greatest(m.started_at, b.start) AS from_at, "                                         \
    "           coalesce(m.ended_at, b.live_until) AS to_at "                                                       \
    "      FROM mine m, bounds b "                                                                                  \
    "     WHERE coalesce(m.ended_at, b.live_until) > greatest(m.started_at, b.start) "                              \
    "), together AS ( " SHORT " UNION ALL " MEDIUM " UNION ALL " LONG " UNION ALL "                                 \
    "    SELECT s.user_id, o.from_at, o.to_at, s.started_at, s.ended_at "                                           \
    "      FROM own o JOIN open s USING (channel_id) "                                                              \
    "     WHERE o.to_at > (SELECT min(started_at) FROM open) " /* most own sessions ended long before */            \
    "       AND s.started_at < o.to_at AND s.ended_at > greatest(s.started_at, o.from_at) "                         \
    "), partners AS ( "                                                                                             \
    "    SELECT user_id, "                                                                                          \
    "           sum(date_part('epoch', least(ended_at, to_at) - "                                                   \
    "                                  greatest(started_at, from_at)))::bigint AS seconds "                         \
    "      FROM together "                                                                                          \
    "     WHERE user_id <> $2::bigint "                                                                             \
    "     GROUP BY user_id "                                                                                        \
    "), ranked AS ( "                                                                                               \
    "    SELECT user_id, seconds, row_number() OVER (ORDER BY seconds DESC, user_id) AS position "                  \
    "      FROM partners "                                                                                          \
    "), head AS ( "                                                                                                 \
    "    SELECT count(*) AS partners, coalesce(max(seconds), 0) AS first, "                                         \
    "           least(greatest($3::bigint, 0), greatest(count(*) - 1, 0) / 10) AS page "                            \
    "      FROM partners "                                                                                          \
    ") "                                                                                                            \
    "SELECT g.name, floor(extract(epoch FROM " FROM "))::bigint, extract(epoch FROM b.now)::bigint, "               \
    "       (SELECT extract(epoch FROM coalesce(sum(to_at - from_at), '0'))::bigint FROM own), "                    \
    "       h.partners, h.first, h.page, "                                                                          \
    "       r.position, r.seconds, "                                                                                \
    "       r.user_id, " DB_MEMBER_COLUMNS "  FROM guild g "                                                        \
    " CROSS JOIN bounds b "                                                                                         \
    " CROSS JOIN head h "                                                                                           \
    " CROSS JOIN LATERAL ( " /* the member, then the page */                                                        \
    "       SELECT NULL AS position, NULL AS seconds, $2::bigint AS user_id "                                       \
    "        UNION ALL "                                                                                            \
    "       SELECT position, seconds, user_id "                                                                     \
    "         FROM ranked "                                                                                         \
    "        WHERE position BETWEEN h.page * 10 + 1 AND h.page * 10 + 10) r "                                       \
    "  LEFT JOIN LATERAL ( " /* LIMIT: a lookup each */                                                             \
    "       SELECT * FROM member WHERE guild_id = $1::bigint AND user_id = r.user_id LIMIT 1) m ON true "           \
    " WHERE g.guild_id = $1::bigint "                                                                               \
    " ORDER BY r.position NULLS FIRST"

static const struct db_statement statements[N_TIME_RANGES] = {
    [RANGE_TODAY] = {"partners_today", PARTNERS(RANGE_START_TODAY, "b.start")},
    [RANGE_PAST_24H] = {"partners_past_24h", PARTNERS(RANGE_START_PAST_24H, "b.start")},
    [RANGE_PAST_72H] = {"partners_past_72h", PARTNERS(RANGE_START_PAST_72H, "b.start")},
    [RANGE_PAST_7D] = {"partners_past_7d", PARTNERS(RANGE_START_PAST_7D, "b.start")},
    [RANGE_PAST_14D] = {"partners_past_14d", PARTNERS(RANGE_START_PAST_14D, "b.start")},
    [RANGE_THIS_MONTH] = {"partners_this_month", PARTNERS(RANGE_START_THIS_MONTH, "b.start")},
    [RANGE_THIS_YEAR] = {"partners_this_year", PARTNERS(RANGE_START_THIS_YEAR, "b.start")},
    [RANGE_ALL_TIME] = {"partners_all_time", PARTNERS(RANGE_START_ALL_TIME, RANGE_FIRST_COUNTED)},
};

struct reading {
    uint64_t guild_id;
    void (*on_done)(void *arg, const struct db_partners *partners);
    void *arg;
};

/* Every row carries the head; the first one is the member's. */
static struct db_partners partners_from(const struct pg_result *rows, uint64_t guild_id)
{
    const int n = db_rows_count(rows);
    if (n == 0)
        return (struct db_partners){.known = false};
    struct db_partners partners = {
        .known = true,
        .guild_name = db_text(rows, 0, 0),
        .from = db_int(rows, 0, 1),
        .until = db_int(rows, 0, 2),
        .member = db_member_at(rows, 0, 9, guild_id),
        .own_seconds = db_int(rows, 0, 3),
        .partners = db_int(rows, 0, 4),
        .first_seconds = db_int(rows, 0, 5),
        .page = (int)db_int(rows, 0, 6),
    };
    for (int i = 1; i < n && partners.n_rows < PARTNERS_PAGE; i++)
        partners.rows[partners.n_rows++] = (struct db_partners_row){
            .position = db_int(rows, i, 7),
            .seconds = db_int(rows, i, 8),
            .member = db_member_at(rows, i, 9, guild_id),
        };
    return partners;
}

static void on_read(void *arg, const struct db_outcome *outcome)
{
    const struct reading *const reading = arg;
    if (outcome->status != DB_OK) {
        reading->on_done(reading->arg, NULL);
    } else {
        const struct db_partners partners = partners_from(outcome->rows[0], reading->guild_id);
        reading->on_done(reading->arg, &partners);
    }
}

void db_partners_read(struct db_pool *pool, const struct db_partners_query *query,
                      void (*on_done)(void *arg, const struct db_partners *partners), void *arg)
{
    struct db_job *const job = db_job_create();
    struct reading *const reading = db_job_memory(job, sizeof(*reading));
    *reading = (struct reading){.guild_id = query->guild_id, .on_done = on_done, .arg = arg};
    db_job_only_reads(job);
    db_job_statement(job, &statements[query->range]);
    db_job_snowflake(job, query->guild_id);
    db_job_snowflake(job, query->member_id);
    db_job_int(job, query->page);
    db_pool_submit(pool, job, on_read, reading);
}
