/* What the tracker is asked for on the command line. */
#pragma once

#include "tracker/import.h"

#include <stdbool.h>
#include <stdint.h>

enum tracker_task { TRACKER_FOLLOW, TRACKER_MIGRATE, TRACKER_IMPORT, TRACKER_EXPORT };

struct arguments {
    enum tracker_task what;
    struct import_options import;
    const char *export_path; /* "-": stdout */
    uint64_t export_server;  /* 0: all of them */
};

/* False, with what there is on stderr, where they make no sense. */
bool arguments_read(int argc, char **argv, struct arguments *arguments);
