/* What messages and pictures say besides numbers and names (those: render/words.h). Pure. All texts are UTF-8.
 */
#pragma once

#include "db/leaderboard.h"
#include "infra/mem.h"

#include <stdbool.h>
#include <stdint.h>

/* "This month", the name of the choice. */
const char *phrases_range_label(enum time_range range);
/* "this_month", the value of the choice. */
const char *phrases_range_value(enum time_range range);
/* False for anything that is no value of a choice. */
bool phrases_range_parse(const char *value, enum time_range *out);
/* "This month · 1 – 22 Nov 2026 UTC". Times are unix seconds; from does not matter for all time. */
void phrases_range(struct buffer *out, enum time_range range, int64_t from, int64_t until);
/* "Nobody was in voice this month yet." */
const char *phrases_nobody(enum time_range range);

/* "9h 05m". */
void phrases_duration(struct buffer *out, int64_t seconds);
/* "1 member", "2,140 members". */
void phrases_count(struct buffer *out, int64_t n, const char *one, const char *many);

/* A name that somebody chose, for places without markup: cut to max_characters (at most 128) with an ellipsis.
 */
void phrases_name(struct buffer *out, const char *name, int max_characters);
/* The same for markdown: nothing in it is markup, a mention or a link, and its direction stays its own. */
void phrases_name_markdown(struct buffer *out, const char *name, int max_characters);

/* Cuts text to at most max_characters. */
void phrases_cut(struct buffer *text, int max_characters);
