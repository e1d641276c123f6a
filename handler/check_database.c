#include "handler/check_part.h"

#include "db/conninfo.h"
#include "db/pool.h"
#include "db/survey.h"
#include "infra/clock.h"

#include <inttypes.h>
#include <stdlib.h>

enum { CLOCK_TOLERANCE_MS = 5000 };

static void tell_connection(struct check *check, const struct db_survey *survey)
{
    char *const where = db_conninfo_shown(check->environment.worker.database_url);
    const char *const error = db_pool_error(check->pool);
    if (survey->asked == DB_SURVEY_UNREACHABLE && db_pool_ready(check->pool))
        report_line(&check->report, FINDING_WRONG, "database", "takes connections (%s) but no questions",
                    where);
    else if (survey->asked == DB_SURVEY_UNREACHABLE)
        report_line(&check->report, FINDING_WRONG, "database", "cannot be reached (%s): %s", where,
                    error[0] != '\0' ? error : "it does not answer");
    else if (survey->read_only)
        report_line(
            &check->report, FINDING_WRONG, "database",
            "takes no writes (%s), a standby: name the primary too, with target_session_attrs=read-write",
            where);
    else
        report_line(&check->report, FINDING_OK, "database", "PostgreSQL %s (%s)", survey->version, where);
    free(where);
}

static void tell_clock(struct check *check, const struct db_survey *survey)
{
    const int64_t ahead_ms = survey->now_ms - clock_wall_ms();
    if (llabs(ahead_ms) <= CLOCK_TOLERANCE_MS)
        report_line(&check->report, FINDING_OK, "clock", "the database's and this machine's agree");
    else
        report_line(&check->report, FINDING_WRONG, "clock",
                    "the database's is %" PRId64 " s %s this machine's: let both follow a time server",
                    (int64_t)llabs(ahead_ms) / 1000, ahead_ms > 0 ? "ahead of" : "behind");
}

static void tell_tables(struct check *check, const struct db_survey *survey)
{
    if (survey->asked == DB_SURVEY_UNMADE)
        report_line(&check->report, FINDING_WRONG, "tables", "there are none yet: run tracker --migrate");
    else if (survey->asked == DB_SURVEY_FORBIDDEN)
        report_line(&check->report, FINDING_WRONG, "tables",
                    "this role may not do all that the handler does: GRANT %s", survey->lacking);
    else if (survey->asked == DB_SURVEY_OLD)
        report_line(&check->report, FINDING_WRONG, "tables",
                    "are of an older version (%s is missing): run tracker --migrate", survey->missing);
    else if (survey->newer != NULL)
        report_line(
            &check->report, FINDING_UNKNOWN, "tables",
            "a newer version has been here (%s): all right while you go back to this one, else update it",
            survey->newer);
    else
        report_line(&check->report, FINDING_OK, "tables",
                    "all %zu migrations are applied, and the role may use them%s", survey->n_migrations,
                    survey->may_count ? ", and more: OPERATIONS.md, \"Roles\", has one for the handler alone"
                                      : "");
}

static void tell_tracker(struct check *check, const struct db_survey *survey)
{
    if (survey->shards == 0)
        report_line(&check->report, FINDING_WRONG, "tracker", "none has ever written here: start the tracker");
    else if (survey->proven_age_s < 0 && survey->shards_proven == 0)
        report_line(&check->report, FINDING_WRONG, "tracker",
                    "it has never been with Discord's gateway: look at the tracker's log");
    else if (survey->shards_proven < survey->shard_count && survey->shards_proven > 0)
        report_line(&check->report, FINDING_WRONG, "tracker",
                    "only %" PRId64 " of %" PRId64
                    " shards are watched: look at the trackers' logs, and at SHARD_IDS",
                    survey->shards_proven, survey->shard_count);
    else if (survey->shards_proven == 0)
        report_line(&check->report, FINDING_WRONG, "tracker",
                    "last seen %" PRId64 " s ago: start the tracker, or look at its log", survey->proven_age_s);
    else
        report_line(&check->report, FINDING_OK, "tracker",
                    "watches %" PRId64 " shard%s, last proof %" PRId64 " s ago", survey->shard_count,
                    survey->shard_count == 1 ? "" : "s", survey->proven_age_s);
}

static void on_survey(void *arg, const struct db_survey *survey)
{
    struct check *const check = arg;
    tell_connection(check, survey);
    if (survey->asked != DB_SURVEY_UNREACHABLE) {
        tell_clock(check, survey);
        tell_tables(check, survey);
    }
    if (survey->asked == DB_SURVEY_TOLD)
        tell_tracker(check, survey);
    else
        report_line(&check->report, FINDING_UNKNOWN, "tracker", "the database would tell whether one is alive");
    check_next(check);
}

void check_database(struct check *check)
{
    if (check->pool != NULL) {
        db_survey_read(check->pool, on_survey, check);
        return;
    }
    report_line(&check->report, FINDING_UNKNOWN, "database",
                "not asked, for DATABASE_URL does not say where it is");
    check_next(check);
}
