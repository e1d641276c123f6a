#include "handler/http.h"

#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <h2o.h>
#include <h2o/http1.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

enum {
    ACCEPT_PAUSE_MS = 200,    /* out of descriptors */
    MAX_IDLE_MS = 180000,     /* more than usual proxies keep a connection */
    DRAIN_IDLE_MS = 500,      /* for a request that is on its way while we stop */
    DRAIN_REQUEST_MS = 3000,  /* for the rest of one that has begun: Discord waits no longer for its answer */
    H2O_TIMEOUT_MS = 3600000, /* h2o follows the wall clock: our loop times connections instead */
    MAX_ACCEPTS = 8,          /* in one turn */
    LOOKS = 50,               /* checks of the held bytes per timeout_ms; */
    CLOSE_LOOKS = 400,        /* and while they exceed a quarter of max_held */
    UNREAD = 64 * 1024,       /* bytes that the kernel keeps of a connection: what one turn may read of each */
};

struct connection {
    struct http_server *server;
    h2o_socket_t *socket;
    struct loop_timer *timer; /* runs while we wait for the peer: for a request, or to take an answer */
    int64_t idle_ms;          /* without any byte of a request */
    bool begun;               /* a request had begun when the timer last ran */
    struct connection *prev, *next;
};

struct http_server {
    struct http_server_config config;
    h2o_globalconf_t h2o_config;
    h2o_context_t context;
    h2o_accept_ctx_t accept_context;
    h2o_socket_t *listener; /* NULL once draining */
    h2o_socket_t *nested;   /* a duplicate of our loop's descriptor */
    struct loop_timer *accept_again;
    struct loop_timer *look; /* while there are so many connections that they could hold too much */
    struct connection *connections;
    size_t n_connections;
};

/* WAITING for http_respond, then SENDING, then SENT. */
enum exchange_state { WAITING, SENDING, SENT };

struct http_exchange {
    h2o_generator_t generator;
    struct http_server *server;
    h2o_req_t *request;
    enum exchange_state state;
    void (*on_sent)(void *arg, bool sent);
    void *arg;
};

/* What h2o's configuration hangs on a path. */
struct h2o_door {
    h2o_handler_t super;
    struct http_server *server;
};

/* Connections ---------------------------------------------------------------------------------------------- */

static void on_acceptable(h2o_socket_t *listener, const char *error);

static bool is_draining(const struct http_server *server)
{
    return server->listener == NULL;
}

static bool is_full(const struct http_server *server)
{
    return server->n_connections >= server->config.max_connections;
}

/* Proxies reuse idle connections. Close late, so that a reused one does not race with our close; not when all places are
 * taken. */
static bool may_wait_longer(struct connection *connection)
{
    if (h2o_socket_is_writing(connection->socket) || is_draining(connection->server))
        return false;
    if (connection->socket->input->size == 0) {
        connection->idle_ms += connection->server->config.timeout_ms;
        return connection->idle_ms < MAX_IDLE_MS && !is_full(connection->server);
    }
    const bool first_time = !connection->begun;
    connection->begun = true;
    return first_time;
}

static void cut(const struct connection *connection)
{
    shutdown(h2o_socket_get_fd(connection->socket), SHUT_RDWR); /* wakes h2o, which closes it */
}

static void on_connection_time(void *arg)
{
    struct connection *const connection = arg;
    struct http_server *const server = connection->server;
    connection->timer = NULL;
    if (may_wait_longer(connection))
        connection->timer =
            loop_after(server->config.loop, server->config.timeout_ms, on_connection_time, connection);
    else
        cut(connection);
}

static void start_waiting(struct connection *connection, int64_t ms)
{
    loop_cancel(connection->timer);
    connection->timer = loop_after(connection->server->config.loop, ms, on_connection_time, connection);
    connection->idle_ms = 0;
    connection->begun = false;
}

static void stop_waiting(struct connection *connection)
{
    loop_cancel(connection->timer);
    connection->timer = NULL;
}

static void listen_again(struct http_server *server)
{
    if (!is_draining(server) && server->accept_again == NULL && !h2o_socket_is_reading(server->listener) &&
        !is_full(server))
        h2o_socket_read_start(server->listener, on_acceptable);
}

