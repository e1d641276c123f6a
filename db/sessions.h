/* Sessions and presence, as parts of a tracker's batch: each function adds its statements to a job. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct db_job;

enum session_end {
    SESSION_OPEN,
    SESSION_LEAVE,
    SESSION_MOVE,
    SESSION_UNPROVEN, /* nobody watched any more: ended at the proven moment */
    SESSION_OUTAGE,
    SESSION_REMOVED,
    SESSION_DISABLED, /* tracking was switched off */
    SESSION_AFK,      /* went where nothing is counted, or that was switched off */
};

struct db_session {
    uint64_t session_id, user_id, channel_id;
    int64_t started_at; /* unix seconds */
    int64_t ended_at;   /* not below started_at; means nothing while open */
    enum session_end end;
};

/* Opens and ends sessions of one guild and keeps every rollup, idempotent by session_id. Of several guilds: in
 * the order of their ids, for each call locks its guild. All rows of one guild in one call. */
void db_sessions_record(struct db_job *job, uint64_t guild_id, const struct db_session *sessions, size_t n);

struct db_presence {
    uint64_t guild_id, user_id;
    uint64_t channel_id; /* 0: not in voice any more */
};

/* Who is where now. Each member at most once. */
void db_presence_put(struct db_job *job, const struct db_presence *members, size_t n);
