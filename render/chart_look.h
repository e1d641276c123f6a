/* How the lines of a chart look: each differs by colour, by dashes and by the shape of its markers, so that
 * they are told apart without colour too. */
#pragma once

#include "render/chart.h"

#include <cairo.h>

/* The periods as in chart_view, then their mean. */
enum { CHART_PRESENT = 0, CHART_MEAN = CHART_SERIES, CHART_LINES };

/* Strokes the path that cr holds as that line, so much thinner. */
void chart_look_stroke(cairo_t *cr, int line, double thinner);
/* A marker on a point; the mean has none. */
void chart_look_marker(cairo_t *cr, int line, double x, double y);
/* A piece of the line with a marker, for the legend. */
void chart_look_sample(cairo_t *cr, int line, double x, double y, double width);
