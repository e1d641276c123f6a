#include "render/leaderboard.h"

#include "render/render.h"
#include "tests/render/fonts.h"
#include "tests/render/pixels.h"
#include "tests/render/sample.h"

/* The card of a view, decoded again. Gives the view back. */
static cairo_surface_t *card_of(struct leaderboard_view *view)
{
    const struct picture picture = leaderboard_render(view);
    sample_free(view);
    return pixels_of(picture);
}

/* Where the bar through y ends. */
static int bar_end(cairo_surface_t *card, int y, unsigned bar, unsigned track)
{
    return pixels_bar_end(card, 214, 952, y, bar, track);
}

static void test_heights(void **state)
{
    (void)state;
    static const struct {
        size_t first, n;
        bool below;
        int height;
    } cases[] = {{0, 1, false, 360},   {0, 1, true, 462},    {0, 3, false, 580}, {0, 4, false, 662},
                 {0, 10, false, 1154}, {10, 10, true, 1172}, {10, 1, false, 332}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct leaderboard_view *view = sample_view(cases[i].first, cases[i].n);
        view->caller_below = cases[i].below;
        cairo_surface_t *card = card_of(view);
        assert_int_equal(cairo_image_surface_get_height(card), cases[i].height);
        cairo_surface_destroy(card);
    }
}

static void test_the_first_page(void **state)
{
    (void)state;
    cairo_surface_t *card = card_of(sample_view(0, 10));
    assert_pixel(card, 4, 1, COLOUR_BG_TOP);
    assert_pixel(card, 4, 700, COLOUR_BG);
    assert_pixel(card, 990, 1150, COLOUR_BG);

    /* Rows of silver and bronze: strongest at the left, 5 % at the right. */
    assert_pixel(card, 28, 336, over(COLOUR_BG, METALS[1].tint.colour, .22));
    assert_pixel(card, 970, 336, over(COLOUR_BG, METALS[1].tint.colour, .05));
    assert_pixel(card, 28, 446, over(COLOUR_BG, METALS[2].tint.colour, .22));
    assert_pixel(card, 595, 410, over(COLOUR_BG, METALS[2].tint.colour, .06));

    /* The bar of first place is full, from dark to light. */
    assert_pixel(card, 218, 253, METALS[0].dark);
    assert_pixel(card, 946, 253, METALS[0].light);

    /* The fourth: 38h 51m of 61h 42m. */
    const unsigned track = over(COLOUR_BG, COLOUR_WHITE, ALPHA_TRACK);
    assert_pixel(card, 400, 565, COLOUR_BAR);
    assert_pixel(card, 900, 565, track);
    const int end = 214 + (int)(738. * (38 * 3600 + 51 * 60 + 59) / (61 * 3600 + 42 * 60 + 59) + .5);
    assert_in_range(bar_end(card, 565, COLOUR_BAR, track), end - 1, end + 1);
    cairo_surface_destroy(card);
}

static void test_the_callers_row(void **state)
{
    (void)state;
    cairo_surface_t *card = card_of(sample_view(0, 10));
    const int top = 174 + 3 * 110 + 2 * 82;
    const unsigned fill = over(COLOUR_BG, COLOUR_ACCENT, .13);
    assert_pixel(card, 600, top + 8, fill);
    assert_pixel(card, 600, top + 1, over(fill, COLOUR_ACCENT, .75));
    assert_pixel(card, 25, top + 40, over(fill, COLOUR_ACCENT, .75));
    assert_pixel(card, 600, top - 2, COLOUR_BG);
    assert_pixel(card, 300, top + 61, COLOUR_ACCENT); /* the bar */
    assert_pixel(card, 293, top + 29, COLOUR_ACCENT); /* the pill, left of YOU */
    /* Ann is in voice: the badge, between its bars and its border. */
    assert_pixel(card, 178, top + 52, COLOUR_LIVE);
    cairo_surface_destroy(card);
}

static void test_the_caller_among_the_first(void **state)
{
    (void)state;
    struct leaderboard_view *view = sample_view(0, 3);
    view->caller_below = false;
    view->rows[1].caller = true;
    cairo_surface_t *card = card_of(view);
    const unsigned tinted = over(COLOUR_BG, METALS[1].tint.colour, .06);
    const unsigned fill = over(tinted, COLOUR_ACCENT, .13);
    assert_pixel(card, 595, 284 + 8, fill);
    assert_pixel(card, 595, 284 + 1, over(fill, COLOUR_ACCENT, .75));
    assert_pixel(card, 220, 284 + 79, METALS[1].dark); /* the bar stays of metal */
    cairo_surface_destroy(card);
}

