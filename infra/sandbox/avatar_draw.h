/* Drawing helpers and the parts of avatars, on a square of 100 by 100; what counts lies in the inscribed circle. */
#pragma once

#include <cairo.h>
#include <stddef.h>

struct point {
    double x, y;
};

void draw_colour(cairo_t *cr, unsigned rgb);
void draw_ellipse(cairo_t *cr, double x, double y, double rx, double ry, unsigned rgb);
void draw_circle(cairo_t *cr, double x, double y, double r, unsigned rgb);
void draw_polygon(cairo_t *cr, const struct point *points, size_t n, unsigned rgb);
void draw_rounded(cairo_t *cr, double x, double y, double width, double height, double r, unsigned rgb);
/* A gradient over the whole square, from the upper left to the lower right. */
void draw_background(cairo_t *cr, unsigned from, unsigned to);
/* An open smile: an arc's stroke. */
void draw_smile(cairo_t *cr, double x, double y, double r, double width, unsigned rgb);

/* A head with shoulders; look as in avatar.h. */
void draw_face(cairo_t *cr, const unsigned char *look);

/* Everything that is no person: kinds 1 to DRAW_CREATURES, in the order of avatar_creature.c's table. */
enum { DRAW_CREATURES = 11 };
void draw_creature(cairo_t *cr, int kind);
