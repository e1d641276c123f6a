/* Pictures as people see them: whether two look the same, and how they differ. */
#pragma once

#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>

/* The pixels of a PNG or JPEG, of what is drawn on a card of CARD_WIDTH. NULL where it is broken. */
cairo_surface_t *compare_decode(const void *bytes, size_t n);

/* 0xRRGGBB; 0 outside. */
unsigned compare_pixel(cairo_surface_t *surface, int x, int y);
/* Of the channel in which two colours differ most. */
int compare_colours(unsigned a, unsigned b);

/*
 * Whether both look the same. Another processor may round a channel to the next level, which JPEG can make
 * a few. So no pixel may differ by much, nor the mean of 8 × 8 pixels, where such noise cancels out, by more
 * than 2.5.
 */
bool compare_same(cairo_surface_t *a, cairo_surface_t *b);

/* The smallest box around all pixels that differ at all; its width is 0 where none does. */
cairo_rectangle_int_t compare_box(cairo_surface_t *a, cairo_surface_t *b);

/* Writes both and their difference, amplified, as PNG to view into a directory, made where it is missing, and
 * prints the paths: <name up to its dot>-stored.png, -found.png, -difference.png. */
void compare_leave(const char *directory, const char *name, cairo_surface_t *stored, cairo_surface_t *found);
