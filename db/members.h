/* A member's names and pictures, as the tracker last saw them. */
#pragma once

#include <stdint.h>

struct db_member {
    uint64_t guild_id, user_id;
    const char *username;
    const char *discriminator;                              /* written only */
    const char *global_name, *nick, *avatar, *guild_avatar; /* or NULL */
};

/* For db/'s own files: what a statement selects of a member m, LEFT JOINed, and how it reads. username is NULL
 * where the tracker never met the member. */
#define DB_MEMBER_COLUMNS "m.username, m.global_name, m.nick, m.avatar, m.guild_avatar"

struct pg_result;

/* user_id stands in the given column, DB_MEMBER_COLUMNS right behind it. Strings live as long as the rows. */
struct db_member db_member_at(const struct pg_result *rows, int row, int column, uint64_t guild_id);
