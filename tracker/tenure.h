/*
 * One ownership of a shard, from its claim to its loss: follows the gateway, keeps presence, and writes sessions by the
 * rules of counting. Glue between gateway, ledger and writer. All it knows beyond the database is in memory, and goes
 * with it.
 */
#pragma once

#include "tracker/shard.h"

struct tenure;
struct timeline;

enum tenure_end {
    TENURE_TAKEN, /* somebody else owns the shard */
    TENURE_BEHIND, /* the database lacks batches that it had, or takes none: what it has is where to begin again */
    TENURE_REFUSED, /* Discord will not have us: nothing helps */
};

/* timeline goes on from one tenure to the next, all 0 before the first. It must live as long, as must everything that config
 * points to. on_over runs once, from the loop: then tenure_destroy() is due. */
struct tenure *tenure_create(const struct shard_config *config, const struct db_shard_claim *claim,
                             struct timeline *timeline, void (*on_over)(void *arg, enum tenure_end end),
                             void *arg);
/* NULL is accepted. Before on_over, only once the pool will run no more callbacks. */
void tenure_destroy(struct tenure *tenure);

/* The settings of a server changed; 0: any may have. */
void tenure_settings_changed(struct tenure *tenure, uint64_t guild_id);
/* As shard_measure(). */
void tenure_measure(const struct tenure *tenure, struct shard_measures *sum);
/* Writes a batch soon, be it empty. */
void tenure_show_life(struct tenure *tenure);
/* As shard_stop(). on_over does not come any more. */
bool tenure_stop(struct tenure *tenure, void (*on_stopped)(void *arg), void *arg);
