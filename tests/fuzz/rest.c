/*
 * What Discord's REST API answers: a first line "status attempt", four lines of headers (empty: none), and the body, which
 * a proxy in between may have written. Waits stay within a day, and whatever reads the body finds nothing or what is valid.
 * The queue itself is not there: GET /gateway/bot is answered by this file.
 */
#include "infra/rest.h"
#include "handler/command.h"
#include "infra/json.h"
#include "infra/mem.h"
#include "infra/rest_retry.h"
#include "infra/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "tracker/gateway_bot.h"
#include "tracker/gateway_rules.h"
#include "tracker/gateway_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 86400 * 1000 };

/* The queue ------------------------------------------------------------------------------------------------- */

static void (*on_response)(void *arg, const struct rest_response *response);
static void *on_response_arg;

struct rest_call *rest_send(struct rest *rest, const struct rest_request *request,
                            void (*on_done)(void *arg, const struct rest_response *response), void *arg)
{
    static char call;
    (void)rest;
    hold(strcmp(request->path, "/gateway/bot") == 0 && request->with_token);
    on_response = on_done;
    on_response_arg = arg;
    return (struct rest_call *)(void *)&call;
}

void rest_cancel(struct rest_call *call)
{
    (void)call;
}

/* What is made of an answer --------------------------------------------------------------------------------- */

static void hold_verdict(const struct rest_answer *answer, int attempt)
{
    for (int webhook = 0; webhook < 2; webhook++) {
        const struct rest_verdict verdict = rest_retry(answer, attempt, webhook != 0);
        hold(verdict.wait_ms >= 0 && verdict.wait_ms <= DAY_MS);
        hold(verdict.pause_ms >= 0 && verdict.pause_ms <= DAY_MS);
        hold(!verdict.final || verdict.wait_ms == 0);
        hold(!verdict.final || answer->status / 100 != 5);
        hold(verdict.final || answer->status == 0 || answer->status == 429 || answer->status >= 500 ||
             (webhook != 0 && answer->status == 404));
        hold(!verdict.global || answer->status == 429);
    }
}

static void on_gateway(void *arg, const struct gateway_bot_answer *answer)
{
    bool *const answered = arg;
    hold(!*answered);
    *answered = true;
    hold((answer->status == GATEWAY_BOT_OK) == (answer->url != NULL));
    if (answer->url != NULL) {
        fuzz_hold_text(answer->url);
        char *const url = gateway_wire_url(answer->url);
        hold(strstr(url, "compress=zlib-stream") != NULL);
        free(url);
    }
    for (int failures = 0; failures < 12; failures += 3) {
        const int64_t pause = gateway_identify_pause(failures, &answer->limit, 1);
        hold(pause >= 0 && pause <= DAY_MS);
    }
}

static void ask_gateway(const cJSON *body, int status)
{
    struct gateway_bot *const bot = gateway_bot_create(NULL);
    bool answered = false;
    gateway_bot_ask(bot, on_gateway, &answered);
    const enum rest_status how = status / 100 == 2   ? REST_OK
                                 : status / 100 == 4 ? REST_REFUSED
                                                     : REST_UNREACHABLE;
    on_response(
        on_response_arg,
        &(struct rest_response){
            .status = how, .http_status = status, .code = rest_error_code(body), .error = "", .body = body});
    hold(answered);
    gateway_bot_destroy(bot);
}

/* The next line of *text, cut off, or NULL where it is empty. */
static const char *next_line(char **text)
{
    const char *const line = strsep(text, "\n");
    return line != NULL && line[0] != '\0' ? line : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *const copy = mem_strndup((const char *)bytes, n);
    char *text = copy;
    const char *const first = next_line(&text);
    int status = 0, attempt = 0;
    if (first != NULL && sscanf(first, "%3d %1d", &status, &attempt) < 1)
        status = 0;
    struct rest_answer answer = {.status = abs(status)};
    answer.retry_after = next_line(&text);
    answer.limit_remaining = next_line(&text);
    answer.limit_reset_after = next_line(&text);
    answer.limit_global = next_line(&text);
    /* From the input itself: what is read too far must be seen. */
    const size_t at = text != NULL ? (size_t)(text - copy) : n;
    cJSON *const body = json_parse((const char *)bytes + at, n - at);
    hold(body == NULL || utf8_valid((const char *)bytes + at, n - at));
    answer.body = body;
    hold_verdict(&answer, abs(attempt));
    ask_gateway(body, answer.status);
    hold(command_compare(body) <= COMMAND_UNREGISTERED);
    cJSON_Delete(body);
    free(copy);
    return 0;
}
