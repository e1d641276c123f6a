/*
 * Everything that is said in words and numbers (looks/LOOKS.md, "Words and numbers"). Pure. All texts are
 * UTF-8.
 */
#pragma once

#include "db/leaderboard.h"
#include "infra/mem.h"

#include <stdbool.h>
#include <stdint.h>

/* "This month", the name of the choice. */
const char *words_range_label(enum time_range range);
/* "this_month", the value of the choice. */
const char *words_range_value(enum time_range range);
/* False for anything that is no value of a choice. */
bool words_range_parse(const char *value, enum time_range *out);
/* "This month · 1 – 22 Nov 2026 UTC". Times are unix seconds; from does not matter for all time. */
void words_range(struct buffer *out, enum time_range range, int64_t from, int64_t until);
/* "Nobody was in voice this month yet." */
const char *words_nobody(enum time_range range);

/* "0m", "58m", "9h 05m", "2,780h 00m": seconds are cut. */
void words_duration(struct buffer *out, int64_t seconds);
/* "1 member", "2,140 members". */
void words_count(struct buffer *out, int64_t n, const char *one, const char *many);

/*
 * A name that somebody chose, for places without markup: cut to max_characters with an ellipsis, line breaks
 * and controls as spaces, without bidi overrides. Bytes that are no UTF-8 become "?".
 */
void words_name(struct buffer *out, const char *name, int max_characters);
/* The same for markdown: nothing in it is markup, a mention or a link, and its direction stays its own. */
void words_name_markdown(struct buffer *out, const char *name, int max_characters);

/* Cuts text to at most max_characters. */
void words_cut(struct buffer *text, int max_characters);
