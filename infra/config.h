/*
 * Settings from the environment, and from a file .env in the working directory for what the environment does not set.
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

/* Reads .env if there is one: NAME=value lines, # comments, optional quotes around the value. */
void config_load(void);
/* Of each variable that is missing or malformed, in the order read, a line that names it and says what is wrong; NULL
 * from their number on. */
const char *config_error(size_t i);
/* True where nothing is wrong; else the first of these lines is on stderr, behind the program's name. */
bool config_check(const char *program);
/* The same from outside: a value that only its user can judge. The text is copied. */
void config_fail(const char *name, const char *what);

/* fallback NULL makes the variable required. The string lives as long as the process. Never NULL: "" after an error. */
const char *config_string(const char *name, const char *fallback);
/* Required, and one word of ASCII, as what is written into a header has to be. */
const char *config_word(const char *name);
bool config_is_word(const char *value);
/* NULL where it is unset or empty. */
const char *config_optional(const char *name);
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
