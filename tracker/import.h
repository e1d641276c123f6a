/* `tracker --import` and `--import-pwr-bot`: sessions from elsewhere, with a report of what was made of them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct import_options {
    const char *file;    /* "-": stdin. Or NULL, and: */
    const char *pwr_bot; /* the URL of its database */
    int64_t max_hours;   /* a longer session is a ghost */
    bool dry_run;
};

enum { IMPORT_MAX_HOURS = 72 };

/* The exit code: EXIT_SUCCESS; EXIT_FAILURE where something went wrong, was interrupted, or a row could not be read, though
 * the others were taken. */
int import_run(const char *database_url, const struct import_options *options);
