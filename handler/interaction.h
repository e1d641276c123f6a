/*
 * An interaction as Discord posts it ("Interaction Object"), from JSON into a struct that is valid by
 * construction. Pure. Knows only what our commands use; everything else in the document is ignored.
 */
#pragma once

#include "infra/discord.h"

#include <cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INTERACTION_MAX_OPTIONS = 25 };

/* A filled parameter of a slash command. */
struct interaction_option {
    const char *name, *value;
};

/* Strings are NULL where Discord sends none; the last two exist only for members of the server. */
struct interaction_user {
    uint64_t id;
    bool bot;
    const char *username, *global_name, *avatar;
    const char *nick, *guild_avatar;
};

/* Strings live as long as the struct. */
struct interaction {
    uint64_t id, application_id;
    enum discord_interaction_type type;
    const char *token; /* a secret for 15 minutes, of any length */
    uint64_t guild_id; /* 0 outside a server */
    uint64_t app_permissions;
    int64_t attachment_size_limit;  /* bytes of one file */
    struct interaction_user user;   /* who did it; of anything but a PING */
    uint64_t permissions;           /* of the member, in this channel; 0 outside a server */
    struct interaction_user chosen; /* in a user option or a user select; id 0: nobody */

    /* Of a DISCORD_APPLICATION_COMMAND */
    const char *command;
    const char *subcommand;                                     /* or NULL */
    struct interaction_option options[INTERACTION_MAX_OPTIONS]; /* the strings among them */
    size_t n_options;

    /* Of a DISCORD_MESSAGE_COMPONENT */
    const char *custom_id; /* ours back, or made up by hand */
    const char *value;     /* the first one chosen in a select, NULL where there is none */
    uint64_t message_id;   /* that was clicked */
    uint64_t owner_id;     /* who ran the command that the message answers; 0: Discord does not say */

    cJSON *document;
};

enum interaction_problem {
    INTERACTION_FINE,
    INTERACTION_NOT_JSON,
    INTERACTION_MALFORMED,
    INTERACTION_UNKNOWN_TYPE, /* well formed as far as it can be told: Discord may add types */
};

/* NULL with *problem set, or an interaction for interaction_destroy(). */
struct interaction *interaction_parse(const char *body, size_t len, enum interaction_problem *problem);
/* Wipes the token. NULL is accepted. */
void interaction_destroy(struct interaction *interaction);

/* The value of the string option of that name, or NULL. */
const char *interaction_option(const struct interaction *interaction, const char *name);
