#include "handler/components.h"

#include "handler/choices.h"
#include "infra/json.h"

cJSON *components_add(cJSON *list, enum discord_component_type type)
{
    cJSON *const component = cJSON_CreateObject();
    cJSON_AddNumberToObject(component, "type", type);
    cJSON_AddItemToArray(list, component);
    return component;
}

cJSON *components_add_row(cJSON *list)
{
    return cJSON_AddArrayToObject(components_add(list, DISCORD_ACTION_ROW), "components");
}

void components_add_button(cJSON *row, const struct component_button *button)
{
    cJSON *const component = components_add(row, DISCORD_BUTTON);
    cJSON_AddNumberToObject(component, "style", button->style);
    cJSON_AddStringToObject(component, "label", button->label);
    cJSON_AddStringToObject(component, "custom_id", button->custom_id);
    if (button->disabled)
        cJSON_AddTrueToObject(component, "disabled");
}

static cJSON *add_any_select(cJSON *row, enum discord_component_type type, const char *custom_id,
                             const char *placeholder)
{
    cJSON *const component = components_add(row, type);
    cJSON_AddStringToObject(component, "custom_id", custom_id);
    cJSON_AddStringToObject(component, "placeholder", placeholder);
    return component;
}

cJSON *components_add_select(cJSON *row, const char *custom_id, const char *placeholder)
{
    return cJSON_AddArrayToObject(add_any_select(row, DISCORD_STRING_SELECT, custom_id, placeholder),
                                  "options");
}

void components_add_option(cJSON *options, const struct choice *choice, bool chosen)
{
    cJSON *const option = cJSON_CreateObject();
    cJSON_AddStringToObject(option, "label", choice->label);
    cJSON_AddStringToObject(option, "value", choice->value);
    if (chosen)
        cJSON_AddTrueToObject(option, "default");
    cJSON_AddItemToArray(options, option);
}

void components_add_user_select(cJSON *row, const char *custom_id, const char *placeholder, uint64_t user_id)
{
    cJSON *const component = add_any_select(row, DISCORD_USER_SELECT, custom_id, placeholder);
    if (user_id == 0)
        return;
    cJSON *const chosen = cJSON_CreateObject();
    json_add_snowflake(chosen, "id", user_id);
    cJSON_AddStringToObject(chosen, "type", "user");
    cJSON_AddItemToArray(cJSON_AddArrayToObject(component, "default_values"), chosen);
}
