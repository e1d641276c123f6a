#include "handler/components.h"

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
    cJSON_AddNumberToObject(component, "style", DISCORD_BUTTON_SECONDARY);
    cJSON_AddStringToObject(component, "label", button->label);
    cJSON_AddStringToObject(component, "custom_id", button->custom_id);
    if (button->disabled)
        cJSON_AddTrueToObject(component, "disabled");
}

cJSON *components_add_select(cJSON *row, const char *custom_id, const char *placeholder)
{
    cJSON *const component = components_add(row, DISCORD_STRING_SELECT);
    cJSON_AddStringToObject(component, "custom_id", custom_id);
    cJSON_AddStringToObject(component, "placeholder", placeholder);
    return cJSON_AddArrayToObject(component, "options");
}

void components_add_option(cJSON *options, const char *value, const char *label, bool chosen)
{
    cJSON *const option = cJSON_CreateObject();
    cJSON_AddStringToObject(option, "label", label);
    cJSON_AddStringToObject(option, "value", value);
    if (chosen)
        cJSON_AddTrueToObject(option, "default");
    cJSON_AddItemToArray(options, option);
}
