#include "handler/environment.h"

#include "db/conninfo.h"
#include "infra/discord.h"

#include <sched.h>

enum {
    MAX_WORKERS = 256,
    MOST_BY_DEFAULT = 8, /* PostgreSQL takes 100 connections as it comes, and each worker has four */
    MAX_AVATAR_CACHE_MB = 4096,
};

/* One for each CPU that this process may use. */
static int default_workers(void)
{
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0)
        return 1;
    return CPU_COUNT(&cpus) < MOST_BY_DEFAULT ? CPU_COUNT(&cpus) : MOST_BY_DEFAULT;
}

void environment_read(struct environment *environment)
{
    *environment = (struct environment){
        .worker =
            {
                .application_id = config_snowflake("DISCORD_APPLICATION_ID"),
                .database_url = db_conninfo_setting(),
                .api_url = config_url("DISCORD_API_URL", DISCORD_API_URL, "http"),
                .cdn_url = config_url("DISCORD_CDN_URL", "https://cdn.discordapp.com", "http"),
                .avatar_cache_bytes = (size_t)config_int("AVATAR_CACHE_MB", 32, 0, MAX_AVATAR_CACHE_MB) << 20,
                .ca_file = config_file("TLS_CA_FILE"),
                .listen_fd = -1,
                .metrics_fd = -1,
            },
        .workers = (int)config_int("WORKERS", default_workers(), 1, MAX_WORKERS),
    };
    config_hex("DISCORD_PUBLIC_KEY", environment->worker.public_key, sizeof(environment->worker.public_key));
    config_address("LISTEN", "127.0.0.1:8080", &environment->listen);
    config_address("METRICS_LISTEN", NULL, &environment->metrics_listen);
    config_log_level();
}
