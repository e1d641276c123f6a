#include "tracker/batch.h"

#include "db/job.h"
#include "infra/mem.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* A server and one of its members or channels. */
struct batch_key {
    uint64_t guild_id, id;
};

/* Of one server. */
struct batch_sessions {
    uint64_t guild_id;
    struct db_session *rows;
    size_t n, capacity;
    UT_hash_handle hh;
};

struct batch_presence {
    struct batch_key key;
    uint64_t channel_id;
    UT_hash_handle hh;
};

struct batch_member {
    struct batch_key key;
    struct db_member row; /* owns its strings */
    UT_hash_handle hh;
};

struct batch_channel {
    struct batch_key key;
    struct db_channel row; /* owns its name */
    UT_hash_handle hh;
};

struct batch_guild_change {
    enum { GUILD_PUT, GUILD_UNAVAILABLE, GUILD_LEFT, GUILDS_LEFT_BUT } kind;
    struct db_guild row; /* owns its strings; only guild_id but for GUILD_PUT */
    uint64_t *guild_ids; /* GUILDS_LEFT_BUT */
    size_t n_guilds;
    int64_t left_at;
    struct batch_guild_change *next;
};

struct batch_watch {
    int64_t moment_ms;
    const char *end_reason; /* NULL: it begins */
};

struct batch {
    struct batch_sessions *sessions;
    struct batch_presence *presence;
    struct batch_member *members;
    struct batch_channel *channels;
    struct batch_guild_change *first_guild_change, **last_guild_change; /* in order */
    struct batch_watch *watches;                                        /* the same */
    size_t n_watches;
    size_t size;
    char *session_id, *resume_url;
    bool forget_session;
};

struct batch *batch_create(void)
{
    struct batch *const batch = mem_alloc(sizeof(*batch));
    batch->last_guild_change = &batch->first_guild_change;
    return batch;
}

size_t batch_size(const struct batch *batch)
{
    return batch->size;
}

/* Collecting ---------------------------------------------------------------------------------------------- */

void batch_session(struct batch *batch, uint64_t guild_id, const struct db_session *session)
{
    struct batch_sessions *of_guild;
    HASH_FIND(hh, batch->sessions, &guild_id, sizeof(guild_id), of_guild);
    if (of_guild == NULL) {
        of_guild = mem_alloc(sizeof(*of_guild));
        of_guild->guild_id = guild_id;
        HASH_ADD(hh, batch->sessions, guild_id, sizeof(guild_id), of_guild);
    }
    if (of_guild->n == of_guild->capacity) {
        of_guild->capacity = of_guild->capacity > 0 ? 2 * of_guild->capacity : 8;
        of_guild->rows = mem_realloc(of_guild->rows, of_guild->capacity * sizeof(*of_guild->rows));
    }
    of_guild->rows[of_guild->n++] = *session;
    batch->size++;
}

void batch_clip(struct batch *batch, uint64_t guild_id, uint64_t channel_id, int64_t from, int64_t until)
{
    struct batch_sessions *of_guild;
    HASH_FIND(hh, batch->sessions, &guild_id, sizeof(guild_id), of_guild);
    for (size_t i = 0; of_guild != NULL && i < of_guild->n; i++) {
        struct db_session *const row = &of_guild->rows[i];
        if ((channel_id == 0 || row->channel_id == channel_id) && row->end != SESSION_OPEN &&
            row->started_at < until && row->ended_at > from)
            row->ended_at = row->started_at > from ? row->started_at : from;
    }
}

void batch_presence(struct batch *batch, uint64_t guild_id, uint64_t user_id, uint64_t channel_id)
{
    const struct batch_key key = {.guild_id = guild_id, .id = user_id};
    struct batch_presence *entry;
    HASH_FIND(hh, batch->presence, &key, sizeof(key), entry);
    if (entry == NULL) {
        entry = mem_alloc(sizeof(*entry));
        entry->key = key;
        HASH_ADD(hh, batch->presence, key, sizeof(key), entry);
    }
    entry->channel_id = channel_id;
    batch->size++;
}

/* The structs of db/guilds.h borrow their strings; here they own them. */
static void free_string(const char *s)
{
    union {
        const char *borrowed;
        char *owned;
    } u = {.borrowed = s};
    free(u.owned);
}

static void free_member_strings(const struct db_member *row)
{
    free_string(row->username);
    free_string(row->discriminator);
    free_string(row->global_name);
    free_string(row->nick);
    free_string(row->avatar);
    free_string(row->guild_avatar);
}

