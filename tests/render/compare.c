#include "tests/render/compare.h"

#include "render/image_codec.h"
#include "render/theme.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOCK = 8 /* JPEG's, too */, PIXEL_LEVELS = 24, AMPLIFIED = 8 };
#define BLOCK_LEVELS 2.5

cairo_surface_t *compare_decode(const void *bytes, size_t n)
{
    const bool is_png = n > 0 && *(const uint8_t *)bytes == 0x89;
    return is_png ? image_from_png(bytes, n) : image_from_jpeg(bytes, n, CARD_WIDTH);
}

unsigned compare_pixel(cairo_surface_t *surface, int x, int y)
{
    if (x < 0 || y < 0 || x >= cairo_image_surface_get_width(surface) ||
        y >= cairo_image_surface_get_height(surface))
        return 0;
    const uint8_t *row =
        cairo_image_surface_get_data(surface) + (ptrdiff_t)y * cairo_image_surface_get_stride(surface);
    return ((const uint32_t *)(const void *)row)[x] & 0xFFFFFF;
}

static int channel_difference(unsigned a, unsigned b, int shift)
{
    return (int)(a >> shift & 255) - (int)(b >> shift & 255);
}

int compare_colours(unsigned a, unsigned b)
{
    int most = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        const int d = abs(channel_difference(a, b, shift));
        most = d > most ? d : most;
    }
    return most;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int common_width(cairo_surface_t *a, cairo_surface_t *b)
{
    return larger(cairo_image_surface_get_width(a), cairo_image_surface_get_width(b));
}

static int common_height(cairo_surface_t *a, cairo_surface_t *b)
{
    return larger(cairo_image_surface_get_height(a), cairo_image_surface_get_height(b));
}

static bool same_block(cairo_surface_t *a, cairo_surface_t *b, int left, int top)
{
    int sum[3] = {0};
    for (int y = top; y < top + BLOCK; y++)
        for (int x = left; x < left + BLOCK; x++) {
            const unsigned p = compare_pixel(a, x, y), q = compare_pixel(b, x, y);
            if (compare_colours(p, q) > PIXEL_LEVELS)
                return false;
            for (int i = 0; i < 3; i++)
                sum[i] += channel_difference(p, q, 8 * i);
        }
    for (int i = 0; i < 3; i++)
        if (abs(sum[i]) > BLOCK_LEVELS * BLOCK * BLOCK)
            return false;
    return true;
}

bool compare_same(cairo_surface_t *a, cairo_surface_t *b)
{
    if (cairo_image_surface_get_width(a) != cairo_image_surface_get_width(b) ||
        cairo_image_surface_get_height(a) != cairo_image_surface_get_height(b))
        return false;
    for (int y = 0; y < common_height(a, b); y += BLOCK)
        for (int x = 0; x < common_width(a, b); x += BLOCK)
            if (!same_block(a, b, x, y))
                return false;
    return true;
}

cairo_rectangle_int_t compare_box(cairo_surface_t *a, cairo_surface_t *b)
{
    const int width = common_width(a, b), height = common_height(a, b);
    int left = width, top = height, right = 0, bottom = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            if (compare_pixel(a, x, y) == compare_pixel(b, x, y))
                continue;
            left = x < left ? x : left;
            top = y < top ? y : top;
            right = larger(right, x + 1);
            bottom = larger(bottom, y + 1);
        }
    return (cairo_rectangle_int_t){left, top, larger(right - left, 0), larger(bottom - top, 0)};
}

static cairo_surface_t *difference(cairo_surface_t *a, cairo_surface_t *b)
{
    cairo_surface_t *picture =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, common_width(a, b), common_height(a, b));
    uint32_t *pixel = (uint32_t *)(void *)cairo_image_surface_get_data(picture); /* rows have no padding */
    for (int y = 0; y < common_height(a, b); y++)
        for (int x = 0; x < common_width(a, b); x++, pixel++)
            for (int shift = 0; shift < 24; shift += 8) {
                const int d = channel_difference(compare_pixel(a, x, y), compare_pixel(b, x, y), shift);
                *pixel |= (uint32_t)fmin(abs(d) * AMPLIFIED, 255) << shift;
            }
    cairo_surface_mark_dirty(picture);
    return picture;
}

static void write_png(const char *directory, const char *name, const char *what, cairo_surface_t *surface)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%.*s-%s.png", directory, (int)strcspn(name, "."), name, what);
    const cairo_status_t status = cairo_surface_write_to_png(surface, path);
    printf("%s%s%s\n", path, status == CAIRO_STATUS_SUCCESS ? "" : ": ",
           status == CAIRO_STATUS_SUCCESS ? "" : cairo_status_to_string(status));
}

void compare_leave(const char *directory, const char *name, cairo_surface_t *stored, cairo_surface_t *found)
{
    mkdir(directory, 0777);
    cairo_surface_t *between = difference(stored, found);
    write_png(directory, name, "stored", stored);
    write_png(directory, name, "found", found);
    write_png(directory, name, "difference", between);
    cairo_surface_destroy(between);
}
