/* Where the database is, as libpq takes it: a URL or a conninfo, with a password in it perhaps. */
#pragma once

struct _PQconninfoOption; /* libpq's */

/*
 * DATABASE_URL, read as infra/config.h does: "" after an error. A malformed one is an error of the settings, for
 * libpq would tell it by repeating it, password and all; and so is one whose password stands where others may read it.
 */
const char *db_conninfo_setting(void);

/* Of options that PQconninfoParse() made: the value, or else that of libpq's environment variable, or NULL. */
const char *db_conninfo_find(const struct _PQconninfoOption *options, const char *keyword);

/* What may be shown of one that is well formed, "host=db dbname=vcledger user=ann" say. The caller frees. */
char *db_conninfo_shown(const char *conninfo);
