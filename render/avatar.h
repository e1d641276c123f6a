/* Members and servers as small pictures. */
#pragma once

#include <cairo.h>
#include <stdint.h>

struct image;
struct metal;

/* Whose picture it is. Without an image the first grapheme of the name stands on a colour picked by id. */
struct avatar {
    const struct image *image; /* or NULL */
    const char *name;          /* cleaned */
    uint64_t id;
};

/* Round, with an inside edge that keeps dark pictures apart from the card. */
void avatar_draw(cairo_t *cr, const struct avatar *avatar, double cx, double cy, double radius);
/* A square with round corners. */
void avatar_draw_icon(cairo_t *cr, const struct avatar *avatar, double x, double y, double size, double radius);
/* The ring and the gap around a medallist's avatar. */
void avatar_draw_ring(cairo_t *cr, const struct metal *metal, double cx, double cy, double outer, double inner);

/* "In voice now": three bars, for a plain dot would read as "online". ring: radius of the gap cut into what is
 * below. */
void avatar_draw_badge(cairo_t *cr, double cx, double cy, double radius, double ring);

/* Light at the top left, dark at the bottom right of a disc: the source of what is drawn next. */
void avatar_metal(cairo_t *cr, const struct metal *metal, double cx, double cy, double radius);