static void on_accept_again(void *arg)
{
    struct http_server *const server = arg;
    server->accept_again = NULL;
    listen_again(server);
}

static void on_connection_closed(void *arg)
{
    struct connection *const connection = arg;
    struct http_server *const server = connection->server;
    loop_cancel(connection->timer);
    DL_DELETE(server->connections, connection);
    free(connection);
    server->n_connections--;
    listen_again(server);
}

/* Of a request that is not complete; h2o's buffers double. */
static size_t held_by(const struct connection *connection)
{
    const h2o_buffer_t *const input = connection->socket->input;
    return connection->timer != NULL && input->size > 0 ? input->capacity : 0;
}

static void on_look_time(void *arg);

static void look_later(struct http_server *server, size_t held)
{
    const int looks = held > server->config.max_held / 4 ? CLOSE_LOOKS : LOOKS;
    server->look = loop_after(server->config.loop, server->config.timeout_ms / looks, on_look_time, server);
}

static bool could_hold_too_much(const struct http_server *server)
{
    return server->n_connections > server->config.max_held / (2 * server->config.max_body);
}

/* Slow requests are few and short where nobody means harm. */
static void cut_those_with_most(struct http_server *server, size_t held)
{
    size_t n = 0;
    for (const struct connection *c = server->connections; c != NULL; c = c->next) {
        if (held_by(c) > server->config.max_held / server->n_connections) {
            cut(c);
            n++;
        }
    }
    log_warn("requests_cut", "bytes=%zu cut=%zu connections=%zu", held, n, server->n_connections);
}

static void on_look_time(void *arg)
{
    struct http_server *const server = arg;
    server->look = NULL;
    size_t held = 0;
    for (const struct connection *c = server->connections; c != NULL; c = c->next)
        held += held_by(c);
    if (held > server->config.max_held)
        cut_those_with_most(server, held);
    if (could_hold_too_much(server))
        look_later(server, held);
}

static bool accept_one(struct http_server *server)
{
    h2o_socket_t *const socket = h2o_evloop_socket_accept(server->listener);
    if (socket == NULL)
        return false;
    struct connection *const connection = mem_alloc(sizeof(*connection));
    connection->server = server;
    connection->socket = socket;
    DL_PREPEND(server->connections, connection);
    server->n_connections++;
    socket->on_close.cb = on_connection_closed;
    socket->on_close.data = connection;
    start_waiting(connection, server->config.timeout_ms);
    if (server->look == NULL && could_hold_too_much(server))
        look_later(server, 0);
    h2o_accept(&server->accept_context, socket);
    return true;
}

static void pause_accepting(struct http_server *server)
{
    log_warn("accept_paused", "error=%s connections=%zu", log_quote(strerror(errno)), server->n_connections);
    h2o_socket_read_stop(server->listener);
    server->accept_again = loop_after(server->config.loop, ACCEPT_PAUSE_MS, on_accept_again, server);
}

/* A few a turn: the workers share the listening socket, and what one leaves another takes. */
static void on_acceptable(h2o_socket_t *listener, const char *error)
{
    (void)error;
    struct http_server *const server = listener->data;
    for (int i = 0; i < MAX_ACCEPTS; i++) {
        if (is_full(server)) {
            h2o_socket_read_stop(listener);
            return;
        }
        if (!accept_one(server)) {
            /* Out of descriptors the socket stays readable, and would wake us without end. */
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                pause_accepting(server);
            return;
        }
    }
}

/* Exchanges ------------------------------------------------------------------------------------------------ */

static struct connection *connection_of(const h2o_req_t *request)
{
    return request->conn->callbacks->get_socket(request->conn)->on_close.data;
}

/* h2o gives up the request: it was answered, or its connection broke. */
static void on_request_disposed(void *anchor)
{
    struct http_exchange *const exchange = *(struct http_exchange **)anchor;
    struct connection *const connection = connection_of(exchange->request);
    if (exchange->state == WAITING)
        abort(); /* h2o neither reads nor times a connection while we work: an answer shows that the peer has gone */
    start_waiting(connection, connection->server->config.timeout_ms);
    if (exchange->on_sent != NULL)
        exchange->on_sent(exchange->arg, exchange->state == SENT);
    free(exchange);
}

