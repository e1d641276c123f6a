#include "infra/sandbox/parked.h"

#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/sandbox/server.h"

#include <stdlib.h>

struct waiting {
    struct parked *parked;
    struct request *request;
    int64_t key;
    parked_try *try;
    struct loop_timer *last_try;
    struct waiting *next;
};

struct parked {
    struct loop *loop;
    void *context;
    struct waiting *first;
    struct loop_timer *soon;
};

struct parked *parked_create(struct loop *loop, void *context)
{
    struct parked *const parked = mem_alloc(sizeof(*parked));
    parked->loop = loop;
    parked->context = context;
    return parked;
}

static void unlink_and_free(struct waiting *waiting)
{
    struct waiting **place = &waiting->parked->first;
    while (*place != waiting)
        place = &(*place)->next;
    *place = waiting->next;
    loop_cancel(waiting->last_try);
    free(waiting);
}

static void on_last_try(void *arg)
{
    struct waiting *const waiting = arg;
    waiting->last_try = NULL;
    waiting->try(waiting->parked->context, waiting->request, waiting->key, true);
    unlink_and_free(waiting);
}

void parked_add(struct parked *parked, struct request *request, int64_t key, int64_t wait_ms, parked_try *try)
{
    if (try(parked->context, request, key, wait_ms <= 0))
        return;
    struct waiting *const waiting = mem_alloc(sizeof(*waiting));
    *waiting =
        (struct waiting){.parked = parked, .request = request, .key = key, .try = try, .next = parked->first};
    waiting->last_try = loop_after(parked->loop, wait_ms, on_last_try, waiting);
    parked->first = waiting;
}

static void on_soon(void *arg)
{
    struct parked *const parked = arg;
    parked->soon = NULL;
    for (struct waiting *waiting = parked->first, *next; waiting != NULL; waiting = next) {
        next = waiting->next;
        if (waiting->try(parked->context, waiting->request, waiting->key, request_is_gone(waiting->request)))
            unlink_and_free(waiting);
    }
}

void parked_changed(struct parked *parked)
{
    if (parked->soon == NULL && parked->first != NULL)
        parked->soon = loop_after(parked->loop, 0, on_soon, parked);
}
