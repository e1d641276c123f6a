/* Whom a member shares voice with: a view in, a JPEG out. */
#pragma once

#include "render/image.h"

#include <stdbool.h>

enum {
    PARTNERS_ROWS = 10,
    PARTNERS_AVATAR_SIZE_FIRST = 72,
    PARTNERS_AVATAR_SIZE = 54,
    PARTNERS_MEMBER_SIZE = 108
};

struct partners_row {
    int64_t position;
    uint64_t user_id;
    const char *name; /* UTF-8, anything at all */
    int64_t seconds;  /* together */
    /* Best PARTNERS_AVATAR_SIZE_FIRST for the first of the first page, else PARTNERS_AVATAR_SIZE; or NULL. */
    const struct image *avatar;
};

struct partners_view {
    const char *server;
    const char *range; /* "This month · 1 – 22 Nov 2026 UTC" */
    /* The member whose partners they are. */
    const char *name;
    uint64_t user_id;
    const struct image *avatar;       /* or NULL; best PARTNERS_MEMBER_SIZE, for the header */
    const struct image *small_avatar; /* the same for the rows: best PARTNERS_AVATAR_SIZE_FIRST */
    int64_t own_seconds;              /* their own time in the range: what the shares are of */

    int64_t partners;      /* how many there are */
    int64_t first_seconds; /* of the first place: the full bar */
    bool first_page;       /* its first row is the large one */
    struct partners_row rows[PARTNERS_ROWS];
    size_t n_rows; /* at least 1 */
};

/* 1000 px wide, as the board's. Needs render_init(). */
struct picture partners_render(const struct partners_view *view);
