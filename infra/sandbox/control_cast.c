#include "infra/sandbox/control_cast.h"

#include "infra/json.h"
#include "infra/mem.h"
#include "infra/sandbox/cast_json.h"
#include "infra/sandbox/gateway.h"
#include "infra/sandbox/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The guild that the body names, else the first. NULL: there is no such guild. */
static struct cast_guild *named_guild(const struct sandbox *sandbox, const cJSON *body)
{
    uint64_t id;
    if (!cJSON_HasObjectItem(body, "guild_id"))
        return &sandbox->cast->guilds[0];
    json_snowflake(body, "guild_id", &id);
    return cast_guild(sandbox->cast, id);
}

static bool is_heard(const struct cast_guild *guild)
{
    return guild->joined && guild->available;
}

static void tell(struct sandbox *sandbox, const struct cast_guild *guild, const char *event, cJSON *takes_d)
{
    if (is_heard(guild))
        gateway_dispatch(sandbox->gateway, guild->id, event, takes_d);
    else
        cJSON_Delete(takes_d);
}

static bool is_voice(const struct cast_channel *channel)
{
    return channel != NULL && (channel->type == CHANNEL_VOICE || channel->type == CHANNEL_STAGE);
}

/* Voice ---------------------------------------------------------------------------------------------------- */

static void tell_voice(struct sandbox *sandbox, const struct cast_guild *guild,
                       const struct cast_member *member, bool with_member)
{
    cJSON *const d = cast_voice_json(member);
    json_add_snowflake(d, "guild_id", guild->id);
    if (with_member)
        cJSON_AddItemToObject(d, "member", cast_member_json(member, true));
    tell(sandbox, guild, "VOICE_STATE_UPDATE", d);
}

/* A new voice session begins where there was none; who comes to a stage listens first. */
static void move(const struct cast_guild *guild, struct cast_member *member, uint64_t channel_id)
{
    struct cast_voice *const voice = &member->voice;
    if (voice->channel_id == 0 && channel_id != 0)
        sandbox_random_hex(voice->session_id, 32);
    if (channel_id != voice->channel_id) {
        const struct cast_channel *const channel = cast_channel(guild, channel_id);
        voice->suppress = channel != NULL && channel->type == CHANNEL_STAGE;
        voice->self_stream = voice->self_video = false;
    }
    voice->channel_id = channel_id;
}

static void set_flag(bool *flag, const cJSON *body, const char *name)
{
    if (cJSON_HasObjectItem(body, name))
        *flag = json_bool(body, name);
}

const char *control_voice(struct sandbox *sandbox, const cJSON *body, cJSON *answer)
{
    uint64_t user_id, channel_id = 0;
    if (!json_snowflake(body, "user_id", &user_id))
        return "user_id is missing";
    struct cast_guild *const guild = cJSON_HasObjectItem(body, "guild_id")
                                         ? named_guild(sandbox, body)
                                         : cast_guild_of(sandbox->cast, user_id);
    struct cast_member *const member = guild != NULL ? cast_member(guild, user_id) : NULL;
    if (member == NULL)
        return "no such member";
    if (json_member(body, "channel_id") != NULL &&
        (!json_snowflake(body, "channel_id", &channel_id) || !is_voice(cast_channel(guild, channel_id))))
        return "no such voice channel";
    if (!cJSON_HasObjectItem(body, "channel_id"))
        channel_id = member->voice.channel_id;

    move(guild, member, channel_id);
    set_flag(&member->voice.deaf, body, "deaf");
    set_flag(&member->voice.mute, body, "mute");
    set_flag(&member->voice.self_deaf, body, "self_deaf");
    set_flag(&member->voice.self_mute, body, "self_mute");
    set_flag(&member->voice.self_stream, body, "self_stream");
    set_flag(&member->voice.self_video, body, "self_video");
    set_flag(&member->voice.suppress, body, "suppress");
    tell_voice(sandbox, guild, member, !json_bool(body, "without_member"));
    cJSON_AddItemToObject(answer, "voice", cast_voice_json(member));
    return NULL;
}

/* Guilds --------------------------------------------------------------------------------------------------- */

static void tell_snapshot(struct sandbox *sandbox, const struct cast_guild *guild)
{
    tell(sandbox, guild, "GUILD_CREATE", cast_guild_create_json(sandbox->cast, guild));
}

static void tell_gone(struct sandbox *sandbox, const struct cast_guild *guild, bool outage)
{
    cJSON *const d = cJSON_CreateObject();
    json_add_snowflake(d, "id", guild->id);
    if (outage)
        cJSON_AddTrueToObject(d, "unavailable");
    tell(sandbox, guild, "GUILD_DELETE", d);
}

