/* The boards: who spent how long in voice, by time range. One statement a board, from one snapshot of the
 * database. */
#pragma once

#include "db/counting.h"
#include "db/members.h"
#include "db/range.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db_pool;

enum { LEADERBOARD_PAGE = 10 /* rows */, LEADERBOARD_OWN_PAGE = -1 };

struct db_leaderboard_query {
    uint64_t guild_id;
    enum time_range range;
    int page;           /* from 0; past the end means the last; LEADERBOARD_OWN_PAGE: the one with the caller,
                           or the first */
    uint64_t caller_id; /* whose own rank is wanted */
};

/* A member on a board. Strings are borrowed from the answer. */
struct db_leaderboard_row {
    int64_t position;        /* from 1, unique */
    int64_t rank;            /* equal times share one: 1, 1, 3 */
    int64_t seconds;         /* above 0 */
    bool live;               /* in voice now: has an open session, and the server is watched */
    struct db_member member; /* username is NULL where the tracker never met the member */
};

struct db_leaderboard {
    bool known;             /* false: the tracker has not seen this server yet, nothing else is set */
    const char *guild_name; /* borrowed, as all strings here */
    const char *guild_icon; /* or NULL */
    /* Unix seconds. from, of all time: when the first time was counted, 0 where there is none; until: when it was
     * computed. */
    int64_t from, until;
    int64_t total_seconds, members; /* of the whole board */
    int64_t first_seconds;          /* of the whole board's first place */
    int64_t in_voice;               /* members in voice now; 0 where nobody can tell */
    struct db_counting counting;
    int page; /* the one that came, from 0 */
    struct db_leaderboard_row rows[LEADERBOARD_PAGE];
    size_t n_rows;
    bool caller_has_time; /* caller is set: also where it stands on the page */
    struct db_leaderboard_row caller;
};

/* on_done gets NULL where the database did not answer (logged). Valid until the callback returns. */
void db_leaderboard_read(struct db_pool *pool, const struct db_leaderboard_query *query,
                         void (*on_done)(void *arg, const struct db_leaderboard *board), void *arg);
