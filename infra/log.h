/*
 * Log lines on stderr: "2026-11-22T15:04:05.123Z level event key=value key=value".
 *
 *     log_info("interaction_answered", "id=%" PRIu64 " ms=%lld", id, ms);
 *
 * The format holds key=value pairs; a value that can contain spaces or foreign text goes through log_quote().
 * Tokens, keys and bodies of messages are never logged.
 */
#pragma once

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* "debug", "info", "warn" or "error"; false for anything else. */
bool log_level_parse(const char *name, enum log_level *out);
void log_set_level(enum log_level level);
/* Shown on every line, "handler[3]" say; a copy of at most 31 bytes is kept. */
void log_set_program(const char *name);

void log_line(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define log_debug(event, ...) log_line(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...)  log_line(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...)  log_line(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_line(LOG_ERROR, event, __VA_ARGS__)

/* s in double quotes, cut to 200 bytes, with quotes, backslashes, control characters and bytes above 126 escaped.
 * Stands in a static buffer of a ring of four: good until the fourth call after it. NULL gives "". */
const char *log_quote(const char *s);
