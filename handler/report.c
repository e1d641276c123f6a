#include "handler/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const struct {
    const char *word, *colour;
} findings[] = {
    [FINDING_OK] = {"ok", "\033[32m"},
    [FINDING_WRONG] = {"wrong", "\033[1;31m"},
    [FINDING_UNKNOWN] = {"?", "\033[33m"},
};

/* One line, whatever a server has said. */
static void flatten(char *text)
{
    char *out = text;
    for (const char *in = text; *in != '\0'; in++) {
        const unsigned char c = (unsigned char)*in;
        const bool space = c <= ' ' || c == 127;
        if (!space)
            *out++ = *in;
        else if (out > text && out[-1] != ' ')
            *out++ = ' ';
    }
    if (out > text && out[-1] == ' ')
        out--;
    *out = '\0';
}

void report_line(struct report *report, enum finding finding, const char *what, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    flatten(text);
    report->wrong = report->wrong || finding == FINDING_WRONG;
    const bool coloured = isatty(STDOUT_FILENO) == 1;
    printf("%s%-5s%s  %-12s  %s\n", coloured ? findings[finding].colour : "", findings[finding].word,
           coloured ? "\033[0m" : "", what, text);
    fflush(stdout); /* a line at a time: what is looked at next may take seconds */
}
