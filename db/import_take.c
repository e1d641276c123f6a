#include "db/import_inside.h"

#include <string.h>

enum { TRIES = 5 };

/* As record_sessions() locks: until the end of the transaction nobody else writes sessions of that server. */
static const char lock_guild[] =
    "WITH known AS MATERIALIZED (SELECT FROM guild WHERE guild_id = $1::bigint FOR NO KEY UPDATE) "
    "SELECT pg_advisory_xact_lock(hashtextextended('guild', $1::bigint)) WHERE NOT EXISTS (SELECT FROM known)";

/* What the database does not have: it wins, with open sessions too. A member's sessions there do not overlap, so what one
 * of ours may touch is the last that began before it, and those that begin within it. A stay of no length touches nothing,
 * may lie within another, and is taken unless it is there itself. Of a server whose first sessions come now the planner
 * knows nothing, and any index of servers is the same to it: because of the order it takes the members' one.
 *
 * And nothing beyond what the server's tracker has proven: what it holds in memory begins after that. Under another number of
 * shards there may be older rows for the server's place, but all that they prove was proven before today's tracker claimed it,
 * so the latest proof counts. Before a tracker's first one nobody knows what it holds: nothing is taken. Where nobody ever
 * claimed the place nothing is held. */
static const char find_parts[] =
    "WITH proven AS MATERIALIZED ("
    "    SELECT date_trunc('second', least(now(), (SELECT max(coalesce(proven_at, '-infinity')) FROM tracker_shard"
    "                                               WHERE ($1::bigint >> 22) % shard_count = shard_id))) AS at"
    "), ours AS MATERIALIZED ("
    "    SELECT line, user_id, channel_id, started_at, ended_at, least(ended_at, proven.at) AS until"
    "      FROM import_session, proven"
    "     WHERE guild_id = $1::bigint AND chunk = $2::bigint"
    "), compared AS MATERIALIZED ("
    "    SELECT ours.*, there.*"
    "      FROM ours, LATERAL ("
    "           SELECT range_agg(tstzrange(s.started_at, s.ended_at)) AS ranges,"
    "                  bool_or(s.started_at = ours.started_at AND s.ended_at = ours.started_at"
    "                          AND s.channel_id = ours.channel_id) AS is_there"
    "             FROM (SELECT started_at, ended_at, channel_id"
    "                     FROM voice_session"
    "                    WHERE guild_id = $1::bigint AND user_id = ours.user_id AND started_at <= ours.until"
    "                      AND started_at >= coalesce((SELECT b.started_at"
    "                                                    FROM voice_session b"
    "                                                   WHERE b.guild_id = $1::bigint AND b.user_id = ours.user_id"
    "                                                     AND b.started_at <= ours.started_at"
    "                                                     AND b.ended_at IS DISTINCT FROM b.started_at"
    "                                                   ORDER BY b.started_at DESC LIMIT 1), ours.started_at)"
    "                    ORDER BY started_at OFFSET 0) AS s"
    "           ) AS there"
    "     WHERE ours.started_at <= ours.until"
    "), parts AS ("
    "    INSERT INTO import_part (line, user_id, channel_id, started_at, ended_at)"
    "    SELECT line, user_id, channel_id, lower(part), upper(part)"
    "      FROM compared, unnest(tstzmultirange(tstzrange(started_at, until)) - coalesce(ranges, '{}')) AS part"
    "     UNION ALL "
    "    SELECT line, user_id, channel_id, started_at, started_at"
    "      FROM compared"
    "     WHERE ended_at = started_at AND is_there IS NOT TRUE"
    "    RETURNING line, started_at, ended_at"
    "), taken AS ("
    "    SELECT line, count(*) AS n, sum(ended_at - started_at) AS length FROM parts GROUP BY line"
    ")"
    "SELECT count(*) FILTER (WHERE ended_at <= proven.at AND length = ended_at - started_at),"
    "       count(*) FILTER (WHERE ended_at <= proven.at AND length < ended_at - started_at),"
    "       count(*) FILTER (WHERE ended_at <= proven.at AND length IS NULL),"
    "       count(*) FILTER (WHERE ended_at > proven.at),"
    "       coalesce(sum(n), 0), coalesce(extract(epoch FROM sum(length)), 0)::bigint"
    "  FROM proven, ours LEFT JOIN taken USING (line)";

