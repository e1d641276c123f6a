#include "infra/sandbox/avatar_draw.h"

#include <math.h>

#define N_POINTS(points) (sizeof(points) / sizeof((points)[0]))

/* The other half of a shape that is symmetric about x = 50. */
static void draw_both(cairo_t *cr, const struct point *points, size_t n, unsigned rgb)
{
    draw_polygon(cr, points, n, rgb);
    cairo_save(cr);
    cairo_translate(cr, 100, 0);
    cairo_scale(cr, -1, 1);
    draw_polygon(cr, points, n, rgb);
    cairo_restore(cr);
}

static void draw_two_circles(cairo_t *cr, double dx, double y, double r, unsigned rgb)
{
    draw_circle(cr, 50 - dx, y, r, rgb);
    draw_circle(cr, 50 + dx, y, r, rgb);
}

static void draw_stars(cairo_t *cr)
{
    static const struct point stars[] = {{24, 26}, {72, 20}, {82, 44}, {20, 62}, {66, 80}, {36, 14}, {50, 88}};
    for (size_t i = 0; i < N_POINTS(stars); i++)
        draw_circle(cr, stars[i].x, stars[i].y, i % 3 == 0 ? 1.6 : 1, 0xfdf3d0);
}

static void draw_fox(cairo_t *cr)
{
    static const struct point ear[] = {{20, 16}, {44, 34}, {20, 50}};
    static const struct point inner_ear[] = {{24, 24}, {36, 34}, {24, 42}};
    static const struct point head[] = {{18, 40}, {50, 30}, {50, 88}};
    static const struct point cheek[] = {{18, 40}, {44, 62}, {50, 88}, {34, 66}};
    draw_both(cr, ear, N_POINTS(ear), 0xd95b1e);
    draw_both(cr, inner_ear, N_POINTS(inner_ear), 0x8f3510);
    draw_both(cr, head, N_POINTS(head), 0xe86c27);
    draw_both(cr, cheek, N_POINTS(cheek), 0xfff2e2);
    draw_two_circles(cr, 12, 54, 3.2, 0x2a1608);
    draw_ellipse(cr, 50, 84, 4.6, 4, 0x2a1608);
}

static void draw_cat(cairo_t *cr)
{
    static const struct point ear[] = {{22, 20}, {46, 36}, {24, 54}};
    static const struct point inner_ear[] = {{26.5, 28}, {38, 36}, {28, 46}};
    static const struct point nose[] = {{47, 64}, {53, 64}, {50, 68}};
    draw_both(cr, ear, N_POINTS(ear), 0x3b3541);
    draw_both(cr, inner_ear, N_POINTS(inner_ear), 0xe58fae);
    draw_ellipse(cr, 50, 58, 30, 26, 0x3b3541);
    draw_two_circles(cr, 12, 55, 5.4, 0xf6d84b);
    draw_ellipse(cr, 38, 55, 1.6, 4.4, 0x15121a);
    draw_ellipse(cr, 62, 55, 1.6, 4.4, 0x15121a);
    draw_polygon(cr, nose, 3, 0xf09ab5);
    draw_smile(cr, 46.6, 67.5, 3.6, 1.5, 0xb9b0c2);
    draw_smile(cr, 53.4, 67.5, 3.6, 1.5, 0xb9b0c2);
}

static void draw_moon(cairo_t *cr)
{
    draw_background(cr, 0x2a3a78, 0x0f1533);
    draw_stars(cr);
    cairo_save(cr);
    cairo_new_sub_path(cr);
    cairo_arc(cr, 51, 50, 27, 0, 2 * M_PI);
    cairo_new_sub_path(cr);
    cairo_arc(cr, 62, 42, 23, 0, 2 * M_PI);
    cairo_set_fill_rule(cr, CAIRO_FILL_RULE_EVEN_ODD);
    cairo_clip(cr);
    draw_circle(cr, 51, 50, 27, 0xfde9b3);
    cairo_restore(cr);
}

static void draw_sunset(cairo_t *cr)
{
    static const struct point far_hills[] = {{0, 78},   {26, 54},   {46, 74}, {70, 50},
                                             {100, 76}, {100, 100}, {0, 100}};
    static const struct point near_hills[] = {{0, 92},   {34, 70},   {58, 88}, {84, 72},
                                              {100, 84}, {100, 100}, {0, 100}};
    draw_background(cr, 0xffb765, 0xf4517a);
    draw_circle(cr, 48, 48, 19, 0xfff3cf);
    draw_polygon(cr, far_hills, N_POINTS(far_hills), 0x8a3a72);
    draw_polygon(cr, near_hills, N_POINTS(near_hills), 0x57265c);
}

static void draw_robot(cairo_t *cr)
{
    draw_background(cr, 0x2a2e38, 0x15171c);
    draw_rounded(cr, 26, 32, 11, 11, 0.5, 0x7af0cb);
    draw_rounded(cr, 63, 32, 11, 11, 0.5, 0x7af0cb);
    draw_rounded(cr, 26, 50, 9, 17, 0.5, 0x7af0cb);
    draw_rounded(cr, 65, 50, 9, 17, 0.5, 0x7af0cb);
    draw_rounded(cr, 26, 58, 48, 9, 0.5, 0x7af0cb);
}

