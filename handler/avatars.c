#include "handler/avatars.h"

#include "infra/http_client.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "render/image.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1024 * 1024 };

struct fetch {
    struct avatars *all;
    struct avatar *avatar;
    struct http_call *call; /* NULL once it is over */
};

struct avatars {
    struct loop_timer *timer;
    struct fetch *fetches;
    size_t n, n_under_way;
    void (*on_done)(void *arg);
    void *arg;
};

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

char *avatar_url_member(const char *cdn_url, uint64_t guild_id, uint64_t user_id, const char *guild_avatar,
                        const char *avatar)
{
    struct buffer url = {0};
    if (is_hash(guild_avatar))
        buffer_printf(&url, "%s/guilds/%" PRIu64 "/users/%" PRIu64 "/avatars/%s" SUFFIX, cdn_url, guild_id,
                      user_id, guild_avatar);
    else if (is_hash(avatar))
        buffer_printf(&url, "%s/avatars/%" PRIu64 "/%s" SUFFIX, cdn_url, user_id, avatar);
    return url.data;
}

char *avatar_url_icon(const char *cdn_url, uint64_t guild_id, const char *icon)
{
    struct buffer url = {0};
    if (is_hash(icon))
        buffer_printf(&url, "%s/icons/%" PRIu64 "/%s" SUFFIX, cdn_url, guild_id, icon);
    return url.data;
}

/* Fetching ------------------------------------------------------------------------------------------------- */

static void finish(struct avatars *all)
{
    void (*const on_done)(void *) = all->on_done;
    void *const arg = all->arg;
    loop_cancel(all->timer);
    for (size_t i = 0; i < all->n; i++)
        http_call_cancel(all->fetches[i].call);
    free(all->fetches);
    free(all);
    on_done(arg);
}

/* Also the end where there was nothing to fetch. */
static void on_time(void *arg)
{
    struct avatars *const all = arg;
    all->timer = NULL;
    if (all->n_under_way > 0)
        log_info("avatars_late", "missing=%zu", all->n_under_way);
    finish(all);
}

static void on_response(void *arg, const struct http_response *response)
{
    struct fetch *const fetch = arg;
    fetch->call = NULL;
    if (response->status == 200)
        fetch->avatar->image = image_decode(response->body, response->len, fetch->avatar->size);
    if (fetch->avatar->image == NULL)
        log_debug("avatar_missing", "http=%d error=%s", response->status, log_quote(response->error));
    if (--fetch->all->n_under_way == 0)
        finish(fetch->all);
}

void avatars_fetch(struct loop *loop, struct http_client *cdn, struct avatar *avatars, size_t n,
                   int64_t timeout_ms, void (*on_done)(void *arg), void *arg)
{
    struct avatars *const all = mem_alloc(sizeof(*all));
    all->fetches = mem_alloc(n * sizeof(*all->fetches));
    all->n = n;
    all->on_done = on_done;
    all->arg = arg;
    for (size_t i = 0; i < n; i++) {
        struct fetch *const fetch = &all->fetches[i];
        fetch->all = all;
        fetch->avatar = &avatars[i];
        avatars[i].image = NULL;
        if (avatars[i].url == NULL)
            continue;
        const struct http_request request = {
            .method = "GET",
            .url = avatars[i].url,
            .max_response = MAX_BYTES,
            .timeout_ms = 2 * timeout_ms, /* the timer below comes first */
        };
        fetch->call = http_call_start(cdn, &request, on_response, fetch);
        all->n_under_way++;
    }
    all->timer = loop_after(loop, all->n_under_way > 0 ? timeout_ms : 0, on_time, all);
}
