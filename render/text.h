/* Lines of text on a card: measured, then drawn. Needs text_init(). */
#pragma once

#include "render/theme.h"

#include <cairo.h>
#include <pango/pango.h>
#include <stdbool.h>
#include <stdint.h>

/* fonts: path of a fontconfig file. False (logged) where it or a family that cards need is missing. */
bool text_init(const char *fonts);
void text_finish(void);

/* One line, measured from its left end and baseline. Drawing gives it back: each is drawn exactly once. */
struct text {
    PangoLayout *layout;
    double width; /* the advance */
    double ink_left, ink_right, ink_top, ink_bottom;
};

struct text text_measure(const struct type *type, const char *s);
/* The advance alone. */
double text_width(const struct type *type, const char *s);
/* Shortened with "…" to max_width, between two graphemes. What stands out far to any side is cut off. */
struct text text_fit(const struct type *type, const char *s, double max_width);
/* Smaller type, in steps of a quarter of a pixel: of each size that is new, pango looks for fonts in .5 ms. */
struct type text_scale(const struct type *type, double scale);
/* Smaller type where it would be wider than max_width. */
struct text text_shrink(const struct type *type, const char *s, double max_width);
/* The left end stands at x, whatever the direction of the text. */
void text_draw(cairo_t *cr, struct text text, unsigned colour, double x, double base);

/* Measured and drawn in one go. */
void text_left(cairo_t *cr, const struct type *type, unsigned colour, double x, double base, const char *s);
void text_right(cairo_t *cr, const struct type *type, unsigned colour, double right, double base,
                const char *s);
/* A sentence around a name, of which the name alone is shortened where all would be wider than max_width.
 * Returns the width. */
struct phrase {
    const char *before, *name, *after;
};
double text_phrase(cairo_t *cr, const struct type *type, unsigned colour, double x, double base,
                   const struct phrase *phrase, double max_width);
/* The ink, not the advance, is centred on the point; smaller type where it would leave a square of that side. */
void text_in_square(cairo_t *cr, const struct type *type, unsigned colour, double cx, double cy, double side,
                    const char *s);

/* "61h 42m" with small units. */
struct duration {
    struct text part[4];
    double left[4]; /* of each part, from the left end of all */
    int n;
    double width;
};

/* unit: size of "h" and "m" as a share of the figures' size. */
struct duration duration_measure(const struct type *type, double unit, int64_t seconds);
/* Smaller type where it would be wider than max_width. */
struct duration duration_shrink(const struct type *type, double unit, int64_t seconds, double max_width);
void duration_draw(cairo_t *cr, const struct duration *duration, double right, double base);

/* The first grapheme of a cleaned name, a capital where it has one; "?" for an empty name. The caller frees. */
char *text_initial(const char *name);
