#include "tracker/identify.h"

#include "infra/loop.h"
#include "infra/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <utlist.h>

/* All but WAITING keep the bucket from others. */
enum state {
    WAITING,
    GIVEN, /* on_turn is about to run */
    HELD,
    SENT, /* its five seconds are not over */
};

struct identify_turn {
    struct identify *identify;
    enum state state;
    int shard_id;
    struct loop_timer *timer; /* of GIVEN and SENT */
    void (*on_turn)(void *arg);
    void *arg;
    struct identify_turn *prev, *next;
};

struct identify {
    struct loop *loop;
    int64_t window_ms;
    int64_t max_concurrency;
    struct identify_turn *turns; /* in the order in which they were asked for */
};

static int64_t bucket_of(const struct identify_turn *turn)
{
    return turn->shard_id % turn->identify->max_concurrency;
}

static void on_given(void *arg)
{
    struct identify_turn *const turn = arg;
    turn->timer = NULL;
    turn->state = HELD;
    turn->on_turn(turn->arg);
}

/* The first that waits in the bucket, unless the bucket is taken. */
static void give_next(struct identify *identify, int64_t bucket)
{
    struct identify_turn *first = NULL, *turn;
    DL_FOREACH(identify->turns, turn)
    {
        if (bucket_of(turn) != bucket)
            continue;
        if (turn->state != WAITING)
            return;
        if (first == NULL)
            first = turn;
    }
    if (first == NULL)
        return;
    first->state = GIVEN;
    first->timer = loop_after(identify->loop, 0, on_given, first);
}

static void end(struct identify_turn *turn)
{
    struct identify *const identify = turn->identify;
    const int64_t bucket = bucket_of(turn);
    loop_cancel(turn->timer);
    DL_DELETE(identify->turns, turn);
    free(turn);
    give_next(identify, bucket);
}

static void on_window_over(void *arg)
{
    struct identify_turn *const turn = arg;
    turn->timer = NULL;
    end(turn);
}

struct identify_turn *identify_wait(struct identify *identify, int shard_id, void (*on_turn)(void *arg),
                                    void *arg)
{
    struct identify_turn *const turn = mem_alloc(sizeof(*turn));
    *turn = (struct identify_turn){
        .identify = identify, .state = WAITING, .shard_id = shard_id, .on_turn = on_turn, .arg = arg};
    DL_APPEND(identify->turns, turn);
    give_next(identify, bucket_of(turn));
    return turn;
}

void identify_sent(struct identify_turn *turn)
{
    turn->state = SENT;
    turn->timer = loop_after(turn->identify->loop, turn->identify->window_ms, on_window_over, turn);
}

void identify_cancel(struct identify_turn *turn)
{
    if (turn != NULL)
        end(turn);
}

/* Whoever waits may find its new bucket free. */
void identify_allow(struct identify *identify, int64_t max_concurrency)
{
    if (max_concurrency < 1 || max_concurrency == identify->max_concurrency)
        return;
    identify->max_concurrency = max_concurrency;
    struct identify_turn *turn;
    DL_FOREACH(identify->turns, turn)
    give_next(identify, bucket_of(turn));
}

struct identify *identify_create(struct loop *loop, int64_t window_ms)
{
    struct identify *const identify = mem_alloc(sizeof(*identify));
    identify->loop = loop;
    identify->window_ms = window_ms;
    identify->max_concurrency = 1;
    return identify;
}

/* Only windows are left. */
void identify_destroy(struct identify *identify)
{
    if (identify == NULL)
        return;
    struct identify_turn *turn, *next;
    DL_FOREACH_SAFE(identify->turns, turn, next)
    {
        loop_cancel(turn->timer);
        free(turn);
    }
    free(identify);
}
