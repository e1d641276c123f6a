/* A shard's row in tracker_shard: claiming it, and the frame of every batch. */
#pragma once

#include "db/pool.h"

struct db_shard_key {
    int shard_count, shard_id;
};

/* Somebody in voice when the last batch was committed. */
struct db_shard_member {
    uint64_t guild_id, user_id, channel_id;
    uint64_t session_id; /* of the open session; 0: present but not counted */
    int64_t started_at;  /* unix seconds */
};

struct db_shard_claim {
    int64_t epoch, batch_no;
    const char *session_id, *resume_url; /* of the gateway, borrowed; NULL: none was ever kept */
    int64_t seq;
    int64_t proven_ms;             /* unix milliseconds; 0: nothing was ever proven */
    const struct db_rows *members; /* read with the two functions below */
};

size_t db_shard_claim_size(const struct db_shard_claim *claim);
struct db_shard_member db_shard_claim_member(const struct db_shard_claim *claim, size_t i);

/*
 * Takes the shard over: raises its epoch, so that batches of whoever held it before are refused, and reads
 * where it was left. on_done gets the claim, valid until it returns, or NULL and why: the database's SQLSTATE,
 * or "" where it did not answer.
 */
void db_shard_claim(struct db_pool *pool, const struct db_shard_key *key, int64_t interval_seconds,
                    void (*on_done)(void *arg, const struct db_shard_claim *claim, const char *sqlstate),
                    void *arg);

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
#define DB_FENCED "VC001"

/* The last statement of every batch. */
void db_shard_advance(struct db_job *job, const struct db_shard_key *key,
                      const struct db_shard_progress *progress);

/* After DB_LOST: on_done gets epoch and number of committed batches, or ok false where the database did not
 * answer. */
void db_shard_read(struct db_pool *pool, const struct db_shard_key *key,
                   void (*on_done)(void *arg, bool ok, int64_t epoch, int64_t batch_no), void *arg);
