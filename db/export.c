#include "db/export.h"

#include "db/connect.h"
#include "infra/mem.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

static const char settings[] =
    "SET client_encoding = 'UTF8';"
    "SET TimeZone = 'UTC';"
    "SET row_security = off;" /* rows that a policy hides are an error, not missing */
    "SET statement_timeout = 0;"
    "SET client_connection_check_interval = '1s';"
    "SET default_transaction_read_only = on";
/* COPY takes no parameters. No row: of that server nothing was ever heard. */
static const char set_server[] = "SELECT set_config('vcledger.server', $1, false) "
                                 "WHERE $1 = '0' OR EXISTS (SELECT FROM guild WHERE guild_id = $1::bigint) "
                                 "OR EXISTS (SELECT FROM voice_session WHERE guild_id = $1::bigint)";

/* Session ids are ours alone: they are not told, and decide no order. */
#define TIME(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS " column
#define COPY_SESSIONS(of)                                                                                      \
    "COPY (SELECT guild_id, user_id, channel_id, " TIME("started_at") ", " TIME(                               \
        "ended_at") " "                                                                                        \
                    "      FROM (SELECT DISTINCT guild_id, started_at, user_id, ended_at, channel_id "         \
                    "            FROM voice_session "                                                          \
                    "            WHERE ended_at IS NOT NULL" of ") AS s "                                      \
                    "      ORDER BY s.guild_id, s.started_at, s.user_id, s.ended_at, s.channel_id) "           \
                    "TO STDOUT (FORMAT csv, HEADER)"
static const char copy_all[] = COPY_SESSIONS("");
static const char copy_server[] = COPY_SESSIONS(" AND guild_id = current_setting('vcledger.server')::bigint");

static char *words(const PGconn *pg)
{
    struct buffer text = {0};
    buffer_append_string(&text, PQerrorMessage(pg));
    buffer_chomp(&text);
    return text.data;
}

static char *words_of_no_server(uint64_t guild_id)
{
    struct buffer text = {0};
    buffer_printf(&text, "knows no server %" PRIu64, guild_id);
    return text.data;
}

static char *words_of_failure(const PGconn *pg, PGresult *result)
{
    const char *const sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    char *const error = sqlstate != NULL && strcmp(sqlstate, "42P01") == 0 /* undefined_table */
                            ? mem_strdup("there are no tables: run tracker --migrate")
                            : words(pg);
    PQclear(result);
    return error;
}

/* As db_export() itself: NULL, or words. */
static char *begin(PGconn *pg, uint64_t guild_id)
{
    char server[24];
    snprintf(server, sizeof(server), "%" PRIu64, guild_id);
    PGresult *result = PQexec(pg, settings);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return words_of_failure(pg, result);
    PQclear(result);
    result = PQexecParams(pg, set_server, 1, NULL, (const char *[]){server}, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return words_of_failure(pg, result);
    const bool known = PQntuples(result) > 0;
    PQclear(result);
    if (!known)
        return words_of_no_server(guild_id);
    result = PQexec(pg, guild_id == 0 ? copy_all : copy_server);
    if (PQresultStatus(result) != PGRES_COPY_OUT)
        return words_of_failure(pg, result);
    PQclear(result);
    return NULL;
}

static char *copy(PGconn *pg, FILE *out)
{
    char *line;
    int n;
    while ((n = PQgetCopyData(pg, &line, 0)) > 0) {
        fwrite(line, 1, (size_t)n, out);
        PQfreemem(line);
        if (ferror(out) != 0)
            return NULL;
    }
    PGresult *const result = PQgetResult(pg);
    if (n != -1 || PQresultStatus(result) != PGRES_COMMAND_OK)
        return words_of_failure(pg, result);
    PQclear(result);
    return NULL;
}

char *db_export(const char *url, uint64_t guild_id, FILE *out)
{
    PGconn *const pg = db_connect_blocking(url, "vcledger export");
    char *error = PQstatus(pg) == CONNECTION_OK ? begin(pg, guild_id) : words(pg);
    if (error == NULL)
        error = copy(pg, out);
    PQfinish(pg);
    return error;
}
