/*
 * Turns to IDENTIFY, for all shards of a process. Discord lets max_concurrency of a bot's shards IDENTIFY within five
 * seconds, one of each bucket, where a shard's bucket is its id modulo max_concurrency ("Session Start
 * Limit Object"); who comes too early gets op 9. In each bucket turns are given in the order in which they were asked for.
 *
 * A turn is asked for before the connection is made and used up when IDENTIFY is sent: the five seconds count from
 * there. A holder that fails before IDENTIFY cancels it, and the next one has it at once.
 */
#pragma once

#include <stdint.h>

struct identify;
struct identify_turn;
struct loop;

/* Milliseconds between two IDENTIFYs of a bucket: Discord's five seconds, and some for a network that brings the
 * second faster than the first. */
enum { IDENTIFY_WINDOW_MS = 5250 };

/* Knows of a single bucket until identify_allow(). */
struct identify *identify_create(struct loop *loop, int64_t window_ms);
/* Every turn must be sent or cancelled. NULL is accepted. */
void identify_destroy(struct identify *identify);

/* As Discord said last; 0: it did not. */
void identify_allow(struct identify *identify, int64_t max_concurrency);

/* Calls on_turn once it is the shard's turn, never from inside this or any other call, not after a cancel. */
struct identify_turn *identify_wait(struct identify *identify, int shard_id, void (*on_turn)(void *arg),
                                    void *arg);
/* IDENTIFY goes out now. Only after on_turn; the turn is over. */
void identify_sent(struct identify_turn *turn);
/* Gives a turn up, had or not. NULL is accepted. */
void identify_cancel(struct identify_turn *turn);
