/*
 * The answers that this worker owes, as the database knows of them (db/pending.h): recorded before the
 * acknowledgement, kept under a lease while the command works, closed when the answer is delivered. What workers
 * that died have left is taken over: whenever a sibling dies, when the database comes, and every few seconds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app;
struct db_pending_claimed;
struct db_pending_request;
struct pending;
struct prefork_worker;

/*
 * resume runs the command of an interaction that another worker has recorded, and perhaps acknowledged; a reply
 * then ends it like any other. False: nothing can be done about it. All must live as long as the pending.
 */
struct pending *pending_create(struct app *app, const struct prefork_worker *self,
                               bool (*resume)(struct app *app, const struct db_pending_claimed *claimed));
/* NULL is accepted. */
void pending_destroy(struct pending *pending);

enum pending_recorded {
    PENDING_RECORDED,
    PENDING_UNCONFIRMED, /* not within half a second: Discord waits no longer than three for its acknowledgement */
    PENDING_REPLAYED,    /* it came before, and nothing more is owed */
};

/* Records an interaction. The body is copied. on_recorded runs once, never from inside this call. */
void pending_record(struct pending *pending, const struct db_pending_request *request,
                    void (*on_recorded)(void *arg, enum pending_recorded recorded), void *arg);

enum pending_end {
    PENDING_CLOSED,   /* the answer is delivered */
    PENDING_UNEDITED, /* nothing is owed either, but its message stays as it was: it overtakes no other click */
    PENDING_RELEASED, /* it could not be delivered: to be tried again in a while, by anybody */
};

void pending_end(struct pending *pending, uint64_t interaction_id, enum pending_end how);

/* A sibling has died: what it owed is looked for at once. */
void pending_take_over(struct pending *pending);

/* Takes over nothing more. What is still owed after 15 s is released for others, though the work goes on. */
void pending_drain(struct pending *pending);
/* Nothing is owed and nothing is left to be written. A claim may be under way: what it takes is free again when its
 * lease ends. */
bool pending_is_idle(const struct pending *pending);
