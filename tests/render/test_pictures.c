/* Cards against the pictures stored in tests/render/pictures. `make pictures` accepts a new look. */
#include "infra/mem.h"
#include "render/image_codec.h"
#include "render/theme.h"
#include "tests/render/cases.h"
#include "tests/render/compare.h"
#include "tests/render/fonts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define STORED    "tests/render/pictures"
#define DIFFERENT "build/pictures"

/* NULL where there is none. */
static cairo_surface_t *stored(const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), STORED "/%s", name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    struct buffer bytes = {0};
    char part[BUFSIZ];
    for (size_t n; (n = fread(part, 1, sizeof(part), file)) > 0;)
        buffer_append(&bytes, part, n);
    fclose(file);
    cairo_surface_t *card = compare_decode(bytes.data, bytes.len);
    buffer_finish(&bytes);
    return card;
}

static cairo_surface_t *drawn(const struct card_case *card)
{
    const struct picture picture = card->draw();
    cairo_surface_t *surface = compare_decode(picture.bytes, picture.len);
    free(picture.bytes);
    assert_non_null(surface);
    return surface;
}

static bool looks_as_stored(const struct card_case *card)
{
    cairo_surface_t *before = stored(card->file);
    if (!before) {
        printf(STORED "/%s is missing or broken\n", card->file);
        return false;
    }
    cairo_surface_t *now = drawn(card);
    const bool same = compare_same(before, now);
    if (!same)
        compare_leave(DIFFERENT, card->file, before, now);
    cairo_surface_destroy(before);
    cairo_surface_destroy(now);
    return same;
}

static void test_cards_look_as_stored(void **state)
{
    (void)state;
    int different = 0;
    for (const struct card_case *card = CARD_CASES; card->file; card++)
        different += !looks_as_stored(card);
    if (different > 0)
        fail_msg("%d cards look different: look at the above, then `make pictures` if that is right",
                 different);
}

/* What the comparison sees ----------------------------------------------------------------------------------- */

static cairo_surface_t *first_page(void)
{
    cairo_surface_t *card = stored("leaderboard.jpg");
    assert_non_null(card);
    return card;
}

static uint32_t *pixels(cairo_surface_t *card)
{
    return (uint32_t *)(void *)cairo_image_surface_get_data(card); /* rows have no padding */
}

static int n_pixels(cairo_surface_t *card)
{
    return cairo_image_surface_get_width(card) * cairo_image_surface_get_height(card);
}

/* Each channel of each pixel one level more or less, or as it was. */
static void test_rounding_is_not_seen(void **state)
{
    (void)state;
    cairo_surface_t *card = first_page(), *rounded = first_page();
    assert_true(compare_same(card, rounded));
    uint32_t *pixel = pixels(rounded);
    uint32_t random = 1;
    for (int i = 0; i < n_pixels(rounded); i++)
        for (int shift = 0; shift < 24; shift += 8) {
            random = random * 1664525 + 1013904223;
            const int level = (int)(pixel[i] >> shift & 255) + (int)(random >> 16) % 3 - 1;
            if (level >= 0 && level <= 255)
                pixel[i] = (pixel[i] & ~(UINT32_C(255) << shift)) | (uint32_t)level << shift;
        }
    const struct picture again = image_to_jpeg(rounded);
    cairo_surface_destroy(rounded);
    rounded = compare_decode(again.bytes, again.len);
    free(again.bytes);
    assert_true(compare_same(card, rounded));
    cairo_surface_destroy(rounded);
    cairo_surface_destroy(card);
}

/* The card with a box of it moved. */
static cairo_surface_t *moved(cairo_rectangle_int_t box, int dx, int dy)
{
    cairo_surface_t *card = first_page(), *from = first_page();
    cairo_t *cr = cairo_create(card);
    cairo_set_source_surface(cr, from, dx, dy);
    cairo_rectangle(cr, box.x + dx, box.y + dy, box.width, box.height);
    cairo_fill(cr);
    cairo_destroy(cr);
    cairo_surface_destroy(from);
    return card;
}

