#include "render/canvas.h"

#include "render/theme.h"

#include <math.h>

static double channel(unsigned rgb, unsigned shift)
{
    return (rgb >> shift & 255) / 255.;
}

void canvas_colour(cairo_t *cr, unsigned rgb, double alpha)
{
    cairo_set_source_rgba(cr, channel(rgb, 16), channel(rgb, 8), channel(rgb, 0), alpha);
}

static void add_stop(cairo_pattern_t *gradient, double offset, unsigned rgb, double alpha)
{
    cairo_pattern_add_color_stop_rgba(gradient, offset, channel(rgb, 16), channel(rgb, 8), channel(rgb, 0),
                                      alpha);
}

void canvas_gradient(cairo_t *cr, double x0, double y0, double x1, double y1, unsigned from, unsigned to)
{
    cairo_pattern_t *const gradient = cairo_pattern_create_linear(x0, y0, x1, y1);
    add_stop(gradient, 0, from, 1);
    add_stop(gradient, 1, to, 1);
    cairo_set_source(cr, gradient);
    cairo_pattern_destroy(gradient);
}

void canvas_fade(cairo_t *cr, double top, double bottom, unsigned rgb, double from, double to)
{
    cairo_pattern_t *const gradient = cairo_pattern_create_linear(0, top, 0, bottom);
    add_stop(gradient, 0, rgb, from);
    add_stop(gradient, 1, rgb, to);
    cairo_set_source(cr, gradient);
    cairo_pattern_destroy(gradient);
}

void canvas_box(cairo_t *cr, double x, double y, double width, double height, double radius)
{
    cairo_new_sub_path(cr);
    cairo_arc(cr, x + width - radius, y + radius, radius, -M_PI_2, 0);
    cairo_arc(cr, x + width - radius, y + height - radius, radius, 0, M_PI_2);
    cairo_arc(cr, x + radius, y + height - radius, radius, M_PI_2, M_PI);
    cairo_arc(cr, x + radius, y + radius, radius, M_PI, 3 * M_PI_2);
    cairo_close_path(cr);
}

void canvas_disc(cairo_t *cr, double cx, double cy, double radius)
{
    cairo_new_sub_path(cr);
    cairo_arc(cr, cx, cy, radius, 0, 2 * M_PI);
    cairo_close_path(cr);
}

void canvas_bar(cairo_t *cr, const struct bar *bar)
{
    canvas_box(cr, bar->x, bar->y, bar->width, bar->height, bar->height / 2);
    canvas_colour(cr, COLOUR_WHITE, ALPHA_TRACK);
    cairo_fill(cr);
    const double share = bar->full > 0 ? (double)bar->value / (double)bar->full : 0;
    const double length = fmax(bar->height, bar->width * fmin(share, 1));
    canvas_box(cr, bar->x, bar->y, length, bar->height, bar->height / 2);
    if (bar->from == bar->to)
        canvas_colour(cr, bar->from, 1);
    else
        canvas_gradient(cr, bar->x, 0, bar->x + (bar->spans_track ? bar->width : length), 0, bar->from,
                        bar->to);
    cairo_fill(cr);
}

void canvas_dotted_line(cairo_t *cr, double left, double right, double y)
{
    static const double dots[] = {0, 9};
    canvas_colour(cr, COLOUR_DOTS, 1);
    cairo_set_line_width(cr, 3);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_dash(cr, dots, 2, 0);
    cairo_move_to(cr, left, y);
    cairo_line_to(cr, right, y);
    cairo_stroke(cr);
    cairo_set_dash(cr, NULL, 0, 0);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
}
