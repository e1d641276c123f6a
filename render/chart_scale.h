/* The vertical axis of a chart: three to five equal steps of a round figure. Pure. */
#pragma once

#include "render/stats_head.h"
#include "render/words.h"

enum { CHART_MOST_STEPS = 5 };

struct chart_scale {
    enum stats_unit unit;
    int64_t step; /* between two lines: seconds, or members */
    int n;        /* steps */
};

/* The lowest that holds max. */
struct chart_scale chart_scale_for(enum stats_unit unit, int64_t max);
/* "0", "15", "30", "45", "60m" for i of 0 … n, into out, which is returned; of half hours "0", "30m", "1h 00m". */
const char *chart_scale_label(char out[WORDS_MAX], const struct chart_scale *scale, int i);
/* How high value stands: 0 at the bottom, 1 at the top and for all beyond. */
double chart_scale_height(const struct chart_scale *scale, double value);
