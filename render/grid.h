/* The year of a member or of a server as a grid of days: a view in, a PNG out. */
#pragma once

#include "render/image.h"
#include "render/stats_head.h"

enum { GRID_DAYS = 365 };

struct grid_view {
    struct stats_head head;
    int64_t first_day; /* days since 1970, UTC; today is the last of the 365 */
    enum stats_unit unit;
    int64_t values[GRID_DAYS]; /* seconds, or members */
};

/* 1000 px wide. Needs render_init(). */
struct picture grid_render(const struct grid_view *view);
