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

static struct db_session begun(struct voice_member *member, const struct session_times *times,
                               struct session_ids *ids)
{
    member->session_id = session_next_id(ids, times->now_ms);
    member->started_at = times->start_at;
    return (struct db_session){
        .session_id = member->session_id,
        .user_id = member->user_id,
        .channel_id = member->channel_id,
        .started_at = member->started_at,
        .end = SESSION_OPEN,
    };
}

size_t session_rows(const struct voice_transition *transition, const struct session_rules *rules,
                    struct session_ids *ids, struct db_session rows[2])
{
    size_t n = 0;
    const bool moves = transition->change == VOICE_MOVED;
    if ((moves || transition->change == VOICE_LEFT) && transition->before.session_id != 0) {
        const enum session_end move = rules->stay == STAY_AFK ? SESSION_AFK : SESSION_MOVE;
        rows[n++] = ended(&transition->before, rules->times.end_at, moves ? move : rules->end);
    }
    if (moves || transition->change == VOICE_JOINED) {
        if (rules->stay == STAY_COUNTS)
            rows[n++] = begun(transition->member, &rules->times, ids);
        else
            transition->member->session_id = 0;
    }
    return n;
}

bool session_reconsider(struct voice_member *member, const struct session_rules *rules, struct session_ids *ids,
                        struct db_session *row)
{
    const bool counts = rules->stay == STAY_COUNTS;
    if (counts == (member->session_id != 0))
        return false;
    if (counts) {
        *row = begun(member, &rules->times, ids);
    } else {
        *row = ended(member, rules->times.end_at, rules->stay == STAY_AFK ? SESSION_AFK : SESSION_DISABLED);
        member->session_id = 0;
    }
    return true;
}

size_t session_split(struct voice_member *member, const struct session_times *times, struct session_ids *ids,
                     struct db_session rows[2])
{
    if (member->session_id == 0)
        return 0;
    rows[0] = ended(member, times->end_at, SESSION_UNPROVEN);
    rows[1] = begun(member, times, ids);
    return 2;
}
