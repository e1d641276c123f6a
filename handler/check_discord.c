#include "handler/check_part.h"

#include "handler/command.h"
#include "infra/clock.h"
#include "infra/config.h"
#include "infra/json.h"
#include "infra/mem.h"
#include "infra/rest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* View Channels, Send Messages, Attach Files. */
#define INVITATION                                                                                             \
    "https://discord.com/oauth2/authorize?client_id=%" PRIu64                                                  \
    "&scope=bot+applications.commands&permissions=35840"

enum {
    PATIENCE_MS = 5000,     /* with all tries of one call */
    CLOCK_TOLERANCE_S = 60, /* much less than handler/endpoint.c's */
};

static void ask(struct check *check, const char *path, void (*on_done)(void *, const struct rest_response *))
{
    const int64_t left_ms = check_left_ms(check);
    const struct rest_request request = {
        .method = "GET",
        .path = path,
        .bucket = "check",
        .with_token = true,
        .deadline_ms = left_ms < PATIENCE_MS ? left_ms : PATIENCE_MS,
    };
    rest_send(check->rest, &request, on_done, check);
}

/* Anything but an answer, or 401. */
static void tell_failure(struct check *check, const char *what, const struct rest_response *response)
{
    const char *const url = check->environment.worker.api_url;
    if (response->status == REST_OK)
        report_line(&check->report, FINDING_WRONG, what,
                    "what answers at %s is not Discord's API: see DISCORD_API_URL", url);
    else if (response->http_status == 0)
        report_line(&check->report, FINDING_WRONG, what, "%s cannot be reached: %s", url, response->error);
    else if (response->status == REST_REFUSED)
        report_line(&check->report, FINDING_WRONG, what, "Discord refuses to tell: %d, code %" PRId64,
                    response->http_status, response->code);
    else
        report_line(&check->report, FINDING_UNKNOWN, what, "Discord answers %d at the moment: try again later",
                    response->http_status);
}

/* Only what is wrong: where the database's clock agrees with ours, that is said already. */
static void tell_clock(struct check *check, const struct rest_response *response)
{
    const int64_t ahead_s = response->date - clock_wall_ms() / 1000;
    if (response->date != 0 && llabs(ahead_s) > CLOCK_TOLERANCE_S)
        report_line(&check->report, FINDING_WRONG, "clock",
                    "Discord's is %" PRId64
                    " s %s this machine's, by which old interactions are refused: let it follow a "
                    "time server",
                    (int64_t)llabs(ahead_s), ahead_s > 0 ? "ahead of" : "behind");
}

/* The token ------------------------------------------------------------------------------------------------ */

/* What people take for the token, and how they copy it. */
static const char *token_words(const char *token)
{
    const size_t len = strlen(token);
    size_t dots = 0;
    for (const char *c = token; *c != '\0'; c++)
        dots += *c == '.';
    if (strncmp(token, "Bot ", 4) == 0)
        return "it begins with \"Bot \", which is no part of it";
    if (strchr("\"'", token[0]) != NULL || strchr("\"'", token[len - 1]) != NULL)
        return "there are quotes around it, which are no part of it";
    if (token[strcspn(token, " \t\r\n")] != '\0')
        return "there is a space or the end of a line in it";
    if (!config_is_word(token))
        return "there is a sign in it that no token has";
    if (strspn(token, "0123456789") == len)
        return "it is a number, an id perhaps; the token is under \"Bot\" in the Developer Portal";
    if (strspn(token, "0123456789abcdefABCDEF") == len && len == 64)
        return "it looks like the public key; the token is under \"Bot\" in the Developer Portal";
    if (dots == 0 && len == 32)
        return "it looks like the client secret of OAuth2; the token is under \"Bot\" in the Developer Portal";
    if (dots != 2)
        return "it is not whole: a token is three parts with dots between them";
    return "it was reset, or its application deleted: \"Reset Token\" under \"Bot\" in the Developer Portal makes a "
           "new one";
}

static void on_application(void *arg, const struct rest_response *response);
static void on_commands(void *arg, const struct rest_response *response);
static void on_guilds(void *arg, const struct rest_response *response);

