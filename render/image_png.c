#include "render/image_codec.h"

#include "infra/mem.h"
#include "render/theme.h"

#include <libdeflate.h>
#include <spng.h>
#include <stdlib.h>
#include <string.h>

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
        uint8_t *const row = cairo_image_surface_get_data(surface) + (ptrdiff_t)y * stride;
        for (int x = 0; x < width; x++) {
            const uint8_t *const p = row + 4 * x;
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
    if (data == NULL || spng_decode_image(ctx, data, len, SPNG_FMT_RGBA8, SPNG_DECODE_TRNS) != 0) {
        cairo_surface_destroy(surface);
        return NULL;
    }
    convert(surface);
    cairo_surface_mark_dirty(surface);
    return surface;
}

cairo_surface_t *image_from_png(const void *bytes, size_t n)
{
    spng_ctx *const ctx = spng_ctx_new(0);
    spng_set_image_limits(ctx, IMAGE_MAX_SIDE, IMAGE_MAX_SIDE);
    spng_set_chunk_limits(ctx, MAX_CHUNK, MAX_CHUNK);
    cairo_surface_t *const surface = spng_set_png_buffer(ctx, bytes, n) == 0 ? decode(ctx) : NULL;
    spng_ctx_free(ctx);
    return surface;
}

/* Encoding ------------------------------------------------------------------------------------------------- */

static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
enum { HEADER = 13, CHUNK = 12 /* around its data */ };

static uint8_t *put_number(uint8_t *to, size_t n)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *to++ = (uint8_t)(n >> shift);
    return to;
}

/* A chunk around the n bytes that stand at to + 8 already. Returns its end. */
static uint8_t *put_chunk(uint8_t *to, const char *type, size_t n)
{
    put_number(to, n);
    memcpy(to + 4, type, 4);
    return put_number(to + 8 + n, libdeflate_crc32(0, to + 4, 4 + n));
}

/* For each row the number of a filter, then bytes R, G, B. The caller frees. */
static uint8_t *rows_of(cairo_surface_t *surface, size_t width, size_t height)
{
    cairo_surface_flush(surface);
    const uint32_t *pixel = (const uint32_t *)(const void *)cairo_image_surface_get_data(surface);
    uint8_t *const rows = mem_realloc(NULL, height * (1 + 3 * width));
    uint8_t *p = rows;
    for (size_t y = 0; y < height; y++) {
        *p++ = 0;                                             /* none */
        for (size_t x = 0; x < width; x++, p += 3, pixel++) { /* rows of the surface have no padding */
            p[0] = (uint8_t)(*pixel >> 16);
            p[1] = (uint8_t)(*pixel >> 8);
            p[2] = (uint8_t)*pixel;
        }
    }
    return rows;
}

/*
 * Cards are flat areas and repeated shapes, which deflate finds as they are; filters hide them. A chart in ms and kB:
 *
 *     libdeflate, level 1    2.6     97        6    4.2    88        1 after filters    4.5   126
 *     zlib, level 2          4.0    103        6    9.2    89        cairo's own PNG   20      93
 *
 * 256 colours would make it 49 kB, but there are 5 000 (edges on shades, photographs): choosing takes 4.7 ms, and some
 * are 44 levels off.
 */
struct picture image_to_png(cairo_surface_t *surface)
{
    const int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    const size_t n = (size_t)height * (1 + 3 * (size_t)width);
    struct libdeflate_compressor *const compressor = libdeflate_alloc_compressor(1);
    if (compressor == NULL)
        abort();
    const size_t most = libdeflate_zlib_compress_bound(compressor, n);
    uint8_t *const png = mem_realloc(NULL, sizeof(signature) + CHUNK + HEADER + CHUNK + most + CHUNK);
    memcpy(png, signature, sizeof(signature));

    uint8_t *end = png + sizeof(signature);
    static const uint8_t truecolour[] = {8, 2, 0, 0, 0}; /* of 8 bits a channel, deflated, not interlaced */
    memcpy(put_number(put_number(end + 8, (size_t)width), (size_t)height), truecolour, sizeof(truecolour));
    end = put_chunk(end, "IHDR", HEADER);
    uint8_t *const rows = rows_of(surface, (size_t)width, (size_t)height);
    end = put_chunk(end, "IDAT", libdeflate_zlib_compress(compressor, rows, n, end + 8, most));
    end = put_chunk(end, "IEND", 0);
    free(rows);
    libdeflate_free_compressor(compressor);
    const size_t len = (size_t)(end - png);
    return (struct picture){PICTURE_PNG, mem_realloc(png, len), len};
}
