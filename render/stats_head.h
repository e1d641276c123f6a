/* What stands above a grid or a chart: whose it is, the range, and three or four figures. Drawn by
 * stats_head_draw() in render/stats_head_draw.h, so that this header needs no cairo. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct image;

enum stats_unit { STATS_SECONDS, STATS_MEMBERS };

/* A figure's best day. */
struct stats_peak {
    int64_t day;   /* days since 1970, UTC */
    int64_t value; /* in the figure's unit; 0: there is none, and nothing is said */
};

struct stats_head {
    bool of_member;
    const char *name;          /* the member's or the server's: UTF-8, anything at all */
    uint64_t id;               /* picks the colour where there is no picture */
    const struct image *image; /* or NULL; best STATS_AVATAR_SIZE, STATS_ICON_SIZE */
    const char *subtitle;      /* "Daily voice time" */
    const char *range;

    int64_t total_seconds;
    int64_t average_seconds; /* of a member: per active day; of a server: per active member a day */
    /* Of a member. */
    int64_t active_days, streak_days;
    int64_t streak_since; /* its first day, days since 1970; where streak_days is 0: means nothing */
    struct stats_peak most_active;
    /* Of a server. */
    int64_t unique_members;
    struct stats_peak peak_total, peak_members, peak_average;
};

enum { STATS_AVATAR_SIZE = 92, STATS_ICON_SIZE = 92 };
