#include "db/counting_sql.h"

#include "db/job.h"

struct db_counting db_counting_at(const struct pg_result *rows, int row, int column)
{
    return (struct db_counting){.off = db_bool(rows, row, column),
                                .silent_since = db_int(rows, row, column + 1)};
}
