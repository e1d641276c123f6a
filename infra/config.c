#include "infra/config.h"

#include "infra/json.h"
#include "infra/log.h"
#include "infra/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_ERRORS = 24 }; /* more than there are settings */
#define DIGITS  "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static char errors[MAX_ERRORS][256];
static size_t n_errors;

const char *config_error(size_t i)
{
    return i < n_errors ? errors[i] : NULL;
}

bool config_check(const char *program)
{
    if (n_errors > 0)
        fprintf(stderr, "%s: %s\n", program, errors[0]);
    return n_errors == 0;
}

void config_fail(const char *name, const char *what)
{
    if (n_errors < MAX_ERRORS)
        snprintf(errors[n_errors++], sizeof(errors[0]), "%s %s", name, what);
}

/* Cuts white space off both ends, in place. */
static char *trim(char *s)
{
    s += strspn(s, " \t\r\n");
    size_t n = strlen(s);
    while (n > 0 && strchr(" \t\r\n", s[n - 1]) != NULL)
        s[--n] = '\0';
    return s;
}

static void fail_to_read(const char *name)
{
    char what[128];
    snprintf(what, sizeof(what), "cannot be read: %s", strerror(errno));
    config_fail(name, what);
}

static bool is_name(const char *s)
{
    const size_t n = strspn(s, LETTERS DIGITS "_");
    return n > 0 && s[n] == '\0';
}

/* False where it sets nothing and should. */
static bool load_line(char *line)
{
    char *name = trim(line);
    if (name[0] == '\0' || name[0] == '#')
        return true;
    if (strncmp(name, "export ", 7) == 0)
        name = trim(name + 7);
    char *const equals = strchr(name, '=');
    if (equals == NULL)
        return false;
    *equals = '\0';
    char *value = trim(equals + 1);
    const size_t n = strlen(value);
    if (n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n - 1] == value[0]) {
        value[n - 1] = '\0';
        value++;
    }
    name = trim(name);
    if (!is_name(name))
        return false;
    setenv(name, value, config_optional(name) == NULL);
    return true;
}

/* The line itself may be a secret that misses its name: only its number is told. */
static void load_lines(FILE *file)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    for (int number = 1; (n = getline(&line, &capacity, file)) >= 0; number++) {
        const size_t mark = number == 1 && strncmp(line, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* some editors' */
        if (strlen(line) == (size_t)n && load_line(line + mark))
            continue;
        char what[64];
        snprintf(what, sizeof(what), "line %d must be NAME=value, or begin with #", number);
        config_fail(".env", what);
    }
    if (ferror(file))
        fail_to_read(".env"); /* a folder, say */
    free(line);
}

/* It may say where the token is sent: it counts only where nobody wrote it who could not do that anyway. */
static bool is_ours(FILE *file)
{
    struct stat about;
    if (fstat(fileno(file), &about) != 0) {
        fail_to_read(".env");
        return false;
    }
    if (about.st_uid != geteuid() && about.st_uid != 0) {
        config_fail(".env", "belongs to another user: start in another folder, or chown it");
        return false;
    }
    if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        config_fail(".env", "may be written by others: chmod go-w .env");
        return false;
    }
    return true;
}

void config_load(void)
{
    FILE *const file = fopen(".env", "re");
    if (file == NULL) {
        if (errno != ENOENT)
            fail_to_read(".env");
        return;
    }
    if (is_ours(file))
        load_lines(file);
    fclose(file);
}

const char *config_optional(const char *name)
{
    const char *const value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *config_string(const char *name, const char *fallback)
{
    const char *value = config_optional(name);
    if (value == NULL)
        value = fallback;
    if (value == NULL) {
        config_fail(name, "is not set");
        return "";
    }
    return value;
}

bool config_is_word(const char *value)
{
    for (const char *c = value; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~')
            return false;
    }
    return true;
}

const char *config_word(const char *name)
{
    const char *const value = config_string(name, NULL);
    if (config_is_word(value))
        return value;
    config_fail(name, "must be one word, and has a space, the end of a line or a sign that is not ASCII in it");
    return "";
}

static size_t span_of_host(const char *s)
{
    if (s[0] != '[')
        return strspn(s, LETTERS DIGITS ".-_");
    const size_t n = strspn(s + 1, DIGITS "ABCDEFabcdef:.");
    return n > 0 && s[1 + n] == ']' ? n + 2 : 0;
}

/* Paths are put behind it: a query would end up in their middle. */
static bool is_url(const char *s, const char *scheme)
{
    const size_t n = strlen(scheme);
    if (strncmp(s, scheme, n) != 0)
        return false;
    s += n;
    s += *s == 's';
    if (strncmp(s, "://", 3) != 0)
        return false;
    s += 3;
    const size_t host_len = span_of_host(s);
    s += host_len;
    if (*s == ':') {
        const size_t n_digits = strspn(++s, DIGITS);
        if (n_digits == 0 || n_digits > 5 || atoi(s) > 65535)
            return false;
        s += n_digits;
    }
    return host_len > 0 && (*s == '\0' || *s == '/') && config_is_word(s) && strpbrk(s, "?#") == NULL;
}

const char *config_url(const char *name, const char *fallback, const char *scheme)
{
    const char *const value = config_optional(name);
    if (value == NULL)
        return fallback;
    if (!is_url(value, scheme)) {
        char what[128];
        snprintf(what, sizeof(what), "must be %s://host or %ss://host, with or without :port and /path", scheme,
                 scheme);
        config_fail(name, what);
        return "";
    }
    char *const cut = mem_strdup(value);
    for (size_t n = strlen(cut); cut[n - 1] == '/'; n--)
        cut[n - 1] = '\0';
    setenv(name, cut, 1);
    free(cut);
    return getenv(name);
}

const char *config_file(const char *name)
{
    const char *const path = config_optional(name);
    if (path == NULL)
        return NULL;
    char byte;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, &byte, 1) < 0)
        fail_to_read(name);
    if (fd >= 0)
        close(fd);
    return path;
}

