/*
 * Which stays count (rules 5 and 6): what the admins of the servers have chosen, and each server's AFK channel.
 * Memory only.
 */
#pragma once

#include "db/settings.h"

struct settings;

struct settings *settings_create(void);
/* NULL is accepted. */
void settings_destroy(struct settings *settings);

/* All servers back to the defaults; their AFK channels stay. */
void settings_reset(struct settings *settings);
/* What the database has of a server. Its AFK channel counts only until Discord tells of another one. */
void settings_take(struct settings *settings, const struct db_settings_guild *from);
/* Whether a server's change is newer than all that were asked about before; true once. */
bool settings_is_news(struct settings *settings, const struct db_settings_changed *changed);

/* As Discord tells it; 0: the server has none. */
void settings_set_afk_channel(struct settings *settings, uint64_t guild_id, uint64_t channel_id);
uint64_t settings_afk_channel(const struct settings *settings, uint64_t guild_id);

enum stay {
    STAY_COUNTS,
    STAY_DISABLED, /* nothing is counted in this server */
    STAY_AFK,      /* nothing is counted in this channel */
};
enum stay settings_stay(const struct settings *settings, uint64_t guild_id, uint64_t channel_id);