static void test_the_callers_row_below_a_later_page(void **state)
{
    (void)state;
    struct leaderboard_view *view = sample_view(10, 10);
    view->in_voice = 0;
    cairo_surface_t *card = card_of(view);
    const int end = 174 + 10 * 82;
    assert_pixel(card, 600, 180, over(COLOUR_BG, COLOUR_BG_TOP, 60. / 240)); /* no medal here */
    const unsigned fill = over(COLOUR_BG, COLOUR_ACCENT, .13);
    assert_pixel(card, 600, end + 20 + 8, fill);
    assert_pixel(card, 600, end + 20 + 1, over(fill, COLOUR_ACCENT, .75));
    /* A dot of the line, and the gap after it. */
    assert_true(compare_colours(compare_pixel(card, 40, end + 8), COLOUR_DOTS) <
                compare_colours(compare_pixel(card, 40, end + 8), COLOUR_BG));
    assert_true(compare_colours(compare_pixel(card, 44, end + 8), COLOUR_BG) <
                compare_colours(compare_pixel(card, 44, end + 8), COLOUR_DOTS));
    /* Bars are shares of the whole board's first place. */
    const unsigned track = over(COLOUR_BG, COLOUR_WHITE, ALPHA_TRACK);
    const int bar = 214 + (int)(738. * (8 * 3600 + 31 * 60 + 59) / (61 * 3600 + 42 * 60 + 59) + .5);
    assert_in_range(bar_end(card, 256 + 40 + 21, COLOUR_BAR, track), bar - 1, bar + 1);
    /* Nobody is in voice: no badge in the footer. */
    assert_pixel(card, 47, end + 102 + 46 - 9, COLOUR_BG);
    cairo_surface_destroy(card);
}

static void test_equal_times_share_a_metal(void **state)
{
    (void)state;
    struct leaderboard_view *view = sample_view(0, 3);
    view->rows[1].rank = 1;
    view->rows[1].seconds = view->rows[0].seconds;
    cairo_surface_t *card = card_of(view);
    assert_pixel(card, 946, 363, METALS[0].light);
    assert_pixel(card, 28, 336, over(COLOUR_BG, METALS[0].tint.colour, .28));
    cairo_surface_destroy(card);
}

/* However many they are, and whoever they are. */
static void test_ties_for_first_place_look_alike(void **state)
{
    (void)state;
    struct leaderboard_view *view = sample_view(0, 10);
    for (size_t i = 0; i < view->n_rows; i++) {
        view->rows[i].rank = 1;
        view->rows[i].seconds = view->first_seconds;
        view->rows[i].caller = false;
    }
    view->own = view->rows[9];
    view->own.avatar = NULL;
    view->own.caller = view->caller_below = true;
    cairo_surface_t *card = card_of(view);
    assert_int_equal(cairo_image_surface_get_height(card), 174 + 10 * 110 + 20 + 110 + 76);
    for (int y = 174 + 110; y < 174 + 10 * 110; y += 110) {
        assert_pixel(card, 28, y + 52, over(COLOUR_BG, METALS[0].tint.colour, .28));
        assert_pixel(card, 220, y + 79, METALS[0].dark);
    }
    assert_pixel(card, 220, 174 + 10 * 110 + 20 + 79, METALS[0].dark);
    cairo_surface_destroy(card);
}

static void test_nothing_is_too_odd(void **state)
{
    (void)state;
    static const char *const names[] = {
        NULL,
        "",
        " \n\t",
        "\xFF\xFE\xFF",
        "\xE2\x80\xAE\xE2\x80\xAE",
        "a\xCC\x81\xCC\x82\xCC\x83\xCC\x84\xCC\x85",
        "𒐫𒐫𒐫𒐫𒐫𒐫𒐫𒐫𒐫𒐫𒐫𒐫𒐫𒐫𒐫𒐫",
        "﷽﷽﷽﷽﷽﷽﷽﷽﷽﷽﷽﷽﷽",
        "\xEF\xBF\xBC\xEE\x80\x80\xF4\x8F\xBF\xBF",
        "👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦",
    };
    struct leaderboard_view *view = sample_view(0, 10);
    for (size_t i = 0; i < LEADERBOARD_ROWS; i++) {
        struct leaderboard_row *row = &view->rows[i];
        sample_drop(&row->avatar);
        row->name = names[i];
        row->user_id = UINT64_MAX - i;
        row->rank = i % 2 ? INT64_MAX : i == 0 ? 1 : -1;
        row->seconds = i % 3 ? INT64_MAX : -1;
        row->caller = i % 2;
    }
    view->server = NULL;
    view->total_seconds = view->members = view->in_voice = view->first_position = INT64_MAX;
    view->first_seconds = 0;
    view->you = "You: no voice time in the past 24 hours";
    view->not_counting = "Not counting since 22 Nov 10:14 UTC";
    cairo_surface_t *card = card_of(view);
    assert_int_equal(cairo_image_surface_get_height(card), 174 + 110 + 9 * 82 + 76);
    cairo_surface_destroy(card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heights),
        cmocka_unit_test(test_the_first_page),
        cmocka_unit_test(test_the_callers_row),
        cmocka_unit_test(test_the_caller_among_the_first),
        cmocka_unit_test(test_the_callers_row_below_a_later_page),
        cmocka_unit_test(test_equal_times_share_a_metal),
        cmocka_unit_test(test_ties_for_first_place_look_alike),
        cmocka_unit_test(test_nothing_is_too_odd),
    };
    return cmocka_run_group_tests(tests, start_render, stop_render);
}
