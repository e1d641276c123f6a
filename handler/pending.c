#include "handler/pending.h"

#include "db/pending.h"
#include "handler/app.h"
#include "handler/prefork.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <utlist.h>

enum {
    CONFIRM_MS = 500,
    TURN_MS = 5000,                      /* renews, a third of a lease, and looks for what others left */
    TURN_AGAIN_MS = 1000,                /* when the database did not answer */
    MAX_TAKEN = 16,                      /* at once */
    MAX_COMMANDS = APP_MAX_COMMANDS / 2, /* above it nothing is taken over: who asks now comes first */
    PAUSE_S = 10,                        /* before an answer that could not be delivered is tried again */
    MAX_SETTLED = 1024,
    PURGE_MS = 60000,
    PATIENCE_MS = 15000, /* of a drain; less than that of the parent */
};

/* In the list owed, from the request until its answer has ended; then in settled until that is written. */
struct owed {
    struct pending *pending;
    uint64_t interaction_id;
    bool recording; /* its row is being written; what has ended meanwhile waits for that */
    bool no_row;    /* the database refused it: there will be nothing to write */
    bool ended;
    enum pending_end end;
    struct loop_timer *late;                                        /* until on_recorded was told */
    void (*on_recorded)(void *arg, enum pending_recorded recorded); /* NULL once told */
    void *arg;
    struct owed *prev, *next;
};

struct pending {
    struct app *app;
    const struct prefork_worker *self;
    bool (*resume)(struct app *app, const struct db_pending_claimed *claimed);
    struct owed *owed;
    struct owed *settled, *writing; /* the latter are in a job under way */
    size_t n_settled;               /* in both */
    struct loop_timer *turn, *purge, *patience;
    int limit;     /* of the claim under way */
    bool claiming; /* a claim is under way, */
    bool hurried;  /* and a sibling has died since */
    bool draining;
};

static struct owed *add(struct pending *pending, uint64_t interaction_id)
{
    struct owed *const owed = mem_alloc(sizeof(*owed));
    owed->pending = pending;
    owed->interaction_id = interaction_id;
    DL_APPEND(pending->owed, owed);
    return owed;
}

static size_t count(const struct owed *list)
{
    size_t n = 0;
    for (; list != NULL; list = list->next)
        n++;
    return n;
}

static void free_all(struct owed **list)
{
    struct owed *owed, *next;
    DL_FOREACH_SAFE(*list, owed, next)
    {
        loop_cancel(owed->late);
        free(owed);
    }
    *list = NULL;
}

/* Writing what has ended ----------------------------------------------------------------------------------- */

static void write_settled(struct pending *pending);

/* What could not be written goes with the next one, or in the next turn. A drain leaves it: leases run out. */
static void on_settled(void *arg, bool ok)
{
    struct pending *const pending = arg;
    if (ok || pending->draining) {
        pending->n_settled -= count(pending->writing);
        free_all(&pending->writing);
        write_settled(pending);
    } else {
        DL_CONCAT(pending->settled, pending->writing);
        pending->writing = NULL;
    }
}

/* One job at a time: what ends meanwhile goes into the next. */
static void write_settled(struct pending *pending)
{
    if (pending->settled == NULL || pending->writing != NULL)
        return;
    uint64_t *const closed = mem_alloc(pending->n_settled * sizeof(*closed));
    uint64_t *const unedited = mem_alloc(pending->n_settled * sizeof(*unedited));
    uint64_t *const released = mem_alloc(pending->n_settled * sizeof(*released));
    size_t n_closed = 0, n_unedited = 0, n_released = 0;
    for (const struct owed *owed = pending->settled; owed != NULL; owed = owed->next) {
        if (owed->end == PENDING_RELEASED)
            released[n_released++] = owed->interaction_id;
        else
            closed[n_closed++] = owed->interaction_id;
        if (owed->end == PENDING_UNEDITED)
            unedited[n_unedited++] = owed->interaction_id;
    }
    pending->writing = pending->settled;
    pending->settled = NULL;
    const struct db_pending_settling settling = {
        .closed = {closed, n_closed},
        .unedited = {unedited, n_unedited},
        .released = {released, n_released},
        .pause_seconds = pending->draining ? 0 : PAUSE_S,
    };
    db_pending_settle(pending->app->pending_pool, pending->self->incarnation, &settling, on_settled, pending);
    free(closed);
    free(unedited);
    free(released);
}

