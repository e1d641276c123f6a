/*
 * Settings from the environment, and from a file .env in the working directory for what is unset or empty there.
 *
 * Every getter reads one variable, applies the default where it is unset or empty, and checks it. What is wrong is
 * kept: a program reads all it needs, then asks config_check() once and ends where it says no.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a program ends with where settings or arguments are wrong: starting it again changes nothing. */
enum { CONFIG_EXIT = 2 };

/* Reads .env if there is one: lines NAME=value, quotes around the value or none, `export` before the name or not;
 * empty lines, and comments that begin with #. The first line that names a variable counts, and only for one that is
 * unset or empty so far. Problems are a file that cannot be read, that is neither this user's nor root's, or that others
 * may write, and a line that is something else. */
void config_load(void);
/* The i-th problem, in the order read: a line that names the variable; NULL past the last. */
const char *config_error(size_t i);
/* True if there are no problems; else prints the first on stderr, after the program's name. */
bool config_check(const char *program);
/* Adds a problem that the caller found: "name what". Both are copied. */
void config_fail(const char *name, const char *what);

/* fallback NULL makes the variable required. The string lives as long as the process. Never NULL: "" after an error. */
const char *config_string(const char *name, const char *fallback);
/* Required, and one word of ASCII, as what is written into a header has to be. */
const char *config_word(const char *name);
bool config_is_word(const char *value);
/* NULL where it is unset or empty. */
const char *config_optional(const char *name);
/* A URL of that scheme or of its secure kind ("http", "ws"), without query, and handed out without a slash at the end.
 * fallback, which may be NULL, where it is unset or empty; "" after an error. */
const char *config_url(const char *name, const char *fallback, const char *scheme);
/* The path of a file that could be read just now; NULL where it is unset or empty. */
const char *config_file(const char *name);
int64_t config_int(const char *name, int64_t fallback, int64_t min, int64_t max);
/* "0-3,8": numbers and ranges below limit, none of them twice. How many, 0 where it is unset or after an error; out,
 * with room for limit of them, gets them in ascending order. */
size_t config_numbers(const char *name, int limit, int *out);
/* Required. 0 after an error. */
uint64_t config_snowflake(const char *name);
/* Required: exactly 2 n hex digits into n bytes. */
void config_hex(const char *name, uint8_t *out, int n);
/* "address:port" or "[v6]:port" into numbers for getaddrinfo(AI_NUMERICHOST). fallback NULL: host and port stay "" when unset. */
struct config_address {
    char host[64];
    char port[8];
};
void config_address(const char *name, const char *fallback, struct config_address *out);
/* LOG_LEVEL, applied at once. */
void config_log_level(void);
