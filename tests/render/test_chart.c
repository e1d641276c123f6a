#include "render/chart.h"

#include "render/chart_line.h"
#include "render/chart_scale.h"
#include "render/render.h"
#include "tests/render/fonts.h"
#include "tests/render/pixels.h"
#include "tests/render/sample_chart.h"

#include <math.h>
#include <string.h>

/* The axis ------------------------------------------------------------------------------------------------- */

static void test_scales(void **state)
{
    (void)state;
    static const struct {
        enum stats_unit unit;
        int64_t max;
        int n;
        const char *first, *last_but_one, *top;
    } cases[] = {
        {STATS_SECONDS, 0, 3, "1", "2", "3m"},
        {STATS_SECONDS, 240, 4, "1", "3", "4m"},
        {STATS_SECONDS, 241, 5, "1", "4", "5m"},
        {STATS_SECONDS, 12 * 60, 3, "5", "10", "15m"},
        {STATS_SECONDS, 41 * 60, 3, "15", "30", "45m"},
        {STATS_SECONDS, 3600, 4, "15", "45", "60m"},
        {STATS_SECONDS, 3601, 3, "30m", "1h 00m", "1h 30m"},
        {STATS_SECONDS, 2 * 3600, 4, "30m", "1h 30m", "2h 00m"},
        {STATS_SECONDS, 2 * 3600 + 1, 5, "30m", "2h 00m", "2h 30m"},
        {STATS_SECONDS, 3 * 3600, 3, "1", "2", "3h"},
        {STATS_SECONDS, 9 * 1800, 5, "1", "4", "5h"},
        {STATS_SECONDS, 24 * 3600, 4, "6", "18", "24h"},
        {STATS_SECONDS, 29 * 3600, 3, "10", "20", "30h"},
        {STATS_SECONDS, 100 * 3600, 4, "25", "75", "100h"},
        {STATS_SECONDS, 100 * 3600 + 1, 5, "25", "100", "125h"},
        {STATS_SECONDS, 1000 * 3600, 4, "250", "750", "1,000h"},
        {STATS_SECONDS, 1001 * 3600, 5, "250", "1,000", "1,250h"},
        {STATS_SECONDS, INT64_C(8001) * 3600, 4, "2,500", "7,500", "10,000h"},
        {STATS_MEMBERS, 0, 3, "1", "2", "3"},
        {STATS_MEMBERS, 5, 5, "1", "4", "5"},
        {STATS_MEMBERS, 9, 5, "2", "8", "10"},
        {STATS_MEMBERS, 29, 3, "10", "20", "30"},
        {STATS_MEMBERS, 41, 5, "10", "40", "50"},
        {STATS_MEMBERS, 81, 5, "20", "80", "100"},
        {STATS_MEMBERS, 20001, 5, "5,000", "20,000", "25,000"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct chart_scale scale = chart_scale_for(cases[i].unit, cases[i].max);
        char label[WORDS_MAX];
        assert_int_equal(scale.n, cases[i].n);
        assert_string_equal(chart_scale_label(label, &scale, 0), "0");
        assert_string_equal(chart_scale_label(label, &scale, 1), cases[i].first);
        assert_string_equal(chart_scale_label(label, &scale, scale.n - 1), cases[i].last_but_one);
        assert_string_equal(chart_scale_label(label, &scale, scale.n), cases[i].top);
    }
}

/* All that can happen stands on the axis, and well above its middle. */
static void test_scales_fit(void **state)
{
    (void)state;
    for (int64_t max = 240; max < INT64_C(1000000000000000); max += max / 7) {
        for (int unit = STATS_SECONDS; unit <= STATS_MEMBERS; unit++) {
            const struct chart_scale scale = chart_scale_for((enum stats_unit)unit, max);
            const double top = (double)(scale.n * scale.step);
            assert_in_range(scale.n, 3, CHART_MOST_STEPS);
            assert_true((double)max <= top);
            assert_true((double)max >= .65 * top);
            assert_true(fabs(chart_scale_height(&scale, (double)max) - (double)max / top) < 1e-9);
        }
    }
}

static void test_heights_stay_on_the_axis(void **state)
{
    (void)state;
    for (int unit = STATS_SECONDS; unit <= STATS_MEMBERS; unit++) {
        const struct chart_scale scale = chart_scale_for((enum stats_unit)unit, INT64_MAX);
        assert_true(scale.step > 0);
        assert_true(chart_scale_height(&scale, (double)INT64_MAX) == 1);
        assert_true(chart_scale_height(&scale, 0) == 0);
        assert_true(chart_scale_height(&scale, -1) == 0);
    }
}

/* Lines ---------------------------------------------------------------------------------------------------- */

static void assert_slopes(const struct chart_line *line, const double *expected)
{
    double slopes[CHART_SLOTS];
    chart_line_slopes(line, slopes);
    for (size_t i = 0; i < line->n; i++)
        if (fabs(slopes[i] - expected[i]) > 1e-9)
            fail_msg("slope %zu is %g, not %g", i, slopes[i], expected[i]);
}

static void test_slopes(void **state)
{
    (void)state;
    assert_slopes(&(struct chart_line){0, {0}}, NULL);
    assert_slopes(&(struct chart_line){1, {7}}, (double[]){0});
    assert_slopes(&(struct chart_line){2, {7, 4}}, (double[]){-3, -3});
    assert_slopes(&(struct chart_line){4, {1, 3, 5, 7}}, (double[]){2, 2, 2, 2});
    assert_slopes(&(struct chart_line){4, {5, 5, 5, 5}}, (double[]){0, 0, 0, 0});
    /* A peak and a valley are flat; between slopes of 1 and 3 it is 1.5. */
    assert_slopes(&(struct chart_line){3, {0, 8, 2}}, (double[]){8, 0, -6});
    assert_slopes(&(struct chart_line){3, {8, 0, 2}}, (double[]){-8, 0, 2});
    assert_slopes(&(struct chart_line){3, {0, 1, 4}}, (double[]){1, 1.5, 3});
    assert_slopes(&(struct chart_line){4, {0, 0, 9, 9}}, (double[]){0, 0, 0, 0});
}

static void test_curves_never_overshoot(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (int turn = 0; turn < 1000; turn++) {
        struct chart_line line = {.n = CHART_SLOTS};
        for (size_t i = 0; i < line.n; i++) {
            random = random * 1664525 + 1013904223;
            line.values[i] = random >> 16 & 1 ? random >> 20 : 0;
        }
        double slopes[CHART_SLOTS];
        chart_line_slopes(&line, slopes);
        for (size_t i = 0; i + 1 < line.n; i++) {
            /* A Bézier curve stays within its control points. */
            const double from = line.values[i], to = line.values[i + 1];
            const double leaving = from + slopes[i] / 3, arriving = to - slopes[i + 1] / 3;
            assert_true(leaving >= fmin(from, to) - 1e-9 && leaving <= fmax(from, to) + 1e-9);
            assert_true(arriving >= fmin(from, to) - 1e-9 && arriving <= fmax(from, to) + 1e-9);
        }
    }
}

/* The running slot is not in it; where a month is shorter, the others are. */
static void test_the_mean(void **state)
{
    (void)state;
    static const size_t lengths[CHART_SERIES] = {3, 31, 28, 30};
    struct chart_view view = {.n_over = 2};
    for (size_t k = 0; k < CHART_SERIES; k++) {
        view.series[k].n = lengths[k];
        for (size_t i = 0; i < lengths[k]; i++)
            view.series[k].values[i] = (int64_t)(1000 >> 3 * k);
    }
    const struct chart_line mean = chart_line_mean(&view);
    assert_int_equal(mean.n, 31);
    assert_true(mean.values[1] == (1000 + 125 + 15 + 1) / 4.);
    assert_true(mean.values[2] == (125 + 15 + 1) / 3.);
    assert_true(mean.values[27] == (125 + 15 + 1) / 3.);
    assert_true(mean.values[28] == (125 + 1) / 2.);
    assert_true(mean.values[30] == 125);

    for (size_t k = 1; k < CHART_SERIES; k++)
        view.series[k].n = 0;
    assert_int_equal(chart_line_mean(&view).n, 2);
    view.n_over = 0;
    assert_int_equal(chart_line_mean(&view).n, 0);
}

/* Cards ---------------------------------------------------------------------------------------------------- */

enum { LEFT = 104, RIGHT = 968, TOP = 376, BOTTOM = 640 };

/* The card of a view, decoded again. Gives the view back. */
static cairo_surface_t *card_of(struct chart_view *view)
{
    const struct picture picture = chart_render(view);
    sample_chart_free(view);
    cairo_surface_t *card = pixels_of(picture);
    assert_int_equal(cairo_image_surface_get_height(card), 700);
    return card;
}

static int slot_x(int slot, int n)
{
    return (int)lround(LEFT + (slot + .5) * (RIGHT - LEFT) / n);
}

/* share: of the axis. */
static int share_y(double share)
{
    return (int)lround(BOTTOM - share * (BOTTOM - TOP));
}

/* Or nearly: dots are but a few pixels wide. */
static bool has_colour(cairo_surface_t *card, unsigned colour, int left, int right, int top, int bottom)
{
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++)
            if (compare_colours(compare_pixel(card, x, y), colour) < 50)
                return true;
    return false;
}

