/* Pictures in memory: avatars and icons decoded at drawing size, cards encoded. No I/O. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct image;

/*
 * PNG or JPEG bytes from outside into a square picture of size × size pixels: the middle is cut out, scaled
 * down with an area filter (up with a smooth one). NULL where the bytes are neither, broken, or larger than
 * 2048 × 2048: the header is judged before any pixel is decoded, and memory stays below 32 MiB.
 */
struct image *image_decode(const void *bytes, size_t n, int size);
/* A copy of another size. NULL is accepted and given back. */
struct image *image_resize(const struct image *image, int size);
/* Bytes it holds. */
size_t image_bytes(const struct image *image);
/* One more owner, who calls image_destroy() too. NULL is accepted and given back. */
struct image *image_reference(struct image *image);
/* The last owner's call frees it. NULL is accepted. */
void image_destroy(struct image *image);

enum picture_type { PICTURE_JPEG, PICTURE_PNG };

/* An encoded card. The caller frees with free(). */
struct picture {
    enum picture_type type;
    uint8_t *bytes;
    size_t len;
};
