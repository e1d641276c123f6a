#include "handler/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MIDDLE_DOT  " \u00B7 "
#define EN_DASH     " \u2013 "
#define ELLIPSIS    "\u2026"
#define ISOLATE     "\u2068" /* what follows has a direction of its own */
#define POP_ISOLATE "\u2069"

/* Time ranges ---------------------------------------------------------------------------------------------- */

static const struct {
    const char *value, *label, *nobody;
} ranges[N_TIME_RANGES] = {
    [RANGE_TODAY] = {"today", "Today", "Nobody was in voice today yet."},
    [RANGE_PAST_24H] = {"past_24h", "Past 24 hours", "Nobody was in voice in the past 24 hours."},
    [RANGE_PAST_72H] = {"past_72h", "Past 72 hours", "Nobody was in voice in the past 72 hours."},
    [RANGE_PAST_7D] = {"past_7d", "Past 7 days", "Nobody was in voice in the past 7 days."},
    [RANGE_PAST_14D] = {"past_14d", "Past 14 days", "Nobody was in voice in the past 14 days."},
    [RANGE_THIS_MONTH] = {"this_month", "This month", "Nobody was in voice this month yet."},
    [RANGE_THIS_YEAR] = {"this_year", "This year", "Nobody was in voice this year yet."},
    [RANGE_ALL_TIME] = {"all_time", "All time", "Nobody was in voice yet."},
};

const char *words_range_label(enum time_range range)
{
    return ranges[range].label;
}

const char *words_range_value(enum time_range range)
{
    return ranges[range].value;
}

const char *words_nobody(enum time_range range)
{
    return ranges[range].nobody;
}

bool words_range_parse(const char *value, enum time_range *out)
{
    for (int i = 0; i < N_TIME_RANGES; i++) {
        if (strcmp(value, ranges[i].value) == 0) {
            *out = (enum time_range)i;
            return true;
        }
    }
    return false;
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

void words_range(struct buffer *out, enum time_range range, int64_t from, int64_t until)
{
    const struct tm first = utc(from);
    const struct tm last = utc(until);
    buffer_printf(out, "%s" MIDDLE_DOT, words_range_label(range));
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

/* Numbers -------------------------------------------------------------------------------------------------- */

static void thousands(struct buffer *out, int64_t n)
{
    char digits[24];
    const int len = snprintf(digits, sizeof(digits), "%" PRId64, n < 0 ? 0 : n);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            buffer_append(out, ",", 1);
        buffer_append(out, &digits[i], 1);
    }
}

void words_duration(struct buffer *out, int64_t seconds)
{
    const int64_t minutes = seconds < 0 ? 0 : seconds / 60;
    if (minutes < 60) {
        buffer_printf(out, "%dm", (int)minutes);
        return;
    }
    thousands(out, minutes / 60);
    buffer_printf(out, "h %02dm", (int)(minutes % 60));
}

void words_count(struct buffer *out, int64_t n, const char *one, const char *many)
{
    thousands(out, n);
    buffer_printf(out, " %s", n == 1 ? one : many);
}

/* Names ---------------------------------------------------------------------------------------------------- */

/* Bytes of the UTF-8 character at s, with the character in *out; 0 at the end of the text, -1 where it is no
 * UTF-8. */
static int decode(const char *s, uint32_t *out)
{
    const unsigned char *const p = (const unsigned char *)s;
    const int n = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? -1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : -1;
    if (p[0] == '\0' || n < 0)
        return p[0] == '\0' ? 0 : -1;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7Fu >> n);
    for (int i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return -1;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10FFFF)) || (c >= 0xD800 && c <= 0xDFFF))
        return -1;
    *out = c;
    return n;
}

/* Marks that turn the direction of what stands around them. */
static bool is_bidi_control(uint32_t c)
{
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
}

/* ASCII that Discord's markup may take for its own; a backslash before any of it makes it plain. */
static bool is_markup(uint32_t c)
{
    return c < 0x80 && strchr("\\`*_~|<>@#:[]()-+.!/", (int)c) != NULL;
}

static void append_name(struct buffer *out, const char *name, int max_characters, bool markdown)
{
    int left = max_characters;
    while (*name != '\0') {
        uint32_t c = '?';
        const int n = decode(name, &c);
        const char *const bytes = name;
        name += n > 0 ? n : 1;
        if (n > 0 && is_bidi_control(c))
            continue;
        if (left-- == 0) {
            buffer_append_string(out, ELLIPSIS);
            return;
        }
        if (n < 0)
            buffer_append(out, "?", 1);
        else if (is_control(c))
            buffer_append(out, " ", 1);
        else if (markdown && is_markup(c))
            buffer_printf(out, "\\%c", (int)c);
        else
            buffer_append(out, bytes, (size_t)n);
    }
}

void words_name(struct buffer *out, const char *name, int max_characters)
{
    append_name(out, name, max_characters, false);
}

void words_name_markdown(struct buffer *out, const char *name, int max_characters)
{
    buffer_append_string(out, ISOLATE);
    append_name(out, name, max_characters, true);
    buffer_append_string(out, POP_ISOLATE);
}

void words_cut(struct buffer *text, int max_characters)
{
    size_t end = 0;
    for (int characters = 0; end < text->len; characters++) {
        uint32_t c;
        const int n = decode(text->data + end, &c);
        if (characters == max_characters) {
            text->len = end;
            text->data[end] = '\0';
            return;
        }
        end += n > 0 ? (size_t)n : 1;
    }
}
