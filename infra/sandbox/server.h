/*
 * The web server: HTTP/1.1 and HTTP/2 on a plain and on a TLS address, and websockets. The only door to h2o,
 * together with websocket.c. One thread; infra/loop runs inside h2o's own loop.
 */
#pragma once

#include <cJSON.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct config_address;
struct loop;
struct server;

/* Strings live as long as the request. body is gone once request_is_gone(). */
struct request {
    const char *method;
    const char *path;  /* without the query */
    const char *query; /* without "?", "" where there is none */
    const char *body;  /* not NUL-terminated */
    size_t body_len;
    bool tls;
    struct journal_entry *entry; /* where its status is noted when it is answered, or NULL */
    void *handle;                /* h2o's, NULL once the client has gone */
    cJSON *extra_headers;        /* of the answer */
};

/* on_request takes each request over: request_answer() or request_upgrade() must follow once, then or later. */
struct server *server_create(struct loop *loop, void (*on_request)(void *arg, struct request *request),
                             void *arg);
/* Listens; SSL_CTX may be NULL for plain. The port that it got, or 0 after an error (logged). */
int server_listen(struct server *server, const struct config_address *address, SSL_CTX *tls);
void server_run(struct server *server);
/* Makes server_run return soon. */
void server_stop(struct server *server);

/* True when nobody waits for the answer any more: an answer is then only freed. */
bool request_is_gone(const struct request *request);
/* A header of the request, or NULL. The caller frees. */
char *request_header(const struct request *request, const char *name);
/* All headers, names in lower case. The caller frees with cJSON_Delete(). */
cJSON *request_headers(const struct request *request);
/* A parameter of the query as it stands, not unescaped, or NULL. The caller frees. */
char *request_parameter(const struct request *request, const char *name);

/* For the answer that follows. */
void request_add_header(struct request *request, const char *name, const char *value);
/* Answers and frees the request. content_type NULL: no body. */
void request_answer(struct request *request, int status, const char *content_type, const void *body,
                    size_t len);
/* The same with JSON, which is freed too. */
void request_answer_json(struct request *request, int status, cJSON *takes);

/* Websockets ----------------------------------------------------------------------------------------------- */

struct websocket;

/*
 * on_message gets each text or binary message. on_close comes once, at the end, unless websocket_drop() was the
 * end: code is the peer's close code, 1005 where it sent none, 1006 where the connection just ended. The
 * websocket is dead then. No callback runs inside a call to the websocket.
 */
struct websocket_callbacks {
    void (*on_message)(void *arg, const char *bytes, size_t n);
    void (*on_close)(void *arg, int code);
    void *arg;
};

/* True where the request asks for a websocket in a form that can be granted. */
bool request_wants_websocket(const struct request *request);
/* Grants it and frees the request. Messages longer than max_message end the connection with 1009. */
struct websocket *request_upgrade(struct request *request, size_t max_message);
void websocket_set_callbacks(struct websocket *websocket, const struct websocket_callbacks *callbacks);
void websocket_send(struct websocket *websocket, bool binary, const void *bytes, size_t n);
/* Sends a close frame; on_close follows when the peer answers it, or after two seconds. */
void websocket_close(struct websocket *websocket, int code, const char *reason);
/* Ends the TCP connection without a close frame. No callback follows; not to be called from on_message. */
void websocket_drop(struct websocket *websocket);
