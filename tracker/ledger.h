/*
 * What is heard becomes what is written: an event changes presence, presence begins and ends sessions by the
 * rules of counting, and all of it goes into the writer's batch. Memory only; times are arguments.
 */
#pragma once

#include "db/shard.h"
#include "tracker/session.h"

struct event;
struct ledger;
struct writer;

/* epoch: of the claim, part of the ids of new sessions. */
struct ledger *ledger_create(struct writer *writer, int64_t epoch);
/* NULL is accepted. */
void ledger_destroy(struct ledger *ledger);

/* Somebody in voice when the last batch was committed. */
void ledger_load(struct ledger *ledger, const struct db_shard_member *row);
/* Members in voice, counted or not. */
size_t ledger_in_voice(const struct ledger *ledger);
/* Those who are counted. Looks at everybody. */
size_t ledger_open_sessions(const struct ledger *ledger);

void ledger_apply(struct ledger *ledger, const struct event *event, const struct session_times *times);
/* The gateway's session is lost: nobody knows who is where. */
void ledger_lose(struct ledger *ledger, const struct session_times *times);
/* The clock jumped from times->end_at to times->start_at: everybody stays, and nobody was there in between. */
void ledger_split(struct ledger *ledger, const struct session_times *times);
/* What the admins have chosen, read from the database (db/settings.h): ends and begins sessions where it changed. */
void ledger_obey(struct ledger *ledger, const struct db_settings_loaded *loaded,
                 const struct session_times *times);
