/* Numbers, durations and names as they stand on cards (and in their alt texts). Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { WORDS_MAX = 40, WORDS_COUNT_MAX = 80, WORDS_PLACES_MAX = 128 };

/* "2,780" into out, which is returned. */
const char *words_number(char out[WORDS_MAX], int64_t n);
/* "58m", "<1m" from a second on, from an hour on "9h 05m", "2,780h 00m". Seconds are cut, not rounded; below 0 is
 * 0. */
const char *words_duration(char out[WORDS_MAX], int64_t seconds);
/* The figures of a duration below an hour: "58", "<1", "0". */
const char *words_minutes(char out[WORDS_MAX], int64_t seconds);
/* "1 member", "214 members". */
const char *words_count(char out[WORDS_COUNT_MAX], int64_t n, const char *one, const char *many);
/* "1 – 10 of 214"; "11 of 11" for one alone. */
const char *words_places(char out[WORDS_PLACES_MAX], int64_t first, int64_t last, int64_t all);
/* "Mon" for 0, as struct date has it. */
const char *words_weekday_name(int weekday);
/* Of a day since 1970, UTC: "Nov", "22 Nov", "Sun 22 Nov", "22 Nov 2026". */
const char *words_month(int64_t day);
const char *words_day(char out[WORDS_MAX], int64_t day);
const char *words_weekday(char out[WORDS_MAX], int64_t day);
const char *words_date(char out[WORDS_MAX], int64_t day);
/* "58%", rounded; "<1%" below one, "100%" only for all. */
const char *words_percent(char out[WORDS_MAX], int64_t part, int64_t whole);

/*
 * A name of foreign hands as one harmless line: broken UTF-8 is repaired, control characters and line breaks
 * become a space, embeddings, overrides and isolates of direction are dropped, spaces at both ends are cut, and
 * so is all beyond 128 characters. NULL gives "". The caller frees.
 */
char *words_clean(const char *name);
/* Whether anything of a name can be seen: not where it is NULL, or all spaces, marks of direction and fillers. */
bool words_visible(const char *name);
