/* What the tracker is asked for on the command line. */
#pragma once

#include "tracker/import.h"

#include <stdbool.h>
#include <stdint.h>

enum tracker_task { TRACKER_FOLLOW, TRACKER_MIGRATE, TRACKER_IMPORT, TRACKER_EXPORT, TRACKER_HELP };

struct arguments {
    enum tracker_task what;
    struct import_options import;
    const char *export_path; /* "-": stdout */
    uint64_t export_server;  /* 0: all of them */
};

/* False, with a line on stderr, where they make no sense. */
bool arguments_read(int argc, char **argv, struct arguments *arguments);
/* Prints what there is. */
void arguments_help(void);
