#include "render/image.h"

#include "infra/mem.h"
#include "render/image_codec.h"
#include "render/theme.h"
#include "tests/render/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <spng.h>
#include <zlib.h>

#include <cmocka.h>

/* Files to decode -------------------------------------------------------------------------------------------
 */

static struct buffer encode_png(struct spng_ihdr header, struct spng_plte *palette,
                                struct spng_trns *transparency, const void *pixels, size_t len)
{
    spng_ctx *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1);
    spng_set_ihdr(ctx, &header);
    if (palette)
        spng_set_plte(ctx, palette);
    if (transparency)
        spng_set_trns(ctx, transparency);
    assert_int_equal(spng_encode_image(ctx, pixels, len, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE), 0);
    size_t n;
    int error;
    void *bytes = spng_get_png_buffer(ctx, &n, &error);
    assert_non_null(bytes);
    spng_ctx_free(ctx);
    struct buffer file = {0};
    buffer_append(&file, bytes, n);
    free(bytes);
    return file;
}

/* Every pixel the same four bytes R, G, B, A. */
static struct buffer plain_png(uint32_t width, uint32_t height, const uint8_t rgba[4])
{
    const size_t len = (size_t)width * height * 4;
    uint8_t *pixels = mem_alloc(len);
    for (size_t i = 0; i < len; i++)
        pixels[i] = rgba[i % 4];
    const struct spng_ihdr header = {width, height, 8, SPNG_COLOR_TYPE_TRUECOLOR_ALPHA, 0, 0, 0};
    struct buffer file = encode_png(header, NULL, NULL, pixels, len);
    free(pixels);
    return file;
}

/* The left half of one colour, the right half of another; n bytes a pixel. */
static struct buffer halves_jpeg(unsigned width, unsigned height, J_COLOR_SPACE space, int n,
                                 const uint8_t *left, const uint8_t *right, bool progressive)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    unsigned char *out = NULL;
    unsigned long len = 0;
    jpeg_mem_dest(&jpeg, &out, &len);
    jpeg.image_width = width;
    jpeg.image_height = height;
    jpeg.input_components = n;
    jpeg.in_color_space = space;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 98, TRUE);
    if (progressive)
        jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    uint8_t *row = mem_alloc((size_t)width * (size_t)n);
    for (unsigned x = 0; x < width; x++)
        memcpy(row + (size_t)x * (size_t)n, x < width / 2 ? left : right, (size_t)n);
    while (jpeg.next_scanline < height)
        jpeg_write_scanlines(&jpeg, &row, 1);
    free(row);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    struct buffer file = {0};
    buffer_append(&file, out, len);
    free(out);
    return file;
}

static const uint8_t RED[] = {220, 30, 40}, BLUE[] = {20, 60, 200};

/* What came out ---------------------------------------------------------------------------------------------
 */

static void assert_pixel(const struct image *image, int x, int y, unsigned expected, int tolerance)
{
    cairo_surface_t *surface = image_surface(image);
    const uint8_t *row =
        cairo_image_surface_get_data(surface) + (ptrdiff_t)y * cairo_image_surface_get_stride(surface);
    const unsigned found = ((const uint32_t *)(const void *)row)[x] & 0xFFFFFF;
    for (int shift = 0; shift < 24; shift += 8)
        if (abs((int)(found >> shift & 255) - (int)(expected >> shift & 255)) > tolerance)
            fail_msg("pixel %d,%d is %06X, not %06X", x, y, found, expected);
}

/* Decodes and drops the file. */
static struct image *decoded(struct buffer file, int size)
{
    struct image *image = image_decode(file.data, file.len, size);
    buffer_finish(&file);
    assert_non_null(image);
    assert_int_equal(cairo_image_surface_get_width(image_surface(image)), size);
    assert_int_equal(cairo_image_surface_get_height(image_surface(image)), size);
    assert_true(image_bytes(image) >= (size_t)size * (size_t)size * 4);
    return image;
}

static void test_alpha_lies_on_the_ground(void **state)
{
    (void)state;
    struct image *opaque = decoded(plain_png(128, 128, (const uint8_t[]){10, 200, 30, 255}), 60);
    assert_pixel(opaque, 0, 0, 0x0AC81E, 0);
    assert_pixel(opaque, 59, 59, 0x0AC81E, 0);
    image_destroy(opaque);
    struct image *clear = decoded(plain_png(128, 128, (const uint8_t[]){255, 255, 255, 0}), 60);
    assert_pixel(clear, 30, 30, COLOUR_BG, 0);
    image_destroy(clear);
    struct image *half = decoded(plain_png(128, 128, (const uint8_t[]){255, 255, 255, 128}), 60);
    assert_pixel(half, 30, 30, 0x8A8B8E, 1);
    image_destroy(half);
}

