/* Discord's message components ("Component Reference") as JSON: each function adds one to the list it is given. */
#pragma once

#include "infra/discord.h"

#include <cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct choice;

/* A component of that type, to be filled. */
cJSON *components_add(cJSON *list, enum discord_component_type type);
/* An action row; what comes back is the list of what is in it: up to five buttons, or one select. */
cJSON *components_add_row(cJSON *list);

struct component_button {
    const char *custom_id, *label;
    enum discord_button_style style;
    bool disabled;
};
void components_add_button(cJSON *row, const struct component_button *button);

/* A select to choose one of up to 25; what comes back is the list of its options. */
cJSON *components_add_select(cJSON *row, const char *custom_id, const char *placeholder);
void components_add_option(cJSON *options, const struct choice *choice, bool chosen);

/* A select to choose a member of the server, with one chosen already (0: none). */
void components_add_user_select(cJSON *row, const char *custom_id, const char *placeholder, uint64_t user_id);
