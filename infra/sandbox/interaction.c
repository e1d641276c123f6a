#include "infra/sandbox/interaction.h"

#include "infra/clock.h"
#include "infra/discord.h"
#include "infra/json.h"
#include "infra/mem.h"
#include "infra/sandbox/message.h"
#include "infra/sandbox/modal.h"
#include "infra/sandbox/multipart.h"
#include "infra/sandbox/parked.h"
#include "infra/sandbox/sandbox.h"
#include "infra/sandbox/validate.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_INTERACTIONS = 2000, TOKEN_LIFE_MS = 15 * 60 * 1000, TOKEN_BYTES = 150 };
enum {
    CALLBACK_AUTOCOMPLETE = 8,
    CALLBACK_MODAL = 9,
    FLAG_SUPPRESS_EMBEDS = 1 << 2,
    FLAG_SUPPRESS_NOTIFICATIONS = 1 << 12
};

struct interactions {
    struct interaction *newest;
    size_t n;
};

struct interactions *interactions_create(void)
{
    return mem_alloc(sizeof(struct interactions));
}

static void drop_oldest(struct interactions *interactions)
{
    struct interaction **place = &interactions->newest;
    while ((*place)->next != NULL)
        place = &(*place)->next;
    cJSON_Delete((*place)->modal);
    free((*place)->token);
    free((*place)->body);
    free(*place);
    *place = NULL;
    interactions->n--;
}