/* All that was sent so far is with the kernel. After a failed write h2o closes instead, without this call. */
static void on_proceed(h2o_generator_t *generator, h2o_req_t *request)
{
    struct http_exchange *const exchange = H2O_STRUCT_FROM_MEMBER(struct http_exchange, generator, generator);
    exchange->state = SENT;
    h2o_send(request, NULL, 0, H2O_SEND_STATE_FINAL);
}

void http_exchange_close(struct http_exchange *exchange)
{
    exchange->request->http1_is_persistent = 0;
}

void http_respond(struct http_exchange *exchange, int status, const char *content_type, const char *body,
                  size_t len, void (*on_sent)(void *arg, bool sent), void *arg)
{
    h2o_req_t *const request = exchange->request;
    exchange->on_sent = on_sent;
    exchange->arg = arg;
    exchange->state = SENDING;
    start_waiting(connection_of(request), exchange->server->config.timeout_ms);
    if (is_draining(exchange->server))
        http_exchange_close(exchange);
    request->res.status = status;
    request->res.reason = status < 400 ? "OK" : "Refused";
    request->res.content_length = len;
    h2o_add_header(&request->pool, &request->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, content_type,
                   strlen(content_type));
    h2o_start_response(request, &exchange->generator);
    h2o_iovec_t bytes = h2o_strdup(&request->pool, body, len);
    const bool head = h2o_memis(request->method.base, request->method.len, H2O_STRLIT("HEAD"));
    h2o_send(request, &bytes, head ? 0 : 1, H2O_SEND_STATE_IN_PROGRESS);
}

static void respond_error(struct http_exchange *exchange, int status, const char *words)
{
    http_respond(exchange, status, "text/plain; charset=utf-8", words, strlen(words), NULL, NULL);
}

static bool method_is(const h2o_req_t *request, const char *method)
{
    return h2o_memis(request->method.base, request->method.len, method, strlen(method)) ||
           (strcmp(method, "GET") == 0 &&
            h2o_memis(request->method.base, request->method.len, H2O_STRLIT("HEAD")));
}

static int on_request(h2o_handler_t *handler, h2o_req_t *request)
{
    struct http_server *const server = H2O_STRUCT_FROM_MEMBER(struct h2o_door, super, handler)->server;
    struct http_exchange *const exchange = mem_alloc(sizeof(*exchange));
    exchange->server = server;
    exchange->request = request;
    exchange->generator.proceed = on_proceed;
    struct http_exchange **const anchor =
        h2o_mem_alloc_shared(&request->pool, sizeof(*anchor), on_request_disposed);
    *anchor = exchange;
    stop_waiting(connection_of(request));

    const struct http_route *known = NULL;
    for (size_t i = 0; i < server->config.n_routes; i++) {
        const struct http_route *const route = &server->config.routes[i];
        if (!h2o_memis(request->path_normalized.base, request->path_normalized.len, route->path,
                       strlen(route->path)))
            continue;
        known = route;
        if (method_is(request, route->method)) {
            route->on_request(server->config.arg, exchange);
            return 0;
        }
    }
    if (known == NULL) {
        respond_error(exchange, 404, "There is nothing here.\n");
    } else {
        h2o_add_header(&request->pool, &request->res.headers, H2O_TOKEN_ALLOW, NULL, known->method,
                       strlen(known->method));
        respond_error(exchange, 405, "Not with this method.\n");
    }
    return 0;
}

const char *http_exchange_body(const struct http_exchange *exchange, size_t *len)
{
    const h2o_iovec_t body = exchange->request->entity;
    *len = body.len;
    return body.base != NULL ? body.base : "";
}

const char *http_exchange_header(const struct http_exchange *exchange, const char *name, size_t *len)
{
    const h2o_headers_t *const headers = &exchange->request->headers;
    const ssize_t i = h2o_find_header_by_str(headers, name, strlen(name), -1);
    *len = i < 0 ? 0 : headers->entries[i].value.len;
    return i < 0 ? NULL : headers->entries[i].value.base;
}

