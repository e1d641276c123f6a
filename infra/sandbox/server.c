#include "infra/sandbox/server.h"

#include "infra/config.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/sandbox/journal.h"
#include "infra/sandbox/server_internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

/* Discord documents 25 MiB for a whole request. */
enum { MAX_BODY = 25 * 1024 * 1024 };

struct listener {
    struct server *server;
    h2o_accept_ctx_t accept;
    h2o_socket_t *socket;
};

struct server {
    struct loop *loop;
    h2o_socket_t *loop_socket;
    h2o_globalconf_t config;
    h2o_context_t context;
    struct listener listeners[2];
    size_t n_listeners;
    bool stopping;
    void (*on_request)(void *arg, struct request *request);
    void *arg;
};

struct handler {
    h2o_handler_t super;
    struct server *server;
};

struct loop *server_loop(const struct server *server)
{
    return server->loop;
}

/* Listening ------------------------------------------------------------------------------------------------ */

static void on_accept(h2o_socket_t *socket, const char *error)
{
    struct listener *const listener = socket->data;
    if (error != NULL)
        return;
    h2o_socket_t *const accepted = h2o_evloop_socket_accept(socket);
    if (accepted != NULL)
        h2o_accept(&listener->accept, accepted);
}

static int open_listener(const struct config_address *address)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    if (getaddrinfo(address->host, address->port, &hints, &found) != 0)
        return -1;
    const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
                    bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, 512) != 0)) {
        const int error = errno;
        close(fd);
        freeaddrinfo(found);
        errno = error;
        return -1;
    }
    freeaddrinfo(found);
    return fd;
}

