#include "render/words.h"

#include "infra/mem.h"
#include "render/date.h"

#include <glib.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_CHARACTERS = 128 };

const char *words_number(char out[WORDS_MAX], int64_t n)
{
    char digits[WORDS_MAX];
    const int len = snprintf(digits, sizeof(digits), "%" PRId64, n < 0 ? 0 : n);
    char *end = out;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            *end++ = ',';
        *end++ = digits[i];
    }
    *end = '\0';
    return out;
}

const char *words_minutes(char out[WORDS_MAX], int64_t seconds)
{
    if (seconds > 0 && seconds < 60)
        snprintf(out, WORDS_MAX, "<1");
    else
        snprintf(out, WORDS_MAX, "%" PRId64, seconds < 0 ? 0 : seconds / 60);
    return out;
}

const char *words_duration(char out[WORDS_MAX], int64_t seconds)
{
    const int64_t minutes = seconds < 0 ? 0 : seconds / 60;
    if (minutes < 60) {
        char figures[WORDS_MAX];
        snprintf(out, WORDS_MAX, "%sm", words_minutes(figures, seconds));
        return out;
    }
    words_number(out, minutes / 60);
    const size_t len = strlen(out);
    snprintf(out + len, WORDS_MAX - len, "h %02" PRId64 "m", minutes % 60);
    return out;
}

const char *words_count(char out[WORDS_COUNT_MAX], int64_t n, const char *one, const char *many)
{
    char number[WORDS_MAX];
    snprintf(out, WORDS_COUNT_MAX, "%s %s", words_number(number, n), n == 1 ? one : many);
    return out;
}

const char *words_places(char out[WORDS_PLACES_MAX], int64_t first, int64_t last, int64_t all)
{
    char from[WORDS_MAX], to[WORDS_MAX], of[WORDS_MAX];
    words_number(from, first);
    words_number(to, last);
    words_number(of, all);
    if (first == last)
        snprintf(out, WORDS_PLACES_MAX, "%s of %s", to, of);
    else
        snprintf(out, WORDS_PLACES_MAX, "%s \u2013 %s of %s", from, to, of);
    return out;
}

const char *words_percent(char out[WORDS_MAX], int64_t part, int64_t whole)
{
    const double percent = whole > 0 ? 100. * (double)part / (double)whole : 0;
    if (percent < 1)
        snprintf(out, WORDS_MAX, "<1%%");
    else
        snprintf(out, WORDS_MAX, "%.0f%%", part < whole ? fmin(percent, 99) : percent);
    return out;
}

const char *words_month(int64_t day)
{
    static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return names[date_of(day).month - 1];
}

const char *words_day(char out[WORDS_MAX], int64_t day)
{
    snprintf(out, WORDS_MAX, "%d %s", date_of(day).day, words_month(day));
    return out;
}

const char *words_weekday_name(int weekday)
{
    static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    return names[weekday];
}

const char *words_weekday(char out[WORDS_MAX], int64_t day)
{
    const struct date date = date_of(day);
    snprintf(out, WORDS_MAX, "%s %d %s", words_weekday_name(date.weekday), date.day, words_month(day));
    return out;
}

const char *words_date(char out[WORDS_MAX], int64_t day)
{
    const struct date date = date_of(day);
    snprintf(out, WORDS_MAX, "%d %s %d", date.day, words_month(day), date.year);
    return out;
}

/* What could turn the direction of the text around it, or of the whole row. */
static bool is_direction(gunichar c)
{
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

static bool is_break(gunichar c)
{
    const GUnicodeType type = g_unichar_type(c);
    return type == G_UNICODE_CONTROL || type == G_UNICODE_LINE_SEPARATOR ||
           type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

char *words_clean(const char *name)
{
    if (name == NULL)
        return mem_strdup("");
    /* No character is longer than four bytes, and none of the first 128 is cut by this. */
    char *const valid = g_utf8_make_valid(name, (gssize)strnlen(name, (size_t)4 * NAME_CHARACTERS));
    struct buffer out = {0};
    int n = 0;
    for (const char *p = valid; *p != '\0' && n < NAME_CHARACTERS; p = g_utf8_find_next_char(p, NULL)) {
        const gunichar c = g_utf8_get_char(p);
        if (is_direction(c))
            continue;
        if (is_break(c))
            buffer_append(&out, " ", 1);
        else
            buffer_append(&out, p, (size_t)(g_utf8_find_next_char(p, NULL) - p));
        n++;
    }
    g_free(valid);
    if (out.data == NULL)
        return mem_strdup("");
    g_strstrip(out.data);
    return out.data;
}

/* Letters and signs by Unicode, which no font shows anything of: Hangul fillers, the blank of Braille. */
static bool is_filler(gunichar c)
{
    return c == 0x115F || c == 0x1160 || c == 0x2800 || c == 0x3164 || c == 0xFFA0;
}

bool words_visible(const char *name)
{
    char *const clean = words_clean(name);
    bool visible = false;
    for (const char *p = clean; *p != '\0' && !visible; p = g_utf8_find_next_char(p, NULL)) {
        const gunichar c = g_utf8_get_char(p);
        visible = g_unichar_isgraph(c) && !g_unichar_ismark(c) && !is_filler(c);
    }
    free(clean);
    return visible;
}
