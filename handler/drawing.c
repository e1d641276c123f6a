#include "handler/drawing.h"

#include "infra/loop.h"
#include "infra/mem.h"

#include <stdlib.h>

/* Turns of the loop from one card to the next: what comes meanwhile is accepted, read, and on its way to the database before
 * the next is drawn. */
enum { TURNS = 4 };

struct entry {
    void (*draw)(void *arg);
    void *arg;
    struct entry *next;
};

struct drawing {
    struct loop *loop;
    struct loop_timer *timer; /* set while there are cards */
    int turns;                /* since the last card */
    size_t n;
    struct entry *first, **end;
};

struct drawing *drawing_create(struct loop *loop)
{
    struct drawing *const drawing = mem_alloc(sizeof(*drawing));
    drawing->loop = loop;
    drawing->end = &drawing->first;
    return drawing;
}

void drawing_destroy(struct drawing *drawing)
{
    free(drawing);
}

static void draw_first(struct drawing *drawing)
{
    struct entry *const entry = drawing->first;
    drawing->first = entry->next;
    drawing->n--;
    if (drawing->first == NULL)
        drawing->end = &drawing->first;
    entry->draw(entry->arg);
    free(entry);
}

static void on_turn(void *arg)
{
    struct drawing *const drawing = arg;
    drawing->timer = NULL;
    if (++drawing->turns == TURNS) {
        drawing->turns = 0;
        draw_first(drawing);
    }
    if (drawing->first != NULL && drawing->timer == NULL)
        drawing->timer = loop_after(drawing->loop, 0, on_turn, drawing);
}

void drawing_enqueue(struct drawing *drawing, void (*draw)(void *arg), void *arg)
{
    struct entry *const entry = mem_alloc(sizeof(*entry));
    entry->draw = draw;
    entry->arg = arg;
    *drawing->end = entry;
    drawing->end = &entry->next;
    drawing->n++;
    if (drawing->timer == NULL)
        drawing->timer = loop_after(drawing->loop, 0, on_turn, drawing);
}

size_t drawing_waiting(const struct drawing *drawing)
{
    return drawing->n;
}
