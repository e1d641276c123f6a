/*
 * Statistics of a member or of a whole server: seconds by day or hour, booked where they were spent, and the
 * figures above the picture. Days and hours are UTC; open sessions are counted as far as they are proven. One
 * statement a view, one snapshot.
 */
#pragma once

#include "db/counting.h"
#include "db/members.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db_pool;

enum stats_view {
    STATS_YEARLY,  /* one period of 365 days, ending today */
    STATS_MONTHLY, /* this month and the three before, slots of a day */
    STATS_WEEKLY,  /* this week, from Monday, and the three before, slots of a day */
    STATS_HOURLY,  /* today and the three days before, slots of an hour */
    N_STATS_VIEWS,
};

enum { STATS_PERIODS = 4, STATS_MAX_SLOTS = 365 };

struct db_stats_query {
    uint64_t guild_id;
    enum stats_view view;
    uint64_t member_id; /* 0: the whole server */
};

struct db_stats_slot {
    int64_t seconds;
    int64_t members; /* distinct ones with time in the slot; of a member: 1 or 0 */
};

struct db_stats_period {
    int64_t first_day; /* days since 1970 */
    size_t n_slots;    /* whole: 365, 28 to 31, 7, 24 */
    size_t n_begun;    /* the rest lies in the future and is 0 */
    size_t n_over;     /* of the present period one less, for a slot is running; else all */
    const struct db_stats_slot *slots;
};

struct db_stats_day {
    int64_t day; /* days since 1970 */
    int64_t seconds, members;
};

/* Strings are borrowed from the answer. */
struct db_stats {
    bool known; /* false: the tracker has not seen this server yet, nothing else is set */
    const char *guild_name;
    const char *guild_icon;  /* or NULL */
    struct db_member member; /* of a member; username is NULL where the tracker never met the member */
    struct db_counting counting;
    int64_t from, until; /* unix seconds: the first slot's begin; when it was computed */

    struct db_stats_period periods[STATS_PERIODS]; /* the present one first */
    size_t n_periods;                              /* 1 for yearly, else all */

    /* Over all periods. The average of a member a day is total_seconds / member_days. */
    int64_t total_seconds; /* 0: nothing to draw, and no peaks */
    int64_t unique_members;
    int64_t member_days; /* days with time, of each member, added up; of a member: active days */
    /* The day with the most seconds, the most members, the highest seconds / members; the latest of equals.
     * Days in hourly too. Of a member, peak_total is the most active day. */
    struct db_stats_day peak_total, peak_members, peak_average;
    int64_t streak; /* of a member: active days on end up to today or yesterday, however long ago they began */
    int64_t streak_since; /* its first day, days since 1970; 0 where there is none */

    struct db_stats_slot slots[STATS_MAX_SLOTS]; /* what periods point to */
};

/* on_done gets NULL where the database did not answer (logged). Valid until the callback returns. */
void db_stats_read(struct db_pool *pool, const struct db_stats_query *query,
                   void (*on_done)(void *arg, const struct db_stats *stats), void *arg);
