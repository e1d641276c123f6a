/* How a statement reads the names and pictures of a member m, which it LEFT JOINs. */
#pragma once

#include "db/members.h"

#define DB_MEMBER_COLUMNS "m.username, m.global_name, m.nick, m.avatar, m.guild_avatar"

struct pg_result;

/* user_id stands in the given column, DB_MEMBER_COLUMNS right behind it. Strings live as long as the rows. */
struct db_member db_member_at(const struct pg_result *rows, int row, int column, uint64_t guild_id);
