#include "infra/loop.h"

#include "infra/clock.h"
#include "infra/mem.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct loop_watch {
    struct loop *loop;
    int fd;
    unsigned events;
    bool given_up;
    void (*on_ready)(void *arg, unsigned events);
    void *arg;
    struct loop_watch *next_given_up;
};

struct loop_timer {
    struct loop *loop;
    int64_t due_ms;
    uint64_t order; /* breaks ties: first set, first run */
    size_t place;   /* in the heap */
    void (*on_time)(void *arg);
    void *arg;
};

struct loop {
    int epoll_fd;
    int timer_fd;
    int64_t armed_for_ms; /* what the timerfd is set to, maybe for a timer cancelled since; -1: nothing */
    int wake_fd; /* an eventfd for what is due at once: setting the timerfd costs twenty times as much */
    bool awake;  /* it is readable */
    bool stopping;
    struct loop_timer **heap; /* binary heap, the earliest first */
    size_t n_timers;
    size_t heap_capacity;
    uint64_t next_order;
    struct loop_watch *given_up; /* freed at the end of the turn: a collected event may still point to them */
};

/* Timers --------------------------------------------------------------------------------------------------- */

static bool earlier(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void put(struct loop *loop, size_t place, struct loop_timer *timer)
{
    loop->heap[place] = timer;
    timer->place = place;
}

static void sift_up(struct loop *loop, struct loop_timer *timer)
{
    size_t i = timer->place;
    for (; i > 0 && earlier(timer, loop->heap[(i - 1) / 2]); i = (i - 1) / 2)
        put(loop, i, loop->heap[(i - 1) / 2]);
    put(loop, i, timer);
}

static void sift_down(struct loop *loop, struct loop_timer *timer)
{
    size_t i = timer->place;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= loop->n_timers)
            break;
        if (child + 1 < loop->n_timers && earlier(loop->heap[child + 1], loop->heap[child]))
            child++;
        if (!earlier(loop->heap[child], timer))
            break;
        put(loop, i, loop->heap[child]);
        i = child;
    }
    put(loop, i, timer);
}

static void wake(struct loop *loop)
{
    if (!loop->awake)
        eventfd_write(loop->wake_fd, 1);
    loop->awake = true;
}

/* Sees to it that there is a turn for the earliest timer, or an earlier one. */
static void arm(struct loop *loop, int64_t now)
{
    if (loop->n_timers == 0)
        return;
    const int64_t due = loop->heap[0]->due_ms;
    if (due <= now) {
        wake(loop);
    } else if (loop->armed_for_ms < 0 || due < loop->armed_for_ms) {
        const struct itimerspec when = {
            .it_value = {.tv_sec = due / 1000, .tv_nsec = due % 1000 * 1000000},
        };
        timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
        loop->armed_for_ms = due;
    }
}

struct loop_timer *loop_after(struct loop *loop, int64_t ms, void (*on_time)(void *arg), void *arg)
{
    const int64_t now = clock_monotonic_ms();
    struct loop_timer *const timer = mem_alloc(sizeof(*timer));
    timer->loop = loop;
    /* The clock is read in whole milliseconds, rounded down: without the one more it would be up to that too
     * early. */
    timer->due_ms = now + (ms > 0 ? ms + 1 : 0);
    timer->order = loop->next_order++;
    timer->on_time = on_time;
    timer->arg = arg;
    if (loop->n_timers == loop->heap_capacity) {
        loop->heap_capacity = loop->heap_capacity > 0 ? 2 * loop->heap_capacity : 16;
        loop->heap = mem_realloc(loop->heap, loop->heap_capacity * sizeof(*loop->heap));
    }
    put(loop, loop->n_timers++, timer);
    sift_up(loop, timer);
    arm(loop, now);
    return timer;
}

static void take_out(struct loop_timer *timer)
{
    struct loop *const loop = timer->loop;
    struct loop_timer *const last = loop->heap[--loop->n_timers];
    if (last == timer)
        return;
    put(loop, timer->place, last);
    sift_up(loop, last);
    sift_down(loop, last);
}

void loop_cancel(struct loop_timer *timer)
{
    if (timer == NULL)
        return;
    take_out(timer);
    free(timer);
}

/* Runs what was due when the turn began: a timer set by a callback waits for the next turn. */
static void run_timers(struct loop *loop)
{
    const int64_t now = clock_monotonic_ms();
    const uint64_t end = loop->next_order;
    while (loop->n_timers > 0 && loop->heap[0]->due_ms <= now && loop->heap[0]->order < end) {
        struct loop_timer *const timer = loop->heap[0];
        take_out(timer);
        void (*const on_time)(void *) = timer->on_time;
        void *const arg = timer->arg;
        free(timer);
        on_time(arg);
    }
    arm(loop, now);
}

