#include "infra/sandbox/cast.h"

#include "infra/json.h"
#include "infra/log.h"
#include "infra/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lists ---------------------------------------------------------------------------------------------------- */

void cast_set_string(char **s, const cJSON *value)
{
    if (value == NULL)
        return;
    free(*s);
    *s = cJSON_IsString(value) ? mem_strdup(value->valuestring) : NULL;
}

struct cast_channel *cast_add_channel(struct cast_guild *guild, const cJSON *object)
{
    uint64_t id;
    int64_t type;
    const char *const name = json_string(object, "name");
    if (!json_snowflake(object, "id", &id) || !json_int(object, "type", &type) || name == NULL)
        return NULL;
    guild->channels = mem_realloc(guild->channels, (guild->n_channels + 1) * sizeof(*guild->channels));
    struct cast_channel *const channel = &guild->channels[guild->n_channels++];
    *channel = (struct cast_channel){.id = id, .name = mem_strdup(name), .type = (int)type};
    return channel;
}

struct cast_member *cast_add_member(struct cast_guild *guild, const cJSON *object)
{
    uint64_t id;
    const char *const username = json_string(object, "username");
    if (!json_snowflake(object, "id", &id) || username == NULL)
        return NULL;
    const char *const discriminator = json_string(object, "discriminator");
    guild->members = mem_realloc(guild->members, (guild->n_members + 1) * sizeof(*guild->members));
    struct cast_member *const member = &guild->members[guild->n_members++];
    *member = (struct cast_member){
        .id = id,
        .username = mem_strdup(username),
        .global_name = mem_strdup(json_string(object, "global_name")),
        .nick = mem_strdup(json_string(object, "nick")),
        .avatar = mem_strdup(json_string(object, "avatar")),
        .guild_avatar = mem_strdup(json_string(object, "guild_avatar")),
        .discriminator = mem_strdup(discriminator != NULL ? discriminator : "0"),
        .bot = json_bool(object, "bot"),
    };
    return member;
}

struct cast_guild *cast_add_guild(struct cast *cast, const cJSON *object)
{
    uint64_t id;
    const char *const name = json_string(object, "name");
    if (!json_snowflake(object, "id", &id) || name == NULL)
        return NULL;
    cast->guilds = mem_realloc(cast->guilds, (cast->n_guilds + 1) * sizeof(*cast->guilds));
    struct cast_guild *const guild = &cast->guilds[cast->n_guilds++];
    *guild = (struct cast_guild){.id = id, .name = mem_strdup(name), .joined = true, .available = true};
    guild->icon = mem_strdup(json_string(object, "icon"));
    json_snowflake(object, "afk_channel_id", &guild->afk_channel_id);
    const cJSON *item;
    cJSON_ArrayForEach (item, json_array(object, "channels"))
        if (cast_add_channel(guild, item) == NULL)
            return NULL;
    cJSON_ArrayForEach (item, json_array(object, "members"))
        if (cast_add_member(guild, item) == NULL)
            return NULL;
    return guild;
}

void cast_remove_channel(struct cast_guild *guild, uint64_t id)
{
    struct cast_channel *const channel = cast_channel(guild, id);
    if (channel == NULL)
        return;
    free(channel->name);
    *channel = guild->channels[--guild->n_channels];
}

/* Looking up ----------------------------------------------------------------------------------------------- */

struct cast_guild *cast_guild(const struct cast *cast, uint64_t id)
{
    for (size_t i = 0; i < cast->n_guilds; i++)
        if (cast->guilds[i].id == id)
            return &cast->guilds[i];
    return NULL;
}

struct cast_guild *cast_guild_of(const struct cast *cast, uint64_t user_id)
{
    for (size_t i = 0; i < cast->n_guilds; i++)
        if (cast_member(&cast->guilds[i], user_id) != NULL)
            return &cast->guilds[i];
    return NULL;
}

struct cast_channel *cast_channel(const struct cast_guild *guild, uint64_t id)
{
    for (size_t i = 0; i < guild->n_channels; i++)
        if (guild->channels[i].id == id)
            return &guild->channels[i];
    return NULL;
}

struct cast_member *cast_member(const struct cast_guild *guild, uint64_t user_id)
{
    for (size_t i = 0; i < guild->n_members; i++)
        if (guild->members[i].id == user_id)
            return &guild->members[i];
    return NULL;
}

struct cast_member *cast_user(const struct cast *cast, uint64_t user_id)
{
    const struct cast_guild *const guild = cast_guild_of(cast, user_id);
    return guild != NULL ? cast_member(guild, user_id) : NULL;
}

/* The file ------------------------------------------------------------------------------------------------- */

static cJSON *read_json(const char *path)
{
    FILE *const file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    struct buffer text = {0};
    char piece[4096];
    for (size_t n; (n = fread(piece, 1, sizeof(piece), file)) > 0;)
        buffer_append(&text, piece, n);
    fclose(file);
    cJSON *const document = json_parse(text.data, text.len);
    buffer_finish(&text);
    return document;
}

struct cast *cast_load(const char *path)
{
    cJSON *const document = read_json(path);
    struct cast *const cast = mem_alloc(sizeof(*cast));
    bool good = json_snowflake(document, "application_id", &cast->application_id);
    const cJSON *item;
    cJSON_ArrayForEach (item, json_array(document, "guilds"))
        good = good && cast_add_guild(cast, item) != NULL;
    cJSON_Delete(document);
    if (good && cast->n_guilds > 0)
        return cast;
    log_error("cast_unreadable", "path=%s", log_quote(path));
    return NULL; /* the program ends: nothing is freed */
}
