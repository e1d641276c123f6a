#include "infra/sandbox/api_get.h"

#include "infra/json.h"
#include "infra/sandbox/api.h"
#include "infra/sandbox/cast_json.h"
#include "infra/sandbox/gateway.h"
#include "infra/sandbox/sandbox.h"
#include "infra/sandbox/server.h"

#include <string.h>

void api_get_gateway_bot(struct api_call *call)
{
    int64_t reset_after_ms;
    const int64_t remaining = gateway_identifies_left(call->sandbox->gateway, &reset_after_ms);
    cJSON *const answer = cJSON_CreateObject();
    cJSON_AddStringToObject(answer, "url", call->sandbox->gateway_url);
    cJSON_AddNumberToObject(answer, "shards", (double)call->sandbox->faults.shards);
    cJSON *const limit = cJSON_AddObjectToObject(answer, "session_start_limit");
    cJSON_AddNumberToObject(limit, "total", 1000);
    cJSON_AddNumberToObject(limit, "remaining", (double)remaining);
    cJSON_AddNumberToObject(limit, "reset_after", (double)reset_after_ms);
    cJSON_AddNumberToObject(limit, "max_concurrency", (double)call->sandbox->faults.max_concurrency);
    api_answer(call, 200, answer);
}

void api_get_application(struct api_call *call)
{
    cJSON *const answer = cJSON_CreateObject();
    json_add_snowflake(answer, "id", call->sandbox->cast->application_id);
    cJSON_AddStringToObject(answer, "name", "vcledger");
    cJSON_AddStringToObject(answer, "verify_key", call->sandbox->public_key);
    cJSON_AddStringToObject(answer, "interactions_endpoint_url", call->sandbox->handler_url);
    cJSON_AddNumberToObject(answer, "flags", 565248);
    cJSON_AddStringToObject(answer, "flags_new", "565248");
    cJSON_AddItemToObject(answer, "bot", cast_application_json(call->sandbox->cast));
    api_answer(call, 200, answer);
}

void api_get_user(struct api_call *call)
{
    uint64_t id;
    const struct cast_member *const user =
        snowflake_parse(call->segments[1], &id) ? cast_user(call->sandbox->cast, id) : NULL;
    if (user != NULL)
        api_answer(call, 200, cast_user_json(user));
    else
        api_fail(call, 404, 10013, "Unknown User");
}

/* Those the bot is in; "limit" and the rest of the query are not looked at. */
void api_get_guilds(struct api_call *call)
{
    const struct cast *const cast = call->sandbox->cast;
    cJSON *const answer = cJSON_CreateArray();
    for (size_t i = 0; i < cast->n_guilds; i++) {
        const struct cast_guild *const guild = &cast->guilds[i];
        if (!guild->joined)
            continue;
        cJSON *const item = cJSON_CreateObject();
        json_add_snowflake(item, "id", guild->id);
        cJSON_AddStringToObject(item, "name", guild->name);
        cJSON_AddFalseToObject(item, "owner");
        cJSON_AddStringToObject(item, "permissions", call->sandbox->faults.app_permissions);
        cJSON_AddItemToArray(answer, item);
    }
    api_answer(call, 200, answer);
}

/* The guild that the path names, if the bot is in it; else the request is answered and NULL returned. */
static const struct cast_guild *guild_in(struct api_call *call)
{
    uint64_t id;
    const struct cast_guild *const guild =
        snowflake_parse(call->segments[1], &id) ? cast_guild(call->sandbox->cast, id) : NULL;
    if (guild == NULL)
        api_fail(call, 404, 10004, "Unknown Guild");
    else if (!guild->joined)
        api_fail(call, 403, 50001, "Missing Access");
    return guild != NULL && guild->joined ? guild : NULL;
}

void api_get_guild(struct api_call *call)
{
    const struct cast_guild *const guild = guild_in(call);
    if (guild == NULL)
        return;
    cJSON *const answer = cast_guild_json(guild);
    if (strstr(call->request->query, "with_counts=true") != NULL)
        cJSON_AddNumberToObject(answer, "approximate_member_count", (double)guild->n_members);
    api_answer(call, 200, answer);
}

void api_get_channels(struct api_call *call)
{
    const struct cast_guild *const guild = guild_in(call);
    if (guild == NULL)
        return;
    cJSON *const answer = cJSON_CreateArray();
    for (size_t i = 0; i < guild->n_channels; i++)
        cJSON_AddItemToArray(answer, cast_channel_json(guild, &guild->channels[i]));
    api_answer(call, 200, answer);
}

void api_get_member(struct api_call *call)
{
    uint64_t id;
    const struct cast_guild *const guild = guild_in(call);
    if (guild == NULL)
        return;
    const struct cast_member *const member =
        snowflake_parse(call->segments[3], &id) ? cast_member(guild, id) : NULL;
    if (member != NULL)
        api_answer(call, 200, cast_member_json(member, true));
    else
        api_fail(call, 404, 10007, "Unknown Member");
}
