/* The rules of counting: what a change of presence means for sessions. Pure: time and ids are arguments. */
#pragma once

#include "db/sessions.h"
#include "tracker/settings.h"
#include "tracker/voice.h"

/*
 * When a change is booked, in unix seconds. What is seen as it happens has one time for both. Of what a RESUME
 * replays, only the receipt is known: an end is booked at the last moment at which presence was proven, a start
 * at receipt.
 */
struct session_times {
    int64_t end_at, start_at;
    int64_t now_ms; /* unix milliseconds, for the ids of sessions */
};

/* Makes session ids: a snowflake of ours from milliseconds, the shard's epoch (10 bits) and a counter (12
 * bits). They rise, whatever the clock does, and two owners of a shard cannot make the same. */
struct session_ids {
    uint64_t last_ms;
    uint32_t counter;
    uint32_t epoch;
};

uint64_t session_next_id(struct session_ids *ids, int64_t now_ms);

/* What one change is booked by. */
struct session_rules {
    struct session_times times;
    enum session_end end; /* how a leave is to be called */
    enum stay stay;       /* whether the stay after it counts */
};

/*
 * The rows that a transition writes, at most two: the end of the session before, the beginning of the one
 * after. Sets session_id and started_at of the member. Returns the number of rows.
 */
size_t session_rows(const struct voice_transition *transition, const struct session_rules *rules,
                    struct session_ids *ids, struct db_session rows[2]);

/* Somebody stays where they are, and what counts has changed: true with a row where a session ends or begins. */
bool session_reconsider(struct voice_member *member, const struct session_rules *rules, struct session_ids *ids,
                        struct db_session *row);

/* Somebody stays where they are, and nobody knows for how long: two rows, or 0 where the stay does not count. */
size_t session_split(struct voice_member *member, const struct session_times *times, struct session_ids *ids,
                     struct db_session rows[2]);
