/*
 * Pictures as a CDN may send them: byte 0 of the input says how large they are wanted, the rest is the file. Whatever it is,
 * what comes out is a square of that size, and memory stays below what render/image.h promises.
 */
#include "infra/mem.h"
#include "render/image.h"
#include "render/image_codec.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <zlib.h>

static const uint8_t png_signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

static void hold_square(const struct image *image, int size)
{
    cairo_surface_t *const surface = image_surface(image);
    hold(cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS);
    hold(cairo_image_surface_get_format(surface) == CAIRO_FORMAT_RGB24);
    hold(cairo_image_surface_get_width(surface) == size && cairo_image_surface_get_height(surface) == size);
}

/* Every pixel is one, and the same when decoded again. */
static void hold_same(const struct image *a, const struct image *b)
{
    cairo_surface_t *const x = image_surface(a), *const y = image_surface(b);
    const size_t len = (size_t)cairo_image_surface_get_stride(x) * (size_t)cairo_image_surface_get_height(x);
    hold(image_bytes(a) == image_bytes(b));
    hold(memcmp(cairo_image_surface_get_data(x), cairo_image_surface_get_data(y), len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n < 1)
        return -1;
    const int size = 16 + bytes[0];
    fuzz_memory_watch();
    struct image *const image = image_decode(bytes + 1, n - 1, size);
    hold(fuzz_memory_peak() <= IMAGE_MAX_BYTES);
    struct image *const again = image_decode(bytes + 1, n - 1, size);
    hold((image == NULL) == (again == NULL));
    if (image != NULL) {
        hold_square(image, size);
        hold_same(image, again);
        struct image *const smaller = image_resize(image, 16);
        hold_square(smaller, 16);
        image_destroy(smaller);
    }
    image_destroy(image);
    image_destroy(again);
    return 0;
}

/* Changed files with right checksums: a PNG's chunks are judged by them before anything else --------------------- */

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n, size_t max) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t max, unsigned seed);

static uint32_t number_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void put_checksums(uint8_t *png, size_t n)
{
    enum { HEAD = 8 /* length and type */, CHECKSUM = 4 };
    for (size_t at = sizeof(png_signature); n - at >= HEAD + CHECKSUM;) {
        const size_t len = number_at(png + at);
        if (len > n - at - HEAD - CHECKSUM)
            return;
        uint8_t *const data = png + at + HEAD;
        const uint32_t checksum = (uint32_t)crc32(0, data - 4, (uInt)len + 4);
        for (int i = 0; i < CHECKSUM; i++)
            data[len + (size_t)i] = (uint8_t)(checksum >> (24 - 8 * i));
        at += HEAD + len + CHECKSUM;
    }
}

/* Of eight, one keeps its wrong checksum. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t max, unsigned seed)
{
    const size_t changed = LLVMFuzzerMutate(bytes, n, max);
    const bool png =
        changed > 1 + sizeof(png_signature) && memcmp(bytes + 1, png_signature, sizeof(png_signature)) == 0;
    if (png && seed % 8 != 0)
        put_checksums(bytes + 1, changed - 1);
    return changed;
}
