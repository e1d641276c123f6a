/* What the handler counts (infra/metrics.h): infra/deploy/OPERATIONS.md, "Metrics". */
#pragma once

#include "infra/metrics.h"

enum handler_metric {
    METRIC_NONE,
    METRIC_INTERACTIONS, /* command, result */
    METRIC_RECORDED,     /* result */
    METRIC_ACKNOWLEDGEMENT_SECONDS,
    METRIC_ANSWER_SECONDS,
    METRIC_ANSWERS_PENDING,
    METRIC_AVATARS,    /* result */
    METRIC_REST_CALLS, /* result */
    METRIC_DATABASE_CONNECTIONS,
    HANDLER_METRICS,
};

extern const struct metric handler_metrics[HANDLER_METRICS];
