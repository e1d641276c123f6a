/* The shapes that cards are made of. */
#pragma once

#include <cairo.h>
#include <stdbool.h>
#include <stdint.h>

/* The colour of what is drawn next, 0xRRGGBB. */
void canvas_colour(cairo_t *cr, unsigned rgb, double alpha);
/* The same as a gradient, over a line from x0,y0 to x1,y1. */
void canvas_gradient(cairo_t *cr, double x0, double y0, double x1, double y1, unsigned from, unsigned to);
/* One colour downwards from one opacity to another. */
void canvas_fade(cairo_t *cr, double top, double bottom, unsigned rgb, double from, double to);

/* Paths, to be filled or stroked. */
void canvas_box(cairo_t *cr, double x, double y, double width, double height, double radius);
void canvas_disc(cairo_t *cr, double cx, double cy, double radius);

/* Fully round at both ends, left to right from one colour to another, on a track of full width. */
struct bar {
    double x, y, width, height;
    int64_t value, full; /* a value of full fills the width; the least is as long as high */
    unsigned from, to;
    bool spans_track; /* the colours do, so a short bar shows only the first of them; else they span the bar */
};
void canvas_bar(cairo_t *cr, const struct bar *bar);

/* Round dots, 3 px thick, every 9 px. */
void canvas_dotted_line(cairo_t *cr, double left, double right, double y);
