/*
 * The way of an answer with a picture, from its figures on: avatars are fetched, it waits in the queue of cards,
 * is drawn, and answered. Or it is words at once, where no picture can be had.
 */
#pragma once

#include "db/members.h"
#include "handler/avatars.h"
#include "render/image.h"

#include <cJSON.h>

struct app;
struct reply;

enum { CARD_MAX_AVATARS = 16, CARD_MAX_STRINGS = 32 };

/* The first member of a command's own struct, which comes from mem_alloc(). It ends with one of the three answers
 * below, and the whole struct with it. */
struct card {
    struct app *app;
    struct reply *reply;

    /* What the answer is, set before card_answer(): as in struct reply_answer, but all of it is the card's. */
    const char *name;
    char *alt, *text;
    cJSON *controls;

    struct avatar avatars[CARD_MAX_AVATARS];
    size_t n_avatars;
    char *strings[CARD_MAX_STRINGS];
    size_t n_strings;
    struct picture (*draw)(struct card *card);
};

/* Keeps a string as long as the card, and gives it back. */
const char *card_keep(struct card *card, char *string);
/* A member's name, kept. Whom the tracker never met is named by the interaction, if they are in it. */
const char *card_member_name(struct card *card, const struct db_member *member);

/* Pictures to be fetched, size × size pixels: their numbers. */
size_t card_member_picture(struct card *card, const struct db_member *member, int size);
size_t card_icon(struct card *card, const char *icon, int size);
/* In draw: the picture of that number, or NULL. */
const struct image *card_picture(const struct card *card, size_t number);

/* There is no answer: words. */
void card_words(struct card *card, const char *words);
/* The answer, as text. */
void card_answer_text(struct card *card);
/* The answer, with the picture that draw makes in a later turn of the loop; as text where no file is welcome. */
void card_answer(struct card *card, struct picture (*draw)(struct card *card));