static void test_a_shifted_text_is_seen(void **state)
{
    (void)state;
    static const cairo_rectangle_int_t texts[] = {
        {172, 34, 340, 44},   /* the title */
        {172, 116, 384, 28},  /* the range */
        {60, 206, 24, 40},    /* the numeral 1 */
        {214, 516, 140, 40},  /* a name in Arabic */
        {826, 516, 128, 30},  /* a duration */
        {296, 686, 46, 20},   /* YOU */
        {748, 1104, 213, 26}, /* the footer */
    };
    cairo_surface_t *card = first_page();
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        cairo_surface_t *right = moved(texts[i], 2, 0), *down = moved(texts[i], 0, 2);
        assert_false(compare_same(card, right));
        assert_false(compare_same(card, down));
        cairo_surface_destroy(right);
        cairo_surface_destroy(down);
    }
    cairo_surface_destroy(card);
}

static void test_a_changed_colour_is_seen(void **state)
{
    (void)state;
    const unsigned tokens[] = {COLOUR_BG,     COLOUR_TEXT, COLOUR_TEXT2,    COLOUR_TEXT3,  COLOUR_BAR,
                               COLOUR_ACCENT, COLOUR_LIVE, COLOUR_LIVE_INK, METALS[0].dark};
    enum { NEAR = 12, LEVELS = 8 };
    cairo_surface_t *card = first_page();
    for (size_t i = 0; i < sizeof(tokens) / sizeof(*tokens); i++)
        for (int shift = 0; shift < 24; shift += 8) {
            cairo_surface_t *other = first_page();
            uint32_t *pixel = pixels(other);
            const bool brighter = (tokens[i] >> shift & 255) < 128;
            for (int p = 0; p < n_pixels(other); p++)
                if (compare_colours(pixel[p], tokens[i]) <= NEAR)
                    pixel[p] += (brighter ? LEVELS : -(uint32_t)LEVELS) << shift;
            if (compare_same(card, other))
                fail_msg("%06X may change by %d << %d unseen", tokens[i], LEVELS, shift);
            cairo_surface_destroy(other);
        }
    cairo_surface_destroy(card);
}

static void test_another_height_is_seen(void **state)
{
    (void)state;
    cairo_surface_t *card = first_page();
    cairo_surface_t *higher =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, CARD_WIDTH, cairo_image_surface_get_height(card) + 1);
    cairo_t *cr = cairo_create(higher);
    cairo_set_source_surface(cr, card, 0, 0);
    cairo_paint(cr);
    cairo_destroy(cr);
    assert_false(compare_same(card, higher));
    assert_false(compare_same(higher, card));
    cairo_surface_destroy(higher);
    cairo_surface_destroy(card);
}

/* Takes the file away. */
static cairo_surface_t *left_over(const char *directory, const char *name)
{
    char path[64];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    cairo_surface_t *picture = cairo_image_surface_create_from_png(path);
    assert_int_equal(cairo_surface_status(picture), CAIRO_STATUS_SUCCESS);
    unlink(path);
    return picture;
}

static void test_pictures_are_left_to_view(void **state)
{
    (void)state;
    char directory[] = "/tmp/test_pictures_XXXXXX";
    assert_non_null(mkdtemp(directory));
    const cairo_rectangle_int_t title = {172, 34, 340, 44};
    cairo_surface_t *before = first_page(), *now = moved(title, 2, 0);
    compare_leave(directory, "card.jpg", before, now);
    cairo_surface_t *left_before = left_over(directory, "card-stored.png");
    cairo_surface_t *left_now = left_over(directory, "card-found.png");
    cairo_surface_t *difference = left_over(directory, "card-difference.png");
    assert_int_equal(compare_box(before, left_before).width, 0);
    assert_int_equal(compare_box(now, left_now).width, 0);

    /* Black but for the title. */
    cairo_surface_t *black = cairo_surface_create_similar_image(difference, CAIRO_FORMAT_RGB24, CARD_WIDTH,
                                                                cairo_image_surface_get_height(before));
    const cairo_rectangle_int_t box = compare_box(black, difference);
    assert_in_range(box.x, title.x, title.x + 10);
    assert_in_range(box.y, title.y, title.y + 10);
    assert_in_range(box.width, title.width - 20, title.width + 2);
    assert_in_range(box.height, title.height - 20, title.height);

    rmdir(directory);
    cairo_surface_t *all[] = {before, now, left_before, left_now, difference, black};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        cairo_surface_destroy(all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cards_look_as_stored),   cmocka_unit_test(test_rounding_is_not_seen),
        cmocka_unit_test(test_a_shifted_text_is_seen), cmocka_unit_test(test_a_changed_colour_is_seen),
        cmocka_unit_test(test_another_height_is_seen), cmocka_unit_test(test_pictures_are_left_to_view),
    };
    return cmocka_run_group_tests(tests, start_render, stop_render);
}
