#include "infra/http_client.h"

#include "infra/loop.h"
#include "infra/mem.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct http_client {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer; /* curl's only one */
    char *ca_file;
    char *user_agent;
};

/* A descriptor that curl wants watched. */
struct curl_watch {
    struct http_client *client;
    curl_socket_t fd;
    struct loop_watch *watch;
};

/* What a request and a raw connection have in common: an easy handle in the multi handle. */
struct transfer {
    struct http_client *client;
    CURL *easy;
    struct loop_timer *timeout;
    void (*on_end)(struct transfer *transfer, const char *error); /* error NULL: it went well */
    char error[CURL_ERROR_SIZE];
};

struct http_call {
    struct transfer transfer; /* first: a pointer to it is one to the call */
    struct curl_slist *headers;
    curl_mime *mime;
    struct buffer body;
    size_t head_len; /* headers, those of interim answers and trailers too: curl keeps them all */
    size_t max_response;
    bool too_long;
    bool done; /* on_done has begun */
    void (*on_done)(void *arg, const struct http_response *response);
    void *arg;
};

struct http_socket {
    struct transfer transfer; /* first, as above */
    struct loop_watch *watch; /* NULL until connected */
    void (*on_connect)(void *arg, const char *error);
    void (*on_ready)(void *arg);
    void *arg;
};

/* Options are fixed here: one that curl refuses is a bug, and going on without it may be a hole. */
#define SET(easy, option, value)                                                                               \
    do {                                                                                                       \
        if (curl_easy_setopt(easy, option, value) != CURLE_OK)                                                 \
            abort();                                                                                           \
    } while (0)

/* The client: curl's multi handle on our loop -------------------------------------------------------------- */

/* Callbacks may start, cancel and close anything: what a message says is copied before, and none is held across
 * one. */
static void end_transfers(struct http_client *client)
{
    const CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        const CURLcode result = message->data.result;
        struct transfer *transfer = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        loop_cancel(transfer->timeout);
        transfer->timeout = NULL;
        if (result == CURLE_OK)
            transfer->on_end(transfer, NULL);
        else
            transfer->on_end(transfer,
                             transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(result));
    }
}

static void on_fd_ready(void *arg, unsigned events)
{
    const struct curl_watch *const watched = arg; /* curl may give it up below */
    struct http_client *const client = watched->client;
    const int flags =
        ((events & LOOP_READ) != 0 ? CURL_CSELECT_IN : 0) | ((events & LOOP_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
    int running;
    curl_multi_socket_action(client->multi, watched->fd, flags, &running);
    end_transfers(client);
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *fd_arg)
{
    (void)easy;
    struct http_client *const client = arg;
    struct curl_watch *watched = fd_arg;
    if (what == CURL_POLL_REMOVE) {
        if (watched != NULL)
            loop_unwatch(watched->watch);
        free(watched);
        return 0;
    }
    const unsigned events =
        ((what & CURL_POLL_IN) != 0 ? LOOP_READ : 0u) | ((what & CURL_POLL_OUT) != 0 ? LOOP_WRITE : 0u);
    if (watched != NULL) {
        loop_watch_set(watched->watch, events);
        return 0;
    }
    watched = mem_alloc(sizeof(*watched));
    watched->client = client;
    watched->fd = fd;
    watched->watch = loop_watch(client->loop, fd, events, on_fd_ready, watched);
    curl_multi_assign(client->multi, fd, watched);
    return 0;
}

static void on_time(void *arg)
{
    struct http_client *const client = arg;
    client->timer = NULL;
    int running;
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    end_transfers(client);
}

static int on_curl_timer(CURLM *multi, long ms, void *arg)
{
    (void)multi;
    struct http_client *const client = arg;
    loop_cancel(client->timer);
    client->timer = ms < 0 ? NULL : loop_after(client->loop, ms, on_time, client);
    return 0;
}

struct http_client *http_client_create(struct loop *loop, const struct http_client_config *config)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    struct http_client *const client = mem_alloc(sizeof(*client));
    client->loop = loop;
    client->ca_file = mem_strdup(config->ca_file);
    client->user_agent = mem_strdup(config->user_agent);
    client->multi = curl_multi_init();
    if (client->multi == NULL)
        abort();
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, config->max_connections);
    return client;
}

