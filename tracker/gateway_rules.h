/* The gateway's decisions that need no connection: pure, so that each can be tested as a table. */
#pragma once

#include <stdint.h>

enum gateway_verdict {
    GATEWAY_RESUME,   /* connect again and RESUME */
    GATEWAY_IDENTIFY, /* the session is dead: connect again and IDENTIFY */
    GATEWAY_GIVE_UP,  /* connecting again cannot help */
};

/* What follows when the server closed with this code (0: without one). *advice, where it is to give up: what to
 * fix. */
enum gateway_verdict gateway_judge_close(int code, const char **advice);

/* Milliseconds before the next connection after so many failures in a row: 1 s doubling to 60 s, of which
 * chance, in [0, 1), takes up to half, so that many clients of a server that went away do not come back at
 * once. */
int64_t gateway_reconnect_pause(int failures, double chance);

/* What GET /gateway/bot says of session_start_limit; all 0 where it says nothing. */
struct gateway_limit {
    int64_t total, remaining, reset_after_ms, max_concurrency;
};

/*
 * Milliseconds before a shard's next IDENTIFY, after so many in a row that led nowhere: 0, then 10 s doubling to 15
 * minutes. But once fewer than half of the budget, which all shards have in common, are left, at least the shard's
 * equal share of the time until it is renewed (a day at most), so that it cannot run out however often processes
 * are restarted. Its turn among the others (identify.h) comes on top of it.
 */
int64_t gateway_identify_pause(int failures, const struct gateway_limit *limit, int shard_count);
