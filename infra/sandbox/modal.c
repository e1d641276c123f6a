#include "infra/sandbox/modal.h"

#include "infra/discord.h"
#include "infra/json.h"
#include "infra/sandbox/complaint.h"

#include <stdbool.h>
#include <string.h>

enum { MAX_LINES = 5, MAX_INPUT = 4000, MAX_CHOICES = 25 };

/* Component types of modals that infra/discord.h does not have. */
enum {
    TEXT_INPUT = 4,
    CHANNEL_SELECT = 8,
    LABEL = 18,
    FILE_UPLOAD = 19,
    RADIO_GROUP = 21,
    CHECKBOX_GROUP = 22,
    CHECKBOX = 23,
};

static int64_t type_of(const cJSON *component)
{
    int64_t type;
    json_int(component, "type", &type);
    return type;
}

/* The input that a line holds, NULL where it is text or wrong. A row with a text input is the deprecated form. */
static const cJSON *input_of(const cJSON *line)
{
    return type_of(line) == DISCORD_ACTION_ROW ? cJSON_GetArrayItem(json_array(line, "components"), 0)
                                               : json_object(line, "component");
}

/* Whether it can be shown ------------------------------------------------------------------------------------ */

static void check_text_input(struct complaints *complaints, const cJSON *input, bool labelled)
{
    check_int(complaints, input, "style", 1, 2, true);
    check_int(complaints, input, "min_length", 0, MAX_INPUT, false);
    check_int(complaints, input, "max_length", 1, MAX_INPUT, false);
    check_string(complaints, input, "value", 0, MAX_INPUT, false);
    check_string(complaints, input, "placeholder", 0, 100, false);
    if (!labelled)
        check_string(complaints, input, "label", 1, 45, true);
    else if (json_member(input, "label") != NULL)
        complain_about(complaints, "label", "COMPONENT_LABEL_NOT_ALLOWED",
                       "The label around it has the words.");
}

static void check_options(struct complaints *complaints, const cJSON *input, int min, int max)
{
    if (!check_list(complaints, input, "options", min, max, true))
        return;
    const size_t mark = complaints_enter(complaints, "options");
    int i = 0;
    const cJSON *option;
    cJSON_ArrayForEach (option, json_array(input, "options")) {
        const size_t inner = complaints_enter_index(complaints, i++);
        check_string(complaints, option, "label", 1, 100, true);
        check_string(complaints, option, "value", 1, 100, true);
        check_string(complaints, option, "description", 0, 100, false);
        check_bool(complaints, option, "default");
        complaints_leave(complaints, inner);
    }
    complaints_leave(complaints, mark);
}

static void check_select(struct complaints *complaints, const cJSON *select)
{
    int64_t min_values;
    check_string(complaints, select, "placeholder", 0, 150, false);
    check_int(complaints, select, "min_values", 0, MAX_CHOICES, false);
    check_int(complaints, select, "max_values", 1, MAX_CHOICES, false);
    const cJSON *const required = json_member(select, "required");
    if (json_int(select, "min_values", &min_values) && min_values == 0 && !cJSON_IsFalse(required))
        complain_about(complaints, "min_values", "NUMBER_TYPE_MIN",
                       "Where nothing may be chosen, required is false.");
    if (type_of(select) == DISCORD_STRING_SELECT)
        check_options(complaints, select, 1, MAX_CHOICES);
}

static void check_input(struct complaints *complaints, const cJSON *input, bool labelled)
{
    const int64_t type = type_of(input);
    check_string(complaints, input, "custom_id", 1, 100, true);
    check_bool(complaints, input, "required");
    if (json_member(input, "disabled") != NULL)
        complain_about(complaints, "disabled", "COMPONENT_DISABLED_NOT_ALLOWED", "Not in a modal.");
    if (type == TEXT_INPUT)
        check_text_input(complaints, input, labelled);
    else if (labelled &&
             (type == DISCORD_STRING_SELECT || (type >= DISCORD_USER_SELECT && type <= CHANNEL_SELECT)))
        check_select(complaints, input);
    else if (labelled && type == RADIO_GROUP)
        check_options(complaints, input, 2, 10);
    else if (labelled && type == CHECKBOX_GROUP)
        check_options(complaints, input, 1, 10);
    else if (!labelled || (type != CHECKBOX && type != FILE_UPLOAD))
        complain_about(complaints, "type", "UNION_TYPE_CHOICES", "No component that may stand here.");
}