static void test_the_axes(void **state)
{
    (void)state;
    struct chart_view *view = sample_chart(CHART_HOURLY);
    for (size_t k = 0; k < CHART_SERIES; k++)
        view->series[k].n = 0;
    view->n_over = 0;
    cairo_surface_t *card = card_of(view);
    for (int i = 1; i <= 4; i++) {
        const int y = share_y(i / 4.);
        assert_pixel(card, 108, y - 1, COLOUR_LINE);
        assert_pixel(card, 108, y, COLOUR_LINE);
        assert_pixel(card, 108, y + 2, COLOUR_BG);
        assert_in_range(pixels_ink_end(card, 40, 100, y - 9, y + 9), 86, 90);
    }
    assert_pixel(card, 108, BOTTOM - 1, COLOUR_AXIS);
    assert_pixel(card, 964, BOTTOM, COLOUR_AXIS);
    assert_pixel(card, 970, BOTTOM, COLOUR_BG);
    /* A tick every three hours, and a word every six. */
    for (int hour = 0; hour < 24; hour++) {
        const int x = slot_x(hour, 24);
        assert_pixel(card, x - 1, BOTTOM + 5, hour % 3 == 0 ? COLOUR_AXIS : COLOUR_BG);
        assert_int_equal(has_colour(card, COLOUR_TEXT3, x - 4, x + 4, 656, 678), hour % 6 == 0);
    }
    cairo_surface_destroy(card);
}

