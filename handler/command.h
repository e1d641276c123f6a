/* The table of our commands: one entry a subcommand of /vc. */
#pragma once

#include <cJSON.h>
#include <stdbool.h>

struct app;
struct interaction;
struct reply;

struct command {
    const char *name, *description;
    bool ephemeral; /* seen only by who ran it */
    void (*add_options)(cJSON *options);
    /* Answers through reply, now or later. Runs while the acknowledgement is on its way. */
    void (*run)(struct app *app, struct reply *reply);
};

/* The command of an interaction, or NULL where it is none of ours. */
const struct command *command_find(const struct interaction *interaction);

/* The body of PUT /applications/{app}/commands: all of our commands. The caller frees. */
char *command_registration(void);
