#include "infra/sandbox/avatar.h"

#include "infra/mem.h"
#include "infra/sandbox/avatar_draw.h"

#include <cairo.h>
#include <math.h>
#include <stdbool.h>

/* Helpers -------------------------------------------------------------------------------------------------- */

void draw_colour(cairo_t *cr, unsigned rgb)
{
    cairo_set_source_rgb(cr, (rgb >> 16 & 0xff) / 255.0, (rgb >> 8 & 0xff) / 255.0, (rgb & 0xff) / 255.0);
}

void draw_ellipse(cairo_t *cr, double x, double y, double rx, double ry, unsigned rgb)
{
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, rx, ry);
    cairo_new_sub_path(cr);
    cairo_arc(cr, 0, 0, 1, 0, 2 * M_PI);
    cairo_restore(cr);
    draw_colour(cr, rgb);
    cairo_fill(cr);
}

void draw_circle(cairo_t *cr, double x, double y, double r, unsigned rgb)
{
    draw_ellipse(cr, x, y, r, r, rgb);
}

void draw_polygon(cairo_t *cr, const struct point *points, size_t n, unsigned rgb)
{
    for (size_t i = 0; i < n; i++)
        cairo_line_to(cr, points[i].x, points[i].y);
    cairo_close_path(cr);
    draw_colour(cr, rgb);
    cairo_fill(cr);
}

void draw_rounded(cairo_t *cr, double x, double y, double width, double height, double r, unsigned rgb)
{
    cairo_new_sub_path(cr);
    cairo_arc(cr, x + width - r, y + r, r, -M_PI / 2, 0);
    cairo_arc(cr, x + width - r, y + height - r, r, 0, M_PI / 2);
    cairo_arc(cr, x + r, y + height - r, r, M_PI / 2, M_PI);
    cairo_arc(cr, x + r, y + r, r, M_PI, 3 * M_PI / 2);
    cairo_close_path(cr);
    draw_colour(cr, rgb);
    cairo_fill(cr);
}

static void add_stop(cairo_pattern_t *pattern, double at, unsigned rgb)
{
    cairo_pattern_add_color_stop_rgb(pattern, at, (rgb >> 16 & 0xff) / 255.0, (rgb >> 8 & 0xff) / 255.0,
                                     (rgb & 0xff) / 255.0);
}

void draw_background(cairo_t *cr, unsigned from, unsigned to)
{
    cairo_pattern_t *const pattern = cairo_pattern_create_linear(10, 5, 90, 95);
    add_stop(pattern, 0, from);
    add_stop(pattern, 1, to);
    cairo_set_source(cr, pattern);
    cairo_paint(cr);
    cairo_pattern_destroy(pattern);
}

void draw_smile(cairo_t *cr, double x, double y, double r, double width, unsigned rgb)
{
    cairo_new_sub_path(cr);
    cairo_arc(cr, x, y, r, M_PI * 0.15, M_PI * 0.85);
    draw_colour(cr, rgb);
    cairo_set_line_width(cr, width);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_stroke(cr);
}

/* Pictures ------------------------------------------------------------------------------------------------- */

static void draw_member(cairo_t *cr, const unsigned char *look)
{
    static const unsigned backgrounds[][2] = {
        {0xffd9a8, 0xf2836b}, {0x7da2f7, 0x3f55b0}, {0x9ad8b0, 0x2f8f77}, {0xf4d4ec, 0xb98ad6},
        {0xffe3b0, 0xf7a35c}, {0xb5e3fb, 0x4f9fd8}, {0xffcf5c, 0xef7f3c}, {0xdff0b5, 0x86c06a},
        {0xddd2fb, 0x8a78dd}, {0xb2f0d3, 0x46ab8d}, {0xf6e3bb, 0xc59f5f}, {0xbfdcf0, 0x6a92b8},
        {0xffc9d9, 0xe88aae}, {0x2b3f7a, 0x131a38}, {0xffb27a, 0xff5f7e},
    };
    const unsigned *const background = backgrounds[look[1] % (sizeof(backgrounds) / sizeof(backgrounds[0]))];
    const int kind = look[0] % (DRAW_CREATURES + 1);
    draw_background(cr, background[0], background[1]);
    if (kind == 0)
        draw_face(cr, look);
    else
        draw_creature(cr, kind);
}

/* The Lantern Room's, a paper lantern; other servers get a workbench's gear. */
static void draw_icon(cairo_t *cr, const unsigned char *look)
{
    const bool lantern = look[0] % 2 == 0;
    if (!lantern) {
        draw_background(cr, 0x2fb59b, 0x1d4f86);
        for (int i = 0; i < 8; i++) {
            cairo_save(cr);
            cairo_translate(cr, 50, 50);
            cairo_rotate(cr, i * M_PI / 4);
            draw_rounded(cr, -6, -35, 12, 20, 3, 0xf4f1e6);
            cairo_restore(cr);
        }
        draw_circle(cr, 50, 50, 25, 0xf4f1e6);
        draw_circle(cr, 50, 50, 11, 0x27829a);
        return;
    }
    static const struct point body[] = {{31, 26}, {69, 26}, {78, 36}, {78, 72},
                                        {69, 82}, {31, 82}, {22, 72}, {22, 36}};
    draw_background(cr, 0x4b2f8f, 0x8b4a8e);
    draw_rounded(cr, 34, 14, 32, 5, 2.5, 0xfdebc8);
    draw_rounded(cr, 46.5, 14, 7, 14, 2, 0xfdebc8);
    draw_polygon(cr, body, sizeof(body) / sizeof(body[0]), 0xfdebc8);
    draw_rounded(cr, 36, 40, 28, 28, 2, 0xf5a04c);
    draw_circle(cr, 50, 56.5, 6.5, 0xfff6df);
    static const struct point flame[] = {{44, 54}, {50, 43}, {56, 54}};
    draw_polygon(cr, flame, 3, 0xfff6df);
}

/* The controller's place is taken by a plain face: the mark itself is not ours to draw. */
static void draw_default(cairo_t *cr, int number)
{
    static const unsigned colours[] = {0x5865f2, 0x747f8d, 0x3ba55c, 0xfaa61a, 0xed4245, 0xeb459e};
    const unsigned colour = colours[number % 6];
    draw_background(cr, colour, colour);
    draw_rounded(cr, 24, 34, 52, 34, 15, 0xffffff);
    draw_ellipse(cr, 39, 50, 5, 6, colour);
    draw_ellipse(cr, 61, 50, 5, 6, colour);
}

static cairo_status_t append(void *closure, const unsigned char *bytes, unsigned n)
{
    buffer_append(closure, bytes, n);
    return CAIRO_STATUS_SUCCESS;
}

void avatar_png(enum avatar_kind kind, const unsigned char look[AVATAR_LOOK], int size, struct buffer *png)
{
    cairo_surface_t *const surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, size, size);
    cairo_t *const cr = cairo_create(surface);
    cairo_scale(cr, size / 100.0, size / 100.0);
    switch (kind) {
    case AVATAR_MEMBER:
        draw_member(cr, look);
        break;
    case AVATAR_ICON:
        draw_icon(cr, look);
        break;
    case AVATAR_DEFAULT:
        draw_default(cr, look[0]);
        break;
    }
    cairo_destroy(cr);
    cairo_surface_write_to_png_stream(surface, append, png);
    cairo_surface_destroy(surface);
}
