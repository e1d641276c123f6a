#include "tracker/gateway_rules.h"

#include "infra/discord.h"

#include <stddef.h>

/* Every code that is not named here is worth a RESUME: op 9 tells if the session is dead. */
static const struct {
    int code;
    enum gateway_verdict verdict;
    const char *advice;
} close_codes[] = {
    {DISCORD_CLOSE_NOT_AUTHENTICATED, GATEWAY_IDENTIFY, NULL},
    {DISCORD_CLOSE_INVALID_SEQ, GATEWAY_IDENTIFY, NULL},
    {DISCORD_CLOSE_SESSION_TIMED_OUT, GATEWAY_IDENTIFY, NULL},
    {DISCORD_CLOSE_AUTHENTICATION_FAILED, GATEWAY_GIVE_UP, "Discord refuses the token: check DISCORD_TOKEN"},
    {DISCORD_CLOSE_INVALID_SHARD, GATEWAY_GIVE_UP, "invalid shard: check SHARD_COUNT and SHARD_IDS"},
    {DISCORD_CLOSE_SHARDING_REQUIRED, GATEWAY_GIVE_UP, "too many servers for so few shards: raise SHARD_COUNT"},
    {DISCORD_CLOSE_INVALID_VERSION, GATEWAY_GIVE_UP, "Discord no longer serves version 10 of its gateway"},
    {DISCORD_CLOSE_INVALID_INTENTS, GATEWAY_GIVE_UP, "Discord does not know the intents"},
    {DISCORD_CLOSE_DISALLOWED_INTENTS, GATEWAY_GIVE_UP,
     "Discord does not allow the intents to this application"},
};

enum gateway_verdict gateway_judge_close(int code, const char **advice)
{
    *advice = NULL;
    for (size_t i = 0; i < sizeof(close_codes) / sizeof(close_codes[0]); i++) {
        if (close_codes[i].code == code) {
            *advice = close_codes[i].advice;
            return close_codes[i].verdict;
        }
    }
    return GATEWAY_RESUME;
}

/* first doubled times times, at most most. */
static int64_t doubled(int64_t first, int times, int64_t most)
{
    int64_t ms = first;
    for (int i = 0; i < times && ms < most; i++)
        ms *= 2;
    return ms < most ? ms : most;
}

int64_t gateway_reconnect_pause(int failures, double chance)
{
    const int64_t ms = doubled(1000, failures, 60000);
    return ms - (int64_t)((double)ms / 2 * chance);
}

/* The budget is renewed every day: whoever says more is mistaken, and nobody would wait for that. */
enum { MAX_RESET_MS = 86400 * 1000 };

int64_t gateway_identify_pause(int failures, const struct gateway_limit *limit, int shard_count)
{
    int64_t ms = failures > 0 ? doubled(10000, failures - 1, 900000) : 0;
    if (limit->remaining < limit->total / 2) {
        const int64_t left = limit->remaining / shard_count; /* to each shard */
        const int64_t reset = limit->reset_after_ms < MAX_RESET_MS ? limit->reset_after_ms : MAX_RESET_MS;
        const int64_t share = reset / (left > 0 ? left : 1);
        ms = share > ms ? share : ms;
    }
    return ms;
}
