/*
 * A websocket client (RFC 6455) over infra/http_client's connections, with wslay for the frames: the upgrade,
 * masking, fragments, ping and pong, the close handshake, and on wish one zlib stream over all binary messages,
 * as Discord's gateway speaks it (compress=zlib-stream).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_client;
struct loop;
struct websocket;

/* Longest message that is taken, as sent and inflated; longer ones end the connection. */
enum { WEBSOCKET_MAX_MESSAGE = 64 << 20 };
/* Longest text that is sent: what Discord's gateway takes. */
enum { WEBSOCKET_MAX_SEND = 4096 };

struct websocket_config {
    struct loop *loop;
    struct http_client *client;
    const char *url;         /* ws:// or wss://, with path and query */
    bool zlib_stream;        /* binary messages carry one zlib stream, flushed at the end of each payload */
    int64_t open_timeout_ms; /* for TCP, TLS and the upgrade together */
};

/*
 * All of them come from the loop, never from inside a call to the websocket. Each may call anything,
 * websocket_destroy() included.
 *
 * on_open     the upgrade was accepted.
 * on_message  a whole text message, or a whole inflated payload. bytes are valid until it returns, not
 *             NUL-terminated.
 * on_closed   the end, exactly once, before or after on_open: code is the peer's close code, 0 where none came; why is
 *             in words for the log and may hold the peer's (valid until it returns). Then only websocket_destroy() is
 *             left.
 */
struct websocket_callbacks {
    void (*on_open)(void *arg);
    void (*on_message)(void *arg, const char *bytes, size_t n);
    void (*on_closed)(void *arg, int code, const char *why);
    void *arg;
};

struct websocket *websocket_open(const struct websocket_config *config,
                                 const struct websocket_callbacks *callbacks);
/* Drops the connection, and what is unsent; no callback follows. NULL is accepted. */
void websocket_destroy(struct websocket *ws);

/* Sends a text message. False, and nothing is sent, where it is too long, the websocket not open or too much
 * unsent. */
bool websocket_send(struct websocket *ws, const char *text, size_t n);
/* Sends a close frame, at once if the socket takes it. on_closed follows when the peer has answered, at the
 * latest after two seconds; on_message no more. Without an open connection on_closed comes in the next turn. */
void websocket_close(struct websocket *ws, int code);
