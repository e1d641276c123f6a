#include "render/chart_look.h"

#include "render/canvas.h"
#include "render/theme.h"

/* Markers: paths around a point. */

static void circle(cairo_t *cr, double x, double y)
{
    canvas_disc(cr, x, y, 7);
}

static void square(cairo_t *cr, double x, double y)
{
    canvas_box(cr, x - 6, y - 6, 12, 12, 1.5);
}

static void triangle(cairo_t *cr, double x, double y)
{
    cairo_move_to(cr, x, y - 7.5);
    cairo_line_to(cr, x + 7.5, y + 6);
    cairo_line_to(cr, x - 7.5, y + 6);
    cairo_close_path(cr);
}

static void diamond(cairo_t *cr, double x, double y)
{
    cairo_move_to(cr, x, y - 8);
    cairo_line_to(cr, x + 8, y);
    cairo_line_to(cr, x, y + 8);
    cairo_line_to(cr, x - 8, y);
    cairo_close_path(cr);
}

static const struct look {
    unsigned colour;
    double width;
    double dashes[4];
    int n_dashes; /* 0: solid */
    cairo_line_cap_t cap;
    void (*marker)(cairo_t *cr, double x, double y);
} looks[CHART_LINES] = {
    {COLOUR_ACCENT, 5, {0}, 0, CAIRO_LINE_CAP_ROUND, circle},
    {COLOUR_PREV1, 3, {13, 7}, 2, CAIRO_LINE_CAP_BUTT, square},
    {COLOUR_PREV2, 4, {.1, 8}, 2, CAIRO_LINE_CAP_ROUND, triangle}, /* dots */
    {COLOUR_PREV3, 3, {14, 6, 3, 6}, 4, CAIRO_LINE_CAP_BUTT, diamond},
    {COLOUR_MEAN, 2, {0}, 0, CAIRO_LINE_CAP_BUTT, NULL},
};

void chart_look_stroke(cairo_t *cr, int line, double thinner)
{
    const struct look *const look = &looks[line];
    cairo_save(cr);
    canvas_colour(cr, look->colour, 1);
    cairo_set_line_width(cr, look->width - thinner);
    cairo_set_line_cap(cr, look->cap);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_dash(cr, look->dashes, look->n_dashes, 0);
    cairo_stroke(cr);
    cairo_restore(cr);
}

void chart_look_marker(cairo_t *cr, int line, double x, double y)
{
    const struct look *const look = &looks[line];
    if (look->marker == NULL)
        return;
    look->marker(cr, x, y);
    canvas_colour(cr, COLOUR_BG, 1);
    cairo_set_line_width(cr, 4); /* half of it outside */
    cairo_stroke_preserve(cr);
    canvas_colour(cr, look->colour, 1);
    cairo_fill(cr);
}

void chart_look_sample(cairo_t *cr, int line, double x, double y, double width)
{
    cairo_move_to(cr, x, y);
    cairo_line_to(cr, x + width, y);
    chart_look_stroke(cr, line, 0);
    chart_look_marker(cr, line, x + width / 2, y);
}
