/*
 * The other end of websockets, for tests: a server on a loopback port, on the loop of the test itself. It takes
 * connections, reads an HTTP request from each, and then frames; what is answered is the test's to say.
 */
#pragma once

#include "infra/loop.h"
#include "infra/mem.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

enum { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10, FIN = 0x80 };

struct peer;

struct server {
    struct loop *loop;
    int fd;
    int port;
    struct loop_watch *watch;
    struct peer *peers;
    /* The request is complete: answer with peer_accept() or peer_write(). */
    void (*on_request)(struct server *server, struct peer *peer, const char *head);
    void (*on_frame)(struct server *server, struct peer *peer, int opcode, const char *bytes, size_t n);
    void (*on_gone)(struct server *server, struct peer *peer); /* closed from the other side; may be NULL */
};

/* One connection. Dropped by peer_drop() or server_stop(). */
struct peer {
    struct server *server;
    struct peer *next;
    int fd;
    struct loop_watch *watch;
    struct buffer in, out;
    bool upgraded; /* the request was read: frames follow */
    char key[64];
    bool deflating;
    z_stream zlib;
};

static inline void peer_drop(struct peer *peer)
{
    struct peer **place = &peer->server->peers;
    while (*place != peer)
        place = &(*place)->next;
    *place = peer->next;
    loop_unwatch(peer->watch);
    close(peer->fd);
    buffer_finish(&peer->in);
    buffer_finish(&peer->out);
    if (peer->deflating)
        deflateEnd(&peer->zlib);
    free(peer);
}

