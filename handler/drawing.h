/*
 * The queue of cards to draw: a card, then some turns of the loop for everything else, so that acknowledgements, which
 * Discord wants within three seconds, seldom wait for more than one.
 */
#pragma once

#include <stddef.h>

struct drawing;
struct loop;

struct drawing *drawing_create(struct loop *loop);
/* The queue must be empty. NULL is accepted. */
void drawing_destroy(struct drawing *drawing);

/* Runs draw(arg) in a later turn, in the order of the calls. The queue is as long as commands are allowed to
 * run. */
void drawing_enqueue(struct drawing *drawing, void (*draw)(void *arg), void *arg);
/* Cards in the queue. */
size_t drawing_waiting(const struct drawing *drawing);
