#include "render/text.h"

#include "infra/mem.h"
#include "render/render.h"
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

static void assert_initial(const char *name, const char *expected)
{
    char *initial = text_initial(name);
    assert_string_equal(initial, expected);
    free(initial);
}

static void test_initials_are_whole_graphemes(void **state)
{
    (void)state;
    assert_initial("", "?");
    assert_initial("ravi", "R");
    assert_initial("élodie", "É");
    assert_initial("e\xCC\x81lodie", "E\xCC\x81"); /* a combining accent */
    assert_initial("юлия", "Ю");
    assert_initial("ßen", "ß");
    assert_initial("オリバー", "オ");
    assert_initial("👨‍👩‍👧‍👦 family", "👨‍👩‍👧‍👦");
    assert_initial("🇯🇵🇫🇷", "🇯🇵");
    assert_initial("각", "각");
}

static void assert_drawable(const char *s)
{
    struct text text = text_measure(&TYPE_NAME, s);
    if (pango_layout_get_unknown_glyphs_count(text.layout) != 0)
        fail_msg("no font has all of: %s", s);
    g_object_unref(text.layout);
}

static void test_fonts_cover_what_people_write(void **state)
{
    (void)state;
    static const char *const samples[] = {
        "Mira Kovač Ñandú Łódź Đặng",
        "Юлия Ґалаґан",
        "Ελληνικά",
        "夜更かし 汉字 漢字 한국어 ꧁꧂",
        "نورا الحربي فارسی اردو",
        "שלום",
        "สวัสดี",
        "नमस्ते",
        "বাংলা தமிழ் తెలుగు ಕನ್ನಡ മലയാളം ગુજરાતી ਪੰਜਾਬੀ",
        "Հայերեն ქართული አማርኛ ភាសាខ្មែរ ລາວ မြန်မာ සිංහල བོད་ ᏣᎳᎩ",
        "🦊✨👨‍👩‍👧‍👦🏳️‍🌈🇯🇵🐈‍⬛",
        "𝓢𝓹𝓪𝓬𝓮 𝔻𝕦𝕤𝕥 𝖋𝖗𝖆𝖐",
        "☆彡 ★ ♡ ♪ ✧ ❖ ☠ ➳ ⚔ ♛ ༺༻ ░▒▓ ⠿ ⟡ ∞ ∑ ≈ → ⇢",
        "ᴛɪɴʏ ｆｕｌｌ Ⓐⓑ ℵ ʕ•ᴥ•ʔ (╯°□°）╯︵ ┻━┻ ¯\\_(ツ)_/¯ ಠ_ಠ",
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++)
        assert_drawable(samples[i]);
}

static void test_emoji_have_the_size_of_the_text(void **state)
{
    (void)state;
    struct text text = text_measure(&TYPE_NAME, "🦊");
    assert_true(text.width > TYPE_NAME.size && text.width < 1.5 * TYPE_NAME.size);
    g_object_unref(text.layout);
}

static void test_long_names_end_in_an_ellipsis(void **state)
{
    (void)state;
    static const char *const names[] = {"Bartholomew “Captain of the Midnight Watch”",
                                        "مرحبا بكم في هذه الغرفة الصوتية الطويلة جدا", "😀😀😀😀😀😀😀😀😀😀😀😀😀",
                                        "夜更かしのタカシ夜更かしのタカシ"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        for (double max = 0; max < 300; max += 37) {
            struct text text = text_fit(&TYPE_NAME, names[i], max);
            assert_true(pango_layout_is_ellipsized(text.layout));
            assert_int_equal(pango_layout_get_line_count(text.layout), 1);
            /* The ellipsis alone may be wider than nothing. */
            assert_true(text.width <= max || max < 40);
            g_object_unref(text.layout);
        }
    struct text whole = text_fit(&TYPE_NAME, "Ann", 300);
    assert_false(pango_layout_is_ellipsized(whole.layout));
    g_object_unref(whole.layout);
}

/* Columns of the leftmost and rightmost pixel drawn on white. */
static void ink_columns(cairo_surface_t *surface, int *left, int *right)
{
    const int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    cairo_surface_flush(surface);
    *left = width;
    *right = -1;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const unsigned char *row = cairo_image_surface_get_data(surface) + (ptrdiff_t)y * stride;
            if ((((const uint32_t *)(const void *)row)[x] & 0xFFFFFF) == 0xFFFFFF)
                continue;
            *left = x < *left ? x : *left;
            *right = x > *right ? x : *right;
        }
}

static void test_right_to_left_names_keep_the_left_edge(void **state)
{
    (void)state;
    static const char *const names[] = {"Ann", "نورا الحربي", "שלום עולם"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 600, 80);
        cairo_t *cr = cairo_create(surface);
        cairo_set_source_rgb(cr, 1, 1, 1);
        cairo_paint(cr);
        const struct text text = text_fit(&TYPE_NAME, names[i], 500);
        text_draw(cr, text, 0, 100, 50);
        cairo_destroy(cr);
        int left, right;
        ink_columns(surface, &left, &right);
        assert_in_range(left, 97, 105);
        assert_in_range(right, 100 + (int)text.width - 6, 100 + (int)text.width + 3);
        cairo_surface_destroy(surface);
    }
}

static double width_of(const char *s)
{
    const struct text text = text_measure(&TYPE_NAME, s);
    g_object_unref(text.layout);
    return text.width;
}

