#include "infra/sandbox/interaction_payload.h"

#include "infra/discord.h"
#include "infra/json.h"
#include "infra/sandbox/cast_json.h"
#include "infra/sandbox/command.h"
#include "infra/sandbox/interaction.h"
#include "infra/sandbox/message.h"
#include "infra/sandbox/modal.h"
#include "infra/sandbox/sandbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char default_permissions[] = "1799666563141185"; /* an ordinary member's: no MANAGE_GUILD */

/* Option types that infra/discord.h does not have. */
enum { OPTION_INTEGER = 4, OPTION_BOOLEAN = 5, OPTION_CHANNEL = 7 };

/* Who and where -------------------------------------------------------------------------------------------- */

static const struct cast_channel *first_text_channel(const struct cast_guild *guild)
{
    for (size_t i = 0; i < guild->n_channels; i++)
        if (guild->channels[i].type == CHANNEL_TEXT)
            return &guild->channels[i];
    return NULL;
}

/* Fills guild, channel and user; words where the body names what is not there. */
static const char *find_place(const struct sandbox *sandbox, struct interaction *interaction, const cJSON *body)
{
    uint64_t id;
    const struct cast_guild *const guild =
        json_snowflake(body, "guild_id", &id) ? cast_guild(sandbox->cast, id) : &sandbox->cast->guilds[0];
    if (guild == NULL || guild->n_members == 0)
        return "no such guild, or it has no members";
    const struct cast_channel *const channel =
        json_snowflake(body, "channel_id", &id) ? cast_channel(guild, id) : first_text_channel(guild);
    if (channel == NULL)
        return "no such channel";
    const struct cast_member *const member =
        json_snowflake(body, "user_id", &id) ? cast_member(guild, id) : &guild->members[0];
    if (member == NULL)
        return "no such member";
    interaction->guild_id = guild->id;
    interaction->channel_id = channel->id;
    interaction->user_id = member->id;
    return NULL;
}

static cJSON *member_json(const struct cast_member *member, const char *permissions)
{
    cJSON *const object = cast_member_json(member, true);
    cJSON_AddStringToObject(object, "permissions", permissions);
    return object;
}

static cJSON *channel_json(const struct interaction *interaction, const struct cast_channel *channel)
{
    cJSON *const object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "flags", 0);
    json_add_snowflake(object, "guild_id", interaction->guild_id);
    json_add_snowflake(object, "id", channel->id);
    cJSON_AddNullToObject(object, "last_message_id");
    cJSON_AddStringToObject(object, "name", channel->name);
    cJSON_AddFalseToObject(object, "nsfw");
    cJSON_AddNullToObject(object, "parent_id");
    cJSON_AddStringToObject(object, "permissions", default_permissions);
    cJSON_AddNumberToObject(object, "position", 1);
    cJSON_AddNumberToObject(object, "rate_limit_per_user", 0);
    cJSON_AddNullToObject(object, "topic");
    cJSON_AddNumberToObject(object, "type", channel->type);
    return object;
}

static cJSON *guild_json(uint64_t id)
{
    cJSON *const object = cJSON_CreateObject();
    cJSON_AddItemToArray(cJSON_AddArrayToObject(object, "features"), cJSON_CreateString("COMMUNITY"));
    json_add_snowflake(object, "id", id);
    cJSON_AddStringToObject(object, "locale", "en-US");
    return object;
}

/* Slash commands ------------------------------------------------------------------------------------------- */

static cJSON *child_object(cJSON *object, const char *name)
{
    cJSON *const child = cJSON_GetObjectItemCaseSensitive(object, name);
    return child != NULL ? child : cJSON_AddObjectToObject(object, name);
}

/* A user always stands in "users", in "members" only while in the guild. */
static void resolve_user(const struct sandbox *sandbox, const struct interaction *interaction, cJSON *data,
                         const char *id_text)
{
    uint64_t id;
    const struct cast_member *const user = snowflake_parse(id_text, &id) ? cast_user(sandbox->cast, id) : NULL;
    if (user == NULL)
        return;
    cJSON *const resolved = child_object(data, "resolved");
    cJSON_AddItemToObject(child_object(resolved, "users"), id_text, cast_user_json(user));
    const struct cast_member *const member = cast_member(cast_guild(sandbox->cast, interaction->guild_id), id);
    if (member == NULL)
        return;
    cJSON *const object = cast_member_json(member, false);
    cJSON_AddStringToObject(object, "permissions", default_permissions);
    cJSON_AddItemToObject(child_object(resolved, "members"), id_text, object);
}

static int option_type(const cJSON *value)
{
    if (cJSON_IsBool(value))
        return OPTION_BOOLEAN;
    if (cJSON_IsNumber(value))
        return OPTION_INTEGER;
    return strcmp(value->string, "user") == 0      ? DISCORD_OPTION_USER
           : strcmp(value->string, "channel") == 0 ? OPTION_CHANNEL
                                                   : DISCORD_OPTION_STRING;
}

