/* Pictures of members and servers from Discord's CDN (contract 4), all that one card needs at once. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct avatars;
struct http_client;
struct image;
struct loop;

/* One picture to fetch: fill in url and size. */
struct avatar {
    char *url;           /* NULL: there is none, and none is fetched */
    int size;            /* it is decoded to size × size pixels */
    struct image *image; /* afterwards: the caller's; NULL where none came */
};

/* The address of a member's picture: the server's own one before the user's. NULL where the member has none, or
 * where a hash is not of the form that Discord gives. The caller frees. */
char *avatar_url_member(const char *cdn_url, uint64_t guild_id, uint64_t user_id, const char *guild_avatar,
                        const char *avatar);
char *avatar_url_icon(const char *cdn_url, uint64_t guild_id, const char *icon);

/*
 * Fetches them side by side. on_done runs once, never from inside this call, when all have come or failed, or
 * when timeout_ms are over: what has not come then is given up. The avatars must stay where they are until
 * then.
 */
void avatars_fetch(struct loop *loop, struct http_client *cdn, struct avatar *avatars, size_t n,
                   int64_t timeout_ms, void (*on_done)(void *arg), void *arg);
