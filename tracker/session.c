#include "tracker/session.h"

#include "infra/discord.h"

uint64_t session_next_id(struct session_ids *ids, int64_t now_ms)
{
    enum { COUNTER_BITS = 12, EPOCH_BITS = 10 };
    const uint64_t now = now_ms > DISCORD_EPOCH_MS ? (uint64_t)(now_ms - DISCORD_EPOCH_MS) : 0;
    if (now > ids->last_ms) {
        ids->last_ms = now;
        ids->counter = 0;
    } else if (++ids->counter >> COUNTER_BITS != 0) {
        ids->last_ms++;
        ids->counter = 0;
    }
    const uint64_t epoch = ids->epoch & ((1u << EPOCH_BITS) - 1);
    return ids->last_ms << (COUNTER_BITS + EPOCH_BITS) | epoch << COUNTER_BITS | ids->counter;
}

/* Nothing ends before it began: a stay of which only the beginning is proven has length 0. */
static struct db_session ended(const struct voice_member *before, int64_t at, enum session_end end)
{
    return (struct db_session){
        .session_id = before->session_id,
        .user_id = before->user_id,
        .channel_id = before->channel_id,
        .started_at = before->started_at,
        .ended_at = at > before->started_at ? at : before->started_at,
        .end = end,
    };
}

size_t session_rows(const struct voice_transition *transition, const struct session_times *times,
                    enum session_end end, struct session_ids *ids, int64_t now_ms, struct db_session rows[2])
{
    size_t n = 0;
    const bool leaves = transition->change == VOICE_MOVED || transition->change == VOICE_LEFT;
    if (leaves && transition->before.session_id != 0)
        rows[n++] =
            ended(&transition->before, times->end_at, transition->change == VOICE_MOVED ? SESSION_MOVE : end);
    if (transition->change == VOICE_JOINED || transition->change == VOICE_MOVED) {
        struct voice_member *const member = transition->member;
        member->session_id = session_next_id(ids, now_ms);
        member->started_at = times->start_at;
        rows[n++] = (struct db_session){
            .session_id = member->session_id,
            .user_id = member->user_id,
            .channel_id = member->channel_id,
            .started_at = member->started_at,
            .end = SESSION_OPEN,
        };
    }
    return n;
}
