/*
 * Applies migrations of the test's own to DATABASE_URL, as `tracker --migrate` does with the program's:
 *
 *     migrate NAME SQL [NAME SQL]...
 */
#include "db/migrate.h"

#include <stdlib.h>

enum { MAX_MIGRATIONS = 8 };

int main(int argc, char **argv)
{
    struct db_migration migrations[MAX_MIGRATIONS + 1] = {0};
    for (int i = 0; i < MAX_MIGRATIONS && 2 * i + 2 < argc; i++)
        migrations[i] = (struct db_migration){.name = argv[2 * i + 1], .sql = argv[2 * i + 2]};
    return db_migrate(getenv("DATABASE_URL"), migrations, "SELECT") ? EXIT_SUCCESS : EXIT_FAILURE;
}
