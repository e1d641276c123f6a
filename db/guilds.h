/* Servers, their channels, and their members' names: kept for the pictures, as parts of a tracker's batch. */
#pragma once

#include "db/members.h"
#include "db/shard.h"

struct db_guild {
    uint64_t guild_id;
    const char *name;
    const char *icon;        /* hash or NULL */
    uint64_t afk_channel_id; /* 0: none */
};

/* The server as it is now: there, and available. */
void db_guild_put(struct db_job *job, const struct db_shard_key *shard, const struct db_guild *guild);
/* An outage that Discord announced. */
void db_guild_unavailable(struct db_job *job, uint64_t guild_id);
/* We were removed. */
void db_guild_left(struct db_job *job, uint64_t guild_id, int64_t left_at);
/* The shard's servers are these and no others: the rest was left while nobody watched. */
void db_guilds_left_but(struct db_job *job, const struct db_shard_key *shard, const uint64_t *guild_ids,
                        size_t n, int64_t left_at);

struct db_channel {
    uint64_t guild_id, channel_id;
    const char *name; /* NULL: it was deleted */
    int type;
};

/* Each channel at most once. */
void db_channels_put(struct db_job *job, const struct db_channel *channels, size_t n);

/* Each member at most once. */
void db_members_put(struct db_job *job, const struct db_member *members, size_t n);
