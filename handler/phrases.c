#include "handler/phrases.h"

#include "handler/choices.h"
#include "render/date.h"
#include "render/words.h"

#include <stdlib.h>
#include <string.h>

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
    [RANGE_ALL_TIME] = "yet",
};

const char *phrases_when(enum time_range range)
{
    return when[range];
}

enum { DAY = 86400 };

void phrases_days(struct buffer *out, int64_t first, int64_t last)
{
    char text[WORDS_MAX];
    const struct date from = date_of(first), to = date_of(last);
    if (from.year != to.year)
        buffer_printf(out, "%s" EN_DASH, words_date(text, first));
    else if (from.month != to.month)
        buffer_printf(out, "%s" EN_DASH, words_day(text, first));
    else if (from.day != to.day)
        buffer_printf(out, "%d" EN_DASH, from.day);
    buffer_append_string(out, words_date(text, last));
}

/* "09:05". */
static void time_of_day(struct buffer *out, int64_t seconds)
{
    const int minutes = (int)(seconds % DAY / 60);
    buffer_printf(out, "%02d:%02d", minutes / 60, minutes % 60);
}

/* "22 Nov 09:05". */
static void minute(struct buffer *out, int64_t seconds)
{
    char text[WORDS_MAX];
    buffer_printf(out, "%s ", words_day(text, seconds / DAY));
    time_of_day(out, seconds);
}

void phrases_range(struct buffer *out, enum time_range range, int64_t from, int64_t until)
{
    buffer_printf(out, "%s" MIDDLE_DOT, choices_ranges.list[range].label);
    switch (range) {
    case RANGE_TODAY:
    case RANGE_THIS_MONTH:
    case RANGE_THIS_YEAR:
        phrases_days(out, from / DAY, until / DAY);
        break;
    case RANGE_PAST_24H:
    case RANGE_PAST_72H:
    case RANGE_PAST_7D:
    case RANGE_PAST_14D:
        minute(out, from);
        buffer_append_string(out, EN_DASH);
        minute(out, until);
        break;
    case RANGE_ALL_TIME:
        buffer_append_string(out, "since ");
        phrases_days(out, from / DAY, from / DAY);
        break;
    case N_TIME_RANGES:
        break;
    }
    buffer_append_string(out, " UTC");
}

bool phrases_not_counting(struct buffer *out, const struct db_counting *counting, int64_t now)
{
    if (counting->off) {
        buffer_append_string(out, "Tracking is off");
    } else if (counting->silent_since != 0) {
        buffer_append_string(out, "Not counting since ");
        (counting->silent_since / DAY == now / DAY ? time_of_day : minute)(out, counting->silent_since);
        buffer_append_string(out, " UTC");
    } else {
        return false;
    }
    return true;
}

/* Numbers and names ---------------------------------------------------------------------------------------- */

void phrases_duration(struct buffer *out, int64_t seconds)
{
    char text[WORDS_MAX];
    buffer_append_string(out, words_duration(text, seconds));
}

void phrases_count(struct buffer *out, int64_t n, const char *one, const char *many)
{
    char text[WORDS_COUNT_MAX];
    buffer_append_string(out, words_count(text, n, one, many));
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
