/* A member's names and pictures, as the tracker last saw them. */
#pragma once

#include <stdint.h>

struct db_member {
    uint64_t guild_id, user_id;
    const char *username;
    const char *discriminator;                              /* written only */
    const char *global_name, *nick, *avatar, *guild_avatar; /* or NULL */
};
