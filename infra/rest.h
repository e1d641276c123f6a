/*
 * Discord's REST API: a bounded queue of requests that keeps the rate limits Discord announces, retries what
 * may be retried, and reports each request exactly once.
 *
 * Rules: X-RateLimit-* is read, nothing is hard-coded; a 429 waits for retry_after
 * (body, else header); 5xx, timeouts and refused connections are retried with growing pauses; a 404 with code
 * 10015 is retried only where retry_unknown_webhook says so, after 250 ms, 500 ms, 1 s, 2 s, 4 s, 4 s and no
 * longer than about 12 s in all; everything else is final. A 401 on a request with the bot's token is final for
 * all such requests: the token is dead.
 */
#pragma once

#include <cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_client;
struct loop;
struct rest;
struct rest_call;

struct rest_config {
    const char *api_url; /* "https://discord.com/api/v10", no slash at the end */
    const char *token;   /* of the bot, without "Bot "; NULL where no request needs it */
    int metric;          /* counts calls by how they ended: "ok", "refused", "unreachable", "full" */
};

struct rest *rest_create(struct loop *loop, struct http_client *client, const struct rest_config *config);
/* Every call must be over or cancelled. NULL is accepted. */
void rest_destroy(struct rest *rest);

struct rest_file {
    const char *filename; /* [A-Za-z0-9_.-] only */
    const char *content_type;
    const void *data; /* stays the caller's, must live until on_done */
    size_t len;
};

struct rest_request {
    const char *method;
    const char *path;             /* "/webhooks/1/token/messages/@original"; its secrets are never logged */
    const char *bucket;           /* what shares a rate limit, "webhooks/<interaction id>" say; logged */
    const char *json;             /* body, or payload_json when there are files; NULL: none */
    const struct rest_file *file; /* sent as files[0]; NULL: none */
    bool with_token;
    bool retry_unknown_webhook;
    int64_t deadline_ms; /* from now: no retry ends later than that */
};

enum rest_status {
    REST_OK,          /* 2xx */
    REST_REFUSED,     /* any other final answer: see http_status and code */
    REST_UNREACHABLE, /* no final answer before the deadline; told as soon as no try can start before it */
    REST_FULL,        /* the queue is full: nothing was sent */
};

struct rest_response {
    enum rest_status status;
    int http_status;   /* of the last answer, 0 if there was none */
    int64_t code;      /* Discord's error code, 0 if there is none */
    int64_t date;      /* of the last answer, by Discord's clock: seconds since 1970, 0 if it told none */
    const char *error; /* curl's words where the last try got no answer, else "" */
    const cJSON *body; /* parsed, or NULL; valid until the callback returns */
};

/* Starts a request; strings are copied. on_done runs exactly once, never from inside this call, not after a
 * cancel. */
struct rest_call *rest_send(struct rest *rest, const struct rest_request *request,
                            void (*on_done)(void *arg, const struct rest_response *response), void *arg);
/* NULL is accepted, and a call that is in its on_done: it ends anyway. */
void rest_cancel(struct rest_call *call);
