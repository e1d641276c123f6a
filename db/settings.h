/* What a server's admins have chosen. A server without a row has the defaults: everything on. */
#pragma once

#include "db/shard.h"

/* The handler's: one server ------------------------------------------------------------------------------- */

enum db_setting {
    SETTING_TRACKING,  /* voice time is counted at all */
    SETTING_COUNT_AFK, /* also in the AFK channel */
    N_SETTINGS,
};

struct db_settings {
    bool on[N_SETTINGS];
    uint64_t afk_channel_id; /* 0: the server has none, or is not known yet */
};

/* on_done gets NULL where the database did not answer (logged). Valid until the callback returns. */
void db_settings_read(struct db_pool *pool, uint64_t guild_id,
                      void (*on_done)(void *arg, const struct db_settings *settings), void *arg);

struct db_settings_change {
    uint64_t guild_id;
    uint64_t user_id; /* who changes it */
    enum db_setting setting;
    bool on;
    uint64_t interaction_id; /* that asks for it: what it changed once, it never changes again */
    /* It waited in db/pending.h: where the setting was changed since it came, nothing is done. */
    bool taken_over;
};

/*
 * Saves one setting and leaves the others as they are. A real change writes a row of audit and is told to the
 * trackers with NOTIFY guild_settings, payload the server's id, all in one transaction; a change to the present
 * value does nothing. on_done as above: the settings as they are then.
 */
void db_settings_change(struct db_pool *pool, const struct db_settings_change *change,
                        void (*on_done)(void *arg, const struct db_settings *settings), void *arg);

/* The tracker's: all servers of a shard ------------------------------------------------------------------- */

/*
 * How a tracker follows the settings (rule 6): it LISTENs first and loads then, so that nothing falls between, and
 * loads again on every notification for a server of its own and whenever the database comes back.
 *
 * since is at first the proven moment, later as_of of the load before, each less a minute, for a change is
 * stamped a moment before it is committed. Then, in order:
 *
 * 1. The changes, each once: it keeps the changed_us of each server's last one, and skips what is not newer. A
 *    change to off ends those sessions of the server (count_afk: those in the AFK channel) that began before the
 *    setting was on again: at the change, or at min(changed_us, proven moment) where it was away, but as they
 *    began where they began behind it. That a session has to be older than the change to on also keeps a
 *    restarted tracker, which has no marks, from applying one again. A change to on does nothing here: off and on
 *    again still leaves the gap.
 * 2. The settings are taken over as they are; a server that is not listed has the defaults. What is open and not
 *    to be counted any more ends; who is present and to be counted gets a session.
 */
struct db_settings_loaded {
    int64_t as_of;                            /* unix seconds, the database's clock */
    const struct pg_result *changes, *guilds; /* read with the functions below */
};

struct db_settings_changed {
    uint64_t guild_id;
    enum db_setting setting;
    bool on;
    int64_t changed_us; /* unix microseconds, the database's clock; rising within a server */
};

struct db_settings_guild {
    uint64_t guild_id;
    bool on[N_SETTINGS];
    uint64_t afk_channel_id; /* as it was last written; 0: none */
};

/* For a pool's config, to hear of changes: the payload is the server's id. */
extern const struct db_statement db_settings_listen;

/* In order of time within a server. */
size_t db_settings_n_changes(const struct db_settings_loaded *loaded);
struct db_settings_changed db_settings_changed(const struct db_settings_loaded *loaded, size_t i);
size_t db_settings_n_guilds(const struct db_settings_loaded *loaded);
struct db_settings_guild db_settings_guild(const struct db_settings_loaded *loaded, size_t i);

/* The servers of the shard with a setting that differs from the default or changed, and every change from since on, unix
 * seconds. on_done gets NULL where the database did not answer (logged). Valid until the callback returns. */
void db_settings_load(struct db_pool *pool, const struct db_shard_key *shard, int64_t since,
                      void (*on_done)(void *arg, const struct db_settings_loaded *loaded), void *arg);
