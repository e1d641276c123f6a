/* The points of a chart's lines, and how a curve goes through them. Pure. */
#pragma once

#include "render/chart.h"

/* A point for each of the first n slots. */
struct chart_line {
    size_t n;
    double values[CHART_SLOTS];
};

struct chart_line chart_line_of(const struct chart_series *series);
/* Of each slot, over the periods in which it is over. */
struct chart_line chart_line_mean(const struct chart_view *view);

/* The slopes at the points, in value per slot, of a curve that never leaves the range of the two values it
 * connects. */
void chart_line_slopes(const struct chart_line *line, double slopes[CHART_SLOTS]);
