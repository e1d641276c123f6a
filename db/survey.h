/* What `handler --check` asks the database: is it the one that the programs need, and is somebody counting? */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db_pool;

enum db_survey_asked {
    DB_SURVEY_UNREACHABLE, /* or it does not answer; nothing else is set */
    DB_SURVEY_UNMADE,      /* there are no tables of ours; version, now_ms and read_only are set */
    DB_SURVEY_FORBIDDEN,   /* as above, and lacking */
    DB_SURVEY_OLD,         /* as DB_SURVEY_UNMADE, and n_migrations, missing and newer */
    DB_SURVEY_TOLD,        /* all is set */
};

/* Strings are borrowed. */
struct db_survey {
    enum db_survey_asked asked;
    const char *version; /* of the server: "15.14 (Debian 15.14-0+deb12u1)" */
    int64_t now_ms;      /* its clock, unix milliseconds */
    bool read_only;      /* it takes no writes: a standby */
    /* "SELECT on guild, INSERT on interaction_pending" or "USAGE on SCHEMA public": what the role may not do; or NULL */
    const char *lacking;
    bool may_count; /* the role may write sessions too, which no handler has to */

    size_t n_migrations; /* that are applied and known here */
    const char *missing; /* the first one that is not applied, or NULL */
    const char *newer;   /* the last one that is not known here, or NULL: a newer version has been here */
    int64_t shards;      /* that are followed, of shard_count; 0: no tracker has ever been here */
    int64_t shard_count;
    int64_t shards_proven; /* whose tracker proves in time that it watches */
    int64_t proven_age_s;  /* of the shard that was proven longest ago; -1: one never was */
};

/* on_done runs once, never from inside this call. */
void db_survey_read(struct db_pool *pool, void (*on_done)(void *arg, const struct db_survey *survey),
                    void *arg);
