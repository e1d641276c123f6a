/* A shard's row in tracker_shard: claiming it, and the frame of every batch. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db_job;
struct db_outcome;
struct db_pool;
struct pg_result;

struct db_shard_key {
    int shard_count, shard_id;
};

/* Somebody in voice. */
struct db_shard_member {
    uint64_t guild_id, user_id, channel_id;
    uint64_t session_id; /* of the open session; 0: present but not counted */
    int64_t started_at;  /* unix seconds */
};

/* The SQLSTATE of what the fence refuses. */
#define DB_FENCED "VC001"

/* Waiting ------------------------------------------------------------------------------------------------- */

/*
 * Whoever follows a shard holds its advisory lock, for as long as its connection stands: a lock that is free wakes up
 * whoever waits for the shard. It is no more than that; what refuses an owner is the fence.
 */
struct db_shard_look {
    bool locked;      /* the lock is ours, from now on if it was free */
    bool other_count; /* somebody follows shards under another number of them */
    bool young;       /* the server started less than half a minute ago: an owner may not be back yet */
    int64_t epoch;    /* 0: nobody ever claimed it */
    int64_t batch_no; /* moves at least every interval_seconds while the owner lives */
    int64_t interval_seconds;
};

/* Takes the lock if it is free. on_done gets NULL where the database did not answer, or refused (logged). */
void db_shard_look(struct db_pool *pool, const struct db_shard_key *key,
                   void (*on_done)(void *arg, const struct db_shard_look *look), void *arg);
/* Gives the lock back. */
void db_shard_let_go(struct db_pool *pool, const struct db_shard_key *key);

/* Claiming ------------------------------------------------------------------------------------------------ */

struct db_shard_claim {
    int64_t epoch, batch_no;
    const char *session_id, *resume_url; /* of the gateway, borrowed; NULL: none was ever kept */
    int64_t seq;
    int64_t proven_ms;                 /* unix milliseconds; 0: nothing was ever proven */
    int64_t now_ms;                    /* the database's clock, read last */
    const struct pg_result *part_ends; /* read with the two functions below */
};

/* In how many parts those who are in voice are to be loaded, and the last server of each. */
size_t db_shard_claim_parts(const struct db_shard_claim *claim);
uint64_t db_shard_claim_part_end(const struct db_shard_claim *claim, size_t i);

/*
 * Takes the shard over: raises its epoch, so that batches of whoever held it before are refused, takes its servers from
 * owners under another shard_count, who are refused as well, ends its coverage where that was left open, for the reason
 * given, and reads where it was left. on_done gets the claim, valid until it returns, or NULL and why: the database's
 * SQLSTATE, DB_FENCED where somebody has claimed or written since seen, or "" where it did not answer.
 */
struct db_shard_taking {
    struct db_shard_key key;
    const struct db_shard_look *seen;
    int64_t interval_seconds;
    const char *reason;
};
void db_shard_claim(struct db_pool *pool, const struct db_shard_taking *taking,
                    void (*on_done)(void *arg, const struct db_shard_claim *claim, const char *sqlstate),
                    void *arg);

/*
 * Those who were in voice when the last batch before the claim was committed, in the servers after one up to another one: a
 * million at once take a quarter of a gigabyte. Once a shard is claimed nobody but its owner can change them. on_done gets
 * NULL where the database did not answer (logged), else rows for db_rows_count() and db_shard_member(), valid until it
 * returns.
 */
void db_shard_load(struct db_pool *pool, const struct db_shard_key *key, uint64_t after, uint64_t until,
                   void (*on_done)(void *arg, const struct pg_result *members), void *arg);
struct db_shard_member db_shard_member(const struct pg_result *members, int i);

/* Batches ------------------------------------------------------------------------------------------------- */

/* What a batch says of the gateway. Strings are borrowed; session_id NULL: as it was. */
struct db_shard_progress {
    const char *session_id, *resume_url;
    bool forget_session; /* there is none to resume any more */
    int64_t seq;         /* -1: none yet */
    int64_t proven_ms;   /* 0: as it was */
};

/* The first statement of every batch: the fence. The job fails with DB_FENCED unless the shard is still ours at
 * epoch and batch_no is the number of batches committed so far. */
void db_shard_begin(struct db_job *job, const struct db_shard_key *key, int64_t epoch, int64_t batch_no);

/* The shard is watched from a moment on, or was until one; unix milliseconds. At most one is open. */
void db_shard_watch_begin(struct db_job *job, const struct db_shard_key *key, int64_t from_ms);
void db_shard_watch_end(struct db_job *job, const struct db_shard_key *key, int64_t to_ms, const char *reason);

/* The last statement of every batch. db_shard_advanced_at() reads the database's clock from its outcome, in unix
 * milliseconds. */
void db_shard_advance(struct db_job *job, const struct db_shard_key *key,
                      const struct db_shard_progress *progress);
int64_t db_shard_advanced_at(const struct db_outcome *outcome);

/* After DB_LOST: on_done gets epoch and number of committed batches, or ok false where the database did not
 * answer. */
void db_shard_read(struct db_pool *pool, const struct db_shard_key *key,
                   void (*on_done)(void *arg, bool ok, int64_t epoch, int64_t batch_no), void *arg);