static void test_the_running_slot(void **state)
{
    (void)state;
    cairo_surface_t *card = card_of(sample_chart(CHART_HOURLY));
    const int x = slot_x(14, 24), y = share_y(27 / 60.);
    assert_pixel(card, x, y, COLOUR_BG);
    assert_pixel(card, x + 7, y, COLOUR_ACCENT);
    assert_pixel(card, x + 11, y + 3, COLOUR_BG);
    assert_pixel(card, x, 450, over(COLOUR_BG, COLOUR_ACCENT, .6));
    assert_pixel(card, x, 329, COLOUR_ACCENT); /* the chip, above its words */
    assert_pixel(card, x, 324, COLOUR_BG);
    assert_true(has_colour(card, COLOUR_ACCENT_INK, x - 90, x + 90, 335, 355));
    /* No area and no line of today beyond. */
    assert_false(has_colour(card, COLOUR_ACCENT, x + 16, RIGHT, TOP, BOTTOM));
    assert_pixel(card, x + 30, BOTTOM - 3, COLOUR_BG);
    /* The line and its area end with the last hour that is over; dots lead to this one. */
    const int before = slot_x(13, 24), y_before = share_y(53 / 60.);
    assert_pixel(card, before + 6, BOTTOM - 3, COLOUR_BG);
    assert_true(has_colour(card, COLOUR_ACCENT, before + 15, before + 21, y_before, y));
    assert_false(has_colour(card, COLOUR_ACCENT, before + 15, before + 21, y + 5, BOTTOM - 2));
    /* The area, in its lower and in its upper half. */
    assert_pixel(card, slot_x(12, 24) + 6, 630, over(COLOUR_BG, COLOUR_ACCENT, .03 + .35 * 10 / 264));
    assert_pixel(card, slot_x(12, 24) + 6, 420, over(COLOUR_BG, COLOUR_ACCENT, .03 + .35 * 220 / 264));
    cairo_surface_destroy(card);
}

