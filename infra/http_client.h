/*
 * HTTP requests and raw TLS connections through libcurl on the loop: the only door to curl. Certificates are
 * always verified, names are resolved off the loop, connections are kept and shared by all requests of one
 * client.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct loop;
struct http_client;
struct http_call;
struct http_socket;

struct http_client_config {
    const char *ca_file;    /* PEM; NULL: the system's */
    const char *user_agent; /* copied */
    long max_connections;   /* at once, to all hosts; 0: curl's default */
};

/* The program has to ignore SIGPIPE: OpenSSL writes without MSG_NOSIGNAL. */
struct http_client *http_client_create(struct loop *loop, const struct http_client_config *config);
/* Every call and socket must be over or cancelled; not from inside a callback. NULL is accepted. */
void http_client_destroy(struct http_client *client);

/* Requests ------------------------------------------------------------------------------------------------- */

/* One part of a multipart/form-data body. Without filename it is an ordinary field. */
struct http_part {
    const char *name;
    const char *filename; /* or NULL */
    const char *content_type;
    const void *data;
    size_t len;
};

struct http_request {
    const char *method;         /* "GET", "POST", "PUT", "PATCH", "DELETE" */
    const char *url;            /* http or https */
    const char *const *headers; /* "Name: value" lines, ended by NULL; or NULL */
    const void *body;           /* with body_len; or NULL */
    size_t body_len;
    const struct http_part *parts; /* instead of body */
    size_t n_parts;
    size_t max_response; /* an answer with a longer body is a failure, as one with 256 kB of headers */
    int64_t timeout_ms;  /* from start to last byte */
};

struct http_response {
    int status;        /* 0: no answer came, see error */
    const char *error; /* curl's words, or NULL */
    bool too_long;     /* the error is that the body is longer than max_response, or the headers too long */
    const char *body;  /* NUL-terminated after len bytes; valid until the callback returns */
    size_t len;
    void *handle; /* for http_response_header */
};

/* The value of the answer's last header of that name, any case, or NULL. Valid until the callback returns. */
const char *http_response_header(const struct http_response *response, const char *name);
/* Its Date, in seconds since 1970; 0 where it tells none. */
int64_t http_response_date(const struct http_response *response);

/*
 * Starts a request. All of it but body and the parts' data is copied; those must stay valid until the callback.
 * on_done runs exactly once, never from inside this call, and not after http_call_cancel(). Redirects are not
 * followed.
 */
struct http_call *http_call_start(struct http_client *client, const struct http_request *request,
                                  void (*on_done)(void *arg, const struct http_response *response), void *arg);
/* NULL is accepted, and a call that is in its on_done: it ends anyway. */
void http_call_cancel(struct http_call *call);

/* Raw connections ------------------------------------------------------------------------------------------ */

/*
 * Connects (TCP, and TLS with verification and ALPN http/1.1 only for wss:// and https://) to the host of url
 * and hands over the byte stream. Path and query are not sent: that is the protocol's above.
 *
 * on_connect runs exactly once, never from inside this call: error NULL on success, else curl's words; after an
 * error only http_socket_close() is allowed. on_ready then runs whenever the stream may be read, or written
 * after http_socket_want_write(true).
 */
struct http_socket *http_socket_open(struct http_client *client, const char *url, int64_t timeout_ms,
                                     void (*on_connect)(void *arg, const char *error),
                                     void (*on_ready)(void *arg), void *arg);
/* Bytes moved; 0: none now, on_ready will tell; -1: the connection is over (end of stream or error). Read until
 * it gives 0: TLS may hold bytes that no event announces. */
ssize_t http_socket_recv(struct http_socket *socket, void *buffer, size_t n);
ssize_t http_socket_send(struct http_socket *socket, const void *bytes, size_t n);
void http_socket_want_write(struct http_socket *socket, bool want);
/* No callback runs afterwards. NULL is accepted. */
void http_socket_close(struct http_socket *socket);
