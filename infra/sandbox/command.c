#include "infra/sandbox/command.h"

#include "infra/json.h"
#include "infra/mem.h"
#include "infra/sandbox/api.h"
#include "infra/sandbox/cast.h"
#include "infra/sandbox/complaint.h"
#include "infra/sandbox/sandbox.h"

#include <ctype.h>
#include <string.h>

enum {
    MAX_COMMANDS = 100,
    MAX_OPTIONS = 25,
    MAX_CHOICES = 25,
    SUB_COMMAND = 1,
    SUB_COMMAND_GROUP = 2,
    LAST_OPTION_TYPE = 11
};

struct commands {
    cJSON *scopes; /* lists of commands by "global" or the guild's id */
};

struct commands *commands_create(void)
{
    struct commands *const commands = mem_alloc(sizeof(*commands));
    commands->scopes = cJSON_CreateObject();
    return commands;
}

uint64_t command_id(const struct commands *commands, const char *name)
{
    uint64_t id;
    const cJSON *command;
    cJSON_ArrayForEach (command, json_array(commands->scopes, "global"))
        if (strcmp(json_string(command, "name"), name) == 0 && json_snowflake(command, "id", &id))
            return id;
    return UINT64_C(1510946006630662145);
}

cJSON *commands_json(const struct commands *commands)
{
    const cJSON *const known = json_array(commands->scopes, "global");
    return known != NULL ? cJSON_Duplicate(known, true) : cJSON_CreateArray();
}

/* What is wrong with them ---------------------------------------------------------------------------------- */

/* Letters and digits of any script, - and _: here, all that is not ASCII passes for a letter. Lower case. */
static void check_name(struct complaints *complaints, const cJSON *object)
{
    if (!check_string(complaints, object, "name", 1, 32, true))
        return;
    for (const char *s = json_string(object, "name"); *s != '\0'; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c < 0x80 && !islower(c) && !isdigit(c) && c != '-' && c != '_' && c != '\'') {
            complain_about(complaints, "name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
            return;
        }
    }
}

static void check_choices(struct complaints *complaints, const cJSON *option)
{
    if (!check_list(complaints, option, "choices", 0, MAX_CHOICES, false))
        return;
    const size_t mark = complaints_enter(complaints, "choices");
    int i = 0;
    const cJSON *choice;
    cJSON_ArrayForEach (choice, json_array(option, "choices")) {
        const size_t inner = complaints_enter_index(complaints, i++);
        check_string(complaints, choice, "name", 1, 100, true);
        if (!cJSON_IsNumber(json_member(choice, "value")))
            check_string(complaints, choice, "value", 1, 100, true);
        complaints_leave(complaints, inner);
    }
    complaints_leave(complaints, mark);
}

/* Options of a command, a group or a subcommand; parent is the option type above, 0 for the command itself. */
static void check_options(struct complaints *complaints, const cJSON *object, int64_t parent)
{
    if (!check_list(complaints, object, "options", 0, MAX_OPTIONS, false))
        return;
    const size_t mark = complaints_enter(complaints, "options");
    bool optional_seen = false;
    int i = 0;
    const cJSON *option;
    cJSON_ArrayForEach (option, json_array(object, "options")) {
        const size_t inner = complaints_enter_index(complaints, i++);
        int64_t type;
        check_name(complaints, option);
        check_string(complaints, option, "description", 1, 100, true);
        check_int(complaints, option, "type", 1, LAST_OPTION_TYPE, true);
        json_int(option, "type", &type);
        if ((type == SUB_COMMAND && parent == SUB_COMMAND) || (type == SUB_COMMAND_GROUP && parent != 0))
            complain_about(complaints, "type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Nested too deep");
        if (cJSON_HasObjectItem(option, "default_member_permissions"))
            complain_about(complaints, "default_member_permissions", "UNKNOWN_FIELD",
                           "Only a command has permissions");
        const bool required = json_bool(option, "required");
        if (required && optional_seen)
            complain_about(complaints, "required", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                           "Required options must be placed before non-required options");
        optional_seen = optional_seen || !required;
        check_choices(complaints, option);
        check_options(complaints, option, type);
        complaints_leave(complaints, inner);
    }
    complaints_leave(complaints, mark);
}