static void test_lines_and_markers(void **state)
{
    (void)state;
    cairo_surface_t *card = card_of(sample_chart(CHART_HOURLY));
    /* Each at every fourth slot, from slots of its own. */
    assert_pixel(card, slot_x(19, 24) + 3, share_y(47 / 60.) + 3, COLOUR_PREV1);
    assert_pixel(card, slot_x(18, 24), share_y(35 / 60.) + 2, COLOUR_PREV2);
    assert_pixel(card, slot_x(21, 24), share_y(44 / 60.), COLOUR_PREV3);
    assert_pixel(card, slot_x(12, 24), share_y(57 / 60.), COLOUR_ACCENT);
    const int mean_x = slot_x(20, 24), mean_y = share_y((47 + 46 + 36) / 180.);
    assert_true(has_colour(card, COLOUR_MEAN, mean_x, mean_x + 1, mean_y - 1, mean_y + 2));
    cairo_surface_destroy(card);

    /* Seven slots have room for markers on all of them. */
    card = card_of(sample_chart(CHART_WEEKLY));
    assert_pixel(card, slot_x(4, 7), share_y(252 / 480.), COLOUR_PREV1);
    assert_pixel(card, slot_x(5, 7), share_y(312 / 480.), COLOUR_PREV2);
    assert_pixel(card, slot_x(6, 7), share_y(180 / 480.), COLOUR_PREV3);
    assert_pixel(card, slot_x(2, 7), share_y(204 / 480.) + 5, COLOUR_ACCENT);
    assert_pixel(card, slot_x(2, 7) - 8, share_y(204 / 480.) + 3, COLOUR_BG);
    cairo_surface_destroy(card);
}

/* Where a line of that colour ends. */
static int line_end(cairo_surface_t *card, unsigned colour)
{
    int x = RIGHT;
    while (x > LEFT && !has_colour(card, colour, x - 1, x, TOP, BOTTOM - 2))
        x--;
    return x;
}

static void test_months_end_where_they_end(void **state)
{
    (void)state;
    for (size_t n = 28; n <= 31; n++) {
        struct chart_view *view = sample_chart(CHART_MONTHLY);
        view->series[2].n = n;
        for (size_t i = 0; i < CHART_SLOTS; i++) {
            view->series[1].values[i] = view->series[3].values[i] = 0; /* far below */
            view->series[2].values[i] = 50 * 3600;
        }
        cairo_surface_t *card = card_of(view);
        const int end = slot_x((int)n - 1, 31);
        assert_in_range(line_end(card, COLOUR_PREV2), end - 8, end + 9);
        cairo_surface_destroy(card);
    }
}

/* Alone, a point is no line; the chip stays above the plot. */
static void test_the_first_and_the_last_slot(void **state)
{
    (void)state;
    struct chart_view *view = sample_chart(CHART_MONTHLY);
    view->series[0].n = 1;
    view->n_over = 0;
    cairo_surface_t *card = card_of(view);
    const int y = share_y(2730 / 2880.);
    assert_pixel(card, slot_x(0, 31), y, COLOUR_BG);
    assert_pixel(card, slot_x(0, 31) + 7, y, COLOUR_ACCENT);
    assert_false(has_colour(card, COLOUR_ACCENT, slot_x(0, 31) + 16, RIGHT, TOP, BOTTOM));
    assert_pixel(card, LEFT - 2, 343, COLOUR_BG);
    assert_pixel(card, LEFT + 3, 343, COLOUR_ACCENT);
    cairo_surface_destroy(card);

    view = sample_chart(CHART_MONTHLY);
    view->series[0].n = 2;
    view->n_over = 1;
    card = card_of(view);
    assert_pixel(card, slot_x(0, 31), y, COLOUR_ACCENT);
    assert_pixel(card, slot_x(1, 31) + 7, share_y(1260 / 2880.), COLOUR_ACCENT);
    cairo_surface_destroy(card);

    view = sample_chart(CHART_MONTHLY);
    view->series[0].n = 31;
    view->n_over = 30;
    card = card_of(view);
    assert_pixel(card, slot_x(30, 31) + 7, share_y(0), COLOUR_ACCENT);
    assert_pixel(card, RIGHT - 3, 343, COLOUR_ACCENT);
    assert_pixel(card, RIGHT + 1, 343, COLOUR_BG);
    cairo_surface_destroy(card);
}

