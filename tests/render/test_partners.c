#include "render/partners.h"

#include "render/render.h"
#include "tests/render/fonts.h"
#include "tests/render/pixels.h"
#include "tests/render/sample.h"

/* The card of a view, decoded again. Gives the view back. */
static cairo_surface_t *card_of(struct partners_view *view)
{
    const struct picture picture = partners_render(view);
    sample_partners_free(view);
    return pixels_of(picture);
}

enum { BAR_LEFT = 254, BAR_RIGHT = 868, BAR_WIDTH = BAR_RIGHT - BAR_LEFT };

/* A bar's colour at x, however long it is. */
static unsigned bar_colour(int x)
{
    return over(COLOUR_PAIR_FROM, COLOUR_PAIR_TO, (x + .5 - BAR_LEFT) / BAR_WIDTH);
}

/* Where the bar through y ends. */
static int bar_end(cairo_surface_t *card, int y)
{
    const unsigned track = over(COLOUR_BG, COLOUR_WHITE, ALPHA_TRACK);
    return pixels_bar_end(card, BAR_LEFT, BAR_RIGHT, y, COLOUR_PAIR_FROM, track);
}

static void test_heights(void **state)
{
    (void)state;
    static const struct {
        size_t first, n;
        int height;
    } cases[] = {{0, 1, 360}, {0, 3, 524}, {0, 10, 1098}, {10, 1, 332}, {9, 10, 1070}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        cairo_surface_t *card = card_of(sample_partners(cases[i].first, cases[i].n));
        assert_int_equal(cairo_image_surface_get_height(card), cases[i].height);
        cairo_surface_destroy(card);
    }
}

static void test_the_first_row(void **state)
{
    (void)state;
    cairo_surface_t *card = card_of(sample_partners(0, 10));
    /* Tinted from left to right; 174 … 278 high. */
    const unsigned ground = over(COLOUR_BG_TOP, COLOUR_BG, 205. / CARD_GRADIENT);
    assert_pixel(card, 28, 205, over(ground, PAIR_TINT.colour, .32));
    assert_pixel(card, 640, 205, over(ground, PAIR_TINT.colour, .08));
    assert_pixel(card, 970, 205, over(ground, PAIR_TINT.colour, .06));
    assert_pixel(card, 640, 280, COLOUR_BG);
    /* Its bar is full and shows both colours. */
    assert_pixel(card, 260, 253, bar_colour(260));
    assert_pixel(card, 561, 253, bar_colour(561));
    assert_pixel(card, 862, 253, bar_colour(862));
    /* The ring around the partner's avatar: centre 195, 226, from 36 to 40. */
    assert_pixel(card, 195 + 38, 226, COLOUR_PAIR_RING);
    assert_pixel(card, 195 - 38, 226, COLOUR_PAIR_RING);
    assert_true(compare_colours(compare_pixel(card, 195 + 33, 226), COLOUR_PAIR_RING) > 40);
    cairo_surface_destroy(card);
}

static void test_other_rows(void **state)
{
    (void)state;
    static const int minutes[] = {1122, 910, 693, 588, 380, 302, 217, 135, 58, 24};
    cairo_surface_t *card = card_of(sample_partners(0, 10));
    for (int i = 1; i < 10; i++) {
        const int cy = 174 + 110 + (i - 1) * 82 + 40, end = BAR_LEFT + BAR_WIDTH * minutes[i] / minutes[0];
        assert_pixel(card, 28, cy, COLOUR_BG);
        assert_pixel(card, 171 - 29, cy, COLOUR_BG); /* the ring, over the member's avatar */
        assert_in_range(bar_end(card, cy + 21), end - 2, end + 2);
        const int middle = (BAR_LEFT + end) / 2;
        assert_pixel(card, middle, cy + 21, bar_colour(middle)); /* as at the same place of a long bar */
        /* The share ends where the duration does. */
        assert_in_range(pixels_ink_end(card, BAR_RIGHT + 2, CARD_WIDTH, cy + 14, cy + 30), 946, 953);
        assert_in_range(pixels_ink_end(card, BAR_RIGHT + 2, CARD_WIDTH, cy - 24, cy - 2), 946, 953);
    }
    cairo_surface_destroy(card);
}

