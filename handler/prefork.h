/* A parent that keeps n worker processes running. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prefork_graves;

struct prefork_worker {
    int index;
    int n;                /* of workers */
    uint64_t incarnation; /* of this process: random, below 2^63 */
    const struct prefork_graves *graves;
};

/*
 * Forks n workers that run work(self, arg), its result being whether it ended well, and starts a new one for
 * each that dies. SIGTERM and SIGINT are passed on; workers get 20 s to finish, then SIGKILL. A worker whose
 * work() gives false ends all the rest: it could not serve at all. Returns the exit code for the parent; in
 * workers it does not return. In workers the two signals are blocked, and SIGTERM comes when the parent dies;
 * so is SIGUSR1, which comes when a sibling has died.
 */
int prefork_run(int n, bool (*work)(const struct prefork_worker *self, void *arg), void (*on_stop)(void *arg),
                void *arg);

enum { PREFORK_MAX_DEAD = 64 };
/* The incarnations of siblings that ended, the last ones at least; how many. */
size_t prefork_dead(const struct prefork_worker *self, uint64_t incarnations[PREFORK_MAX_DEAD]);
