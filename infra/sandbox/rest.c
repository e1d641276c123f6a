#include "infra/sandbox/rest.h"

#include "infra/json.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/sandbox/cast_json.h"
#include "infra/sandbox/gateway.h"
#include "infra/sandbox/journal.h"
#include "infra/sandbox/parked.h"
#include "infra/sandbox/sandbox.h"
#include "infra/sandbox/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rest_fail(struct request *request, int status, int64_t code, const char *message)
{
    cJSON *const body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "message", message);
    cJSON_AddNumberToObject(body, "code", (double)code);
    request_answer_json(request, status, body);
}

/* Routes
 * -----------------------------------------------------------------------------------------------------------
 */

enum { MAX_SEGMENTS = 8 };

/* The path behind /api/v10/, in pieces. */
struct route_path {
    const char *segments[MAX_SEGMENTS];
    size_t n;
};

static void get_gateway_bot(struct sandbox *sandbox, struct request *request, const struct route_path *path)
{
    (void)path;
    int64_t reset_after_ms;
    const int64_t remaining = gateway_identifies_left(sandbox->gateway, &reset_after_ms);
    cJSON *const answer = cJSON_CreateObject();
    cJSON_AddStringToObject(answer, "url", sandbox->gateway_url);
    cJSON_AddNumberToObject(answer, "shards", (double)sandbox->faults.shards);
    cJSON *const limit = cJSON_AddObjectToObject(answer, "session_start_limit");
    cJSON_AddNumberToObject(limit, "total", 1000);
    cJSON_AddNumberToObject(limit, "remaining", (double)remaining);
    cJSON_AddNumberToObject(limit, "reset_after", (double)reset_after_ms);
    cJSON_AddNumberToObject(limit, "max_concurrency", (double)sandbox->faults.max_concurrency);
    request_answer_json(request, 200, answer);
}

static void get_application(struct sandbox *sandbox, struct request *request, const struct route_path *path)
{
    (void)path;
    cJSON *const answer = cJSON_CreateObject();
    json_add_snowflake(answer, "id", sandbox->cast->application_id);
    cJSON_AddStringToObject(answer, "name", "vcledger");
    cJSON_AddStringToObject(answer, "verify_key", sandbox->public_key);
    cJSON_AddStringToObject(answer, "interactions_endpoint_url", sandbox->handler_url);
    cJSON_AddNumberToObject(answer, "flags", 565248);
    cJSON_AddStringToObject(answer, "flags_new", "565248");
    cJSON_AddItemToObject(answer, "bot", cast_application_json(sandbox->cast));
    request_answer_json(request, 200, answer);
}

static void get_user(struct sandbox *sandbox, struct request *request, const struct route_path *path)
{
    uint64_t id;
    const struct cast_member *const user =
        snowflake_parse(path->segments[1], &id) ? cast_user(sandbox->cast, id) : NULL;
    if (user != NULL)
        request_answer_json(request, 200, cast_user_json(user));
    else
        rest_fail(request, 404, 10013, "Unknown User");
}

/* The guild that the path names, if the bot is in it; else the request is answered and NULL returned. */
static const struct cast_guild *guild_in(const struct sandbox *sandbox, struct request *request,
                                         const struct route_path *path)
{
    uint64_t id;
    const struct cast_guild *const guild =
        snowflake_parse(path->segments[1], &id) ? cast_guild(sandbox->cast, id) : NULL;
    if (guild == NULL)
        rest_fail(request, 404, 10004, "Unknown Guild");
    else if (!guild->joined)
        rest_fail(request, 403, 50001, "Missing Access");
    return guild != NULL && guild->joined ? guild : NULL;
}

static void get_guild(struct sandbox *sandbox, struct request *request, const struct route_path *path)
{
    const struct cast_guild *const guild = guild_in(sandbox, request, path);
    if (guild == NULL)
        return;
    cJSON *const answer = cast_guild_json(guild);
    if (strstr(request->query, "with_counts=true") != NULL)
        cJSON_AddNumberToObject(answer, "approximate_member_count", (double)guild->n_members);
    request_answer_json(request, 200, answer);
}