/* The tracker's ids are snowflakes: downwards from 0 there is room. */
static const char record_parts[] =
    "SELECT record_sessions($1::bigint, array_agg(lowest - n), array_agg(user_id), array_agg(channel_id),"
    "                       array_agg(extract(epoch FROM started_at)::bigint),"
    "                       array_agg(extract(epoch FROM ended_at)::bigint), array_agg('import'::text)) "
    "FROM (SELECT least(0, min(session_id)) AS lowest FROM voice_session WHERE guild_id = $1::bigint) AS before,"
    "     (SELECT *, row_number() OVER (ORDER BY started_at, user_id, ended_at) AS n FROM import_part) AS part "
    "HAVING count(*) > 0";

static bool send(struct db_import *import, const char *sql, int n, const char *const *chunk)
{
    return PQsendQueryParams(import->pg, sql, n, NULL, chunk, NULL, NULL, 0) == 1;
}

/* In one go, and what is sent in one go is one transaction: however we are stopped in the middle of it, the server runs it
 * to its end and keeps no lock for us. */
static bool send_chunk(struct db_import *import, const char *const *chunk, bool dry)
{
    return (PQenterPipelineMode(import->pg) == 1 && (dry || send(import, lock_guild, 1, chunk)) &&
            send(import, find_parts, 2, chunk) && (dry || send(import, record_parts, 1, chunk)) &&
            PQpipelineSync(import->pg) == 1) ||
           db_import_fail(import, "the database went away", PQerrorMessage(import->pg));
}

/* The next statement's. Behind one that fails none is run, so the first error is the one to tell. */
static PGresult *receive(struct db_import *import, ExecStatusType wanted)
{
    PGresult *const result = PQgetResult(import->pg);
    PQclear(PQgetResult(import->pg)); /* NULL: each has one */
    if (PQresultStatus(result) == wanted)
        return result;
    if (import->error == NULL)
        db_import_fail_result(import, "the database says", import->pg, result);
    else
        PQclear(result);
    return NULL;
}

static bool take(struct db_import *import, const char *const *chunk, bool dry, struct db_import_taking *sum)
{
    if (!send_chunk(import, chunk, dry))
        return false;
    if (!dry)
        PQclear(receive(import, PGRES_TUPLES_OK));
    PGresult *const found = receive(import, PGRES_TUPLES_OK);
    if (!dry)
        PQclear(receive(import, PGRES_TUPLES_OK));
    PQclear(receive(import, PGRES_PIPELINE_SYNC)); /* committed */
    PQexitPipelineMode(import->pg);
    const bool ok = import->error == NULL;
    if (ok) {
        sum->whole += db_import_number(found, 0, 0);
        sum->in_part += db_import_number(found, 0, 1);
        sum->known += db_import_number(found, 0, 2);
        sum->cut += db_import_number(found, 0, 3);
        sum->sessions += db_import_number(found, 0, 4);
        sum->seconds += db_import_number(found, 0, 5);
    }
    PQclear(found);
    return ok;
}

/* Two that write for a server which was not known a moment ago may wait for each other: PostgreSQL refuses one. */
static bool was_deadlock(const struct db_import *import)
{
    return strcmp(import->sqlstate, "40P01") == 0;
}

bool db_import_take(struct db_import *import, size_t chunk, bool dry, struct db_import_taking *taking)
{
    const char *const key[] = {PQgetvalue(import->chunks, (int)chunk, 0),
                               PQgetvalue(import->chunks, (int)chunk, 1)};
    bool taken = take(import, key, dry, taking);
    for (int tries = 1; !taken && was_deadlock(import) && tries < TRIES; tries++) {
        free(import->error);
        import->error = NULL;
        import->sqlstate[0] = '\0';
        taken = take(import, key, dry, taking);
    }
    return taken;
}
