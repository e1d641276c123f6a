#include "render/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_numbers_have_thousands_separators(void **state)
{
    (void)state;
    char out[WORDS_MAX];
    assert_string_equal(words_number(out, 0), "0");
    assert_string_equal(words_number(out, 999), "999");
    assert_string_equal(words_number(out, 1000), "1,000");
    assert_string_equal(words_number(out, 123456), "123,456");
    assert_string_equal(words_number(out, -5), "0");
    assert_string_equal(words_number(out, INT64_MAX), "9,223,372,036,854,775,807");
}

static void test_durations_cut_seconds(void **state)
{
    (void)state;
    char out[WORDS_MAX];
    assert_string_equal(words_duration(out, 0), "0m");
    assert_string_equal(words_duration(out, 1), "<1m");
    assert_string_equal(words_duration(out, 59), "<1m");
    assert_string_equal(words_duration(out, 60), "1m");
    assert_string_equal(words_duration(out, 58 * 60 + 59), "58m");
    assert_string_equal(words_duration(out, 3599), "59m");
    assert_string_equal(words_duration(out, 3600), "1h 00m");
    assert_string_equal(words_duration(out, 9 * 3600 + 5 * 60 + 59), "9h 05m");
    assert_string_equal(words_duration(out, INT64_C(2780) * 3600), "2,780h 00m");
    assert_string_equal(words_duration(out, -1), "0m");
    assert_string_equal(words_duration(out, INT64_MAX), "2,562,047,788,015,215h 30m");
}

static void test_counts_and_places(void **state)
{
    (void)state;
    char count[WORDS_COUNT_MAX], places[WORDS_PLACES_MAX];
    assert_string_equal(words_count(count, 0, "member", "members"), "0 members");
    assert_string_equal(words_count(count, 1, "member", "members"), "1 member");
    assert_string_equal(words_count(count, 1214, "member", "members"), "1,214 members");
    assert_string_equal(words_places(places, 1, 10, 214), "1 – 10 of 214");
    assert_string_equal(words_places(places, 11, 11, 1011), "11 of 1,011");
    words_places(places, INT64_MAX - 1, INT64_MAX, INT64_MAX);
    assert_string_equal(places,
                        "9,223,372,036,854,775,806 – 9,223,372,036,854,775,807 of 9,223,372,036,854,775,807");
}

static void test_percents_have_no_decimals(void **state)
{
    (void)state;
    char out[WORDS_MAX];
    assert_string_equal(words_percent(out, 588, 1925), "31%"); /* 30.5 */
    assert_string_equal(words_percent(out, 29, 100), "29%");
    assert_string_equal(words_percent(out, 100, 100), "100%");
    assert_string_equal(words_percent(out, 999, 1000), "99%");
    assert_string_equal(words_percent(out, 1, 100), "1%");
    assert_string_equal(words_percent(out, 99, 10000), "<1%");
    assert_string_equal(words_percent(out, 0, 100), "<1%");
    assert_string_equal(words_percent(out, 5, 0), "<1%");
    assert_string_equal(words_percent(out, INT64_MAX, INT64_MAX), "100%");
}

static void test_days(void **state)
{
    (void)state;
    char out[WORDS_MAX];
    assert_string_equal(words_month(20779), "Nov");
    assert_string_equal(words_day(out, 20779), "22 Nov");
    assert_string_equal(words_weekday(out, 20779), "Sun 22 Nov");
    assert_string_equal(words_date(out, 20779), "22 Nov 2026");
    assert_string_equal(words_weekday(out, 0), "Thu 1 Jan");
    /* Borders of years, and of the one with 29 February. */
    assert_string_equal(words_date(out, 20453), "31 Dec 2025");
    assert_string_equal(words_date(out, 20454), "1 Jan 2026");
    assert_string_equal(words_weekday(out, 21243), "Tue 29 Feb");
    assert_string_equal(words_weekday(out, 21244), "Wed 1 Mar");
    /* What is no day of ours. */
    assert_string_equal(words_date(out, -1), "1 Jan 1970");
    assert_string_equal(words_date(out, INT64_MAX), "31 Dec 9999");
}

static void assert_clean(const char *name, const char *expected)
{
    char *clean = words_clean(name);
    assert_string_equal(clean, expected);
    free(clean);
}

static void test_names_become_one_harmless_line(void **state)
{
    (void)state;
    assert_clean(NULL, "");
    assert_clean("", "");
    assert_clean(" \t\n ", "");
    assert_clean("  Ann  ", "Ann");
    assert_clean("two\r\nlines\x7F"
                 "del",
                 "two  lines del");
    assert_clean("a\xE2\x80\xA8"
                 "b\xE2\x80\xA9"
                 "c\xC2\x85"
                 "d",
                 "a b c d"); /* U+2028, U+2029, U+0085 */
    assert_clean("\xE2\x80\xAE"
                 "evil\xE2\x80\xAC \xE2\x81\xA7"
                 "iso\xE2\x81\xA9",
                 "evil iso");
    assert_clean("bad \xFF\xC3 end", "bad \xEF\xBF\xBD\xEF\xBF\xBD end");
    assert_clean("cut \xF0\x9F\xA6", "cut \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_clean("夜更かし 👨‍👩‍👧 نورا", "夜更かし 👨‍👩‍👧 نورا");
}

static void test_names_are_bounded(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    char *name = malloc(4 * MANY + 1);
    for (size_t i = 0; i < MANY; i++)
        memcpy(name + 4 * i, "😀", 4);
    name[4 * MANY] = '\0';
    char *clean = words_clean(name);
    assert_int_equal(strlen(clean), 4 * 128);
    free(clean);
    free(name);
}

static void test_names_to_be_seen(void **state)
{
    (void)state;
    static const char *const seen[] = {"a", "夜", "🦊", " . ", "\u200Bx", "نورا", "\xFF"};
    static const char *const unseen[] = {
        NULL,           "",      " ", "\n", "\u202E", "\u2066\u2069", "\u200B\u200D", "\u3164", "\u2800\u2800",
        "\u200F\u200F", "\u0301"};
    for (size_t i = 0; i < sizeof(seen) / sizeof(*seen); i++)
        assert_true(words_visible(seen[i]));
    for (size_t i = 0; i < sizeof(unseen) / sizeof(*unseen); i++)
        assert_false(words_visible(unseen[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_have_thousands_separators),
        cmocka_unit_test(test_durations_cut_seconds),
        cmocka_unit_test(test_counts_and_places),
        cmocka_unit_test(test_percents_have_no_decimals),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_names_become_one_harmless_line),
        cmocka_unit_test(test_names_are_bounded),
        cmocka_unit_test(test_names_to_be_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
