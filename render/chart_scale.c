#include "render/chart_scale.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { MINUTE = 60, HOUR = 3600, HALF_HOUR = HOUR / 2 };

/* Steps that people count in, ascending: in seconds or members. How many of the last go on times 10, times 100 … */
struct steps {
    int64_t step[20];
    size_t n, n_going_on;
};
static const struct steps minutes = {
    {1 * MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 20 * MINUTE}, 6, 0};
static const struct steps hours = {{HALF_HOUR, 1 * HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 5 * HOUR, 6 * HOUR,
                                    8 * HOUR, 10 * HOUR, 12 * HOUR, 20 * HOUR, 25 * HOUR, 50 * HOUR, 100 * HOUR,
                                    200 * HOUR, 250 * HOUR, 500 * HOUR},
                                   17,
                                   4};
static const struct steps members = {{1, 2, 5}, 3, 3};

/* The first that is large enough. */
static int64_t find_step(const struct steps *steps, int64_t least)
{
    int64_t factor = 1;
    size_t i = 0;
    while (factor * steps->step[i] < least) {
        if (++i == steps->n) {
            i -= steps->n_going_on;
            factor *= 10;
        }
    }
    return factor * steps->step[i];
}

struct chart_scale chart_scale_for(enum stats_unit unit, int64_t max)
{
    static const int counts[] = {4, 3, CHART_MOST_STEPS}; /* of equal tops the first */
    const int64_t beyond = INT64_C(1000000000000000);     /* all that can happen; keeps steps within 64 bits */
    if (max > beyond)
        max = beyond;
    const struct steps *const steps = unit == STATS_MEMBERS ? &members : max <= HOUR ? &minutes : &hours;
    struct chart_scale scale = {.unit = unit};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        const int n = counts[i];
        const int64_t step = find_step(steps, max / n + (max % n > 0));
        if (i == 0 || n * step < scale.n * scale.step) {
            scale.n = n;
            scale.step = step;
        }
    }
    return scale;
}

const char *chart_scale_label(char out[WORDS_MAX], const struct chart_scale *scale, int i)
{
    const int64_t value = i * scale->step;
    const bool in_minutes = scale->n * scale->step <= HOUR;
    if (scale->unit == STATS_MEMBERS || i == 0)
        return words_number(out, value);
    if (!in_minutes && scale->step % HOUR != 0)
        return words_duration(out, value);
    words_number(out, value / (in_minutes ? MINUTE : HOUR));
    const size_t len = strlen(out);
    snprintf(out + len, WORDS_MAX - len, "%s", i < scale->n ? "" : in_minutes ? "m" : "h");
    return out;
}

double chart_scale_height(const struct chart_scale *scale, double value)
{
    return fmin(fmax(value / (double)(scale->n * scale->step), 0), 1);
}
