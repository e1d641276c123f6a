/* Whether a server's time is being counted now: what a board without green badges has to say. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct db_counting {
    bool off; /* by the server's settings */
    /* Unix seconds: the last proof of presence, where it is older than that of any tracker that lives; nobody can tell who
     * is in voice now. 0: the server is watched, or never was. */
    int64_t silent_since;
};
