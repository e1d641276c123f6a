#include "infra/sandbox/webhook.h"

#include "infra/clock.h"
#include "infra/discord.h"
#include "infra/json.h"
#include "infra/sandbox/api.h"
#include "infra/sandbox/cast.h"
#include "infra/sandbox/interaction.h"
#include "infra/sandbox/message.h"
#include "infra/sandbox/parked.h"
#include "infra/sandbox/sandbox.h"
#include "infra/sandbox/server.h"
#include "infra/sandbox/validate.h"

#include <stdio.h>
#include <string.h>

/* As captured in 2023; a client must read it from the headers. */
enum { CALLS_A_WINDOW = 5, WINDOW_MS = 2000, MAX_FILES = 10 };
enum { FLAG_SUPPRESS_EMBEDS = 1 << 2, FLAG_SUPPRESS_NOTIFICATIONS = 1 << 12 };

/* Who may -------------------------------------------------------------------------------------------------- */

/* Notes the call and tells of the limit. False: the call was one too many and is answered with 429. */
static bool keep_limit(struct api_call *call, struct interaction *interaction)
{
    const int64_t now = clock_monotonic_ms();
    if (now - interaction->window_started_ms >= WINDOW_MS) {
        interaction->window_started_ms = now;
        interaction->calls_in_window = 0;
    }
    interaction->calls_in_window++;
    const int remaining = CALLS_A_WINDOW - interaction->calls_in_window;
    const double reset_after = (double)(interaction->window_started_ms + WINDOW_MS - now) / 1000;
    char text[64];
    request_add_header(call->request, "X-RateLimit-Limit", "5");
    snprintf(text, sizeof(text), "%d", remaining > 0 ? remaining : 0);
    request_add_header(call->request, "X-RateLimit-Remaining", text);
    snprintf(text, sizeof(text), "%.3f", (double)clock_wall_ms() / 1000 + reset_after);
    request_add_header(call->request, "X-RateLimit-Reset", text);
    snprintf(text, sizeof(text), "%.3f", reset_after);
    request_add_header(call->request, "X-RateLimit-Reset-After", text);
    request_add_header(call->request, "X-RateLimit-Bucket", "9f2c41d07be3");
    if (remaining >= 0)
        return true;
    api_fail_limited(call, reset_after);
    return false;
}

static struct interaction *find_interaction(const struct api_call *call)
{
    uint64_t application_id;
    const struct sandbox *const sandbox = call->sandbox;
    if (!snowflake_parse(call->segments[1], &application_id) || application_id != sandbox->cast->application_id)
        return NULL;
    return interaction_find_token(sandbox->interactions, call->segments[2]);
}

/* The interaction that the path's token belongs to; NULL: the call is answered with what is wrong. */
static struct interaction *admit(struct api_call *call)
{
    struct interaction *const interaction = find_interaction(call);
    if (interaction != NULL && interaction_is_expired(interaction)) {
        api_fail(call, 401, 50027, "Invalid Webhook Token");
        return NULL;
    }
    if (interaction != NULL && !keep_limit(call, interaction))
        return NULL;
    if (interaction != NULL && interaction->state == INTERACTION_ACKNOWLEDGED)
        return interaction;
    /* Also while the handler's answer is still being digested. */
    api_fail(call, 404, DISCORD_UNKNOWN_WEBHOOK, "Unknown Webhook");
    return NULL;
}

/* The message that the path names; NULL: the call is answered. */
static struct message *find_message(struct api_call *call, const struct interaction *interaction)
{
    uint64_t id = 0;
    if (strcmp(call->segments[4], "@original") == 0)
        id = interaction->message_id;
    else
        snowflake_parse(call->segments[4], &id);
    struct message *const message = message_find(call->sandbox->messages, id);
    if (message != NULL &&
        (message->id == interaction->message_id || message->interaction_id == interaction->id))
        return message;
    api_fail(call, 404, 10008, "Unknown Message");
    return NULL;
}

/* What is sent --------------------------------------------------------------------------------------------- */

static bool files_are_welcome(struct api_call *call, const struct interaction *interaction)
{
    size_t n_files = 0;
    for (size_t i = 0; i < call->form.n; i++) {
        const struct multipart_part *const part = &call->form.parts[i];
        if (part->filename == NULL)
            continue;
        n_files++;
        if ((int64_t)part->len > interaction->attachment_size_limit) {
            api_fail(call, 413, DISCORD_UPLOAD_TOO_LARGE, "Request entity too large");
            return false;
        }
    }
    if (n_files > MAX_FILES) {
        api_fail(call, 400, 30015, "Maximum number of attachments in a message reached (10)");
        return false;
    }
    /* Since November 2023 the bot's permissions in the channel count here too. */
    if (n_files > 0 && (interaction->app_permissions &
                        (DISCORD_PERMISSION_ATTACH_FILES | DISCORD_PERMISSION_ADMINISTRATOR)) == 0) {
        api_fail(call, 403, DISCORD_MISSING_PERMISSIONS, "Missing Permissions");
        return false;
    }
    return true;
}

