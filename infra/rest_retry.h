/* What an answer of Discord's REST API means for the next try. Pure: the rules of infra/rest.h without sockets
 * and clocks. */
#pragma once

#include <cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct rest_answer {
    int status;        /* 0: none came */
    const cJSON *body; /* NULL: none, or no JSON */
    /* Headers, or NULL. */
    const char *retry_after;
    const char *limit_remaining;
    const char *limit_reset_after;
    const char *limit_global;
};

struct rest_verdict {
    bool final;
    int64_t wait_ms;  /* before the next try, where it is not final */
    int64_t pause_ms; /* for so long nothing of the same bucket may be sent; 0: no pause */
    bool global;      /* the pause is one for everything that uses the bot's token */
};

/* Discord's error code in an answer's body, 0 if there is none. */
int64_t rest_error_code(const cJSON *body);

/* attempt counts the tries that failed before this one: 0 for the first. */
struct rest_verdict rest_retry(const struct rest_answer *answer, int attempt, bool retry_unknown_webhook);
