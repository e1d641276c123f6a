#include "tracker/metrics.h"

static const char *const rest_results[] = {"ok", "refused", "unreachable", "full", NULL};

const struct metric tracker_metrics[TRACKER_METRICS] = {
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
