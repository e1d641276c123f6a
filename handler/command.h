/* The table of our commands: one entry a subcommand of /vc. */
#pragma once

#include <cJSON.h>
#include <stdbool.h>

struct app;
struct interaction;
struct reply;

struct command {
    const char *name, *description;
    const char *controls; /* the code of its controls (handler/controls.h) */
    bool ephemeral;       /* seen only by who ran it */
    void (*add_options)(cJSON *options);
    /* Answers a slash command or a click through reply, now or later. Runs while the acknowledgement is on its
     * way. */
    void (*run)(struct app *app, struct reply *reply);
};

/* The command of a slash command or of a click, or NULL where it is none of ours. */
const struct command *command_find(const struct interaction *interaction);

/* The body of PUT /applications/{app}/commands: all of our commands. The caller frees. */
char *command_registration(void);
