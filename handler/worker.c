#include "handler/worker.h"

#include "db/migrate.h"
#include "db/pool.h"
#include "handler/app.h"
#include "handler/avatars.h"
#include "handler/draw_queue.h"
#include "handler/endpoint.h"
#include "handler/fonts.h"
#include "handler/http.h"
#include "handler/metrics.h"
#include "handler/pending.h"
#include "handler/prefork.h"
#include "infra/discord.h"
#include "infra/http_client.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/metrics_server.h"
#include "infra/rest.h"
#include "render/render.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    DATABASE_CONNECTIONS = 3, /* and one for answers owed */
    DATABASE_MAX_WAITING = 256,
    DATABASE_MAX_WAIT_MS = 5000,
    STATEMENT_TIMEOUT_MS = 10000,
    API_CONNECTIONS = 32,
    CDN_CONNECTIONS = 12,
    MAX_BODY = 1024 * 1024, /* a click carries a whole message */
    REQUEST_TIMEOUT_MS = 10000,
    MAX_CONNECTIONS = 16384,
    MAX_HELD = 64 * 1024 * 1024, /* of requests that are not complete: sixty of the longest */
    RESERVED_DESCRIPTORS = 128,  /* for everything but the clients' connections */
};

struct worker {
    struct app app;
    struct http_client *api, *cdn;
    struct http_server *server;
    struct metrics_server *metrics; /* or NULL */
    int signal_fd;
    struct loop_watch *signal_watch;
    bool draining;
};

/* As many as may be: the limit that a process starts with, 1024 mostly, is for the sake of select(), which nothing here
 * uses. */
static size_t max_connections(void)
{
    const rlim_t wanted = MAX_CONNECTIONS + RESERVED_DESCRIPTORS;
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    const struct rlimit raised = {limit.rlim_max < wanted ? limit.rlim_max : wanted, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
        limit = raised;
    if (limit.rlim_cur >= wanted)
        return MAX_CONNECTIONS;
    return limit.rlim_cur > RESERVED_DESCRIPTORS ? (size_t)limit.rlim_cur - RESERVED_DESCRIPTORS : 1;
}

static void on_signal(void *arg, unsigned events)
{
    (void)events;
    struct worker *const worker = arg;
    struct signalfd_siginfo info;
    if (read(worker->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info) || worker->draining)
        return;
    if (info.ssi_signo == SIGUSR1) {
        pending_take_over(worker->app.pending);
        return;
    }
    log_info("draining", "connections=%zu commands=%zu", http_server_connections(worker->server),
             worker->app.n_commands);
    worker->draining = true;
    http_server_drain(worker->server);
    pending_drain(worker->app.pending);
}

static void start_clients(struct worker *worker, const struct worker_config *config)
{
    struct app *const app = &worker->app;
    struct db_pool_config database = {
        .url = config->database_url,
        .application_name = "vcledger handler",
        .migration = db_migrations_last(),
        .connections = DATABASE_CONNECTIONS,
        .max_waiting = DATABASE_MAX_WAITING,
        .max_wait_ms = DATABASE_MAX_WAIT_MS,
        .statement_timeout_ms = STATEMENT_TIMEOUT_MS,
        .metric = METRIC_DATABASE_CONNECTIONS,
    };
    app->pool = db_pool_create(app->loop, &database);
    database.connections = 1;
    app->pending_pool = db_pool_create(app->loop, &database);
    const struct http_client_config api = {
        .ca_file = config->ca_file, .user_agent = DISCORD_USER_AGENT, .max_connections = API_CONNECTIONS};
    worker->api = http_client_create(app->loop, &api);
    app->rest = rest_create(app->loop, worker->api,
                            &(struct rest_config){.api_url = config->api_url, .metric = METRIC_REST_CALLS});
    /* Its own client: slow pictures must not take the places of answers. */
    const struct http_client_config cdn = {
        .ca_file = config->ca_file, .user_agent = DISCORD_USER_AGENT, .max_connections = CDN_CONNECTIONS};
    worker->cdn = http_client_create(app->loop, &cdn);
    app->avatars = avatars_create(app->loop, worker->cdn, config->cdn_url, config->avatar_cache_bytes);
    app->draw_queue = draw_queue_create(app->loop);
}

static void start(struct worker *worker, const struct prefork_worker *self, const struct worker_config *config)
{
    struct app *const app = &worker->app;
    app->loop = loop_create();
    app->has_siblings = self->n > 1;
    app->application_id = config->application_id;
    memcpy(app->public_key, config->public_key, sizeof(app->public_key));
    start_clients(worker, config);
    app->pending = pending_create(app, self, endpoint_resume);

    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGUSR1);
    worker->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    worker->signal_watch = loop_watch(app->loop, worker->signal_fd, LOOP_READ, on_signal, worker);

    const struct http_server_config server = {
        .loop = app->loop,
        .listen_fd = config->listen_fd,
        .max_connections = max_connections(),
        .max_body = MAX_BODY,
        .max_held = MAX_HELD,
        .timeout_ms = REQUEST_TIMEOUT_MS,
        .routes = endpoint_routes,
        .n_routes = endpoint_n_routes,
        .arg = app,
    };
    worker->server = http_server_create(&server);
    if (config->metrics_fd >= 0)
        worker->metrics = metrics_server_create(app->loop, config->metrics_fd, NULL, NULL);
}

static void finish(struct worker *worker)
{
    struct app *const app = &worker->app;
    http_server_destroy(worker->server);
    metrics_server_destroy(worker->metrics);
    loop_unwatch(worker->signal_watch);
    close(worker->signal_fd);
    pending_destroy(app->pending);
    draw_queue_destroy(app->draw_queue);
    rest_destroy(app->rest);
    http_client_destroy(worker->api);
    avatars_destroy(app->avatars);
    http_client_destroy(worker->cdn);
    db_pool_destroy(app->pending_pool);
    db_pool_destroy(app->pool);
    loop_destroy(app->loop);
    render_finish();
}

static bool is_done(const struct worker *worker)
{
    return worker->draining && http_server_connections(worker->server) == 0 && worker->app.n_commands == 0 &&
           pending_is_idle(worker->app.pending);
}

bool worker_run(const struct prefork_worker *self, const struct worker_config *config)
{
    if (!fonts_init())
        return false;
    struct worker worker = {0};
    start(&worker, self, config);
    log_info("serving", "pid=%d", (int)getpid());
    while (!is_done(&worker))
        http_server_turn(worker.server);
    finish(&worker);
    log_info("stopped", "pid=%d", (int)getpid());
    return true;
}