void batch_member(struct batch *batch, const struct db_member *member)
{
    const struct batch_key key = {.guild_id = member->guild_id, .id = member->user_id};
    struct batch_member *entry;
    HASH_FIND(hh, batch->members, &key, sizeof(key), entry);
    if (entry == NULL) {
        entry = mem_alloc(sizeof(*entry));
        entry->key = key;
        HASH_ADD(hh, batch->members, key, sizeof(key), entry);
    } else {
        free_member_strings(&entry->row);
    }
    entry->row = (struct db_member){
        .guild_id = member->guild_id,
        .user_id = member->user_id,
        .username = mem_strdup(member->username),
        .discriminator = mem_strdup(member->discriminator),
        .global_name = mem_strdup(member->global_name),
        .nick = mem_strdup(member->nick),
        .avatar = mem_strdup(member->avatar),
        .guild_avatar = mem_strdup(member->guild_avatar),
    };
    batch->size++;
}

void batch_channel(struct batch *batch, const struct db_channel *channel)
{
    const struct batch_key key = {.guild_id = channel->guild_id, .id = channel->channel_id};
    struct batch_channel *entry;
    HASH_FIND(hh, batch->channels, &key, sizeof(key), entry);
    if (entry == NULL) {
        entry = mem_alloc(sizeof(*entry));
        entry->key = key;
        HASH_ADD(hh, batch->channels, key, sizeof(key), entry);
    } else {
        free_string(entry->row.name);
    }
    entry->row = *channel;
    entry->row.name = mem_strdup(channel->name);
    batch->size++;
}

static void guild_change(struct batch *batch, const struct batch_guild_change *change)
{
    struct batch_guild_change *const copy = mem_alloc(sizeof(*copy));
    *copy = *change;
    *batch->last_guild_change = copy;
    batch->last_guild_change = &copy->next;
    batch->size++;
}

void batch_guild(struct batch *batch, const struct db_guild *guild)
{
    struct batch_guild_change change = {.kind = GUILD_PUT, .row = *guild};
    change.row.name = mem_strdup(guild->name);
    change.row.icon = mem_strdup(guild->icon);
    guild_change(batch, &change);
}

void batch_guild_unavailable(struct batch *batch, uint64_t guild_id)
{
    guild_change(batch, &(struct batch_guild_change){.kind = GUILD_UNAVAILABLE, .row.guild_id = guild_id});
}

void batch_guild_left(struct batch *batch, uint64_t guild_id, int64_t left_at)
{
    guild_change(batch, &(struct batch_guild_change){
                            .kind = GUILD_LEFT,
                            .row.guild_id = guild_id,
                            .left_at = left_at,
                        });
}

void batch_guilds_left_but(struct batch *batch, const uint64_t *guild_ids, size_t n, int64_t left_at)
{
    uint64_t *const copy = mem_alloc(n * sizeof(*copy));
    if (n > 0)
        memcpy(copy, guild_ids, n * sizeof(*copy));
    guild_change(batch, &(struct batch_guild_change){
                            .kind = GUILDS_LEFT_BUT,
                            .guild_ids = copy,
                            .n_guilds = n,
                            .left_at = left_at,
                        });
}

static void add_watch(struct batch *batch, struct batch_watch watch)
{
    batch->watches = mem_realloc(batch->watches, (batch->n_watches + 1) * sizeof(*batch->watches));
    batch->watches[batch->n_watches++] = watch;
    batch->size++;
}

void batch_watch_begin(struct batch *batch, int64_t from_ms)
{
    add_watch(batch, (struct batch_watch){.moment_ms = from_ms});
}

void batch_watch_end(struct batch *batch, int64_t to_ms, const char *reason)
{
    add_watch(batch, (struct batch_watch){.moment_ms = to_ms, .end_reason = reason});
}

void batch_gateway_session(struct batch *batch, const char *session_id, const char *resume_url)
{
    free(batch->session_id);
    free(batch->resume_url);
    batch->session_id = mem_strdup(session_id);
    batch->resume_url = mem_strdup(resume_url);
    batch->forget_session = session_id == NULL;
    batch->size++;
}

/* Sending ------------------------------------------------------------------------------------------------- */

static int by_guild(const void *a, const void *b)
{
    const struct batch_sessions *const *const x = a, *const *const y = b;
    return ((*x)->guild_id > (*y)->guild_id) - ((*x)->guild_id < (*y)->guild_id);
}

/* In the order of guild ids: record_sessions() locks guild after guild. */
static void add_sessions(struct db_job *job, const struct batch *batch)
{
    const size_t n = HASH_COUNT(batch->sessions);
    const struct batch_sessions **const sorted = mem_alloc(n * sizeof(*sorted));
    size_t i = 0;
    for (const struct batch_sessions *s = batch->sessions; s != NULL; s = s->hh.next)
        sorted[i++] = s;
    qsort(sorted, n, sizeof(*sorted), by_guild);
    for (i = 0; i < n; i++)
        db_sessions_record(job, sorted[i]->guild_id, sorted[i]->rows, sorted[i]->n);
    free(sorted);
}

