#include "tracker/settings.h"

#include "infra/mem.h"

#include <stdlib.h>
#include <uthash.h>

struct guild {
    uint64_t guild_id;
    uint64_t afk_channel_id;
    bool told;            /* of the AFK channel, by Discord */
    bool off[N_SETTINGS]; /* so that all 0 are the defaults */
    int64_t changed_us;   /* the last change obeyed */
    UT_hash_handle hh;
};

struct settings {
    struct guild *guilds;
};

struct settings *settings_create(void)
{
    return mem_alloc(sizeof(struct settings));
}

void settings_destroy(struct settings *settings)
{
    if (settings == NULL)
        return;
    struct guild *guild, *next;
    HASH_ITER(hh, settings->guilds, guild, next)
    {
        HASH_DELETE(hh, settings->guilds, guild);
        free(guild);
    }
    free(settings);
}

static struct guild *find(const struct settings *settings, uint64_t guild_id)
{
    struct guild *guild;
    HASH_FIND(hh, settings->guilds, &guild_id, sizeof(guild_id), guild);
    return guild;
}

static struct guild *find_or_add(struct settings *settings, uint64_t guild_id)
{
    struct guild *guild = find(settings, guild_id);
    if (guild == NULL) {
        guild = mem_alloc(sizeof(*guild));
        guild->guild_id = guild_id;
        HASH_ADD(hh, settings->guilds, guild_id, sizeof(guild_id), guild);
    }
    return guild;
}

void settings_reset(struct settings *settings)
{
    for (struct guild *guild = settings->guilds; guild != NULL; guild = guild->hh.next) {
        for (int i = 0; i < N_SETTINGS; i++)
            guild->off[i] = false;
    }
}

void settings_take(struct settings *settings, const struct db_settings_guild *from)
{
    struct guild *const guild = find_or_add(settings, from->guild_id);
    for (int i = 0; i < N_SETTINGS; i++)
        guild->off[i] = !from->on[i];
    if (!guild->told)
        guild->afk_channel_id = from->afk_channel_id;
}

bool settings_is_news(struct settings *settings, const struct db_settings_changed *changed)
{
    struct guild *const guild = find_or_add(settings, changed->guild_id);
    if (changed->changed_us <= guild->changed_us)
        return false;
    guild->changed_us = changed->changed_us;
    return true;
}

void settings_set_afk_channel(struct settings *settings, uint64_t guild_id, uint64_t channel_id)
{
    struct guild *const guild = find_or_add(settings, guild_id);
    guild->told = true;
    guild->afk_channel_id = channel_id;
}

uint64_t settings_afk_channel(const struct settings *settings, uint64_t guild_id)
{
    const struct guild *const guild = find(settings, guild_id);
    return guild != NULL ? guild->afk_channel_id : 0;
}

enum stay settings_stay(const struct settings *settings, uint64_t guild_id, uint64_t channel_id)
{
    const struct guild *const guild = find(settings, guild_id);
    if (guild == NULL)
        return STAY_COUNTS;
    if (guild->off[SETTING_TRACKING])
        return STAY_DISABLED;
    const bool afk = guild->afk_channel_id != 0 && guild->afk_channel_id == channel_id;
    return afk && guild->off[SETTING_COUNT_AFK] ? STAY_AFK : STAY_COUNTS;
}
