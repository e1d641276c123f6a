/* A name changes nothing outside its box, whatever it is. */
#include "render/leaderboard.h"

#include "infra/mem.h"
#include "render/image_codec.h"
#include "render/text.h"
#include "tests/render/compare.h"
#include "tests/render/fonts.h"
#include "tests/render/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Cards before JPEG spreads every pixel over its block: the linker leads the encoder's callers here. */
static cairo_surface_t *drawn;
struct picture __wrap_image_to_jpeg(cairo_surface_t *surface);
struct picture __wrap_image_to_jpeg(cairo_surface_t *surface)
{
    cairo_surface_flush(surface);
    drawn = cairo_surface_reference(surface);
    return (struct picture){0};
}

static cairo_surface_t *card_of(const struct leaderboard_view *view)
{
    leaderboard_render(view);
    return drawn;
}

/* Names ------------------------------------------------------------------------------------------------------ */

enum { CHARACTERS = 32 /* Discord's limit */, N_NAMES = 13 };

static char *repeated(const char *part, int n)
{
    struct buffer out = {0};
    for (int i = 0; i < n; i++)
        buffer_append(&out, part, strlen(part));
    return out.data;
}

/* Four letters that carry seven marks each. */
static char *stacked(const char *letter, const char *mark)
{
    struct buffer out = {0};
    for (int i = 0; i < CHARACTERS; i++) {
        const char *next = i % 8 == 0 ? letter : mark;
        buffer_append(&out, next, strlen(next));
    }
    return out.data;
}

static char *names[N_NAMES];

static int make_names(void **state)
{
    char *const made[N_NAMES] = {
        repeated("W", CHARACTERS),
        repeated("夜更かし", CHARACTERS / 4),
        repeated("غرفة 12 ", CHARACTERS / 8),
        repeated("👨‍👩‍👧‍👦", 4),
        repeated("﷽", CHARACTERS), /* the widest character there is */
        repeated("🏴", CHARACTERS),
        stacked("ก", "็"), /* towers above */
        stacked("ก", "ุ"), /* and below */
        stacked("ب", "ِ"),
        stacked("A", "\xE2\x83\x9D"), /* enclosing circles, as wide as two letters */
        stacked("Z", "\xCD\xA0"),     /* tildes over two letters */
        mem_strdup("\xE2\x80\xAE"
                   "evil \xD7\xA9\xD7\x9C \xE2\x81\xA7 **bold** ~~no~~ <@1>"),
        mem_strdup("i"),
    };
    memcpy(names, made, sizeof(names));
    return start_render(state);
}

static int drop_names(void **state)
{
    for (int i = 0; i < N_NAMES; i++)
        free(names[i]);
    return stop_render(state);
}

/* Boxes ------------------------------------------------------------------------------------------------------ */

struct box {
    int left, top, right, bottom;
};

/* Draws the card with a name in place of none, and compares. */
static void assert_name_stays_in(const struct leaderboard_view *view, const char **name, struct box box)
{
    *name = "";
    cairo_surface_t *without = card_of(view);
    for (int i = 0; i < N_NAMES; i++) {
        *name = names[i];
        cairo_surface_t *with = card_of(view);
        const cairo_rectangle_int_t changed = compare_box(without, with);
        cairo_surface_destroy(with);
        const int right = changed.x + changed.width, bottom = changed.y + changed.height;
        if (changed.width == 0)
            fail_msg("nothing is drawn of %s", names[i]);
        if (changed.x < box.left || changed.y < box.top || right > box.right || bottom > box.bottom)
            fail_msg("%d … %d × %d … %d is painted, not only %d … %d × %d … %d, by %s", changed.x, right,
                     changed.y, bottom, box.left, box.right, box.top, box.bottom, names[i]);
    }
    cairo_surface_destroy(without);
}

static int width_of_duration(const struct type *type, double unit, int64_t seconds)
{
    struct duration duration = duration_measure(type, unit, seconds);
    for (int i = 0; i < duration.n; i++)
        g_object_unref(duration.part[i].layout);
    return (int)duration.width;
}

/* From the avatar to the duration, from the upper end of the row to the bar. Slanted letters and accents stand out
 * a little over the 214 where names begin and over where they end. */
static struct box row_box(const struct leaderboard_row *row, bool medal, int top)
{
    const struct type *type = medal ? &TYPE_MEDAL_DURATION : &TYPE_DURATION;
    const int end = 952 - width_of_duration(type, .74, row->seconds) - 28;
    return (struct box){214 - 7, top, end + 7, top + (medal ? 52 + 22 : 40 + 17)};
}

static void test_names_stay_in_their_rows(void **state)
{
    (void)state;
    struct leaderboard_view *view = sample_view(0, 5);
    view->caller_below = true;
    for (size_t i = 0; i < view->n_rows; i++) {
        const bool medal = i < 3;
        const int top = medal ? 174 + 110 * (int)i : 504 + 82 * ((int)i - 3);
        struct leaderboard_row *row = &view->rows[i];
        const char *name = row->name;
        for (int caller = 0; caller < 2; caller++) {
            row->caller = caller == 1;
            assert_name_stays_in(view, &row->name, row_box(row, medal, top));
        }
        row->caller = false;
        row->name = name;
    }
    assert_name_stays_in(view, &view->own.name, row_box(&view->own, false, 504 + 2 * 82 + 20));
    sample_free(view);
}

/* The pill is drawn after the name: what could differ is what shows around it. */
static void test_the_pill_stands_free(void **state)
{
    (void)state;
    struct leaderboard_view *view = sample_view(3, 1);
    view->caller_below = false;
    view->rows[0].caller = true;
    for (int i = 0; i < N_NAMES; i++) {
        view->rows[0].name = names[i];
        cairo_surface_t *card = card_of(view);
        const int middle = 174 + 40 - 2 - 9;
        int left = 214;
        while (left < 952 && compare_pixel(card, left, middle) != COLOUR_ACCENT)
            left++;
        assert_in_range(left, 214, 952 - 66);
        const unsigned ground = compare_pixel(card, 900, 174 + 8);
        for (int y = middle - 16; y < middle + 16; y++)
            for (int x = left - 6; x < left - 1; x++)
                assert_in_range(compare_colours(compare_pixel(card, x, y), ground), 0, 3);
        cairo_surface_destroy(card);
    }
    sample_free(view);
}

static void test_the_server_stays_in_the_header(void **state)
{
    (void)state;
    struct leaderboard_view *view = sample_view(0, 1);
    const int end = 960 - width_of_duration(&TYPE_HEADER_FIGURE, .58, view->total_seconds) - 32;
    /* Down to the letters of the subtitle. */
    assert_name_stays_in(view, &view->server, (struct box){172 - 7, 0, end + 7, 106 - 19});
    sample_free(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_stay_in_their_rows),
        cmocka_unit_test(test_the_pill_stands_free),
        cmocka_unit_test(test_the_server_stays_in_the_header),
    };
    return cmocka_run_group_tests(tests, make_names, drop_names);
}
