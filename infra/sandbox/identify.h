/* IDENTIFY as it comes in, and the READY that answers it. */
#pragma once

#include <cJSON.h>
#include <stdint.h>

struct sandbox;
struct session;

/* d of an IDENTIFY: its shard, and the close code that it deserves (0: none). left: of the day's identifies. */
struct identify {
    int shard, shards;
    int close_code;
};
struct identify identify_read(const struct sandbox *sandbox, const cJSON *d, int64_t left);

/* d of READY. The caller frees. */
cJSON *identify_ready_json(const struct sandbox *sandbox, const struct session *session);
