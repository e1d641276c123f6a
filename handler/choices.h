/* What people choose from, in options and in menus: as Discord sends it, and as they read it. */
#pragma once

#include <stdbool.h>

struct choice {
    const char *value, *label;
};

struct choices {
    const struct choice *list;
    int n;
};

/* In the order of enum time_range (db/range.h), of enum stats_view (db/stats.h), and of enum statistic. */
extern const struct choices choices_ranges, choices_views, choices_statistics;

/* What a chart or a grid of a server shows. */
enum statistic { STATISTIC_AVERAGE, STATISTIC_TOTAL, STATISTIC_UNIQUE, N_STATISTICS };

/* The number of a value, or -1. */
int choices_find(const struct choices *choices, const char *value);
