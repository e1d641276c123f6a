/* The addresses that Discord, a proxy and a supervisor call: POST /interactions, GET /healthz, GET /readyz. */
#pragma once

#include "handler/http.h"

#include <stdbool.h>
#include <stddef.h>

struct app;
struct db_pending_claimed;

/* What a request with a bad signature gets, with 401: known to handler/check_endpoint.c. */
#define ENDPOINT_REFUSAL "vcledger: invalid request signature\n"

/* on_request of each takes a struct app as its argument. */
extern const struct http_route endpoint_routes[];
extern const size_t endpoint_n_routes;

/* Runs the command of an interaction that was recorded by another worker: nobody waits for an acknowledgement any more.
 * False (logged) where it is none. */
bool endpoint_resume(struct app *app, const struct db_pending_claimed *claimed);