/* Descriptors ---------------------------------------------------------------------------------------------- */

static uint32_t epoll_events(unsigned events)
{
    return ((events & LOOP_READ) != 0 ? EPOLLIN : 0u) | ((events & LOOP_WRITE) != 0 ? EPOLLOUT : 0u);
}

struct loop_watch *loop_watch(struct loop *loop, int fd, unsigned events,
                              void (*on_ready)(void *arg, unsigned events), void *arg)
{
    struct loop_watch *const watch = mem_alloc(sizeof(*watch));
    watch->loop = loop;
    watch->fd = fd;
    watch->on_ready = on_ready;
    watch->arg = arg;
    loop_watch_set(watch, events);
    return watch;
}

/* A paused descriptor is taken out of epoll altogether: there it would still report errors, turn after turn. */
void loop_watch_set(struct loop_watch *watch, unsigned events)
{
    if (events == watch->events)
        return;
    struct epoll_event event = {.events = epoll_events(events), .data.ptr = watch};
    const int op = watch->events == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    if (epoll_ctl(watch->loop->epoll_fd, op, watch->fd, &event) != 0 && op != EPOLL_CTL_DEL)
        abort(); /* a closed descriptor: the caller's bug */
    watch->events = events;
}

void loop_unwatch(struct loop_watch *watch)
{
    if (watch == NULL)
        return;
    loop_watch_set(watch, 0);
    watch->given_up = true;
    watch->next_given_up = watch->loop->given_up;
    watch->loop->given_up = watch;
}

static void run_watch(struct loop_watch *watch, uint32_t ready)
{
    unsigned events = 0;
    if ((ready & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0)
        events |= LOOP_READ;
    if ((ready & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
        events |= LOOP_WRITE;
    events &= watch->events;
    if (!watch->given_up && events != 0)
        watch->on_ready(watch->arg, events);
}

static void free_given_up(struct loop *loop)
{
    while (loop->given_up != NULL) {
        struct loop_watch *const watch = loop->given_up;
        loop->given_up = watch->next_given_up;
        free(watch);
    }
}

/* The loop ------------------------------------------------------------------------------------------------- */

struct loop *loop_create(void)
{
    struct loop *const loop = mem_alloc(sizeof(*loop));
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    loop->armed_for_ms = -1;
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct epoll_event fired = {.events = EPOLLIN, .data.ptr = &loop->timer_fd};
    struct epoll_event woken = {.events = EPOLLIN, .data.ptr = &loop->wake_fd};
    if (loop->epoll_fd < 0 || loop->timer_fd < 0 || loop->wake_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->timer_fd, &fired) != 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &woken) != 0)
        abort(); /* no descriptors at start: nothing can run */
    return loop;
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL)
        return;
    free_given_up(loop);
    for (size_t i = 0; i < loop->n_timers; i++)
        free(loop->heap[i]);
    free(loop->heap);
    close(loop->wake_fd);
    close(loop->timer_fd);
    close(loop->epoll_fd);
    free(loop);
}

int loop_fd(const struct loop *loop)
{
    return loop->epoll_fd;
}

/* What woke us is not readable any more, and may be set again. */
static void reset(struct loop *loop, bool fired, bool woken)
{
    uint64_t n;
    if (fired && read(loop->timer_fd, &n, sizeof(n)) == (ssize_t)sizeof(n))
        loop->armed_for_ms = -1;
    if (woken && read(loop->wake_fd, &n, sizeof(n)) == (ssize_t)sizeof(n))
        loop->awake = false;
}

void loop_turn(struct loop *loop, int max_wait_ms)
{
    struct epoll_event events[64];
    const int n = epoll_wait(loop->epoll_fd, events, 64, max_wait_ms);
    if (n < 0 && errno != EINTR)
        abort();
    bool fired = false, woken = false;
    for (int i = 0; i < n; i++) {
        if (events[i].data.ptr == &loop->timer_fd)
            fired = true;
        else if (events[i].data.ptr == &loop->wake_fd)
            woken = true;
        else
            run_watch(events[i].data.ptr, events[i].events);
    }
    if (fired || woken) {
        reset(loop, fired, woken);
        run_timers(loop);
    }
    free_given_up(loop);
}

void loop_run(struct loop *loop)
{
    loop->stopping = false;
    while (!loop->stopping)
        loop_turn(loop, -1);
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
}
