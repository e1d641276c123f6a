#include "db/resolve.h"

#include "db/conninfo.h"
#include "infra/clock.h"
#include "infra/loop.h"
#include "infra/mem.h"

#include <libpq-fe.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_PAUSE_MS = 5, LAST_PAUSE_MS = 100 }; /* between two looks; doubles */

static const char default_port[] = "5432";

/* One host of the conninfo. */
struct name {
    char *host, *port;
    bool is_socket;
    struct gaicb request; /* glibc's, while it looks the name up */
};

/* glibc looks the names up in threads of its own; whether they are done is asked by a timer. */
struct db_resolving {
    struct loop *loop;
    struct loop_timer *timer;
    int64_t deadline_ms; /* of the monotonic clock */
    int64_t pause_ms;
    struct name *names;
    size_t n;
    struct addrinfo hints;
    void (*on_done)(void *arg, struct db_addresses addresses); /* NULL: told, or cancelled */
    void *arg;
};

static void free_resolving(struct db_resolving *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->names[i].host);
        free(r->names[i].port);
        freeaddrinfo(r->names[i].request.ar_result);
    }
    free(r->names);
    free(r);
}

/* What the conninfo says ----------------------------------------------------------------------------------- */

static size_t count_items(const char *list)
{
    size_t n = 1;
    for (const char *c = list; *c != '\0'; c++)
        n += *c == ',';
    return n;
}

/* Item i of a comma list, or its only one. The caller frees. */
static char *item(const char *list, size_t i)
{
    if (strchr(list, ',') == NULL)
        return mem_strdup(list);
    for (; i > 0; i--)
        list = strchr(list, ',') + 1;
    return mem_strndup(list, strcspn(list, ","));
}

static void add_name(struct db_resolving *r, const char *host, const char *port)
{
    struct name *const name = &r->names[r->n];
    name->host = item(host, r->n);
    name->port = item(port, r->n);
    if (name->port[0] == '\0') {
        free(name->port);
        name->port = mem_strdup(default_port);
    }
    name->is_socket = strchr("/@", name->host[0]) != NULL; /* also the empty one: libpq's default folder */
    r->n++;
}

/* No names at all: the conninfo is taken as it stands. */
static void read_names(struct db_resolving *r, const char *conninfo)
{
    PQconninfoOption *const options = PQconninfoParse(conninfo, NULL);
    const char *const host = db_conninfo_find(options, "host");
    const char *const port = db_conninfo_find(options, "port");
    const bool elsewhere =
        db_conninfo_find(options, "hostaddr") != NULL || db_conninfo_find(options, "service") != NULL;
    if (host != NULL && !elsewhere) {
        const size_t n = count_items(host), n_ports = port != NULL ? count_items(port) : 1;
        r->names = mem_alloc(sizeof(*r->names) * n);
        while (r->n < n && (n_ports == 1 || n_ports == n)) /* else libpq will complain */
            add_name(r, host, port != NULL ? port : default_port);
    }
    PQconninfoFree(options);
}

/* Looking up ----------------------------------------------------------------------------------------------- */

static void add(struct db_addresses *addresses, const char *host, const char *hostaddr, const char *port,
                const char *error)
{
    addresses->list = mem_realloc(addresses->list, sizeof(*addresses->list) * (addresses->n + 1));
    addresses->list[addresses->n++] = (struct db_address){
        .host = mem_strdup(host),
        .hostaddr = mem_strdup(hostaddr),
        .port = mem_strdup(port),
        .error = error,
    };
}

static void add_found(struct db_addresses *addresses, const struct name *name)
{
    for (const struct addrinfo *a = name->request.ar_result; a != NULL; a = a->ai_next) {
        char text[NI_MAXHOST];
        if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0)
            add(addresses, name->host, text, name->port, NULL);
    }
}

static bool is_pending(struct name *name)
{
    return !name->is_socket && gai_error(&name->request) == EAI_INPROGRESS;
}

/* Also of the names that are unknown, or still being looked up. */
static void tell(struct db_resolving *r)
{
    struct db_addresses addresses = {0};
    if (r->n == 0)
        add(&addresses, NULL, NULL, NULL, NULL);
    for (size_t i = 0; i < r->n; i++) {
        struct name *const name = &r->names[i];
        const int error = name->is_socket ? 0 : gai_error(&name->request);
        if (name->is_socket)
            add(&addresses, name->host, NULL, name->port, NULL);
        else if (error == 0)
            add_found(&addresses, name);
        else
            add(&addresses, name->host, NULL, name->port, gai_strerror(error));
    }
    r->on_done(r->arg, addresses);
    r->on_done = NULL;
}

static bool in_progress(struct db_resolving *r)
{
    for (size_t i = 0; i < r->n; i++) {
        if (is_pending(&r->names[i]))
            return true;
    }
    return false;
}

static void look(void *arg)
{
    struct db_resolving *const r = arg;
    const bool pending = in_progress(r);
    if ((!pending || clock_monotonic_ms() >= r->deadline_ms) && r->on_done != NULL)
        tell(r);
    /* While glibc still writes into the requests, they outlive the answer. */
    r->timer = pending ? loop_after(r->loop, r->pause_ms, look, r) : NULL;
    r->pause_ms = 2 * r->pause_ms < LAST_PAUSE_MS ? 2 * r->pause_ms : LAST_PAUSE_MS;
    if (!pending)
        free_resolving(r);
}

struct db_resolving *db_resolve_start(struct loop *loop, const char *conninfo, int timeout_ms,
                                      void (*on_done)(void *arg, struct db_addresses addresses), void *arg)
{
    struct db_resolving *const r = mem_alloc(sizeof(*r));
    *r = (struct db_resolving){
        .loop = loop,
        .deadline_ms = clock_monotonic_ms() + timeout_ms,
        .pause_ms = FIRST_PAUSE_MS,
        .on_done = on_done,
        .arg = arg,
    };
    r->hints.ai_socktype = SOCK_STREAM;
    read_names(r, conninfo);
    for (size_t i = 0; i < r->n; i++) {
        struct name *const name = &r->names[i];
        name->request = (struct gaicb){.ar_name = name->host, .ar_request = &r->hints};
        if (!name->is_socket)
            getaddrinfo_a(GAI_NOWAIT, (struct gaicb *[]){&name->request}, 1, NULL);
    }
    r->timer = loop_after(loop, 0, look, r);
    return r;
}

void db_resolve_cancel(struct db_resolving *resolving)
{
    if (resolving == NULL)
        return;
    resolving->on_done = NULL;
    for (size_t i = 0; i < resolving->n; i++)
        gai_cancel(&resolving->names[i].request);
    if (in_progress(resolving))
        return; /* glibc still writes into it: look() frees it later */
    loop_cancel(resolving->timer);
    free_resolving(resolving);
}

void db_addresses_finish(struct db_addresses *addresses)
{
    for (size_t i = 0; i < addresses->n; i++) {
        free(addresses->list[i].host);
        free(addresses->list[i].hostaddr);
        free(addresses->list[i].port);
    }
    free(addresses->list);
    *addresses = (struct db_addresses){0};
}
