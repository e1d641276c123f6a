/* What lies under everything on a card: the background, and the tint of rows. Rendered once and kept. */
#pragma once

#include <cairo.h>

void ground_init(void);
void ground_finish(void);

/* The background of a card of that height. */
void ground_paint(cairo_t *cr, int height);

/* A colour over the background that fades to the right: opacity at 0, .6 and 1 of the width. */
struct tint {
    unsigned colour;
    double left, middle, right;
};

/* A tinted row of whole pixels with round corners. */
void ground_paint_tint(cairo_t *cr, const struct tint *tint, int x, int y, int width, int height,
                       double radius);
