#include "tracker/complain.h"

#include <stdio.h>

static bool is_harmless(char c)
{
    return c == '\n' || c == '\t' || ((unsigned char)c >= 32 && c != 127);
}

bool complain(const char *what, const char *why)
{
    fprintf(stderr, "%s: ", what);
    for (const char *c = why; *c != '\0'; c++)
        fputc(is_harmless(*c) ? *c : '?', stderr);
    fputc('\n', stderr);
    return false;
}
