#include "handler/check.h"

#include "db/pool.h"
#include "handler/check_part.h"
#include "handler/fonts.h"
#include "infra/clock.h"
#include "infra/config.h"
#include "infra/discord.h"
#include "infra/http_client.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/rest.h"
#include "render/render.h"

#include <stdlib.h>

enum {
    DEADLINE_MS = 15000,
    LEAST_MS = 1000,
    DATABASE_MAX_WAIT_MS = 5000,
    STATEMENT_TIMEOUT_MS = 2000,
};

/* Before the loop ------------------------------------------------------------------------------------------ */

/* All of them are told. What is well formed is looked at all the same. */
static bool check_settings(struct check *check)
{
    environment_read(&check->environment);
    for (size_t i = 0; config_error(i) != NULL; i++)
        report_line(&check->report, FINDING_WRONG, "settings", "%s", config_error(i));
    if (config_error(0) == NULL)
        report_line(&check->report, FINDING_OK, "settings", "all that is needed is set, and well formed");
    return config_error(0) == NULL;
}

static void check_fonts(struct check *check)
{
    if (fonts_init())
        report_line(&check->report, FINDING_OK, "fonts", "found");
    else
        report_line(
            &check->report, FINDING_WRONG, "fonts",
            "the line above names what is missing: install fonts-inter, fonts-noto-core, fonts-noto-cjk and "
            "fonts-noto-color-emoji");
    render_finish();
}

/* On it ---------------------------------------------------------------------------------------------------- */

int64_t check_left_ms(const struct check *check)
{
    const int64_t left_ms = check->until_ms - clock_monotonic_ms();
    return left_ms > LEAST_MS ? left_ms : LEAST_MS;
}

void check_next(struct check *check)
{
    static void (*const parts[])(struct check *) = {check_database, check_discord, check_endpoint};
    if (check->n_begun < sizeof(parts) / sizeof(parts[0]))
        parts[check->n_begun++](check);
    else
        loop_stop(check->loop);
}

static void begin(void *arg)
{
    check_next(arg);
}

static void run_parts(struct check *check)
{
    const struct worker_config *const settings = &check->environment.worker;
    check->loop = loop_create();
    check->client =
        http_client_create(check->loop, &(struct http_client_config){.ca_file = settings->ca_file,
                                                                     .user_agent = DISCORD_USER_AGENT});
    if (settings->database_url[0] != '\0')
        check->pool = db_pool_create(check->loop, &(struct db_pool_config){
                                                      .url = settings->database_url,
                                                      .application_name = "vcledger handler --check",
                                                      .connections = 1,
                                                      .max_waiting = 1,
                                                      .max_wait_ms = DATABASE_MAX_WAIT_MS,
                                                      .statement_timeout_ms = STATEMENT_TIMEOUT_MS,
                                                  });
    if (check->token != NULL)
        check->rest = rest_create(check->loop, check->client,
                                  &(struct rest_config){.api_url = settings->api_url, .token = check->token});
    loop_after(check->loop, 0, begin, check);
    loop_run(check->loop);
    rest_destroy(check->rest);
    db_pool_destroy(check->pool);
    http_client_destroy(check->client);
    loop_destroy(check->loop);
}

int check_run(void)
{
    struct check check = {.token = config_optional("DISCORD_TOKEN"),
                          .until_ms = clock_monotonic_ms() + DEADLINE_MS};
    const bool well_formed = check_settings(&check);
    log_set_level(LOG_ERROR); /* what goes wrong is said in the report */
    check_fonts(&check);
    run_parts(&check);
    free(check.endpoint);
    return !well_formed ? CONFIG_EXIT : check.report.wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
