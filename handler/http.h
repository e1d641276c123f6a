/*
 * The HTTP server: requests in, answers out at any later time. http.c is the only file that sees h2o.
 *
 * The server owns the thread: its h2o loop runs everything, our own loop (infra/loop.h) included, which is
 * nested in it. It speaks plain HTTP/1.1; a proxy in front does TLS.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_exchange;
struct http_server;
struct loop;

/* Runs on_request for the requests of that method and exact path (without the query). GET answers HEAD too. */
struct http_route {
    const char *method, *path;
    void (*on_request)(void *arg, struct http_exchange *exchange);
};

struct http_server_config {
    struct loop *loop;
    int listen_fd; /* listening and non-blocking; the server closes it */
    /* Open at once. When reached, new ones wait in the kernel's backlog, and idle ones are closed after timeout_ms. Keep
     * it below the descriptor limit. */
    size_t max_connections;
    size_t max_body; /* a longer one is answered 413 */
    /* Bytes of requests that are not complete, of all connections together: above it those that hold more than their
     * share are cut. */
    size_t max_held;
    /* Limit for the peer to take an answer. A request must be complete within one to two of it. */
    int64_t timeout_ms;
    /* Must live as long as the server. Unknown paths get 404, unknown methods 405. */
    const struct http_route *routes;
    size_t n_routes;
    void *arg; /* of on_request */
};

struct http_server *http_server_create(const struct http_server_config *config);
/* Cuts the connections. Every exchange must be answered. NULL is accepted. */
void http_server_destroy(struct http_server *server);

/* Waits for something to happen and runs what follows from it. */
void http_server_turn(struct http_server *server);
/* Stops listening; requests that are under way are served to their end, idle connections go after a moment. */
void http_server_drain(struct http_server *server);
size_t http_server_connections(const struct http_server *server);

/*
 * An exchange: one request and the answer owed to it. The three below are good until on_request returns.
 */
const char *http_exchange_body(const struct http_exchange *exchange, size_t *len);
/* The first header of that name (lower case), not NUL-terminated; NULL where there is none. */
const char *http_exchange_header(const struct http_exchange *exchange, const char *name, size_t *len);

/* The answer will be the last on its connection. */
void http_exchange_close(struct http_exchange *exchange);

/*
 * Answers, exactly once, from on_request or any later turn; the exchange belongs to the server again. content_type is a
 * constant; the body is copied. on_sent (or NULL) runs once, never from inside this call: sent true when the kernel took
 * the whole answer, false when the client had gone.
 */
void http_respond(struct http_exchange *exchange, int status, const char *content_type, const char *body,
                  size_t len, void (*on_sent)(void *arg, bool sent), void *arg);
