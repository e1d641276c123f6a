#include "db/guilds.h"

#include "db/job.h"

static const struct db_statement guild_put = {
    "guild_put",
    "INSERT INTO guild AS g (guild_id, name, icon, afk_channel_id, shard_count, shard_id) "
    "VALUES ($1::bigint, $2::text, $3::text, $4::bigint, $5::int, $6::int) "
    "ON CONFLICT (guild_id) DO UPDATE "
    "SET name = excluded.name, icon = excluded.icon, afk_channel_id = excluded.afk_channel_id, "
    "    shard_count = excluded.shard_count, shard_id = excluded.shard_id, available = true, left_at = NULL "
    "WHERE (g.name, g.icon, g.afk_channel_id, g.shard_count, g.shard_id, g.available, g.left_at) "
    "IS DISTINCT FROM (excluded.name, excluded.icon, excluded.afk_channel_id, excluded.shard_count, "
    "                  excluded.shard_id, true, NULL::timestamptz)",
};

void db_guild_put(struct db_job *job, const struct db_shard_key *shard, const struct db_guild *guild)
{
    db_job_statement(job, &guild_put);
    db_job_snowflake(job, guild->guild_id);
    db_job_text(job, guild->name);
    db_job_text(job, guild->icon);
    db_job_snowflake_or_null(job, guild->afk_channel_id);
    db_job_int(job, shard->shard_count);
    db_job_int(job, shard->shard_id);
}

static const struct db_statement guild_unavailable = {
    "guild_unavailable",
    "UPDATE guild SET available = false WHERE guild_id = $1::bigint AND available",
};

void db_guild_unavailable(struct db_job *job, uint64_t guild_id)
{
    db_job_statement(job, &guild_unavailable);
    db_job_snowflake(job, guild_id);
}

static const struct db_statement guild_left = {
    "guild_left",
    "UPDATE guild SET left_at = to_timestamp($2::bigint) WHERE guild_id = $1::bigint AND left_at IS NULL",
};

void db_guild_left(struct db_job *job, uint64_t guild_id, int64_t left_at)
{
    db_job_statement(job, &guild_left);
    db_job_snowflake(job, guild_id);
    db_job_int(job, left_at);
}

static const struct db_statement guilds_left_but = {
    "guilds_left_but",
    "UPDATE guild SET left_at = to_timestamp($4::bigint) "
    "WHERE shard_count = $1::int AND shard_id = $2::int AND left_at IS NULL AND guild_id <> ALL ($3::bigint[])",
};

void db_guilds_left_but(struct db_job *job, const struct db_shard_key *shard, const uint64_t *guild_ids,
                        size_t n, int64_t left_at)
{
    struct db_array ids = {0};
    for (size_t i = 0; i < n; i++)
        db_array_snowflake(&ids, guild_ids[i]);
    db_job_statement(job, &guilds_left_but);
    db_job_int(job, shard->shard_count);
    db_job_int(job, shard->shard_id);
    db_job_array(job, &ids);
    db_job_int(job, left_at);
}

static const struct db_statement channels_put = {
    "channels_put",
    "INSERT INTO channel AS c (guild_id, channel_id, name, type) "
    "SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::smallint[]) "
    "ON CONFLICT (guild_id, channel_id) DO UPDATE SET name = excluded.name, type = excluded.type "
    "WHERE (c.name, c.type) IS DISTINCT FROM (excluded.name, excluded.type)",
};

static const struct db_statement channels_delete = {
    "channels_delete",
    "DELETE FROM channel c "
    "USING unnest($1::bigint[], $2::bigint[]) AS x(guild_id, channel_id) "
    "WHERE c.guild_id = x.guild_id AND c.channel_id = x.channel_id",
};

void db_channels_put(struct db_job *job, const struct db_channel *channels, size_t n)
{
    struct db_array guilds = {0}, ids = {0}, names = {0}, types = {0}, gone_guilds = {0}, gone_ids = {0};
    for (size_t i = 0; i < n; i++) {
        const struct db_channel *const c = &channels[i];
        db_array_snowflake(c->name != NULL ? &guilds : &gone_guilds, c->guild_id);
        db_array_snowflake(c->name != NULL ? &ids : &gone_ids, c->channel_id);
        if (c->name == NULL)
            continue;
        db_array_text(&names, c->name);
        db_array_int(&types, c->type);
    }
    if (guilds.n > 0) {
        db_job_statement(job, &channels_put);
        db_job_array(job, &guilds);
        db_job_array(job, &ids);
        db_job_array(job, &names);
        db_job_array(job, &types);
    }
    if (gone_guilds.n > 0) {
        db_job_statement(job, &channels_delete);
        db_job_array(job, &gone_guilds);
        db_job_array(job, &gone_ids);
    }
}

static const struct db_statement members_put = {
    "members_put",
    "INSERT INTO member AS m (guild_id, user_id, username, discriminator, global_name, nick, avatar, "
    "guild_avatar) "
    "SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], "
    "$7::text[], "
    "                     $8::text[]) "
    "ON CONFLICT (guild_id, user_id) DO UPDATE "
    "SET username = excluded.username, discriminator = excluded.discriminator, global_name = "
    "excluded.global_name, "
    "    nick = excluded.nick, avatar = excluded.avatar, guild_avatar = excluded.guild_avatar "
    "WHERE (m.username, m.discriminator, m.global_name, m.nick, m.avatar, m.guild_avatar) "
    "IS DISTINCT FROM (excluded.username, excluded.discriminator, excluded.global_name, excluded.nick, "
    "                  excluded.avatar, excluded.guild_avatar)",
};

void db_members_put(struct db_job *job, const struct db_member *members, size_t n)
{
    struct db_array guilds = {0}, users = {0}, usernames = {0}, discriminators = {0}, global_names = {0},
                    nicks = {0}, avatars = {0}, guild_avatars = {0};
    for (size_t i = 0; i < n; i++) {
        const struct db_member *const m = &members[i];
        db_array_snowflake(&guilds, m->guild_id);
        db_array_snowflake(&users, m->user_id);
        db_array_text(&usernames, m->username);
        db_array_text(&discriminators, m->discriminator);
        db_array_text(&global_names, m->global_name);
        db_array_text(&nicks, m->nick);
        db_array_text(&avatars, m->avatar);
        db_array_text(&guild_avatars, m->guild_avatar);
    }
    db_job_statement(job, &members_put);
    db_job_array(job, &guilds);
    db_job_array(job, &users);
    db_job_array(job, &usernames);
    db_job_array(job, &discriminators);
    db_job_array(job, &global_names);
    db_job_array(job, &nicks);
    db_job_array(job, &avatars);
    db_job_array(job, &guild_avatars);
}
