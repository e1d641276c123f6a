#include "tracker/gateway_wire.h"

#include "infra/discord.h"
#include "infra/mem.h"

#include <cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *gateway_wire_url(const char *url)
{
    const size_t n = strcspn(url, "?#");
    const char *const slash = n > 0 && url[n - 1] == '/' ? "" : "/";
    struct buffer full = {0};
    buffer_printf(&full, "%.*s%s?v=10&encoding=json&compress=zlib-stream", (int)n, url, slash);
    return full.data;
}

/* Takes d. */
static char *payload(enum discord_opcode op, cJSON *d)
{
    cJSON *const object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "op", op);
    cJSON_AddItemToObject(object, "d", d);
    char *const text = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    return text;
}

char *gateway_wire_identify(const char *token, int shard_id, int shard_count)
{
    cJSON *const d = cJSON_CreateObject();
    cJSON_AddStringToObject(d, "token", token);
    cJSON_AddNumberToObject(d, "intents", DISCORD_INTENT_GUILDS | DISCORD_INTENT_GUILD_VOICE_STATES);
    cJSON *const properties = cJSON_AddObjectToObject(d, "properties");
    cJSON_AddStringToObject(properties, "os", "linux");
    cJSON_AddStringToObject(properties, "browser", "vcledger");
    cJSON_AddStringToObject(properties, "device", "vcledger");
    cJSON_AddItemToObject(d, "shard", cJSON_CreateIntArray((int[]){shard_id, shard_count}, 2));
    return payload(DISCORD_OP_IDENTIFY, d);
}

char *gateway_wire_resume(const char *token, const char *session_id, int64_t seq)
{
    cJSON *const d = cJSON_CreateObject();
    cJSON_AddStringToObject(d, "token", token);
    cJSON_AddStringToObject(d, "session_id", session_id);
    cJSON_AddNumberToObject(d, "seq", (double)seq);
    return payload(DISCORD_OP_RESUME, d);
}

void gateway_wire_free(char *text)
{
    explicit_bzero(text, strlen(text));
    cJSON_free(text);
}

size_t gateway_wire_heartbeat(int64_t seq, char out[GATEWAY_WIRE_HEARTBEAT_SIZE])
{
    char number[24] = "null";
    if (seq >= 0)
        snprintf(number, sizeof(number), "%" PRId64, seq);
    return (size_t)snprintf(out, GATEWAY_WIRE_HEARTBEAT_SIZE, "{\"op\":1,\"d\":%s}", number);
}
