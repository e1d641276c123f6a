#include "infra/sandbox/interaction.h"

#include "infra/clock.h"
#include "infra/http_client.h"
#include "infra/json.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/sandbox/control.h"
#include "infra/sandbox/interaction_payload.h"
#include "infra/sandbox/message.h"
#include "infra/sandbox/parked.h"
#include "infra/sandbox/sandbox.h"
#include "infra/sandbox/server.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* An interaction has to be answered within three seconds. */
enum { ANSWER_WITHIN_MS = 3000, MAX_ANSWER = 1 << 20, MAX_SHOWN = 50 };

/* One interaction on its way to the handler and back. */
struct posting {
    struct sandbox *sandbox;
    struct request *request; /* of the control API, answered at the end */
    uint64_t interaction_id;
    bool replay;
    char *body; /* as posted */
    double started_ms;
    cJSON *answer; /* the handler's, while it is being digested */
};

/* Signing -------------------------------------------------------------------------------------------------- */

/* Ed25519 over timestamp and body, in hex; spoilt in the way that the body of the control call asks for. */
static void sign(const struct sandbox *sandbox, const char *timestamp, const char *body, const char *spoil,
                 char *hex)
{
    unsigned char public_key[32], secret_key[64], signature[64];
    crypto_sign_seed_keypair(public_key, secret_key, sandbox->seed);
    struct buffer message = {0};
    buffer_append_string(&message, timestamp);
    buffer_append_string(&message, body);
    crypto_sign_detached(signature, NULL, (unsigned char *)message.data, message.len, secret_key);
    buffer_finish(&message);
    if (strcmp(spoil, "bad") == 0)
        signature[7] ^= 1;
    sodium_bin2hex(hex, 129, signature, sizeof(signature));
    if (strcmp(spoil, "short") == 0)
        hex[126] = '\0';
    else if (strcmp(spoil, "odd") == 0)
        hex[127] = '\0';
    else if (strcmp(spoil, "not_hex") == 0)
        hex[5] = 'z';
}

/* The answer ----------------------------------------------------------------------------------------------- */

/* Acknowledgements take about one of them: to the microsecond. */
static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    return (double)us / 1e3;
}

static cJSON *result_of(const struct posting *posting, const struct interaction *interaction)
{
    cJSON *const result = cJSON_CreateObject();
    json_add_snowflake(result, "interaction_id", posting->interaction_id);
    if (interaction != NULL)
        cJSON_AddStringToObject(result, "token", interaction->token);
    cJSON_AddNumberToObject(result, "ms", now_ms() - posting->started_ms);
    return result;
}

static void free_posting(struct posting *posting)
{
    cJSON_Delete(posting->answer);
    free(posting->body);
    free(posting);
}

/* What Discord makes of the handler's answer, once it knows of it. */
static void digest(struct posting *posting, cJSON *result)
{
    struct interaction *const interaction =
        interaction_find(posting->sandbox->interactions, posting->interaction_id);
    const char *why = NULL;
    cJSON *errors = NULL;
    if (interaction == NULL ||
        interaction_answer(posting->sandbox, interaction, posting->answer, &why, &errors))
        return;
    if (result == NULL) {
        cJSON_Delete(errors);
        return;
    }
    cJSON_AddStringToObject(result, "refused", why);
    if (errors != NULL)
        cJSON_AddItemToObject(result, "errors", errors);
}

static void on_digested(void *arg)
{
    struct posting *const posting = arg;
    digest(posting, NULL);
    free_posting(posting);
}

static void on_answer(void *arg, const struct http_response *response)
{
    struct posting *const posting = arg;
    struct sandbox *const sandbox = posting->sandbox;
    struct interaction *const interaction = interaction_find(sandbox->interactions, posting->interaction_id);
    cJSON *const result = result_of(posting, interaction);
    cJSON_AddNumberToObject(result, "status", response->status);
    if (response->error != NULL)
        cJSON_AddStringToObject(result, "error", response->error);
    posting->answer = response->len > 0 ? json_parse(response->body, response->len) : NULL;
    if (posting->answer != NULL)
        cJSON_AddItemToObject(result, "response", cJSON_Duplicate(posting->answer, true));
    else
        cJSON_AddStringToObject(result, "response", response->body != NULL ? response->body : "");

    const bool digests = response->status == 200 && sandbox->faults.digest_ms > 0 && !posting->replay;
    /* 202 with an empty body: the answer comes, or came, by a callback call. */
    if (response->status == 200 && !digests && !posting->replay)
        digest(posting, result);
    else if (response->status != 200 && response->status != 202 && interaction != NULL &&
             interaction->state == INTERACTION_PENDING && !posting->replay)
        interaction->state = INTERACTION_FAILED;
    parked_changed(sandbox->parked);
    request_answer_json(posting->request, 200, result);
    if (digests)
        loop_after(sandbox->loop, sandbox->faults.digest_ms, on_digested, posting);
    else
        free_posting(posting);
}

