/* Discord's message components (contract 1.13) as JSON: each function adds one to the list it is given. */
#pragma once

#include "infra/discord.h"

#include <cJSON.h>
#include <stdbool.h>

/* A component of that type, to be filled. */
cJSON *components_add(cJSON *list, enum discord_component_type type);
/* An action row; what comes back is the list of what is in it: up to five buttons, or one select. */
cJSON *components_add_row(cJSON *list);

struct component_button {
    const char *custom_id, *label;
    bool disabled;
};
void components_add_button(cJSON *row, const struct component_button *button);

/* A select to choose one of up to 25; what comes back is the list of its options. */
cJSON *components_add_select(cJSON *row, const char *custom_id, const char *placeholder);
void components_add_option(cJSON *options, const char *value, const char *label, bool chosen);
