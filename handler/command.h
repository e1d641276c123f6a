/* The table of our commands: one entry a subcommand of /vc. */
#pragma once

#include "infra/discord.h"

#include <cJSON.h>
#include <stdbool.h>

struct app;
struct choices;
struct interaction;
struct reply;

/* Names of options. */
#define COMMAND_TIME_RANGE "time_range"
#define COMMAND_USER       "user"
#define COMMAND_STATISTIC  "statistic"

struct command_option {
    const char *name, *description;
    enum discord_option_type type;
    const struct choices *choices; /* of a string */
};

enum { COMMAND_MAX_OPTIONS = 3 };

struct command {
    const char *name, *description;
    struct command_option options[COMMAND_MAX_OPTIONS]; /* up to the first without a name */
    const char *controls;                               /* the code of its controls (handler/controls.h) */
    bool ephemeral;                                     /* seen only by who ran it */
    bool saves; /* its clicks do more than edit their message: none is given up for a later one */
    /* Answers a slash command or a click through reply, now or later. Runs while the acknowledgement is on its
     * way. */
    void (*run)(struct app *app, struct reply *reply);
};

/* The command of a slash command or of a click; NULL where it is none of ours, or an interaction of another type. */
const struct command *command_find(const struct interaction *interaction);

/* The body of PUT /applications/{app}/commands: all of our commands. The caller frees. */
char *command_registration(void);

enum command_registered {
    COMMAND_REGISTERED,
    COMMAND_OUTDATED, /* otherwise than it is now */
    COMMAND_UNREGISTERED,
};

/* How our commands stand in Discord's answer to GET /applications/{app}/commands. Those of others do not matter. */
enum command_registered command_compare(const cJSON *list);