/* A member's hour is an hour high, whatever there is; a server's is not. */
static void test_an_hour_of_a_member(void **state)
{
    (void)state;
    for (int of_member = 0; of_member <= 1; of_member++) {
        struct chart_view *view = sample_chart(CHART_HOURLY);
        view->head.of_member = of_member;
        for (size_t k = 0; k < CHART_SERIES; k++)
            for (size_t i = 0; i < view->series[k].n; i++)
                view->series[k].values[i] = 240;
        cairo_surface_t *card = card_of(view);
        assert_pixel(card, slot_x(14, 24) + 7, share_y(of_member ? 4 / 60. : 1), COLOUR_ACCENT);
        cairo_surface_destroy(card);
    }
}

/* Names of periods are there in full, or all short. */
static void test_the_legend(void **state)
{
    (void)state;
    cairo_surface_t *card = card_of(sample_chart(CHART_WEEKLY));
    assert_pixel(card, 57, 292, COLOUR_ACCENT);
    assert_pixel(card, 36, 292, COLOUR_ACCENT);
    assert_in_range(pixels_ink_end(card, 0, CARD_WIDTH, 284, 300), 940, 968);
    cairo_surface_destroy(card);

    struct chart_view *view = sample_chart(CHART_WEEKLY);
    for (size_t k = 1; k < CHART_SERIES; k++)
        view->series[k].label = "28 September – 4 October";
    card = card_of(view);
    assert_in_range(pixels_ink_end(card, 0, CARD_WIDTH, 284, 300), 830, 900);
    cairo_surface_destroy(card);
}

static void test_labels_stay_on_the_card(void **state)
{
    (void)state;
    for (int unit = STATS_SECONDS; unit <= STATS_MEMBERS; unit++) {
        struct chart_view *view = sample_chart(CHART_MONTHLY);
        view->unit = (enum stats_unit)unit;
        for (size_t i = 0; i < view->series[1].n; i++)
            view->series[1].values[i] = INT64_C(500000000000000);
        cairo_surface_t *card = card_of(view);
        assert_in_range(pixels_ink_end(card, 0, 100, TOP - 9, TOP + 9), 84, 91);
        assert_false(has_colour(card, COLOUR_TEXT3, 0, 10, TOP - 9, TOP + 9));
        cairo_surface_destroy(card);
    }
}

static void test_nothing_is_too_odd(void **state)
{
    (void)state;
    static const int64_t values[] = {0, INT64_MAX, -1, INT64_MIN};
    for (int kind = CHART_HOURLY; kind <= CHART_MONTHLY; kind++)
        for (size_t v = 0; v < sizeof(values) / sizeof(*values); v++)
            for (int unit = STATS_SECONDS; unit <= STATS_MEMBERS; unit++) {
                struct chart_view *view = sample_chart((enum chart_kind)kind);
                view->unit = (enum stats_unit)unit;
                for (size_t k = 0; k < CHART_SERIES; k++)
                    for (size_t i = 0; i < view->series[k].n; i++)
                        view->series[k].values[i] = values[v];
                cairo_surface_destroy(card_of(view));
            }
    struct chart_view *view = sample_chart(CHART_WEEKLY);
    for (size_t k = 0; k < CHART_SERIES; k++)
        view->series[k].n = 0;
    view->n_over = 0;
    cairo_surface_destroy(card_of(view));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scales),
        cmocka_unit_test(test_scales_fit),
        cmocka_unit_test(test_heights_stay_on_the_axis),
        cmocka_unit_test(test_slopes),
        cmocka_unit_test(test_curves_never_overshoot),
        cmocka_unit_test(test_the_mean),
        cmocka_unit_test(test_the_axes),
        cmocka_unit_test(test_the_running_slot),
        cmocka_unit_test(test_lines_and_markers),
        cmocka_unit_test(test_months_end_where_they_end),
        cmocka_unit_test(test_the_first_and_the_last_slot),
        cmocka_unit_test(test_an_hour_of_a_member),
        cmocka_unit_test(test_the_legend),
        cmocka_unit_test(test_labels_stay_on_the_card),
        cmocka_unit_test(test_nothing_is_too_odd),
    };
    return cmocka_run_group_tests(tests, start_render, stop_render);
}
