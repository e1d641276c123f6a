#include "tracker/voice.h"

#include "infra/mem.h"

#include <stdlib.h>

struct guild {
    uint64_t guild_id;
    struct voice_member *members;
    uint64_t snapshot; /* number of the last one begun */
    UT_hash_handle hh;
};

struct voice {
    struct guild *guilds;
    size_t count;
};

struct voice *voice_create(void)
{
    return mem_alloc(sizeof(struct voice));
}

size_t voice_count(const struct voice *voice)
{
    return voice->count;
}

static struct guild *find_guild(const struct voice *voice, uint64_t guild_id)
{
    struct guild *guild;
    HASH_FIND(hh, voice->guilds, &guild_id, sizeof(guild_id), guild);
    return guild;
}

static struct guild *find_or_add_guild(struct voice *voice, uint64_t guild_id)
{
    struct guild *guild = find_guild(voice, guild_id);
    if (guild == NULL) {
        guild = mem_alloc(sizeof(*guild));
        guild->guild_id = guild_id;
        HASH_ADD(hh, voice->guilds, guild_id, sizeof(guild_id), guild);
    }
    return guild;
}

static void take_out(struct voice *voice, struct guild *guild, struct voice_member *member)
{
    HASH_DELETE(hh, guild->members, member);
    free(member);
    voice->count--;
}

struct voice_transition voice_apply(struct voice *voice, uint64_t guild_id, uint64_t user_id,
                                    uint64_t channel_id)
{
    struct voice_transition transition = {.change = VOICE_UNCHANGED, .guild_id = guild_id};
    struct guild *const guild =
        channel_id != 0 ? find_or_add_guild(voice, guild_id) : find_guild(voice, guild_id);
    if (guild == NULL)
        return transition;
    struct voice_member *member;
    HASH_FIND(hh, guild->members, &user_id, sizeof(user_id), member);
    if (member == NULL && channel_id != 0) {
        member = mem_alloc(sizeof(*member));
        member->user_id = user_id;
        HASH_ADD(hh, guild->members, user_id, sizeof(user_id), member);
        voice->count++;
        transition.change = VOICE_JOINED;
    } else if (member != NULL && channel_id != member->channel_id) {
        transition.before = *member;
        transition.change = channel_id != 0 ? VOICE_MOVED : VOICE_LEFT;
    }
    if (transition.change == VOICE_LEFT) {
        take_out(voice, guild, member);
        return transition;
    }
    if (member != NULL) {
        member->channel_id = channel_id;
        member->seen = guild->snapshot;
    }
    transition.member = member;
    return transition;
}

static void leave(struct voice *voice, struct guild *guild, struct voice_member *member,
                  void (*on_left)(void *arg, const struct voice_transition *left), void *arg)
{
    const struct voice_transition left = {
        .change = VOICE_LEFT,
        .guild_id = guild->guild_id,
        .before = *member,
    };
    take_out(voice, guild, member);
    on_left(arg, &left);
}

void voice_snapshot_begin(struct voice *voice, uint64_t guild_id)
{
    find_or_add_guild(voice, guild_id)->snapshot++;
}

void voice_snapshot_end(struct voice *voice, uint64_t guild_id,
                        void (*on_absent)(void *arg, const struct voice_transition *left), void *arg)
{
    struct guild *const guild = find_or_add_guild(voice, guild_id);
    struct voice_member *member, *next;
    HASH_ITER(hh, guild->members, member, next)
    {
        if (member->seen != guild->snapshot)
            leave(voice, guild, member, on_absent, arg);
    }
}

static void clear_guild(struct voice *voice, struct guild *guild, uint64_t channel_id,
                        void (*on_left)(void *arg, const struct voice_transition *left), void *arg)
{
    struct voice_member *member, *next;
    HASH_ITER(hh, guild->members, member, next)
    {
        if (channel_id == 0 || member->channel_id == channel_id)
            leave(voice, guild, member, on_left, arg);
    }
}

void voice_clear(struct voice *voice, uint64_t guild_id, uint64_t channel_id,
                 void (*on_left)(void *arg, const struct voice_transition *left), void *arg)
{
    if (guild_id != 0) {
        struct guild *const guild = find_guild(voice, guild_id);
        if (guild != NULL)
            clear_guild(voice, guild, channel_id, on_left, arg);
        return;
    }
    struct guild *guild, *next;
    HASH_ITER(hh, voice->guilds, guild, next)
    {
        clear_guild(voice, guild, 0, on_left, arg);
    }
}

static void each_of(struct guild *guild,
                    void (*on_member)(void *arg, uint64_t guild_id, struct voice_member *member), void *arg)
{
    for (struct voice_member *member = guild->members; member != NULL; member = member->hh.next)
        on_member(arg, guild->guild_id, member);
}

void voice_each(struct voice *voice, uint64_t guild_id,
                void (*on_member)(void *arg, uint64_t guild_id, struct voice_member *member), void *arg)
{
    struct guild *guild = guild_id != 0 ? find_guild(voice, guild_id) : voice->guilds;
    for (; guild != NULL; guild = guild_id != 0 ? NULL : guild->hh.next)
        each_of(guild, on_member, arg);
}

void voice_destroy(struct voice *voice)
{
    if (voice == NULL)
        return;
    struct guild *guild, *next_guild;
    HASH_ITER(hh, voice->guilds, guild, next_guild)
    {
        struct voice_member *member, *next;
        HASH_ITER(hh, guild->members, member, next)
        {
            take_out(voice, guild, member);
        }
        HASH_DELETE(hh, voice->guilds, guild);
        free(guild);
    }
    free(voice);
}
