#include "db/connect.h"

#include "db/conninfo.h"
#include "db/resolve.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RESOLVE_TIMEOUT_MS = 5000,
    ATTEMPT_TIMEOUT_MS = 3000, /* libpq's own connect_timeout does not hold for asynchronous connects */
    TOLD_MAX = 8192,           /* bytes of failures, should they be other ones each time */
};

/* A host that vanished is noticed within half a minute: by us, and by the server, which then frees our locks.
 * However long a statement takes, the kernel of a living server answers. */
#define KEEPALIVE_IDLE     "10"
#define KEEPALIVE_INTERVAL "5"
#define KEEPALIVE_COUNT    "3"
#define UNANSWERED_MS      "20000"

/* Resolving, then one attempt after the other. */
struct db_connecting {
    struct loop *loop;
    struct db_connect_config config;
    struct db_resolving *resolving;
    struct db_addresses addresses;
    size_t tried;
    PGconn *pg; /* of the attempt */
    struct loop_watch *watch;
    struct loop_timer *timer; /* the attempt's time-out, or the next one's start */
    char error[256];          /* the last one */
    void (*on_done)(void *arg, PGconn *pg, size_t address, const char *error);
    void *arg;
};

static void start_attempt(void *arg);

static size_t address(const struct db_connecting *c)
{
    return (c->config.first + c->tried) % c->addresses.n;
}

static void destroy(struct db_connecting *c)
{
    loop_unwatch(c->watch);
    loop_cancel(c->timer);
    db_resolve_cancel(c->resolving);
    PQfinish(c->pg);
    db_addresses_finish(&c->addresses);
    free(c);
}

static void succeed(struct db_connecting *c)
{
    PGconn *const pg = c->pg;
    const size_t number = address(c);
    void (*const on_done)(void *, PGconn *, size_t, const char *) = c->on_done;
    void *const arg = c->arg;
    c->pg = NULL;
    destroy(c);
    on_done(arg, pg, number, "");
}

static void give_up(struct db_connecting *c)
{
    void (*const on_done)(void *, PGconn *, size_t, const char *) = c->on_done;
    void *const arg = c->arg;
    char error[sizeof(c->error)];
    memcpy(error, c->error, sizeof(error));
    destroy(c);
    on_done(arg, NULL, 0, error);
}

/* One attempt ---------------------------------------------------------------------------------------------- */

bool db_connect_is_news(struct buffer *told, const char *failure)
{
    if (told->len > 0 && strstr(told->data, failure) != NULL)
        return false;
    if (told->len > TOLD_MAX)
        buffer_finish(told);
    buffer_append_string(told, failure);
    return true;
}

static void tell(const struct db_connecting *c, const char *why)
{
    const struct db_address *const to = &c->addresses.list[address(c)];
    const char *const host = to->host != NULL ? to->host : PQhost(c->pg);
    const char *const port = to->port != NULL ? to->port : PQport(c->pg);
    struct buffer failure = {0};
    buffer_printf(&failure, "host=%s port=%s error=%s\n", log_quote(host), log_quote(port), log_quote(why));
    log_line(db_connect_is_news(c->config.told, failure.data) ? LOG_WARN : LOG_DEBUG, "database_unreachable",
             "%.*s", (int)failure.len - 1, failure.data);
    buffer_finish(&failure);
}

static void fail(struct db_connecting *c, const char *why)
{
    tell(c, why);
    snprintf(c->error, sizeof(c->error), "%s", why);
    loop_unwatch(c->watch);
    c->watch = NULL;
    loop_cancel(c->timer);
    PQfinish(c->pg);
    c->pg = NULL;
    c->tried++;
    c->timer = loop_after(c->loop, 0, start_attempt, c);
}

static void on_timeout(void *arg)
{
    struct db_connecting *const c = arg;
    c->timer = NULL;
    fail(c, "connecting took too long");
}

static void on_socket(void *arg, unsigned events)
{
    (void)events;
    struct db_connecting *const c = arg;
    /* libpq may change to another socket on the way (without TLS, say): each poll watches anew. */
    loop_unwatch(c->watch);
    c->watch = NULL;
    switch (PQconnectPoll(c->pg)) {
    case PGRES_POLLING_OK:
        succeed(c);
        break;
    case PGRES_POLLING_READING:
        c->watch = loop_watch(c->loop, PQsocket(c->pg), LOOP_READ, on_socket, c);
        break;
    case PGRES_POLLING_WRITING:
        c->watch = loop_watch(c->loop, PQsocket(c->pg), LOOP_WRITE, on_socket, c);
        break;
    case PGRES_POLLING_FAILED:
    case PGRES_POLLING_ACTIVE:
        fail(c, PQerrorMessage(c->pg));
        break;
    }
}