/* {"command": "leaderboard", "options": {"time_range": "today"}}: a subcommand of /vc. */
static cJSON *command_data(const struct sandbox *sandbox, const struct interaction *interaction,
                           const cJSON *body)
{
    cJSON *const data = cJSON_CreateObject();
    json_add_snowflake(data, "id", command_id(sandbox->commands, "vc"));
    cJSON_AddStringToObject(data, "name", "vc");
    cJSON_AddNumberToObject(data, "type", 1);
    cJSON *const sub = cJSON_CreateObject();
    cJSON_AddItemToArray(cJSON_AddArrayToObject(data, "options"), sub);
    cJSON_AddStringToObject(sub, "name", json_string(body, "command"));
    cJSON_AddNumberToObject(sub, "type", DISCORD_OPTION_SUB_COMMAND);
    cJSON *const options = cJSON_AddArrayToObject(sub, "options");
    const cJSON *value;
    cJSON_ArrayForEach (value, json_object(body, "options")) {
        cJSON *const option = cJSON_CreateObject();
        const int type = option_type(value);
        cJSON_AddStringToObject(option, "name", value->string);
        cJSON_AddNumberToObject(option, "type", type);
        cJSON_AddItemToObject(option, "value", cJSON_Duplicate(value, true));
        cJSON_AddItemToArray(options, option);
        if (type == DISCORD_OPTION_USER && cJSON_IsString(value))
            resolve_user(sandbox, interaction, data, value->valuestring);
    }
    return data;
}

/* Clicks --------------------------------------------------------------------------------------------------- */

static const cJSON *find_component(const cJSON *list, const char *custom_id)
{
    const cJSON *component;
    cJSON_ArrayForEach (component, list) {
        const char *const known = json_string(component, "custom_id");
        if (known != NULL && strcmp(known, custom_id) == 0)
            return component;
        const cJSON *found = find_component(json_array(component, "components"), custom_id);
        const cJSON *const accessory = json_object(component, "accessory");
        const char *const its_id = json_string(accessory, "custom_id");
        if (found == NULL && its_id != NULL && strcmp(its_id, custom_id) == 0)
            found = accessory;
        if (found != NULL)
            return found;
    }
    return NULL;
}

static cJSON *click_data(const struct sandbox *sandbox, const struct interaction *interaction,
                         const struct message *message, const cJSON *body)
{
    const char *const custom_id = json_string(body, "custom_id");
    const cJSON *const component = custom_id != NULL ? find_component(message->components, custom_id) : NULL;
    if (component == NULL || json_bool(component, "disabled"))
        return NULL;
    int64_t type, id;
    json_int(component, "type", &type);
    json_int(component, "id", &id);
    cJSON *const data = cJSON_CreateObject();
    cJSON_AddNumberToObject(data, "component_type", (double)type);
    cJSON_AddStringToObject(data, "custom_id", custom_id);
    cJSON_AddNumberToObject(data, "id", (double)id);
    if (type == DISCORD_BUTTON)
        return data;
    const cJSON *const values = json_array(body, "values");
    cJSON_AddItemToObject(data, "values", values != NULL ? cJSON_Duplicate(values, true) : cJSON_CreateArray());
    const cJSON *value;
    cJSON_ArrayForEach (value, values)
        if (type == DISCORD_USER_SELECT && cJSON_IsString(value))
            resolve_user(sandbox, interaction, data, value->valuestring);
    return data;
}

/* Modals --------------------------------------------------------------------------------------------------- */

/* {"modal": id of the interaction that opened it, "values"}. Where a click opened it, it stands on its message. */
static cJSON *submit_data(const struct sandbox *sandbox, struct interaction *interaction, const cJSON *body)
{
    uint64_t opener_id = 0;
    json_snowflake(body, "modal", &opener_id);
    const struct interaction *const opener = interaction_find(sandbox->interactions, opener_id);
    if (opener == NULL || opener->modal == NULL)
        return NULL;
    interaction->message_id = opener->message_id;
    cJSON *const data = modal_submission(opener->modal, json_object(body, "values"));
    const cJSON *line, *value;
    cJSON_ArrayForEach (line, json_array(data, "components")) {
        const cJSON *const input = json_object(line, "component");
        int64_t type;
        if (!json_int(input, "type", &type) || type != DISCORD_USER_SELECT)
            continue;
        cJSON_ArrayForEach (value, json_array(input, "values"))
            if (cJSON_IsString(value))
                resolve_user(sandbox, interaction, data, value->valuestring);
    }
    return data;
}

/* The payload ---------------------------------------------------------------------------------------------- */

