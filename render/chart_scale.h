/* The vertical axis of a chart: four equal steps of a round number. Pure. */
#pragma once

#include "render/stats_head.h"
#include "render/words.h"

enum { CHART_STEPS = 4 };

struct chart_scale {
    int64_t step;       /* between two lines, in what the labels count: */
    int64_t unit;       /* hours or minutes in seconds, or members */
    const char *suffix; /* of the topmost label */
};

/* The lowest that holds max. */
struct chart_scale chart_scale_for(enum stats_unit unit, int64_t max);
/* "0", "15", "30", "45", "60m" for i of 0 … CHART_STEPS, into out, which is returned. */
const char *chart_scale_label(char out[WORDS_MAX], const struct chart_scale *scale, int i);
/* How high value stands: 0 at the bottom, 1 at the top and for all beyond. */
double chart_scale_height(const struct chart_scale *scale, double value);
