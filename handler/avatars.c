#include "handler/avatars.h"

#include "handler/metrics.h"
#include "infra/clock.h"
#include "infra/http_client.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "render/image.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum {
    MAX_FILE = 1024 * 1024,
    FETCH_TIMEOUT_MS = 5000,
    MAX_UNDER_WAY = 256, /* above that cards go without, and the next ones ask again */
    MISSING_MS = 5 * 60 * 1000,
    FAILED_MS = 5000,
};

/* A picture is under way (call), or it is here (image), or neither: then it is not there, or fetching it
 * failed. */
struct entry {
    struct avatars *avatars;
    char *key; /* size and address */
    int size;
    struct http_call *call;
    struct image *image;
    int64_t until; /* under way: cards wait for it; neither: it is not asked for again (both monotonic) */
    UT_hash_handle hh;
};

/* A card that waits for pictures. */
struct waiter {
    struct avatars *avatars;
    struct loop_timer *timer; /* its time-out; when nothing is awaited, its end in the next turn */
    int64_t since;
    struct avatars_picture *pictures;
    size_t n, n_awaited;
    void (*on_done)(void *arg);
    void *arg;
    struct waiter *prev, *next;
    const struct entry *awaited[]; /* one for each picture; NULL: it has what it gets */
};

struct avatars {
    struct loop *loop;
    struct http_client *cdn;
    const char *cdn_url;
    struct entry *entries; /* the one whose use is longest ago first */
    size_t bytes, max_bytes;
    size_t n_under_way;
    struct waiter *waiters;
    int64_t answered_at;  /* the CDN said something */
    int64_t silent_until; /* 0, or a card waited and it said nothing: the next ones do not wait */
};

struct avatars *avatars_create(struct loop *loop, struct http_client *cdn, const char *cdn_url,
                               size_t max_bytes)
{
    struct avatars *const avatars = mem_alloc(sizeof(*avatars));
    avatars->loop = loop;
    avatars->cdn = cdn;
    avatars->cdn_url = cdn_url;
    avatars->max_bytes = max_bytes;
    return avatars;
}

/* Addresses ------------------------------------------------------------------------------------------------ */

/* Hex digits, after "a_" where the picture is animated. Anything else must not get into an address. */
static bool is_hash(const char *hash)
{
    if (hash == NULL)
        return false;
    if (strncmp(hash, "a_", 2) == 0)
        hash += 2;
    const size_t n = strspn(hash, "0123456789abcdef");
    return n > 0 && n <= 64 && hash[n] == '\0';
}

/* The smallest size that Discord offers above ours; an animated picture stands still as PNG. */
#define SUFFIX ".png?size=128"

char *avatars_member_url(const struct avatars *avatars, uint64_t guild_id, uint64_t user_id,
                         const char *guild_avatar, const char *avatar)
{
    struct buffer url = {0};
    if (is_hash(guild_avatar))
        buffer_printf(&url, "%s/guilds/%" PRIu64 "/users/%" PRIu64 "/avatars/%s" SUFFIX, avatars->cdn_url,
                      guild_id, user_id, guild_avatar);
    else if (is_hash(avatar))
        buffer_printf(&url, "%s/avatars/%" PRIu64 "/%s" SUFFIX, avatars->cdn_url, user_id, avatar);
    return url.data;
}

char *avatars_icon_url(const struct avatars *avatars, uint64_t guild_id, const char *icon)
{
    struct buffer url = {0};
    if (is_hash(icon))
        buffer_printf(&url, "%s/icons/%" PRIu64 "/%s" SUFFIX, avatars->cdn_url, guild_id, icon);
    return url.data;
}

/* Entries -------------------------------------------------------------------------------------------------- */

/* As the one that was used last. */
static void put(struct entry *entry)
{
    HASH_ADD_KEYPTR(hh, entry->avatars->entries, entry->key, strlen(entry->key), entry);
}

static struct entry *add(struct avatars *avatars, char *key, int size)
{
    struct entry *const entry = mem_alloc(sizeof(*entry));
    entry->avatars = avatars;
    entry->key = key;
    entry->size = size;
    put(entry);
    return entry;
}

/* What is not there takes room too. */
static size_t entry_bytes(const struct entry *entry)
{
    return sizeof(*entry) + strlen(entry->key) + 1 + (entry->image != NULL ? image_bytes(entry->image) : 0);
}

/* Cards that were given the picture keep it. */
static void drop(struct entry *entry)
{
    struct avatars *const avatars = entry->avatars;
    HASH_DEL(avatars->entries, entry);
    if (entry->call == NULL)
        avatars->bytes -= entry_bytes(entry);
    http_call_cancel(entry->call);
    image_destroy(entry->image);
    free(entry->key);
    free(entry);
}

/* Cards may wait for what is under way: it stays, and is counted when it has come. */
static void evict(struct avatars *avatars)
{
    struct entry *entry, *next;
    HASH_ITER(hh, avatars->entries, entry, next)
    {
        if (avatars->bytes <= avatars->max_bytes)
            return;
        if (entry->call == NULL)
            drop(entry);
    }
}

void avatars_destroy(struct avatars *avatars)
{
    if (avatars == NULL)
        return;
    struct entry *entry, *next;
    HASH_ITER(hh, avatars->entries, entry, next)
    {
        drop(entry);
    }
    free(avatars);
}