static void settle(struct owed *owed)
{
    struct pending *const pending = owed->pending;
    DL_DELETE(pending->owed, owed);
    if (owed->no_row) {
        free(owed);
    } else if (pending->n_settled == MAX_SETTLED) {
        log_warn("pending_unsettled", "id=%" PRIu64, owed->interaction_id); /* its lease will run out */
        free(owed);
    } else {
        DL_APPEND(pending->settled, owed);
        pending->n_settled++;
        write_settled(pending);
    }
}

static struct owed *find(struct owed *list, uint64_t interaction_id)
{
    struct owed *owed = list;
    while (owed != NULL && (owed->interaction_id != interaction_id || owed->ended))
        owed = owed->next;
    return owed;
}

static void end(struct owed *owed, enum pending_end how)
{
    owed->ended = true;
    owed->end = how;
    if (!owed->recording)
        settle(owed);
}

void pending_end(struct pending *pending, uint64_t interaction_id, enum pending_end how)
{
    struct owed *owed = find(pending->owed, interaction_id);
    if (owed == NULL) /* released at the end of a drain's patience */
        owed = add(pending, interaction_id);
    end(owed, how);
}

/* Recording ------------------------------------------------------------------------------------------------ */

static void tell(struct owed *owed, enum pending_recorded recorded)
{
    void (*const on_recorded)(void *arg, enum pending_recorded recorded) = owed->on_recorded;
    void *const arg = owed->arg;
    loop_cancel(owed->late);
    owed->late = NULL;
    owed->on_recorded = NULL;
    if (recorded == PENDING_UNCONFIRMED)
        log_warn("pending_unconfirmed", "id=%" PRIu64, owed->interaction_id);
    if (recorded == PENDING_REPLAYED) {
        log_info("interaction_replayed", "id=%" PRIu64, owed->interaction_id);
        DL_DELETE(owed->pending->owed, owed);
        free(owed);
    }
    on_recorded(arg, recorded);
}

static void on_late(void *arg)
{
    struct owed *const owed = arg;
    owed->late = NULL;
    tell(owed, PENDING_UNCONFIRMED);
}

static void on_row(void *arg, enum db_pending_recorded recorded)
{
    struct owed *const owed = arg;
    owed->recording = false;
    owed->no_row = recorded == DB_PENDING_REFUSED;
    if (owed->ended)
        settle(owed);
    else if (owed->on_recorded == NULL)
        return;
    else if (recorded == DB_PENDING_RECORDED)
        tell(owed, PENDING_RECORDED);
    else if (recorded == DB_PENDING_KNOWN)
        tell(owed, PENDING_REPLAYED);
    else
        tell(owed, PENDING_UNCONFIRMED);
}

void pending_record(struct pending *pending, const struct db_pending_request *request,
                    void (*on_recorded)(void *arg, enum pending_recorded recorded), void *arg)
{
    struct owed *const owed = add(pending, request->interaction_id);
    owed->recording = true;
    owed->on_recorded = on_recorded;
    owed->arg = arg;
    owed->late = loop_after(pending->app->loop, CONFIRM_MS, on_late, owed);
    db_pending_record(pending->app->pending_pool, pending->self->incarnation, request, on_row, owed);
}

/* Taking over ---------------------------------------------------------------------------------------------- */

static void on_turn(void *arg);

static bool is_in(const struct owed *list, uint64_t interaction_id)
{
    while (list != NULL && list->interaction_id != interaction_id)
        list = list->next;
    return list != NULL;
}

/* After a while without the database the lease of an answer of our own may have run out. A claim may have been under way
 * when the drain began. */
static void take(struct pending *pending, const struct db_pending_claimed *claimed)
{
    const uint64_t id = claimed->interaction_id;
    if (is_in(pending->owed, id) || is_in(pending->settled, id) || is_in(pending->writing, id))
        return;
    struct owed *const owed = add(pending, id);
    if (pending->draining) {
        end(owed, PENDING_RELEASED);
        return;
    }
    log_info("interaction_taken_over", "id=%" PRIu64, id);
    if (!pending->resume(pending->app, claimed))
        end(owed, PENDING_UNEDITED);
}

