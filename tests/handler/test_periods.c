#include "handler/periods.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { DAY_SECONDS = 86400, NOV_22_2026 = 20779 /* a Sunday */ };

static void expect(struct buffer *out, const char *words)
{
    assert_string_equal(out->data, words);
    buffer_finish(out);
    *out = (struct buffer){0};
}

static void expect_range(enum stats_view view, int64_t first, int64_t last, const char *words)
{
    const struct db_stats stats = {.from = first * DAY_SECONDS, .until = last * DAY_SECONDS + 50000};
    struct buffer out = {0};
    periods_range(&out, view, &stats);
    expect(&out, words);
}

static void test_ranges(void **state)
{
    (void)state;
    const int64_t today = NOV_22_2026;
    expect_range(STATS_YEARLY, today - 364, today, "365 days · 23 Nov 2025 – 22 Nov 2026 UTC");
    expect_range(STATS_MONTHLY, today - 113, today, "4 months · Aug – Nov 2026 UTC");
    expect_range(STATS_MONTHLY, today - 300, today - 240, "4 months · Jan – Mar 2026 UTC");
    expect_range(STATS_MONTHLY, today - 370, today - 290, "4 months · Nov 2025 – Feb 2026 UTC");
    expect_range(STATS_WEEKLY, today - 27, today, "4 weeks · 26 Oct – 22 Nov 2026 UTC");
    expect_range(STATS_HOURLY, today - 3, today, "4 days · 19 – 22 Nov 2026 UTC");
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        enum stats_view view;
        size_t i;
        int64_t first_day;
        const char *name, *short_name;
    } cases[] = {
        {STATS_MONTHLY, 0, NOV_22_2026 - 21, "November", "Nov"},
        {STATS_MONTHLY, 2, NOV_22_2026 - 82, "September", "Sep"},
        {STATS_WEEKLY, 0, NOV_22_2026 - 6, "This week", "16 Nov"},
        {STATS_WEEKLY, 1, NOV_22_2026 - 13, "9–15 Nov", "9 Nov"},
        {STATS_WEEKLY, 3, NOV_22_2026 - 27, "26 Oct–1 Nov", "26 Oct"},
        {STATS_HOURLY, 0, NOV_22_2026, "Today", "22 Nov"},
        {STATS_HOURLY, 1, NOV_22_2026 - 1, "Sat 21", "21 Nov"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct db_stats_period period = {.first_day = cases[i].first_day};
        struct buffer out = {0};
        periods_label(&out, cases[i].view, cases[i].i, &period);
        expect(&out, cases[i].name);
        periods_short_label(&out, cases[i].view, &period);
        expect(&out, cases[i].short_name);
    }
}

static void test_every_view_has_words(void **state)
{
    (void)state;
    for (int view = 0; view < N_STATS_VIEWS; view++) {
        assert_non_null(periods_when((enum stats_view)view));
        assert_non_null(periods_subtitle((enum stats_view)view, true, STATISTIC_TOTAL));
        for (int statistic = 0; statistic < N_STATISTICS; statistic++)
            assert_non_null(periods_subtitle((enum stats_view)view, false, (enum statistic)statistic));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_every_view_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