/* Fetching ------------------------------------------------------------------------------------------------- */

static void on_waiter_time(void *arg)
{
    struct waiter *const waiter = arg;
    struct avatars *const avatars = waiter->avatars;
    void (*const on_done)(void *) = waiter->on_done;
    void *const on_done_arg = waiter->arg;
    if (waiter->n_awaited > 0) {
        log_info("avatars_late", "missing=%zu", waiter->n_awaited);
        if (avatars->answered_at < waiter->since)
            avatars->silent_until = clock_monotonic_ms() + FAILED_MS;
    }
    DL_DELETE(avatars->waiters, waiter);
    free(waiter);
    on_done(on_done_arg);
}

static void deliver(struct waiter *waiter, const struct entry *entry)
{
    for (size_t i = 0; i < waiter->n; i++) {
        if (waiter->awaited[i] != entry)
            continue;
        waiter->awaited[i] = NULL;
        waiter->pictures[i].image = image_reference(entry->image);
        if (--waiter->n_awaited > 0)
            continue;
        loop_cancel(waiter->timer);
        waiter->timer = loop_after(waiter->avatars->loop, 0, on_waiter_time, waiter);
    }
}

/* The CDN is in trouble; any other answer without a picture is its last word. */
static bool may_pass(const struct http_response *response)
{
    return (response->status == 0 && !response->too_long) || response->status == 429 || response->status >= 500;
}

static void on_response(void *arg, const struct http_response *response)
{
    struct entry *const entry = arg;
    struct avatars *const avatars = entry->avatars;
    const int64_t now = clock_monotonic_ms();
    entry->call = NULL;
    avatars->n_under_way--;
    if (response->error == NULL) {
        avatars->answered_at = now;
        avatars->silent_until = 0;
    }
    if (response->status == 200)
        entry->image = image_decode(response->body, response->len, entry->size);
    metrics_count(METRIC_AVATARS, entry->image != NULL ? "fetched" : "failed", NULL);
    if (entry->image == NULL) {
        entry->until = now + (may_pass(response) ? FAILED_MS : MISSING_MS);
        log_debug("avatar_missing", "http=%d error=%s", response->status, log_quote(response->error));
    }
    avatars->bytes += entry_bytes(entry);
    struct waiter *waiter;
    DL_FOREACH(avatars->waiters, waiter)
    {
        deliver(waiter, entry);
    }
    evict(avatars);
}

static void start_fetch(struct entry *entry, const char *url, int64_t now, int64_t timeout_ms)
{
    struct avatars *const avatars = entry->avatars;
    const struct http_request request = {
        .method = "GET",
        .url = url,
        .max_response = MAX_FILE,
        .timeout_ms = FETCH_TIMEOUT_MS,
    };
    entry->until = now + timeout_ms;
    entry->call = http_call_start(avatars->cdn, &request, on_response, entry);
    avatars->n_under_way++;
}

/* The picture's entry, its fetch started where one is due. NULL where too many are under way. */
static struct entry *look_up(struct avatars *avatars, const struct avatars_picture *picture, int64_t now,
                             int64_t timeout_ms)
{
    struct buffer key = {0};
    buffer_printf(&key, "%d %s", picture->size, picture->url);
    struct entry *entry;
    HASH_FIND(hh, avatars->entries, key.data, key.len, entry);
    if (entry != NULL && entry->call == NULL && entry->image == NULL && now >= entry->until) {
        drop(entry);
        entry = NULL;
    }
    if (entry != NULL) {
        buffer_finish(&key);
        HASH_DEL(avatars->entries, entry);
        put(entry);
        return entry;
    }
    if (avatars->n_under_way == MAX_UNDER_WAY) {
        buffer_finish(&key);
        return NULL;
    }
    entry = add(avatars, key.data, picture->size);
    start_fetch(entry, picture->url, now, timeout_ms);
    return entry;
}

void avatars_fetch(struct avatars *avatars, struct avatars_picture *pictures, size_t n, int64_t timeout_ms,
                   void (*on_done)(void *arg), void *arg)
{
    const int64_t now = clock_monotonic_ms();
    struct waiter *const waiter = mem_alloc(sizeof(*waiter) + n * sizeof(waiter->awaited[0]));
    waiter->avatars = avatars;
    waiter->since = now;
    waiter->pictures = pictures;
    waiter->n = n;
    waiter->on_done = on_done;
    waiter->arg = arg;
    for (size_t i = 0; i < n; i++) {
        pictures[i].image = NULL;
        const struct entry *const entry =
            pictures[i].url != NULL ? look_up(avatars, &pictures[i], now, timeout_ms) : NULL;
        if (entry == NULL)
            continue;
        pictures[i].image = image_reference(entry->image);
        if (entry->image != NULL)
            metrics_count(METRIC_AVATARS, "kept", NULL);
        if (entry->call != NULL && now < entry->until && now >= avatars->silent_until) {
            waiter->awaited[i] = entry;
            waiter->n_awaited++;
        }
    }
    waiter->timer = loop_after(avatars->loop, waiter->n_awaited > 0 ? timeout_ms : 0, on_waiter_time, waiter);
    DL_APPEND(avatars->waiters, waiter);
}
