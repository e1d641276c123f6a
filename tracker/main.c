#include "db/conninfo.h"
#include "db/migrate.h"
#include "db/pool.h"
#include "db/settings.h"
#include "infra/config.h"
#include "infra/discord.h"
#include "infra/guard.h"
#include "infra/http_client.h"
#include "infra/json.h"
#include "infra/listener.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/metrics_server.h"
#include "infra/rest.h"
#include "tracker/arguments.h"
#include "tracker/export.h"
#include "tracker/metrics.h"
#include "tracker/shards.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { STOP_TIMEOUT_MS = 15000 };

struct tracker {
    struct loop *loop;
    struct shards *shards;
    int metrics_fd; /* or -1 */
    int signal_fd;
    struct loop_watch *signals;
    struct loop_timer *patience;
    bool stopping;
    int exit_code;
};

static void end(void *arg)
{
    struct tracker *const tracker = arg;
    loop_stop(tracker->loop);
}

static void on_patience(void *arg)
{
    struct tracker *const tracker = arg;
    tracker->patience = NULL;
    log_error("stopped_unwritten", "waited_ms=%d", STOP_TIMEOUT_MS);
    tracker->exit_code = EXIT_FAILURE;
    loop_stop(tracker->loop);
}

/* Only the first call stops; a failure after it still changes the exit code. */
static void stop(struct tracker *tracker)
{
    if (tracker->stopping)
        return;
    tracker->stopping = true;
    tracker->patience = loop_after(tracker->loop, STOP_TIMEOUT_MS, on_patience, tracker);
    shards_stop(tracker->shards, end, tracker);
}

static void on_signal(void *arg, unsigned events)
{
    struct tracker *const tracker = arg;
    (void)events;
    struct signalfd_siginfo info;
    if (read(tracker->signal_fd, &info, sizeof(info)) != sizeof(info))
        return;
    log_info("stopping", "signal=%u", info.ssi_signo);
    stop(tracker);
}

/* The other shards write what they have. */
static void on_failed(void *arg)
{
    struct tracker *const tracker = arg;
    tracker->exit_code = EXIT_FAILURE;
    stop(tracker);
}

/* guild_id: as text, or NULL where the settings of any server may have changed. */
static void on_settings(void *arg, const char *guild_id)
{
    const struct tracker *const tracker = arg;
    uint64_t id = 0;
    if (guild_id == NULL || snowflake_parse(guild_id, &id))
        shards_settings_changed(tracker->shards, id);
}

static void on_scrape(void *arg)
{
    const struct tracker *const tracker = arg;
    const struct shard_measures sum = shards_measure(tracker->shards);
    metrics_set(METRIC_SHARDS, sum.of_bot == 0 ? NAN : (double)sum.of_bot);
    metrics_set(METRIC_SHARDS_OWNED, (double)sum.owned);
    metrics_set(METRIC_SHARDS_WATCHING, (double)sum.watching);
    metrics_set(METRIC_OPEN_SESSIONS, (double)sum.open_sessions);
    metrics_set(METRIC_MEMBERS_IN_VOICE, (double)sum.in_voice);
    metrics_set(METRIC_CHANGES_UNWRITTEN, (double)sum.unwritten);
    metrics_set(METRIC_PROVEN_AGE, sum.proven_age_ms < 0 ? NAN : (double)sum.proven_age_ms / 1000);
}

static void watch_signals(struct tracker *tracker)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    tracker->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    tracker->signals = loop_watch(tracker->loop, tracker->signal_fd, LOOP_READ, on_signal, tracker);
}

