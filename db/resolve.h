/* The hosts in a conninfo, their names looked up without blocking the loop: libpq would block on each. */
#pragma once

#include <stddef.h>

struct db_resolving;
struct loop;

/* For libpq's parameters of these names. host stays what the conninfo calls it, for certificates and password
 * files go by that; hostaddr is NULL for a socket's folder. All NULL: the conninfo is taken as it stands. */
struct db_address {
    char *host, *hostaddr, *port;
    const char *error; /* why the host has no address, a constant; else NULL */
};

struct db_addresses {
    struct db_address *list;
    size_t n;
};

/*
 * on_done runs once, never from inside this call, with every address of every host, in the conninfo's order, or the
 * error of a host that had none within the time. The callee frees them with db_addresses_finish(). A conninfo
 * that names no host, or a service, or addresses of its own (hostaddr) is taken as it stands.
 */
struct db_resolving *db_resolve_start(struct loop *loop, const char *conninfo, int timeout_ms,
                                      void (*on_done)(void *arg, struct db_addresses addresses), void *arg);
/* NULL is accepted. */
void db_resolve_cancel(struct db_resolving *resolving);

/* {0} afterwards. */
void db_addresses_finish(struct db_addresses *addresses);
