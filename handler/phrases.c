#include "handler/phrases.h"

#include "handler/choices.h"
#include "render/words.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MIDDLE_DOT  " \u00B7 "
#define EN_DASH     " \u2013 "
#define ELLIPSIS    "\u2026"
#define ISOLATE     "\u2068" /* what follows has a direction of its own */
#define POP_ISOLATE "\u2069"

/* Time ranges ---------------------------------------------------------------------------------------------- */

static const char *const when[N_TIME_RANGES] = {
    [RANGE_TODAY] = "today",
    [RANGE_PAST_24H] = "in the past 24 hours",
    [RANGE_PAST_72H] = "in the past 72 hours",
    [RANGE_PAST_7D] = "in the past 7 days",
    [RANGE_PAST_14D] = "in the past 14 days",
    [RANGE_THIS_MONTH] = "this month",
    [RANGE_THIS_YEAR] = "this year",
    [RANGE_ALL_TIME] = "so far",
};

const char *phrases_when(enum time_range range)
{
    return when[range];
}

static struct tm utc(int64_t seconds)
{
    const time_t t = (time_t)seconds;
    struct tm tm;
    gmtime_r(&t, &tm);
    return tm;
}

static const char *month(const struct tm *tm)
{
    static const char names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return names[tm->tm_mon];
}

/* Days of one year, with nothing said twice: "22 Nov 2026", "1 – 22 Nov 2026", "1 Jan – 22 Nov 2026". */
static void days(struct buffer *out, const struct tm *from, const struct tm *until)
{
    if (from->tm_mon != until->tm_mon)
        buffer_printf(out, "%d %s" EN_DASH, from->tm_mday, month(from));
    else if (from->tm_mday != until->tm_mday)
        buffer_printf(out, "%d" EN_DASH, from->tm_mday);
    buffer_printf(out, "%d %s %d", until->tm_mday, month(until), until->tm_year + 1900);
}

static void minute(struct buffer *out, const struct tm *tm)
{
    buffer_printf(out, "%d %s %02d:%02d", tm->tm_mday, month(tm), tm->tm_hour, tm->tm_min);
}

void phrases_range(struct buffer *out, enum time_range range, int64_t from, int64_t until)
{
    const struct tm first = utc(from);
    const struct tm last = utc(until);
    buffer_printf(out, "%s" MIDDLE_DOT, choices_ranges.list[range].label);
    switch (range) {
    case RANGE_TODAY:
    case RANGE_THIS_MONTH:
    case RANGE_THIS_YEAR:
        days(out, &first, &last);
        break;
    case RANGE_PAST_24H:
    case RANGE_PAST_72H:
    case RANGE_PAST_7D:
    case RANGE_PAST_14D:
        minute(out, &first);
        buffer_append_string(out, EN_DASH);
        minute(out, &last);
        break;
    case RANGE_ALL_TIME:
        buffer_append_string(out, "until ");
        days(out, &last, &last);
        break;
    case N_TIME_RANGES:
        break;
    }
    buffer_append_string(out, " UTC");
}

/* Numbers and names ---------------------------------------------------------------------------------------- */

void phrases_duration(struct buffer *out, int64_t seconds)
{
    char text[WORDS_MAX];
    buffer_append_string(out, words_duration(text, seconds));
}

void phrases_count(struct buffer *out, int64_t n, const char *one, const char *many)
{
    char text[WORDS_MAX];
    buffer_printf(out, "%s %s", words_number(text, n), n == 1 ? one : many);
}

/* Bytes of the character at s, which is valid UTF-8. */
static size_t character(const char *s)
{
    size_t n = 1;
    while ((s[n] & 0xC0) == 0x80)
        n++;
    return n;
}

/* ASCII that Discord's markup may take for its own; a backslash before any of it makes it plain. */
static bool is_markup(char c)
{
    return strchr("\\`*_~|<>@#:[]()-+.!/", c) != NULL;
}

static void append_name(struct buffer *out, const char *name, int max_characters, bool markdown)
{
    char *const clean = words_clean(name);
    int left = max_characters;
    size_t n;
    for (const char *s = clean; *s != '\0'; s += n) {
        n = character(s);
        if (left-- == 0) {
            buffer_append_string(out, ELLIPSIS);
            break;
        }
        if (markdown && is_markup(*s))
            buffer_append(out, "\\", 1);
        buffer_append(out, s, n);
    }
    free(clean);
}

void phrases_name(struct buffer *out, const char *name, int max_characters)
{
    append_name(out, name, max_characters, false);
}

void phrases_name_markdown(struct buffer *out, const char *name, int max_characters)
{
    buffer_append_string(out, ISOLATE);
    append_name(out, name, max_characters, true);
    buffer_append_string(out, POP_ISOLATE);
}

void phrases_cut(struct buffer *text, int max_characters)
{
    size_t end = 0;
    while (end < text->len && max_characters-- > 0)
        end += character(text->data + end);
    if (end < text->len) {
        text->len = end;
        text->data[end] = '\0';
    }
}