static int run(struct tracker *tracker, struct shards_config *config, const char *database_url,
               const char *api_url, const char *ca_file)
{
    tracker->loop = loop_create();
    watch_signals(tracker);
    struct http_client *const client = http_client_create(
        tracker->loop, &(struct http_client_config){.ca_file = ca_file, .user_agent = DISCORD_USER_AGENT});
    struct rest *const rest = rest_create(
        tracker->loop, client,
        &(struct rest_config){.api_url = api_url, .token = config->shard.token, .metric = METRIC_REST_CALLS});
    struct db_pool *const pool = db_pool_create(tracker->loop, &(struct db_pool_config){
                                                                   .url = database_url,
                                                                   .application_name = "vcledger tracker",
                                                                   .migration = db_migrations_last(),
                                                                   .connections = 1,
                                                                   .max_waiting = SHARDS_MAX,
                                                                   .max_wait_ms = 60000,
                                                                   .statement_timeout_ms = 60000,
                                                                   .metric = METRIC_DATABASE_CONNECTIONS,
                                                                   .listen = &db_settings_listen,
                                                                   .on_notify = on_settings,
                                                                   .on_notify_arg = tracker,
                                                               });
    config->shard.loop = tracker->loop;
    config->shard.pool = pool;
    config->shard.client = client;
    config->rest = rest;
    tracker->shards = shards_create(config, on_failed, tracker);
    struct metrics_server *const metrics =
        tracker->metrics_fd >= 0 ? metrics_server_create(tracker->loop, tracker->metrics_fd, on_scrape, tracker)
                                 : NULL;

    loop_run(tracker->loop);

    metrics_server_destroy(metrics);
    loop_cancel(tracker->patience);
    loop_unwatch(tracker->signals);
    close(tracker->signal_fd);
    shards_destroy(tracker->shards);
    db_pool_destroy(pool);
    rest_destroy(rest);
    http_client_destroy(client);
    loop_destroy(tracker->loop);
    log_info("stopped", "code=%d", tracker->exit_code);
    return tracker->exit_code;
}

static int follow(const char *database_url)
{
    config_snowflake("DISCORD_APPLICATION_ID"); /* asked for so that a mix-up shows at the start */
    struct shards_config config = {
        .shard = {.token = config_word("DISCORD_TOKEN"),
                  .gateway_url = config_url("DISCORD_GATEWAY_URL", NULL, "ws"),
                  .heartbeat_interval = config_int("HEARTBEAT_INTERVAL", 60, 1, 3600),
                  .max_unwritten = (size_t)config_int("MAX_UNWRITTEN", 500000, 10, 100000000)},
    };
    shards_configure(&config);
    const char *const api_url = config_url("DISCORD_API_URL", DISCORD_API_URL, "http");
    const char *const ca_file = config_file("TLS_CA_FILE");
    struct config_address metrics_address;
    config_address("METRICS_LISTEN", NULL, &metrics_address);
    if (!config_check("tracker"))
        return CONFIG_EXIT;
    struct tracker tracker = {0};
    if (!listener_open("tracker", "METRICS_LISTEN", &metrics_address, &tracker.metrics_fd))
        return EXIT_FAILURE;
    metrics_init(tracker_metrics, TRACKER_METRICS, 1);
    return run(&tracker, &config, database_url, api_url, ca_file);
}

int main(int argc, char **argv)
{
    guard_process();
    signal(SIGPIPE, SIG_IGN);
    log_set_program("tracker");
    static struct arguments arguments; /* what it points to lives as long as the process */
    if (!arguments_read(argc, argv, &arguments))
        return CONFIG_EXIT;
    if (arguments.what == TRACKER_HELP) {
        arguments_help();
        return EXIT_SUCCESS;
    }
    config_load();
    config_log_level();
    const char *const database_url = db_conninfo_setting();
    if (arguments.what != TRACKER_FOLLOW && !config_check("tracker"))
        return CONFIG_EXIT;
    switch (arguments.what) {
    case TRACKER_FOLLOW:
        return follow(database_url);
    case TRACKER_MIGRATE:
        return db_migrate(database_url, db_migrations, db_roles) ? EXIT_SUCCESS : EXIT_FAILURE;
    case TRACKER_IMPORT:
        return import_run(database_url, &arguments.import);
    case TRACKER_EXPORT:
        return export_run(database_url, arguments.export_path, arguments.export_server);
    case TRACKER_HELP: /* needs no settings */
        break;
    }
    return EXIT_FAILURE;
}
