#include "handler/choices.h"

#include "db/range.h"
#include "db/stats.h"

#include <string.h>

static const struct choice ranges[N_TIME_RANGES] = {
    [RANGE_TODAY] = {"today", "Today"},
    [RANGE_PAST_24H] = {"past_24h", "Past 24 hours"},
    [RANGE_PAST_72H] = {"past_72h", "Past 72 hours"},
    [RANGE_PAST_7D] = {"past_7d", "Past 7 days"},
    [RANGE_PAST_14D] = {"past_14d", "Past 14 days"},
    [RANGE_THIS_MONTH] = {"this_month", "This month"},
    [RANGE_THIS_YEAR] = {"this_year", "This year"},
    [RANGE_ALL_TIME] = {"all_time", "All time"},
};

static const struct choice views[N_STATS_VIEWS] = {
    [STATS_YEARLY] = {"yearly", "Yearly"},
    [STATS_MONTHLY] = {"monthly", "Monthly"},
    [STATS_WEEKLY] = {"weekly", "Weekly"},
    [STATS_HOURLY] = {"hourly", "Hourly"},
};

static const struct choice statistics[N_STATISTICS] = {
    [STATISTIC_AVERAGE] = {"average", "Average"},
    [STATISTIC_TOTAL] = {"total", "Total time"},
    [STATISTIC_UNIQUE] = {"unique", "Unique members"},
};

const struct choices choices_ranges = {ranges, N_TIME_RANGES};
const struct choices choices_views = {views, N_STATS_VIEWS};
const struct choices choices_statistics = {statistics, N_STATISTICS};

int choices_find(const struct choices *choices, const char *value)
{
    for (int i = 0; i < choices->n; i++) {
        if (strcmp(value, choices->list[i].value) == 0)
            return i;
    }
    return -1;
}