void http_client_destroy(struct http_client *client)
{
    if (client == NULL)
        return;
    curl_multi_cleanup(client->multi);
    loop_cancel(client->timer);
    free(client->ca_file);
    free(client->user_agent);
    free(client);
    curl_global_cleanup();
}

/* Transfers ------------------------------------------------------------------------------------------------ */

enum { MAX_SILENCE_MS = 10000 };

/*
 * A peer that acknowledges nothing for so long is gone. A request's time-out does not close a connection that
 * it shares with others by HTTP/2: without this one all later requests would run into the same dead connection
 * for a quarter of an hour.
 */
static int limit_silence(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    (void)arg;
    (void)purpose;
    const unsigned ms = MAX_SILENCE_MS;
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
    return CURL_SOCKOPT_OK;
}

static void transfer_init(struct transfer *transfer, struct http_client *client,
                          void (*on_end)(struct transfer *transfer, const char *error))
{
    transfer->client = client;
    transfer->on_end = on_end;
    CURL *const easy = curl_easy_init();
    if (easy == NULL)
        abort();
    transfer->easy = easy;
    SET(easy, CURLOPT_PRIVATE, transfer);
    SET(easy, CURLOPT_ERRORBUFFER, transfer->error);
    SET(easy, CURLOPT_NOSIGNAL, 1L);
    /* Without it a transfer that ends while its name is being looked up waits, blocking, for getaddrinfo to
     * return. */
    SET(easy, CURLOPT_QUICK_EXIT, 1L);
    SET(easy, CURLOPT_SOCKOPTFUNCTION, limit_silence);
    SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(easy, CURLOPT_PROXY, ""); /* settings are ours alone: no http_proxy from the environment */
    SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (client->ca_file != NULL)
        SET(easy, CURLOPT_CAINFO, client->ca_file);
    /* The system's directory would be trusted beside ca_file, and keeps curl from caching what it has read of
     * the file. */
    SET(easy, CURLOPT_CAPATH, NULL);
    if (client->user_agent != NULL)
        SET(easy, CURLOPT_USERAGENT, client->user_agent);
}

static void on_timeout(void *arg)
{
    struct transfer *const transfer = arg;
    transfer->timeout = NULL;
    curl_multi_remove_handle(transfer->client->multi, transfer->easy);
    transfer->on_end(transfer, "timed out");
}

/*
 * Only arms timers: nothing of the transfer happens before the loop's next turn. The time-out is not curl's:
 * curl forgets its own while a transfer waits for a connection (CURLMOPT_MAX_TOTAL_CONNECTIONS).
 */
static void transfer_start(struct transfer *transfer, int64_t timeout_ms)
{
    struct http_client *const client = transfer->client;
    transfer->timeout = loop_after(client->loop, timeout_ms, on_timeout, transfer);
    /* Told to curl as well, which divides it among the host's addresses, should the first not answer. */
    SET(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms > 0 ? (long)timeout_ms : 0L);
    if (curl_multi_add_handle(client->multi, transfer->easy) != CURLM_OK)
        abort();
}