static void test_palette_and_16_bit_png(void **state)
{
    (void)state;
    struct spng_plte palette = {.n_entries = 2, .entries = {{200, 100, 50, 0}, {1, 2, 3, 0}}};
    struct spng_trns transparency = {.n_type3_entries = 2, .type3_alpha = {255, 0}};
    uint8_t indices[16 * 16];
    for (size_t i = 0; i < sizeof(indices); i++)
        indices[i] = i % 16 >= 8;
    struct image *image = decoded(encode_png((struct spng_ihdr){16, 16, 8, SPNG_COLOR_TYPE_INDEXED, 0, 0, 0},
                                             &palette, &transparency, indices, sizeof(indices)),
                                  8);
    assert_pixel(image, 1, 4, 0xC86432, 0);
    assert_pixel(image, 6, 4, COLOUR_BG, 0);
    image_destroy(image);

    uint16_t deep[16 * 16 * 3];
    for (size_t i = 0; i < 16 * 16; i++)
        memcpy(&deep[3 * i], (const uint16_t[]){0xFFFF, 0x8080, 0x0000}, 6);
    image = decoded(encode_png((struct spng_ihdr){16, 16, 16, SPNG_COLOR_TYPE_TRUECOLOR, 0, 0, 0}, NULL, NULL,
                               deep, sizeof(deep)),
                    8);
    assert_pixel(image, 4, 4, 0xFF8000, 0);
    image_destroy(image);

    const uint8_t grey[4] = {77, 77, 77, 77};
    image = decoded(encode_png((struct spng_ihdr){2, 2, 8, SPNG_COLOR_TYPE_GRAYSCALE, 0, 0, 1}, NULL, NULL,
                               grey, sizeof(grey)),
                    60);
    assert_pixel(image, 30, 30, 0x4D4D4D, 0);
    image_destroy(image);
}

static void test_one_pixel_fills_the_square(void **state)
{
    (void)state;
    struct image *image = decoded(plain_png(1, 1, (const uint8_t[]){9, 8, 7, 255}), 74);
    for (int at = 0; at < 74; at += 73) {
        assert_pixel(image, at, 0, 0x090807, 0);
        assert_pixel(image, 0, at, 0x090807, 0);
        assert_pixel(image, at, at, 0x090807, 0);
    }
    image_destroy(image);
}

/* Three parts side by side: of 300 × 100 only the middle hundred shows. */
static void test_the_middle_is_cut_out(void **state)
{
    (void)state;
    uint8_t *pixels = mem_alloc(300 * 100 * 3);
    for (size_t i = 0; i < 300 * 100; i++)
        memcpy(pixels + 3 * i, i % 300 / 100 == 1 ? RED : BLUE, 3);
    const struct spng_ihdr wide = {300, 100, 8, SPNG_COLOR_TYPE_TRUECOLOR, 0, 0, 0};
    struct image *image = decoded(encode_png(wide, NULL, NULL, pixels, 300 * 100 * 3), 60);
    assert_pixel(image, 1, 30, 0xDC1E28, 0);
    assert_pixel(image, 58, 30, 0xDC1E28, 0);
    image_destroy(image);

    for (size_t i = 0; i < 300 * 100; i++)
        memcpy(pixels + 3 * i, i / 100 / 100 == 1 ? RED : BLUE, 3);
    const struct spng_ihdr tall = {100, 300, 8, SPNG_COLOR_TYPE_TRUECOLOR, 0, 0, 0};
    image = decoded(encode_png(tall, NULL, NULL, pixels, 300 * 100 * 3), 60);
    assert_pixel(image, 30, 1, 0xDC1E28, 0);
    assert_pixel(image, 30, 58, 0xDC1E28, 0);
    image_destroy(image);
    free(pixels);
}

/* Black and white by turns become grey, at any ratio: nothing is skipped. */
static void test_scaling_down_averages(void **state)
{
    (void)state;
    static const uint32_t sides[] = {128, 256, 700, 1024, 2048};
    for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++) {
        const size_t side = sides[i];
        uint8_t *pixels = mem_alloc(side * side);
        for (size_t at = 0; at < side * side; at++)
            pixels[at] = (at % side + at / side) % 2 ? 255 : 0;
        const struct spng_ihdr header = {sides[i], sides[i], 8, SPNG_COLOR_TYPE_GRAYSCALE, 0, 0, 0};
        struct image *image = decoded(encode_png(header, NULL, NULL, pixels, side * side), 60);
        for (int at = 5; at < 60; at += 7)
            assert_pixel(image, at, 60 - at, 0x808080, 24);
        image_destroy(image);
        free(pixels);
    }
}