static void get_channels(struct sandbox *sandbox, struct request *request, const struct route_path *path)
{
    const struct cast_guild *const guild = guild_in(sandbox, request, path);
    if (guild == NULL)
        return;
    cJSON *const answer = cJSON_CreateArray();
    for (size_t i = 0; i < guild->n_channels; i++)
        cJSON_AddItemToArray(answer, cast_channel_json(guild, &guild->channels[i]));
    request_answer_json(request, 200, answer);
}

static void get_member(struct sandbox *sandbox, struct request *request, const struct route_path *path)
{
    uint64_t id;
    const struct cast_guild *const guild = guild_in(sandbox, request, path);
    if (guild == NULL)
        return;
    const struct cast_member *const member =
        snowflake_parse(path->segments[3], &id) ? cast_member(guild, id) : NULL;
    if (member != NULL)
        request_answer_json(request, 200, cast_member_json(member, true));
    else
        rest_fail(request, 404, 10007, "Unknown Member");
}

/* A segment "*" stands for any. */
static const struct route {
    const char *method;
    const char *segments[MAX_SEGMENTS];
    bool open; /* needs no bot token: the path holds a credential */
    void (*handle)(struct sandbox *sandbox, struct request *request, const struct route_path *path);
} routes[] = {
    {"GET", {"gateway", "bot"}, false, get_gateway_bot},
    {"GET", {"applications", "@me"}, false, get_application},
    {"GET", {"users", "*"}, false, get_user},
    {"GET", {"guilds", "*"}, false, get_guild},
    {"GET", {"guilds", "*", "channels"}, false, get_channels},
    {"GET", {"guilds", "*", "members", "*"}, false, get_member},
};

static bool matches(const struct route *route, const struct route_path *path)
{
    size_t i = 0;
    for (; i < path->n; i++)
        if (route->segments[i] == NULL ||
            (strcmp(route->segments[i], "*") != 0 && strcmp(route->segments[i], path->segments[i]) != 0))
            return false;
    return i == MAX_SEGMENTS || route->segments[i] == NULL;
}

/* Cuts text, a copy of the path behind /api/v10/, into its pieces. */
static struct route_path split(char *text)
{
    struct route_path path = {0};
    char *rest = text;
    for (char *piece; path.n < MAX_SEGMENTS && (piece = strsep(&rest, "/")) != NULL;)
        path.segments[path.n++] = piece;
    if (rest != NULL)
        path.n = 0; /* too deep for any route */
    return path;
}

/* What every call has in common
 * ------------------------------------------------------------------------------------- */

static bool header_begins(const struct request *request, const char *name, const char *prefix)
{
    char *const value = request_header(request, name);
    const bool good = value != NULL && strncmp(value, prefix, strlen(prefix)) == 0;
    free(value);
    return good;
}

static bool has_token(const struct sandbox *sandbox, const struct request *request)
{
    char *const value = request_header(request, "authorization");
    const bool good = value != NULL && strncmp(value, "Bot ", 4) == 0 && strcmp(value + 4, sandbox->token) == 0;
    free(value);
    return good;
}

static void dispatch(struct sandbox *sandbox, struct request *request)
{
    static const char prefix[] = "/api/v10/";
    if (!header_begins(request, "user-agent", "DiscordBot (")) {
        rest_fail(request, 403, 40333, "internal network error");
        return;
    }
    char *const text =
        mem_strdup(strncmp(request->path, prefix, sizeof(prefix) - 1) == 0 ? request->path + sizeof(prefix) - 1
                                                                           : "unknown version");
    const struct route_path path = split(text);
    const struct route *route = NULL;
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]) && route == NULL; i++)
        if (strcmp(routes[i].method, request->method) == 0 && matches(&routes[i], &path))
            route = &routes[i];
    if (route == NULL)
        rest_fail(request, 404, 0, "404: Not Found");
    else if (!route->open && !has_token(sandbox, request))
        rest_fail(request, 401, 0, "401: Unauthorized");
    else
        route->handle(sandbox, request, &path);
    free(text);
}

void rest_handle(struct sandbox *sandbox, struct request *request)
{
    request->entry = journal_add(sandbox->journal, "rest");
    cJSON *const fields = journal_fields(request->entry);
    cJSON_AddStringToObject(fields, "method", request->method);
    cJSON_AddStringToObject(fields, "path", request->path);
    cJSON_AddStringToObject(fields, "query", request->query);
    cJSON_AddItemToObject(fields, "headers", request_headers(request));
    parked_changed(sandbox->parked);
    dispatch(sandbox, request);
}
