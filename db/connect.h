/*
 * From a conninfo to a connection, without blocking the loop. libpq would give each of several hosts as long as
 * the kernel does: so they are tried here one after the other, each address with a time-out of its own.
 */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;
struct db_connecting;
struct loop;

struct db_connect_config {
    const char *url; /* libpq conninfo or URL; target_session_attrs says which server will do */
    const char *application_name;
    int64_t statement_timeout_ms; /* the server's */
    size_t first;        /* number of the address to begin with; the others follow, then those before it */
    struct buffer *told; /* failures that were warned of, for db_connect_is_news() */
};

/*
 * on_done runs once, never from inside this call, with a connection that is the callee's from then on and the
 * number of its address; or with NULL where every address failed, each of which was logged, and the last one's error
 * in libpq's words. The strings in config must live until then.
 */
struct db_connecting *
db_connect_start(struct loop *loop, const struct db_connect_config *config,
                 void (*on_done)(void *arg, PGconn *pg, size_t address, const char *error), void *arg);
/* NULL is accepted. */
void db_connect_cancel(struct db_connecting *connecting);

/* Whether a failure is to be warned of: it is not in told, which it is added to. A pool comes every two seconds, and the
 * same again says nothing: it is logged for debugging. told is emptied when the database answers. */
bool db_connect_is_news(struct buffer *told, const char *failure);

/*
 * Blocks: for what runs without a loop. Of several hosts one may be gone for good, so each has 5 seconds, unless the
 * conninfo says otherwise. application_name may be NULL. Never NULL: look at PQstatus(). The caller finishes it.
 */
PGconn *db_connect_blocking(const char *url, const char *application_name);