static inline void peer_flush(struct peer *peer)
{
    while (peer->out.len > 0) {
        const ssize_t n = send(peer->fd, peer->out.data, peer->out.len, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        buffer_consume(&peer->out, (size_t)n);
    }
    loop_watch_set(peer->watch, LOOP_READ | (peer->out.len > 0 ? LOOP_WRITE : 0u));
}

static inline void peer_write(struct peer *peer, const void *bytes, size_t n)
{
    buffer_append(&peer->out, bytes, n);
    peer_flush(peer);
}

static inline void peer_write_string(struct peer *peer, const char *s)
{
    peer_write(peer, s, strlen(s));
}

/* first: opcode, with FIN unless fragments follow. */
static inline void peer_frame(struct peer *peer, int first, const void *bytes, size_t n)
{
    unsigned char head[10] = {(unsigned char)first};
    size_t size = 2;
    if (n < 126) {
        head[1] = (unsigned char)n;
    } else {
        head[1] = n < 65536 ? 126 : 127;
        size = n < 65536 ? 4 : 10;
        for (size_t i = 2; i < size; i++)
            head[i] = (unsigned char)(n >> 8 * (size - 1 - i));
    }
    buffer_append(&peer->out, head, size);
    peer_write(peer, bytes, n); /* together: alone, the payload would wait for the header's ACK */
}

static inline void peer_text(struct peer *peer, const char *text)
{
    peer_frame(peer, FIN | TEXT, text, strlen(text));
}

static inline void peer_close(struct peer *peer, int code, const char *words)
{
    char bytes[125];
    bytes[0] = (char)(code >> 8);
    bytes[1] = (char)code;
    const int n = snprintf(bytes + 2, sizeof(bytes) - 2, "%s", words);
    peer_frame(peer, FIN | CLOSE, bytes, 2 + (size_t)n);
}

/* n bytes as the next part of the connection's zlib stream, flushed. */
static inline void peer_deflate(struct peer *peer, const void *bytes, size_t n, struct buffer *out)
{
    if (!peer->deflating)
        deflateInit(&peer->zlib, Z_BEST_COMPRESSION);
    peer->deflating = true;
    peer->zlib.next_in = (Bytef *)(uintptr_t)bytes;
    peer->zlib.avail_in = (uInt)n;
    do {
        unsigned char chunk[4096];
        peer->zlib.next_out = chunk;
        peer->zlib.avail_out = sizeof(chunk);
        deflate(&peer->zlib, Z_SYNC_FLUSH);
        buffer_append(out, chunk, sizeof(chunk) - peer->zlib.avail_out);
    } while (peer->zlib.avail_out == 0);
}

static inline void peer_zlib(struct peer *peer, const char *text)
{
    struct buffer out = {0};
    peer_deflate(peer, text, strlen(text), &out);
    peer_frame(peer, FIN | BINARY, out.data, out.len);
    buffer_finish(&out);
}

/* Sec-WebSocket-Accept for the peer's key. */
static inline void peer_accept_key(const struct peer *peer, char out[29])
{
    char text[128];
    const int n = snprintf(text, sizeof(text), "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", peer->key);
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1((const unsigned char *)text, (size_t)n, digest);
    EVP_EncodeBlock((unsigned char *)out, digest, sizeof(digest));
}

static inline void peer_accept(struct peer *peer)
{
    char accept[29];
    char answer[256];
    peer_accept_key(peer, accept);
    snprintf(answer, sizeof(answer),
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nconnection: keep-alive, Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n",
             accept);
    peer_write_string(peer, answer);
}

/* A request for a plain HTTP answer, not for a websocket: frames do not follow, the next request may. */
static inline void peer_answer(struct peer *peer, const char *status, const char *json)
{
    struct buffer out = {0};
    buffer_printf(&out, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                  status, strlen(json), json);
    peer->upgraded = false;
    peer_write(peer, out.data, out.len);
    buffer_finish(&out);
}

/* One complete frame from the front of peer->in, unmasked into *payload; false where there is none yet. */
static inline bool peer_next_frame(struct peer *peer, int *opcode, struct buffer *payload)
{
    const unsigned char *const in = (const unsigned char *)peer->in.data;
    if (peer->in.len < 6)
        return false;
    assert((in[0] & 0x80) != 0 && (in[0] & 0x70) == 0); /* never fragmented, no extension */
    assert((in[1] & 0x80) != 0);                        /* a client masks */
    size_t n = in[1] & 0x7f, head = 2;
    assert(n < 127); /* at most 4096 bytes */
    if (n == 126) {
        n = (size_t)in[2] << 8 | in[3];
        head = 4;
    }
    if (peer->in.len < head + 4 + n)
        return false;
    *opcode = in[0] & 0x0f;
    for (size_t i = 0; i < n; i++) {
        const char c = (char)(in[head + 4 + i] ^ in[head + i % 4]);
        buffer_append(payload, &c, 1);
    }
    buffer_consume(&peer->in, head + 4 + n);
    return true;
}

static inline bool server_has(const struct server *server, const struct peer *peer)
{
    const struct peer *p = server->peers;
    while (p != NULL && p != peer)
        p = p->next;
    return p != NULL;
}

/* Takes the request off peer->in and hands it over; false where it is not complete. */
static inline bool peer_next_request(struct peer *peer)
{
    char *const end = peer->in.len > 0 ? strstr(peer->in.data, "\r\n\r\n") : NULL;
    if (end == NULL)
        return false;
    char *const head = mem_strndup(peer->in.data, (size_t)(end - peer->in.data));
    buffer_consume(&peer->in, (size_t)(end - peer->in.data) + 4);
    const char *const key = strstr(head, "Sec-WebSocket-Key: ");
    if (key != NULL)
        snprintf(peer->key, sizeof(peer->key), "%.24s", key + 19);
    peer->upgraded = true;
    peer->server->on_request(peer->server, peer, head);
    free(head);
    return true;
}

static inline void on_peer_ready(void *arg, unsigned events)
{
    struct peer *const peer = arg;
    struct server *const server = peer->server;
    if ((events & LOOP_WRITE) != 0)
        peer_flush(peer);
    char bytes[4096];
    const ssize_t n = recv(peer->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (n > 0)
        buffer_append(&peer->in, bytes, (size_t)n);
    while (server_has(server, peer) && !peer->upgraded && peer_next_request(peer))
        ;
    int opcode;
    struct buffer payload = {0};
    while (server_has(server, peer) && peer->upgraded && peer_next_frame(peer, &opcode, &payload)) {
        buffer_append(&payload, "", 0);
        server->on_frame(server, peer, opcode, payload.data, payload.len);
        payload.len = 0;
    }
    buffer_finish(&payload);
    if (server_has(server, peer) && n == 0) {
        if (server->on_gone != NULL)
            server->on_gone(server, peer);
        peer_drop(peer);
    } else if (server_has(server, peer) && n < 0 && (events & LOOP_WRITE) == 0) {
        peer_drop(peer); /* reset */
    }
}

static inline void on_server_ready(void *arg, unsigned events)
{
    (void)events;
    struct server *const server = arg;
    struct peer *const peer = mem_alloc(sizeof(*peer));
    peer->server = server;
    peer->fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert(peer->fd >= 0);
    peer->next = server->peers;
    server->peers = peer;
    peer->watch = loop_watch(server->loop, peer->fd, LOOP_READ, on_peer_ready, peer);
}

/* The callbacks of *server are the caller's to set. */
static inline void server_start(struct server *server, struct loop *loop)
{
    server->loop = loop;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    if (bind(server->fd, (struct sockaddr *)&address, len) != 0 || listen(server->fd, 16) != 0 ||
        getsockname(server->fd, (struct sockaddr *)&address, &len) != 0)
        abort();
    server->port = ntohs(address.sin_port);
    server->watch = loop_watch(loop, server->fd, LOOP_READ, on_server_ready, server);
}

static inline void server_stop(struct server *server)
{
    while (server->peers != NULL)
        peer_drop(server->peers);
    loop_unwatch(server->watch);
    close(server->fd);
}
