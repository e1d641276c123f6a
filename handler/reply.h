/*
 * The answer owed to a deferred interaction: one edit of the message that Discord shows as "thinking…". It
 * leaves when the command has given it and the acknowledgement is out, whichever comes later, and ends in plain
 * words where a picture cannot be had.
 */
#pragma once

#include "handler/interaction.h"
#include "render/image.h"

#include <stdbool.h>

struct app;
struct reply;

/* Takes the interaction. command is a constant, for the log. */
struct reply *reply_create(struct app *app, struct interaction *interaction, const char *command);
/* Good until the command answers. */
const struct interaction *reply_interaction(const struct reply *reply);

/* Whether a file may be attached where the command was run; if not, a picture need not be drawn. */
bool reply_takes_pictures(const struct reply *reply);

/* on_sent of the acknowledgement (handler/http.h), with the reply as its argument: must come once. */
void reply_on_acknowledged(void *arg, bool sent);

/* A command answers once, with one of these two; the reply, and the interaction in it, are no longer the
 * command's. */

/* Markdown of at most 4000 characters. */
void reply_text(struct reply *reply, const char *text);

struct reply_picture {
    struct picture picture; /* a JPEG; taken */
    const char *name;       /* what it shows: the beginning of its file name */
    const char *alt;        /* the picture in words, with its figures: at most 1024 characters */
    const char *text;       /* the same answer as markdown, for where no file may be attached */
};
/* Strings are copied. */
void reply_picture(struct reply *reply, const struct reply_picture *answer);

/* The JSON bodies; the caller frees. */

/* An interaction's answer that needs no work: words that only its user sees. */
char *reply_json_words(const char *words);
/* The acknowledgement that promises an answer. */
char *reply_json_deferred(bool ephemeral);
/* The edit that keeps the promise. */
char *reply_json_text(const char *text);
char *reply_json_picture(const char *filename, const char *alt);
