#include "infra/sandbox/cast_json.h"

#include "infra/json.h"

#include <string.h>

/* null where s is NULL. */
static void add_string(cJSON *object, const char *name, const char *s)
{
    if (s != NULL)
        cJSON_AddStringToObject(object, name, s);
    else
        cJSON_AddNullToObject(object, name);
}

static void add_id_or_null(cJSON *object, const char *name, uint64_t id)
{
    if (id != 0)
        json_add_snowflake(object, name, id);
    else
        cJSON_AddNullToObject(object, name);
}

cJSON *cast_user_json(const struct cast_member *member)
{
    cJSON *const user = cJSON_CreateObject();
    json_add_snowflake(user, "id", member->id);
    cJSON_AddStringToObject(user, "username", member->username);
    cJSON_AddStringToObject(user, "discriminator", member->discriminator);
    add_string(user, "global_name", member->global_name);
    add_string(user, "avatar", member->avatar);
    cJSON_AddNullToObject(user, "avatar_decoration_data");
    cJSON_AddNullToObject(user, "collectibles");
    cJSON_AddNullToObject(user, "primary_guild");
    cJSON_AddNumberToObject(user, "public_flags", 0);
    if (member->bot) /* absent for people */
        cJSON_AddTrueToObject(user, "bot");
    return user;
}

cJSON *cast_application_json(const struct cast *cast)
{
    const struct cast_member *const known = cast_user(cast, cast->application_id);
    if (known != NULL)
        return cast_user_json(known);
    char username[] = "vcledger", discriminator[] = "7302";
    const struct cast_member made_up = {
        .id = cast->application_id, .username = username, .discriminator = discriminator, .bot = true};
    return cast_user_json(&made_up);
}

cJSON *cast_member_json(const struct cast_member *member, bool with_user)
{
    cJSON *const object = cJSON_CreateObject();
    add_string(object, "avatar", member->guild_avatar);
    cJSON_AddNullToObject(object, "banner");
    cJSON_AddNullToObject(object, "communication_disabled_until");
    cJSON_AddNumberToObject(object, "flags", 0);
    cJSON_AddStringToObject(object, "joined_at", "2024-01-05T12:30:45.120000+00:00");
    add_string(object, "nick", member->nick);
    cJSON_AddFalseToObject(object, "pending");
    cJSON_AddNullToObject(object, "premium_since");
    cJSON_AddArrayToObject(object, "roles");
    if (with_user) {
        cJSON_AddBoolToObject(object, "deaf", member->voice.deaf);
        cJSON_AddBoolToObject(object, "mute", member->voice.mute);
        cJSON_AddItemToObject(object, "user", cast_user_json(member));
    }
    return object;
}

cJSON *cast_channel_json(const struct cast_guild *guild, const struct cast_channel *channel)
{
    cJSON *const object = cJSON_CreateObject();
    json_add_snowflake(object, "id", channel->id);
    cJSON_AddNumberToObject(object, "type", channel->type);
    cJSON_AddStringToObject(object, "name", channel->name);
    json_add_snowflake(object, "guild_id", guild->id);
    cJSON_AddNumberToObject(object, "position", (double)(channel - guild->channels));
    cJSON_AddNullToObject(object, "parent_id");
    cJSON_AddNumberToObject(object, "flags", 0);
    cJSON_AddArrayToObject(object, "permission_overwrites");
    if (channel->type == CHANNEL_VOICE || channel->type == CHANNEL_STAGE) {
        cJSON_AddNumberToObject(object, "bitrate", 64000);
        cJSON_AddNumberToObject(object, "user_limit", 0);
        cJSON_AddNullToObject(object, "rtc_region");
    } else {
        cJSON_AddNullToObject(object, "topic");
        cJSON_AddNumberToObject(object, "rate_limit_per_user", 0);
        cJSON_AddNullToObject(object, "last_message_id");
    }
    cJSON_AddFalseToObject(object, "nsfw");
    return object;
}

