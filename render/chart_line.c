#include "render/chart_line.h"

struct chart_line chart_line_of(const struct chart_series *series)
{
    struct chart_line line = {.n = series->n};
    for (size_t i = 0; i < line.n; i++)
        line.values[i] = (double)series->values[i];
    return line;
}

struct chart_line chart_line_mean(const struct chart_view *view)
{
    struct chart_line mean = {0};
    for (size_t slot = 0; slot < CHART_SLOTS; slot++) {
        double sum = 0;
        int n = 0;
        for (size_t k = 0; k < CHART_SERIES; k++) {
            if (slot < (k == 0 ? view->n_over : view->series[k].n)) {
                sum += (double)view->series[k].values[slot];
                n++;
            }
        }
        if (n == 0)
            break; /* and so in all that follow */
        mean.values[mean.n++] = sum / n;
    }
    return mean;
}

/* The harmonic mean of the slopes on both sides, flat at peaks and valleys: Fritsch and Butland 1984, "A method
 * for constructing local monotone piecewise cubic interpolants". */
static double slope_between(double before, double after)
{
    return before * after > 0 ? 2 * before * after / (before + after) : 0;
}

void chart_line_slopes(const struct chart_line *line, double slopes[CHART_SLOTS])
{
    double before = 0;
    for (size_t i = 0; i < line->n; i++) {
        const bool is_last = i + 1 == line->n;
        const double after = is_last ? before : line->values[i + 1] - line->values[i];
        slopes[i] = i == 0 ? after : is_last ? before : slope_between(before, after);
        before = after;
    }
}
