#include "handler/endpoint.h"

#include "db/pending.h"
#include "db/pool.h"
#include "handler/app.h"
#include "handler/command.h"
#include "handler/draw_queue.h"
#include "handler/interaction.h"
#include "handler/message.h"
#include "handler/metrics.h"
#include "handler/pending.h"
#include "handler/reply.h"
#include "handler/verify.h"
#include "infra/log.h"
#include "infra/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void respond_text(struct http_exchange *exchange, int status, const char *text)
{
    http_respond(exchange, status, "text/plain; charset=utf-8", text, strlen(text), NULL, NULL);
}

static void respond_json(struct http_exchange *exchange, const char *json)
{
    http_respond(exchange, 200, "application/json", json, strlen(json), NULL, NULL);
}

/* Only words, and only for who asked: what cannot be done, said at once. command: NULL where it is none of ours. */
static void respond_words(struct http_exchange *exchange, const struct interaction *interaction,
                          const struct command *command, const char *result, const char *words)
{
    char *const json = message_words(words);
    respond_json(exchange, json);
    free(json);
    metrics_count(METRIC_INTERACTIONS, command != NULL ? command->name : NULL, result);
    log_info("interaction_answered", "id=%" PRIu64 " command=%s result=%s", interaction->id,
             log_quote(interaction->type == DISCORD_APPLICATION_COMMAND ? interaction->subcommand
                                                                        : interaction->custom_id),
             result);
}

enum { BUSY_CARDS = 2 }; /* with so many cards waiting, a worker closes connections after their answer */

/* A command between its request and its acknowledgement. */
struct beginning {
    struct app *app;
    struct http_exchange *exchange;
    const struct command *command;
    struct reply *reply;
};

/* The command works while its acknowledgement is on the way; the reply waits for both. One that came before gets the
 * same acknowledgement, and nothing else. */
static void on_recorded(void *arg, enum pending_recorded recorded)
{
    static const char *const names[] = {[PENDING_RECORDED] = "recorded",
                                        [PENDING_UNCONFIRMED] = "unconfirmed",
                                        [PENDING_REPLAYED] = "replayed"};
    struct beginning *const beginning = arg;
    struct reply *const reply = beginning->reply;
    metrics_count(METRIC_RECORDED, names[recorded], NULL);
    char *const json = reply_acknowledgement(reply);
    /* A card is drawn where its click came in, and a proxy uses the same few connections again and again. A new one is
     * accepted by a worker that has time, where there are others. */
    if (beginning->app->has_siblings && draw_queue_waiting(beginning->app->draw_queue) >= BUSY_CARDS)
        http_exchange_close(beginning->exchange);
    if (recorded == PENDING_REPLAYED) {
        respond_json(beginning->exchange, json);
        reply_cancel(reply);
    } else {
        http_respond(beginning->exchange, 200, "application/json", json, strlen(json), reply_on_acknowledged,
                     reply);
        beginning->command->run(beginning->app, reply);
    }
    free(json);
    free(beginning);
}

/* Takes the interaction. */
static void begin_command(struct app *app, struct http_exchange *exchange, struct interaction *interaction,
                          const struct command *command)
{
    struct beginning *const beginning = mem_alloc(sizeof(*beginning));
    *beginning = (struct beginning){
        .app = app,
        .exchange = exchange,
        .command = command,
        .reply = reply_create(app, interaction, command),
    };
    struct db_pending_request request = {
        .interaction_id = interaction->id,
        .message_id = reply_only_changes(beginning->reply),
    };
    request.body = http_exchange_body(exchange, &request.len);
    pending_record(app->pending, &request, on_recorded, beginning);
}

static const char *unknown_words(const struct interaction *interaction)
{
    if (interaction->type == DISCORD_APPLICATION_COMMAND)
        return "I do not know this command. It may belong to another version of this bot.";
    return "I do not know this control. It may belong to another version of this bot. Please run the command "
           "again.";
}

/* Takes the interaction: a slash command or a click. */
static void on_command(struct app *app, struct http_exchange *exchange, struct interaction *interaction)
{
    const struct command *const command = command_find(interaction);
    if (command != NULL && interaction->guild_id != 0 && app->n_commands < APP_MAX_COMMANDS) {
        begin_command(app, exchange, interaction, command);
        return;
    }
    if (command == NULL)
        respond_words(exchange, interaction, NULL, "unknown", unknown_words(interaction));
    else if (interaction->guild_id == 0)
        respond_words(exchange, interaction, command, "no_server", "This works only in servers.");
    else
        respond_words(exchange, interaction, command, "busy",
                      "Too many people are asking right now. Please try again in a moment.");
    interaction_destroy(interaction);
}