int64_t config_int(const char *name, int64_t fallback, int64_t min, int64_t max)
{
    const char *const value = config_optional(name);
    if (value == NULL)
        return fallback;
    char *end;
    errno = 0;
    const long long n = strtoll(value, &end, 10);
    if (errno != 0 || *end != '\0' || n < min || n > max) {
        char what[128];
        snprintf(what, sizeof(what), "must be a whole number from %lld to %lld", (long long)min,
                 (long long)max);
        config_fail(name, what);
        return fallback;
    }
    return n;
}

/* Digits only, so that neither sign nor space is a number; false too where it is not below limit. */
static bool read_number(const char **s, int limit, int *out)
{
    const char *const start = *s;
    int n = 0;
    for (; **s >= '0' && **s <= '9' && n < limit; ++*s)
        n = n * 10 + (**s - '0');
    *out = n;
    return *s > start && n < limit;
}

/* Marks the numbers that are named. False where one is named twice, or the text is something else. */
static bool mark_numbers(const char *s, int limit, bool *named)
{
    for (;;) {
        int first, last;
        if (!read_number(&s, limit, &first))
            return false;
        last = first;
        if (*s == '-' && (s++, !read_number(&s, limit, &last)))
            return false;
        if (last < first)
            return false;
        for (int n = first; n <= last; n++) {
            if (named[n])
                return false;
            named[n] = true;
        }
        if (*s == '\0')
            return true;
        if (*s++ != ',')
            return false;
    }
}

size_t config_numbers(const char *name, int limit, int *out)
{
    const char *const value = config_optional(name);
    if (value == NULL)
        return 0;
    bool *const named = mem_alloc((size_t)limit * sizeof(*named));
    size_t n = 0;
    if (mark_numbers(value, limit, named)) {
        for (int i = 0; i < limit; i++)
            if (named[i])
                out[n++] = i;
    } else {
        char what[128];
        snprintf(what, sizeof(what), "must be numbers and ranges, each below %d and none twice: 0-3,8 say",
                 limit);
        config_fail(name, what);
    }
    free(named);
    return n;
}

uint64_t config_snowflake(const char *name)
{
    const char *const value = config_string(name, NULL);
    uint64_t id = 0;
    if (value[0] != '\0' && !snowflake_parse(value, &id))
        config_fail(name, "must be a Discord id: a decimal number");
    return id;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

void config_hex(const char *name, uint8_t *out, int n)
{
    const char *const value = config_string(name, NULL);
    const size_t len = strlen(value);
    bool good = len == 2 * (size_t)n;
    for (int i = 0; good && i < n; i++) {
        const int high = hex_digit(value[2 * i]);
        const int low = hex_digit(value[2 * i + 1]);
        good = high >= 0 && low >= 0;
        out[i] = (uint8_t)(high * 16 + low);
    }
    if (!good && value[0] != '\0') {
        char what[96];
        if (len == 2 * (size_t)n)
            snprintf(what, sizeof(what), "must be exactly %d hex digits, and has something else among them",
                     2 * n);
        else
            snprintf(what, sizeof(what), "must be exactly %d hex digits, and has %zu characters", 2 * n, len);
        config_fail(name, what);
    }
}

void config_address(const char *name, const char *fallback, struct config_address *out)
{
    *out = (struct config_address){0};
    const char *value = config_optional(name);
    if (value == NULL)
        value = fallback;
    if (value == NULL)
        return;
    const char *const colon = strrchr(value, ':');
    const bool bracketed = value[0] == '[' && colon != NULL && colon > value && colon[-1] == ']';
    const char *const host = bracketed ? value + 1 : value;
    const int host_len = colon == NULL ? -1 : (int)(colon - host) - (bracketed ? 1 : 0);
    const size_t n_digits = colon == NULL ? 0 : strspn(colon + 1, DIGITS);
    const bool good_port =
        n_digits > 0 && n_digits <= 5 && colon[1 + n_digits] == '\0' && atoi(colon + 1) <= 65535;
    if (host_len < 1 || host_len >= (int)sizeof(out->host) || !good_port) {
        config_fail(name, "must be address:port, 127.0.0.1:8080 say");
        return;
    }
    snprintf(out->host, sizeof(out->host), "%.*s", host_len, host);
    snprintf(out->port, sizeof(out->port), "%s", colon + 1);
    struct in6_addr address;
    if (inet_pton(bracketed ? AF_INET6 : AF_INET, out->host, &address) != 1)
        config_fail(name, "must begin with a numeric address: 127.0.0.1, 0.0.0.0 or [::]");
}

void config_log_level(void)
{
    enum log_level level = LOG_INFO;
    if (!log_level_parse(config_string("LOG_LEVEL", "info"), &level))
        config_fail("LOG_LEVEL", "must be debug, info, warn or error");
    log_set_level(level);
}