static void test_jpeg_of_every_kind(void **state)
{
    (void)state;
    for (int progressive = 0; progressive < 2; progressive++) {
        struct image *image = decoded(halves_jpeg(200, 200, JCS_RGB, 3, RED, BLUE, progressive), 60);
        assert_pixel(image, 10, 30, 0xDC1E28, 6);
        assert_pixel(image, 50, 30, 0x143CC8, 6);
        image_destroy(image);
    }
    struct image *large = decoded(halves_jpeg(2048, 1000, JCS_RGB, 3, RED, BLUE, false), 60);
    assert_pixel(large, 10, 30, 0xDC1E28, 6);
    assert_pixel(large, 50, 30, 0x143CC8, 6);
    image_destroy(large);

    const uint8_t dark[] = {40}, light[] = {210};
    struct image *grey = decoded(halves_jpeg(64, 64, JCS_GRAYSCALE, 1, dark, light, false), 60);
    assert_pixel(grey, 10, 30, 0x282828, 3);
    assert_pixel(grey, 50, 30, 0xD2D2D2, 3);
    image_destroy(grey);

    const uint8_t no_ink[] = {255, 255, 255, 255}, cyan_and_half_black[] = {0, 255, 255, 128};
    struct image *cmyk = decoded(halves_jpeg(64, 64, JCS_CMYK, 4, no_ink, cyan_and_half_black, false), 60);
    assert_pixel(cmyk, 10, 30, 0xFFFFFF, 4);
    assert_pixel(cmyk, 50, 30, 0x008080, 4);
    image_destroy(cmyk);

    struct image *pixel = decoded(halves_jpeg(1, 1, JCS_RGB, 3, RED, RED, false), 60);
    assert_pixel(pixel, 59, 0, 0xDC1E28, 6);
    image_destroy(pixel);
}

/* Hostile files ---------------------------------------------------------------------------------------------
 */

static void test_garbage_is_refused(void **state)
{
    (void)state;
    assert_null(image_decode("", 0, 60));
    assert_null(image_decode("GIF89a............", 18, 60));
    assert_null(image_decode("\x89PNG\r\n\x1A\n", 8, 60));
    assert_null(image_decode("\x89PNG\r\n\x1A\nrubbish rubbish rubbish", 31, 60));
    assert_null(image_decode("\xFF\xD8\xFF", 3, 60));
    assert_null(image_decode("\xFF\xD8\xFF\xE0rubbish rubbish rubbish", 27, 60));
    assert_null(image_decode("<svg></svg>", 11, 60));
}

static void put32(char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(value >> (24 - 8 * i));
}

static void test_huge_headers_are_refused(void **state)
{
    (void)state;
    static const uint32_t sides[][2] = {{20000, 20000}, {2049, 1}, {1, 2049}, {0x7FFFFFFF, 0x7FFFFFFF}, {0, 5}};
    for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++) {
        struct buffer png = plain_png(4, 4, (const uint8_t[]){1, 2, 3, 4});
        put32(png.data + 16, sides[i][0]);
        put32(png.data + 20, sides[i][1]);
        put32(png.data + 29, (uint32_t)crc32(0, (const Bytef *)png.data + 12, 17));
        assert_null(image_decode(png.data, png.len, 60));
        buffer_finish(&png);
    }
    struct buffer jpeg = halves_jpeg(16, 16, JCS_RGB, 3, RED, BLUE, false);
    char *frame = memmem(jpeg.data, jpeg.len, "\xFF\xC0", 2);
    assert_non_null(frame);
    frame[5] = frame[7] = 0x4E; /* 20000 high and wide */
    frame[6] = frame[8] = 0x20;
    assert_null(image_decode(jpeg.data, jpeg.len, 60));
    buffer_finish(&jpeg);
}

/* 2048 × 2048 × 4 coefficients of two bytes: 32 MiB before the first pixel. */
static void test_progressive_cmyk_is_bounded(void **state)
{
    (void)state;
    const uint8_t ink[] = {1, 2, 3, 4};
    struct buffer file = halves_jpeg(2048, 2048, JCS_CMYK, 4, ink, ink, true);
    assert_null(image_decode(file.data, file.len, 60));
    buffer_finish(&file);
}