/* The question --------------------------------------------------------------------------------------------- */

/* {"merge": {...}}: replaces keys of the payload, or takes them out. */
static void merge(cJSON *payload, const cJSON *changes)
{
    const cJSON *change;
    cJSON_ArrayForEach (change, changes) {
        cJSON_DeleteItemFromObjectCaseSensitive(payload, change->string);
        if (!cJSON_IsNull(change))
            cJSON_AddItemToObject(payload, change->string, cJSON_Duplicate(change, true));
    }
}

/* A payload from outside, so that its webhook calls work: the interaction takes over id, type and token. */
static void adopt(struct interaction *interaction, const cJSON *payload)
{
    uint64_t id;
    int64_t type;
    const char *const token = json_string(payload, "token");
    if (json_snowflake(payload, "id", &id))
        interaction->id = id;
    if (json_int(payload, "type", &type))
        interaction->type = (int)type;
    if (token != NULL) {
        free(interaction->token);
        interaction->token = mem_strdup(token);
    }
}

/* The text to be posted; NULL and words where the body does not say what. The caller frees. */
static char *payload_text(const struct sandbox *sandbox, struct interaction *interaction, const cJSON *body,
                          const char **why)
{
    const cJSON *const raw = json_member(body, "raw");
    cJSON *payload =
        raw != NULL ? cJSON_Duplicate(raw, true) : interaction_payload(sandbox, interaction, body, why);
    if (payload == NULL)
        return NULL;
    merge(payload, json_object(body, "merge"));
    adopt(interaction, payload);
    char *const text =
        cJSON_IsString(payload) ? mem_strdup(payload->valuestring) : cJSON_PrintUnformatted(payload);
    cJSON_Delete(payload);
    return text;
}

static void post(struct posting *posting, int64_t posted_at, const char *spoil)
{
    char timestamp[24], hex[129], signature_line[160], timestamp_line[64];
    snprintf(timestamp, sizeof(timestamp), "%" PRId64, posted_at);
    sign(posting->sandbox, timestamp, posting->body, spoil, hex);
    snprintf(signature_line, sizeof(signature_line), "X-Signature-Ed25519: %s", hex);
    snprintf(timestamp_line, sizeof(timestamp_line), "X-Signature-Timestamp: %s", timestamp);
    const char *headers[4] = {"Content-Type: application/json"};
    size_t n = 1;
    if (strcmp(spoil, "missing") != 0)
        headers[n++] = signature_line;
    if (strcmp(spoil, "no_timestamp") != 0)
        headers[n++] = timestamp_line;
    const struct http_request request = {
        .method = "POST",
        .url = posting->sandbox->handler_url,
        .headers = headers,
        .body = posting->body,
        .body_len = strlen(posting->body),
        .max_response = MAX_ANSWER,
        .timeout_ms = ANSWER_WITHIN_MS,
    };
    posting->started_ms = now_ms();
    http_call_start(posting->sandbox->client, &request, on_answer, posting);
}

/* The same bytes and the same signature once more. Discord took the first answer and ignores this one. */
static void post_again(struct sandbox *sandbox, struct request *request, const char *id_text)
{
    uint64_t id = 0;
    snowflake_parse(id_text, &id);
    const struct interaction *const interaction = interaction_find(sandbox->interactions, id);
    if (interaction == NULL || interaction->body == NULL) {
        control_fail(request, "there is no such interaction");
        return;
    }
    struct posting *const posting = mem_alloc(sizeof(*posting));
    *posting = (struct posting){
        .sandbox = sandbox,
        .request = request,
        .interaction_id = id,
        .replay = true,
        .body = mem_strdup(interaction->body),
    };
    post(posting, interaction->posted_at, "");
}

