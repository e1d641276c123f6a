#include "render/avatar.h"

#include "render/canvas.h"
#include "render/image_codec.h"
#include "render/text.h"
#include "render/theme.h"

#include <math.h>
#include <stdlib.h>

static void fill_with_image(cairo_t *cr, const struct image *image, double x, double y, double size)
{
    cairo_surface_t *const surface = image_surface(image);
    const double scale = size / cairo_image_surface_get_width(surface);
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, scale, scale);
    cairo_set_source_surface(cr, surface, 0, 0);
    /* Else the border fades towards nothing where the sizes differ. */
    cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_PAD);
    cairo_fill(cr);
    cairo_restore(cr);
}

/* The path under way, filled. Snowflakes begin at bit 22 with their time; the bits below are mostly 0. */
static void fill(cairo_t *cr, const struct avatar *avatar, double x, double y, double size)
{
    if (avatar->image != NULL) {
        fill_with_image(cr, avatar->image, x, y, size);
        return;
    }
    canvas_colour(cr, INITIAL_COLOURS[(avatar->id >> 22) % 4], 1);
    cairo_fill(cr);
    char *const initial = text_initial(avatar->name);
    const struct type type = {FAMILY, .84 * size / 2, 600, 0};
    text_in_square(cr, &type, COLOUR_WHITE, x + size / 2, y + size / 2, 1.3 * size / 2, initial);
    free(initial);
}

void avatar_draw(cairo_t *cr, const struct avatar *avatar, double cx, double cy, double radius)
{
    canvas_disc(cr, cx, cy, radius);
    fill(cr, avatar, cx - radius, cy - radius, 2 * radius);
    canvas_disc(cr, cx, cy, radius - 1);
    canvas_colour(cr, COLOUR_WHITE, ALPHA_EDGE);
    cairo_set_line_width(cr, 2);
    cairo_stroke(cr);
}

void avatar_draw_icon(cairo_t *cr, const struct avatar *avatar, double x, double y, double size, double radius)
{
    canvas_box(cr, x, y, size, size, radius);
    fill(cr, avatar, x, y, size);
}

void avatar_metal(cairo_t *cr, const struct metal *metal, double cx, double cy, double radius)
{
    const double dx = radius * 20 / 29;
    canvas_gradient(cr, cx - dx, cy - radius, cx + dx, cy + radius, metal->light, metal->dark);
}

void avatar_draw_ring(cairo_t *cr, const struct metal *metal, double cx, double cy, double outer, double inner)
{
    avatar_metal(cr, metal, cx, cy, outer);
    canvas_disc(cr, cx, cy, outer);
    cairo_fill(cr);
    canvas_colour(cr, COLOUR_BG, 1);
    canvas_disc(cr, cx, cy, inner);
    cairo_fill(cr);
}

void avatar_draw_badge(cairo_t *cr, double cx, double cy, double radius, double ring)
{
    static const double heights[] = {.55, 1, .7};
    canvas_colour(cr, COLOUR_BG, 1);
    canvas_disc(cr, cx, cy, ring);
    cairo_fill(cr);
    canvas_colour(cr, COLOUR_LIVE, 1);
    canvas_disc(cr, cx, cy, radius);
    cairo_fill(cr);
    canvas_colour(cr, COLOUR_LIVE_INK, 1);
    for (int i = 0; i < 3; i++) {
        const double width = .26 * radius, height = 1.05 * radius * heights[i];
        canvas_box(cr, cx + (i - 1) * .46 * radius - width / 2, cy - height / 2, width, height, width / 2);
    }
    cairo_fill(cr);
}
