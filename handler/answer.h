/* Finishes an answer once its figures are known: fetches avatars, queues, draws, replies. Or it is words at once. */
#pragma once

#include "db/counting.h"
#include "db/members.h"
#include "handler/avatars.h"
#include "infra/mem.h"
#include "render/image.h"

#include <cJSON.h>

struct app;
struct reply;

enum { ANSWER_MAX_AVATARS = 16, ANSWER_MAX_STRINGS = 32 };

/* The first member of a command's own struct. It ends with one of the last three functions below, and the whole struct
 * with it. */
struct answer {
    struct app *app;
    struct reply *reply;

    /* The fields of struct reply_answer, but owned. The command sets them; alt, where there is a picture. */
    const char *name;
    char *alt, *text;
    cJSON *controls;

    struct avatars_picture avatars[ANSWER_MAX_AVATARS];
    size_t n_avatars;
    char *strings[ANSWER_MAX_STRINGS];
    size_t n_strings;
    struct picture (*draw)(struct answer *answer);
};

/* A command's struct of that size, zeroed. The name is a constant. */
void *answer_create(size_t size, struct app *app, struct reply *reply, const char *name);

/* Keeps a string as long as the answer, and gives it back. */
const char *answer_keep(struct answer *answer, char *string);
/* A member's name, kept. Whom the tracker never met is named by the interaction, if they are in it. */
const char *answer_member_name(struct answer *answer, const struct db_member *member);

/* "You have", or "⁨Ann⁩ has": how a sentence about a member begins, in markdown. */
void answer_subject(struct answer *answer, struct buffer *out, const struct db_member *member);

/* That nothing is counted now, and why (handler/phrases.h), kept; or NULL. */
const char *answer_not_counting(struct answer *answer, const struct db_counting *counting, int64_t now);

/* Pictures to be fetched, size × size pixels: their numbers. */
size_t answer_member_picture(struct answer *answer, const struct db_member *member, int size);
size_t answer_icon(struct answer *answer, const char *icon, int size);
/* In draw: the picture of that number, or NULL. */
const struct image *answer_picture(const struct answer *answer, size_t number);

/* There is no answer: words, and below a message of their own the controls, to try again. */
void answer_in_words(struct answer *answer, const char *words);
/* The answer, as text. */
void answer_as_text(struct answer *answer);
/* The answer, with the picture that draw makes in a later turn of the loop; as text where no file is welcome. */
void answer_as_picture(struct answer *answer, struct picture (*draw)(struct answer *answer));
