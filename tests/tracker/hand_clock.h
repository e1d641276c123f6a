/*
 * A clock that the test moves, and timers that run by it, in place of infra/clock and infra/loop: hours pass at once. Of one
 * program, for it defines their functions.
 */
#pragma once

#include "infra/clock.h"
#include "infra/loop.h"
#include "infra/mem.h"

#include <stdlib.h>
#include <utlist.h>

struct loop_timer {
    int64_t due_ms;
    void (*on_time)(void *arg);
    void *arg;
    struct loop_timer *prev, *next;
};

static int64_t clock_ms;
static struct loop_timer *timers;

/* At some moment, without timers. */
static inline void start_clock(void)
{
    clock_ms = 5000000;
    timers = NULL;
}

int64_t clock_monotonic_ms(void)
{
    return clock_ms;
}

int64_t clock_wall_ms(void)
{
    return clock_ms;
}

struct loop_timer *loop_after(struct loop *loop, int64_t ms, void (*on_time)(void *arg), void *arg)
{
    (void)loop;
    struct loop_timer *const timer = mem_alloc(sizeof(*timer));
    *timer = (struct loop_timer){.due_ms = clock_ms + ms, .on_time = on_time, .arg = arg};
    DL_APPEND(timers, timer);
    return timer;
}

void loop_cancel(struct loop_timer *timer)
{
    if (timer == NULL)
        return;
    DL_DELETE(timers, timer);
    free(timer);
}

static inline struct loop_timer *first_due(int64_t until_ms)
{
    struct loop_timer *first = NULL, *timer;
    DL_FOREACH(timers, timer)
    {
        if (timer->due_ms <= until_ms && (first == NULL || timer->due_ms < first->due_ms))
            first = timer;
    }
    return first;
}

/* What becomes due meanwhile runs in its order. */
static inline void pass(int64_t ms)
{
    const int64_t until_ms = clock_ms + ms;
    struct loop_timer *timer;
    while ((timer = first_due(until_ms)) != NULL) {
        const struct loop_timer due = *timer;
        clock_ms = due.due_ms > clock_ms ? due.due_ms : clock_ms;
        loop_cancel(timer);
        due.on_time(due.arg);
    }
    clock_ms = until_ms;
}
