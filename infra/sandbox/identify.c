#include "infra/sandbox/identify.h"

#include "infra/discord.h"
#include "infra/json.h"
#include "infra/sandbox/cast_json.h"
#include "infra/sandbox/sandbox.h"
#include "infra/sandbox/session.h"

#include <string.h>

/* Members, messages' content and presences: an application has to be allowed these. */
enum { PRIVILEGED_INTENTS = 1 << 1 | 1 << 8 | 1 << 15, KNOWN_INTENTS = (1 << 26) - 1, MAX_SHARDS = 10000 };

static bool has_properties(const cJSON *d)
{
    const cJSON *const properties = json_object(d, "properties");
    return json_string(properties, "os") != NULL && json_string(properties, "browser") != NULL &&
           json_string(properties, "device") != NULL;
}

static int judge_intents(const cJSON *d)
{
    int64_t intents;
    const int needed = DISCORD_INTENT_GUILDS | DISCORD_INTENT_GUILD_VOICE_STATES;
    if (!json_int(d, "intents", &intents) || intents < 0 || intents > KNOWN_INTENTS)
        return DISCORD_CLOSE_INVALID_INTENTS;
    if ((intents & PRIVILEGED_INTENTS) != 0)
        return DISCORD_CLOSE_DISALLOWED_INTENTS;
    return (intents & needed) == needed
               ? 0
               : DISCORD_CLOSE_INVALID_INTENTS; /* Discord would allow it: useless for us */
}

/* Missing means [0, 1]. False: no valid pair. */
static bool read_shard(const cJSON *d, int *shard, int *shards)
{
    *shard = 0;
    *shards = 1;
    if (!cJSON_HasObjectItem(d, "shard"))
        return true;
    const cJSON *const first = cJSON_GetArrayItem(json_array(d, "shard"), 0);
    const cJSON *const second = cJSON_GetArrayItem(json_array(d, "shard"), 1);
    if (!cJSON_IsNumber(first) || !cJSON_IsNumber(second))
        return false;
    *shard = first->valueint;
    *shards = second->valueint;
    return *shard >= 0 && *shard < *shards && *shards <= MAX_SHARDS;
}

/* Discord has a shard take 2500 servers at most. */
static bool is_overfull(const struct sandbox *sandbox, int shard, int shards)
{
    const struct session session = {.shard = shard, .shards = shards};
    int64_t n = 0;
    for (size_t i = 0; i < sandbox->cast->n_guilds; i++)
        n += sandbox->cast->guilds[i].joined && session_has_guild(&session, sandbox->cast->guilds[i].id);
    return n > sandbox->faults.guilds_per_shard;
}

struct identify identify_read(const struct sandbox *sandbox, const cJSON *d, int64_t left)
{
    struct identify wish = {0};
    const char *const token = json_string(d, "token");
    if (token == NULL || !has_properties(d))
        wish.close_code = 4002;
    else if (strcmp(token, sandbox->token) != 0 || left <= 0) /* Discord resets the token of whoever goes on */
        wish.close_code = DISCORD_CLOSE_AUTHENTICATION_FAILED;
    else if ((wish.close_code = judge_intents(d)) != 0)
        return wish;
    else if (!read_shard(d, &wish.shard, &wish.shards))
        wish.close_code = DISCORD_CLOSE_INVALID_SHARD;
    else if (is_overfull(sandbox, wish.shard, wish.shards))
        wish.close_code = DISCORD_CLOSE_SHARDING_REQUIRED;
    return wish;
}

cJSON *identify_ready_json(const struct sandbox *sandbox, const struct session *session)
{
    cJSON *const d = cJSON_CreateObject();
    cJSON_AddNumberToObject(d, "v", 10);
    cJSON_AddItemToObject(d, "user", cast_application_json(sandbox->cast));
    cJSON *const guilds = cJSON_AddArrayToObject(d, "guilds");
    for (size_t i = 0; i < sandbox->cast->n_guilds; i++) {
        const struct cast_guild *const guild = &sandbox->cast->guilds[i];
        if (!guild->joined || !session_has_guild(session, guild->id))
            continue;
        cJSON *const item = cJSON_CreateObject();
        json_add_snowflake(item, "id", guild->id);
        cJSON_AddTrueToObject(item, "unavailable");
        cJSON_AddItemToArray(guilds, item);
    }
    cJSON_AddStringToObject(d, "session_id", session->id);
    cJSON_AddStringToObject(d, "resume_gateway_url", sandbox->resume_url);
    const int shard[] = {session->shard, session->shards};
    cJSON_AddItemToObject(d, "shard", cJSON_CreateIntArray(shard, 2));
    cJSON *const application = cJSON_AddObjectToObject(d, "application");
    json_add_snowflake(application, "id", sandbox->cast->application_id);
    cJSON_AddNumberToObject(application, "flags", 565248);
    cJSON_AddArrayToObject(d, "private_channels");
    cJSON_AddStringToObject(d, "session_type", "normal");
    return d;
}
