/*
 * Answers owed: interaction_pending. A row is written before an interaction is acknowledged, claimed by one worker
 * under a lease of 15 s, and closed when the answer is delivered. A row whose lease ran out, or whose worker is
 * known to be dead, may be claimed by any other while the interaction's token lives. Closed rows lose the request,
 * which holds the token, and stay 15 minutes, so that a repeated interaction is recognised.
 *
 * Of several clicks that do nothing but edit one message, whether answered or not, the last decides: the others
 * are closed before anybody claims. One that ended without an edit decides nothing.
 *
 * worker is an incarnation of a worker process: a random number below 2^63.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db_pool;

struct db_pending_request {
    uint64_t interaction_id;
    uint64_t message_id; /* of a click that does nothing but edit it, else 0 */
    const char *body;    /* as Discord sent it */
    size_t len;
};

enum db_pending_recorded {
    DB_PENDING_RECORDED,
    DB_PENDING_KNOWN,   /* the interaction came before; nothing was written */
    DB_PENDING_REFUSED, /* the database did not take it: there is no row of ours */
    DB_PENDING_LOST,    /* the connection broke: there may be a row */
};

/* Claims what it writes. The body is copied. */
void db_pending_record(struct db_pool *pool, uint64_t worker, const struct db_pending_request *request,
                       void (*on_done)(void *arg, enum db_pending_recorded recorded), void *arg);

/* Whether a later click on that message is known that has edited it or may yet. False where the database does not
 * answer. */
struct db_pending_look *db_pending_is_overtaken(struct db_pool *pool, uint64_t interaction_id,
                                                uint64_t message_id, void (*on_done)(void *arg, bool overtaken),
                                                void *arg);
/* Before on_done, which is then not called. */
void db_pending_look_cancel(struct db_pending_look *look);

struct db_pending_ids {
    const uint64_t *ids;
    size_t n;
};

struct db_pending_settling {
    struct db_pending_ids closed;   /* whoever has claimed them */
    struct db_pending_ids unedited; /* of these: their message is as it was, and no other click is overtaken */
    struct db_pending_ids released; /* of the worker's own: free for anybody */
    int pause_seconds;              /* before a released one may be claimed */
};

/* ok false: nothing is known to have taken effect; to be repeated. */
void db_pending_settle(struct db_pool *pool, uint64_t worker, const struct db_pending_settling *settling,
                       void (*on_done)(void *arg, bool ok), void *arg);

struct db_pending_claiming {
    struct db_pending_ids owed; /* of the worker's own: their lease begins again */
    struct db_pending_ids dead; /* workers whose claims count no more */
    int limit;                  /* to be claimed beyond those owed; may be 0 */
};

struct db_pending_claimed {
    uint64_t interaction_id;
    int64_t age_ms; /* since it was recorded */
    const char *body;
    size_t len;
};

/*
 * Renews, closes clicks that a later one has overtaken, and claims. on_done gets what was claimed, the oldest
 * first, valid until it returns, or NULL where the database did not answer. A row of the worker's own whose lease
 * ran out may be among them.
 */
void db_pending_claim(struct db_pool *pool, uint64_t worker, const struct db_pending_claiming *claiming,
                      void (*on_done)(void *arg, const struct db_pending_claimed *claimed, size_t n),
                      void *arg);

/* Deletes what is older than 15 minutes. on_done gets how many of these were never closed; 0 where the database did
 * not answer. */
void db_pending_purge(struct db_pool *pool, void (*on_done)(void *arg, int64_t given_up), void *arg);
