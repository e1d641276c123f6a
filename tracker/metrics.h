/* What the tracker counts (infra/metrics.h): README, "Metrics". */
#pragma once

#include "infra/metrics.h"

enum tracker_metric {
    METRIC_NOBODYS,
    METRIC_REST_CALLS, /* result */
    METRIC_DATABASE_CONNECTIONS,
    TRACKER_METRICS,
};

extern const struct metric tracker_metrics[TRACKER_METRICS];