void interaction_control_post(struct sandbox *sandbox, struct request *request, const cJSON *body)
{
    const char *const replay = json_string(body, "replay");
    if (replay != NULL) {
        post_again(sandbox, request, replay);
        return;
    }
    const char *why = "";
    struct interaction *const interaction = interaction_create(sandbox->interactions);
    char *const text = payload_text(sandbox, interaction, body, &why);
    if (text == NULL) {
        interaction->state = INTERACTION_FAILED;
        control_fail(request, why);
        return;
    }
    interaction->body = mem_strdup(text);
    interaction->posted_at = clock_wall_ms() / 1000;
    const char *const spoil = json_string(body, "signature");
    struct posting *const posting = mem_alloc(sizeof(*posting));
    *posting = (struct posting){
        .sandbox = sandbox, .request = request, .interaction_id = interaction->id, .body = text};
    post(posting, interaction->posted_at, spoil != NULL ? spoil : "");
}

/* Looking at answers --------------------------------------------------------------------------------------- */

static const char *state_word(const struct interaction *interaction)
{
    switch (interaction->state) {
    case INTERACTION_PENDING:
        return "pending";
    case INTERACTION_ACKNOWLEDGED:
        return "acknowledged";
    case INTERACTION_FAILED:
        return "failed";
    }
    return "";
}

static cJSON *follow_ups_json(const struct sandbox *sandbox, const struct interaction *interaction)
{
    cJSON *const list = cJSON_CreateArray();
    for (const struct message *message = messages_oldest(sandbox->messages); message != NULL;
         message = message->next)
        if (message->interaction_id == interaction->id && message->id != interaction->message_id &&
            !message->deleted)
            cJSON_AddItemToArray(list, message_json(sandbox, message));
    return list;
}

static cJSON *answer_json(const struct sandbox *sandbox, const struct interaction *interaction)
{
    const struct message *const message = message_find(sandbox->messages, interaction->message_id);
    cJSON *const answer = cJSON_CreateObject();
    json_add_snowflake(answer, "interaction_id", interaction->id);
    cJSON_AddStringToObject(answer, "state", state_word(interaction));
    cJSON_AddBoolToObject(answer, "thinking", interaction->owed);
    if (interaction->answered_ms != 0)
        cJSON_AddNumberToObject(answer, "took_ms",
                                (double)(interaction->answered_ms - interaction->created_ms));
    cJSON_AddBoolToObject(answer, "ephemeral", message != NULL && message->ephemeral);
    cJSON_AddItemToObject(answer, "message",
                          message != NULL ? message_json(sandbox, message) : cJSON_CreateNull());
    cJSON_AddItemToObject(answer, "attachments",
                          message != NULL ? message_attachments_json(sandbox, message) : cJSON_CreateArray());
    if (message != NULL && message->edited_ms != 0)
        cJSON_AddNumberToObject(answer, "edited_at_ms", (double)message->edited_ms);
    cJSON_AddItemToObject(answer, "follow_ups", follow_ups_json(sandbox, interaction));
    return answer;
}

static bool try_answer(void *context, struct request *request, int64_t key, bool last)
{
    const struct sandbox *const sandbox = context;
    const struct interaction *const interaction = interaction_find(sandbox->interactions, (uint64_t)key);
    if (interaction == NULL) {
        request_answer(request, 404, NULL, NULL, 0);
        return true;
    }
    if (!last && (interaction->state == INTERACTION_PENDING || interaction->owed))
        return false;
    request_answer_json(request, 200, answer_json(sandbox, interaction));
    return true;
}

void interaction_control_answers(struct sandbox *sandbox, struct request *request, int64_t wait_ms)
{
    uint64_t id = 0;
    snowflake_parse(strrchr(request->path, '/') + 1, &id);
    parked_add(sandbox->parked, request, (int64_t)id, wait_ms, try_answer);
}

cJSON *interaction_messages_json(const struct sandbox *sandbox)
{
    cJSON *const list = cJSON_CreateArray();
    for (const struct message *message = messages_oldest(sandbox->messages); message != NULL;
         message = message->next) {
        if (message->deleted)
            continue;
        if (cJSON_GetArraySize(list) == MAX_SHOWN)
            cJSON_DeleteItemFromArray(list, 0);
        cJSON *const item = message_json(sandbox, message);
        cJSON_ReplaceItemInObjectCaseSensitive(item, "attachments", message_attachments_json(sandbox, message));
        cJSON_AddBoolToObject(item, "thinking", message->thinking);
        cJSON_AddStringToObject(item, "command", message->command);
        cJSON_AddItemToArray(list, item);
    }
    return list;
}
