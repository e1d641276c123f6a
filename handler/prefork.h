/* A parent that keeps n worker processes running. */
#pragma once

#include <stdbool.h>

/*
 * Forks n workers that run work(index, arg), its result being whether it ended well, and starts a new one for
 * each that dies. SIGTERM and SIGINT are passed on; workers get 20 s to finish, then SIGKILL. A worker whose
 * work() gives false ends all the rest: it could not serve at all. Returns the exit code for the parent; in
 * workers it does not return. In workers the two signals are blocked, and SIGTERM comes when the parent dies.
 */
int prefork_run(int n, bool (*work)(int index, void *arg), void (*on_stop)(void *arg), void *arg);
