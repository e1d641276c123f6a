#include "infra/sandbox/avatar_draw.h"

#include <math.h>
#include <stdbool.h>

enum style { SHORT, LONG, BUN, CURLY, CAP, BOB, VEIL, BEARD, BAND, BALD, SPIKY, PONYTAIL, N_STYLES };
enum extra { NOTHING, GLASSES, HEADPHONES, N_EXTRAS };

struct face {
    enum style style;
    enum extra extra;
    unsigned skin, shade, hair, clothes;
};

/* Neck and what is in the shadow take the skin's second colour. */
static const unsigned skins[][2] = {{0xfadcc8, 0xe9bfa4},
                                    {0xf2c9a1, 0xdba878},
                                    {0xdba676, 0xc08a5b},
                                    {0xb27a4d, 0x96623a},
                                    {0x8a5636, 0x6f4228}};
static const unsigned hair_colours[] = {0x1d1a22, 0x5a3a28, 0x8c3f24, 0xd9622b, 0xedc46a,
                                        0xb7bcc4, 0x5d2433, 0x4b3b8f, 0x2f8f8a, 0xe77fae};
static const unsigned clothes[] = {0x2c4669, 0xf3f1ee, 0x3a3155, 0x7a3fa0,
                                   0xef8fa6, 0xf0b13e, 0x7b2f42, 0x3c7a63};

static struct face read_look(const unsigned char *look)
{
    const unsigned *const skin = skins[look[2] % 5];
    return (struct face){
        .style = look[3] % N_STYLES,
        .extra = look[6] % N_EXTRAS,
        .skin = skin[0],
        .shade = skin[1],
        .hair = hair_colours[look[4] % 10],
        .clothes = clothes[look[5] % 8],
    };
}

/* The head is an ellipse around 50,47 with radii 18 and 21; everything below is placed by it. */

static void draw_behind(cairo_t *cr, const struct face *face)
{
    switch (face->style) {
    case LONG:
        draw_rounded(cr, 25, 22, 50, 64, 24, face->hair);
        break;
    case VEIL:
        draw_rounded(cr, 23, 19, 54, 82, 26, face->hair);
        break;
    case BOB:
        draw_rounded(cr, 27, 23, 46, 47, 19, face->hair);
        break;
    case BUN:
        draw_circle(cr, 50, 17, 11, face->hair);
        draw_ellipse(cr, 50, 41, 21, 19, face->hair);
        break;
    case PONYTAIL:
        draw_ellipse(cr, 74, 47, 9, 21, face->hair);
        draw_ellipse(cr, 50, 41, 21, 20, face->hair);
        break;
    case CURLY:
    case BAND:
        for (int i = 0; i < 11; i++) {
            const double angle = M_PI * (0.86 + 1.28 * i / 10.0);
            draw_circle(cr, 50 + 21 * cos(angle), 42 + 19 * sin(angle), 9.5, face->hair);
        }
        break;
    case SHORT:
    case CAP:
    case BEARD:
    case BALD:
    case SPIKY:
    case N_STYLES:
        break;
    }
}

static void draw_shoulders(cairo_t *cr, const struct face *face)
{
    draw_ellipse(cr, 50, 101, 33, 24, face->clothes);
    draw_rounded(cr, 42.5, 60, 15, 22, 7, face->shade);
}

static void draw_head(cairo_t *cr, const struct face *face)
{
    draw_circle(cr, 32, 49, 4.2, face->shade);
    draw_circle(cr, 68, 49, 4.2, face->shade);
    draw_ellipse(cr, 50, 47, 18.5, 21.5, face->skin);
}

static void draw_features(cairo_t *cr, const struct face *face)
{
    const bool bearded = face->style == BEARD;
    if (bearded) {
        cairo_save(cr);
        cairo_rectangle(cr, 30, 52, 40, 25);
        cairo_clip(cr);
        draw_ellipse(cr, 50, 50.5, 19, 21, face->hair);
        cairo_restore(cr);
        draw_ellipse(cr, 50, 53, 13.5, 4.8, face->skin);
        draw_rounded(cr, 41, 54.5, 18, 4.6, 2.3, face->hair);
    }
    draw_circle(cr, 42.5, 46.5, 2.1, 0x2a1c1c);
    draw_circle(cr, 57.5, 46.5, 2.1, 0x2a1c1c);
    if (!bearded) {
        cairo_push_group(cr);
        draw_circle(cr, 38.5, 53, 3.4, 0xe8756b);
        draw_circle(cr, 61.5, 53, 3.4, 0xe8756b);
        cairo_pop_group_to_source(cr);
        cairo_paint_with_alpha(cr, 0.28);
    }
    draw_smile(cr, 50, bearded ? 57.5 : 53.5, bearded ? 4 : 5.5, 1.9, bearded ? 0xf7e9df : 0x8a3b35);
}

