#include "handler/phrases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define assert_words(call, expected)                                                                           \
    do {                                                                                                       \
        struct buffer out = {0};                                                                               \
        buffer_append(&out, "", 0);                                                                            \
        call;                                                                                                  \
        assert_string_equal(out.data, expected);                                                               \
        buffer_finish(&out);                                                                                   \
    } while (0)

/* 22 Nov 2026 15:04:05 UTC */
enum { NOW = 1795359845, MINUTE = 60, HOUR = 3600, DAY = 86400 };
enum { MIDNIGHT = NOW - NOW % DAY, FIRST_OF_MONTH = MIDNIGHT - 21 * DAY, NEW_YEAR = 1767225600 };

static void test_ranges(void **state)
{
    (void)state;
    assert_words(phrases_range(&out, RANGE_TODAY, MIDNIGHT, NOW), "Today · 22 Nov 2026 UTC");
    assert_words(phrases_range(&out, RANGE_PAST_24H, NOW - DAY, NOW),
                 "Past 24 hours · 21 Nov 15:04 – 22 Nov 15:04 UTC");
    assert_words(phrases_range(&out, RANGE_PAST_72H, NOW - 3 * DAY, NOW),
                 "Past 72 hours · 19 Nov 15:04 – 22 Nov 15:04 UTC");
    assert_words(phrases_range(&out, RANGE_PAST_7D, NOW - 7 * DAY, NOW),
                 "Past 7 days · 15 Nov 15:04 – 22 Nov 15:04 UTC");
    assert_words(phrases_range(&out, RANGE_PAST_14D, NOW - 14 * DAY, NOW),
                 "Past 14 days · 8 Nov 15:04 – 22 Nov 15:04 UTC");
    assert_words(phrases_range(&out, RANGE_THIS_MONTH, FIRST_OF_MONTH, NOW),
                 "This month · 1 – 22 Nov 2026 UTC");
    assert_words(phrases_range(&out, RANGE_THIS_MONTH, FIRST_OF_MONTH, FIRST_OF_MONTH + HOUR),
                 "This month · 1 Nov 2026 UTC");
    assert_words(phrases_range(&out, RANGE_THIS_YEAR, NEW_YEAR, NOW), "This year · 1 Jan – 22 Nov 2026 UTC");
    assert_words(phrases_range(&out, RANGE_THIS_YEAR, NEW_YEAR, NEW_YEAR + 9 * DAY),
                 "This year · 1 – 10 Jan 2026 UTC");
    assert_words(phrases_range(&out, RANGE_ALL_TIME, NEW_YEAR, NOW), "All time · since 1 Jan 2026 UTC");
}

static void test_not_counting(void **state)
{
    (void)state;
    const struct db_counting today = {.silent_since = NOW - HOUR}, yesterday = {.silent_since = MIDNIGHT - 1},
                             off = {.off = true, .silent_since = NOW - HOUR}, well = {0};
    assert_words(phrases_not_counting(&out, &today, NOW), "Not counting since 14:04 UTC");
    assert_words(phrases_not_counting(&out, &yesterday, NOW), "Not counting since 21 Nov 23:59 UTC");
    assert_words(phrases_not_counting(&out, &off, NOW), "Tracking is off");
    assert_words(assert_false(phrases_not_counting(&out, &well, NOW)), "");
}

static void test_durations(void **state)
{
    (void)state;
    assert_words(phrases_duration(&out, 0), "0m");
    assert_words(phrases_duration(&out, 59), "<1m");
    assert_words(phrases_duration(&out, 58 * MINUTE + 59), "58m");
    assert_words(phrases_duration(&out, HOUR), "1h 00m");
    assert_words(phrases_duration(&out, 9 * HOUR + 5 * MINUTE + 59), "9h 05m");
    assert_words(phrases_duration(&out, 999 * HOUR), "999h 00m");
    assert_words(phrases_duration(&out, 2780 * (int64_t)HOUR), "2,780h 00m");
    assert_words(phrases_duration(&out, 1234567 * (int64_t)HOUR), "1,234,567h 00m");
    assert_words(phrases_duration(&out, -5), "0m");
}

static void test_counts(void **state)
{
    (void)state;
    assert_words(phrases_count(&out, 1, "member", "members"), "1 member");
    assert_words(phrases_count(&out, 0, "member", "members"), "0 members");
    assert_words(phrases_count(&out, 2140, "member", "members"), "2,140 members");
}

static void test_names(void **state)
{
    (void)state;
    assert_words(phrases_name(&out, "Mira Kovač", 100), "Mira Kovač");
    assert_words(phrases_name(&out, "夜更かし", 100), "夜更かし");
    assert_words(phrases_name(&out, "夜更かし", 4), "夜更かし");
    assert_words(phrases_name(&out, "夜更かし", 3), "夜更か…");
    assert_words(phrases_name(&out,
                              "a\nb\tc\x7f"
                              "d\xc2\x85"
                              "e\u2028f",
                              100),
                 "a b c d e f");
    assert_words(phrases_name(&out, "\u202Eevil\u202C\u2066x\u2069", 100), "evilx");
    assert_words(phrases_name(&out, "*x*", 100), "*x*");
}

static void test_broken_utf8(void **state)
{
    (void)state;
    assert_words(phrases_name(&out, "a\377b", 100), "a\uFFFDb");
    assert_words(phrases_name_markdown(&out, "a\303", 100), "\u2068a\uFFFD\u2069");
    assert_words(phrases_name(&out, "", 100), "");
}

static void test_markdown(void **state)
{
    (void)state;
    assert_words(phrases_name_markdown(&out, "plain", 100), "\u2068plain\u2069");
    assert_words(phrases_name_markdown(&out, "**b** _i_ `c` ~s~ |p|", 100),
                 "\u2068\\*\\*b\\*\\* \\_i\\_ \\`c\\` \\~s\\~ \\|p\\|\u2069");
    assert_words(phrases_name_markdown(&out, "<@1> @everyone #x", 100),
                 "\u2068\\<\\@1\\> \\@everyone \\#x\u2069");
    assert_words(phrases_name_markdown(&out, "[a](http://b.c)", 100),
                 "\u2068\\[a\\]\\(http\\:\\/\\/b\\.c\\)\u2069");
    assert_words(phrases_name_markdown(&out, "\\", 100), "\u2068\\\\\u2069");
    /* characters are counted, not the backslashes, and no escape is cut in two */
    assert_words(phrases_name_markdown(&out, "****", 3), "\u2068\\*\\*\\*…\u2069");
}

static void test_cut(void **state)
{
    (void)state;
    struct buffer text = {0};
    buffer_append_string(&text, "ab夜更");
    phrases_cut(&text, 4);
    assert_string_equal(text.data, "ab夜更");
    phrases_cut(&text, 3);
    assert_string_equal(text.data, "ab夜");
    assert_int_equal(text.len, strlen("ab夜"));
    phrases_cut(&text, 0);
    assert_string_equal(text.data, "");
    buffer_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),    cmocka_unit_test(test_not_counting),
        cmocka_unit_test(test_durations), cmocka_unit_test(test_counts),
        cmocka_unit_test(test_names),     cmocka_unit_test(test_broken_utf8),
        cmocka_unit_test(test_markdown),  cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