static void on_claimed(void *arg, const struct db_pending_claimed *claimed, size_t n)
{
    struct pending *const pending = arg;
    for (size_t i = 0; i < n; i++)
        take(pending, &claimed[i]);
    const bool more = pending->hurried || (n > 0 && (int)n == pending->limit);
    const int64_t wait_ms = claimed == NULL ? TURN_AGAIN_MS : more ? 0 : TURN_MS;
    pending->claiming = false;
    pending->turn = loop_after(pending->app->loop, wait_ms, on_turn, pending);
}

static int room(const struct pending *pending)
{
    const size_t n = pending->app->n_commands;
    if (pending->draining || n >= MAX_COMMANDS)
        return 0;
    return MAX_COMMANDS - n < MAX_TAKEN ? (int)(MAX_COMMANDS - n) : MAX_TAKEN;
}

static void claim(struct pending *pending)
{
    uint64_t *const ids = mem_alloc((count(pending->owed) + 1) * sizeof(*ids));
    size_t n = 0;
    for (const struct owed *owed = pending->owed; owed != NULL; owed = owed->next)
        ids[n++] = owed->interaction_id;
    uint64_t dead[PREFORK_MAX_DEAD];
    const size_t n_dead = prefork_dead(pending->self, dead);
    pending->limit = room(pending);
    pending->claiming = true;
    pending->hurried = false;
    const struct db_pending_claiming claiming = {
        .owed = {ids, n}, .dead = {dead, n_dead}, .limit = pending->limit};
    db_pending_claim(pending->app->pending_pool, pending->self->incarnation, &claiming, on_claimed, pending);
    free(ids);
}

/* While the database is away the claim waits for it. A drain has leases to renew, where anything is owed. */
static void on_turn(void *arg)
{
    struct pending *const pending = arg;
    pending->turn = NULL;
    write_settled(pending);
    if (pending->draining && pending->owed == NULL)
        pending->turn = loop_after(pending->app->loop, TURN_MS, on_turn, pending);
    else
        claim(pending);
}

void pending_take_over(struct pending *pending)
{
    if (pending->claiming) {
        pending->hurried = true;
    } else {
        loop_cancel(pending->turn);
        on_turn(pending);
    }
}

/* Purging -------------------------------------------------------------------------------------------------- */

static void on_purge(void *arg);

static void on_purged(void *arg, int64_t given_up)
{
    struct pending *const pending = arg;
    if (given_up > 0)
        log_error("answers_given_up", "n=%" PRId64, given_up);
    if (!pending->draining)
        pending->purge = loop_after(pending->app->loop, PURGE_MS, on_purge, pending);
}

static void on_purge(void *arg)
{
    struct pending *const pending = arg;
    pending->purge = NULL;
    db_pending_purge(pending->app->pool, on_purged, pending); /* no acknowledgement waits for it */
}

/* The whole ------------------------------------------------------------------------------------------------ */

struct pending *pending_create(struct app *app, const struct prefork_worker *self,
                               bool (*resume)(struct app *app, const struct db_pending_claimed *claimed))
{
    struct pending *const pending = mem_alloc(sizeof(*pending));
    pending->app = app;
    pending->self = self;
    pending->resume = resume;
    pending->turn = loop_after(app->loop, 0, on_turn, pending);
    /* Not all workers in the same second. */
    pending->purge = loop_after(app->loop, (int64_t)(self->incarnation % PURGE_MS), on_purge, pending);
    return pending;
}

static void on_patience(void *arg)
{
    struct pending *const pending = arg;
    pending->patience = NULL;
    for (struct owed *owed = pending->owed, *next; owed != NULL; owed = next) {
        next = owed->next;
        if (!owed->recording)
            end(owed, PENDING_RELEASED);
    }
}

void pending_drain(struct pending *pending)
{
    pending->draining = true;
    loop_cancel(pending->purge);
    pending->purge = NULL;
    pending->patience = loop_after(pending->app->loop, PATIENCE_MS, on_patience, pending);
}

bool pending_is_idle(const struct pending *pending)
{
    return pending->owed == NULL && pending->settled == NULL && pending->writing == NULL;
}

void pending_destroy(struct pending *pending)
{
    if (pending == NULL)
        return;
    loop_cancel(pending->turn);
    loop_cancel(pending->purge);
    loop_cancel(pending->patience);
    free_all(&pending->owed);
    free_all(&pending->settled);
    free_all(&pending->writing);
    free(pending);
}
