#include "infra/sandbox/journal.h"

#include "infra/clock.h"
#include "infra/mem.h"
#include "infra/sandbox/server.h"

#include <stdbool.h>

enum { CAPACITY = 20000 };

struct journal_entry {
    int64_t number;
    cJSON *fields;
};

struct journal {
    struct journal_entry entries[CAPACITY]; /* a ring: number n stands in n % CAPACITY */
    int64_t last;
    int64_t cleared_to;
};

struct journal *journal_create(void)
{
    return mem_alloc(sizeof(struct journal));
}

struct journal_entry *journal_add(struct journal *journal, const char *kind)
{
    struct journal_entry *const entry = &journal->entries[++journal->last % CAPACITY];
    cJSON_Delete(entry->fields);
    entry->number = journal->last;
    entry->fields = cJSON_CreateObject();
    cJSON_AddNumberToObject(entry->fields, "n", (double)entry->number);
    cJSON_AddStringToObject(entry->fields, "kind", kind);
    cJSON_AddNumberToObject(entry->fields, "at_ms", (double)clock_wall_ms());
    return entry;
}

struct journal_entry *journal_add_request(struct journal *journal, const char *kind,
                                          const struct request *request)
{
    struct journal_entry *const entry = journal_add(journal, kind);
    cJSON_AddStringToObject(entry->fields, "method", request->method);
    cJSON_AddStringToObject(entry->fields, "path", request->path);
    cJSON_AddStringToObject(entry->fields, "query", request->query);
    cJSON_AddItemToObject(entry->fields, "headers", request_headers(request));
    cJSON_AddBoolToObject(entry->fields, "tls", request->tls);
    return entry;
}

cJSON *journal_fields(struct journal_entry *entry)
{
    return entry->fields;
}

void journal_note_status(struct journal_entry *entry, int status)
{
    if (entry->fields != NULL && !cJSON_HasObjectItem(entry->fields, "status"))
        cJSON_AddNumberToObject(entry->fields, "status", status);
}

cJSON *journal_since(const struct journal *journal, int64_t after)
{
    int64_t first = after > journal->cleared_to ? after + 1 : journal->cleared_to + 1;
    if (first <= journal->last - CAPACITY)
        first = journal->last - CAPACITY + 1;
    cJSON *const answer = cJSON_CreateObject();
    cJSON *const list = cJSON_AddArrayToObject(answer, "requests");
    for (int64_t n = first; n <= journal->last; n++)
        cJSON_AddItemToArray(list, cJSON_Duplicate(journal->entries[n % CAPACITY].fields, true));
    cJSON_AddNumberToObject(answer, "last", (double)journal->last);
    return answer;
}

int64_t journal_last(const struct journal *journal)
{
    return journal->last;
}

void journal_clear(struct journal *journal)
{
    for (int i = 0; i < CAPACITY; i++) {
        cJSON_Delete(journal->entries[i].fields);
        journal->entries[i].fields = NULL;
    }
    journal->cleared_to = journal->last;
}
