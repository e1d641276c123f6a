#include "db/sessions.h"

#include "db/job.h"

static const struct db_statement record_sessions = {
    "record_sessions",
    "SELECT record_sessions($1::bigint, $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], "
    "$7::text[])",
};

/* As voice_session.end_reason holds them. */
static const char *reason(enum session_end end)
{
    switch (end) {
    case SESSION_OPEN:
        return NULL;
    case SESSION_LEAVE:
        return "leave";
    case SESSION_MOVE:
        return "move";
    case SESSION_UNPROVEN:
        return "unproven";
    case SESSION_OUTAGE:
        return "outage";
    case SESSION_REMOVED:
        return "removed";
    case SESSION_DISABLED:
        return "disabled";
    case SESSION_AFK:
        return "afk";
    }
    return NULL;
}

void db_sessions_record(struct db_job *job, uint64_t guild_id, const struct db_session *sessions, size_t n)
{
    struct db_array ids = {0}, users = {0}, channels = {0}, starts = {0}, ends = {0}, reasons = {0};
    for (size_t i = 0; i < n; i++) {
        const struct db_session *const s = &sessions[i];
        db_array_snowflake(&ids, s->session_id);
        db_array_snowflake(&users, s->user_id);
        db_array_snowflake(&channels, s->channel_id);
        db_array_int(&starts, s->started_at);
        if (s->end == SESSION_OPEN)
            db_array_null(&ends);
        else
            db_array_int(&ends, s->ended_at);
        db_array_text(&reasons, reason(s->end));
    }
    db_job_statement(job, &record_sessions);
    db_job_snowflake(job, guild_id);
    db_job_array(job, &ids);
    db_job_array(job, &users);
    db_job_array(job, &channels);
    db_job_array(job, &starts);
    db_job_array(job, &ends);
    db_job_array(job, &reasons);
}

static const struct db_statement presence_in = {
    "presence_in",
    "INSERT INTO voice_presence (guild_id, user_id, channel_id) "
    "SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) "
    "ON CONFLICT (guild_id, user_id) DO UPDATE SET channel_id = excluded.channel_id",
};

static const struct db_statement presence_out = {
    "presence_out",
    "DELETE FROM voice_presence p "
    "USING unnest($1::bigint[], $2::bigint[]) AS x(guild_id, user_id) "
    "WHERE p.guild_id = x.guild_id AND p.user_id = x.user_id",
};

void db_presence_put(struct db_job *job, const struct db_presence *members, size_t n)
{
    struct db_array in_guilds = {0}, in_users = {0}, in_channels = {0}, out_guilds = {0}, out_users = {0};
    for (size_t i = 0; i < n; i++) {
        const struct db_presence *const m = &members[i];
        db_array_snowflake(m->channel_id != 0 ? &in_guilds : &out_guilds, m->guild_id);
        db_array_snowflake(m->channel_id != 0 ? &in_users : &out_users, m->user_id);
        if (m->channel_id != 0)
            db_array_snowflake(&in_channels, m->channel_id);
    }
    if (in_guilds.n > 0) {
        db_job_statement(job, &presence_in);
        db_job_array(job, &in_guilds);
        db_job_array(job, &in_users);
        db_job_array(job, &in_channels);
    }
    if (out_guilds.n > 0) {
        db_job_statement(job, &presence_out);
        db_job_array(job, &out_guilds);
        db_job_array(job, &out_users);
    }
}
