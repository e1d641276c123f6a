/* What the handler reads of its environment when it serves: README, "Settings". */
#pragma once

#include "handler/worker.h"
#include "infra/config.h"

struct environment {
    struct worker_config worker; /* its descriptors are not opened */
    struct config_address listen, metrics_listen;
    int workers;
};

/* Whether all of it is well is told by infra/config.h. Applies LOG_LEVEL. */
void environment_read(struct environment *environment);
