/*
 * A gateway frame, parsed once: JSON to struct. Pure: no socket, no clock, no state. Fields and traps:
 * Discord's gateway documentation ("Gateway Events"). Unknown keys, opcodes and event names are not errors.
 */
#pragma once

#include <cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_type {
    EVENT_OTHER, /* a dispatch that is of no use to us: only its seq counts */
    EVENT_READY,
    EVENT_RESUMED,
    EVENT_GUILD_CREATE,
    EVENT_GUILD_UPDATE,
    EVENT_GUILD_DELETE,
    EVENT_CHANNEL_UPSERT, /* CHANNEL_CREATE and CHANNEL_UPDATE */
    EVENT_CHANNEL_DELETE,
    EVENT_VOICE_STATE_UPDATE,
};

/* Strings in here and below are borrowed from the frame and live as long as it. */
struct event_user {
    uint64_t user_id;
    const char *username;      /* NULL: the payload carried no user object, only the id is known */
    const char *global_name;   /* or NULL */
    const char *nick;          /* or NULL */
    const char *discriminator; /* "0" where absent */
    const char *avatar;        /* hash, valid per [0-9a-f_] rules, or NULL */
    const char *guild_avatar;  /* the same */
    bool bot;
};

struct event_channel {
    uint64_t channel_id;
    const char *name;
    int type;
};

struct event_voice_state {
    uint64_t channel_id; /* 0: not in voice */
    struct event_user user;
};

struct event_ready {
    const char *session_id;
    const char *resume_gateway_url;
    uint64_t user_id; /* the bot's own */
    const uint64_t *guild_ids;
    size_t n_guilds;
};

/* GUILD_CREATE (all of it), GUILD_UPDATE (no channels and voice states), GUILD_DELETE (guild_id and
 * unavailable). */
struct event_guild {
    const char *name;
    const char *icon;        /* hash or NULL */
    uint64_t afk_channel_id; /* 0: none */
    bool unavailable;
    const struct event_channel *channels; /* voice and stage channels only */
    size_t n_channels;
    /* Each with its user from members[]; entries without a channel are left out. In the order of the users' ids, which
     * is that of tracker/voice.c: any other costs it the square of a large server's members. */
    const struct event_voice_state *voice_states;
    size_t n_voice_states;
};

struct event {
    enum event_type type;
    const char *name;  /* Discord's, a constant; NULL of EVENT_OTHER */
    uint64_t guild_id; /* 0 where the event belongs to none */
    union {
        struct event_ready ready;
        struct event_guild guild;
        struct event_channel channel;         /* only of voice and stage channels; others come as EVENT_OTHER */
        struct event_voice_state voice_state; /* only with a guild_id; others come as EVENT_OTHER */
    };
};

struct event_frame {
    int op;
    const cJSON *d; /* of control frames: HELLO's interval, INVALID SESSION's flag */
    int64_t seq;    /* of dispatches (op 0), */
    struct event event;
    cJSON *document;
    void *storage;
};

/*
 * n bytes of JSON into *frame. False where they are no JSON object with an integer "op", or a dispatch that we
 * need lacks what the documentation guarantees; *why then says what was wrong, in words that can be logged.
 * After true the caller frees with event_frame_finish().
 */
bool event_frame_parse(const char *bytes, size_t n, struct event_frame *frame, const char **why);
void event_frame_finish(struct event_frame *frame);
