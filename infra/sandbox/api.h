/*
 * Discord's REST API: what every call has in common ("API Reference", "Rate Limits"), and the routes. A call
 * is read as a whole, noted in the journal, and answered by its route's function.
 */
#pragma once

#include "infra/sandbox/multipart.h"

#include <cJSON.h>
#include <stdint.h>

struct request;
struct sandbox;

enum { API_MAX_SEGMENTS = 8 };

struct api_call {
    struct sandbox *sandbox;
    struct request *request;
    char *path;                             /* holds the segments */
    const char *segments[API_MAX_SEGMENTS]; /* of the path behind /api/v10/ */
    size_t n_segments;
    cJSON *json;           /* the body, or its part payload_json; NULL: there is none */
    struct multipart form; /* with the files */
    const char *bad_body;  /* in words, or NULL */
    int64_t bad_body_code;
};

/* Takes a request whose path begins with /api/. */
void api_handle(struct sandbox *sandbox, struct request *request);

/* Each answers the call, once. The JSON is freed; NULL: no body. */
void api_answer(struct api_call *call, int status, cJSON *takes);
/* Discord's error body: {"message", "code"}. */
void api_fail(struct api_call *call, int status, int64_t code, const char *message);
/* Error 50035 with its tree, which is freed. */
void api_fail_form(struct api_call *call, cJSON *takes_errors);
/* 429 with its headers. */
void api_fail_limited(struct api_call *call, double retry_after);
