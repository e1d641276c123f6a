/* One worker process: everything that must be made after the fork, and the drain at its end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prefork_worker;

struct worker_config {
    uint64_t application_id;
    uint8_t public_key[32];
    const char *database_url, *api_url, *cdn_url;
    size_t avatar_cache_bytes;
    const char *ca_file; /* or NULL */
    int listen_fd;
    int metrics_fd; /* or -1 */
};

/*
 * Serves until SIGTERM or SIGINT, then finishes what is under way. These two and SIGUSR1, a sibling's death,
 * must be blocked. False (logged) where this machine cannot serve at all, as without fonts.
 */
bool worker_run(const struct prefork_worker *self, const struct worker_config *config);
