#include "handler/command.h"

#include "handler/choices.h"
#include "handler/cmd_leaderboard.h"
#include "handler/cmd_settings.h"
#include "handler/cmd_stats.h"
#include "handler/controls.h"
#include "handler/interaction.h"
#include "infra/json.h"

#include <cJSON.h>
#include <string.h>

static const char root_name[] = "vc";
enum { SLASH_COMMAND = 1 }; /* among the types of commands */

#define TIME_RANGE(DESCRIPTION, CHOICES)                                                                       \
    {                                                                                                          \
        COMMAND_TIME_RANGE, DESCRIPTION, DISCORD_OPTION_STRING, CHOICES                                        \
    }

static const struct command commands[] = {
    {
        .name = "leaderboard",
        .description = "Who spent the most time in voice",
        .controls = CONTROLS_LEADERBOARD,
        .options = {TIME_RANGE("What time to count (default: this month)", &choices_ranges)},
        .run = cmd_leaderboard_run,
    },
    {
        .name = "stats",
        .description = "Voice time by day or hour: yours, another member's or the server's",
        .controls = CONTROLS_STATS,
        .options = {TIME_RANGE("What to look at (default: monthly)", &choices_views),
                    {COMMAND_USER, "Whose statistics (default: yours)", DISCORD_OPTION_USER, NULL},
                    {COMMAND_STATISTIC, "A statistic of the whole server", DISCORD_OPTION_STRING,
                     &choices_statistics}},
        .run = cmd_stats_run,
    },
    {
        .name = "settings",
        .description = "Settings of this server: tracking and the AFK channel (Manage Server)",
        .controls = CONTROLS_SETTINGS,
        .ephemeral = true,
        .saves = true,
        .run = cmd_settings_run,
    },
};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static bool is_of(const struct command *command, const struct interaction *interaction)
{
    switch (interaction->type) {
    case DISCORD_APPLICATION_COMMAND:
        return strcmp(interaction->command, root_name) == 0 && interaction->subcommand != NULL &&
               strcmp(interaction->subcommand, command->name) == 0;
    case DISCORD_MESSAGE_COMPONENT:
        return controls_are_of(interaction->custom_id, command->controls);
    case DISCORD_PING:
    case DISCORD_AUTOCOMPLETE:
    case DISCORD_MODAL_SUBMIT:
        break;
    }
    return false;
}

const struct command *command_find(const struct interaction *interaction)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (is_of(&commands[i], interaction))
            return &commands[i];
    }
    return NULL;
}

static void add_option(cJSON *options, const struct command_option *from)
{
    cJSON *const option = cJSON_CreateObject();
    cJSON_AddItemToArray(options, option);
    cJSON_AddNumberToObject(option, "type", from->type);
    cJSON_AddStringToObject(option, "name", from->name);
    cJSON_AddStringToObject(option, "description", from->description);
    if (from->choices == NULL)
        return;
    cJSON *const choices = cJSON_AddArrayToObject(option, "choices");
    for (int i = 0; i < from->choices->n; i++) {
        cJSON *const choice = cJSON_CreateObject();
        cJSON_AddStringToObject(choice, "name", from->choices->list[i].label);
        cJSON_AddStringToObject(choice, "value", from->choices->list[i].value);
        cJSON_AddItemToArray(choices, choice);
    }
}

static void add_subcommand(cJSON *options, const struct command *command)
{
    cJSON *const option = cJSON_CreateObject();
    cJSON_AddNumberToObject(option, "type", DISCORD_OPTION_SUB_COMMAND);
    cJSON_AddStringToObject(option, "name", command->name);
    cJSON_AddStringToObject(option, "description", command->description);
    cJSON *const inner = cJSON_AddArrayToObject(option, "options");
    for (int i = 0; i < COMMAND_MAX_OPTIONS && command->options[i].name != NULL; i++)
        add_option(inner, &command->options[i]);
    cJSON_AddItemToArray(options, option);
}

/* A list that holds 0 alone, Discord's number for servers both as a context and as a place of installation. */
static void add_servers_only(cJSON *command, const char *name)
{
    cJSON_AddItemToArray(cJSON_AddArrayToObject(command, name), cJSON_CreateNumber(0));
}

static cJSON *registration(void)
{
    cJSON *const list = cJSON_CreateArray();
    cJSON *const root = cJSON_CreateObject();
    cJSON_AddItemToArray(list, root);
    cJSON_AddNumberToObject(root, "type", SLASH_COMMAND);
    cJSON_AddStringToObject(root, "name", root_name);
    cJSON_AddStringToObject(root, "description", "Time in voice channels");
    cJSON_AddNullToObject(root,
                          "default_member_permissions"); /* for everybody: subcommands have no such field */
    add_servers_only(root, "contexts");
    add_servers_only(root, "integration_types");
    cJSON *const options = cJSON_AddArrayToObject(root, "options");
    for (size_t i = 0; i < N_COMMANDS; i++)
        add_subcommand(options, &commands[i]);
    return list;
}

char *command_registration(void)
{
    cJSON *const list = registration();
    char *const text = cJSON_PrintUnformatted(list);
    cJSON_Delete(list);
    return text;
}

/* Comparing ------------------------------------------------------------------------------------------------ */

/* Discord leaves out what is null or empty. */
static bool is_nothing(const cJSON *value)
{
    return value == NULL || cJSON_IsNull(value) || (cJSON_IsArray(value) && value->child == NULL);
}

/* Whether all of ours is in theirs, which has more: ids, versions, defaults. */
static bool is_within(const cJSON *ours, const cJSON *theirs)
{
    if (is_nothing(ours))
        return is_nothing(theirs);
    if (cJSON_IsObject(ours)) {
        const cJSON *member;
        cJSON_ArrayForEach (member, ours) {
            if (!is_within(member, json_member(theirs, member->string)))
                return false;
        }
        return true;
    }
    if (cJSON_IsArray(ours)) {
        const cJSON *a = ours->child, *b = cJSON_IsArray(theirs) ? theirs->child : NULL;
        for (; a != NULL && b != NULL && is_within(a, b); a = a->next)
            b = b->next;
        return a == NULL && b == NULL;
    }
    return cJSON_Compare(ours, theirs, true);
}

enum command_registered command_compare(const cJSON *list)
{
    enum command_registered found = COMMAND_UNREGISTERED;
    cJSON *const ours = registration();
    const cJSON *theirs;
    cJSON_ArrayForEach (theirs, list) {
        const char *const name = json_string(theirs, "name");
        int64_t type;
        if (name != NULL && strcmp(name, root_name) == 0 && json_int(theirs, "type", &type) &&
            type == SLASH_COMMAND)
            found = is_within(ours->child, theirs) ? COMMAND_REGISTERED : COMMAND_OUTDATED;
    }
    cJSON_Delete(ours);
    return found;
}
