/* Presence: who is in which voice channel, in memory only. It knows no time, no sessions' rules and no
 * database. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct voice;

struct voice_member {
    uint64_t user_id, channel_id;
    /* Kept here for tracker/session.h and tracker/ledger.h. */
    uint64_t session_id; /* of the open session; 0: none, the stay does not count */
    int64_t started_at;
    uint64_t identity; /* fingerprint of the names last written; 0: none yet */
    uint64_t seen;     /* number of the last snapshot that had the member */
};

enum voice_change { VOICE_UNCHANGED, VOICE_JOINED, VOICE_MOVED, VOICE_LEFT };

struct voice_transition {
    enum voice_change change;
    uint64_t guild_id;
    struct voice_member before; /* as it was; after a move or a leave */
    /* As it is now, until the next change; NULL after a leave, and where nobody was there before or after. */
    struct voice_member *member;
};

struct voice *voice_create(void);
void voice_destroy(struct voice *voice);
size_t voice_count(const struct voice *voice);

/* The member is in channel_id now (0: in none). A mute or a camera is VOICE_UNCHANGED. */
struct voice_transition voice_apply(struct voice *voice, uint64_t guild_id, uint64_t user_id,
                                    uint64_t channel_id);

/*
 * A snapshot is a whole server's truth: begin it, voice_apply() everybody in it, end it. Ending calls on_absent
 * for each member that was present and not in it, after taking the member out.
 */
void voice_snapshot_begin(struct voice *voice, uint64_t guild_id);
void voice_snapshot_end(struct voice *voice, uint64_t guild_id,
                        void (*on_absent)(void *arg, const struct voice_transition *left), void *arg);

/* Takes out everybody in a channel, a server (channel_id 0) or everywhere (both 0). */
void voice_clear(struct voice *voice, uint64_t guild_id, uint64_t channel_id,
                 void (*on_left)(void *arg, const struct voice_transition *left), void *arg);

/* Calls on_member for everybody in a server, or everywhere (0). It may change what is kept for the rules. */
void voice_each(struct voice *voice, uint64_t guild_id,
                void (*on_member)(void *arg, uint64_t guild_id, struct voice_member *member), void *arg);
