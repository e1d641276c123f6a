#include "db/conninfo.h"

#include "infra/config.h"
#include "infra/mem.h"

#include <libpq-fe.h>
#include <string.h>

const char *db_conninfo_setting(void)
{
    const char *const value = config_string("DATABASE_URL", NULL);
    PQconninfoOption *const options = PQconninfoParse(value, NULL);
    if (options == NULL)
        config_fail("DATABASE_URL",
                    "must be postgresql://user:password@host/name, or a libpq conninfo (in a URL, signs of a "
                    "password such as @ / : % are written %40 %2F %3A %25)");
    PQconninfoFree(options);
    return options != NULL ? value : "";
}

char *db_conninfo_shown(const char *conninfo)
{
    static const char *const shown[] = {"host", "hostaddr", "port", "dbname", "user", "service"};
    struct buffer text = {0};
    buffer_append_string(&text, "");
    PQconninfoOption *const options = PQconninfoParse(conninfo, NULL);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
            if (strcmp(o->keyword, shown[i]) == 0 && o->val != NULL && o->val[0] != '\0')
                buffer_printf(&text, "%s%s=%s", text.len > 0 ? " " : "", o->keyword, o->val);
        }
    }
    PQconninfoFree(options);
    return text.data;
}
