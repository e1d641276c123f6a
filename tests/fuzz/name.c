/*
 * Names of members and servers, as messages and cards show them: one harmless line of UTF-8, whatever it was, and on a card
 * it paints nothing outside its place.
 */
#include "handler/phrases.h"
#include "infra/mem.h"
#include "infra/utf8.h"
#include "render/render.h"
#include "render/text.h"
#include "render/words.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { CHARACTERS = 128, MARGIN = 40, PLACE = 180, WIDTH = PLACE + 2 * MARGIN, HEIGHT = 3 * MARGIN, BASE = 60 };

static size_t n_characters(const char *s)
{
    size_t n = 0;
    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

/* Words --------------------------------------------------------------------------------------------------------- */

static void hold_line(const char *s, size_t max_characters)
{
    hold(utf8_valid(s, strlen(s)));
    hold(n_characters(s) <= max_characters);
    for (; *s != '\0'; s++)
        hold((unsigned char)*s >= ' ' && *s != 0x7f);
}

/* Behind a backslash anything is plain; alone it would be markup, a mention or a link. */
static void hold_plain(const char *markdown)
{
    for (const char *s = markdown; *s != '\0'; s++) {
        if (*s == '\\')
            hold(*++s != '\0');
        else
            hold(strchr("`*_~|<>@#[]()", *s) == NULL);
    }
}

/* Nothing in it turns what stands around it: U+202A to U+202E, U+2066 to U+2069. */
static void hold_no_direction(const char *s)
{
    for (; (s = strchr(s, 0xe2)) != NULL; s++) {
        const unsigned char second = (unsigned char)s[1], third = (unsigned char)s[2];
        hold(second != 0x80 || third < 0xaa || third > 0xae);
        hold(second != 0x81 || third < 0xa6 || third > 0xa9);
    }
}

static void try_words(const char *name, const char *clean)
{
    hold_line(clean, CHARACTERS);
    hold_no_direction(clean);
    char *const again = words_clean(clean);
    hold(strcmp(clean, again) == 0);
    free(again);
    hold(!words_visible(name) || clean[0] != '\0');

    struct buffer text = {0};
    phrases_name(&text, name, PHRASES_ALT_NAME);
    buffer_append_string(&text, "");
    hold_line(text.data, PHRASES_ALT_NAME + 1); /* and the ellipsis */
    buffer_finish(&text);
    phrases_name_markdown(&text, name, PHRASES_NAME);
    hold_line(text.data, 2 * PHRASES_NAME + 3); /* backslashes, and marks of direction around it */
    hold_plain(text.data);
    buffer_finish(&text);
}

/* Pictures ------------------------------------------------------------------------------------------------------ */

static void hold_untouched(cairo_surface_t *surface, int left, int top, int width, int height)
{
    cairo_surface_flush(surface);
    const unsigned char *const data = cairo_image_surface_get_data(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    for (int y = 0; y < HEIGHT; y++) {
        const uint32_t *const row = (const uint32_t *)(const void *)(data + (ptrdiff_t)y * stride);
        for (int x = 0; x < WIDTH; x++)
            hold(row[x] == 0 || (x >= left && x < left + width && y >= top && y < top + height));
    }
}

static const struct type type = {FAMILY, 20, 500, 0};

static void try_initial(const char *initial)
{
    cairo_surface_t *const surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, WIDTH, HEIGHT);
    cairo_t *const cr = cairo_create(surface);
    enum { SIDE = 30, SOFT = 3 };
    text_in_square(cr, &type, 0xffffff, MARGIN + SIDE / 2., BASE, SIDE, initial);
    hold(cairo_status(cr) == CAIRO_STATUS_SUCCESS);
    hold_untouched(surface, MARGIN - SOFT, BASE - SIDE / 2 - SOFT, SIDE + 2 * SOFT, SIDE + 2 * SOFT);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
}

static void try_text(const char *clean)
{
    cairo_surface_t *const surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, WIDTH, HEIGHT);
    cairo_t *const cr = cairo_create(surface);
    const struct text text = text_fit(&type, clean, PLACE);
    hold(text.width <= PLACE + 1);
    text_draw(cr, text, 0xffffff, MARGIN, BASE);
    hold(cairo_status(cr) == CAIRO_STATUS_SUCCESS);
    /* Letters lean out of their place by a little (render/text.c), and edges are soft. */
    const int side = 5, top = BASE - 27, bottom = BASE + 15;
    hold_untouched(surface, MARGIN - side, top, PLACE + 2 * side, bottom - top);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);

    char *const initial = text_initial(clean);
    hold(initial[0] != '\0');
    hold_line(initial, CHARACTERS + 1);
    try_initial(initial);
    free(initial);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static bool started;
    if (!started)
        hold(render_init("render/fonts.conf"));
    started = true;
    char *const name = mem_strndup((const char *)bytes, n);
    char *const clean = words_clean(name);
    try_words(name, clean);
    try_text(clean);
    free(clean);
    free(name);
    return 0;
}