/* False: the call is answered with what is wrong with its message. */
static bool is_welcome(struct api_call *call, const struct interaction *interaction,
                       const struct message *edited, int64_t allowed_flags)
{
    const struct validate_context context = {
        .allowed_flags = allowed_flags, .edited = edited, .form = &call->form};
    if (!cJSON_IsObject(call->json)) {
        api_fail(call, 400, 50109, "The request body contains invalid JSON.");
        return false;
    }
    if (!files_are_welcome(call, interaction))
        return false;
    cJSON *const errors = validate_message(call->json, &context);
    if (errors != NULL) {
        api_fail_form(call, errors);
        return false;
    }
    if (validate_is_empty(call->json, &context)) {
        api_fail(call, 400, 50006, "Cannot send an empty message");
        return false;
    }
    return true;
}

static void edit(struct api_call *call, struct interaction *interaction, struct message *message)
{
    message_apply(call->sandbox, message, call->json, &call->form);
    message->thinking = false;
    message->edited_ms = clock_wall_ms();
    if (message->id == interaction->message_id)
        interaction_note_answer(call->sandbox, interaction);
    parked_changed(call->sandbox->parked);
    api_answer(call, 200, message_json(call->sandbox, message));
}

/* Calls ---------------------------------------------------------------------------------------------------- */

void webhook_get_message(struct api_call *call)
{
    const struct interaction *const interaction = admit(call);
    const struct message *const message = interaction != NULL ? find_message(call, interaction) : NULL;
    if (message != NULL)
        api_answer(call, 200, message_json(call->sandbox, message));
}

void webhook_edit_message(struct api_call *call)
{
    struct interaction *const interaction = admit(call);
    struct message *const message = interaction != NULL ? find_message(call, interaction) : NULL;
    if (message != NULL &&
        is_welcome(call, interaction, message, FLAG_SUPPRESS_EMBEDS | DISCORD_FLAG_COMPONENTS_V2))
        edit(call, interaction, message);
}

void webhook_delete_message(struct api_call *call)
{
    struct interaction *const interaction = admit(call);
    struct message *const message = interaction != NULL ? find_message(call, interaction) : NULL;
    if (message == NULL)
        return;
    message->deleted = true;
    if (message->id == interaction->message_id)
        interaction_note_answer(call->sandbox, interaction);
    parked_changed(call->sandbox->parked);
    api_answer(call, 204, NULL);
}

/* The first one after a deferral stands in for its edit; a click that was deferred is answered by it too. */
void webhook_execute(struct api_call *call)
{
    const int64_t flags_of_new = FLAG_SUPPRESS_EMBEDS | DISCORD_FLAG_EPHEMERAL | FLAG_SUPPRESS_NOTIFICATIONS |
                                 DISCORD_FLAG_COMPONENTS_V2;
    struct interaction *const interaction = admit(call);
    if (interaction == NULL || !is_welcome(call, interaction, NULL, flags_of_new))
        return;
    struct message *const original = message_find(call->sandbox->messages, interaction->message_id);
    if (original != NULL && original->thinking) {
        edit(call, interaction, original);
        return;
    }
    int64_t flags;
    json_int(call->json, "flags", &flags);
    struct message *const message = message_create(call->sandbox->messages);
    message->channel_id = interaction->channel_id;
    message->guild_id = interaction->guild_id;
    message->user_id = interaction->user_id;
    message->interaction_id = interaction->id;
    message->interaction_type = interaction->type;
    message->ephemeral = (flags & DISCORD_FLAG_EPHEMERAL) != 0;
    message_apply(call->sandbox, message, call->json, &call->form);
    interaction_note_answer(call->sandbox, interaction);
    api_answer(call, 200, message_json(call->sandbox, message));
}

void webhook_callback(struct api_call *call)
{
    uint64_t id;
    struct interaction *const interaction =
        interaction_find_token(call->sandbox->interactions, call->segments[2]);
    const char *why;
    cJSON *errors;
    if (interaction == NULL || !snowflake_parse(call->segments[1], &id) || id != interaction->id ||
        interaction->state == INTERACTION_FAILED)
        api_fail(call, 404, 10062, "Unknown interaction");
    else if (interaction->state == INTERACTION_ACKNOWLEDGED)
        api_fail(call, 400, 40060, "Interaction has already been acknowledged.");
    else if (!interaction_answer(call->sandbox, interaction, call->json, &why, &errors))
        errors != NULL ? api_fail_form(call, errors) : api_fail(call, 400, 50035, why);
    else
        api_answer(call, 204, NULL);
}
