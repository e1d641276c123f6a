#include "render/grid.h"

#include "tests/render/fonts.h"
#include "tests/render/pixels.h"
#include "tests/render/sample.h"

#include <string.h>

/* The card of a view, decoded again. Gives the view back. */
static cairo_surface_t *card_of(struct grid_view *view)
{
    const struct picture picture = grid_render(view);
    assert_int_equal(picture.type, PICTURE_PNG);
    sample_grid_free(view);
    cairo_surface_t *card = pixels_of(picture);
    assert_int_equal(cairo_image_surface_get_height(card), 516);
    return card;
}

static struct grid_view *empty_year(void)
{
    struct grid_view *view = sample_member_grid();
    memset(view->values, 0, sizeof(view->values));
    return view;
}

/* PNG keeps colours as they are. */
static void assert_exact(cairo_surface_t *card, int x, int y, unsigned expected)
{
    const unsigned found = compare_pixel(card, x, y);
    if (found != expected)
        fail_msg("pixel %d,%d is %06X, not %06X", x, y, found, expected);
}

/* Of the cell in that week and on that day of it, 0 for Monday. */
static void assert_cell(cairo_surface_t *card, int week, int weekday, unsigned expected)
{
    assert_exact(card, 77 + 17 * week + 7, 318 + 17 * weekday + 7, expected);
}

static bool has_ink(cairo_surface_t *card, int left, int right, int top, int bottom)
{
    return pixels_ink_end(card, left, right, top, bottom) > left;
}

/* Days ----------------------------------------------------------------------------------------------------- */

static void test_days_stand_in_weeks_from_monday(void **state)
{
    (void)state;
    struct grid_view *view = empty_year(); /* from Sunday, 23 Nov 2025 */
    view->values[0] = view->values[1] = view->values[363] = view->values[364] = 3600;
    cairo_surface_t *card = card_of(view);
    assert_cell(card, 0, 5, COLOUR_BG);
    assert_cell(card, 0, 6, GRID_SHADES[4]);
    assert_cell(card, 1, 0, GRID_SHADES[4]);
    assert_cell(card, 1, 1, GRID_SHADES[0]);
    assert_cell(card, 52, 5, GRID_SHADES[4]);
    assert_cell(card, 52, 6, GRID_SHADES[4]);
    /* A cell's borders. */
    assert_exact(card, 77 + 17, 325, GRID_SHADES[4]);
    assert_exact(card, 77 + 17 + 13, 325, GRID_SHADES[4]);
    assert_exact(card, 77 + 17 + 14, 325, COLOUR_BG);
    assert_exact(card, 77 + 17 - 1, 325, COLOUR_BG);
    cairo_surface_destroy(card);
}

static void test_today_is_outlined(void **state)
{
    (void)state;
    cairo_surface_t *card = card_of(empty_year());
    const int x = 77 + 17 * 52, y = 318 + 17 * 6;
    assert_exact(card, x - 2, y + 7, COLOUR_WHITE);
    assert_exact(card, x + 15, y + 7, COLOUR_WHITE);
    assert_exact(card, x + 7, y - 2, COLOUR_WHITE);
    assert_exact(card, x + 7, y + 15, COLOUR_WHITE);
    assert_exact(card, x - 2, y + 7 - 17, COLOUR_BG);
    cairo_surface_destroy(card);
}

/* A year that ends on a Monday has that day alone in its last week. */
static void test_a_year_that_begins_on_tuesday(void **state)
{
    (void)state;
    struct grid_view *view = empty_year();
    view->first_day += 2;
    view->values[0] = view->values[364] = 3600;
    cairo_surface_t *card = card_of(view);
    assert_cell(card, 0, 0, COLOUR_BG);
    assert_cell(card, 0, 1, GRID_SHADES[4]);
    assert_cell(card, 52, 0, GRID_SHADES[0]);
    assert_cell(card, 52, 1, GRID_SHADES[4]);
    assert_cell(card, 52, 2, COLOUR_BG);
    cairo_surface_destroy(card);
}

/* Months --------------------------------------------------------------------------------------------------- */

static bool month_stands_at(cairo_surface_t *card, int week)
{
    return has_ink(card, 77 + 17 * week, 77 + 17 * week + 30, 285, 306);
}

static void test_months_stand_over_their_first_monday(void **state)
{
    (void)state;
    cairo_surface_t *card = card_of(empty_year());
    assert_false(has_ink(card, 70, 77 + 34 - 1, 285, 306)); /* the cut November */
    assert_true(month_stands_at(card, 2));                  /* Mon 1 Dec */
    assert_false(has_ink(card, 77 + 34 + 40, 77 + 17 * 7 - 1, 285, 306));
    assert_true(month_stands_at(card, 7));  /* Mon 5 Jan */
    assert_true(month_stands_at(card, 50)); /* Mon 2 Nov */
    cairo_surface_destroy(card);
}