static int port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    socklen_t len = sizeof(address);
    if (getsockname(fd, &address.any, &len) != 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

int server_listen(struct server *server, const struct config_address *address, SSL_CTX *tls)
{
    const int fd = open_listener(address);
    if (fd < 0) {
        log_error("listen_failed", "address=%s port=%s error=%s", address->host, address->port,
                  log_quote(strerror(errno)));
        return 0;
    }
    struct listener *const listener = &server->listeners[server->n_listeners++];
    listener->server = server;
    listener->accept =
        (h2o_accept_ctx_t){.ctx = &server->context, .hosts = server->config.hosts, .ssl_ctx = tls};
    if (tls != NULL)
        h2o_ssl_register_alpn_protocols(tls, h2o_http2_alpn_protocols);
    listener->socket = h2o_evloop_socket_create(server->context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    listener->socket->data = listener;
    h2o_socket_read_start(listener->socket, on_accept);
    return port_of(fd);
}

/* Requests ------------------------------------------------------------------------------------------------- */

static void on_request_dies(void *memory)
{
    struct request_anchor *const anchor = memory;
    if (anchor->request == NULL)
        return;
    anchor->request->handle = NULL;
    anchor->request->body = NULL;
    anchor->request->body_len = 0;
}

static int on_h2o_request(h2o_handler_t *super, h2o_req_t *h2o)
{
    struct server *const server = ((struct handler *)super)->server;
    struct request *const request = mem_alloc(sizeof(*request));
    struct request_anchor *const anchor = h2o_mem_alloc_shared(&h2o->pool, sizeof(*anchor), on_request_dies);
    *anchor = (struct request_anchor){.server = server, .request = request, .h2o = h2o};

    const bool has_query = h2o->query_at != SIZE_MAX;
    const size_t path_len = has_query ? h2o->query_at : h2o->path.len;
    request->handle = anchor;
    request->method = mem_strndup(h2o->method.base, h2o->method.len);
    request->path = mem_strndup(h2o->path.base, path_len);
    request->query =
        has_query ? mem_strndup(h2o->path.base + path_len + 1, h2o->path.len - path_len - 1) : mem_strdup("");
    request->body = h2o->entity.base;
    request->body_len = h2o->entity.len;
    request->tls = h2o->scheme == &H2O_URL_SCHEME_HTTPS;
    server->on_request(server->arg, request);
    return 0;
}

bool request_is_gone(const struct request *request)
{
    return request->handle == NULL;
}

char *request_header(const struct request *request, const char *name)
{
    if (request_is_gone(request))
        return NULL;
    const h2o_headers_t *const headers = &request_anchor(request)->h2o->headers;
    for (size_t i = 0; i < headers->size; i++) {
        const h2o_iovec_t *const known = headers->entries[i].name;
        if (known->len == strlen(name) && strncasecmp(known->base, name, known->len) == 0)
            return mem_strndup(headers->entries[i].value.base, headers->entries[i].value.len);
    }
    return NULL;
}

cJSON *request_headers(const struct request *request)
{
    cJSON *const object = cJSON_CreateObject();
    if (request_is_gone(request))
        return object;
    const h2o_headers_t *const headers = &request_anchor(request)->h2o->headers;
    for (size_t i = 0; i < headers->size; i++) {
        char *const name = mem_strndup(headers->entries[i].name->base, headers->entries[i].name->len);
        char *const value = mem_strndup(headers->entries[i].value.base, headers->entries[i].value.len);
        cJSON_AddStringToObject(object, name, value);
        free(name);
        free(value);
    }
    return object;
}

char *request_parameter(const struct request *request, const char *name)
{
    const size_t name_len = strlen(name);
    for (const char *at = request->query; *at != '\0';) {
        const size_t len = strcspn(at, "&");
        if (len > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=')
            return mem_strndup(at + name_len + 1, len - name_len - 1);
        at += len + (at[len] == '&' ? 1 : 0);
    }
    return NULL;
}

/* Answers -------------------------------------------------------------------------------------------------- */

void request_free(struct request *request)
{
    if (request->handle != NULL)
        request_anchor(request)->request = NULL;
    cJSON_Delete(request->extra_headers);
    free((void *)(uintptr_t)request->method);
    free((void *)(uintptr_t)request->path);
    free((void *)(uintptr_t)request->query);
    free(request);
}

void request_add_header(struct request *request, const char *name, const char *value)
{
    if (request->extra_headers == NULL)
        request->extra_headers = cJSON_CreateObject();
    cJSON_AddStringToObject(request->extra_headers, name, value);
}

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 204:
        return "No Content";
    case 429:
        return "Too Many Requests";
    default:
        return status < 400 ? "OK" : status < 500 ? "Client Error" : "Server Error";
    }
}

void request_answer(struct request *request, int status, const char *content_type, const void *body, size_t len)
{
    if (request->entry != NULL)
        journal_note_status(request->entry, status);
    if (request_is_gone(request)) {
        request_free(request);
        return;
    }
    h2o_req_t *const h2o = request_anchor(request)->h2o;
    h2o->res.status = status;
    h2o->res.reason = reason_of(status);
    if (content_type != NULL) {
        const h2o_iovec_t type = h2o_strdup(&h2o->pool, content_type, SIZE_MAX);
        h2o_add_header(&h2o->pool, &h2o->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, type.base, type.len);
    }
    const cJSON *header;
    cJSON_ArrayForEach (header, request->extra_headers) {
        const h2o_iovec_t name = h2o_strdup(&h2o->pool, header->string, SIZE_MAX);
        const h2o_iovec_t value = h2o_strdup(&h2o->pool, header->valuestring, SIZE_MAX);
        h2o_strtolower(name.base, name.len);
        h2o_add_header_by_str(&h2o->pool, &h2o->res.headers, name.base, name.len, 1, NULL, value.base,
                              value.len);
    }
    request_free(request);
    h2o_timestamp_t now;
    h2o_get_timestamp(h2o->conn->ctx, &h2o->pool, &now);
    h2o_add_header(&h2o->pool, &h2o->res.headers, H2O_TOKEN_DATE, NULL, now.str->rfc1123,
                   H2O_TIMESTR_RFC1123_LEN);
    h2o->res.content_length = len;
    h2o_send_inline(h2o, len > 0 ? body : "", len);
}

void request_answer_json(struct request *request, int status, cJSON *takes)
{
    char *const text = cJSON_PrintUnformatted(takes);
    cJSON_Delete(takes);
    request_answer(request, status, "application/json", text, strlen(text));
    free(text);
}

/* The server ----------------------------------------------------------------------------------------------- */

/* Our loop is one descriptor in h2o's. h2o closes what it watches, so it gets a duplicate. */
static void on_loop_ready(h2o_socket_t *socket, const char *error)
{
    const struct server *const server = socket->data;
    if (error == NULL)
        loop_turn(server->loop, 0);
}

static void watch_loop(struct server *server)
{
    const int fd = dup(loop_fd(server->loop));
    server->loop_socket = h2o_evloop_socket_create(server->context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    server->loop_socket->data = server;
    h2o_socket_read_start(server->loop_socket, on_loop_ready);
}

struct server *server_create(struct loop *loop, void (*on_request)(void *arg, struct request *request),
                             void *arg)
{
    struct server *const server = mem_alloc(sizeof(*server));
    server->loop = loop;
    server->on_request = on_request;
    server->arg = arg;

    h2o_config_init(&server->config);
    server->config.max_request_entity_size = MAX_BODY;
    server->config.http1.upgrade_to_http2 = 0;
    server->config.server_name = h2o_iovec_init(H2O_STRLIT("sandbox"));
    h2o_hostconf_t *const host =
        h2o_config_register_host(&server->config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_pathconf_t *const path = h2o_config_register_path(host, "/", 0);
    struct handler *const handler = (struct handler *)h2o_create_handler(path, sizeof(*handler));
    handler->super.on_req = on_h2o_request;
    handler->server = server;

    h2o_context_init(&server->context, h2o_evloop_create(), &server->config);
    watch_loop(server);
    return server;
}

void server_run(struct server *server)
{
    while (!server->stopping)
        h2o_evloop_run(server->context.loop, INT32_MAX); /* -1 after a signal is no end */
}

void server_stop(struct server *server)
{
    server->stopping = true;
}