static void check_line(struct complaints *complaints, const cJSON *line)
{
    const int64_t type = type_of(line);
    if (type == DISCORD_TEXT_DISPLAY) {
        check_string(complaints, line, "content", 1, MAX_INPUT, true);
    } else if (type == LABEL) {
        check_string(complaints, line, "label", 1, 45, true);
        check_string(complaints, line, "description", 0, 100, false);
        const size_t mark = complaints_enter(complaints, "component");
        check_input(complaints, input_of(line), true);
        complaints_leave(complaints, mark);
    } else if (type == DISCORD_ACTION_ROW && check_list(complaints, line, "components", 1, 1, true)) {
        const size_t mark = complaints_enter(complaints, "components");
        const size_t inner = complaints_enter_index(complaints, 0);
        check_input(complaints, input_of(line), false);
        complaints_leave(complaints, inner);
        complaints_leave(complaints, mark);
    } else if (type != DISCORD_ACTION_ROW) {
        complain_about(complaints, "type", "UNION_TYPE_CHOICES", "No component that may stand here.");
    }
}

/* The custom_id of a line's input is none of an earlier line's. */
static bool is_unique(const cJSON *lines, const cJSON *line)
{
    const char *const custom_id = json_string(input_of(line), "custom_id");
    for (const cJSON *other = lines->child; other != line; other = other->next) {
        const char *const known = json_string(input_of(other), "custom_id");
        if (known != NULL && custom_id != NULL && strcmp(known, custom_id) == 0)
            return false;
    }
    return true;
}

cJSON *modal_check(const cJSON *modal)
{
    struct complaints complaints = {0};
    check_string(&complaints, modal, "custom_id", 1, 100, true);
    check_string(&complaints, modal, "title", 1, 45, true);
    if (!check_list(&complaints, modal, "components", 1, MAX_LINES, true))
        return complaints.tree;
    const cJSON *const lines = json_array(modal, "components");
    const size_t mark = complaints_enter(&complaints, "components");
    int i = 0;
    const cJSON *line;
    cJSON_ArrayForEach (line, lines) {
        const size_t inner = complaints_enter_index(&complaints, i++);
        check_line(&complaints, line);
        if (!is_unique(lines, line))
            complain(&complaints, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated");
        complaints_leave(&complaints, inner);
    }
    complaints_leave(&complaints, mark);
    return complaints.tree;
}

/* What its submit says ---------------------------------------------------------------------------------------- */

/* Type and id; Discord numbers what has no id of its own. */
static cJSON *copy_head(const cJSON *component, int *n)
{
    int64_t id;
    cJSON *const copy = cJSON_CreateObject();
    cJSON_AddNumberToObject(copy, "type", (double)type_of(component));
    ++*n;
    cJSON_AddNumberToObject(copy, "id", json_int(component, "id", &id) && id != 0 ? (double)id : *n);
    return copy;
}

static cJSON *empty_value(int64_t type)
{
    switch (type) {
    case TEXT_INPUT:
        return cJSON_CreateString("");
    case RADIO_GROUP:
        return cJSON_CreateNull();
    case CHECKBOX:
        return cJSON_CreateFalse();
    default:
        return cJSON_CreateArray();
    }
}

static cJSON *submit_input(const cJSON *input, const cJSON *values, int *n)
{
    const int64_t type = type_of(input);
    const bool single = type == TEXT_INPUT || type == RADIO_GROUP || type == CHECKBOX;
    const char *const custom_id = json_string(input, "custom_id");
    const cJSON *const value = json_member(values, custom_id);
    cJSON *const copy = copy_head(input, n);
    cJSON_AddStringToObject(copy, "custom_id", custom_id);
    cJSON_AddItemToObject(copy, single ? "value" : "values",
                          value != NULL ? cJSON_Duplicate(value, true) : empty_value(type));
    return copy;
}

cJSON *modal_submission(const cJSON *modal, const cJSON *values)
{
    cJSON *const data = cJSON_CreateObject();
    cJSON_AddStringToObject(data, "custom_id", json_string(modal, "custom_id"));
    cJSON *const lines = cJSON_AddArrayToObject(data, "components");
    int n = 0;
    const cJSON *line;
    cJSON_ArrayForEach (line, json_array(modal, "components")) {
        cJSON *const copy = copy_head(line, &n);
        cJSON_AddItemToArray(lines, copy);
        if (type_of(line) == LABEL)
            cJSON_AddItemToObject(copy, "component", submit_input(input_of(line), values, &n));
        else if (type_of(line) == DISCORD_ACTION_ROW)
            cJSON_AddItemToArray(cJSON_AddArrayToObject(copy, "components"),
                                 submit_input(input_of(line), values, &n));
    }
    return data;
}
