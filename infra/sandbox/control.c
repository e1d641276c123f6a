#include "infra/sandbox/control.h"

#include "infra/json.h"
#include "infra/sandbox/cast_json.h"
#include "infra/sandbox/command.h"
#include "infra/sandbox/control_cast.h"
#include "infra/sandbox/gateway.h"
#include "infra/sandbox/interaction.h"
#include "infra/sandbox/journal.h"
#include "infra/sandbox/parked.h"
#include "infra/sandbox/sandbox.h"
#include "infra/sandbox/server.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WAIT_MS = 60000 };

/* Actions: a body in, an answer out ------------------------------------------------------------------------ */

static const char *control_gateway(struct sandbox *sandbox, const cJSON *body, cJSON *answer)
{
    (void)answer;
    struct gateway *const gateway = sandbox->gateway;
    const char *const action = json_string(body, "action");
    int64_t shard, code;
    if (!json_int(body, "shard", &shard))
        shard = -1;
    if (action == NULL)
        return "action is missing";
    if (strcmp(action, "cut") == 0) {
        gateway_cut(gateway, (int)shard);
    } else if (strcmp(action, "reconnect") == 0) {
        gateway_send_reconnect(gateway, (int)shard);
    } else if (strcmp(action, "invalid_session") == 0) {
        gateway_send_invalid_session(gateway, (int)shard, json_bool(body, "resumable"));
    } else if (strcmp(action, "beat") == 0) {
        gateway_send_beat(gateway, (int)shard);
    } else if (strcmp(action, "again") == 0) {
        int64_t last, but;
        if (!json_int(body, "last", &last) || last < 1)
            return "last must be a number from 1 on";
        json_int(body, "but", &but);
        gateway_send_again(gateway, (int)shard, last, but);
    } else if (strcmp(action, "forget") == 0) {
        gateway_forget(gateway);
    } else if (strcmp(action, "close") == 0) {
        if (!json_int(body, "code", &code) || code < 1000 || code > 4999)
            return "code must be from 1000 to 4999";
        gateway_close(gateway, (int)shard, (int)code);
    } else if (strcmp(action, "raw") == 0) {
        const char *const text = json_string(body, "frame");
        char *const printed = text == NULL ? cJSON_PrintUnformatted(json_member(body, "frame")) : NULL;
        if (text == NULL && printed == NULL)
            return "frame is missing";
        gateway_send_raw(gateway, (int)shard, text != NULL ? text : printed);
        free(printed);
    } else {
        return "action must be cut, reconnect, invalid_session, beat, again, forget, close or raw";
    }
    return NULL;
}

static const char *control_faults(struct sandbox *sandbox, const cJSON *body, cJSON *answer)
{
    (void)answer;
    return faults_set(&sandbox->faults, body);
}

static const char *control_reset(struct sandbox *sandbox, const cJSON *body, cJSON *answer)
{
    (void)body;
    (void)answer;
    faults_reset(&sandbox->faults);
    gateway_reset(sandbox->gateway);
    journal_clear(sandbox->journal);
    return NULL;
}

static const struct action {
    const char *path;
    const char *(*run)(struct sandbox *sandbox, const cJSON *body, cJSON *answer);
} actions[] = {
    {"/control/voice", control_voice},     {"/control/guild", control_guild},
    {"/control/channel", control_channel}, {"/control/member", control_member},
    {"/control/gateway", control_gateway}, {"/control/faults", control_faults},
    {"/control/reset", control_reset},
};

void control_fail(struct request *request, const char *words)
{
    cJSON *const answer = cJSON_CreateObject();
    cJSON_AddStringToObject(answer, "error", words);
    request_answer_json(request, 400, answer);
}

static void run(struct sandbox *sandbox, const struct action *action, struct request *request,
                const cJSON *body)
{
    cJSON *const answer = cJSON_CreateObject();
    const char *const why = action->run(sandbox, body, answer);
    if (why == NULL) {
        request_answer_json(request, 200, answer);
        parked_changed(sandbox->parked);
    } else {
        cJSON_Delete(answer);
        control_fail(request, why);
    }
}

/* Looking -------------------------------------------------------------------------------------------------- */