cJSON *cast_voice_json(const struct cast_member *member)
{
    const struct cast_voice *const voice = &member->voice;
    cJSON *const object = cJSON_CreateObject();
    add_id_or_null(object, "channel_id", voice->channel_id);
    json_add_snowflake(object, "user_id", member->id);
    cJSON_AddStringToObject(object, "session_id", voice->session_id);
    cJSON_AddBoolToObject(object, "deaf", voice->deaf);
    cJSON_AddBoolToObject(object, "mute", voice->mute);
    cJSON_AddBoolToObject(object, "self_deaf", voice->self_deaf);
    cJSON_AddBoolToObject(object, "self_mute", voice->self_mute);
    if (voice->self_stream) /* absent means false */
        cJSON_AddTrueToObject(object, "self_stream");
    cJSON_AddBoolToObject(object, "self_video", voice->self_video);
    cJSON_AddBoolToObject(object, "suppress", voice->suppress);
    cJSON_AddNullToObject(object, "request_to_speak_timestamp");
    return object;
}

static void add_everyone_role(cJSON *object, uint64_t guild_id)
{
    cJSON *const role = cJSON_CreateObject();
    cJSON_AddItemToArray(cJSON_AddArrayToObject(object, "roles"), role);
    json_add_snowflake(role, "id", guild_id);
    cJSON_AddStringToObject(role, "name", "@everyone");
    cJSON_AddStringToObject(role, "permissions", "1799666563141185");
    cJSON_AddNumberToObject(role, "position", 0);
    cJSON_AddNumberToObject(role, "color", 0);
    cJSON_AddFalseToObject(role, "hoist");
    cJSON_AddFalseToObject(role, "managed");
    cJSON_AddFalseToObject(role, "mentionable");
    cJSON_AddNumberToObject(role, "flags", 0);
}

cJSON *cast_guild_json(const struct cast_guild *guild)
{
    cJSON *const object = cJSON_CreateObject();
    json_add_snowflake(object, "id", guild->id);
    cJSON_AddStringToObject(object, "name", guild->name);
    add_string(object, "icon", guild->icon);
    json_add_snowflake(object, "owner_id", guild->n_members > 0 ? guild->members[0].id : guild->id);
    add_id_or_null(object, "afk_channel_id", guild->afk_channel_id);
    cJSON_AddNumberToObject(object, "afk_timeout", 900);
    cJSON_AddStringToObject(object, "preferred_locale", "en-US");
    cJSON_AddItemToArray(cJSON_AddArrayToObject(object, "features"), cJSON_CreateString("COMMUNITY"));
    cJSON_AddNumberToObject(object, "premium_tier", 2);
    cJSON_AddNumberToObject(object, "nsfw_level", 0);
    add_everyone_role(object, guild->id);
    cJSON_AddArrayToObject(object, "emojis");
    cJSON_AddArrayToObject(object, "stickers");
    return object;
}

/* Channels and voice states of a snapshot lack guild_id. */
cJSON *cast_guild_create_json(const struct cast *cast, const struct cast_guild *guild)
{
    cJSON *const object = cast_guild_json(guild);
    cJSON_AddStringToObject(object, "joined_at", "2024-02-08T10:00:00.000000+00:00");
    cJSON_AddFalseToObject(object, "large");
    cJSON_AddFalseToObject(object, "unavailable");
    cJSON_AddNumberToObject(object, "member_count", (double)guild->n_members);
    cJSON *const channels = cJSON_AddArrayToObject(object, "channels");
    for (size_t i = 0; i < guild->n_channels; i++) {
        cJSON *const channel = cast_channel_json(guild, &guild->channels[i]);
        cJSON_DeleteItemFromObject(channel, "guild_id");
        cJSON_AddItemToArray(channels, channel);
    }
    cJSON *const members = cJSON_AddArrayToObject(object, "members");
    cJSON *const voice_states = cJSON_AddArrayToObject(object, "voice_states");
    for (size_t i = 0; i < guild->n_members; i++) {
        const struct cast_member *const member = &guild->members[i];
        /* Without GUILD_PRESENCES only the bot and who is in voice are listed. */
        if (member->voice.channel_id != 0 || member->id == cast->application_id)
            cJSON_AddItemToArray(members, cast_member_json(member, true));
        if (member->voice.channel_id != 0)
            cJSON_AddItemToArray(voice_states, cast_voice_json(member));
    }
    static const char *const empty[] = {"threads", "presences", "stage_instances", "guild_scheduled_events",
                                        "soundboard_sounds"};
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
        cJSON_AddArrayToObject(object, empty[i]);
    return object;
}
