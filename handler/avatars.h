/*
 * Pictures of members and servers from Discord's CDN ("Image Formatting"), kept decoded: those that were used last, up to
 * a number of bytes. What is not there is remembered for some minutes, what failed for some seconds. A picture is fetched
 * once, however many cards wait for it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct avatars;
struct http_client;
struct image;
struct loop;

/* cdn_url: without a slash at the end; it must stay valid. max_bytes 0: nothing is kept. */
struct avatars *avatars_create(struct loop *loop, struct http_client *cdn, const char *cdn_url,
                               size_t max_bytes);
/* No card may wait any more; fetches may be under way and are given up. NULL is accepted. */
void avatars_destroy(struct avatars *avatars);

/* The address of a member's picture: the server's own one before the user's. NULL where the member has none, or
 * where a hash is not of the form that Discord gives. The caller frees. */
char *avatars_member_url(const struct avatars *avatars, uint64_t guild_id, uint64_t user_id,
                         const char *guild_avatar, const char *avatar);
char *avatars_icon_url(const struct avatars *avatars, uint64_t guild_id, const char *icon);

/* One picture of a card: fill in url and size. */
struct avatars_picture {
    char *url;           /* NULL: there is none, and none is fetched */
    int size;            /* it is decoded to size × size pixels */
    struct image *image; /* afterwards: the caller's, for image_destroy(); NULL where none came */
};

/*
 * All that one card needs, at once. on_done runs once, never from inside this call, when all are here or known
 * not to come, at the latest after timeout_ms. The pictures must stay where they are until then.
 *
 * What comes later is for the next cards: they do not wait again for a picture that is late, nor for any while
 * the CDN is silent (a card waited and heard nothing; forgotten after some seconds, and when it answers).
 */
void avatars_fetch(struct avatars *avatars, struct avatars_picture *pictures, size_t n, int64_t timeout_ms,
                   void (*on_done)(void *arg), void *arg);
