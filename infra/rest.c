#include "infra/rest.h"

#include "infra/clock.h"
#include "infra/http_client.h"
#include "infra/json.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/metrics.h"
#include "infra/rest_retry.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum {
    MAX_CALLS = 1024,
    MAX_PAUSES = 1024, /* one forgotten too early costs one 429 */
    MAX_TRY_MS = 15000,
    MAX_ANSWER = 1 << 20,
};

/* A bucket that must not be used for a while. */
struct pause {
    int64_t until_ms;
    UT_hash_handle hh;
    char bucket[];
};

struct rest {
    struct loop *loop;
    struct http_client *client;
    char *api_url;
    char *authorization; /* the header's line; NULL without a token */
    int metric;
    bool token_refused;
    int64_t token_paused_until_ms;
    struct pause *pauses; /* by bucket, the oldest first */
    int n_calls;
};

/* A call waits for its timer (its turn, a pause, the next try) or for its answer; one of timer and http is set.
 */
struct rest_call {
    struct rest *rest;
    char *method;
    char *url;
    char *bucket;
    char *json; /* or NULL */
    bool has_file;
    struct http_part file;
    char *filename;
    char *content_type;
    bool with_token;
    bool retry_unknown_webhook;
    int64_t deadline_ms; /* monotonic */

    struct loop_timer *timer;
    struct http_call *http;
    bool done; /* on_done has begun */
    bool full; /* will only be told so */
    int tries;
    int http_status;
    int64_t code;
    int64_t date;
    char error[128]; /* why the last try got no answer */
    void (*on_done)(void *arg, const struct rest_response *response);
    void *arg;
};

/* Pauses --------------------------------------------------------------------------------------------------- */

static void end_pause(struct rest *rest, struct pause *pause)
{
    HASH_DEL(rest->pauses, pause);
    free(pause);
}

static void pause_bucket(struct rest *rest, const char *bucket, int64_t until_ms)
{
    struct pause *pause;
    HASH_FIND_STR(rest->pauses, bucket, pause);
    if (pause == NULL) {
        if (HASH_COUNT(rest->pauses) == MAX_PAUSES)
            end_pause(rest, rest->pauses);
        const size_t n = strlen(bucket);
        pause = mem_alloc(sizeof(*pause) + n + 1);
        memcpy(pause->bucket, bucket, n);
        HASH_ADD_STR(rest->pauses, bucket, pause);
    }
    if (until_ms > pause->until_ms)
        pause->until_ms = until_ms;
}

/* When the call may be sent: now, or at the end of a pause. */
static int64_t paused_until(const struct rest_call *call, int64_t now_ms)
{
    struct rest *const rest = call->rest;
    int64_t until_ms = now_ms;
    struct pause *pause;
    HASH_FIND_STR(rest->pauses, call->bucket, pause);
    if (pause != NULL && pause->until_ms <= now_ms)
        end_pause(rest, pause);
    else if (pause != NULL)
        until_ms = pause->until_ms;
    if (call->with_token && rest->token_paused_until_ms > until_ms)
        until_ms = rest->token_paused_until_ms;
    return until_ms;
}

static void keep_limits(const struct rest_call *call, const struct rest_verdict *verdict)
{
    if (verdict->pause_ms == 0)
        return;
    struct rest *const rest = call->rest;
    const int64_t until_ms = clock_monotonic_ms() + verdict->pause_ms;
    /* Without the token a global limit is one of the address, and calls with interaction tokens are exempt from
     * the bot's. */
    if (verdict->global && call->with_token)
        rest->token_paused_until_ms =
            until_ms > rest->token_paused_until_ms ? until_ms : rest->token_paused_until_ms;
    else
        pause_bucket(rest, call->bucket, until_ms);
}

/* The queue ------------------------------------------------------------------------------------------------ */

struct rest *rest_create(struct loop *loop, struct http_client *client, const struct rest_config *config)
{
    struct rest *const rest = mem_alloc(sizeof(*rest));
    rest->loop = loop;
    rest->client = client;
    rest->api_url = mem_strdup(config->api_url);
    rest->metric = config->metric;
    if (config->token != NULL) {
        struct buffer line = {0};
        buffer_printf(&line, "Authorization: Bot %s", config->token);
        rest->authorization = line.data;
    }
    return rest;
}

/* Frees a string that holds a secret. */
static void wipe(char *s)
{
    if (s != NULL)
        explicit_bzero(s, strlen(s));
    free(s);
}

void rest_destroy(struct rest *rest)
{
    if (rest == NULL)
        return;
    while (rest->pauses != NULL)
        end_pause(rest, rest->pauses);
    free(rest->api_url);
    wipe(rest->authorization);
    free(rest);
}

/* A call's life -------------------------------------------------------------------------------------------- */

static void call_free(struct rest_call *call)
{
    loop_cancel(call->timer);
    http_call_cancel(call->http);
    free(call->method);
    wipe(call->url);
    free(call->bucket);
    free(call->json);
    free(call->filename);
    free(call->content_type);
    free(call);
}

static void finish(struct rest_call *call, enum rest_status status, const cJSON *body)
{
    static const char *const names[] = {"ok", "refused", "unreachable", "full"};
    if (status != REST_OK)
        log_warn("rest_failed", "bucket=%s outcome=%s status=%d code=%" PRId64 " tries=%d error=%s",
                 call->bucket, names[status], call->http_status, call->code, call->tries,
                 log_quote(call->error));
    metrics_count(call->rest->metric, names[status], NULL);
    const struct rest_response response = {
        .status = status,
        .http_status = call->http_status,
        .code = call->code,
        .date = call->date,
        .error = call->error,
        .body = body,
    };
    call->done = true;
    call->rest->n_calls--;
    call->on_done(call->arg, &response);
    call_free(call);
}

