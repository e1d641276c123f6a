#include "handler/draw_queue.h"

#include "infra/loop.h"
#include "infra/mem.h"

#include <stdlib.h>
#include <utlist.h>

/* Turns of the loop from one card to the next: what comes meanwhile is accepted, read, and on its way to the database before
 * the next is drawn. */
enum { TURNS = 4 };

struct entry {
    void (*draw)(void *arg);
    void *arg;
    struct entry *prev, *next;
};

struct draw_queue {
    struct loop *loop;
    struct loop_timer *timer; /* set while there are cards */
    int turns;                /* since the last card */
    size_t n;
    struct entry *first;
};

struct draw_queue *draw_queue_create(struct loop *loop)
{
    struct draw_queue *const queue = mem_alloc(sizeof(*queue));
    queue->loop = loop;
    return queue;
}

void draw_queue_destroy(struct draw_queue *queue)
{
    free(queue);
}

static void draw_first(struct draw_queue *queue)
{
    struct entry *const entry = queue->first;
    DL_DELETE(queue->first, entry);
    queue->n--;
    entry->draw(entry->arg);
    free(entry);
}

static void on_turn(void *arg)
{
    struct draw_queue *const queue = arg;
    queue->timer = NULL;
    if (++queue->turns == TURNS) {
        queue->turns = 0;
        draw_first(queue);
    }
    if (queue->first != NULL && queue->timer == NULL)
        queue->timer = loop_after(queue->loop, 0, on_turn, queue);
}

void draw_queue_add(struct draw_queue *queue, void (*draw)(void *arg), void *arg)
{
    struct entry *const entry = mem_alloc(sizeof(*entry));
    entry->draw = draw;
    entry->arg = arg;
    DL_APPEND(queue->first, entry);
    queue->n++;
    if (queue->timer == NULL)
        queue->timer = loop_after(queue->loop, 0, on_turn, queue);
}

size_t draw_queue_waiting(const struct draw_queue *queue)
{
    return queue->n;
}
