#include "infra/sandbox/api.h"

#include "infra/json.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/sandbox/api_get.h"
#include "infra/sandbox/command.h"
#include "infra/sandbox/journal.h"
#include "infra/sandbox/parked.h"
#include "infra/sandbox/sandbox.h"
#include "infra/sandbox/server.h"
#include "infra/sandbox/webhook.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char invalid_form[] = "Invalid Form Body";

/* Answers -------------------------------------------------------------------------------------------------- */

void api_answer(struct api_call *call, int status, cJSON *takes)
{
    if (takes != NULL)
        request_answer_json(call->request, status, takes);
    else
        request_answer(call->request, status, NULL, NULL, 0);
}

static cJSON *error_json(int64_t code, const char *message)
{
    cJSON *const body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "message", message);
    cJSON_AddNumberToObject(body, "code", (double)code);
    return body;
}

void api_fail(struct api_call *call, int status, int64_t code, const char *message)
{
    api_answer(call, status, error_json(code, message));
}

void api_fail_form(struct api_call *call, cJSON *takes_errors)
{
    cJSON *const body = error_json(50035, invalid_form);
    cJSON_AddItemToObject(body, "errors", takes_errors);
    api_answer(call, 400, body);
}

static void add_retry_after(struct api_call *call, double retry_after)
{
    char seconds[24];
    snprintf(seconds, sizeof(seconds), "%.0f", ceil(retry_after));
    request_add_header(call->request, "Retry-After", seconds);
}

void api_fail_limited(struct api_call *call, double retry_after)
{
    add_retry_after(call, retry_after);
    request_add_header(call->request, "X-RateLimit-Scope", "user");
    cJSON *const body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "message", "You are being rate limited.");
    cJSON_AddNumberToObject(body, "retry_after", retry_after);
    cJSON_AddFalseToObject(body, "global");
    api_answer(call, 429, body);
}

/* Routes --------------------------------------------------------------------------------------------------- */

/* A segment "*" stands for any. */
static const struct route {
    const char *method;
    const char *segments[API_MAX_SEGMENTS];
    bool open; /* needs no bot token: the path holds a credential */
    void (*handle)(struct api_call *call);
} routes[] = {
    {"GET", {"gateway", "bot"}, false, api_get_gateway_bot},
    {"GET", {"applications", "@me"}, false, api_get_application},
    {"GET", {"users", "*"}, false, api_get_user},
    {"GET", {"users", "@me", "guilds"}, false, api_get_guilds},
    {"GET", {"guilds", "*"}, false, api_get_guild},
    {"GET", {"guilds", "*", "channels"}, false, api_get_channels},
    {"GET", {"guilds", "*", "members", "*"}, false, api_get_member},
    {"GET", {"applications", "*", "commands"}, false, command_get_all},
    {"PUT", {"applications", "*", "commands"}, false, command_put_all},
    {"GET", {"applications", "*", "guilds", "*", "commands"}, false, command_get_all},
    {"PUT", {"applications", "*", "guilds", "*", "commands"}, false, command_put_all},
    {"POST", {"interactions", "*", "*", "callback"}, true, webhook_callback},
    {"POST", {"webhooks", "*", "*"}, true, webhook_execute},
    {"GET", {"webhooks", "*", "*", "messages", "*"}, true, webhook_get_message},
    {"PATCH", {"webhooks", "*", "*", "messages", "*"}, true, webhook_edit_message},
    {"DELETE", {"webhooks", "*", "*", "messages", "*"}, true, webhook_delete_message},
};

static bool matches(const struct route *route, const struct api_call *call)
{
    size_t i = 0;
    for (; i < call->n_segments; i++)
        if (route->segments[i] == NULL ||
            (strcmp(route->segments[i], "*") != 0 && strcmp(route->segments[i], call->segments[i]) != 0))
            return false;
    return i == API_MAX_SEGMENTS || route->segments[i] == NULL;
}

static const struct route *find_route(const struct api_call *call)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (strcmp(routes[i].method, call->request->method) == 0 && matches(&routes[i], call))
            return &routes[i];
    return NULL;
}

/* No route has no segments: a path of another version, or one too deep, is not found. */
static void split_path(struct api_call *call)
{
    static const char prefix[] = "/api/v10/";
    if (strncmp(call->request->path, prefix, sizeof(prefix) - 1) != 0)
        return;
    call->path = mem_strdup(call->request->path + sizeof(prefix) - 1);
    char *rest = call->path;
    for (char *piece; call->n_segments < API_MAX_SEGMENTS && (piece = strsep(&rest, "/")) != NULL;)
        call->segments[call->n_segments++] = piece;
    if (rest != NULL)
        call->n_segments = 0;
}

/* Bodies --------------------------------------------------------------------------------------------------- */

static void bad_body(struct api_call *call, int64_t code, const char *words)
{
    call->bad_body = words;
    call->bad_body_code = code;
}

static void read_json(struct api_call *call, const char *bytes, size_t len)
{
    call->json = json_parse(bytes, len);
    if (call->json == NULL)
        bad_body(call, 50109, "The request body contains invalid JSON.");
}

