/* The rules of counting: what a change of presence means for sessions. Pure: time and ids are arguments. */
#pragma once

#include "db/sessions.h"
#include "tracker/voice.h"

/*
 * When a change is booked, in unix seconds. What is seen as it happens has one time for both. Of what a RESUME
 * replays, only the receipt is known: an end is booked at the last moment at which presence was proven, a start
 * at receipt.
 */
struct session_times {
    int64_t end_at, start_at;
};

/* Makes session ids: a snowflake of ours from milliseconds, the shard's epoch (10 bits) and a counter (12
 * bits). They rise, whatever the clock does, and two owners of a shard cannot make the same. */
struct session_ids {
    uint64_t last_ms;
    uint32_t counter;
    uint32_t epoch;
};

uint64_t session_next_id(struct session_ids *ids, int64_t now_ms);

/*
 * The rows that a transition writes, at most two: the end of the session before, the beginning of the one
 * after. Sets session_id and started_at of the member. end is how a leave is to be called. Returns the number
 * of rows.
 */
size_t session_rows(const struct voice_transition *transition, const struct session_times *times,
                    enum session_end end, struct session_ids *ids, int64_t now_ms, struct db_session rows[2]);