static const char *add_guild(struct sandbox *sandbox, const cJSON *body, struct cast_guild *guild)
{
    const cJSON *const made_up = json_object(body, "guild");
    if (made_up != NULL) {
        guild = cast_add_guild(sandbox->cast, made_up);
        if (guild == NULL)
            return "guild needs id and name, each channel id, name and type, each member id and username";
    }
    guild->joined = true;
    tell_snapshot(sandbox, guild);
    return NULL;
}

static const char *set_afk(struct sandbox *sandbox, const cJSON *body, struct cast_guild *guild)
{
    uint64_t id = 0;
    if (json_member(body, "channel_id") != NULL &&
        (!json_snowflake(body, "channel_id", &id) || !is_voice(cast_channel(guild, id))))
        return "no such voice channel";
    guild->afk_channel_id = id;
    tell(sandbox, guild, "GUILD_UPDATE", cast_guild_json(guild));
    return NULL;
}

static const char *update_guild(struct sandbox *sandbox, const cJSON *body, struct cast_guild *guild)
{
    if (json_string(body, "name") != NULL)
        cast_set_string(&guild->name, json_member(body, "name"));
    cast_set_string(&guild->icon, cJSON_GetObjectItemCaseSensitive(body, "icon"));
    tell(sandbox, guild, "GUILD_UPDATE", cast_guild_json(guild));
    return NULL;
}

const char *control_guild(struct sandbox *sandbox, const cJSON *body, cJSON *answer)
{
    (void)answer;
    const char *const action = json_string(body, "action");
    struct cast_guild *const guild = named_guild(sandbox, body);
    if (action == NULL || guild == NULL)
        return action == NULL ? "action is missing" : "no such guild";
    if (strcmp(action, "add") == 0)
        return add_guild(sandbox, body, guild);
    if (strcmp(action, "afk") == 0)
        return set_afk(sandbox, body, guild);
    if (strcmp(action, "update") == 0)
        return update_guild(sandbox, body, guild);
    if (strcmp(action, "outage") == 0) {
        tell_gone(sandbox, guild, true);
        guild->available = false;
    } else if (strcmp(action, "remove") == 0) {
        tell_gone(sandbox, guild, false);
        guild->joined = false;
    } else if (strcmp(action, "return") == 0 || strcmp(action, "snapshot") == 0) {
        guild->available = true;
        tell_snapshot(sandbox, guild);
    } else {
        return "action must be outage, return, remove, add, snapshot, update or afk";
    }
    return NULL;
}

/* Channels ------------------------------------------------------------------------------------------------- */

static const char *create_channel(struct sandbox *sandbox, const cJSON *body, struct cast_guild *guild,
                                  uint64_t *id)
{
    cJSON *const object = cJSON_Duplicate(body, true);
    if (!cJSON_HasObjectItem(object, "id"))
        json_add_snowflake(object, "id", sandbox_snowflake());
    if (!cJSON_HasObjectItem(object, "type"))
        cJSON_AddNumberToObject(object, "type", CHANNEL_VOICE);
    const struct cast_channel *const channel = cast_add_channel(guild, object);
    cJSON_Delete(object);
    if (channel == NULL)
        return "a channel needs a name";
    *id = channel->id;
    tell(sandbox, guild, "CHANNEL_CREATE", cast_channel_json(guild, channel));
    return NULL;
}

/* Who sits in it leaves; Discord does not promise which event comes first. */
static void delete_channel(struct sandbox *sandbox, struct cast_guild *guild, uint64_t id)
{
    for (size_t i = 0; i < guild->n_members; i++) {
        if (guild->members[i].voice.channel_id != id)
            continue;
        move(guild, &guild->members[i], 0);
        tell_voice(sandbox, guild, &guild->members[i], true);
    }
    cJSON *const d = cast_channel_json(guild, cast_channel(guild, id));
    if (guild->afk_channel_id == id)
        guild->afk_channel_id = 0;
    cast_remove_channel(guild, id);
    tell(sandbox, guild, "CHANNEL_DELETE", d);
}

const char *control_channel(struct sandbox *sandbox, const cJSON *body, cJSON *answer)
{
    const char *const action = json_string(body, "action");
    struct cast_guild *const guild = named_guild(sandbox, body);
    if (action == NULL || guild == NULL)
        return action == NULL ? "action is missing" : "no such guild";
    uint64_t id = 0;
    if (strcmp(action, "create") == 0) {
        const char *const why = create_channel(sandbox, body, guild, &id);
        if (why != NULL)
            return why;
    } else {
        json_snowflake(body, "channel_id", &id);
        struct cast_channel *const channel = cast_channel(guild, id);
        if (channel == NULL)
            return "no such channel";
        if (strcmp(action, "update") == 0 && json_string(body, "name") != NULL) {
            cast_set_string(&channel->name, json_member(body, "name"));
            tell(sandbox, guild, "CHANNEL_UPDATE", cast_channel_json(guild, channel));
        } else if (strcmp(action, "delete") == 0) {
            delete_channel(sandbox, guild, id);
        } else {
            return "action must be create, update (with name) or delete";
        }
    }
    json_add_snowflake(answer, "channel_id", id);
    return NULL;
}

