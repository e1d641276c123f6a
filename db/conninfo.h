/* Where the database is, as libpq takes it: a URL or a conninfo, with a password in it perhaps. */
#pragma once

/*
 * DATABASE_URL, read as infra/config.h does: "" after an error. A malformed one is an error of the settings, for
 * libpq would tell it by repeating it, password and all.
 */
const char *db_conninfo_setting(void);

/* What may be shown of one that is well formed, "host=db dbname=vcledger user=ann" say. The caller frees. */
char *db_conninfo_shown(const char *conninfo);
