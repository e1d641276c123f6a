#include "tests/infra/scripted_server.h"

#include "infra/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct scripted_connection {
    struct scripted_server *server;
    int fd;
    struct loop_watch *watch;
    SSL *tls; /* NULL: plain */
    bool established;
    bool hang_up; /* once all is sent */
    struct buffer in;
    struct buffer out;
    struct scripted_connection *next;
};

static void require(bool good, const char *what)
{
    if (!good) {
        perror(what);
        abort();
    }
}

static void drop(struct scripted_connection *connection)
{
    struct scripted_connection **link = &connection->server->connections;
    while (*link != connection)
        link = &(*link)->next;
    *link = connection->next;
    connection->server->n_open--;
    loop_unwatch(connection->watch);
    SSL_free(connection->tls);
    close(connection->fd);
    buffer_finish(&connection->in);
    buffer_finish(&connection->out);
    free(connection);
}

/* Bytes moved, 0: none now, -1: over. */
static ssize_t outcome(const struct scripted_connection *connection, ssize_t n)
{
    if (n > 0)
        return n;
    if (connection->tls == NULL)
        return n < 0 && errno == EAGAIN ? 0 : -1;
    const int error = SSL_get_error(connection->tls, (int)n);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static ssize_t receive(struct scripted_connection *connection, char *bytes, size_t n)
{
    return outcome(connection, connection->tls == NULL ? recv(connection->fd, bytes, n, 0)
                                                       : SSL_read(connection->tls, bytes, (int)n));
}

static ssize_t transmit(struct scripted_connection *connection, const char *bytes, size_t n)
{
    return outcome(connection, connection->tls == NULL ? send(connection->fd, bytes, n, MSG_NOSIGNAL)
                                                       : SSL_write(connection->tls, bytes, (int)n));
}

/* Puts in the Content-Length where the script left it out. */
static void answer_with(struct scripted_connection *connection, const char *answer)
{
    const char *const end = answer != NULL ? strstr(answer, "\r\n\r\n") : NULL;
    connection->hang_up = answer == NULL || strstr(answer, "Connection: close") != NULL;
    if (end == NULL)
        return;
    buffer_append(&connection->out, answer, (size_t)(end - answer));
    if (strstr(answer, "Content-Length:") == NULL && strstr(answer, "Transfer-Encoding:") == NULL &&
        strstr(answer, " 204 ") == NULL)
        buffer_printf(&connection->out, "\r\nContent-Length: %zu", strlen(end + 4));
    buffer_append_string(&connection->out, end);
}

/* True while there may be more. */
static bool take_request(struct scripted_connection *connection)
{
    struct scripted_server *const server = connection->server;
    struct buffer *const in = &connection->in;
    const char *const end = in->len > 0 ? strstr(in->data, "\r\n\r\n") : NULL;
    if (end == NULL)
        return false;
    const size_t head_len = (size_t)(end - in->data) + 2;
    const char *const length = strcasestr(in->data, "\r\nContent-Length:");
    const size_t body_len = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
    if (in->len < head_len + 2 + body_len)
        return false;

    require(server->n_requests < SCRIPTED_MAX, "too many requests");
    const size_t i = server->n_requests++;
    struct scripted_request *const request = &server->requests[i];
    request->head = mem_strndup(in->data, head_len);
    buffer_append(&request->body, in->data + head_len + 2, body_len);
    request->at_ms = clock_monotonic_ms();
    buffer_consume(in, head_len + 2 + body_len);

    answer_with(connection, i < server->n_script ? server->script[i] : "HTTP/1.1 200 OK\r\n\r\n{}");
    return true;
}

static void echo(struct scripted_connection *connection)
{
    struct buffer *const in = &connection->in;
    connection->hang_up = in->len > 0 && strstr(in->data, "quit\n") != NULL;
    buffer_append(&connection->out, in->data != NULL ? in->data : "", in->len);
    buffer_consume(in, in->len);
}

static bool shake_hands(struct scripted_connection *connection)
{
    if (connection->tls != NULL) {
        const ssize_t n = outcome(connection, SSL_accept(connection->tls));
        if (n == 0)
            return true;
        if (n < 0)
            return false;
        const unsigned char *name;
        unsigned len;
        SSL_get0_alpn_selected(connection->tls, &name, &len);
        snprintf(connection->server->alpn, sizeof(connection->server->alpn), "%.*s", (int)len,
                 (const char *)name);
    }
    connection->established = true;
    return true;
}

/* False when the connection is over. */
static bool serve(struct scripted_connection *connection)
{
    ERR_clear_error(); /* of the client, which shares this thread */
    if (!connection->established && !shake_hands(connection))
        return false;
    if (!connection->established)
        return true;
    char bytes[16384];
    ssize_t n;
    while ((n = receive(connection, bytes, sizeof(bytes))) > 0)
        buffer_append(&connection->in, bytes, (size_t)n);
    const bool over = n < 0;
    if (connection->server->echo)
        echo(connection);
    else
        while (take_request(connection))
            ;
    while (connection->out.len > 0 && (n = transmit(connection, connection->out.data, connection->out.len)) > 0)
        buffer_consume(&connection->out, (size_t)n);
    loop_watch_set(connection->watch, connection->out.len > 0 ? LOOP_READ | LOOP_WRITE : LOOP_READ);
    return n >= 0 && !over && !(connection->hang_up && connection->out.len == 0);
}

static void on_connection(void *arg, unsigned events)
{
    (void)events;
    struct scripted_connection *const connection = arg;
    if (connection->server->paused)
        loop_watch_set(connection->watch, 0);
    else if (!serve(connection))
        drop(connection);
}

static void on_accept(void *arg, unsigned events)
{
    (void)events;
    struct scripted_server *const server = arg;
    const int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    require(fd >= 0, "accept");
    struct scripted_connection *const connection = mem_alloc(sizeof(*connection));
    connection->server = server;
    connection->fd = fd;
    if (server->tls != NULL) {
        connection->tls = SSL_new(server->tls);
        SSL_set_fd(connection->tls, fd);
    }
    connection->watch = loop_watch(server->loop, fd, LOOP_READ, on_connection, connection);
    connection->next = server->connections;
    server->connections = connection;
    server->n_accepted++;
    server->n_open++;
}

/* h2 if it is offered, else http/1.1: what Discord's servers do. */
static int choose_protocol(SSL *tls, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned n, void *arg)
{
    (void)tls;
    (void)arg;
    static const unsigned char wanted[] = "\x02h2\x08http/1.1";
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, out_len, wanted, sizeof(wanted) - 1, offered, n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

void scripted_server_start(struct scripted_server *server, struct loop *loop, const char *cert_file,
                           const char *key_file)
{
    *server = (struct scripted_server){.loop = loop};
    if (cert_file != NULL) {
        server->tls = SSL_CTX_new(TLS_server_method());
        require(SSL_CTX_use_certificate_file(server->tls, cert_file, SSL_FILETYPE_PEM) == 1, cert_file);
        require(SSL_CTX_use_PrivateKey_file(server->tls, key_file, SSL_FILETYPE_PEM) == 1, key_file);
        SSL_CTX_set_mode(server->tls, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
    }
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    require(bind(server->fd, (struct sockaddr *)&address, len) == 0 && listen(server->fd, 128) == 0 &&
                getsockname(server->fd, (struct sockaddr *)&address, &len) == 0,
            "listen");
    server->port = ntohs(address.sin_port);
    snprintf(server->url, sizeof(server->url), "%s:%d",
             cert_file != NULL ? "https://localhost" : "http://127.0.0.1", server->port);
    server->watch = loop_watch(loop, server->fd, LOOP_READ, on_accept, server);
}

void scripted_server_offer_h2(struct scripted_server *server)
{
    SSL_CTX_set_alpn_select_cb(server->tls, choose_protocol, NULL);
}

void scripted_server_add(struct scripted_server *server, const char *answer)
{
    require(server->n_script < SCRIPTED_MAX, "script too long");
    server->script[server->n_script++] = answer;
}

void scripted_server_resume(struct scripted_server *server)
{
    server->paused = false;
    for (struct scripted_connection *c = server->connections; c != NULL; c = c->next)
        loop_watch_set(c->watch, LOOP_READ | LOOP_WRITE);
}

void scripted_server_stop(struct scripted_server *server)
{
    while (server->connections != NULL)
        drop(server->connections);
    loop_unwatch(server->watch);
    close(server->fd);
    SSL_CTX_free(server->tls);
    for (size_t i = 0; i < server->n_requests; i++) {
        free(server->requests[i].head);
        buffer_finish(&server->requests[i].body);
    }
}
