/* Pictures as cairo surfaces (RGB24): what image.h keeps from the other folders. */
#pragma once

#include "render/image.h"

#include <cairo.h>

enum { IMAGE_MAX_SIDE = 2048, IMAGE_MAX_BYTES = 32 << 20 };

/* Borrowed. */
cairo_surface_t *image_surface(const struct image *image);

/*
 * A whole file as a surface that the caller destroys, NULL where it is broken or too large; nothing is
 * allocated for pixels before the header was judged. What is transparent lies on COLOUR_BG. size: the shorter
 * side that is wanted; a JPEG may come smaller than it is, but with at least twice that.
 */
cairo_surface_t *image_from_png(const void *bytes, size_t n);
cairo_surface_t *image_from_jpeg(const void *bytes, size_t n, int size);

struct picture image_to_jpeg(cairo_surface_t *surface);
struct picture image_to_png(cairo_surface_t *surface);
