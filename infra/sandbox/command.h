/* The registered application commands ("Application Commands"). */
#pragma once

#include <cJSON.h>
#include <stdint.h>

struct api_call;
struct commands;

struct commands *commands_create(void);
/* The id of a global command of that name, or a fixed one where it was never registered. */
uint64_t command_id(const struct commands *commands, const char *name);
/* All global ones, as Discord lists them. The caller frees. */
cJSON *commands_json(const struct commands *commands);

/* The routes applications/{app}/commands and applications/{app}/guilds/{guild}/commands: the PUT replaces all.
 */
void command_get_all(struct api_call *call);
void command_put_all(struct api_call *call);
