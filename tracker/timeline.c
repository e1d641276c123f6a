#include "tracker/timeline.h"

enum {
    STEP_MS = 2000,       /* no clock that is kept in order is so far off */
    LASTING_MS = 60000,   /* a step that is taken back before was a mistake */
    SLOW_ANSWER_MS = 500, /* says too little about when the clock was read */
    SLEW = 1000,          /* back by one millisecond in so many */
};

void timeline_go_on(struct timeline *timeline, int64_t monotonic)
{
    if (monotonic + timeline->offset < timeline->last)
        timeline->offset = timeline->last - monotonic;
}

void timeline_not_before(struct timeline *timeline, int64_t monotonic, int64_t earliest)
{
    if (earliest > timeline->last)
        timeline->last = earliest;
    timeline_go_on(timeline, monotonic);
}

void timeline_start(struct timeline *timeline, int64_t monotonic, int64_t reference, int64_t earliest)
{
    if (timeline->compared == 0)
        *timeline = (struct timeline){.offset = reference - monotonic, .compared = monotonic};
    timeline_not_before(timeline, monotonic, earliest);
}

int64_t timeline_at(struct timeline *timeline, int64_t monotonic)
{
    const int64_t moment = monotonic + timeline->offset;
    if (moment > timeline->last)
        timeline->last = moment;
    return timeline->last;
}

int64_t timeline_compare(struct timeline *timeline, int64_t asked, int64_t answered, int64_t reference,
                         bool idle)
{
    if (answered - asked > SLOW_ANSWER_MS)
        return 0;
    /* The clock was read between the two: what lies outside of that is certain, and only that is mended. */
    const int64_t least = reference - (answered + timeline->offset),
                  most = reference - (asked + timeline->offset);
    const int64_t ahead = least > 0 ? least : most < 0 ? most : 0;
    const int64_t elapsed = answered - timeline->compared;
    timeline->compared = answered;
    if (ahead > -STEP_MS && ahead < STEP_MS) {
        timeline->stepped = 0;
        timeline->offset += ahead > -elapsed / SLEW ? ahead : -elapsed / SLEW;
        return 0;
    }
    const bool again = timeline->stepped != 0 && timeline->stepped_ahead == (ahead > 0);
    if (!again) {
        timeline->stepped = answered;
        timeline->stepped_ahead = ahead > 0;
    }
    if (answered - timeline->stepped < LASTING_MS || (ahead < 0 && !idle))
        return 0;
    timeline->stepped = 0;
    timeline->offset += ahead;
    return ahead > 0 ? ahead : 0;
}
