#include "db/members_sql.h"

#include "db/job.h"

struct db_member db_member_at(const struct pg_result *rows, int row, int column, uint64_t guild_id)
{
    return (struct db_member){
        .guild_id = guild_id,
        .user_id = db_snowflake(rows, row, column),
        .username = db_text(rows, row, column + 1),
        .global_name = db_text(rows, row, column + 2),
        .nick = db_text(rows, row, column + 3),
        .avatar = db_text(rows, row, column + 4),
        .guild_avatar = db_text(rows, row, column + 5),
    };
}
