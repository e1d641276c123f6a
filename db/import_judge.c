#include "db/import_inside.h"

#include <stdio.h>
#include <string.h>

/* A chunk is so many sessions at most: what a tracker's batch may have to wait for. */
#define CHUNK "2000"

static const char *const verdict_names[IMPORT_VERDICTS] = {
    [IMPORT_BAD_ID] = "bad_id",     [IMPORT_BAD_TIME] = "bad_time", [IMPORT_BACKWARDS] = "backwards",
    [IMPORT_FUTURE] = "future",     [IMPORT_OPEN] = "open",         [IMPORT_DUPLICATE] = "duplicate",
    [IMPORT_LONG] = "long",         [IMPORT_CLASH] = "clash",       [IMPORT_SHORTENED] = "shortened",
    [IMPORT_AS_IT_IS] = "as_it_is",
};

/* Each row on its own; then the copies; then the sessions of each member among those that are left: who begins a later
 * one has left the earlier one, and of those that begin together the shortest stays, the time that all of them tell of, and
 * of equal ones that of the lowest channel, whichever comes first in the file. A stay of no length is in nobody's way. */
static const char judge_rows[] =
    "CREATE TEMPORARY TABLE import_session AS "
    "WITH parsed AS ("
    "    SELECT line, pg_temp.import_id(guild_id) AS guild_id, pg_temp.import_id(user_id) AS user_id,"
    "           pg_temp.import_id(channel_id) AS channel_id, pg_temp.import_time(started_at) AS s,"
    "           pg_temp.import_time(ended_at) AS e, coalesce(ended_at, '') = '' AS open"
    "      FROM import_row"
    "), alone AS ("
    "    SELECT *, CASE WHEN guild_id IS NULL OR user_id IS NULL OR channel_id IS NULL THEN 'bad_id'"
    "                   WHEN s IS NULL OR e IS NULL AND NOT open THEN 'bad_time'"
    "                   WHEN s > now() OR e > now() THEN 'future'"
    "                   WHEN open THEN 'open'"
    "                   WHEN e < s THEN 'backwards'"
    "                   WHEN row_number() OVER (PARTITION BY guild_id, user_id, channel_id, s, e ORDER BY line) > 1"
    "                   THEN 'duplicate'"
    "                   WHEN e - s > make_interval(hours => $1::int) THEN 'long' END AS verdict"
    "      FROM parsed"
    "), left_over AS ("
    "    SELECT *, CASE WHEN verdict IS NULL AND e > s THEN row_number() OVER of_start END AS n_of_start,"
    "           CASE WHEN verdict IS NULL THEN first_value(s) OVER next_start END AS next"
    "      FROM alone"
    "    WINDOW of_start AS (PARTITION BY guild_id, user_id, verdict, s, e > s ORDER BY e, channel_id),"
    "           next_start AS (PARTITION BY guild_id, user_id, verdict, e > s ORDER BY s"
    "                          GROUPS BETWEEN 1 FOLLOWING AND 1 FOLLOWING)"
    "), judged AS ("
    "    SELECT line, guild_id, user_id, channel_id, s AS started_at, least(e, next) AS ended_at,"
    "           CASE WHEN verdict IS NOT NULL THEN verdict"
    "                WHEN n_of_start > 1 THEN 'clash'"
    "                WHEN e > next THEN 'shortened' ELSE 'as_it_is' END AS verdict,"
    "           CASE WHEN e > next THEN e - next END AS cut_off"
    "      FROM left_over"
    ")"
    "SELECT *, CASE WHEN verdict IN ('shortened', 'as_it_is')"
    "               THEN (row_number() OVER (PARTITION BY verdict IN ('shortened', 'as_it_is'), guild_id"
    "                                        ORDER BY started_at, user_id, line) - 1) / " CHUNK " END AS chunk"
    "  FROM judged";
static const char index_sessions[] = "CREATE INDEX ON import_session (guild_id, chunk) WHERE chunk IS NOT NULL;"
                                     "ANALYZE import_session";
static const char count_verdicts[] =
    "SELECT verdict, count(*), coalesce(extract(epoch FROM sum(cut_off)), 0)::bigint "
    "FROM import_session "
    "GROUP BY verdict";
static const char list_examples[] =
    "SELECT x.verdict, x.line, concat(r.guild_id, ',', r.user_id, ',', r.channel_id, ',', r.started_at, ',', r.ended_at) "
    "FROM (SELECT verdict, line, row_number() OVER (PARTITION BY verdict ORDER BY line) AS n "
    "      FROM import_session WHERE verdict <> 'as_it_is') AS x JOIN import_row r USING (line) "
    "WHERE n <= 3 "
    "ORDER BY x.line";
static const char list_chunks[] = "SELECT guild_id, chunk "
                                  "FROM import_session "
                                  "WHERE chunk IS NOT NULL "
                                  "GROUP BY guild_id, chunk "
                                  "ORDER BY guild_id, chunk";

static enum db_import_verdict verdict_of(const char *name)
{
    int i = 0;
    while (strcmp(verdict_names[i], name) != 0)
        i++;
    return (enum db_import_verdict)i;
}

static bool read_counts(struct db_import *import, struct db_import_judgement *judgement)
{
    PGresult *const counts = db_import_query(import, count_verdicts, 0, NULL);
    for (int i = 0; i < PQntuples(counts); i++) {
        const enum db_import_verdict verdict = verdict_of(PQgetvalue(counts, i, 0));
        judgement->rows[verdict] = db_import_number(counts, i, 1);
        if (verdict == IMPORT_SHORTENED)
            judgement->seconds_cut_off = db_import_number(counts, i, 2);
    }
    judgement->sessions = judgement->rows[IMPORT_SHORTENED] + judgement->rows[IMPORT_AS_IT_IS];
    PQclear(counts);
    return import->error == NULL;
}

static bool read_examples(struct db_import *import, struct db_import_judgement *judgement)
{
    PGresult *const rows = db_import_query(import, list_examples, 0, NULL);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct db_import_example *example = judgement->examples[verdict_of(PQgetvalue(rows, i, 0))];
        while (example->line != 0)
            example++;
        example->line = db_import_number(rows, i, 1);
        snprintf(example->text, sizeof(example->text), "%s", PQgetvalue(rows, i, 2));
    }
    PQclear(rows);
    return import->error == NULL;
}

bool db_import_judge(struct db_import *import, int64_t max_hours, struct db_import_judgement *judgement)
{
    *judgement = (struct db_import_judgement){0};
    char hours[24];
    snprintf(hours, sizeof(hours), "%lld", (long long)max_hours);
    PGresult *const judged = db_import_query(import, judge_rows, 1, (const char *[]){hours});
    const bool ok = judged != NULL;
    PQclear(judged);
    if (!ok || !db_import_run(import, index_sessions) || !read_counts(import, judgement) ||
        !read_examples(import, judgement))
        return false;
    import->chunks = db_import_query(import, list_chunks, 0, NULL);
    judgement->chunks = (size_t)PQntuples(import->chunks);
    return import->error == NULL;
}
