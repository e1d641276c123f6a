#include "handler/periods.h"

#include "handler/phrases.h"
#include "render/date.h"
#include "render/words.h"

#define DASH " \u2013 "

enum { DAY_SECONDS = 86400 };

/* Ranges --------------------------------------------------------------------------------------------------- */

static const char *const lengths[N_STATS_VIEWS] = {[STATS_YEARLY] = "365 days",
                                                   [STATS_MONTHLY] = "4 months",
                                                   [STATS_WEEKLY] = "4 weeks",
                                                   [STATS_HOURLY] = "4 days"};

/* "Aug – Nov 2026", "Nov 2025 – Feb 2026". */
static void append_months(struct buffer *out, int64_t first, int64_t last)
{
    const struct date from = date_of(first), to = date_of(last);
    buffer_append_string(out, words_month(first));
    if (from.year != to.year)
        buffer_printf(out, " %d", from.year);
    buffer_printf(out, DASH "%s %d", words_month(last), to.year);
}

void periods_range(struct buffer *out, enum stats_view view, const struct db_stats *stats)
{
    buffer_printf(out, "%s \u00B7 ", lengths[view]);
    if (view == STATS_MONTHLY)
        append_months(out, stats->from / DAY_SECONDS, stats->until / DAY_SECONDS);
    else
        phrases_days(out, stats->from / DAY_SECONDS, stats->until / DAY_SECONDS);
    buffer_append_string(out, " UTC");
}

const char *periods_when(enum stats_view view)
{
    static const char *const when[N_STATS_VIEWS] = {
        [STATS_YEARLY] = "in the past 365 days",
        [STATS_MONTHLY] = "this month or in the three before",
        [STATS_WEEKLY] = "this week or in the three before",
        [STATS_HOURLY] = "today or in the three days before",
    };
    return when[view];
}

const char *periods_subtitle(enum stats_view view, bool of_member, enum statistic statistic)
{
    static const char *const of_members[N_STATS_VIEWS] = {
        [STATS_YEARLY] = "Voice activity",
        [STATS_MONTHLY] = "Daily voice time",
        [STATS_WEEKLY] = "Daily voice time",
        [STATS_HOURLY] = "Hourly voice time",
    };
    static const char *const of_servers[N_STATISTICS][2] = {
        [STATISTIC_AVERAGE] = {"Average per member per day", "Average per member per hour"},
        [STATISTIC_TOTAL] = {"Total voice time per day", "Total voice time per hour"},
        [STATISTIC_UNIQUE] = {"Unique members per day", "Unique members per hour"},
    };
    return of_member ? of_members[view] : of_servers[statistic][view == STATS_HOURLY];
}

/* Names of periods ----------------------------------------------------------------------------------------- */

/* "9–15 Nov", "26 Oct–1 Nov". */
static void append_week(struct buffer *out, int64_t monday)
{
    char text[WORDS_MAX];
    const struct date first = date_of(monday), last = date_of(monday + 6);
    if (first.month == last.month)
        buffer_printf(out, "%d", first.day);
    else
        buffer_append_string(out, words_day(text, monday));
    buffer_printf(out, "\u2013%s", words_day(text, monday + 6));
}

/* "Sat 21". */
static void append_weekday(struct buffer *out, int64_t day)
{
    const struct date date = date_of(day);
    buffer_printf(out, "%s %d", words_weekday_name(date.weekday), date.day);
}

void periods_label(struct buffer *out, enum stats_view view, size_t i, const struct db_stats_period *period)
{
    static const char *const months[12] = {"January",   "February", "March",    "April",
                                           "May",       "June",     "July",     "August",
                                           "September", "October",  "November", "December"};
    switch (view) {
    case STATS_MONTHLY:
        buffer_append_string(out, months[date_of(period->first_day).month - 1]);
        break;
    case STATS_WEEKLY:
        if (i == 0)
            buffer_append_string(out, "This week");
        else
            append_week(out, period->first_day);
        break;
    case STATS_HOURLY:
        if (i == 0)
            buffer_append_string(out, "Today");
        else
            append_weekday(out, period->first_day);
        break;
    case STATS_YEARLY: /* has no names */
    case N_STATS_VIEWS:
        break;
    }
}

void periods_short_label(struct buffer *out, enum stats_view view, const struct db_stats_period *period)
{
    char text[WORDS_MAX];
    buffer_append_string(out, view == STATS_MONTHLY ? words_month(period->first_day)
                                                    : words_day(text, period->first_day));
}
