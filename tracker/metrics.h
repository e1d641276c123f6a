/* What the tracker counts (infra/metrics.h): infra/deploy/OPERATIONS.md, "Metrics". */
#pragma once

#include "infra/metrics.h"

enum tracker_metric {
    METRIC_NONE,
    /* Measured when somebody asks. */
    METRIC_SHARDS,
    METRIC_SHARDS_OWNED,
    METRIC_SHARDS_WATCHING,
    METRIC_OPEN_SESSIONS,
    METRIC_MEMBERS_IN_VOICE,
    METRIC_CHANGES_UNWRITTEN,
    METRIC_PROVEN_AGE,

    METRIC_EVENTS,  /* type */
    METRIC_BATCHES, /* result */
    METRIC_BATCH_CHANGES,
    METRIC_BATCH_SECONDS,
    METRIC_RECONNECTS, /* reason */
    METRIC_SESSIONS_LOST,
    METRIC_REST_CALLS, /* result */
    METRIC_DATABASE_CONNECTIONS,
    TRACKER_METRICS,
};

extern const struct metric tracker_metrics[TRACKER_METRICS];