static void test_a_later_page(void **state)
{
    (void)state;
    cairo_surface_t *card = card_of(sample_partners(10, 9));
    assert_pixel(card, 600, 180, over(COLOUR_BG_TOP, COLOUR_BG, 180. / CARD_GRADIENT)); /* no tint here */
    /* Bars are shares of the first place of all: 22 minutes of 1122; the last has none, and shows so much. */
    assert_in_range(bar_end(card, 174 + 40 + 21), BAR_LEFT + 10, BAR_LEFT + 14);
    assert_in_range(bar_end(card, 174 + 8 * 82 + 40 + 21), BAR_LEFT + 6, BAR_LEFT + 9);
    cairo_surface_destroy(card);
}

static void test_the_header(void **state)
{
    (void)state;
    cairo_surface_t *card = card_of(sample_partners(0, 1));
    /* The member's picture is round: its corner is background, its edge is not. */
    assert_pixel(card, 44, 38, over(COLOUR_BG_TOP, COLOUR_BG, 38. / CARD_GRADIENT));
    assert_true(compare_colours(compare_pixel(card, 94, 40), compare_pixel(card, 44, 38)) > 80);
    assert_in_range(pixels_ink_end(card, 172, CARD_WIDTH, 50, 86), 950, 960); /* 23 */
    cairo_surface_destroy(card);
}

/* A long name of the member is shortened, the words around it and the partner's name stay. */
static void test_a_long_name(void **state)
{
    (void)state;
    struct partners_view *view = sample_partners(0, 2);
    view->name =
        "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii";
    cairo_surface_t *card = card_of(view);
    /* The title: up to 32 before the figure, which begins at about 900. */
    assert_in_range(pixels_ink_end(card, 172, 890, 40, 70), 856, 870);
    /* "Mira Kovač" is there, 28 px before the duration. */
    const int cy = 174 + 110 + 40;
    assert_in_range(pixels_ink_end(card, BAR_LEFT, 815, cy - 26, cy - 2), 785, 802);
    /* The footer: 32 before "1 – 2 of 23 partners". */
    const int base = 174 + 110 + 82 + 46;
    assert_in_range(pixels_ink_end(card, 40, 740, base - 18, base), 705, 730);
    cairo_surface_destroy(card);
}

/* What a partner's short name leaves is the member's. */
static void test_a_long_name_beside_a_short_one(void **state)
{
    (void)state;
    struct partners_view *view = sample_partners(0, 1);
    view->name = "Samwise the Unreasonably Patient Gardener";
    view->rows[0].name = "Ann";
    cairo_surface_t *card = card_of(view);
    /* The duration begins 28 px after them. */
    assert_in_range(pixels_ink_end(card, BAR_LEFT, 785, 226 - 28, 226), 770, 785);
    cairo_surface_destroy(card);
}

static void test_nothing_is_too_odd(void **state)
{
    (void)state;
    static const char *const names[] = {NULL,        "", " \n\t", "\xFF\xFE\xFF", "\xE2\x80\xAE\xE2\x80\xAE",
                                        "﷽﷽﷽﷽﷽﷽﷽﷽﷽﷽"};
    enum { N_NAMES = sizeof(names) / sizeof(*names) };
    struct partners_view *view = sample_partners(0, 10);
    for (size_t i = 0; i < PARTNERS_ROWS; i++) {
        struct partners_row *row = &view->rows[i];
        sample_drop(&row->avatar);
        row->name = names[i % N_NAMES];
        row->user_id = UINT64_MAX - i;
        row->position = i % 2 ? INT64_MAX : -1;
        row->seconds = i % 3 ? INT64_MAX : -1;
    }
    view->server = view->name = NULL;
    view->partners = INT64_MAX;
    view->own_seconds = view->first_seconds = 0;
    cairo_surface_t *card = card_of(view);
    assert_int_equal(cairo_image_surface_get_height(card), 1098);
    cairo_surface_destroy(card);

    view = sample_partners(0, 1);
    view->server = view->name = names[5];
    view->own_seconds = INT64_MAX;
    view->first_seconds = 1;
    card = card_of(view);
    assert_int_equal(cairo_image_surface_get_height(card), 360);
    cairo_surface_destroy(card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heights),
        cmocka_unit_test(test_the_first_row),
        cmocka_unit_test(test_other_rows),
        cmocka_unit_test(test_a_later_page),
        cmocka_unit_test(test_the_header),
        cmocka_unit_test(test_a_long_name),
        cmocka_unit_test(test_a_long_name_beside_a_short_one),
        cmocka_unit_test(test_nothing_is_too_odd),
    };
    return cmocka_run_group_tests(tests, start_render, stop_render);
}
