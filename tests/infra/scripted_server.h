/*
 * A server on 127.0.0.1 in the test's own loop. It keeps every request it gets, byte by byte, and answers each
 * with the next answer of its script; or it echoes, for tests of raw connections. With a certificate it speaks
 * TLS and, after scripted_server_offer_h2(), chooses h2 whenever the client knows it.
 */
#pragma once

#include "infra/loop.h"
#include "infra/mem.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

enum { SCRIPTED_MAX = 64 };

struct scripted_request {
    char *head; /* request line and headers, each line with its CRLF, without the empty line */
    struct buffer body;
    int64_t at_ms; /* monotonic */
};

struct scripted_server {
    struct loop *loop;
    int fd;
    struct loop_watch *watch;
    SSL_CTX *tls;
    struct scripted_connection *connections;
    char url[64]; /* "http://127.0.0.1:1234", "https://localhost:1234" with TLS */
    int port;

    /* Set at any time by the test. */
    bool echo;   /* no HTTP: send back what comes, and hang up after a line "quit" */
    bool paused; /* read nothing for now; see scripted_server_resume() */
    const char
        *script[SCRIPTED_MAX]; /* whole answers; "" never answers, NULL hangs up; past the end it is 200 {} */
    size_t n_script;

    /* What happened. */
    struct scripted_request requests[SCRIPTED_MAX];
    size_t n_requests;
    int n_accepted;
    int n_open;
    char alpn[16]; /* what was agreed on in the last handshake, "" without ALPN */
};

/* cert_file and key_file PEM, or NULL for plain TCP. */
void scripted_server_start(struct scripted_server *server, struct loop *loop, const char *cert_file,
                           const char *key_file);
/* Before the first connection. */
void scripted_server_offer_h2(struct scripted_server *server);
void scripted_server_add(struct scripted_server *server, const char *answer);
void scripted_server_resume(struct scripted_server *server);
void scripted_server_stop(struct scripted_server *server);
