/*
 * One thread's event loop: epoll for descriptors and one CLOCK_MONOTONIC timerfd for all timers, so that a step of the
 * wall clock changes nothing.
 *
 * The loop is itself a descriptor (loop_fd): it can run on its own (loop_run) or inside another loop that watches that
 * descriptor and calls loop_turn when it becomes readable, as the handler does inside h2o's.
 *
 * Callbacks may watch, unwatch, start and cancel anything, their own handle included. None runs after its handle was
 * given up, not even when its event was already collected.
 */
#pragma once

#include <stdint.h>

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

struct loop;
struct loop_watch;
struct loop_timer;

struct loop *loop_create(void);
/* Everything watched and timed must have been given up before. NULL is accepted. */
void loop_destroy(struct loop *loop);

/* Runs turns until loop_stop. */
void loop_run(struct loop *loop);
/* Makes loop_run return after the present turn. */
void loop_stop(struct loop *loop);
/* Waits at most max_wait_ms (-1: for ever, 0: not at all), then runs all that is ready and due, once. */
void loop_turn(struct loop *loop, int max_wait_ms);
/* Readable whenever loop_turn has something to run. Belongs to the loop. */
int loop_fd(const struct loop *loop);

/*
 * Calls on_ready(arg, events) in each turn in which fd is ready for one of events (level-triggered; an error or a hang-up
 * counts as both). The descriptor stays the caller's; loop_unwatch must come before it is closed. events 0 is a pause.
 */
struct loop_watch *loop_watch(struct loop *loop, int fd, unsigned events,
                              void (*on_ready)(void *arg, unsigned events), void *arg);
void loop_watch_set(struct loop_watch *watch, unsigned events);
/* NULL is accepted. */
void loop_unwatch(struct loop_watch *watch);

/*
 * Calls on_time(arg) once, at the earliest after ms milliseconds, and never from inside this call: 0 means the next
 * turn. The handle is dead from the moment the callback starts. Equal times run in the order in which they were set.
 */
struct loop_timer *loop_after(struct loop *loop, int64_t ms, void (*on_time)(void *arg), void *arg);
/* NULL is accepted. */
void loop_cancel(struct loop_timer *timer);
