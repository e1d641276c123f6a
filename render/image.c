#include "render/image.h"

#include "infra/mem.h"
#include "render/image_codec.h"

#include <stdlib.h>
#include <string.h>

struct image {
    cairo_surface_t *surface;
    unsigned owners;
};

static cairo_surface_t *decode(const void *bytes, size_t n, int size)
{
    static const unsigned char png[] = {0x89, 'P', 'N', 'G'}, jpeg[] = {0xFF, 0xD8, 0xFF};
    if (n > sizeof(png) && memcmp(bytes, png, sizeof(png)) == 0)
        return image_from_png(bytes, n);
    if (n > sizeof(jpeg) && memcmp(bytes, jpeg, sizeof(jpeg)) == 0)
        return image_from_jpeg(bytes, n, size);
    return NULL;
}

/* The middle square of from, size × size. */
static cairo_surface_t *square(cairo_surface_t *from, int size)
{
    const double width = cairo_image_surface_get_width(from), height = cairo_image_surface_get_height(from);
    const double side = width < height ? width : height;
    cairo_surface_t *const to = cairo_image_surface_create(CAIRO_FORMAT_RGB24, size, size);
    cairo_t *const cr = cairo_create(to);
    cairo_scale(cr, size / side, size / side);
    cairo_set_source_surface(cr, from, -(width - side) / 2, -(height - side) / 2);
    /* GOOD: an area filter downwards, a bilinear one upwards. Beyond the border the last pixels go on. */
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_GOOD);
    cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_PAD);
    cairo_paint(cr);
    cairo_destroy(cr);
    return to;
}

static struct image *create(cairo_surface_t *from, int size)
{
    struct image *const image = mem_alloc(sizeof(*image));
    image->owners = 1;
    image->surface = square(from, size);
    return image;
}

struct image *image_decode(const void *bytes, size_t n, int size)
{
    cairo_surface_t *whole = decode(bytes, n, size);
    if (whole == NULL)
        return NULL;
    /* cairo's area filter sees at most 16 pixels a side: the rest of the way goes through a square in between. */
    enum { FAR = 12 };
    const int width = cairo_image_surface_get_width(whole), height = cairo_image_surface_get_height(whole);
    if ((width < height ? width : height) > FAR * size) {
        cairo_surface_t *const between = square(whole, 4 * size);
        cairo_surface_destroy(whole);
        whole = between;
    }
    struct image *const image = create(whole, size);
    cairo_surface_destroy(whole);
    return image;
}

struct image *image_resize(const struct image *image, int size)
{
    return image != NULL ? create(image->surface, size) : NULL;
}

cairo_surface_t *image_surface(const struct image *image)
{
    return image->surface;
}

size_t image_bytes(const struct image *image)
{
    return sizeof(*image) + (size_t)cairo_image_surface_get_stride(image->surface) *
                                (size_t)cairo_image_surface_get_height(image->surface);
}

struct image *image_reference(struct image *image)
{
    if (image != NULL)
        image->owners++;
    return image;
}

void image_destroy(struct image *image)
{
    if (image == NULL || --image->owners > 0)
        return;
    cairo_surface_destroy(image->surface);
    free(image);
}
