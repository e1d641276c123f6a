/*
 * Sessions from elsewhere: `tracker --import`. What is read goes into a temporary table as it is; PostgreSQL judges all of
 * it, so nothing here grows with it, and then takes over what is missing, a chunk a transaction. Blocks: for use without a
 * loop, as db/migrate.h.
 *
 * Every function but the first and the last is false after an error, and db_import_error() says in words what it was.
 * What is lost then is only temporary, or one chunk.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is made of a row that was read. */
enum db_import_verdict {
    IMPORT_BAD_ID, /* one of the three is no snowflake */
    IMPORT_BAD_TIME,
    IMPORT_BACKWARDS, /* ends before it begins */
    IMPORT_FUTURE,
    IMPORT_OPEN,      /* has no end: nobody knows it */
    IMPORT_DUPLICATE, /* of an earlier row */
    IMPORT_LONG,
    IMPORT_CLASH,     /* begins when another session of the member does that ends no later */
    IMPORT_SHORTENED, /* ends when the member's next one begins */
    IMPORT_AS_IT_IS,
    IMPORT_VERDICTS
};

/* Of those that one may want to look at. line: in the file, or the id of a row in the other database. */
struct db_import_example {
    int64_t line;
    char text[160];
};
enum { IMPORT_EXAMPLES = 3 };

struct db_import_judgement {
    int64_t rows[IMPORT_VERDICTS];
    struct db_import_example examples[IMPORT_VERDICTS][IMPORT_EXAMPLES]; /* the first ones; line 0: none */
    int64_t seconds_cut_off;                                             /* of those that were shortened */
    int64_t sessions;                                                    /* that are left to take over */
    size_t chunks;
};

/* What became of the sessions that were left. */
struct db_import_taking {
    int64_t whole, in_part, known; /* taken; what was missing of them was; nothing was missing */
    int64_t cut;               /* went on beyond what the tracker has proven: what was missing before that */
    int64_t sessions, seconds; /* written for all of these */
};

struct db_import;

/* Connects, sees that the tables are ours, that we may write them, and that nobody else imports. Never NULL. */
struct db_import *db_import_create(const char *url);
/* NULL while all is well. Lives as long as import. */
const char *db_import_error(const struct db_import *import);
/* What was not taken yet is forgotten. */
void db_import_destroy(struct db_import *import);

/* A file of CSV, piece by piece. The columns are told in infra/deploy/OPERATIONS.md. name is for people, and borrowed. */
bool db_import_csv_begin(struct db_import *import, const char *name);
bool db_import_csv_put(struct db_import *import, const char *bytes, size_t n);
bool db_import_csv_end(struct db_import *import);

/* Or all of a pwr-bot's table voice_sessions, which is only read. on_rows is told how far it is now and then; where it
 * says false the copying ends, as with an error. */
bool db_import_pwr_bot(struct db_import *import, const char *url,
                       bool (*on_rows)(void *arg, int64_t done, int64_t total), void *arg);

/* After the reading. Sessions of more than max_hours are ghosts. */
bool db_import_judge(struct db_import *import, int64_t max_hours, struct db_import_judgement *judgement);

/* Takes over the chunk with this number and adds to *taking; dry: only counts what it would take. A server's sessions
 * come in order of time, those of one chunk are locked out of that server's writers for a fraction of a second. */
bool db_import_take(struct db_import *import, size_t chunk, bool dry, struct db_import_taking *taking);
