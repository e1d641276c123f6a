/* What the parts of handler/check.h share; for nobody else. */
#pragma once

#include "handler/environment.h"
#include "handler/report.h"

#include <stddef.h>
#include <stdint.h>

struct check {
    struct report report;
    struct environment environment;
    const char *token; /* or NULL */
    int64_t until_ms;  /* monotonic: when all is to be over */
    size_t n_begun;    /* parts */

    struct loop *loop;
    struct http_client *client;
    struct db_pool *pool; /* NULL where the settings do not say where it is */
    struct rest *rest;    /* NULL where there is no token */

    uint64_t application_id; /* the token's, once Discord has told */
    char *endpoint;          /* where Discord posts interactions; NULL: not told, or none */
};

/* Each looks at its part, now or later, and goes on with check_next(), once. */
void check_database(struct check *check);
void check_discord(struct check *check);
void check_endpoint(struct check *check);

void check_next(struct check *check);
/* What is left of the time, at least a second. */
int64_t check_left_ms(const struct check *check);
