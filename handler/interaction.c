#include "handler/interaction.h"

#include "infra/json.h"
#include "infra/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Discord's default where the field is missing. */
enum { DEFAULT_ATTACHMENT_SIZE_LIMIT = 10 * 1024 * 1024 };

/* A decimal bit set of any length into its low 64 bits: wraps on purpose, higher bits are none of ours. */
static bool parse_permissions(const cJSON *object, const char *name, uint64_t *out)
{
    *out = 0;
    const char *const s = json_string(object, name);
    if (s == NULL || s[0] == '\0' || s[strspn(s, "0123456789")] != '\0')
        return false;
    for (const char *p = s; *p != '\0'; p++)
        *out = *out * 10 + (uint64_t)(*p - '0');
    return true;
}

static bool parse_type(const cJSON *root, enum discord_interaction_type *out)
{
    int64_t type;
    if (!json_int(root, "type", &type) || type < DISCORD_PING || type > DISCORD_MODAL_SUBMIT)
        return false;
    *out = (enum discord_interaction_type)type;
    return true;
}

/* member and user may be NULL. */
static bool parse_user(const cJSON *user, const cJSON *member, struct interaction_user *out)
{
    if (!json_snowflake(user, "id", &out->id))
        return false;
    out->bot = json_bool(user, "bot");
    out->username = json_string(user, "username");
    out->global_name = json_string(user, "global_name");
    out->avatar = json_string(user, "avatar");
    out->nick = json_string(member, "nick");
    out->guild_avatar = json_string(member, "avatar");
    return true;
}

/* In servers the user is within the member; outside there is no member. */
static bool parse_caller(struct interaction *interaction, const cJSON *root)
{
    if (interaction->guild_id == 0)
        return parse_user(json_object(root, "user"), NULL, &interaction->user);
    const cJSON *const member = json_object(root, "member");
    return parse_user(json_object(member, "user"), member, &interaction->user) &&
           parse_permissions(member, "permissions", &interaction->permissions);
}

/* Somebody chosen by id; who they are stands in "resolved", as a member only while they are in the server. */
static bool parse_chosen(struct interaction *interaction, const cJSON *data, const char *id)
{
    if (id == NULL || !snowflake_parse(id, &interaction->chosen.id))
        return false;
    const cJSON *const resolved = json_object(data, "resolved");
    const cJSON *const user = json_object(json_object(resolved, "users"), id);
    if (user == NULL)
        return true;
    return parse_user(user, json_object(json_object(resolved, "members"), id), &interaction->chosen);
}

static bool parse_option(struct interaction *interaction, const cJSON *data, const cJSON *object)
{
    const struct interaction_option option = {json_string(object, "name"), json_string(object, "value")};
    int64_t type;
    if (option.name == NULL || !json_int(object, "type", &type))
        return false;
    if (type == DISCORD_OPTION_USER)
        return parse_chosen(interaction, data, option.value);
    if (type != DISCORD_OPTION_STRING)
        return true; /* of a kind that no command of ours has */
    if (option.value == NULL)
        return false;
    interaction->options[interaction->n_options++] = option;
    return true;
}

static bool parse_options(struct interaction *interaction, const cJSON *data, const cJSON *object)
{
    const cJSON *option;
    int n = 0; /* each may look through all of "resolved" */
    cJSON_ArrayForEach (option, json_array(object, "options")) {
        if (++n > INTERACTION_MAX_OPTIONS || !parse_option(interaction, data, option))
            return false;
    }
    return true;
}

/* A subcommand is the only option of its command, and holds the parameters; both lists may be missing. */
static bool parse_command(struct interaction *interaction, const cJSON *data)
{
    interaction->command = json_string(data, "name");
    if (interaction->command == NULL)
        return false;
    const cJSON *const first = cJSON_GetArrayItem(json_array(data, "options"), 0);
    int64_t type;
    if (!json_int(first, "type", &type) || type != DISCORD_OPTION_SUB_COMMAND)
        return parse_options(interaction, data, data);
    interaction->subcommand = json_string(first, "name");
    return interaction->subcommand != NULL && parse_options(interaction, data, first);
}

/* A button has no values, and an emptied select an empty list of them. */
static bool parse_click(struct interaction *interaction, const cJSON *root)
{
    const cJSON *const data = json_object(root, "data");
    const cJSON *const message = json_object(root, "message");
    const cJSON *const metadata = json_object(message, "interaction_metadata");
    json_snowflake(message, "id", &interaction->message_id);
    interaction->custom_id = json_string(data, "custom_id");
    interaction->value = cJSON_GetStringValue(cJSON_GetArrayItem(json_array(data, "values"), 0));
    json_snowflake(json_object(metadata, "user"), "id", &interaction->owner_id);
    int64_t type;
    const bool users = json_int(data, "component_type", &type) && type == DISCORD_USER_SELECT;
    return interaction->custom_id != NULL &&
           (!users || interaction->value == NULL || parse_chosen(interaction, data, interaction->value));
}

/* It becomes part of an address. Discord's has some two hundred characters. */
static bool is_token(const char *s)
{
    enum { MOST = 2048 };
    return s != NULL && s[0] != '\0' && strnlen(s, MOST + 1) <= MOST;
}

static bool parse_body(struct interaction *interaction, const cJSON *root)
{
    interaction->token = json_string(root, "token");
    if (!json_snowflake(root, "id", &interaction->id) ||
        !json_snowflake(root, "application_id", &interaction->application_id) || !is_token(interaction->token))
        return false;
    if (interaction->type == DISCORD_PING)
        return true;
    if (json_member(root, "guild_id") != NULL && !json_snowflake(root, "guild_id", &interaction->guild_id))
        return false;
    if (!json_int(root, "attachment_size_limit", &interaction->attachment_size_limit))
        interaction->attachment_size_limit = DEFAULT_ATTACHMENT_SIZE_LIMIT;
    if (!parse_permissions(root, "app_permissions", &interaction->app_permissions) ||
        !parse_caller(interaction, root))
        return false;
    if (interaction->type == DISCORD_MESSAGE_COMPONENT)
        return parse_click(interaction, root);
    return interaction->type != DISCORD_APPLICATION_COMMAND ||
           parse_command(interaction, json_object(root, "data"));
}

static enum interaction_problem read_document(struct interaction *interaction)
{
    const cJSON *const root = interaction->document;
    if (!cJSON_IsNumber(json_member(root, "type")))
        return INTERACTION_MALFORMED;
    if (!parse_type(root, &interaction->type))
        return INTERACTION_UNKNOWN_TYPE;
    return parse_body(interaction, root) ? INTERACTION_FINE : INTERACTION_MALFORMED;
}

struct interaction *interaction_parse(const char *body, size_t len, enum interaction_problem *problem)
{
    struct interaction *const interaction = mem_alloc(sizeof(*interaction));
    interaction->document = json_parse(body, len);
    *problem = interaction->document != NULL ? read_document(interaction) : INTERACTION_NOT_JSON;
    if (*problem == INTERACTION_FINE)
        return interaction;
    interaction_destroy(interaction);
    return NULL;
}

void interaction_destroy(struct interaction *interaction)
{
    if (interaction == NULL)
        return;
    char *const token = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(interaction->document, "token"));
    if (token != NULL)
        explicit_bzero(token, strlen(token));
    cJSON_Delete(interaction->document);
    free(interaction);
}

const char *interaction_option(const struct interaction *interaction, const char *name)
{
    for (size_t i = 0; i < interaction->n_options; i++) {
        if (strcmp(interaction->options[i].name, name) == 0)
            return interaction->options[i].value;
    }
    return NULL;
}
