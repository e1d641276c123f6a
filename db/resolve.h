/* The host names in a conninfo, looked up without blocking the loop: libpq itself would block on each. */
#pragma once

struct db_resolving;
struct loop;

/* Lists for libpq's parameters of these names, one entry an address. All NULL where nothing had to be looked
 * up: the conninfo names a socket's folder or numeric addresses. */
struct db_hosts {
    const char *host, *hostaddr, *port;
};

/* on_done runs once, never from inside this call: NULL where no name has an address within the time, else lists
 * that are valid until it returns. */
struct db_resolving *db_resolve_start(struct loop *loop, const char *conninfo, int timeout_ms,
                                      void (*on_done)(void *arg, const struct db_hosts *hosts), void *arg);
/* NULL is accepted. */
void db_resolve_cancel(struct db_resolving *resolving);