static void add_presence(struct db_job *job, const struct batch *batch)
{
    const size_t n = HASH_COUNT(batch->presence);
    struct db_presence *const rows = mem_alloc(n * sizeof(*rows));
    size_t i = 0;
    for (const struct batch_presence *p = batch->presence; p != NULL; p = p->hh.next)
        rows[i++] = (struct db_presence){
            .guild_id = p->key.guild_id,
            .user_id = p->key.id,
            .channel_id = p->channel_id,
        };
    db_presence_put(job, rows, n);
    free(rows);
}

static void add_guild_changes(struct db_job *job, const struct batch *batch, const struct db_shard_key *shard)
{
    for (const struct batch_guild_change *c = batch->first_guild_change; c != NULL; c = c->next) {
        switch (c->kind) {
        case GUILD_PUT:
            db_guild_put(job, shard, &c->row);
            break;
        case GUILD_UNAVAILABLE:
            db_guild_unavailable(job, c->row.guild_id);
            break;
        case GUILD_LEFT:
            db_guild_left(job, c->row.guild_id, c->left_at);
            break;
        case GUILDS_LEFT_BUT:
            db_guilds_left_but(job, shard, c->guild_ids, c->n_guilds, c->left_at);
            break;
        }
    }
}

static void add_channels(struct db_job *job, const struct batch *batch)
{
    const size_t n = HASH_COUNT(batch->channels);
    struct db_channel *const rows = mem_alloc(n * sizeof(*rows));
    size_t i = 0;
    for (const struct batch_channel *c = batch->channels; c != NULL; c = c->hh.next)
        rows[i++] = c->row;
    db_channels_put(job, rows, n);
    free(rows);
}

static void add_members(struct db_job *job, const struct batch *batch)
{
    const size_t n = HASH_COUNT(batch->members);
    struct db_member *const rows = mem_alloc(n * sizeof(*rows));
    size_t i = 0;
    for (const struct batch_member *m = batch->members; m != NULL; m = m->hh.next)
        rows[i++] = m->row;
    if (n > 0)
        db_members_put(job, rows, n);
    free(rows);
}

static void add_watches(struct db_job *job, const struct batch *batch, const struct db_shard_key *shard)
{
    for (size_t i = 0; i < batch->n_watches; i++) {
        const struct batch_watch *const watch = &batch->watches[i];
        if (watch->end_reason == NULL)
            db_shard_watch_begin(job, shard, watch->moment_ms);
        else
            db_shard_watch_end(job, shard, watch->moment_ms, watch->end_reason);
    }
}

struct db_job *batch_job(const struct batch *batch, const struct db_shard_key *shard, int64_t epoch,
                         int64_t batch_no, const struct batch_progress *progress)
{
    struct db_job *const job = db_job_create();
    db_shard_begin(job, shard, epoch, batch_no);
    add_guild_changes(job, batch, shard);
    add_channels(job, batch);
    add_members(job, batch);
    add_sessions(job, batch);
    add_presence(job, batch);
    add_watches(job, batch, shard);
    db_shard_advance(job, shard,
                     &(struct db_shard_progress){
                         .session_id = batch->session_id,
                         .resume_url = batch->resume_url,
                         .forget_session = batch->forget_session,
                         .seq = progress->seq,
                         .proven_ms = progress->proven_ms,
                     });
    return job;
}

/* Ending -------------------------------------------------------------------------------------------------- */

static void destroy_maps(struct batch *batch)
{
    struct batch_sessions *s, *next_s;
    HASH_ITER(hh, batch->sessions, s, next_s)
    {
        HASH_DELETE(hh, batch->sessions, s);
        free(s->rows);
        free(s);
    }
    struct batch_presence *p, *next_p;
    HASH_ITER(hh, batch->presence, p, next_p)
    {
        HASH_DELETE(hh, batch->presence, p);
        free(p);
    }
    struct batch_member *m, *next_m;
    HASH_ITER(hh, batch->members, m, next_m)
    {
        HASH_DELETE(hh, batch->members, m);
        free_member_strings(&m->row);
        free(m);
    }
    struct batch_channel *c, *next_c;
    HASH_ITER(hh, batch->channels, c, next_c)
    {
        HASH_DELETE(hh, batch->channels, c);
        free_string(c->row.name);
        free(c);
    }
}

void batch_destroy(struct batch *batch)
{
    if (batch == NULL)
        return;
    destroy_maps(batch);
    while (batch->first_guild_change != NULL) {
        struct batch_guild_change *const change = batch->first_guild_change;
        batch->first_guild_change = change->next;
        free_string(change->row.name);
        free_string(change->row.icon);
        free(change->guild_ids);
        free(change);
    }
    free(batch->watches);
    free(batch->session_id);
    free(batch->resume_url);
    free(batch);
}
