/*
 * The time that sessions are booked by: the database's clock as it was at the claim, carried on by the monotonic
 * clock, so that no step of any clock makes hours or takes them away. Pure: both clocks are arguments.
 *
 * The database's clock is looked at with every batch. Where it is a little ahead, by what the claim's answer took
 * say, this time is put right at once; where it is a little behind, this time slows down. A step forward that lasts is
 * taken over, and told, so that what is open can end before it and begin again behind it. A step back is not
 * followed while anybody is in voice, for nothing may begin before something else has ended; this time is then ahead
 * of the clock until the channels are empty.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds, all of them. */
struct timeline {
    int64_t offset;     /* of this time from the monotonic clock */
    int64_t last;       /* the latest moment given: it never runs back */
    int64_t compared;   /* monotonic: when the clocks were compared */
    int64_t stepped;    /* monotonic: since when they are far apart; 0: they are not */
    bool stepped_ahead; /* the database's clock is the later one */
};

/* reference: the database's clock at that moment. Nothing is booked before earliest. One that runs already (not all 0)
 * goes on: what the clock shows at this moment is no better than what it has shown before. */
void timeline_start(struct timeline *timeline, int64_t monotonic, int64_t reference, int64_t earliest);

/* Nothing is booked before a moment from here on. */
void timeline_not_before(struct timeline *timeline, int64_t monotonic, int64_t earliest);

/* The moment at which the monotonic clock showed this, but never before one that was given already. */
int64_t timeline_at(struct timeline *timeline, int64_t monotonic);

/* Somebody is in voice. After a step back this time waits for the clock; from here on it runs again. */
void timeline_go_on(struct timeline *timeline, int64_t monotonic);

/*
 * The database's clock was read between asked and answered. idle: nobody is in voice. Returns how far this time
 * jumped ahead, mostly 0.
 */
int64_t timeline_compare(struct timeline *timeline, int64_t asked, int64_t answered, int64_t reference,
                         bool idle);
