/* How far something long is, on stderr: a bar on a terminal, elsewhere a line now and then and one at its end. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what, *unit; /* "reading", "MB" */
    int64_t per_unit;        /* 1000000, say */
    int64_t total;           /* 0: not known */
    int64_t done;
    int64_t begun_ms, shown_ms;
    bool terminal;
};

void progress_begin(struct progress *progress, const char *what, const char *unit, int64_t per_unit,
                    int64_t total);
/* As often as one likes. */
void progress_show(struct progress *progress, int64_t done);
/* Shows it a last time. */
void progress_end(struct progress *progress);
