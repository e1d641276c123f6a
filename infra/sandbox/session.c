#include "infra/sandbox/session.h"

#include "infra/clock.h"
#include "infra/mem.h"
#include "infra/sandbox/sandbox.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_HISTORY = 10000, LIFE_MS = 5 * 60 * 1000 };

static void expire(struct session **list)
{
    for (struct session *session = *list, *next; session != NULL; session = next) {
        next = session->next;
        if (session->connection == NULL && clock_monotonic_ms() - session->lost_ms > LIFE_MS)
            session_kill(list, session);
    }
}

struct session *session_create(struct session **list, int shard, int shards)
{
    expire(list);
    struct session *const session = mem_alloc(sizeof(*session));
    sandbox_random_hex(session->id, 32);
    session->shard = shard;
    session->shards = shards;
    session->history = mem_alloc(MAX_HISTORY * sizeof(*session->history));
    session->next = *list;
    *list = session;
    return session;
}

struct session *session_find(struct session **list, const char *id)
{
    expire(list);
    struct session *session = *list;
    while (session != NULL && strcmp(session->id, id) != 0)
        session = session->next;
    return session;
}

void session_kill(struct session **list, struct session *session)
{
    while (*list != session)
        list = &(*list)->next;
    *list = session->next;
    session_discard(session, session->seq);
    free(session->history);
    free(session);
}

bool session_has_guild(const struct session *session, uint64_t guild_id)
{
    return (guild_id >> 22) % (uint64_t)session->shards == (uint64_t)session->shard;
}

const char *session_append(struct session *session, const char *event, const cJSON *d)
{
    if (session->seq - session->discarded == MAX_HISTORY)
        session_discard(session, session->discarded + 1);
    session->seq++;
    cJSON *const frame = cJSON_CreateObject();
    cJSON_AddStringToObject(frame, "t", event);
    cJSON_AddNumberToObject(frame, "s", (double)session->seq);
    cJSON_AddNumberToObject(frame, "op", 0);
    cJSON_AddItemReferenceToObject(frame, "d", (cJSON *)(uintptr_t)d);
    char *const text = cJSON_PrintUnformatted(frame);
    cJSON_Delete(frame);
    session->history[session->seq % MAX_HISTORY] = text;
    return text;
}

void session_discard(struct session *session, int64_t seq)
{
    while (session->discarded < seq && session->discarded < session->seq)
        free(session->history[++session->discarded % MAX_HISTORY]);
}

const char *session_replay(const struct session *session, int64_t seq)
{
    return session->history[seq % MAX_HISTORY];
}
