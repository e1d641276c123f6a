#include "handler/drawing.h"

#include "infra/loop.h"
#include "infra/mem.h"

#include <stdlib.h>

struct entry {
    void (*draw)(void *arg);
    void *arg;
    struct entry *next;
};

struct drawing {
    struct loop *loop;
    struct loop_timer *timer; /* set while there are cards */
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

static void draw_next(void *arg);

/* What came while the last card was drawn goes first. */
static void give_way(void *arg)
{
    struct drawing *const drawing = arg;
    drawing->timer = loop_after(drawing->loop, 0, draw_next, drawing);
}

static void draw_next(void *arg)
{
    struct drawing *const drawing = arg;
    struct entry *const entry = drawing->first;
    drawing->first = entry->next;
    if (drawing->first == NULL)
        drawing->end = &drawing->first;
    drawing->timer = drawing->first != NULL ? loop_after(drawing->loop, 0, give_way, drawing) : NULL;
    entry->draw(entry->arg);
    free(entry);
}

void drawing_enqueue(struct drawing *drawing, void (*draw)(void *arg), void *arg)
{
    struct entry *const entry = mem_alloc(sizeof(*entry));
    entry->draw = draw;
    entry->arg = arg;
    *drawing->end = entry;
    drawing->end = &entry->next;
    if (drawing->timer == NULL)
        drawing->timer = loop_after(drawing->loop, 0, give_way, drawing);
}