/* Hair that lies on the forehead: the head's upper part, cut by a line or by a parting. */
static void draw_fringe(cairo_t *cr, const struct face *face, double to_y, double parting)
{
    cairo_save(cr);
    cairo_move_to(cr, 28, 20);
    cairo_line_to(cr, 72, 20);
    cairo_line_to(cr, 72, to_y + 8);
    cairo_curve_to(cr, 68, to_y - 2, 62, to_y - 4, parting, to_y - 7);
    cairo_curve_to(cr, 42, to_y - 2, 34, to_y - 1, 28, to_y + 8);
    cairo_close_path(cr);
    cairo_clip(cr);
    draw_ellipse(cr, 50, 46, 20.5, 23.5, face->hair);
    cairo_restore(cr);
}

static void draw_cap(cairo_t *cr, const struct face *face)
{
    draw_rounded(cr, 30.5, 36, 4, 12, 2, face->hair);
    draw_rounded(cr, 65.5, 36, 4, 12, 2, face->hair);
    cairo_save(cr);
    cairo_rectangle(cr, 25, 15, 50, 23);
    cairo_clip(cr);
    draw_ellipse(cr, 50, 41, 20.5, 20, 0x22242c);
    cairo_restore(cr);
    draw_rounded(cr, 46, 34.5, 36, 5, 2.5, 0x15171c);
}

static void draw_spikes(cairo_t *cr, const struct face *face)
{
    static const struct point spikes[] = {{29, 44}, {27, 28}, {35, 30}, {37, 17}, {45, 24}, {52, 13}, {57, 23},
                                          {67, 17}, {67, 29}, {75, 30}, {71, 44}, {62, 34}, {50, 36}, {38, 34}};
    draw_polygon(cr, spikes, sizeof(spikes) / sizeof(spikes[0]), face->hair);
}

static void draw_front(cairo_t *cr, const struct face *face)
{
    switch (face->style) {
    case SHORT:
    case BEARD:
        draw_fringe(cr, face, 38, 58);
        break;
    case LONG:
    case BOB:
    case BUN:
    case PONYTAIL:
        draw_fringe(cr, face, 40, 46);
        break;
    case VEIL:
        draw_fringe(cr, face, 35, 50);
        break;
    case CURLY:
    case BAND:
        draw_fringe(cr, face, 36, 50);
        if (face->style == BAND)
            draw_rounded(cr, 30, 29.5, 40, 4.5, 2, 0xf2b84b);
        break;
    case CAP:
        draw_cap(cr, face);
        break;
    case SPIKY:
        draw_spikes(cr, face);
        break;
    case BALD:
    case N_STYLES:
        break;
    }
}

static void draw_glasses(cairo_t *cr)
{
    draw_colour(cr, 0x2a2a35);
    cairo_set_line_width(cr, 1.7);
    for (int side = -1; side <= 1; side += 2) {
        cairo_new_sub_path(cr);
        cairo_arc(cr, 50 + side * 7.8, 47, 5.6, 0, 2 * M_PI);
    }
    cairo_move_to(cr, 47.8, 46);
    cairo_line_to(cr, 52.2, 46);
    cairo_stroke(cr);
}

static void draw_headphones(cairo_t *cr)
{
    draw_colour(cr, 0x2b2f3a);
    cairo_set_line_width(cr, 4);
    cairo_new_sub_path(cr);
    cairo_arc(cr, 50, 45, 23.5, M_PI * 1.03, M_PI * 1.97);
    cairo_stroke(cr);
    draw_rounded(cr, 23.5, 42, 8.5, 16, 4, 0x4cc9f0);
    draw_rounded(cr, 68, 42, 8.5, 16, 4, 0x4cc9f0);
}

void draw_face(cairo_t *cr, const unsigned char *look)
{
    const struct face face = read_look(look);
    draw_behind(cr, &face);
    draw_shoulders(cr, &face);
    draw_head(cr, &face);
    draw_features(cr, &face);
    draw_front(cr, &face);
    if (face.extra == GLASSES)
        draw_glasses(cr);
    else if (face.extra == HEADPHONES)
        draw_headphones(cr);
}