/* A decimal text, or null for everybody. */
static void check_permissions(struct complaints *complaints, const cJSON *command)
{
    const cJSON *const value = json_member(command, "default_member_permissions");
    if (value == NULL)
        return;
    const char *const text = cJSON_IsString(value) ? value->valuestring : "";
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
        complain_about(complaints, "default_member_permissions", "BITFIELD_TYPE_CONVERT",
                       "A decimal text is expected");
}

static cJSON *check_commands(const cJSON *list, bool global)
{
    struct complaints complaints = {0};
    if (cJSON_GetArraySize(list) > MAX_COMMANDS)
        complain(&complaints, "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.");
    int i = 0;
    const cJSON *command;
    cJSON_ArrayForEach (command, list) {
        const size_t mark = complaints_enter_index(&complaints, i++);
        check_name(&complaints, command);
        check_string(&complaints, command, "description", 1, 100, true);
        check_int(&complaints, command, "type", 1, 1, false);
        check_permissions(&complaints, command);
        check_options(&complaints, command, 0);
        if (!global &&
            (cJSON_HasObjectItem(command, "contexts") || cJSON_HasObjectItem(command, "integration_types")))
            complain_about(&complaints, "contexts", "APPLICATION_COMMAND_CONTEXTS_INVALID",
                           "Only global commands have these");
        complaints_leave(&complaints, mark);
    }
    return complaints.tree;
}

/* Routes --------------------------------------------------------------------------------------------------- */

/* "global" or the guild's id; NULL: the call is answered. */
static const char *scope_of(struct api_call *call)
{
    uint64_t id;
    if (!snowflake_parse(call->segments[1], &id) || id != call->sandbox->cast->application_id) {
        api_fail(call, 403, 20012, "You are not authorized to perform this action on this application");
        return NULL;
    }
    if (strcmp(call->segments[2], "guilds") != 0)
        return "global";
    if (snowflake_parse(call->segments[3], &id) && cast_guild(call->sandbox->cast, id) != NULL)
        return call->segments[3];
    api_fail(call, 403, 50001, "Missing Access");
    return NULL;
}

void command_get_all(struct api_call *call)
{
    const char *const scope = scope_of(call);
    if (scope == NULL)
        return;
    const cJSON *const known = json_array(call->sandbox->commands->scopes, scope);
    api_answer(call, 200, known != NULL ? cJSON_Duplicate(known, true) : cJSON_CreateArray());
}

static void complete(const struct api_call *call, cJSON *command)
{
    if (!cJSON_HasObjectItem(command, "id"))
        json_add_snowflake(command, "id", sandbox_snowflake());
    json_add_snowflake(command, "application_id", call->sandbox->cast->application_id);
    json_add_snowflake(command, "version", sandbox_snowflake());
    if (!cJSON_HasObjectItem(command, "type"))
        cJSON_AddNumberToObject(command, "type", 1);
}

void command_put_all(struct api_call *call)
{
    const char *const scope = scope_of(call);
    if (scope == NULL)
        return;
    if (!cJSON_IsArray(call->json)) {
        api_fail(call, 400, 50035, "Invalid Form Body");
        return;
    }
    cJSON *const errors = check_commands(call->json, strcmp(scope, "global") == 0);
    if (errors != NULL) {
        api_fail_form(call, errors);
        return;
    }
    cJSON *const list = cJSON_Duplicate(call->json, true);
    cJSON *command;
    cJSON_ArrayForEach (command, list)
        complete(call, command);
    cJSON_DeleteItemFromObject(call->sandbox->commands->scopes, scope);
    cJSON_AddItemToObject(call->sandbox->commands->scopes, scope, list);
    api_answer(call, 200, cJSON_Duplicate(list, true));
}
