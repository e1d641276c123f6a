/* How statements have whether a server's time is being counted. */
#pragma once

#include "db/counting.h"

struct pg_result;

/* Of the server $1; each is asked once, however many rows there are. A tracker that is silent for two intervals and five
 * seconds is one that another may replace. */
#define DB_COUNTING_COLUMNS                                                                                    \
    "NOT coalesce((SELECT tracking FROM guild_settings WHERE guild_id = $1::bigint), true), "                  \
    "(SELECT floor(extract(epoch FROM proven_at))::bigint "                                                    \
    "   FROM guild JOIN tracker_shard USING (shard_count, shard_id) "                                          \
    "  WHERE guild_id = $1::bigint AND proven_at < now() - make_interval(secs => 2 * interval_seconds + 5))"
enum { DB_COUNTING_N = 2 };

/* DB_COUNTING_COLUMNS stand from that column on. */
struct db_counting db_counting_at(const struct pg_result *rows, int row, int column);
