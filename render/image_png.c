#include "render/image_codec.h"

#include "infra/mem.h"
#include "render/theme.h"

#include <spng.h>
#include <stdbool.h>
#include <stdlib.h>

enum { MAX_CHUNK = 4 << 20 /* inflated colour profiles and the like */ };

/* Decoding ------------------------------------------------------------------------------------------------- */

/* One channel of c with alpha a on the card's ground. */
static uint32_t over_ground(uint32_t c, uint32_t ground, uint32_t a)
{
    return (c * a + ground * (255 - a) + 127) / 255;
}

/* spng's bytes R, G, B, A become cairo's words 0x00RRGGBB, in the same place. */
static void convert(cairo_surface_t *surface)
{
    const int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    for (int y = 0; y < height; y++) {
        uint8_t *row = cairo_image_surface_get_data(surface) + (ptrdiff_t)y * stride;
        for (int x = 0; x < width; x++) {
            const uint8_t *p = row + 4 * x;
            const uint32_t r = over_ground(p[0], COLOUR_BG >> 16 & 255, p[3]);
            const uint32_t g = over_ground(p[1], COLOUR_BG >> 8 & 255, p[3]);
            const uint32_t b = over_ground(p[2], COLOUR_BG & 255, p[3]);
            ((uint32_t *)(void *)row)[x] = r << 16 | g << 8 | b;
        }
    }
}

static cairo_surface_t *decode(spng_ctx *ctx)
{
    struct spng_ihdr header;
    if (spng_get_ihdr(ctx, &header) != 0)
        return NULL; /* also where a side is too long */
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)header.width, (int)header.height);
    /* 32 bits a pixel leave no padding at the end of rows: the surface is what spng expects. */
    const size_t len = (size_t)cairo_image_surface_get_stride(surface) * header.height;
    unsigned char *data = cairo_image_surface_get_data(surface);
    if (!data || spng_decode_image(ctx, data, len, SPNG_FMT_RGBA8, SPNG_DECODE_TRNS) != 0) {
        cairo_surface_destroy(surface);
        return NULL;
    }
    convert(surface);
    cairo_surface_mark_dirty(surface);
    return surface;
}

cairo_surface_t *image_from_png(const void *bytes, size_t n)
{
    spng_ctx *ctx = spng_ctx_new(0);
    spng_set_image_limits(ctx, IMAGE_MAX_SIDE, IMAGE_MAX_SIDE);
    spng_set_chunk_limits(ctx, MAX_CHUNK, MAX_CHUNK);
    cairo_surface_t *surface = spng_set_png_buffer(ctx, bytes, n) == 0 ? decode(ctx) : NULL;
    spng_ctx_free(ctx);
    return surface;
}

/* Encoding ------------------------------------------------------------------------------------------------- */

/* cairo's words become bytes R, G, B. The caller frees. */
static uint8_t *rgb_bytes(cairo_surface_t *surface, size_t n_pixels)
{
    cairo_surface_flush(surface);
    const uint32_t *pixel = (const uint32_t *)(const void *)cairo_image_surface_get_data(surface);
    uint8_t *bytes = mem_alloc(3 * n_pixels);
    for (uint8_t *p = bytes; p < bytes + 3 * n_pixels; p += 3, pixel++) {
        p[0] = (uint8_t)(*pixel >> 16);
        p[1] = (uint8_t)(*pixel >> 8);
        p[2] = (uint8_t)*pixel;
    }
    return bytes;
}

/* Cards are flat areas and repeated shapes, which deflate finds as they are: any filter costs time, and a fifth
 * more bytes at the least. Level 1 is hardly faster, 3 saves 8 % of bytes for 15 % of time. */
struct picture image_to_png(cairo_surface_t *surface)
{
    const int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    const size_t n_pixels = (size_t)width * (size_t)height; /* rows have no padding */
    uint8_t *rgb = rgb_bytes(surface, n_pixels);
    spng_ctx *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1);
    spng_set_option(ctx, SPNG_FILTER_CHOICE, SPNG_DISABLE_FILTERING);
    spng_set_option(ctx, SPNG_IMG_COMPRESSION_LEVEL, 2);
    spng_set_ihdr(ctx, &(struct spng_ihdr){
                           .width = (uint32_t)width,
                           .height = (uint32_t)height,
                           .bit_depth = 8,
                           .color_type = SPNG_COLOR_TYPE_TRUECOLOR,
                       });
    int error = spng_encode_image(ctx, rgb, 3 * n_pixels, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
    struct picture picture = {.type = PICTURE_PNG, .width = width, .height = height};
    picture.bytes = spng_get_png_buffer(ctx, &picture.len, &error);
    if (!picture.bytes)
        abort(); /* only memory can be missing */
    spng_ctx_free(ctx);
    free(rgb);
    return picture;
}
