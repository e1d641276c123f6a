#include "render/card.h"

#include "render/canvas.h"
#include "render/image_codec.h"
#include "render/theme.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Both shades are so slow that steps of one level in a channel show as bands, and cairo's blending at 6 %
 * opacity adds errors of its own. So they are computed here, and dithered.
 */

static cairo_surface_t *background; /* its upper part, all of it that is not flat */

/* Tinted rows met so far. Cards have few places for them; the oldest gives way. */
enum { N_TINTS = 8 };
static struct tinted {
    struct tint tint;
    int top, width, height;
    cairo_surface_t *surface;
} tinted[N_TINTS];
static int next_tinted;

static double channel(unsigned rgb, int shift)
{
    return rgb >> shift & 255;
}

/* The background in row y. */
static double background_at(int y, int shift)
{
    const double t = fmin((y + .5) / CARD_GRADIENT, 1);
    return channel(COLOUR_BG_TOP, shift) * (1 - t) + channel(COLOUR_BG, shift) * t;
}

static double opacity(const struct tint *tint, double t)
{
    if (t < .6)
        return tint->left + (tint->middle - tint->left) * t / .6;
    return tint->middle + (tint->right - tint->middle) * (t - .6) / .4;
}

/* Ordered dither (Bayer 1973): in 0 … 1, even in every 4 × 4 pixels. Its rows repeat, so that a PNG of a chart takes a
 * fifth less than with noise. */
static double threshold(int x, int y)
{
    static const int order[4][4] = {{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};
    return (order[y % 4][x % 4] + .5) / 16;
}

/* The background from row top on, with tint over it or NULL. */
static cairo_surface_t *render(const struct tint *tint, int top, int width, int height)
{
    cairo_surface_t *const surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    uint32_t *pixel = (uint32_t *)(void *)cairo_image_surface_get_data(surface); /* rows have no padding */
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++, pixel++) {
            const double alpha = tint != NULL ? opacity(tint, (x + .5) / width) : 0;
            const double dither = threshold(x, y);
            for (int shift = 0; shift < 24; shift += 8) {
                const double over = tint != NULL ? channel(tint->colour, shift) * alpha : 0;
                *pixel |= (uint32_t)(background_at(top + y, shift) * (1 - alpha) + over + dither) << shift;
            }
        }
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

void card_init(void)
{
    background = render(NULL, 0, CARD_WIDTH, CARD_GRADIENT);
}

void card_finish(void)
{
    cairo_surface_destroy(background);
    background = NULL;
    for (int i = 0; i < N_TINTS; i++) {
        cairo_surface_destroy(tinted[i].surface);
        tinted[i].surface = NULL;
    }
}

cairo_t *card_create(int height)
{
    cairo_surface_t *const card = cairo_image_surface_create(CAIRO_FORMAT_RGB24, CARD_WIDTH, height);
    cairo_t *const cr = cairo_create(card);
    cairo_surface_destroy(card); /* cr holds it */
    cairo_set_source_surface(cr, background, 0, 0);
    cairo_rectangle(cr, 0, 0, CARD_WIDTH, CARD_GRADIENT);
    cairo_fill(cr);
    canvas_colour(cr, COLOUR_BG, 1);
    cairo_rectangle(cr, 0, CARD_GRADIENT, CARD_WIDTH, height - CARD_GRADIENT);
    cairo_fill(cr);
    return cr;
}

struct picture card_jpeg(cairo_t *cr)
{
    const struct picture picture = image_to_jpeg(cairo_get_target(cr));
    cairo_destroy(cr);
    return picture;
}

struct picture card_png(cairo_t *cr)
{
    const struct picture picture = image_to_png(cairo_get_target(cr));
    cairo_destroy(cr);
    return picture;
}

static bool is_same(const struct tint *a, const struct tint *b)
{
    return a->colour == b->colour && a->left == b->left && a->middle == b->middle && a->right == b->right;
}

static cairo_surface_t *find_tinted(const struct tint *tint, int y, int width, int height)
{
    const int top = y < CARD_GRADIENT ? y : CARD_GRADIENT; /* below that all rows are alike */
    for (int i = 0; i < N_TINTS; i++) {
        const struct tinted *const row = &tinted[i];
        if (row->surface != NULL && is_same(&row->tint, tint) && row->top == top && row->width == width &&
            row->height == height)
            return row->surface;
    }
    struct tinted *const row = &tinted[next_tinted];
    next_tinted = (next_tinted + 1) % N_TINTS;
    cairo_surface_destroy(row->surface);
    *row = (struct tinted){*tint, top, width, height, render(tint, top, width, height)};
    return row->surface;
}

void card_tint(cairo_t *cr, const struct tint *tint, int x, int y, int width, int height, double radius)
{
    cairo_set_source_surface(cr, find_tinted(tint, y, width, height), x, y);
    canvas_box(cr, x, y, width, height, radius);
    cairo_fill(cr);
}