/* Also once it has ended. */
static void transfer_finish(struct transfer *transfer)
{
    loop_cancel(transfer->timeout);
    curl_multi_remove_handle(transfer->client->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
}

/* Requests ------------------------------------------------------------------------------------------------- */

enum {
    MAX_HEAD = 256 * 1024, /* Discord's are of 2 kB */
    HEADER_OVERHEAD = 64,  /* of a short one in curl's memory */
};

static size_t on_body(char *bytes, size_t one, size_t n, void *arg)
{
    (void)one; /* documented to be 1 */
    struct http_call *const call = arg;
    if (n > call->max_response - call->body.len) {
        call->too_long = true;
        return 0;
    }
    buffer_append(&call->body, bytes, n);
    return n;
}

/* Not called for what curl itself refuses, as a line of more than 100 kB. */
static size_t on_header(char *bytes, size_t one, size_t n, void *arg)
{
    (void)bytes;
    (void)one;
    struct http_call *const call = arg;
    call->head_len += n + HEADER_OVERHEAD;
    call->too_long = call->too_long || call->head_len > MAX_HEAD;
    return call->too_long ? 0 : n;
}

static void append_header(struct http_call *call, const char *line)
{
    struct curl_slist *const longer = curl_slist_append(call->headers, line);
    if (longer == NULL)
        abort();
    call->headers = longer;
}

static void set_parts(struct http_call *call, const struct http_request *request)
{
    call->mime = curl_mime_init(call->transfer.easy);
    for (size_t i = 0; i < request->n_parts; i++) {
        const struct http_part *const from = &request->parts[i];
        curl_mimepart *const part = curl_mime_addpart(call->mime);
        if (curl_mime_name(part, from->name) != CURLE_OK ||
            curl_mime_filename(part, from->filename) != CURLE_OK ||
            curl_mime_type(part, from->content_type) != CURLE_OK ||
            curl_mime_data(part, from->data, from->len) != CURLE_OK)
            abort();
    }
    SET(call->transfer.easy, CURLOPT_MIMEPOST, call->mime);
}

static void set_body(struct http_call *call, const struct http_request *request)
{
    CURL *const easy = call->transfer.easy;
    if (request->n_parts > 0) {
        set_parts(call, request);
    } else if (request->body != NULL ||
               (strcmp(request->method, "GET") != 0 && strcmp(request->method, "DELETE") != 0)) {
        /* An empty body too, so that "Content-Length: 0" is sent. */
        SET(easy, CURLOPT_POSTFIELDS, request->body != NULL ? request->body : "");
        SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
        append_header(call,
                      "Content-Type:"); /* not curl's own; one among the request's headers stands before it */
    }
    SET(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void call_free(struct http_call *call)
{
    transfer_finish(&call->transfer);
    curl_mime_free(call->mime);
    curl_slist_free_all(call->headers);
    buffer_finish(&call->body);
    free(call);
}

static void on_call_end(struct transfer *transfer, const char *error)
{
    struct http_call *const call = (struct http_call *)transfer;
    struct http_response response = {.body = "", .handle = transfer->easy};
    if (error != NULL) {
        response.too_long = call->too_long;
        response.error = call->too_long ? "the answer is longer than allowed" : error;
    } else {
        long status = 0;
        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
        response.status = (int)status;
        response.len = call->body.len;
        if (call->body.data != NULL)
            response.body = call->body.data;
    }
    call->done = true;
    call->on_done(call->arg, &response);
    call_free(call);
}

struct http_call *http_call_start(struct http_client *client, const struct http_request *request,
                                  void (*on_done)(void *arg, const struct http_response *response), void *arg)
{
    struct http_call *const call = mem_alloc(sizeof(*call));
    transfer_init(&call->transfer, client, on_call_end);
    call->max_response = request->max_response;
    call->on_done = on_done;
    call->arg = arg;

    CURL *const easy = call->transfer.easy;
    SET(easy, CURLOPT_URL, request->url);
    SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    /* Rather share the connection that is being made than make one each. Plain HTTP has nothing to share. */
    SET(easy, CURLOPT_PIPEWAIT, strncmp(request->url, "https:", 6) == 0 ? 1L : 0L);
    SET(easy, CURLOPT_WRITEFUNCTION, on_body);
    SET(easy, CURLOPT_WRITEDATA, call);
    SET(easy, CURLOPT_HEADERFUNCTION, on_header);
    SET(easy, CURLOPT_HEADERDATA, call);
    for (const char *const *line = request->headers; line != NULL && *line != NULL; line++)
        append_header(call, *line);
    append_header(call, "Expect:"); /* curl would ask and wait before a body of more than 1 MiB */
    set_body(call, request);
    SET(easy, CURLOPT_HTTPHEADER, call->headers);
    transfer_start(&call->transfer, request->timeout_ms);
    return call;
}

void http_call_cancel(struct http_call *call)
{
    if (call == NULL || call->done) /* done: from inside its own on_done, which is followed by the same end */
        return;
    call_free(call);
}

const char *http_response_header(const struct http_response *response, const char *name)
{
    struct curl_header *header;
    if (curl_easy_header(response->handle, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    if (header->amount > 1 &&
        curl_easy_header(response->handle, name, header->amount - 1, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return header->value;
}

int64_t http_response_date(const struct http_response *response)
{
    const char *const date = http_response_header(response, "Date");
    const time_t seconds = date != NULL ? curl_getdate(date, NULL) : -1;
    return seconds > 0 ? seconds : 0;
}

/* Raw connections ------------------------------------------------------------------------------------------ */

static void on_socket_ready(void *arg, unsigned events)
{
    (void)events;
    const struct http_socket *const socket = arg;
    socket->on_ready(socket->arg);
}

/* The handle stays in the multi handle: taking it out closes the connection. */
static void on_socket_end(struct transfer *transfer, const char *error)
{
    struct http_socket *const socket = (struct http_socket *)transfer;
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (error == NULL &&
        (curl_easy_getinfo(transfer->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK || fd == CURL_SOCKET_BAD))
        error = "the connection was lost at once";
    if (error == NULL)
        socket->watch = loop_watch(transfer->client->loop, fd, LOOP_READ, on_socket_ready, socket);
    socket->on_connect(socket->arg, error);
}

/* After a write that would block, OpenSSL wants the same bytes at the same address again, unless told so. */
static CURLcode allow_moving_writes(CURL *easy, void *ssl_ctx, void *arg)
{
    (void)easy;
    (void)arg;
    SSL_CTX_set_mode(ssl_ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
    return CURLE_OK;
}

/* curl 7.88 knows no ws:// and wss://. */
static char *http_url(const char *url)
{
    struct buffer out = {0};
    if (strncmp(url, "ws", 2) == 0)
        buffer_printf(&out, "http%s", url + 2);
    else
        buffer_append_string(&out, url);
    return out.data;
}

struct http_socket *http_socket_open(struct http_client *client, const char *url, int64_t timeout_ms,
                                     void (*on_connect)(void *arg, const char *error),
                                     void (*on_ready)(void *arg), void *arg)
{
    struct http_socket *const socket = mem_alloc(sizeof(*socket));
    transfer_init(&socket->transfer, client, on_socket_end);
    socket->on_connect = on_connect;
    socket->on_ready = on_ready;
    socket->arg = arg;

    CURL *const easy = socket->transfer.easy;
    char *const mapped = http_url(url);
    SET(easy, CURLOPT_URL, mapped);
    free(mapped);
    SET(easy, CURLOPT_CONNECT_ONLY, 1L);
    /* The only ALPN offered is http/1.1: a server that may choose h2 does, and no websocket comes of it. */
    SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(easy, CURLOPT_SSL_CTX_FUNCTION, allow_moving_writes);
    transfer_start(&socket->transfer, timeout_ms);
    return socket;
}

ssize_t http_socket_recv(struct http_socket *socket, void *buffer, size_t n)
{
    size_t got = 0;
    const CURLcode result = curl_easy_recv(socket->transfer.easy, buffer, n, &got);
    if (result == CURLE_AGAIN)
        return 0;
    return result == CURLE_OK && got > 0 ? (ssize_t)got : -1;
}

ssize_t http_socket_send(struct http_socket *socket, const void *bytes, size_t n)
{
    size_t sent = 0;
    const CURLcode result = curl_easy_send(socket->transfer.easy, bytes, n, &sent);
    if (result == CURLE_AGAIN)
        return 0;
    return result == CURLE_OK ? (ssize_t)sent : -1;
}

void http_socket_want_write(struct http_socket *socket, bool want)
{
    loop_watch_set(socket->watch, want ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

void http_socket_close(struct http_socket *socket)
{
    if (socket == NULL)
        return;
    loop_unwatch(socket->watch);
    transfer_finish(&socket->transfer);
    free(socket);
}
