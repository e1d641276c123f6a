/*
 * Gateway sessions: what outlives a connection. Each numbers its dispatches and keeps the last 10 000 of them
 * for a RESUME. A session without a connection lives for five minutes.
 */
#pragma once

#include <cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct connection;

struct session {
    char id[33];
    int shard, shards;
    int64_t seq;                   /* of the last dispatch */
    int64_t discarded;             /* dispatches up to this seq cannot be replayed */
    struct connection *connection; /* or NULL */
    int64_t lost_ms;               /* monotonic: since when there is none */
    char **history;                /* texts of the dispatches discarded + 1 .. seq */
    struct session *next;
};

/* The list starts as NULL; expired ones are removed on the way. */
struct session *session_create(struct session **list, int shard, int shards);
struct session *session_find(struct session **list, const char *id);
/* Unlinks and frees. */
void session_kill(struct session **list, struct session *session);
/* (guild_id >> 22) % shards is this shard. */
bool session_has_guild(const struct session *session, uint64_t guild_id);

/* Numbers and keeps a dispatch; borrows d. The frame's text, which lives as long as the history holds it. */
const char *session_append(struct session *session, const char *event, const cJSON *d);
/* Throws away the dispatches up to seq. */
void session_discard(struct session *session, int64_t seq);
/* The text of a dispatch that was not discarded. */
const char *session_replay(const struct session *session, int64_t seq);