/* 29 Feb 2028 lies between; the last label would leave the card. */
static void test_a_month_that_begins_today(void **state)
{
    (void)state;
    struct grid_view *view = empty_year();
    view->first_day = 21249 - GRID_DAYS + 1; /* until Mon 6 Mar 2028 */
    cairo_surface_t *card = card_of(view);
    assert_true(has_ink(card, 935, 976, 285, 306));
    assert_false(has_ink(card, 977, 1000, 285, 306));
    assert_true(month_stands_at(card, 48)); /* Mon 7 Feb */
    assert_cell(card, 52, 0, GRID_SHADES[0]);
    assert_cell(card, 52, 1, COLOUR_BG);
    cairo_surface_destroy(card);
}

/* A first of the month that opens the year is no cut month. */
static void test_a_year_from_the_first(void **state)
{
    (void)state;
    struct grid_view *view = empty_year();
    view->first_day = 20423; /* Mon 1 Dec 2025 */
    cairo_surface_t *card = card_of(view);
    assert_true(month_stands_at(card, 0));
    cairo_surface_destroy(card);

    view = empty_year();
    view->first_day = 20424; /* Tue 2 Dec 2025 */
    card = card_of(view);
    assert_false(month_stands_at(card, 0));
    cairo_surface_destroy(card);
}

/* Shades --------------------------------------------------------------------------------------------------- */

/* Values of the second week on. */
static void assert_shades(const int64_t *values, size_t n, const int *shades)
{
    struct grid_view *view = empty_year();
    memcpy(view->values + 1, values, n * sizeof(*values));
    cairo_surface_t *card = card_of(view);
    for (int i = 0; i < (int)n; i++)
        assert_cell(card, 1 + i / 7, i % 7, GRID_SHADES[shades[i]]);
    cairo_surface_destroy(card);
}

static void test_shades_are_quarters_of_active_days(void **state)
{
    (void)state;
    /* Eight days: steps at the third, the fifth and the seventh. */
    const int64_t values[] = {10, 20, 30, 40, 50, 60, 70, 1000000, 0};
    assert_shades(values, 9, (const int[]){1, 1, 2, 2, 3, 3, 4, 4, 0});
    const int64_t equal[] = {9, 9, 9, 9, 9, 9, 9, 9, 9};
    assert_shades(equal, 9, (const int[]){4, 4, 4, 4, 4, 4, 4, 4, 4});
}

static void test_shades_of_few_days_are_quarters_of_the_longest(void **state)
{
    (void)state;
    const int64_t one[] = {60};
    assert_shades(one, 1, (const int[]){4});
    const int64_t seven[] = {24, 25, 49, 50, 74, 75, 100};
    assert_shades(seven, 7, (const int[]){1, 2, 2, 3, 3, 4, 4});
    const int64_t members[] = {1, 2}; /* half of two is two quarters, not three */
    assert_shades(members, 2, (const int[]){3, 4});
    const int64_t huge[] = {INT64_MAX, INT64_MAX / 2, 1, -5};
    assert_shades(huge, 4, (const int[]){4, 2, 1, 0});
}

static void test_legend(void **state)
{
    (void)state;
    struct grid_view *view = empty_year();
    view->values[3] = 3600;
    cairo_surface_t *card = card_of(view);
    for (int shade = 0; shade < 5; shade++) {
        assert_exact(card, 787 + 26 * shade, 475, GRID_SHADES[shade]);
        assert_exact(card, 787 + 26 * shade + 19, 475, GRID_SHADES[shade]);
        assert_exact(card, 787 + 26 * shade + 22, 475, COLOUR_BG);
    }
    assert_true(has_ink(card, 32, 700, 462, 486));
    cairo_surface_destroy(card);

    view = empty_year(); /* no step that minutes can tell */
    view->values[3] = 59;
    card = card_of(view);
    assert_false(has_ink(card, 32, 720, 462, 486));
    cairo_surface_destroy(card);

    card = card_of(empty_year()); /* no steps */
    assert_false(has_ink(card, 32, 720, 462, 486));
    cairo_surface_destroy(card);
}

/* Head ----------------------------------------------------------------------------------------------------- */

