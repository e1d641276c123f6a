/* The addresses that Discord, a proxy and a supervisor call: POST /interactions, GET /healthz, GET /readyz. */
#pragma once

#include "handler/http.h"

#include <stddef.h>

/* on_request of each takes a struct app as its argument. */
extern const struct http_route endpoint_routes[];
extern const size_t endpoint_n_routes;
