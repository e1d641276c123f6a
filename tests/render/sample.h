/* Made-up members, boards and partners, always the same: for tests and for cards to look at. */
#pragma once

#include "render/grid.h"
#include "render/leaderboard.h"
#include "render/partners.h"

#include <stddef.h>

enum { SAMPLE_MEMBERS = 20, SAMPLE_CALLER = 5 /* Ann */ };

/* The picture of a member, decoded as if Discord had sent it; NULL where the member has none. */
struct image *sample_avatar(size_t member, int size);
/* The server's. */
struct image *sample_icon(int size);

/* n members from the given one on; with the caller's own row where it is not among them. To be
 * given to sample_free(). */
struct leaderboard_view *sample_view(size_t first, size_t n);
void sample_free(struct leaderboard_view *view);

/* Ann's n partners from the given place on, of whom 19 can be had. To be given to sample_partners_free(). */
struct partners_view *sample_partners(size_t first, size_t n);
void sample_partners_free(struct partners_view *view);

/* Heads of the year until 22 Nov 2026: Ann's, the server's; what days tell is for sample_sum_up(). Their picture is
 * to be given to sample_drop(). */
struct stats_head sample_member_head(void);
struct stats_head sample_server_head(void);
enum { SAMPLE_TODAY = 20779 /* 22 Nov 2026 */ };
/* The figures of a head that follow from the seconds of the n days until today. */
void sample_sum_up(struct stats_head *head, int64_t today, const int64_t *days, size_t n);

/* Years of both, ending today. To be given to sample_grid_free(). */
struct grid_view *sample_member_grid(void);
struct grid_view *sample_server_grid(void);
void sample_grid_free(struct grid_view *view);

/* Takes away one picture of a view. */
void sample_drop(const struct image **image);