static void test_truncated_files_are_refused(void **state)
{
    (void)state;
    struct buffer png = plain_png(40, 40, (const uint8_t[]){1, 200, 3, 255});
    struct buffer jpegs[] = {halves_jpeg(40, 40, JCS_RGB, 3, RED, BLUE, false),
                             halves_jpeg(40, 40, JCS_RGB, 3, RED, BLUE, true)};
    for (size_t n = 0; n < png.len - 16; n++) /* the end chunk and a checksum may be missing */
        assert_null(image_decode(png.data, n, 60));
    for (size_t i = 0; i < 2; i++)
        for (size_t n = 0; n < jpegs[i].len; n++)
            assert_null(image_decode(jpegs[i].data, n, 60));
    buffer_finish(&png);
    buffer_finish(&jpegs[0]);
    buffer_finish(&jpegs[1]);
}

/* A fixed sequence, so that a failure can be repeated. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void test_damaged_files_do_no_harm(void **state)
{
    (void)state;
    uint32_t seed = 1;
    struct buffer files[] = {plain_png(33, 17, (const uint8_t[]){1, 200, 3, 90}),
                             halves_jpeg(33, 17, JCS_RGB, 3, RED, BLUE, false),
                             halves_jpeg(33, 17, JCS_RGB, 3, RED, BLUE, true)};
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        for (int turn = 0; turn < 1500; turn++) {
            char *damaged = mem_alloc(files[i].len);
            memcpy(damaged, files[i].data, files[i].len);
            for (int hits = 1 + turn % 4; hits > 0; hits--)
                damaged[next_random(&seed) % files[i].len] = (char)next_random(&seed);
            image_destroy(image_decode(damaged, files[i].len, 60)); /* NULL or a picture, both are right */
            free(damaged);
        }
        buffer_finish(&files[i]);
    }
}

static void test_encoding_keeps_colours(void **state)
{
    (void)state;
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 120, 33);
    cairo_t *cr = cairo_create(surface);
    cairo_set_source_rgb(cr, 0x4C / 255., 0xC9 / 255., 0xF0 / 255.);
    cairo_paint(cr);
    cairo_destroy(cr);
    struct picture picture = image_to_jpeg(surface);
    cairo_surface_destroy(surface);
    cairo_surface_t *whole = compare_decode(picture.bytes, picture.len);
    assert_int_equal(cairo_image_surface_get_width(whole), 120);
    assert_int_equal(cairo_image_surface_get_height(whole), 33);
    cairo_surface_destroy(whole);
    struct image *image = image_decode(picture.bytes, picture.len, 33);
    assert_non_null(image);
    assert_pixel(image, 16, 16, 0x4CC9F0, 2);
    image_destroy(image);
    free(picture.bytes);
}

static void test_resizing_makes_a_copy(void **state)
{
    (void)state;
    struct image *image = decoded(halves_jpeg(128, 128, JCS_RGB, 3, RED, BLUE, false), 72);
    struct image *small = image_resize(image, 54);
    image_destroy(image);
    assert_int_equal(cairo_image_surface_get_width(image_surface(small)), 54);
    assert_int_equal(cairo_image_surface_get_height(image_surface(small)), 54);
    assert_pixel(small, 0, 0, 0xDC1E28, 3);
    assert_pixel(small, 53, 53, 0x143CC8, 3);
    image_destroy(small);
    assert_null(image_resize(NULL, 54));
}

static void test_the_last_owner_frees(void **state)
{
    (void)state;
    struct image *image = decoded(plain_png(1, 1, (const uint8_t[]){9, 8, 7, 255}), 8);
    assert_ptr_equal(image_reference(image), image);
    image_destroy(image);
    assert_pixel(image, 4, 4, 0x090807, 0);
    image_destroy(image);
    assert_null(image_reference(NULL));
    image_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alpha_lies_on_the_ground),    cmocka_unit_test(test_palette_and_16_bit_png),
        cmocka_unit_test(test_one_pixel_fills_the_square),  cmocka_unit_test(test_the_middle_is_cut_out),
        cmocka_unit_test(test_scaling_down_averages),       cmocka_unit_test(test_jpeg_of_every_kind),
        cmocka_unit_test(test_garbage_is_refused),          cmocka_unit_test(test_huge_headers_are_refused),
        cmocka_unit_test(test_progressive_cmyk_is_bounded), cmocka_unit_test(test_truncated_files_are_refused),
        cmocka_unit_test(test_damaged_files_do_no_harm),    cmocka_unit_test(test_encoding_keeps_colours),
        cmocka_unit_test(test_the_last_owner_frees),        cmocka_unit_test(test_resizing_makes_a_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
