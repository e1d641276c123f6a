#include "tracker/gateway_bot.h"

#include "infra/json.h"
#include "infra/mem.h"
#include "infra/rest.h"

#include <stdlib.h>
#include <utlist.h>

enum { DEADLINE_MS = 30000 /* retries included */ };

struct gateway_bot_call {
    struct gateway_bot *bot;
    int64_t number; /* of its question */
    void (*on_answer)(void *arg, const struct gateway_bot_answer *answer);
    void *arg;
    struct gateway_bot_call *prev, *next;
};

struct gateway_bot {
    struct rest *rest;
    struct rest_call *question; /* NULL: none is under way */
    int64_t n_questions;        /* asked until now */
    struct gateway_bot_call *calls;
};

/* Keeps the url inside the response's body. */
static struct gateway_bot_answer read_answer(const struct rest_response *response)
{
    struct gateway_bot_answer answer = {.status = GATEWAY_BOT_UNKNOWN};
    if (response->http_status == 401)
        answer.status = GATEWAY_BOT_REFUSED;
    const char *const url = json_string(response->body, "url");
    if (response->status != REST_OK || url == NULL)
        return answer;
    answer.status = GATEWAY_BOT_OK;
    answer.url = url;
    json_int(response->body, "shards", &answer.shards);
    const cJSON *const limit = json_object(response->body, "session_start_limit");
    json_int(limit, "total", &answer.limit.total);
    json_int(limit, "remaining", &answer.limit.remaining);
    json_int(limit, "reset_after", &answer.limit.reset_after_ms);
    json_int(limit, "max_concurrency", &answer.limit.max_concurrency);
    return answer;
}

/* Whoever asks from inside a callback waits for a question of its own, and any call may be cancelled there. */
static void on_response(void *arg, const struct rest_response *response)
{
    struct gateway_bot *const bot = arg;
    bot->question = NULL;
    const struct gateway_bot_answer answer = read_answer(response);
    const int64_t answered = bot->n_questions;
    while (bot->calls != NULL && bot->calls->number <= answered) {
        struct gateway_bot_call *const call = bot->calls;
        DL_DELETE(bot->calls, call);
        call->on_answer(call->arg, &answer);
        free(call);
    }
}

struct gateway_bot_call *gateway_bot_ask(struct gateway_bot *bot,
                                         void (*on_answer)(void *arg, const struct gateway_bot_answer *answer),
                                         void *arg)
{
    if (bot->question == NULL) {
        bot->n_questions++;
        bot->question = rest_send(bot->rest,
                                  &(struct rest_request){
                                      .method = "GET",
                                      .path = "/gateway/bot",
                                      .bucket = "gateway/bot",
                                      .with_token = true,
                                      .deadline_ms = DEADLINE_MS,
                                  },
                                  on_response, bot);
    }
    struct gateway_bot_call *const call = mem_alloc(sizeof(*call));
    *call =
        (struct gateway_bot_call){.bot = bot, .number = bot->n_questions, .on_answer = on_answer, .arg = arg};
    DL_APPEND(bot->calls, call);
    return call;
}

void gateway_bot_cancel(struct gateway_bot_call *call)
{
    if (call == NULL)
        return;
    struct gateway_bot *const bot = call->bot;
    DL_DELETE(bot->calls, call);
    free(call);
    if (bot->calls == NULL) {
        rest_cancel(bot->question);
        bot->question = NULL;
    }
}

struct gateway_bot *gateway_bot_create(struct rest *rest)
{
    struct gateway_bot *const bot = mem_alloc(sizeof(*bot));
    bot->rest = rest;
    return bot;
}

void gateway_bot_destroy(struct gateway_bot *bot)
{
    free(bot);
}
