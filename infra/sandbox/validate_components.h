/* The components of a message: kinds, nesting, limits ("Component Reference"). Pure. */
#pragma once

#include "infra/sandbox/complaint.h"

/* Tells whether attachment://name can be found. */
struct validate_files {
    bool (*has)(const void *arg, const char *filename);
    const void *arg;
};

/* Checks payload's "components"; v2: the message carries IS_COMPONENTS_V2. */
void validate_components(struct complaints *complaints, const cJSON *payload, bool v2,
                         const struct validate_files *files);
