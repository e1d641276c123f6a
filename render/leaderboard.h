/* The leaderboard card: a view in, a JPEG out. Measures and colours: render/theme.h. */
#pragma once

#include "render/image.h"

#include <stdbool.h>

enum { LEADERBOARD_ROWS = 10, AVATAR_SIZE_FIRST = 74, AVATAR_SIZE = 60, ICON_SIZE = 108 };

struct leaderboard_row {
    int64_t rank;
    uint64_t user_id; /* picks the colour where there is no avatar */
    const char *name; /* UTF-8, as its owner wrote it: anything at all */
    int64_t seconds;
    bool live;
    bool caller;
    /* Best AVATAR_SIZE_FIRST with a medal, else AVATAR_SIZE. NULL: the initial instead. */
    const struct image *avatar;
};

/* Gold, silver or bronze, and a large row. */
static inline bool leaderboard_has_medal(int64_t rank)
{
    return rank >= 1 && rank <= 3;
}

struct leaderboard_view {
    const char *server;
    uint64_t guild_id;
    const struct image *icon; /* or NULL */
    const char *range;        /* "This month · 1 – 22 Nov 2026 UTC" */
    int64_t total_seconds, members;
    int64_t first_seconds; /* of the whole board: the full bar */
    struct leaderboard_row rows[LEADERBOARD_ROWS];
    size_t n_rows;     /* at least 1 */
    bool caller_below; /* the caller is not on the page: own holds the row after the dotted line */
    struct leaderboard_row own;
    /* In the footer. */
    int64_t in_voice;
    const char *not_counting; /* that nobody can be, and why: "Tracking is off"; or NULL */
    const char *you;          /* of a caller without time: "You: no voice time this month"; or NULL */
    int64_t first_position, last_position; /* "1 – 10 of 214 members" */
};

/* 1000 px wide, 24-bit JPEG of quality 90, 4:4:4. Needs render_init(). */
struct picture leaderboard_render(const struct leaderboard_view *view);
