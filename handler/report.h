/* What `handler --check` prints: a line a finding, on stdout. */
#pragma once

#include <stdbool.h>

enum finding {
    FINDING_OK,
    FINDING_WRONG,
    FINDING_UNKNOWN, /* could not be looked at, or is for the reader to judge */
};

struct report {
    bool wrong; /* something was */
};

/* What was looked at, and in words what was found and what to do about it. Foreign text may be among them. */
void report_line(struct report *report, enum finding finding, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
