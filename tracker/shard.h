/*
 * One shard's whole life: waits for it, owns it (tracker/tenure.h), and where it is lost waits for it again.
 */
#pragma once

#include "db/shard.h"

#include <stddef.h>

struct gateway_bot;
struct http_client;
struct identify;
struct loop;
struct shard;

struct shard_config {
    struct loop *loop;
    struct db_pool *pool;
    struct http_client *client;
    struct gateway_bot *bot; /* one, and one queue of turns to IDENTIFY, for all shards of the process */
    struct identify *turns;
    struct db_shard_key key;
    const char *token;
    const char *gateway_url;    /* NULL: ask Discord */
    int64_t heartbeat_interval; /* seconds between batches that prove presence */
    int64_t look_ms;            /* between two looks at a shard that somebody else owns */
    size_t max_unwritten;       /* changes held in memory, of all shards, while the database takes none */
    size_t *unwritten;          /* those that are held now */
};

/* The state of shards at a moment, added up. */
struct shard_measures {
    size_t of_bot; /* all that its servers are split into, here and elsewhere; 0: not known yet */
    size_t owned, watching;
    size_t open_sessions, in_voice; /* members who are counted, and all of them */
    size_t unwritten;               /* changes */
    int64_t proven_age_ms;          /* of the oldest proven moment that is committed; -1: there is none */
};

/* on_failed: the shard cannot go on, and why is logged (Discord refuses us for good, no tables). */
struct shard *shard_create(const struct shard_config *config, void (*on_failed)(void *arg), void *arg);
/* Adds the shard's. */
void shard_measure(const struct shard *shard, struct shard_measures *sum);
/* The settings of a server changed; 0: any may have. */
void shard_settings_changed(struct shard *shard, uint64_t guild_id);
/* A planned stop: hears no more, commits what was heard, leaves sessions open and the gateway's session alive,
 * then calls on_stopped. False, and it is not called, where nothing is owed. */
bool shard_stop(struct shard *shard, void (*on_stopped)(void *arg), void *arg);
void shard_destroy(struct shard *shard);
