/* What the gateway puts on the wire and into URLs, as text. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* url, which may end in a slash or not, with version, encoding and compression added. The caller frees. */
char *gateway_wire_url(const char *url);

/* Payloads as JSON. Both hold the token: to be freed with gateway_wire_free(), which wipes it. */
char *gateway_wire_identify(const char *token, int shard_id, int shard_count);
char *gateway_wire_resume(const char *token, const char *session_id, int64_t seq);
void gateway_wire_free(char *text);

/* seq -1: none. */
enum { GATEWAY_WIRE_HEARTBEAT_SIZE = 48 };
size_t gateway_wire_heartbeat(int64_t seq, char out[GATEWAY_WIRE_HEARTBEAT_SIZE]);