static void read_form(struct api_call *call, const char *content_type)
{
    const struct request *const request = call->request;
    const char *const why = multipart_parse(content_type, request->body, request->body_len, &call->form);
    const struct multipart_part *const payload = multipart_find(&call->form, "payload_json");
    if (why != NULL)
        bad_body(call, 50035, why);
    else if (payload == NULL)
        bad_body(call, 50035, "the part payload_json is missing");
    else
        read_json(call, payload->data, payload->len);
}

static void read_body(struct api_call *call)
{
    char *const type = request_header(call->request, "content-type");
    if (call->request->body_len == 0 && type == NULL)
        return;
    if (type != NULL && strncmp(type, "multipart/form-data", 19) == 0)
        read_form(call, type);
    else if (type != NULL && strncmp(type, "application/json", 16) == 0)
        read_json(call, call->request->body, call->request->body_len);
    else
        bad_body(call, 50035, invalid_form);
    free(type);
}

static cJSON *file_json(const struct multipart_part *part)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char hex[2 * crypto_hash_sha256_BYTES + 1];
    crypto_hash_sha256(hash, (const unsigned char *)part->data, part->len);
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    cJSON *const file = cJSON_CreateObject();
    cJSON_AddStringToObject(file, "name", part->name);
    cJSON_AddStringToObject(file, "filename", part->filename);
    cJSON_AddStringToObject(file, "content_type", part->content_type != NULL ? part->content_type : "");
    cJSON_AddNumberToObject(file, "size", (double)part->len);
    cJSON_AddStringToObject(file, "sha256", hex);
    return file;
}

static void note(struct api_call *call)
{
    call->request->entry = journal_add_request(call->sandbox->journal, "rest", call->request);
    cJSON *const fields = journal_fields(call->request->entry);
    if (call->json != NULL)
        cJSON_AddItemToObject(fields, "json", cJSON_Duplicate(call->json, true));
    if (call->bad_body != NULL)
        cJSON_AddStringToObject(fields, "bad_body", call->bad_body);
    cJSON *const files = cJSON_AddArrayToObject(fields, "files");
    for (size_t i = 0; i < call->form.n; i++)
        if (call->form.parts[i].filename != NULL)
            cJSON_AddItemToArray(files, file_json(&call->form.parts[i]));
    parked_changed(call->sandbox->parked);
}

/* A call from beginning to end ----------------------------------------------------------------------------- */

static bool header_begins(const struct request *request, const char *name, const char *prefix)
{
    char *const value = request_header(request, name);
    const bool good = value != NULL && strncmp(value, prefix, strlen(prefix)) == 0;
    free(value);
    return good;
}

static bool has_token(const struct api_call *call)
{
    char *const value = request_header(call->request, "authorization");
    const bool good =
        value != NULL && strncmp(value, "Bot ", 4) == 0 && strcmp(value + 4, call->sandbox->token) == 0;
    free(value);
    return good;
}

static void serve(struct api_call *call)
{
    const struct route *const route = find_route(call);
    if (!header_begins(call->request, "user-agent", "DiscordBot ("))
        api_fail(call, 403, 40333, "internal network error");
    else if (route == NULL)
        api_fail(call, 404, 0, "404: Not Found");
    else if (!route->open && !has_token(call))
        api_fail(call, 401, 0, "401: Unauthorized");
    else if (call->bad_body != NULL)
        api_fail(call, 400, call->bad_body_code, call->bad_body);
    else
        route->handle(call);
}

/* A fault's answer instead of the ordinary one. */
static void serve_fault(struct api_call *call, const struct rest_fault *fault)
{
    if (fault->status == 429 && fault->body == NULL) {
        api_fail_limited(call, fault->retry_after >= 0 ? fault->retry_after : 1);
        return;
    }
    if (fault->retry_after >= 0)
        add_retry_after(call, fault->retry_after);
    if (fault->body != NULL)
        request_answer(call->request, fault->status, "text/html", fault->body, strlen(fault->body));
    else
        api_fail(call, fault->status, fault->code, "A fault of the local Discord.");
}

static void finish(struct api_call *call)
{
    cJSON_Delete(call->json);
    multipart_finish(&call->form);
    free(call->path);
    free(call);
}

struct late_call {
    struct api_call *call;
    struct rest_fault fault; /* its body is a copy, the other strings are not looked at */
};

static void on_late(void *arg)
{
    struct late_call *const late = arg;
    struct api_call *const call = late->call;
    if (request_is_gone(call->request)) /* and with it the body, to which the form's parts point */
        api_answer(call, 499, NULL);
    else if (late->fault.status != 0)
        serve_fault(call, &late->fault);
    else
        serve(call);
    finish(call);
    free(late->fault.body);
    free(late);
}

void api_handle(struct sandbox *sandbox, struct request *request)
{
    struct api_call *const call = mem_alloc(sizeof(*call));
    call->sandbox = sandbox;
    call->request = request;
    split_path(call);
    read_body(call);
    note(call);
    struct rest_fault fault = {0};
    if (!faults_take_rest(&sandbox->faults, request->method, request->path, &fault)) {
        serve(call);
        finish(call);
        return;
    }
    struct late_call *const late = mem_alloc(sizeof(*late));
    *late = (struct late_call){.call = call, .fault = fault};
    late->fault.body = mem_strdup(fault.body);
    loop_after(sandbox->loop, fault.delay_ms, on_late, late);
}
