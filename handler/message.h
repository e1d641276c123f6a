/*
 * What Discord is told of messages, as JSON ("Message Resource", "Receiving and Responding to Interactions"): pure. The
 * caller frees. Texts are markdown; nobody who is named in them is pinged.
 */
#pragma once

#include "infra/discord.h"

#include <cJSON.h>
#include <stdbool.h>

/* The acknowledgement that promises an answer. Ephemeral: only who asked will see it. */
char *message_deferral(enum discord_callback_type type, bool ephemeral);

/* The answer to an interaction that needs no work: words that only who asked sees. */
char *message_words(const char *words);
/* The same as a message after the acknowledgement. */
char *message_follow_up(const char *words);

/* Edits: all of a message, as text or as a picture that is attached under that name; without controls where they are
 * NULL. */
char *message_text(const char *text, const cJSON *controls);
char *message_picture(const char *filename, const char *alt, const cJSON *controls);
