/* What messages and pictures say (numbers and names: render/words.h). Pure. All texts are UTF-8. */
#pragma once

#include "db/counting.h"
#include "db/range.h"
#include "infra/mem.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PHRASES_NAME = 100,    /* characters of a name in text */
    PHRASES_ALT_NAME = 40, /* and in the words for a picture: a dozen of them have to fit */
    PHRASES_ALT = 1024,    /* of those words in all: Discord's limit */
};

/* What is said where nothing can be. */
#define PHRASES_NO_DATABASE "I can't reach my records right now. Please try again in a minute."
#define PHRASES_UNKNOWN_SERVER                                                                                 \
    "I do not know this server yet. If I was added a moment ago, please try again in a minute. Otherwise ask " \
    "whoever runs this bot whether its tracker is running."

#define PHRASES_BOT           "Bots are not counted. Please choose a member."
#define PHRASES_UNKNOWN_RANGE "I do not know this time range. Please choose one from the list."
/* Of a control that this version cannot read. */
#define PHRASES_OLD_CONTROL(COMMAND) "I no longer understand this control. Please run `" COMMAND "` again."

/* "this month", "in the past 24 hours", "yet": when, at the end of a sentence that denies. */
const char *phrases_when(enum time_range range);
/* "This month · 1 – 22 Nov 2026 UTC". Times are unix seconds. */
void phrases_range(struct buffer *out, enum time_range range, int64_t from, int64_t until);

/* That nothing is counted at that moment, and why: "Tracking is off", "Not counting since 09:05 UTC", with the date where it
 * is another day's. False, and nothing, where there is nothing to say. */
bool phrases_not_counting(struct buffer *out, const struct db_counting *counting, int64_t now);

/* Days since 1970 with nothing said twice: "22 Nov 2026", "1 – 22 Nov 2026", "26 Oct – 22 Nov 2026",
 * "23 Nov 2025 – 22 Nov 2026". */
void phrases_days(struct buffer *out, int64_t first, int64_t last);

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