/* The conninfo's own options are kept: ours are appended, and later ones win. The caller frees. */
static char *server_options(const struct db_connect_config *config)
{
    struct buffer text = {0};
    PQconninfoOption *const options = PQconninfoParse(config->url, NULL);
    const char *const own = db_conninfo_find(options, "options");
    /* Compiling a statement costs more than any of ours takes to run. Planning it for the server that is asked about
     * costs up to 1 ms: for all servers alike, it would be planned for one of the average size, and on the largest
     * of a thousand a board takes half a second then. */
    buffer_printf(&text,
                  "%s -c jit=off -c plan_cache_mode=force_custom_plan"
                  " -c statement_timeout=%lld -c tcp_user_timeout=" UNANSWERED_MS
                  " -c tcp_keepalives_idle=" KEEPALIVE_IDLE " -c tcp_keepalives_interval=" KEEPALIVE_INTERVAL
                  " -c tcp_keepalives_count=" KEEPALIVE_COUNT,
                  own != NULL ? own : "", (long long)config->statement_timeout_ms);
    PQconninfoFree(options);
    return text.data;
}

static PGconn *start_libpq(const struct db_connect_config *config, const struct db_address *to)
{
    char *const options = server_options(config);
    /* Those without a value stay as the conninfo, which "dbname" holds, has them. */
    const struct {
        const char *name, *value;
    } parameters[] = {
        {"dbname", config->url},
        {"host", to->host},
        {"hostaddr", to->hostaddr},
        {"port", to->port},
        {"fallback_application_name", config->application_name},
        {"options", options},
        {"tcp_user_timeout", UNANSWERED_MS},
        {"keepalives_idle", KEEPALIVE_IDLE},
        {"keepalives_interval", KEEPALIVE_INTERVAL},
        {"keepalives_count", KEEPALIVE_COUNT},
    };
    enum { N = sizeof(parameters) / sizeof(parameters[0]) };
    const char *names[N + 1] = {NULL}, *values[N + 1] = {NULL};
    for (size_t i = 0; i < N; i++) {
        names[i] = parameters[i].name;
        values[i] = parameters[i].value;
    }
    PGconn *const pg = PQconnectStartParams(names, values, 1);
    free(options);
    return pg;
}

static void start_attempt(void *arg)
{
    struct db_connecting *const c = arg;
    c->timer = NULL;
    if (c->tried >= c->addresses.n) {
        give_up(c);
        return;
    }
    const struct db_address *const to = &c->addresses.list[address(c)];
    if (to->error != NULL) {
        fail(c, to->error);
        return;
    }
    c->pg = start_libpq(&c->config, to);
    c->timer = loop_after(c->loop, ATTEMPT_TIMEOUT_MS, on_timeout, c);
    if (c->pg == NULL || PQstatus(c->pg) == CONNECTION_BAD)
        fail(c, PQerrorMessage(c->pg));
    else /* as libpq's manual asks: behave as if the first poll had said "writing" */
        c->watch = loop_watch(c->loop, PQsocket(c->pg), LOOP_WRITE, on_socket, c);
}

/* The round ------------------------------------------------------------------------------------------------ */

static void on_resolved(void *arg, struct db_addresses addresses)
{
    struct db_connecting *const c = arg;
    c->resolving = NULL;
    c->addresses = addresses;
    start_attempt(c);
}

struct db_connecting *
db_connect_start(struct loop *loop, const struct db_connect_config *config,
                 void (*on_done)(void *arg, PGconn *pg, size_t address, const char *error), void *arg)
{
    struct db_connecting *const c = mem_alloc(sizeof(*c));
    *c = (struct db_connecting){.loop = loop, .config = *config, .on_done = on_done, .arg = arg};
    snprintf(c->error, sizeof(c->error), "no host has an address");
    c->resolving = db_resolve_start(loop, config->url, RESOLVE_TIMEOUT_MS, on_resolved, c);
    return c;
}

void db_connect_cancel(struct db_connecting *connecting)
{
    if (connecting != NULL)
        destroy(connecting);
}

PGconn *db_connect_blocking(const char *url, const char *application_name)
{
    /* What the conninfo has of the first two comes later, and is the last word. */
    return PQconnectdbParams((const char *[]){"connect_timeout", "application_name", "dbname",
                                              "tcp_user_timeout", "keepalives_idle", "keepalives_interval",
                                              "keepalives_count", NULL},
                             (const char *[]){"5", application_name, url, UNANSWERED_MS, KEEPALIVE_IDLE,
                                              KEEPALIVE_INTERVAL, KEEPALIVE_COUNT, NULL},
                             1);
}
