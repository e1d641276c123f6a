#include "infra/metrics_server.h"

#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/metrics.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_CONNECTIONS = 16,
    IDLE_TIMEOUT_S = 10,
    CONNECTION_MEMORY = 8192, /* a longer request is refused */
    LOOK_MS = 1000,
};

struct metrics_server {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    struct loop_watch *watch;
    struct loop_timer *timer; /* NULL until libmicrohttpd ran first */
    void (*on_scrape)(void *arg);
    void *arg;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *content_type,
                              struct MHD_Response *response)
{
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    const enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result answer_words(struct MHD_Connection *connection, unsigned status, char *words)
{
    return answer(connection, status, "text/plain; charset=utf-8",
                  MHD_create_response_from_buffer(strlen(words), words, MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result answer_metrics(const struct metrics_server *server, struct MHD_Connection *connection)
{
    if (server->on_scrape != NULL)
        server->on_scrape(server->arg);
    char *const text = metrics_text();
    return answer(connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8",
                  MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE));
}

/* Runs when a request's head has come; answered then, its body is not read. HEAD goes without a body by itself. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request)
{
    static char not_found[] = "There is nothing here.\n", not_allowed[] = "Not with this method.\n";
    (void)version, (void)upload, (void)upload_size, (void)request;
    if (strcmp(path, "/metrics") != 0)
        return answer_words(connection, MHD_HTTP_NOT_FOUND, not_found);
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_words(connection, MHD_HTTP_METHOD_NOT_ALLOWED, not_allowed);
    return answer_metrics(arg, connection);
}

/* On the loop ---------------------------------------------------------------------------------------------- */

static void run(struct metrics_server *server);

static void on_time(void *arg)
{
    struct metrics_server *const server = arg;
    server->timer = NULL;
    run(server);
}

static void on_ready(void *arg, unsigned events)
{
    (void)events;
    run(arg);
}

/*
 * What it has read ahead makes no descriptor ready: it says itself how long it may wait. And without room for more
 * connections it stops listening, and sees only when it runs that there is room again.
 */
static void run(struct metrics_server *server)
{
    MHD_run(server->daemon);
    MHD_UNSIGNED_LONG_LONG wait_ms;
    if (MHD_get_timeout(server->daemon, &wait_ms) != MHD_YES || wait_ms > LOOK_MS)
        wait_ms = LOOK_MS;
    loop_cancel(server->timer);
    server->timer = loop_after(server->loop, (int64_t)wait_ms, on_time, server);
}

struct metrics_server *metrics_server_create(struct loop *loop, int listen_fd, void (*on_scrape)(void *arg),
                                             void *arg)
{
    struct metrics_server *const server = mem_alloc(sizeof(*server));
    server->loop = loop;
    server->on_scrape = on_scrape;
    server->arg = arg;
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, listen_fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, MAX_CONNECTIONS, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    server->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, server, MHD_OPTION_ARRAY,
                                      options, MHD_OPTION_END);
    if (server->daemon == NULL)
        abort(); /* no descriptors at start: nothing can run */
    const int fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    server->watch = loop_watch(loop, fd, LOOP_READ, on_ready, server);
    return server;
}

/* Quiesced first, which gives the socket back: it would be closed else. */
void metrics_server_destroy(struct metrics_server *server)
{
    if (server == NULL)
        return;
    loop_cancel(server->timer);
    loop_unwatch(server->watch);
    MHD_quiesce_daemon(server->daemon);
    MHD_stop_daemon(server->daemon);
    free(server);
}
