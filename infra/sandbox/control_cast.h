/* The actions of the control API that change servers, channels and members: control.h describes them. */
#pragma once

#include <cJSON.h>

struct sandbox;

/* NULL, or in words what is wrong with the body. What there is to say is added to answer. */
const char *control_voice(struct sandbox *sandbox, const cJSON *body, cJSON *answer);
const char *control_guild(struct sandbox *sandbox, const cJSON *body, cJSON *answer);
const char *control_channel(struct sandbox *sandbox, const cJSON *body, cJSON *answer);
const char *control_member(struct sandbox *sandbox, const cJSON *body, cJSON *answer);

/* All of the cast, with who is where. The caller frees. */
cJSON *control_cast_state(const struct sandbox *sandbox);
