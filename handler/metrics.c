#include "handler/metrics.h"

static const char *const commands[] = {"leaderboard", "stats", "settings", "other", NULL};
static const char *const answer_results[] = {
    "picture", "text",      "words", "failed", "overtaken", "unacknowledged",
    "unknown", "no_server", "busy",  "other",  NULL,
};
static const char *const record_results[] = {"recorded", "unconfirmed", "replayed", "taken_over", NULL};
static const char *const avatar_results[] = {"kept", "fetched", "failed", NULL};
static const char *const rest_results[] = {"ok", "refused", "unreachable", "full", NULL};

/* Discord waits three seconds for the first, and people not much longer for the second. */
static const double acknowledgement_buckets[] = {.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 3, 0};
static const double answer_buckets[] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 0};

const struct metric handler_metrics[HANDLER_METRICS] = {
    [METRIC_INTERACTIONS] =
        {
            .name = "vcledger_interactions_total",
            .help = "Commands and clicks that were answered, by what the answer was.",
            .labels = {{"command", commands}, {"result", answer_results}},
        },
    [METRIC_RECORDED] =
        {
            .name = "vcledger_interactions_recorded_total",
            .help =
                "Interactions that were to be recorded before their acknowledgement, or taken over from a record.",
            .labels = {{"result", record_results}},
        },
    [METRIC_ACKNOWLEDGEMENT_SECONDS] =
        {
            .name = "vcledger_acknowledgement_seconds",
            .help = "From an interaction to its acknowledgement.",
            .type = METRIC_HISTOGRAM,
            .buckets = acknowledgement_buckets,
        },
    [METRIC_ANSWER_SECONDS] =
        {
            .name = "vcledger_answer_seconds",
            .help = "From an interaction to the edit with its answer, delivered or not.",
            .type = METRIC_HISTOGRAM,
            .buckets = answer_buckets,
        },
    [METRIC_ANSWERS_PENDING] =
        {
            .name = "vcledger_answers_pending",
            .help = "Interactions whose answer is not delivered yet.",
            .type = METRIC_GAUGE,
        },
    [METRIC_AVATARS] =
        {
            .name = "vcledger_avatars_total",
            .help =
                "Pictures of members and servers: those that were kept already, and how fetches of the rest ended.",
            .labels = {{"result", avatar_results}},
        },
    [METRIC_REST_CALLS] =
        {
            .name = "vcledger_rest_calls_total",
            .help = "Calls of Discord's REST API, retries not counted, by how they ended.",
            .labels = {{"result", rest_results}},
        },
    [METRIC_DATABASE_CONNECTIONS] =
        {
            .name = "vcledger_database_connections",
            .help = "Connections to the database that stand.",
            .type = METRIC_GAUGE,
        },
};
