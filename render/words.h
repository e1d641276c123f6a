/* Numbers, durations and names as they stand on cards (and in their alt texts). Pure. */
#pragma once

#include <stdint.h>

enum { WORDS_MAX = 40 };

/* "2,780" into out, which is returned. */
const char *words_number(char out[WORDS_MAX], int64_t n);
/* "58m", from an hour on "9h 05m", "2,780h 00m". Seconds are cut, not rounded; below 0 is 0. */
const char *words_duration(char out[WORDS_MAX], int64_t seconds);

/*
 * A name of foreign hands as one harmless line: broken UTF-8 is repaired, control characters and line breaks
 * become a space, embeddings, overrides and isolates of direction are dropped, spaces at both ends are cut, and
 * so is all beyond 128 characters. NULL gives "". The caller frees.
 */
char *words_clean(const char *name);
