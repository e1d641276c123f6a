/*
 * Everything that was received, numbered: requests, gateway frames, connections opened and closed. The tests
 * read it (GET /control/requests). The last 20 000 entries are kept.
 */
#pragma once

#include <cJSON.h>
#include <stdint.h>

struct journal;
struct journal_entry;
struct request;

struct journal *journal_create(void);

/* A new entry of that kind ("rest", "cdn", "frame", "open", "close"); its number and time are noted. It stays
 * valid until 20 000 more have come. */
struct journal_entry *journal_add(struct journal *journal, const char *kind);
/* The same for a request, with method, path, query, headers and whether it came over TLS. */
struct journal_entry *journal_add_request(struct journal *journal, const char *kind,
                                          const struct request *request);
/* The entry's JSON object, to be filled right after journal_add(). */
cJSON *journal_fields(struct journal_entry *entry);
void journal_note_status(struct journal_entry *entry, int status);

/* {"requests": [entries numbered above after], "last": number of the newest}. The caller frees. */
cJSON *journal_since(const struct journal *journal, int64_t after);
int64_t journal_last(const struct journal *journal);
/* Forgets all entries; numbers go on. */
void journal_clear(struct journal *journal);