static void on_turn(void *arg);
static void on_answer(void *arg, const struct http_response *response);

static void try_now(struct rest_call *call, int64_t left_ms)
{
    struct rest *const rest = call->rest;
    const char *headers[3] = {NULL};
    size_t n_headers = 0;
    if (call->with_token && rest->authorization != NULL)
        headers[n_headers++] = rest->authorization;
    if (call->json != NULL && !call->has_file)
        headers[n_headers++] = "Content-Type: application/json";

    const size_t json_len = call->json != NULL ? strlen(call->json) : 0;
    struct http_part parts[2];
    size_t n_parts = 0;
    if (call->has_file && call->json != NULL)
        parts[n_parts++] = (struct http_part){
            .name = "payload_json",
            .content_type = "application/json",
            .data = call->json,
            .len = json_len,
        };
    if (call->has_file)
        parts[n_parts++] = call->file;

    call->tries++;
    call->http = http_call_start(rest->client,
                                 &(struct http_request){
                                     .method = call->method,
                                     .url = call->url,
                                     .headers = headers,
                                     .body = call->json,
                                     .body_len = json_len,
                                     .parts = parts,
                                     .n_parts = n_parts,
                                     .max_response = MAX_ANSWER,
                                     .timeout_ms = left_ms < MAX_TRY_MS ? left_ms : MAX_TRY_MS,
                                 },
                                 on_answer, call);
}

/* Tries after wait_ms or when the pauses allow it, and gives up at once where that would be too late. */
static void proceed(struct rest_call *call, int64_t wait_ms)
{
    const int64_t now_ms = clock_monotonic_ms();
    int64_t start_ms = paused_until(call, now_ms);
    if (start_ms < now_ms + wait_ms)
        start_ms = now_ms + wait_ms;
    if (start_ms >= call->deadline_ms)
        finish(call, REST_UNREACHABLE, NULL);
    else if (start_ms > now_ms)
        call->timer = loop_after(call->rest->loop, start_ms - now_ms, on_turn, call);
    else
        try_now(call, call->deadline_ms - now_ms);
}

static void on_turn(void *arg)
{
    struct rest_call *const call = arg;
    call->timer = NULL;
    if (call->full) {
        finish(call, REST_FULL, NULL);
    } else if (call->with_token && call->rest->token_refused) {
        call->http_status = 401;
        finish(call, REST_REFUSED, NULL);
    } else {
        proceed(call, 0);
    }
}

static void on_answer(void *arg, const struct http_response *response)
{
    struct rest_call *const call = arg;
    call->http = NULL;
    cJSON *const body = json_parse(response->body, response->len);
    if (response->status != 0) {
        call->http_status = response->status;
        call->date = http_response_date(response);
        call->code = response->status >= 400 ? rest_error_code(body) : 0;
    }
    snprintf(call->error, sizeof(call->error), "%s", response->error != NULL ? response->error : "");
    if (response->status == 401 && call->with_token)
        call->rest->token_refused = true;

    const struct rest_answer answer = {
        .status = response->status,
        .body = body,
        .retry_after = http_response_header(response, "Retry-After"),
        .limit_remaining = http_response_header(response, "X-RateLimit-Remaining"),
        .limit_reset_after = http_response_header(response, "X-RateLimit-Reset-After"),
        .limit_global = http_response_header(response, "X-RateLimit-Global"),
    };
    const struct rest_verdict verdict = rest_retry(&answer, call->tries - 1, call->retry_unknown_webhook);
    keep_limits(call, &verdict);
    if (verdict.final) {
        const bool good = response->status >= 200 && response->status < 300;
        finish(call, good ? REST_OK : REST_REFUSED, body);
    } else {
        log_info("rest_retry", "bucket=%s status=%d code=%" PRId64 " wait_ms=%" PRId64 " error=%s",
                 call->bucket, response->status, call->code, verdict.wait_ms, log_quote(call->error));
        proceed(call, verdict.wait_ms);
    }
    cJSON_Delete(body);
}

static char *join(const char *a, const char *b)
{
    struct buffer joined = {0};
    buffer_append_string(&joined, a);
    buffer_append_string(&joined, b);
    return joined.data;
}

struct rest_call *rest_send(struct rest *rest, const struct rest_request *request,
                            void (*on_done)(void *arg, const struct rest_response *response), void *arg)
{
    struct rest_call *const call = mem_alloc(sizeof(*call));
    call->rest = rest;
    call->method = mem_strdup(request->method);
    call->url = join(rest->api_url, request->path);
    call->bucket = mem_strdup(request->bucket);
    call->json = mem_strdup(request->json);
    if (request->file != NULL) {
        call->has_file = true;
        call->filename = mem_strdup(request->file->filename);
        call->content_type = mem_strdup(request->file->content_type);
        call->file = (struct http_part){
            .name = "files[0]",
            .filename = call->filename,
            .content_type = call->content_type,
            .data = request->file->data,
            .len = request->file->len,
        };
    }
    call->with_token = request->with_token;
    call->retry_unknown_webhook = request->retry_unknown_webhook;
    call->deadline_ms = clock_monotonic_ms() + request->deadline_ms;
    call->on_done = on_done;
    call->arg = arg;
    call->full = rest->n_calls++ >= MAX_CALLS;
    call->timer = loop_after(rest->loop, 0, on_turn, call);
    return call;
}

void rest_cancel(struct rest_call *call)
{
    if (call == NULL || call->done) /* done: from inside its own on_done, which is followed by the same end */
        return;
    call->rest->n_calls--;
    call_free(call);
}
