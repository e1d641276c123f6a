/*
 * The queue of cards to draw: a card, then some turns of the loop for everything else, so that acknowledgements, which
 * Discord wants within three seconds, seldom wait for more than one.
 */
#pragma once

#include <stddef.h>

struct draw_queue;
struct loop;

struct draw_queue *draw_queue_create(struct loop *loop);
/* The queue must be empty. NULL is accepted. */
void draw_queue_destroy(struct draw_queue *queue);

/* Runs draw(arg) in a later turn, in the order of the calls. The queue is as long as commands are allowed to
 * run. */
void draw_queue_add(struct draw_queue *queue, void (*draw)(void *arg), void *arg);
/* Cards in the queue. */
size_t draw_queue_waiting(const struct draw_queue *queue);
