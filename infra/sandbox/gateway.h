/*
 * Discord's gateway: websockets that get HELLO, identify or resume, beat, and receive dispatches. Enforces what
 * the documentation asks of a client: heartbeats, the identify budget and pace, 120 frames a minute, 4096 bytes
 * a frame, intents, where to identify and where to resume.
 */
#pragma once

#include <cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct gateway;
struct request;
struct sandbox;

struct gateway *gateway_create(struct sandbox *sandbox);
/* Takes a request for the websocket at /gateway or /resume. */
void gateway_accept(struct gateway *gateway, struct request *request);

/* Sends an event of a guild to the sessions of its shard. Frees d. Guilds that the bot left or that are in an
 * outage still get through: the caller decides. */
void gateway_dispatch(struct gateway *gateway, uint64_t guild_id, const char *event, cJSON *takes_d);

/* What POST /control/gateway does, to the connections of one shard, or to all connections (-1). */
void gateway_cut(struct gateway *gateway, int shard);
void gateway_close(struct gateway *gateway, int shard, int code);
void gateway_send_reconnect(struct gateway *gateway, int shard);
void gateway_send_invalid_session(struct gateway *gateway, int shard, bool resumable);
void gateway_send_beat(struct gateway *gateway, int shard);
/* The last dispatches but some once more, as they were. */
void gateway_send_again(struct gateway *gateway, int shard, int64_t last, int64_t but);
void gateway_send_raw(struct gateway *gateway, int shard, const char *frame);

/* No session can replay what it has dispatched until now. */
void gateway_forget(struct gateway *gateway);

/* {"connections": [...], "sessions": [...], "identifies": n}. The caller frees. */
cJSON *gateway_state(const struct gateway *gateway);
/* What is left of the 1000 identifies, and the milliseconds until they are full again. */
int64_t gateway_identifies_left(const struct gateway *gateway, int64_t *reset_after_ms);
/* A full budget again, and the token works again. */
void gateway_reset(struct gateway *gateway);
