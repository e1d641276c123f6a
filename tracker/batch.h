/* What one transaction of the tracker will write: collected in memory, last word wins, turned into a database job. */
#pragma once

#include "db/guilds.h"
#include "db/sessions.h"
#include "db/shard.h"

struct batch;

/* How far the shard was when a batch was closed. */
struct batch_progress {
    unsigned gateway_session; /* of this process, by number: a seq means nothing in another one */
    int64_t seq;              /* all events up to it are in this batch or earlier ones; -1: none */
    int64_t proven_ms;        /* presence is proven until then; 0: never */
};

struct batch *batch_create(void);
/* NULL is accepted. */
void batch_destroy(struct batch *batch);
/* Changes told so far. */
size_t batch_size(const struct batch *batch);

/* What is told is copied, strings and all. */
void batch_session(struct batch *batch, uint64_t guild_id, const struct db_session *session);
/* Nothing was counted in a server (or one channel of it, if not 0) from a moment until another, in unix seconds:
 * sessions in here that ended later end then, or as they began. */
void batch_clip(struct batch *batch, uint64_t guild_id, uint64_t channel_id, int64_t from, int64_t until);
void batch_presence(struct batch *batch, uint64_t guild_id, uint64_t user_id, uint64_t channel_id);
void batch_member(struct batch *batch, const struct db_member *member);
void batch_channel(struct batch *batch, const struct db_channel *channel);
void batch_guild(struct batch *batch, const struct db_guild *guild);
void batch_guild_unavailable(struct batch *batch, uint64_t guild_id);
/* The bot was removed; unix seconds. */
void batch_guild_left(struct batch *batch, uint64_t guild_id, int64_t left_at);
/* From all servers of the shard but these. */
void batch_guilds_left_but(struct batch *batch, const uint64_t *guild_ids, size_t n, int64_t left_at);
/* The shard is watched from a moment on, or was until one; unix milliseconds. reason is a constant. */
void batch_watch_begin(struct batch *batch, int64_t from_ms);
void batch_watch_end(struct batch *batch, int64_t to_ms, const char *reason);
/* What a RESUME will need; NULL: there is no session any more. */
void batch_gateway_session(struct batch *batch, const char *session_id, const char *resume_url);

/* The whole batch as one job, from the fence to the progress. The batch stays, to be sent again if need be. */
struct db_job *batch_job(const struct batch *batch, const struct db_shard_key *shard, int64_t epoch,
                         int64_t batch_no, const struct batch_progress *progress);
