#include "infra/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum log_level threshold = LOG_INFO;
static char program[32] = "";
static const char *const level_names[] = {"debug", "info", "warn", "error"};

bool log_level_parse(const char *name, enum log_level *out)
{
    for (unsigned i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_set_level(enum log_level level)
{
    threshold = level;
}

void log_set_program(const char *name)
{
    snprintf(program, sizeof(program), "%s", name);
}

/* Appends at *used and never past the room for a newline. */
__attribute__((format(printf, 4, 0))) static void append(char *line, size_t size, size_t *used,
                                                         const char *format, va_list args)
{
    const int n = vsnprintf(line + *used, size - *used, format, args);
    if (n > 0)
        *used = *used + (size_t)n < size - 1 ? *used + (size_t)n : size - 2;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    if (level < threshold)
        return;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm utc;
    gmtime_r(&now.tv_sec, &utc);

    char line[2048];
    size_t used = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &utc);
    used += (size_t)snprintf(line + used, sizeof(line) - used, ".%03ldZ %s %s%s%s ", now.tv_nsec / 1000000,
                             level_names[level], program, program[0] != '\0' ? " " : "", event);
    va_list args;
    va_start(args, format);
    append(line, sizeof(line), &used, format, args);
    va_end(args);
    line[used++] = '\n';
    /* One write, so that lines of several workers do not mix. There is nowhere to report a failure to. */
    const ssize_t written = write(STDERR_FILENO, line, used);
    (void)written;
}

const char *log_quote(const char *s)
{
    static char ring[4][832];
    static unsigned next;
    char *const out = ring[next++ % 4];
    size_t n = 0;
    out[n++] = '"';
    for (size_t i = 0; s != NULL && s[i] != '\0' && i < 200; i++) {
        const unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\') {
            out[n++] = '\\';
            out[n++] = (char)c;
        } else if (c < 32 || c > 126) {
            n += (size_t)snprintf(out + n, 5, "\\x%02x", c);
        } else {
            out[n++] = (char)c;
        }
    }
    out[n++] = '"';
    out[n] = '\0';
    return out;
}
