#include "db/conninfo.h"

#include "infra/config.h"
#include "infra/mem.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *const shown[] = {"host", "hostaddr", "port", "dbname", "user", "service"};
enum { N_SHOWN = sizeof(shown) / sizeof(shown[0]) };

const char *db_conninfo_find(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, keyword) == 0)
            return o->val != NULL || o->envvar == NULL ? o->val : getenv(o->envvar);
    }
    return NULL;
}

/* A user's name may have an @ (ann@server, of some hosters); a host's first sign, where it is an abstract socket. */
static bool is_credible(const char *keyword, const char *value)
{
    if (strcmp(keyword, "port") == 0)
        return value[strspn(value, "0123456789,")] == '\0';
    if (strcmp(keyword, "host") == 0 && strchr(value[0] == '@' ? value + 1 : value, '@') != NULL)
        return false;
    if (strcmp(keyword, "dbname") == 0 && strpbrk(value, "@=") != NULL)
        return false;
    return strstr(value, "://") == NULL;
}

/* Where a password has / or @ in a URL, libpq takes what follows for host, port and name of the database: well formed,
 * but then it is shown. So is a whole URL or conninfo in the place of one of these. */
static bool may_be_shown(const PQconninfoOption *options)
{
    for (size_t i = 0; i < N_SHOWN; i++) {
        const char *const value = db_conninfo_find(options, shown[i]);
        if (value != NULL && !is_credible(shown[i], value))
            return false;
    }
    return true;
}

bool db_conninfo_is_good(const char *conninfo)
{
    PQconninfoOption *const options = PQconninfoParse(conninfo, NULL);
    const bool good = options != NULL && may_be_shown(options);
    PQconninfoFree(options);
    return good;
}

const char *db_conninfo_setting(void)
{
    const char *const value = config_string("DATABASE_URL", NULL);
    if (db_conninfo_is_good(value))
        return value;
    config_fail("DATABASE_URL", DB_CONNINFO_FORM);
    return "";
}

char *db_conninfo_shown(const char *conninfo)
{
    struct buffer text = {0};
    buffer_append_string(&text, "");
    PQconninfoOption *const options = PQconninfoParse(conninfo, NULL);
    for (size_t i = 0; i < N_SHOWN; i++) {
        const char *const value = db_conninfo_find(options, shown[i]);
        if (value != NULL && value[0] != '\0')
            buffer_printf(&text, "%s%s=%s", text.len > 0 ? " " : "", shown[i], value);
    }
    PQconninfoFree(options);
    return text.data;
}