bool endpoint_resume(struct app *app, const struct db_pending_claimed *claimed)
{
    enum interaction_problem problem;
    struct interaction *const interaction = interaction_parse(claimed->body, claimed->len, &problem);
    if (interaction == NULL) {
        log_error("pending_unreadable", "problem=%d bytes=%zu", problem, claimed->len);
        return false;
    }
    static const struct command unknown = {.name = "unknown"};
    const struct command *const command = command_find(interaction);
    struct reply *const reply = reply_create(app, interaction, command != NULL ? command : &unknown);
    reply_take_over(reply, claimed->age_ms);
    metrics_count(METRIC_RECORDED, "taken_over", NULL);
    if (command != NULL)
        command->run(app, reply);
    else
        reply_words(reply, unknown_words(interaction), NULL);
    return true;
}

/* Takes the interaction. */
static void on_verified(struct app *app, struct http_exchange *exchange, struct interaction *interaction)
{
    switch (interaction->type) {
    case DISCORD_APPLICATION_COMMAND:
    case DISCORD_MESSAGE_COMPONENT:
        on_command(app, exchange, interaction);
        return;
    case DISCORD_PING:
        log_debug("ping", "id=%" PRIu64, interaction->id);
        respond_json(exchange, "{\"type\":1}");
        break;
    case DISCORD_MODAL_SUBMIT: /* we open none */
        respond_words(exchange, interaction, NULL, "unknown", unknown_words(interaction));
        break;
    case DISCORD_AUTOCOMPLETE: /* none of our options asks for it */
        respond_text(exchange, 400, "no autocomplete here\n");
        break;
    }
    interaction_destroy(interaction);
}

static bool is_signed(const struct app *app, const struct http_exchange *exchange, const char *body,
                      size_t body_len)
{
    size_t signature_len, timestamp_len;
    const char *const signature = http_exchange_header(exchange, "x-signature-ed25519", &signature_len);
    const char *const timestamp = http_exchange_header(exchange, "x-signature-timestamp", &timestamp_len);
    return verify_signature(app->public_key, signature, signature_len, timestamp, timestamp_len, body,
                            body_len);
}

/* Discord probes with bad signatures; only 401 passes, whatever else is wrong with the request. */
static void on_interaction(void *arg, struct http_exchange *exchange)
{
    static const char *const problems[] = {
        [INTERACTION_FINE] = "",
        [INTERACTION_NOT_JSON] = "not JSON\n",
        [INTERACTION_MALFORMED] = "not an interaction\n",
        [INTERACTION_UNKNOWN_TYPE] = "unknown type of interaction\n",
    };
    struct app *const app = arg;
    size_t len;
    const char *const body = http_exchange_body(exchange, &len);
    if (!is_signed(app, exchange, body, len)) {
        log_debug("signature_refused", "bytes=%zu", len);
        respond_text(exchange, 401, ENDPOINT_REFUSAL);
        return;
    }
    enum interaction_problem problem;
    struct interaction *const interaction = interaction_parse(body, len, &problem);
    if (interaction == NULL) {
        log_warn("interaction_refused", "problem=%d bytes=%zu", problem, len);
        respond_text(exchange, 400, problems[problem]);
    } else if (interaction->application_id != app->application_id) {
        log_warn("interaction_refused", "application_id=%" PRIu64, interaction->application_id);
        respond_text(exchange, 400, "another application's interaction\n");
        interaction_destroy(interaction);
    } else {
        on_verified(app, exchange, interaction);
    }
}

static void on_health(void *arg, struct http_exchange *exchange)
{
    (void)arg;
    respond_text(exchange, 200, "ok\n");
}

static void on_ready(void *arg, struct http_exchange *exchange)
{
    const struct app *const app = arg;
    const bool ready = db_pool_ready(app->pool) && db_pool_ready(app->pending_pool);
    respond_text(exchange, ready ? 200 : 503, ready ? "ok\n" : "no database\n");
}

const struct http_route endpoint_routes[] = {
    {"POST", "/interactions", on_interaction},
    {"GET", "/healthz", on_health},
    {"GET", "/readyz", on_ready},
};
const size_t endpoint_n_routes = sizeof(endpoint_routes) / sizeof(endpoint_routes[0]);