static void draw_owl(cairo_t *cr)
{
    static const struct point tuft[] = {{22, 18}, {48, 34}, {24, 46}};
    static const struct point beak[] = {{45, 55}, {55, 55}, {50, 65}};
    draw_both(cr, tuft, N_POINTS(tuft), 0x7a5236);
    draw_ellipse(cr, 50, 60, 31, 34, 0x8d6140);
    draw_ellipse(cr, 50, 76, 19, 20, 0xdcb98a);
    draw_two_circles(cr, 13.5, 48, 13.5, 0xf7e6c4);
    draw_two_circles(cr, 13.5, 48, 7.6, 0x2b2018);
    draw_two_circles(cr, 11.5, 45.5, 2.2, 0xffffff);
    draw_polygon(cr, beak, 3, 0xf2a13b);
}

static void draw_planet(cairo_t *cr)
{
    draw_background(cr, 0x33296b, 0x140f33);
    draw_stars(cr);
    draw_circle(cr, 50, 51, 22, 0xf0a765);
    draw_ellipse(cr, 44, 44, 13, 7, 0xf7c48d);
    cairo_save(cr);
    cairo_translate(cr, 50, 51);
    cairo_rotate(cr, -0.35);
    cairo_scale(cr, 36, 10);
    cairo_new_sub_path(cr);
    cairo_arc(cr, 0, 0, 1, -0.18 * M_PI, 1.18 * M_PI); /* in front of the planet only */
    cairo_restore(cr);
    draw_colour(cr, 0xcfc4ff);
    cairo_set_line_width(cr, 4.5);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_stroke(cr);
}

static void draw_bear(cairo_t *cr)
{
    draw_two_circles(cr, 23, 31, 12, 0x8a5a3a);
    draw_two_circles(cr, 23, 31, 6.5, 0xd79f75);
    draw_ellipse(cr, 50, 56, 32, 30, 0x9b6743);
    draw_ellipse(cr, 50, 67, 15, 12, 0xe9c8a4);
    draw_two_circles(cr, 13, 50, 3.2, 0x2b1a10);
    draw_ellipse(cr, 50, 62, 5, 3.8, 0x2b1a10);
    draw_smile(cr, 50, 66, 5, 1.7, 0x2b1a10);
}

static void draw_mushroom(cairo_t *cr)
{
    draw_rounded(cr, 36, 52, 28, 34, 12, 0xfaf0de);
    cairo_save(cr);
    cairo_rectangle(cr, 0, 0, 100, 57);
    cairo_clip(cr);
    draw_ellipse(cr, 50, 56, 35, 36, 0xe0483e);
    draw_circle(cr, 36, 42, 6.5, 0xfff6ea);
    draw_circle(cr, 58, 33, 5, 0xfff6ea);
    draw_circle(cr, 70, 49, 5.5, 0xfff6ea);
    draw_circle(cr, 51, 50, 3.5, 0xfff6ea);
    cairo_restore(cr);
    draw_two_circles(cr, 6, 67, 2.2, 0x4a3226);
    draw_smile(cr, 50, 71, 3.6, 1.6, 0x4a3226);
}

static void draw_wave(cairo_t *cr)
{
    static const unsigned blues[] = {0x9fd4ee, 0x4d9fd1, 0x1f5f9c};
    draw_circle(cr, 67, 31, 11, 0xf46a5b);
    for (int i = 0; i < 3; i++) {
        const double y = 50 + 15 * i;
        cairo_move_to(cr, -10, y);
        for (int k = 0; k < 4; k++) {
            const double x = -10 - 9 * i + 34 * k;
            cairo_curve_to(cr, x + 12, y - 16, x + 24, y - 13, x + 34, y);
        }
        cairo_line_to(cr, 120, 110);
        cairo_line_to(cr, -10, 110);
        cairo_close_path(cr);
        draw_colour(cr, blues[i]);
        cairo_fill(cr);
    }
}

static void draw_ghost(cairo_t *cr)
{
    cairo_move_to(cr, 26, 84);
    cairo_line_to(cr, 26, 46);
    cairo_arc(cr, 50, 46, 24, M_PI, 2 * M_PI);
    cairo_line_to(cr, 74, 84);
    for (int i = 0; i < 3; i++) {
        const double x = 74 - 16 * i;
        cairo_curve_to(cr, x - 4, 76, x - 12, 76, x - 16, 84);
    }
    cairo_close_path(cr);
    draw_colour(cr, 0xfbfaff);
    cairo_fill(cr);
    draw_two_circles(cr, 9, 46, 3.8, 0x2b2740);
    draw_ellipse(cr, 50, 58, 4, 5, 0x2b2740);
}

void draw_creature(cairo_t *cr, int kind)
{
    static void (*const creatures[DRAW_CREATURES])(cairo_t * cr) = {
        draw_fox,    draw_cat,  draw_moon,     draw_sunset, draw_robot, draw_owl,
        draw_planet, draw_bear, draw_mushroom, draw_wave,   draw_ghost,
    };
    creatures[kind - 1](cr);
}
