/* What Discord posts to the handler: a slash command, a click, a modal's submit, a PING. */
#pragma once

#include <cJSON.h>

struct interaction;
struct sandbox;

/*
 * Fills the interaction's type, guild, channel, user, limits and clicked message from the body of POST
 * /control/interaction (control.h), and returns the payload. NULL: *why says in words what is wrong with the
 * body.
 */
cJSON *interaction_payload(const struct sandbox *sandbox, struct interaction *interaction, const cJSON *body,
                           const char **why);
