/* Where the database is, as libpq takes it: a URL or a conninfo, with a password in it perhaps. */
#pragma once

struct _PQconninfoOption; /* libpq's */

#include <stdbool.h>

/* What to say of one that is malformed, or whose password stands where others may read it. */
#define DB_CONNINFO_FORM                                                                                        \
    "must be postgresql://user:password@host/name, or a libpq conninfo (in a URL, signs of a password such as " \
    "@ / : % are written %40 %2F %3A %25)"

/* Well formed, and with no password in what libpq's errors and db_conninfo_shown() tell of it. */
bool db_conninfo_is_good(const char *conninfo);

/*
 * DATABASE_URL, read as infra/config.h does: "" after an error. A malformed one is an error of the settings, for
 * libpq would tell it by repeating it, password and all; and so is one whose password stands where others may read it.
 */
const char *db_conninfo_setting(void);

/* Of options that PQconninfoParse() made: the value, or else that of libpq's environment variable, or NULL. */
const char *db_conninfo_find(const struct _PQconninfoOption *options, const char *keyword);

/* What may be shown of one that is well formed, "host=db dbname=vcledger user=ann" say. The caller frees. */
char *db_conninfo_shown(const char *conninfo);