/* Tokens are long and opaque; nobody may keep them in a small fixed buffer. */
struct interaction *interaction_create(struct interactions *interactions)
{
    unsigned char random[TOKEN_BYTES];
    char text[2 * TOKEN_BYTES];
    randombytes_buf(random, sizeof(random));
    sodium_bin2base64(text, sizeof(text), random, sizeof(random), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    struct interaction *const interaction = mem_alloc(sizeof(*interaction));
    interaction->id = sandbox_snowflake();
    interaction->token = mem_strdup(text);
    interaction->created_ms = clock_monotonic_ms();
    interaction->next = interactions->newest;
    interactions->newest = interaction;
    if (++interactions->n > MAX_INTERACTIONS)
        drop_oldest(interactions);
    return interaction;
}

struct interaction *interaction_find(const struct interactions *interactions, uint64_t id)
{
    struct interaction *interaction = interactions->newest;
    while (interaction != NULL && interaction->id != id)
        interaction = interaction->next;
    return interaction;
}

struct interaction *interaction_find_token(const struct interactions *interactions, const char *token)
{
    struct interaction *interaction = interactions->newest;
    while (interaction != NULL && strcmp(interaction->token, token) != 0)
        interaction = interaction->next;
    return interaction;
}

bool interaction_is_expired(const struct interaction *interaction)
{
    return clock_monotonic_ms() - interaction->created_ms > TOKEN_LIFE_MS;
}

/* Answers -------------------------------------------------------------------------------------------------- */

static struct message *new_message(struct sandbox *sandbox, struct interaction *interaction, int64_t flags)
{
    struct message *const message = message_create(sandbox->messages);
    message->channel_id = interaction->channel_id;
    message->guild_id = interaction->guild_id;
    message->user_id = interaction->user_id;
    message->interaction_id = interaction->id;
    message->interaction_type = interaction->type;
    snprintf(message->command, sizeof(message->command), "%s", interaction->command);
    message->ephemeral = (flags & DISCORD_FLAG_EPHEMERAL) != 0;
    interaction->message_id = message->id;
    return message;
}

static bool refuse(const char **why, const char *words)
{
    *why = words;
    return false;
}

/* Type 4: a message at once; type 7: an edit of the message that was clicked. */
static bool take_message(struct sandbox *sandbox, struct interaction *interaction, const cJSON *data,
                         bool update, const char **why, cJSON **errors)
{
    static const struct multipart no_files;
    struct message *message = update ? message_find(sandbox->messages, interaction->message_id) : NULL;
    const int64_t edit_flags = FLAG_SUPPRESS_EMBEDS | DISCORD_FLAG_COMPONENTS_V2;
    const struct validate_context context = {
        .allowed_flags =
            update ? edit_flags : edit_flags | DISCORD_FLAG_EPHEMERAL | FLAG_SUPPRESS_NOTIFICATIONS,
        .edited = message,
        .form = &no_files,
    };
    if (update && message == NULL)
        return refuse(why, "there is no message to update");
    if (data == NULL || validate_is_empty(data, &context))
        return refuse(why, "the message is empty");
    if ((*errors = validate_message(data, &context)) != NULL)
        return refuse(why, "Invalid Form Body");
    int64_t flags;
    json_int(data, "flags", &flags);
    if (!update)
        message = new_message(sandbox, interaction, flags);
    else
        message->edited_ms = clock_wall_ms();
    message_apply(sandbox, message, data, &no_files);
    return true;
}

/* Type 5. The only flag that may be set now is EPHEMERAL: IS_COMPONENTS_V2 comes with the edit. */
static bool take_deferral(struct sandbox *sandbox, struct interaction *interaction, const cJSON *data,
                          const char **why)
{
    int64_t flags;
    json_int(data, "flags", &flags);
    if ((flags & ~(int64_t)DISCORD_FLAG_EPHEMERAL) != 0)
        return refuse(why, "a deferred answer may only set the flag EPHEMERAL");
    new_message(sandbox, interaction, flags)->thinking = true;
    interaction->owed = true;
    return true;
}

/* Type 6: nothing is shown; the edit will be of the message that was clicked. */
static bool take_deferred_update(struct interaction *interaction, const char **why)
{
    if (interaction->message_id == 0)
        return refuse(why, "type 6 answers components only");
    interaction->owed = true;
    return true;
}

/* Type 9. It is kept for its submit. */
static bool take_modal(struct interaction *interaction, const cJSON *data, const char **why, cJSON **errors)
{
    if (interaction->type == DISCORD_MODAL_SUBMIT)
        return refuse(why, "a modal does not answer a modal");
    if ((*errors = modal_check(data)) != NULL)
        return refuse(why, "Invalid Form Body");
    interaction->modal = cJSON_Duplicate(data, true);
    return true;
}

static bool take(struct sandbox *sandbox, struct interaction *interaction, const cJSON *answer,
                 const char **why, cJSON **errors)
{
    const cJSON *const data = json_object(answer, "data");
    int64_t type;
    json_int(answer, "type", &type);
    if ((type == DISCORD_PONG) != (interaction->type == DISCORD_PING))
        return refuse(why, "PONG answers PING, and nothing else does");
    switch (type) {
    case DISCORD_PONG:
        return true;
    case DISCORD_CHANNEL_MESSAGE:
        return take_message(sandbox, interaction, data, false, why, errors);
    case DISCORD_DEFERRED_CHANNEL_MESSAGE:
        return take_deferral(sandbox, interaction, data, why);
    case DISCORD_DEFERRED_UPDATE_MESSAGE:
        return take_deferred_update(interaction, why);
    case DISCORD_UPDATE_MESSAGE:
        return take_message(sandbox, interaction, data, true, why, errors);
    case CALLBACK_AUTOCOMPLETE:
        return interaction->type == DISCORD_AUTOCOMPLETE || refuse(why, "type 8 answers autocomplete only");
    case CALLBACK_MODAL:
        return take_modal(interaction, data, why, errors);
    default:
        return refuse(why, "no type of answer");
    }
}

bool interaction_answer(struct sandbox *sandbox, struct interaction *interaction, const cJSON *answer,
                        const char **why, cJSON **errors)
{
    *errors = NULL;
    const bool good = take(sandbox, interaction, answer, why, errors);
    if (interaction->state == INTERACTION_PENDING)
        interaction->state = good ? INTERACTION_ACKNOWLEDGED : INTERACTION_FAILED;
    interaction->answered_ms = clock_monotonic_ms();
    parked_changed(sandbox->parked);
    return good;
}

void interaction_note_answer(struct sandbox *sandbox, struct interaction *interaction)
{
    interaction->answered_ms = clock_monotonic_ms();
    interaction->owed = false;
    for (struct interaction *older = interaction->next; older != NULL; older = older->next)
        if (older->message_id == interaction->message_id)
            older->owed = false;
    parked_changed(sandbox->parked);
}