static int64_t number_parameter(const struct request *request, const char *name)
{
    char *const text = request_parameter(request, name);
    const int64_t n = text != NULL ? strtoll(text, NULL, 10) : 0;
    free(text);
    return n;
}

static int64_t wait_parameter(const struct request *request)
{
    const int64_t wait_ms = number_parameter(request, "wait");
    return wait_ms > MAX_WAIT_MS ? MAX_WAIT_MS : wait_ms;
}

static bool try_requests(void *context, struct request *request, int64_t after, bool last)
{
    const struct sandbox *const sandbox = context;
    if (!last && journal_last(sandbox->journal) <= after)
        return false;
    request_answer_json(request, 200, journal_since(sandbox->journal, after));
    return true;
}

static cJSON *state_json(const struct sandbox *sandbox)
{
    cJSON *const state = cJSON_CreateObject();
    cJSON_AddItemToObject(state, "guilds", control_cast_state(sandbox));
    cJSON_AddItemToObject(state, "gateway", gateway_state(sandbox->gateway));
    return state;
}

/* A number that changes with the text: 52 bits of its hash, which a double holds. */
static int64_t version_of(const cJSON *json)
{
    char *const text = cJSON_PrintUnformatted(json);
    uint64_t hash;
    _Static_assert(crypto_shorthash_BYTES == sizeof(hash), "SipHash gives 64 bits");
    static const unsigned char key[crypto_shorthash_KEYBYTES];
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)text, strlen(text), key);
    free(text);
    return (int64_t)(hash >> 12);
}

/* Far more happens than a page shows: what it would show is held against what it shows already. */
static bool try_view(void *context, struct request *request, int64_t after, bool last)
{
    const struct sandbox *const sandbox = context;
    cJSON *const view = state_json(sandbox);
    cJSON_AddItemToObject(view, "application", cast_application_json(sandbox->cast));
    cJSON_AddItemToObject(view, "messages", interaction_messages_json(sandbox));
    cJSON_AddItemToObject(view, "commands", commands_json(sandbox->commands));
    const int64_t version = version_of(view);
    if (!last && version == after) {
        cJSON_Delete(view);
        return false;
    }
    cJSON_AddNumberToObject(view, "version", (double)version);
    request_answer_json(request, 200, view);
    return true;
}

static void look(struct sandbox *sandbox, struct request *request)
{
    if (strcmp(request->path, "/control/state") == 0)
        request_answer_json(request, 200, state_json(sandbox));
    else if (strcmp(request->path, "/control/requests") == 0)
        parked_add(sandbox->parked, request, number_parameter(request, "after"), wait_parameter(request),
                   try_requests);
    else if (strncmp(request->path, "/control/answers/", 17) == 0)
        interaction_control_answers(sandbox, request, wait_parameter(request));
    else if (strcmp(request->path, "/control/view") == 0)
        parked_add(sandbox->parked, request, number_parameter(request, "after"), wait_parameter(request),
                   try_view);
    else
        request_answer(request, 404, NULL, NULL, 0);
}

/* A page from elsewhere could post to a port of this machine, but not with this content type. */
static bool is_json(const struct request *request)
{
    char *const type = request_header(request, "content-type");
    const bool json = type != NULL && strncmp(type, "application/json", 16) == 0;
    free(type);
    return json;
}

void control_handle(struct sandbox *sandbox, struct request *request)
{
    if (strcmp(request->method, "GET") == 0) {
        look(sandbox, request);
        return;
    }
    if (strcmp(request->method, "POST") != 0 || !is_json(request)) {
        control_fail(request, "POST with Content-Type: application/json is expected");
        return;
    }
    cJSON *const body =
        request->body_len > 0 ? json_parse(request->body, request->body_len) : cJSON_CreateObject();
    const struct action *action = NULL;
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (strcmp(actions[i].path, request->path) == 0)
            action = &actions[i];
    if (!cJSON_IsObject(body))
        control_fail(request, "the body must be a JSON object");
    else if (strcmp(request->path, "/control/interaction") == 0)
        interaction_control_post(sandbox, request, body);
    else if (action != NULL)
        run(sandbox, action, request, body);
    else
        control_fail(request, "no such action");
    cJSON_Delete(body);
}
