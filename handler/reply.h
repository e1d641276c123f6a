/*
 * The answer owed to a deferred interaction: one edit of a message, which leaves when the command has given it
 * and the acknowledgement is out, whichever comes later, and ends in plain words where a picture cannot be had.
 *
 * A command is answered with a message of its own. A click by who ran the command changes the message; a click
 * by anybody else leaves it alone and is answered with a copy that only they see. Of several clicks that would
 * change one message, those overtaken by a later one are dropped, and edits go out one after the other. Other
 * workers may have some of these clicks: right before its edit, a reply looks for later ones in the database, for
 * half a second at most. What remains: an edit that had to be repeated may come after that of a click made since,
 * and a click gives way to a later one even if that one then ends in words.
 */
#pragma once

#include "handler/interaction.h"
#include "render/image.h"

#include <stdbool.h>

struct app;
struct command;
struct reply;

/* Takes the interaction. The command is a constant. */
struct reply *reply_create(struct app *app, struct interaction *interaction, const struct command *command);
/* Good until the command answers. */
const struct interaction *reply_interaction(const struct reply *reply);

/* The acknowledgement that promises the answer: JSON, the caller frees. */
char *reply_acknowledgement(const struct reply *reply);

/* The message that a click changes, where it does nothing else: a later click makes it needless. Else 0. */
uint64_t reply_only_changes(const struct reply *reply);

/* Whether a file may be attached where the command was run; if not, a picture need not be drawn. */
bool reply_takes_pictures(const struct reply *reply);

/* Before the acknowledgement, instead of a command's answer: nothing is owed. */
void reply_cancel(struct reply *reply);

/* on_sent of the acknowledgement (handler/http.h), with the reply as its argument: must come once. */
void reply_on_acknowledged(void *arg, bool sent);

/* Instead of it, where another worker recorded the interaction so long ago, has acknowledged it, and may have worked on
 * it already. */
void reply_take_over(struct reply *reply, int64_t age_ms);
bool reply_is_taken_over(const struct reply *reply);

/* A command answers once, with one of these two; the reply, and the interaction in it, are no longer the
 * command's. Texts are markdown of at most 4000 characters; all strings are copied. */

/* Words where there is no answer, and, of a message of their own, the controls below them (taken; or NULL). A message that was
 * clicked stays as it is: only who clicked sees them. */
void reply_words(struct reply *reply, const char *words, cJSON *controls);

struct reply_answer {
    struct picture picture; /* taken. Without bytes there is none, and text is the answer */
    const char *name;       /* what it shows: the beginning of its file name */
    const char *alt;        /* the picture in words, with its figures: at most 1024 characters */
    const char *text;       /* the same answer for where no file may be attached */
    cJSON *controls;        /* action rows; taken */
};
void reply_answer(struct reply *reply, const struct reply_answer *answer);