/* Members -------------------------------------------------------------------------------------------------- */

static struct cast_member *create_member(struct cast_guild *guild, const cJSON *described)
{
    cJSON *const object = cJSON_Duplicate(described, true);
    if (object != NULL && !cJSON_HasObjectItem(object, "id"))
        json_add_snowflake(object, "id", sandbox_snowflake());
    struct cast_member *const member = cast_add_member(guild, object);
    cJSON_Delete(object);
    return member;
}

static void update_member(struct cast_member *member, const cJSON *body)
{
    if (json_string(body, "username") != NULL)
        cast_set_string(&member->username, json_member(body, "username"));
    cast_set_string(&member->global_name, cJSON_GetObjectItemCaseSensitive(body, "global_name"));
    cast_set_string(&member->nick, cJSON_GetObjectItemCaseSensitive(body, "nick"));
    cast_set_string(&member->avatar, cJSON_GetObjectItemCaseSensitive(body, "avatar"));
    cast_set_string(&member->guild_avatar, cJSON_GetObjectItemCaseSensitive(body, "guild_avatar"));
}

const char *control_member(struct sandbox *sandbox, const cJSON *body, cJSON *answer)
{
    const char *const action = json_string(body, "action");
    struct cast_guild *const guild = named_guild(sandbox, body);
    if (action == NULL || guild == NULL)
        return action == NULL ? "action is missing" : "no such guild";
    uint64_t user_id;
    struct cast_member *member;
    if (strcmp(action, "create") == 0) {
        member = create_member(guild, json_object(body, "member"));
        if (member == NULL)
            return "a member needs a username";
    } else if (strcmp(action, "update") == 0) {
        json_snowflake(body, "user_id", &user_id);
        member = cast_member(guild, user_id);
        if (member == NULL)
            return "no such member";
        update_member(member, body);
    } else {
        return "action must be create or update";
    }
    json_add_snowflake(answer, "user_id", member->id);
    return NULL;
}

/* State ---------------------------------------------------------------------------------------------------- */

static cJSON *channel_state(const struct cast_guild *guild, const struct cast_channel *channel)
{
    cJSON *const item = cJSON_CreateObject();
    json_add_snowflake(item, "id", channel->id);
    cJSON_AddStringToObject(item, "name", channel->name);
    cJSON_AddNumberToObject(item, "type", channel->type);
    cJSON *const inside = cJSON_AddArrayToObject(item, "members");
    for (size_t i = 0; i < guild->n_members; i++) {
        if (guild->members[i].voice.channel_id != channel->id)
            continue;
        char id[24];
        snprintf(id, sizeof(id), "%llu", (unsigned long long)guild->members[i].id);
        cJSON_AddItemToArray(inside, cJSON_CreateString(id));
    }
    return item;
}

static cJSON *member_state(const struct cast_member *member)
{
    cJSON *const item = cast_user_json(member);
    cJSON_AddStringToObject(item, "name",
                            member->nick != NULL          ? member->nick
                            : member->global_name != NULL ? member->global_name
                                                          : member->username);
    cJSON_AddItemToObject(item, "guild_avatar",
                          member->guild_avatar != NULL ? cJSON_CreateString(member->guild_avatar)
                                                       : cJSON_CreateNull());
    if (member->voice.channel_id != 0)
        json_add_snowflake(item, "channel_id", member->voice.channel_id);
    else
        cJSON_AddNullToObject(item, "channel_id");
    return item;
}

cJSON *control_cast_state(const struct sandbox *sandbox)
{
    cJSON *const guilds = cJSON_CreateArray();
    for (size_t g = 0; g < sandbox->cast->n_guilds; g++) {
        const struct cast_guild *const guild = &sandbox->cast->guilds[g];
        cJSON *const item = cJSON_CreateObject();
        cJSON_AddItemToArray(guilds, item);
        json_add_snowflake(item, "id", guild->id);
        cJSON_AddStringToObject(item, "name", guild->name);
        cJSON_AddItemToObject(item, "icon",
                              guild->icon != NULL ? cJSON_CreateString(guild->icon) : cJSON_CreateNull());
        if (guild->afk_channel_id != 0)
            json_add_snowflake(item, "afk_channel_id", guild->afk_channel_id);
        cJSON_AddBoolToObject(item, "joined", guild->joined);
        cJSON_AddBoolToObject(item, "available", guild->available);
        cJSON *const channels = cJSON_AddArrayToObject(item, "channels");
        for (size_t i = 0; i < guild->n_channels; i++)
            cJSON_AddItemToArray(channels, channel_state(guild, &guild->channels[i]));
        cJSON *const members = cJSON_AddArrayToObject(item, "members");
        for (size_t i = 0; i < guild->n_members; i++)
            cJSON_AddItemToArray(members, member_state(&guild->members[i]));
    }
    return guilds;
}
