/* The handler: answers Discord's interactions. `handler` serves; `handler --register` tells Discord our
 * commands; `handler --check` says what is not as it should be; `handler --health` asks whether one that serves
 * here is well. */
#include "handler/check.h"
#include "handler/command.h"
#include "handler/environment.h"
#include "handler/health.h"
#include "handler/metrics.h"
#include "handler/prefork.h"
#include "handler/worker.h"
#include "infra/config.h"
#include "infra/discord.h"
#include "infra/guard.h"
#include "infra/http_client.h"
#include "infra/listener.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/metrics.h"
#include "infra/rest.h"

#include <cJSON.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REGISTER_DEADLINE_MS = 60000 };

/* --register ----------------------------------------------------------------------------------------------- */

struct registration {
    struct loop *loop;
    bool good;
};

static void on_registered(void *arg, const struct rest_response *response)
{
    struct registration *const registration = arg;
    char *const body = response->body != NULL ? cJSON_Print(response->body) : NULL;
    registration->good = response->status == REST_OK;
    printf("%s: Discord answered %d\n%s\n", registration->good ? "registered" : "not registered",
           response->http_status, body != NULL ? body : "(no answer that can be read)");
    free(body);
    loop_stop(registration->loop);
}

static int register_commands(void)
{
    const uint64_t application_id = config_snowflake("DISCORD_APPLICATION_ID");
    const struct rest_config rest_config = {.api_url = config_url("DISCORD_API_URL", DISCORD_API_URL, "http"),
                                            .token = config_word("DISCORD_TOKEN")};
    const struct http_client_config client_config = {.ca_file = config_file("TLS_CA_FILE"),
                                                     .user_agent = DISCORD_USER_AGENT};
    if (!config_check("handler"))
        return CONFIG_EXIT;

    struct registration registration = {.loop = loop_create()};
    struct http_client *const client = http_client_create(registration.loop, &client_config);
    struct rest *const rest = rest_create(registration.loop, client, &rest_config);
    char path[64];
    snprintf(path, sizeof(path), "/applications/%" PRIu64 "/commands", application_id);
    char *const json = command_registration();
    const struct rest_request request = {
        .method = "PUT",
        .path = path,
        .bucket = "commands",
        .json = json,
        .with_token = true,
        .deadline_ms = REGISTER_DEADLINE_MS,
    };
    rest_send(rest, &request, on_registered, &registration);
    free(json);
    loop_run(registration.loop);
    rest_destroy(rest);
    http_client_destroy(client);
    loop_destroy(registration.loop);
    return registration.good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Serving -------------------------------------------------------------------------------------------------- */

static bool work(const struct prefork_worker *self, void *arg)
{
    char name[32];
    snprintf(name, sizeof(name), "handler[%d]", self->index);
    log_set_program(name);
    metrics_use_slot(self->index);
    return worker_run(self, arg);
}

/* New connections are refused then, instead of waiting for workers that are about to end. */
static void on_stop(void *arg)
{
    const struct worker_config *const config = arg;
    close(config->listen_fd);
    if (config->metrics_fd >= 0)
        close(config->metrics_fd);
}

static int serve(void)
{
    struct environment environment;
    environment_read(&environment);
    if (!config_check("handler"))
        return CONFIG_EXIT;
    struct worker_config *const config = &environment.worker;
    /* Opened once, before the fork, and shared: a worker that dies loses no connection that waits in the queues. */
    if (!listener_open("handler", "LISTEN", &environment.listen, &config->listen_fd) ||
        !listener_open("handler", "METRICS_LISTEN", &environment.metrics_listen, &config->metrics_fd))
        return EXIT_FAILURE;
    metrics_init(handler_metrics, HANDLER_METRICS, environment.workers);
    log_info("listening", "address=%s port=%s workers=%d", environment.listen.host, environment.listen.port,
             environment.workers);
    return prefork_run(environment.workers, work, on_stop, config);
}

/* What is asked for ---------------------------------------------------------------------------------------- */

static const struct task {
    const char *option;
    const char *words;
    int (*run)(void);
} tasks[] = {
    {"", "answer Discord's interactions", serve},
    {"--register", "tell Discord the commands, then end", register_commands},
    {"--check", "say what is not as it should be", check_run},
    {"--health", "ask whether the one that serves here is well", health_ask},
};
enum { N_TASKS = sizeof(tasks) / sizeof(tasks[0]) };

static int help(void)
{
    for (int i = 0; i < N_TASKS; i++)
        printf("%s handler %-12s %s\n", i == 0 ? "usage:" : "      ", tasks[i].option, tasks[i].words);
    printf("       handler --help       this text\n"
           "Settings come from the environment and from .env; see README.md.\n");
    return EXIT_SUCCESS;
}

/* NULL where there is none. */
static const struct task *find_task(int argc, char **argv)
{
    if (argc == 1)
        return &tasks[0];
    for (int i = 1; i < N_TASKS && argc == 2; i++) {
        if (strcmp(argv[1], tasks[i].option) == 0)
            return &tasks[i];
    }
    return NULL;
}

int main(int argc, char **argv)
{
    guard_process();
    signal(SIGPIPE, SIG_IGN);
    log_set_program("handler");
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return help();
    const struct task *const task = find_task(argc, argv);
    if (task == NULL) {
        fprintf(stderr, "handler: these arguments make no sense; see handler --help\n");
        return CONFIG_EXIT;
    }
    config_load();
    return task->run();
}
