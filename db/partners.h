/*
 * Voice partners of a member: every other member by the seconds both were in the same channel. Computed from
 * the sessions, clamped to the range, open ones counted as far as they are proven. One statement, one snapshot.
 */
#pragma once

#include "db/members.h"
#include "db/range.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db_pool;

enum { PARTNERS_PAGE = 10 };

struct db_partners_query {
    uint64_t guild_id;
    enum time_range range;
    int page;           /* from 0; past the end means the last */
    uint64_t member_id; /* whose partners */
};

struct db_partners_row {
    int64_t position;        /* from 1, unique; by seconds, then by user_id */
    int64_t seconds;         /* together; above 0 */
    struct db_member member; /* username is NULL where the tracker never met the member */
};

/* Strings are borrowed from the answer. */
struct db_partners {
    bool known; /* false: the tracker has not seen this server yet, nothing else is set */
    const char *guild_name;
    int64_t from, until; /* unix seconds, as of a board */
    struct db_member member;
    int64_t own_seconds; /* the member's own in the range; 0: no voice time, so no partners either */
    int64_t partners;
    int64_t first_seconds; /* of the first place; 0 where there is no partner */
    int page;              /* the one that came, from 0 */
    struct db_partners_row rows[PARTNERS_PAGE];
    size_t n_rows; /* 0: no partners at all */
};

/* on_done gets NULL where the database did not answer (logged). Valid until the callback returns. */
void db_partners_read(struct db_pool *pool, const struct db_partners_query *query,
                      void (*on_done)(void *arg, const struct db_partners *partners), void *arg);
