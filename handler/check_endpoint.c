#include "handler/check_part.h"

#include "handler/endpoint.h"
#include "infra/http_client.h"

#include <string.h>

enum { MAX_ANSWER = 64 * 1024, TIMEOUT_MS = 5000 };

/* As Discord does now and then: a PING whose signature is wrong. Only Discord could make a good one. */
static const char ping[] =
    "{\"id\":\"1\",\"application_id\":\"1\",\"type\":1,\"token\":\"check\",\"version\":1}";
static const char *const headers[] = {
    "Content-Type: application/json",
    "X-Signature-Timestamp: 0",
    "X-Signature-Ed25519: 0000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000",
    NULL,
};

#define UNTRUSTED                                                                                              \
    "Discord would not trust it either: the proxy needs a certificate for this name, of a public authority"
#define FROM_INSIDE                                                                                            \
    "(From inside, some routers do not lead to their own public address: then look from elsewhere)"

/* By a part of curl's words. */
static const struct {
    const char *part, *advice;
} errors[] = {
    {"resolve", "the name has no address: look at its DNS record, and at how the URL is written"},
    {"SSL", UNTRUSTED},
    {"certificate", UNTRUSTED},
    {"onnect", "nobody takes the connection: start the proxy, open the port. " FROM_INSIDE},
    {"timed out", "a firewall, perhaps, or the address of another machine. " FROM_INSIDE},
};

static const char *error_words(const char *error)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (strstr(error, errors[i].part) != NULL)
            return errors[i].advice;
    }
    return "Discord cannot reach it like this";
}

/* Of anything but our own 401. */
static const char *status_words(int status)
{
    if (status >= 200 && status < 300)
        return "it takes a request with a wrong signature, for which Discord would refuse it: not a handler";
    if (status >= 300 && status < 400)
        return "it leads elsewhere, which Discord does not follow: enter the address where it ends";
    switch (status) {
    case 401:
        return "it checks signatures but is not this program: another bot's, or a password at the proxy";
    case 403:
        return "something in front of the handler keeps strangers out: let POST /interactions pass";
    case 404:
        return "the path is wrong: it is /interactions, unless the proxy has another lead there";
    case 405:
        return "the path is wrong, or the proxy lets no POST pass: it is POST /interactions";
    case 502:
    case 503:
    case 504:
        return "the proxy is there, but not the handler behind it: start it, and compare LISTEN with where the "
               "proxy leads";
    default:
        return "that is none of the handler's answers";
    }
}

static void on_answer(void *arg, const struct http_response *response)
{
    struct check *const check = arg;
    if (response->status == 0)
        report_line(&check->report, FINDING_WRONG, "endpoint", "%s: %s: %s", check->endpoint, response->error,
                    error_words(response->error));
    else if (response->status == 401 && strcmp(response->body, ENDPOINT_REFUSAL) == 0)
        report_line(&check->report, FINDING_OK, "endpoint",
                    "%s is a handler, and refuses a wrong signature (a good one can only come from Discord)",
                    check->endpoint);
    else
        report_line(&check->report, FINDING_WRONG, "endpoint", "%s answers %d: %s", check->endpoint,
                    response->status, status_words(response->status));
    check_next(check);
}

void check_endpoint(struct check *check)
{
    if (check->endpoint != NULL && check->endpoint[0] != '\0') {
        const int64_t left_ms = check_left_ms(check);
        http_call_start(check->client,
                        &(struct http_request){
                            .method = "POST",
                            .url = check->endpoint,
                            .headers = headers,
                            .body = ping,
                            .body_len = sizeof(ping) - 1,
                            .max_response = MAX_ANSWER,
                            .timeout_ms = left_ms < TIMEOUT_MS ? left_ms : TIMEOUT_MS,
                        },
                        on_answer, check);
        return;
    }
    if (check->application_id != 0)
        report_line(
            &check->report, FINDING_WRONG, "endpoint",
            "none: enter https://<your name>/interactions as Interactions Endpoint URL in the Developer Portal. "
            "(Discord also takes it out where it failed its probes)");
    else
        report_line(&check->report, FINDING_UNKNOWN, "endpoint",
                    "only Discord knows which address was entered");
    check_next(check);
}
