#include "tracker/metrics.h"

/* Discord's names. */
static const char *const event_types[] = {
    "READY",          "RESUMED",        "GUILD_CREATE",       "GUILD_UPDATE", "GUILD_DELETE", "CHANNEL_CREATE",
    "CHANNEL_UPDATE", "CHANNEL_DELETE", "VOICE_STATE_UPDATE", "other",        NULL,
};
static const char *const batch_results[] = {"committed", "refused", "lost", "unavailable", NULL};
/* As the gateway logs them. */
static const char *const reconnect_reasons[] = {
    "closed",
    "closed, session is dead",
    "op 7",
    "op 9",
    "op 9, resumable",
    "a heartbeat was not acknowledged",
    "a payload could not be sent",
    "no HELLO",
    "HELLO without a heartbeat_interval",
    "no READY",
    "no RESUMED",
    "GET /gateway/bot failed",
    "the process stood still",
    "rest",
    "other",
    NULL,
};
static const char *const rest_results[] = {"ok", "refused", "unreachable", "full", NULL};

static const double change_buckets[] = {1, 3, 10, 30, 100, 300, 1000, 3000, 10000, 0};
/* Collecting takes a quarter of a second. */
static const double batch_buckets[] = {.05, .25, .3, .4, .5, 1, 2.5, 5, 10, 30, 60, 300, 0};

const struct metric tracker_metrics[TRACKER_METRICS] = {
    [METRIC_SHARDS] =
        {
            .name = "vcledger_shards",
            .help = "Shards of the bot, whichever process follows them.",
            .type = METRIC_GAUGE,
        },
    [METRIC_SHARDS_OWNED] =
        {
            .name = "vcledger_shards_owned",
            .help = "Shards that this process follows; it may wait for more.",
            .type = METRIC_GAUGE,
        },
    [METRIC_SHARDS_WATCHING] =
        {
            .name = "vcledger_shards_watching",
            .help = "Shards whose gateway connection shows who is in voice at this moment.",
            .type = METRIC_GAUGE,
        },
    [METRIC_OPEN_SESSIONS] =
        {
            .name = "vcledger_open_sessions",
            .help = "Stays in voice that are being counted.",
            .type = METRIC_GAUGE,
        },
    [METRIC_MEMBERS_IN_VOICE] =
        {
            .name = "vcledger_members_in_voice",
            .help = "Members in voice, counted or not.",
            .type = METRIC_GAUGE,
        },
    [METRIC_CHANGES_UNWRITTEN] =
        {
            .name = "vcledger_changes_unwritten",
            .help = "Changes that are held in memory until the database has taken them.",
            .type = METRIC_GAUGE,
        },
    [METRIC_PROVEN_AGE] =
        {
            .name = "vcledger_proven_age_seconds",
            .help = "How long ago the committed proof of presence was made: of all shards the oldest.",
            .type = METRIC_GAUGE,
        },
    [METRIC_EVENTS] =
        {
            .name = "vcledger_events_total",
            .help = "Events of the gateway that were applied.",
            .labels = {{"type", event_types}},
        },
    [METRIC_BATCHES] =
        {
            .name = "vcledger_batches_total",
            .help = "Tries to write a batch, by how they ended.",
            .labels = {{"result", batch_results}},
        },
    [METRIC_BATCH_CHANGES] =
        {
            .name = "vcledger_batch_changes",
            .help = "Changes in a committed batch.",
            .type = METRIC_HISTOGRAM,
            .buckets = change_buckets,
        },
    [METRIC_BATCH_SECONDS] =
        {
            .name = "vcledger_batch_seconds",
            .help = "From the first change in a batch until it was committed.",
            .type = METRIC_HISTOGRAM,
            .buckets = batch_buckets,
        },
    [METRIC_RECONNECTS] =
        {
            .name = "vcledger_reconnects_total",
            .help = "Gateway connections that ended or could not be had, by reason.",
            .labels = {{"reason", reconnect_reasons}},
        },
    [METRIC_SESSIONS_LOST] =
        {
            .name = "vcledger_gateway_sessions_lost_total",
            .help =
                "Sessions of the gateway that could not be resumed: what was open ended at the proven moment.",
        },
    [METRIC_REST_CALLS] =
        {
            .name = "vcledger_rest_calls_total",
            .help = "Calls of Discord's REST API, retries not counted, by how they ended.",
            .labels = {{"result", rest_results}},
        },
    [METRIC_DATABASE_CONNECTIONS] =
        {
            .name = "vcledger_database_connections",
            .help = "Connections to the database that stand.",
            .type = METRIC_GAUGE,
        },
};
