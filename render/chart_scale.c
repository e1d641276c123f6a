#include "render/chart_scale.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

/* Steps in ascending order, and how many of the last go on times 10, times 100 … */
struct steps {
    int64_t step[16];
    size_t n, n_going_on;
};
static const struct steps MINUTES = {{1, 2, 3, 5, 10, 15, 20, 30}, 8, 0};
static const struct steps HOURS = {{1, 2, 3, 5, 10, 15, 20, 25, 50, 100, 200, 250, 500}, 13, 4};
static const struct steps MEMBERS = {{1, 2, 5}, 3, 3};

enum { MINUTE = 60, HOUR = 3600, MOST_MINUTES = CHART_STEPS * 30 };

/* The first that is large enough. */
static int64_t find_step(const struct steps *steps, int64_t least)
{
    int64_t factor = 1;
    size_t i = 0;
    while (factor * steps->step[i] < least)
        if (++i == steps->n) {
            i -= steps->n_going_on;
            factor *= 10;
        }
    return factor * steps->step[i];
}

struct chart_scale chart_scale_for(enum stats_unit unit, int64_t max)
{
    const int64_t beyond = INT64_C(1000000000000000); /* all that can happen; keeps steps within 64 bits */
    if (max > beyond)
        max = beyond;
    struct chart_scale scale = {.unit = 1, .suffix = ""};
    const struct steps *steps = &MEMBERS;
    if (unit == STATS_SECONDS) {
        const bool in_minutes = max <= MOST_MINUTES * MINUTE;
        scale.unit = in_minutes ? MINUTE : HOUR;
        scale.suffix = in_minutes ? "m" : "h";
        steps = in_minutes ? &MINUTES : &HOURS;
    }
    const int64_t all = CHART_STEPS * scale.unit;
    scale.step = find_step(steps, max / all + (max % all > 0));
    return scale;
}

const char *chart_scale_label(char out[WORDS_MAX], const struct chart_scale *scale, int i)
{
    char number[WORDS_MAX];
    words_number(number, scale->step * i);
    snprintf(out, WORDS_MAX, "%s%s", number, i == CHART_STEPS ? scale->suffix : "");
    return out;
}

double chart_scale_height(const struct chart_scale *scale, double value)
{
    const double top = (double)(CHART_STEPS * scale->step * scale->unit);
    return fmin(fmax(value / top, 0), 1);
}
