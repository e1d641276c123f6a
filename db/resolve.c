#include "db/resolve.h"

#include "infra/loop.h"
#include "infra/mem.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_HOSTS = 8, LOOK_AGAIN_MS = 5 };

/* glibc looks the names up in threads of its own; whether they are done is asked by a timer. */
struct db_resolving {
    struct loop *loop;
    struct loop_timer *timer;
    int patience_ms;
    char *names[MAX_HOSTS], *ports[MAX_HOSTS];
    int n;
    struct gaicb requests[MAX_HOSTS], *list[MAX_HOSTS];
    struct addrinfo hints;
    void (*on_done)(void *arg, const struct db_hosts *hosts); /* NULL: cancelled */
    void *arg;
};

static void free_resolving(struct db_resolving *r)
{
    for (int i = 0; i < r->n; i++) {
        free(r->names[i]);
        free(r->ports[i]);
        freeaddrinfo(r->requests[i].ar_result);
    }
    free(r);
}

/* Item i of a comma list, or its only one. The caller frees. */
static char *item(const char *list, int i)
{
    if (strchr(list, ',') == NULL)
        return mem_strdup(list);
    for (; i > 0 && strchr(list, ',') != NULL; i--)
        list = strchr(list, ',') + 1;
    return mem_strndup(list, strcspn(list, ","));
}

static bool needs_look_up(const char *name)
{
    unsigned char address[sizeof(struct in6_addr)];
    return name[0] != '\0' && name[0] != '/' && name[0] != '@' && inet_pton(AF_INET, name, address) != 1 &&
           inet_pton(AF_INET6, name, address) != 1;
}

/* Host names and ports of the conninfo (or of libpq's environment) into r. True where one of them has to be
 * looked up. */
static bool read_hosts(struct db_resolving *r, const char *conninfo)
{
    PQconninfoOption *const options = PQconninfoParse(conninfo, NULL);
    const char *host = getenv("PGHOST"), *port = getenv("PGPORT");
    bool has_address = false, needed = false;
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, "host") == 0 && o->val != NULL)
            host = o->val;
        if (strcmp(o->keyword, "port") == 0 && o->val != NULL)
            port = o->val;
        if (strcmp(o->keyword, "hostaddr") == 0 && o->val != NULL)
            has_address = true;
    }
    if (host != NULL && !has_address) {
        int count = 1;
        for (const char *c = host; *c != '\0'; c++)
            count += *c == ',';
        for (; r->n < count && r->n < MAX_HOSTS; r->n++) {
            r->names[r->n] = item(host, r->n);
            r->ports[r->n] = item(port != NULL ? port : "", r->n);
            needed = needed || needs_look_up(r->names[r->n]);
        }
    }
    PQconninfoFree(options);
    return needed;
}

static void add(struct buffer *list, const char *word)
{
    if (list->data != NULL)
        buffer_append_string(list, ",");
    buffer_append_string(list, word);
}

/* Every address of every name, in order: libpq tries one after the other. */
static void tell(struct db_resolving *r)
{
    struct buffer hosts = {0}, addresses = {0}, ports = {0};
    for (int i = 0; i < r->n; i++) {
        for (const struct addrinfo *a = r->requests[i].ar_result; a != NULL; a = a->ai_next) {
            char address[NI_MAXHOST];
            if (getnameinfo(a->ai_addr, a->ai_addrlen, address, sizeof(address), NULL, 0, NI_NUMERICHOST) != 0)
                continue;
            add(&hosts, r->names[i]);
            add(&addresses, address);
            add(&ports, r->ports[i]);
        }
    }
    r->on_done(r->arg, hosts.data == NULL ? NULL
                                          : &(struct db_hosts){
                                                .host = hosts.data,
                                                .hostaddr = addresses.data,
                                                .port = ports.data,
                                            });
    buffer_finish(&hosts);
    buffer_finish(&addresses);
    buffer_finish(&ports);
}

static bool in_progress(struct db_resolving *r)
{
    for (int i = 0; i < r->n; i++) {
        if (gai_error(&r->requests[i]) == EAI_INPROGRESS)
            return true;
    }
    return false;
}

static void look(void *arg)
{
    struct db_resolving *const r = arg;
    const bool pending = in_progress(r);
    r->patience_ms -= LOOK_AGAIN_MS;
    if (pending && r->patience_ms <= 0 && r->on_done != NULL) {
        /* glibc still writes into the requests: they outlive the answer. */
        r->on_done(r->arg, NULL);
        r->on_done = NULL;
    }
    r->timer = pending ? loop_after(r->loop, LOOK_AGAIN_MS, look, r) : NULL;
    if (pending)
        return;
    if (r->on_done != NULL)
        tell(r);
    free_resolving(r);
}

static void nothing_to_do(void *arg)
{
    struct db_resolving *const r = arg;
    r->on_done(r->arg, &(struct db_hosts){0});
    free_resolving(r);
}

struct db_resolving *db_resolve_start(struct loop *loop, const char *conninfo, int timeout_ms,
                                      void (*on_done)(void *arg, const struct db_hosts *hosts), void *arg)
{
    struct db_resolving *const r = mem_alloc(sizeof(*r));
    *r = (struct db_resolving){.loop = loop, .patience_ms = timeout_ms, .on_done = on_done, .arg = arg};
    r->hints.ai_socktype = SOCK_STREAM;
    if (!read_hosts(r, conninfo)) {
        r->timer = loop_after(loop, 0, nothing_to_do, r);
        return r;
    }
    for (int i = 0; i < r->n; i++) {
        r->requests[i] = (struct gaicb){.ar_name = r->names[i], .ar_request = &r->hints};
        r->list[i] = &r->requests[i];
    }
    getaddrinfo_a(GAI_NOWAIT, r->list, r->n, NULL);
    r->timer = loop_after(loop, 0, look, r);
    return r;
}

void db_resolve_cancel(struct db_resolving *resolving)
{
    if (resolving == NULL)
        return;
    resolving->on_done = NULL;
    for (int i = 0; i < resolving->n; i++)
        gai_cancel(&resolving->requests[i]);
    if (in_progress(resolving))
        return; /* glibc still writes into it: look() frees it later */
    loop_cancel(resolving->timer);
    free_resolving(resolving);
}
