#include "infra/rest_retry.h"

#include "infra/discord.h"
#include "infra/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t rest_error_code(const cJSON *body)
{
    int64_t code;
    json_int(body, "code", &code);
    return code;
}

/* Rounded up, for a request that is a fraction too early is refused again. At most an hour: what says more is wrong, or can
 * bear one request an hour. -1 for what is no time. */
static int64_t to_ms(double seconds)
{
    if (!isfinite(seconds) || seconds < 0)
        return -1;
    return (int64_t)ceil(fmin(seconds, 3600) * 1000);
}

static int64_t header_ms(const char *value)
{
    if (value == NULL)
        return -1;
    char *end;
    const double seconds = strtod(value, &end);
    return end == value || *end != '\0' ? -1 : to_ms(seconds);
}

/* The body is the more exact one (the header has whole seconds), but a proxy in front of Discord sends none or
 * HTML. */
static int64_t retry_after_ms(const struct rest_answer *answer)
{
    const cJSON *const seconds = json_member(answer->body, "retry_after");
    const int64_t ms = cJSON_IsNumber(seconds) ? to_ms(cJSON_GetNumberValue(seconds)) : -1;
    return ms >= 0 ? ms : header_ms(answer->retry_after);
}

/* 500 ms, 1 s, 2 s, 4 s, then 8 s each. */
static int64_t back_off_ms(int attempt)
{
    return INT64_C(500) << (attempt < 4 ? attempt : 4);
}

static struct rest_verdict limited(const struct rest_answer *answer, int attempt)
{
    int64_t wait_ms = retry_after_ms(answer);
    if (wait_ms < 0)
        wait_ms = back_off_ms(attempt);
    else if (attempt > 0 && wait_ms < back_off_ms(attempt - 1))
        wait_ms = back_off_ms(attempt - 1); /* "at once" again and again would be without end */
    return (struct rest_verdict){
        .wait_ms = wait_ms,
        .pause_ms = wait_ms,
        .global = json_bool(answer->body, "global") ||
                  (answer->limit_global != NULL && strcmp(answer->limit_global, "true") == 0),
    };
}

/* An edit can overtake the digestion of the answer that it edits: the webhook becomes known within seconds or
 * never. */
static struct rest_verdict unknown_webhook(int attempt)
{
    static const int64_t waits_ms[] = {250, 500, 1000, 2000, 4000, 4000};
    if (attempt >= (int)(sizeof(waits_ms) / sizeof(waits_ms[0])))
        return (struct rest_verdict){.final = true};
    return (struct rest_verdict){.wait_ms = waits_ms[attempt]};
}

struct rest_verdict rest_retry(const struct rest_answer *answer, int attempt, bool retry_unknown_webhook)
{
    if (answer->status == 429)
        return limited(answer, attempt);
    struct rest_verdict verdict = {.final = true};
    if (answer->status == 0 || answer->status >= 500)
        verdict = (struct rest_verdict){.wait_ms = back_off_ms(attempt)};
    else if (answer->status == 404 && retry_unknown_webhook &&
             rest_error_code(answer->body) == DISCORD_UNKNOWN_WEBHOOK)
        verdict = unknown_webhook(attempt);
    if (answer->limit_remaining != NULL && strcmp(answer->limit_remaining, "0") == 0) {
        const int64_t reset_ms = header_ms(answer->limit_reset_after);
        verdict.pause_ms = reset_ms > 0 ? reset_ms : 0;
    }
    return verdict;
}
