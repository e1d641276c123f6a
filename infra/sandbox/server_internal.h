/* Shared by server.c and websocket.c alone: what knows h2o. */
#pragma once

#include "infra/sandbox/server.h"

#include <h2o.h>

struct loop *server_loop(const struct server *server);

/* In the request's pool, so that h2o tells us when the request dies. */
struct request_anchor {
    struct server *server;
    struct request *request; /* NULL once it was answered */
    h2o_req_t *h2o;
};

static inline struct request_anchor *request_anchor(const struct request *request)
{
    return request->handle;
}

/* Ends our side of a request. */
void request_free(struct request *request);
