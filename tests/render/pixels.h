/* For test programs that measure cards: their pixels and where things end. */
#pragma once

#include "render/image.h"
#include "render/theme.h"
#include "tests/render/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* What a card shows. Frees its bytes. */
static inline cairo_surface_t *pixels_of(struct picture picture)
{
    cairo_surface_t *card = compare_decode(picture.bytes, picture.len);
    assert_non_null(card);
    assert_int_equal(cairo_image_surface_get_width(card), CARD_WIDTH);
    free(picture.bytes);
    return card;
}

/* rgb with that opacity on the ground. */
static inline unsigned over(unsigned ground, unsigned rgb, double alpha)
{
    unsigned mixed = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        const double value = (ground >> shift & 255) * (1 - alpha) + (rgb >> shift & 255) * alpha;
        mixed |= (unsigned)(value + .5) << shift;
    }
    return mixed;
}

/* JPEG moves colours a little. */
static inline void assert_pixel(cairo_surface_t *card, int x, int y, unsigned expected)
{
    const unsigned found = compare_pixel(card, x, y);
    if (compare_colours(found, expected) > 10)
        fail_msg("pixel %d,%d is %06X, not %06X", x, y, found, expected);
}

/* Where the bar through y from left to right ends: the first x that is nearer to the track than to the bar. */
static inline int pixels_bar_end(cairo_surface_t *card, int left, int right, int y, unsigned bar,
                                 unsigned track)
{
    int x = left;
    while (x < right &&
           compare_colours(compare_pixel(card, x, y), bar) < compare_colours(compare_pixel(card, x, y), track))
        x++;
    return x;
}

/* One past the last x from left to right where anything between top and bottom stands out from the background. */
static inline int pixels_ink_end(cairo_surface_t *card, int left, int right, int top, int bottom)
{
    for (int x = right; x > left; x--)
        for (int y = top; y < bottom; y++)
            if (compare_colours(compare_pixel(card, x - 1, y), COLOUR_BG) > 80)
                return x;
    return left;
}