/* The width of "Who NAME is" drawn at 100; what is drawn must agree. */
static double phrase_width(const char *name, double max_width)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 600, 80);
    cairo_t *cr = cairo_create(surface);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    const struct phrase phrase = {"Who ", name, " is"};
    const double width = text_phrase(cr, &TYPE_NAME, 0, 100, 50, &phrase, max_width);
    cairo_destroy(cr);
    int left, right;
    ink_columns(surface, &left, &right);
    assert_in_range(left, 98, 103);
    assert_in_range(right, 100 + (int)width - 4, 100 + (int)width + 1);
    cairo_surface_destroy(surface);
    return width;
}

static void test_a_phrase_shortens_its_name_alone(void **state)
{
    (void)state;
    const double whole = width_of("Who Patient Gardener is");
    assert_float_equal(phrase_width("Patient Gardener", 500), whole, 1);
    assert_float_equal(phrase_width("Patient Gardener", whole + 1), whole, 1);
    /* However much room is left, nothing gapes between the ellipsis and what follows. */
    const double shorter = width_of("Who Patien… is"), longer = width_of("Who Patient… is");
    assert_float_equal(phrase_width("Patient Gardener", longer + 1), longer, 1);
    assert_float_equal(phrase_width("Patient Gardener", longer - 1), shorter, 1);
    assert_float_equal(phrase_width("Patient Gardener", shorter + 1), shorter, 1);
    assert_true(phrase_width("مرحبا بكم في هذه الغرفة", 200) <= 200);
}

/* What is wider than most has smaller type, heaps of accents are cut off. */
static void test_initials_stay_in_their_square(void **state)
{
    (void)state;
    static const char *const initials[] = {
        "W", "﷽", "𒐫", "Z̷̢̛̺͔̲̻̮͍͉̏̋͗͂̈́͆͝", "👨‍👩‍👧‍👦", "ᄀᄀᄀᄀᄀᄀᄀᄀᄀᄀ"};
    const struct type type = {FAMILY, 31, 600, 0};
    for (size_t i = 0; i < sizeof(initials) / sizeof(*initials); i++) {
        cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 600, 80);
        cairo_t *cr = cairo_create(surface);
        cairo_set_source_rgb(cr, 1, 1, 1);
        cairo_paint(cr);
        text_in_square(cr, &type, 0, 300, 40, 48, initials[i]);
        cairo_destroy(cr);
        int left, right;
        ink_columns(surface, &left, &right);
        assert_in_range(left, 300 - 24 - 2, 300);
        assert_in_range(right, 300, 300 + 24 + 2);
        assert_in_range(left + right, 600 - 4, 600 + 4);
        cairo_surface_destroy(surface);
    }
}

static void drop(struct duration *duration)
{
    for (int i = 0; i < duration->n; i++)
        g_object_unref(duration->part[i].layout);
}

/* Each size costs pango a search for fonts, and what it keeps is bounded. */
static void test_shrunk_text_has_few_sizes(void **state)
{
    (void)state;
    enum { NARROWEST = 100, WIDEST = 140 };
    const char *const words = "Thu 22 Nov 2026";
    int n_sizes = 0;
    double last = 0;
    for (double width = NARROWEST; width <= WIDEST; width += .1) {
        const struct text text = text_shrink(&TYPE_FOOTER, words, width);
        assert_true(text.width <= width);
        assert_true(text.width > .96 * width);
        const PangoFontDescription *font = pango_layout_get_font_description(text.layout);
        const double size = pango_font_description_get_size(font) / (double)PANGO_SCALE;
        assert_true(size >= last);
        n_sizes += size > last;
        last = size;
        g_object_unref(text.layout);
    }
    assert_in_range(n_sizes, 2, 30);
}

static void test_durations_keep_their_gap(void **state)
{
    (void)state;
    struct duration a = duration_measure(&TYPE_DURATION, .74, 11 * 3600 + 11 * 60);
    struct duration b = duration_measure(&TYPE_DURATION, .74, 48 * 3600 + 50 * 60);
    struct duration c = duration_measure(&TYPE_DURATION, .74, 58 * 60);
    /* Figures of several widths leave no gap between hours and minutes. */
    const double a_minutes = a.left[2] - a.left[1], b_minutes = b.left[2] - b.left[1];
    assert_true(a_minutes > b_minutes - .01 && a_minutes < b_minutes + .01);
    assert_int_equal(a.n, 4);
    assert_int_equal(c.n, 2);
    drop(&a);
    drop(&b);
    drop(&c);
}

static void test_missing_fonts_are_an_error(void **state)
{
    (void)state;
    assert_false(text_init("/nonexistent/fonts.conf"));
    char path[] = "/tmp/test_text_XXXXXX";
    const int fd = mkstemp(path);
    static const char empty[] = "<fontconfig></fontconfig>";
    assert_int_equal(write(fd, empty, sizeof(empty) - 1), sizeof(empty) - 1);
    close(fd);
    assert_false(text_init(path));
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initials_are_whole_graphemes),
        cmocka_unit_test(test_fonts_cover_what_people_write),
        cmocka_unit_test(test_emoji_have_the_size_of_the_text),
        cmocka_unit_test(test_long_names_end_in_an_ellipsis),
        cmocka_unit_test(test_right_to_left_names_keep_the_left_edge),
        cmocka_unit_test(test_a_phrase_shortens_its_name_alone),
        cmocka_unit_test(test_shrunk_text_has_few_sizes),
        cmocka_unit_test(test_initials_stay_in_their_square),
        cmocka_unit_test(test_durations_keep_their_gap),
    };
    const struct CMUnitTest without_fonts[] = {cmocka_unit_test(test_missing_fonts_are_an_error)};
    return cmocka_run_group_tests(without_fonts, NULL, NULL) +
           cmocka_run_group_tests(tests, start_render, stop_render);
}
