#include "handler/drawing.h"

#include "infra/loop.h"
#include "infra/mem.h"

#include <stdlib.h>

struct card {
    void (*draw)(void *arg);
    void *arg;
    struct card *next;
};

struct drawing {
    struct loop *loop;
    struct loop_timer *timer; /* set while there are cards */
    struct card *first, **end;
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

static void on_turn(void *arg)
{
    struct drawing *const drawing = arg;
    struct card *const card = drawing->first;
    drawing->first = card->next;
    if (drawing->first == NULL)
        drawing->end = &drawing->first;
    drawing->timer = drawing->first != NULL ? loop_after(drawing->loop, 0, on_turn, drawing) : NULL;
    card->draw(card->arg);
    free(card);
}

void drawing_enqueue(struct drawing *drawing, void (*draw)(void *arg), void *arg)
{
    struct card *const card = mem_alloc(sizeof(*card));
    card->draw = draw;
    card->arg = arg;
    *drawing->end = card;
    drawing->end = &card->next;
    if (drawing->timer == NULL)
        drawing->timer = loop_after(drawing->loop, 0, on_turn, drawing);
}
