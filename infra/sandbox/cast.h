/* The made-up servers, channels and members of cast.json, and who is in voice. Plain data. */
#pragma once

#include <cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cast_voice {
    uint64_t channel_id; /* 0: not in voice */
    char session_id[33];
    bool deaf, mute, self_deaf, self_mute, self_stream, self_video, suppress;
};

struct cast_member {
    uint64_t id;
    char *username;
    char *global_name; /* or NULL, as the next three */
    char *nick;
    char *avatar;
    char *guild_avatar;
    char *discriminator;
    bool bot;
    struct cast_voice voice;
};

struct cast_channel {
    uint64_t id;
    char *name;
    int type;
};

struct cast_guild {
    uint64_t id;
    char *name;
    char *icon;              /* or NULL */
    uint64_t afk_channel_id; /* 0: none */
    bool joined;             /* false: the bot was removed */
    bool available;          /* false: an outage */
    struct cast_channel *channels;
    size_t n_channels;
    struct cast_member *members;
    size_t n_members;
};

struct cast {
    uint64_t application_id;
    struct cast_guild *guilds;
    size_t n_guilds;
};

enum { CHANNEL_TEXT = 0, CHANNEL_VOICE = 2, CHANNEL_STAGE = 13 };

/* NULL after an error (logged). */
struct cast *cast_load(const char *path);

/* All return NULL where there is none. What they return is good until the list it stands in grows or shrinks.
 */
struct cast_guild *cast_guild(const struct cast *cast, uint64_t id);
struct cast_guild *cast_guild_of(const struct cast *cast, uint64_t user_id);
struct cast_channel *cast_channel(const struct cast_guild *guild, uint64_t id);
struct cast_member *cast_member(const struct cast_guild *guild, uint64_t user_id);
/* In any guild. */
struct cast_member *cast_user(const struct cast *cast, uint64_t user_id);

/* From the shape of cast.json. NULL: some field is missing or wrong. */
struct cast_guild *cast_add_guild(struct cast *cast, const cJSON *object);
struct cast_channel *cast_add_channel(struct cast_guild *guild, const cJSON *object);
struct cast_member *cast_add_member(struct cast_guild *guild, const cJSON *object);
void cast_remove_channel(struct cast_guild *guild, uint64_t id);
/* Frees *s and puts a copy of the value there (NULL where it is null); nothing happens where value is NULL. */
void cast_set_string(char **s, const cJSON *value);
