/* The cast as Discord's JSON objects ("User", "Guild", "Channel", "Voice"). The caller frees. */
#pragma once

#include "infra/sandbox/cast.h"

cJSON *cast_user_json(const struct cast_member *member);
/* with_user: as in GUILD_CREATE; else as in "resolved", where user, deaf and mute are missing. */
cJSON *cast_member_json(const struct cast_member *member, bool with_user);
/* The bot as a user. */
cJSON *cast_application_json(const struct cast *cast);
cJSON *cast_channel_json(const struct cast_guild *guild, const struct cast_channel *channel);
/* As in voice_states of GUILD_CREATE: without guild_id and member. */
cJSON *cast_voice_json(const struct cast_member *member);
/* The guild object of REST and GUILD_UPDATE. */
cJSON *cast_guild_json(const struct cast_guild *guild);
/* The same with what only GUILD_CREATE has: channels, voice states, and the members that are in voice. */
cJSON *cast_guild_create_json(const struct cast *cast, const struct cast_guild *guild);
