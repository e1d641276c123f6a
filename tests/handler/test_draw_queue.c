/* Cards take turns with everything else that the loop has to do. */
#include "handler/draw_queue.h"

#include "infra/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* What happened, a letter each. */
struct fixture {
    struct loop *loop;
    struct draw_queue *draw_queue;
    char story[16];
};

static void happen(struct fixture *f, char letter)
{
    f->story[strlen(f->story)] = letter;
}

static void on_recorded(void *arg)
{
    happen(arg, 'w');
}

static void on_request(void *arg)
{
    struct fixture *const f = arg;
    happen(f, 'r');
    loop_after(f->loop, 0, on_recorded, f);
}

static void on_connection(void *arg)
{
    struct fixture *const f = arg;
    happen(f, 'a');
    loop_after(f->loop, 0, on_request, f);
}

static void draw(void *arg)
{
    struct fixture *const f = arg;
    happen(f, 'c');
    loop_after(f->loop, 0, on_connection, f); /* comes meanwhile: accepted, read, written down */
}

static void draw_last(void *arg)
{
    struct fixture *const f = arg;
    happen(f, 'c');
    loop_stop(f->loop);
}

static void test_what_comes_while_a_card_is_drawn_goes_before_the_next(void **state)
{
    (void)state;
    struct fixture f = {.loop = loop_create()};
    f.draw_queue = draw_queue_create(f.loop);
    draw_queue_add(f.draw_queue, draw, &f);
    draw_queue_add(f.draw_queue, draw, &f);
    draw_queue_add(f.draw_queue, draw_last, &f);
    assert_string_equal(f.story, ""); /* not from inside the call */
    loop_run(f.loop);
    assert_string_equal(f.story, "carwcarwc");
    draw_queue_destroy(f.draw_queue);
    loop_destroy(f.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_comes_while_a_card_is_drawn_goes_before_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