/* The server ----------------------------------------------------------------------------------------------- */

static void on_nested_ready(h2o_socket_t *socket, const char *error)
{
    (void)error;
    loop_turn(socket->data, 0);
}

static void configure_h2o(struct http_server *server)
{
    h2o_globalconf_t *const config = &server->h2o_config;
    h2o_config_init(config);
    config->max_request_entity_size = server->config.max_body;
    config->http1.req_timeout = H2O_TIMEOUT_MS;
    config->http1.upgrade_to_http2 = 0;
    config->server_name = (h2o_iovec_t){NULL, 0};
    h2o_hostconf_t *const host = h2o_config_register_host(config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_pathconf_t *const path = h2o_config_register_path(host, "/", 0);
    h2o_handler_t *const handler = h2o_create_handler(path, sizeof(struct h2o_door));
    handler->on_req = on_request;
    H2O_STRUCT_FROM_MEMBER(struct h2o_door, super, handler)->server = server;
}

struct http_server *http_server_create(const struct http_server_config *config)
{
    struct http_server *const server = mem_alloc(sizeof(*server));
    server->config = *config;
    const int unread = UNREAD;
    setsockopt(config->listen_fd, SOL_SOCKET, SO_RCVBUF, &unread,
               sizeof(unread)); /* handed on to connections */
    configure_h2o(server);
    h2o_context_init(&server->context, h2o_evloop_create(), &server->h2o_config);
    server->accept_context.ctx = &server->context;
    server->accept_context.hosts = server->h2o_config.hosts;

    /* h2o closes what it watches. */
    const int nested_fd = fcntl(loop_fd(config->loop), F_DUPFD_CLOEXEC, 0);
    if (nested_fd < 0)
        abort(); /* no descriptors at start: nothing can run */
    server->nested = h2o_evloop_socket_create(server->context.loop, nested_fd, H2O_SOCKET_FLAG_DONT_READ);
    server->nested->data = config->loop;
    h2o_socket_read_start(server->nested, on_nested_ready);

    server->listener =
        h2o_evloop_socket_create(server->context.loop, config->listen_fd, H2O_SOCKET_FLAG_DONT_READ);
    server->listener->data = server;
    listen_again(server);
    return server;
}

void http_server_turn(struct http_server *server)
{
    /* -1 is mostly a signal, which is no end. */
    if (h2o_evloop_run(server->context.loop, INT32_MAX) != 0 && errno != EINTR) {
        log_error("loop_failed", "error=%s", log_quote(strerror(errno)));
        abort();
    }
}

size_t http_server_connections(const struct http_server *server)
{
    return server->n_connections;
}

void http_server_drain(struct http_server *server)
{
    if (is_draining(server))
        return;
    /* Who is in the kernel's queue was already told that somebody listens. */
    while (server->n_connections < server->config.max_connections && accept_one(server))
        ;
    loop_cancel(server->accept_again);
    server->accept_again = NULL;
    h2o_socket_close(server->listener);
    server->listener = NULL;
    server->context.shutdown_requested = 1; /* requests from now on are answered with "Connection: close" */
    for (struct connection *c = server->connections; c != NULL; c = c->next) {
        if (c->timer != NULL && !h2o_socket_is_writing(c->socket))
            start_waiting(c, c->socket->input->size == 0 ? DRAIN_IDLE_MS : DRAIN_REQUEST_MS);
    }
}

void http_server_destroy(struct http_server *server)
{
    if (server == NULL)
        return;
    http_server_drain(server);
    for (struct connection *c = server->connections; c != NULL; c = c->next)
        cut(c);
    while (server->n_connections > 0)
        http_server_turn(server);
    loop_cancel(server->look);
    h2o_socket_close(server->nested);
    h2o_evloop_t *const evloop = server->context.loop;
    h2o_context_dispose(&server->context);
    h2o_evloop_run(evloop, 0); /* frees the closed sockets */
    h2o_config_dispose(&server->h2o_config);
    h2o_evloop_destroy(evloop);
    free(server);
}