static void add_common(const struct sandbox *sandbox, const struct interaction *interaction, cJSON *payload)
{
    cJSON_AddStringToObject(payload, "app_permissions", sandbox->faults.app_permissions);
    json_add_snowflake(payload, "application_id", sandbox->cast->application_id);
    cJSON_AddNumberToObject(payload, "attachment_size_limit", (double)interaction->attachment_size_limit);
    cJSON_AddArrayToObject(payload, "entitlements");
    json_add_snowflake(payload, "id", interaction->id);
    cJSON_AddStringToObject(payload, "token", interaction->token);
    cJSON_AddNumberToObject(payload, "type", interaction->type);
    cJSON_AddNumberToObject(payload, "version", 1);
}

static void add_place(const struct sandbox *sandbox, const struct interaction *interaction, const cJSON *body,
                      cJSON *payload)
{
    const struct cast_guild *const guild = cast_guild(sandbox->cast, interaction->guild_id);
    const char *const permissions = json_string(body, "permissions");
    json_add_snowflake(cJSON_AddObjectToObject(payload, "authorizing_integration_owners"), "0", guild->id);
    cJSON_AddItemToObject(payload, "channel",
                          channel_json(interaction, cast_channel(guild, interaction->channel_id)));
    json_add_snowflake(payload, "channel_id", interaction->channel_id);
    cJSON_AddNumberToObject(payload, "context", 0);
    cJSON_AddItemToObject(payload, "guild", guild_json(guild->id));
    json_add_snowflake(payload, "guild_id", guild->id);
    cJSON_AddStringToObject(payload, "guild_locale", "en-US");
    cJSON_AddStringToObject(payload, "locale", "en-GB");
    cJSON_AddItemToObject(payload, "member",
                          member_json(cast_member(guild, interaction->user_id),
                                      permissions != NULL ? permissions : default_permissions));
}

/* Discord's own probe: no data, no guild, no locale. */
static void add_system_user(cJSON *payload)
{
    char username[] = "discord", name[] = "Discord", discriminator[] = "0000";
    const struct cast_member discord = {.id = UINT64_C(643900000000000001),
                                        .username = username,
                                        .global_name = name,
                                        .discriminator = discriminator,
                                        .bot = true};
    cJSON *const user = cast_user_json(&discord);
    cJSON_AddTrueToObject(user, "system");
    cJSON_AddItemToObject(payload, "user", user);
    cJSON_AddObjectToObject(payload, "authorizing_integration_owners");
}

/* Type and data by what the body asks for; NULL and words where that cannot be. */
static cJSON *read_wish(const struct sandbox *sandbox, struct interaction *interaction, const cJSON *body,
                        const char **why)
{
    uint64_t message_id;
    *why = find_place(sandbox, interaction, body);
    if (*why != NULL)
        return NULL;
    if (json_string(body, "command") != NULL) {
        interaction->type = DISCORD_APPLICATION_COMMAND;
        snprintf(interaction->command, sizeof(interaction->command), "vc %s", json_string(body, "command"));
        return command_data(sandbox, interaction, body);
    }
    if (json_string(body, "modal") != NULL) {
        *why = "no such modal";
        interaction->type = DISCORD_MODAL_SUBMIT;
        return submit_data(sandbox, interaction, body);
    }
    *why = "command, message_id and custom_id, modal, ping or raw is expected";
    if (!json_snowflake(body, "message_id", &message_id))
        return NULL;
    const struct message *const message = message_find(sandbox->messages, message_id);
    *why = "no such message, or no such component in it, or it is disabled";
    interaction->type = DISCORD_MESSAGE_COMPONENT;
    interaction->message_id = message_id;
    return message != NULL ? click_data(sandbox, interaction, message, body) : NULL;
}

cJSON *interaction_payload(const struct sandbox *sandbox, struct interaction *interaction, const cJSON *body,
                           const char **why)
{
    interaction->attachment_size_limit = sandbox->faults.attachment_size_limit;
    interaction->app_permissions = strtoull(sandbox->faults.app_permissions, NULL, 10);
    cJSON *const payload = cJSON_CreateObject();
    if (json_bool(body, "ping")) {
        interaction->type = DISCORD_PING;
        add_common(sandbox, interaction, payload);
        add_system_user(payload);
        return payload;
    }
    cJSON *const data = read_wish(sandbox, interaction, body, why);
    if (data == NULL) {
        cJSON_Delete(payload);
        return NULL;
    }
    add_common(sandbox, interaction, payload);
    add_place(sandbox, interaction, body, payload);
    cJSON_AddItemToObject(payload, "data", data);
    const struct message *const message = message_find(sandbox->messages, interaction->message_id);
    if (message != NULL)
        cJSON_AddItemToObject(payload, "message", message_json(sandbox, message));
    return payload;
}