void check_discord(struct check *check)
{
    if (check->token != NULL && config_is_word(check->token)) {
        ask(check, "/applications/@me", on_application);
        return;
    }
    if (check->token != NULL)
        report_line(&check->report, FINDING_WRONG, "token", "DISCORD_TOKEN cannot be one: %s",
                    token_words(check->token));
    else
        report_line(
            &check->report, FINDING_UNKNOWN, "token",
            "not set. Serving needs none, but nobody else is told about application, commands and endpoint: run this "
            "once with DISCORD_TOKEN");
    check_next(check);
}

/* The application ------------------------------------------------------------------------------------------ */

static void tell_application_id(struct check *check, const char *name)
{
    const uint64_t id = check->environment.worker.application_id;
    if (id == check->application_id)
        report_line(&check->report, FINDING_OK, "application", "the token is that of %s", name);
    else
        report_line(&check->report, FINDING_WRONG, "application",
                    "the token is that of %s, whose id is %" PRIu64
                    ": set DISCORD_APPLICATION_ID to it, or take the token of yours",
                    name, check->application_id);
}

static void tell_public_key(struct check *check, const char *verify_key)
{
    char ours[65];
    for (size_t i = 0; i < sizeof(check->environment.worker.public_key); i++)
        snprintf(ours + 2 * i, 3, "%02x", check->environment.worker.public_key[i]);
    if (strcmp(ours, verify_key) == 0)
        report_line(&check->report, FINDING_OK, "public key", "is this application's");
    else
        report_line(
            &check->report, FINDING_WRONG, "public key",
            "is not this application's, so that Discord's requests would be refused: set DISCORD_PUBLIC_KEY to %s",
            verify_key);
}

static void on_application(void *arg, const struct rest_response *response)
{
    struct check *const check = arg;
    const char *const key = json_string(response->body, "verify_key");
    tell_clock(check, response);
    if (response->http_status == 401) {
        report_line(&check->report, FINDING_WRONG, "token", "Discord does not accept DISCORD_TOKEN: %s",
                    token_words(check->token));
    } else if (response->status != REST_OK || key == NULL ||
               !json_snowflake(response->body, "id", &check->application_id)) {
        tell_failure(check, "token", response);
    } else {
        const char *const name = json_string(response->body, "name");
        report_line(&check->report, FINDING_OK, "token", "accepted");
        tell_application_id(check, name != NULL ? name : "an application");
        tell_public_key(check, key);
        check->endpoint = mem_strdup(json_string(response->body, "interactions_endpoint_url"));
        char path[64];
        snprintf(path, sizeof(path), "/applications/%" PRIu64 "/commands", check->application_id);
        ask(check, path, on_commands);
        return;
    }
    check_next(check);
}

/* Commands ------------------------------------------------------------------------------------------------- */

static void on_commands(void *arg, const struct rest_response *response)
{
    struct check *const check = arg;
    if (!cJSON_IsArray(response->body) || response->status != REST_OK) {
        tell_failure(check, "commands", response);
    } else {
        switch (command_compare(response->body)) {
        case COMMAND_REGISTERED:
            report_line(&check->report, FINDING_OK, "commands", "registered, as this version has them");
            break;
        case COMMAND_OUTDATED:
            report_line(&check->report, FINDING_WRONG, "commands",
                        "registered by another version: run handler --register");
            break;
        case COMMAND_UNREGISTERED:
            report_line(&check->report, FINDING_WRONG, "commands", "not registered: run handler --register");
            break;
        }
    }
    ask(check, "/users/@me/guilds?limit=1", on_guilds);
}

/* Servers -------------------------------------------------------------------------------------------------- */

static void on_guilds(void *arg, const struct rest_response *response)
{
    struct check *const check = arg;
    if (!cJSON_IsArray(response->body) || response->status != REST_OK)
        tell_failure(check, "servers", response);
    else if (cJSON_GetArraySize(response->body) > 0)
        report_line(&check->report, FINDING_OK, "servers", "the bot is in one or more");
    else
        report_line(&check->report, FINDING_WRONG, "servers", "the bot is in none: invite it with " INVITATION,
                    check->application_id);
    check_next(check);
}
