#include "tests/render/sample_chart.h"

#include "infra/mem.h"
#include "tests/render/sample.h"

#include <stdlib.h>

/* All in minutes. */
struct period {
    const char *label, *short_label;
    size_t n;
    int minutes[CHART_SLOTS];
};

static const struct period DAYS[CHART_SERIES] = {
    {"Today", "22 Nov", 15, {49, 24, 11, 2, 0, 0, 0, 1, 3, 13, 22, 33, 57, 53, 27}},
    {"Sat 21", "21 Nov", 24, {24, 15, 4,  0,  0,  0,  0,  0,  0,  0,  2,  4,
                              9,  12, 23, 25, 33, 24, 34, 47, 47, 44, 60, 33}},
    {"Fri 20", "20 Nov", 24, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5, 13, 23, 35, 44, 46, 46, 60, 36}},
    {"Thu 19", "19 Nov", 24, {0,  0,  0, 0, 0,  0,  0,  0,  0,  0,  2,  15,
                              18, 13, 5, 5, 10, 21, 35, 32, 36, 44, 27, 19}},
};

static const struct period WEEKS[CHART_SERIES] = {
    {"This week", "16 Nov", 4, {132, 66, 204, 168}},
    {"9–15 Nov", "9 Nov", 7, {84, 0, 54, 126, 252, 366, 288}},
    {"2–8 Nov", "2 Nov", 7, {36, 108, 132, 156, 186, 312, 396}},
    {"26 Oct–1 Nov", "26 Oct", 7, {174, 24, 90, 192, 144, 234, 180}},
};

static const struct period MONTHS[CHART_SERIES] = {
    {"November", "Nov", 22, {2730, 1260, 1770, 1620, 1320, 2520, 3360, 3240, 1320, 1380, 1920,
                             1680, 2220, 3090, 2700, 1320, 1320, 1260, 1560, 2220, 3510, 1860}},
    {"October", "Oct", 31, {1200, 1560, 1860, 1980, 1140, 990,  1530, 1320, 1680, 2430, 2040,
                            1140, 1380, 1200, 1440, 1740, 2460, 2400, 1320, 1080, 1200, 1350,
                            1350, 2790, 1860, 1560, 1320, 1530, 1200, 1680, 2040}},
    {"September", "Sep", 30, {1200, 1320, 1020, 1200, 1950, 1560, 1080, 1020, 1020, 1020,
                              1440, 2010, 1920, 1200, 1080, 1080, 1080, 1320, 1920, 1980,
                              1080, 990,  1050, 840,  1080, 1440, 1800, 960,  1080, 930}},
    {"August", "Aug", 31, {1320, 1560, 660, 810,  960,  900,  1200, 1560, 1140, 960,  840,
                           1080, 750,  840, 1710, 1200, 630,  810,  630,  990,  1110, 1170,
                           1650, 780,  660, 720,  660,  1020, 1680, 1680, 750}},
};

static const struct period *const PERIODS[] = {
    [CHART_HOURLY] = DAYS, [CHART_WEEKLY] = WEEKS, [CHART_MONTHLY] = MONTHS};

/* The last day of each. */
static const int64_t TODAYS[] = {
    [CHART_HOURLY] = SAMPLE_TODAY, [CHART_WEEKLY] = SAMPLE_TODAY - 3, [CHART_MONTHLY] = SAMPLE_TODAY};

/* From the oldest period on, each slot is a day, or all slots of a period are one. */
static void sum_up(struct stats_head *head, enum chart_kind kind)
{
    int64_t days[CHART_SERIES * CHART_SLOTS] = {0};
    size_t n = 0;
    for (size_t k = CHART_SERIES; k-- > 0; n += kind == CHART_HOURLY)
        for (size_t i = 0; i < PERIODS[kind][k].n; i++, n += kind != CHART_HOURLY)
            days[n] += PERIODS[kind][k].minutes[i] * INT64_C(60);
    sample_sum_up(head, TODAYS[kind], days, n);
}

static struct stats_head head_of(enum chart_kind kind)
{
    struct stats_head head = kind == CHART_MONTHLY ? sample_server_head() : sample_member_head();
    sum_up(&head, kind);
    switch (kind) {
    case CHART_HOURLY:
        head.subtitle = "Hourly voice time";
        head.range = "4 days · 19 – 22 Nov 2026 UTC";
        head.streak_days = 12; /* it began before these days */
        head.streak_since = SAMPLE_TODAY - 11;
        break;
    case CHART_WEEKLY:
        head.subtitle = "Daily voice time";
        head.range = "4 weeks · 26 Oct – 19 Nov 2026 UTC";
        break;
    case CHART_MONTHLY:
        head.range = "4 months · Aug – Nov 2026 UTC";
        head.unique_members = 312;
        head.peak_average = (struct stats_peak){SAMPLE_TODAY - 36, (2 * 60 + 11) * 60};
        break;
    }
    return head;
}

struct chart_view *sample_chart(enum chart_kind kind)
{
    static const int64_t first_days[] = {
        [CHART_HOURLY] = SAMPLE_TODAY, [CHART_WEEKLY] = SAMPLE_TODAY - 6, [CHART_MONTHLY] = SAMPLE_TODAY - 21};
    struct chart_view *view = mem_alloc(sizeof(*view));
    *view = (struct chart_view){
        .head = head_of(kind),
        .kind = kind,
        .unit = STATS_SECONDS,
        .first_day = first_days[kind],
        .n_over = PERIODS[kind][0].n - 1,
    };
    for (size_t k = 0; k < CHART_SERIES; k++) {
        const struct period *period = &PERIODS[kind][k];
        struct chart_series *series = &view->series[k];
        *series =
            (struct chart_series){.label = period->label, .short_label = period->short_label, .n = period->n};
        for (size_t i = 0; i < series->n; i++)
            series->values[i] = period->minutes[i] * INT64_C(60);
    }
    return view;
}

void sample_chart_free(struct chart_view *view)
{
    sample_drop(&view->head.image);
    free(view);
}
