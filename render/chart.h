/* Time or members over the hours of a day, the days of a week or of a month: a view in, a PNG out. */
#pragma once

#include "render/image.h"
#include "render/stats_head.h"

#include <stddef.h>

enum chart_kind { CHART_HOURLY, CHART_WEEKLY, CHART_MONTHLY };
enum { CHART_SERIES = 4, CHART_SLOTS = 31 };

struct chart_series {
    const char *label;       /* "November", "26 Oct–1 Nov", "Sat 21" */
    const char *short_label; /* where the legend is full: "Nov", "26 Oct" */
    size_t n; /* slots that have begun; of a period that is over: all of them (28 to 31, 7, 24) */
    int64_t values[CHART_SLOTS]; /* seconds, or members */
};

struct chart_view {
    struct stats_head head; /* of a member's hours the axis is always an hour high */
    enum chart_kind kind;
    enum stats_unit unit;
    int64_t first_day; /* of the present period: days since 1970, UTC; for the words at its last point */
    struct chart_series series[CHART_SERIES]; /* the present period first, then backwards */
    size_t n_over; /* slots of the present period that are over: only they enter the mean */
};

/* 1000 × 700. Needs render_init(). */
struct picture chart_render(const struct chart_view *view);
