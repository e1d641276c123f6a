/*
 * GET /gateway/bot: where the gateway is, how many shards Discord recommends, and what is left of the identify budget.
 * One for all shards of a process: whoever asks while a question is under way shares its answer.
 */
#pragma once

#include "tracker/gateway_rules.h"

struct gateway_bot;
struct gateway_bot_call;
struct rest;

enum gateway_bot_status {
    GATEWAY_BOT_OK,
    GATEWAY_BOT_REFUSED, /* the token is: final */
    GATEWAY_BOT_UNKNOWN, /* no answer, or none that says where; told after half a minute at the latest */
};

struct gateway_bot_answer {
    enum gateway_bot_status status;
    const char *url; /* valid until the callback returns; NULL unless OK */
    int64_t shards;  /* recommended; 0: it did not say */
    struct gateway_limit limit;
};

struct gateway_bot *gateway_bot_create(struct rest *rest);
/* Every call must be over or cancelled. NULL is accepted. */
void gateway_bot_destroy(struct gateway_bot *bot);

/* on_answer runs exactly once, never from inside this call, not after a cancel. It may ask again. */
struct gateway_bot_call *gateway_bot_ask(struct gateway_bot *bot,
                                         void (*on_answer)(void *arg, const struct gateway_bot_answer *answer),
                                         void *arg);
/* NULL is accepted. Not for a call whose on_answer has begun. */
void gateway_bot_cancel(struct gateway_bot_call *call);
