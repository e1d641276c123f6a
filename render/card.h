/* A card from its first to its last step, and what lies under everything on it: the background and the tints of rows,
 * rendered once and kept. */
#pragma once

#include "render/image.h"

#include <cairo.h>

void card_init(void);
void card_finish(void);

/* A card of CARD_WIDTH × height with the background on it, to be ended with card_jpeg() or card_png(). */
cairo_t *card_create(int height);
/* Ends the card: JPEG where there are photographs, PNG where there are mostly flat shapes. */
struct picture card_jpeg(cairo_t *cr);
struct picture card_png(cairo_t *cr);

/* A colour over the background that fades to the right: opacity at 0, .6 and 1 of the width. */
struct tint {
    unsigned colour;
    double left, middle, right;
};

/* A tinted row of whole pixels with round corners. */
void card_tint(cairo_t *cr, const struct tint *tint, int x, int y, int width, int height, double radius);