static void test_rules_stand_between_figures(void **state)
{
    (void)state;
    cairo_surface_t *member = card_of(empty_year()), *server = card_of(sample_server_grid());
    const int between_four[] = {248, 490, 714}, between_three[] = {328, 616};
    for (int i = 0; i < 3; i++) {
        assert_exact(member, between_four[i], 180, COLOUR_LINE);
        assert_exact(member, between_four[i] + 1, 245, COLOUR_LINE);
        assert_exact(member, between_four[i] + 1, 247, COLOUR_BG);
    }
    for (int i = 0; i < 2; i++)
        assert_exact(server, between_three[i], 180, COLOUR_LINE);
    assert_true(compare_pixel(server, 248, 245) != COLOUR_LINE);
    cairo_surface_destroy(member);
    cairo_surface_destroy(server);
}

/* Large figures stay left of the next rule. */
static void test_figures_stay_in_their_columns(void **state)
{
    (void)state;
    struct grid_view *view = empty_year();
    view->head.total_seconds = view->head.average_seconds = view->head.most_active.value = INT64_MAX;
    view->head.streak_days = view->head.active_days = INT64_MAX;
    view->head.streak_since = INT64_MIN;
    view->head.most_active.day = INT64_MAX;
    cairo_surface_t *card = card_of(view);
    assert_in_range(pixels_ink_end(card, 32, 246, 158, 252), 200, 237);
    assert_in_range(pixels_ink_end(card, 276, 488, 158, 252), 440, 479);
    assert_in_range(pixels_ink_end(card, 518, 712, 158, 252), 660, 703);
    assert_in_range(pixels_ink_end(card, 742, 1000, 158, 252), 850, 969);
    cairo_surface_destroy(card);
}

/* The longest subtitle, and a longer range than there is: the range is the end of its line and is never cut. */
static void test_subtitle_and_range_share_a_line(void **state)
{
    (void)state;
    struct grid_view *view = empty_year();
    view->head.subtitle = "Average per member per hour";
    view->head.range = "365 days \u00B7 23 September 2025 \u2013 22 September 2026 UTC";
    cairo_surface_t *card = card_of(view);
    assert_in_range(pixels_ink_end(card, 144, 1000, 96, 120), 940, 969);
    cairo_surface_destroy(card);
}

static void test_streaks_of_over_a_year_name_it(void **state)
{
    (void)state;
    struct grid_view *view = empty_year();
    view->head.streak_days = 364;
    cairo_surface_t *without = card_of(view);
    view = empty_year();
    view->head.streak_days = 365;
    cairo_surface_t *with = card_of(view);
    const int end = pixels_ink_end(without, 518, 712, 228, 252);
    assert_true(pixels_ink_end(with, 518, 712, 228, 252) > end + 30);
    cairo_surface_destroy(without);
    cairo_surface_destroy(with);
}

static void test_nothing_is_too_odd(void **state)
{
    (void)state;
    static const char *const names[] = {
        NULL, "", "\xFF\xFE", "\xE2\x80\xAE", "﷽﷽﷽﷽﷽﷽﷽﷽﷽﷽﷽﷽﷽", "👨‍👩‍👧‍👦"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct grid_view *view = sample_server_grid();
        sample_drop(&view->head.image);
        view->head = (struct stats_head){
            .of_member = i % 2, .name = names[i], .id = UINT64_MAX, .subtitle = "", .range = ""};
        view->unit = i % 2 ? STATS_SECONDS : STATS_MEMBERS;
        view->first_day = i % 3 ? INT64_MIN / 2 : INT64_MAX / 2;
        for (size_t day = 0; day < GRID_DAYS; day++)
            view->values[day] = i ? INT64_MAX - (int64_t)day : 0;
        cairo_surface_destroy(card_of(view));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days_stand_in_weeks_from_monday),
        cmocka_unit_test(test_today_is_outlined),
        cmocka_unit_test(test_a_year_that_begins_on_tuesday),
        cmocka_unit_test(test_months_stand_over_their_first_monday),
        cmocka_unit_test(test_a_month_that_begins_today),
        cmocka_unit_test(test_a_year_from_the_first),
        cmocka_unit_test(test_shades_are_quarters_of_active_days),
        cmocka_unit_test(test_shades_of_few_days_are_quarters_of_the_longest),
        cmocka_unit_test(test_legend),
        cmocka_unit_test(test_rules_stand_between_figures),
        cmocka_unit_test(test_figures_stay_in_their_columns),
        cmocka_unit_test(test_subtitle_and_range_share_a_line),
        cmocka_unit_test(test_streaks_of_over_a_year_name_it),
        cmocka_unit_test(test_nothing_is_too_odd),
    };
    return cmocka_run_group_tests(tests, start_render, stop_render);
}
