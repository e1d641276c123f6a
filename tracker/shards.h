/*
 * The shards of this process: Discord splits a bot's servers among shard_count gateway connections, (guild_id >> 22) %
 * shard_count is the server's ("Sharding"). Each is a struct shard; what they share is made here: the question to
 * GET /gateway/bot and the turns to IDENTIFY.
 */
#pragma once

#include "tracker/shard.h"

struct rest;
struct shards;

enum { SHARDS_MAX = 10000 };

struct shards_config {
    struct shard_config shard; /* of each; key, look_ms and what they share are filled in */
    struct rest *rest;
    int count;           /* of the whole bot; 0: as Discord recommends, asked until it answers */
    int ids[SHARDS_MAX]; /* which of them */
    size_t n_ids;        /* 0: all */
};

/* SHARD_COUNT and SHARD_IDS from the environment: count and ids. */
void shards_configure(struct shards_config *config);

/* on_failed: one of them cannot go on, or Discord refuses the token; why is logged. Once at most, from the loop. */
struct shards *shards_create(const struct shards_config *config, void (*on_failed)(void *arg), void *arg);
struct shard_measures shards_measure(const struct shards *shards);
/* The settings of a server changed; 0: any may have. */
void shards_settings_changed(struct shards *shards, uint64_t guild_id);
/* A planned stop, as shard_stop(), of all of them: on_stopped comes after the last. */
void shards_stop(struct shards *shards, void (*on_stopped)(void *arg), void *arg);
void shards_destroy(struct shards *shards);
