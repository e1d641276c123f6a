/*
 * The channel's messages: what interactions were answered with. The last 400 are kept, with their files.
 */
#pragma once

#include <cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct multipart;
struct sandbox;

enum { MESSAGE_MAX_ATTACHMENTS = 10, MESSAGE_REMOVALS_KEPT = 2 };

struct attachment {
    uint64_t id;
    char *filename;
    char *content_type; /* or NULL, as the next */
    char *description;
    unsigned char *data;
    size_t len;
    int width, height; /* 0: no picture that we know */
};

/* What one edit took away. */
struct removed_files {
    struct attachment files[MESSAGE_MAX_ATTACHMENTS];
    size_t n;
};

struct message {
    uint64_t id;
    uint64_t channel_id;
    uint64_t interaction_id; /* of the interaction that made it */
    int interaction_type;
    char command[48];           /* that was used, for the page; "": none */
    uint64_t guild_id, user_id; /* of who caused it */
    bool thinking;              /* deferred and not edited yet */
    bool ephemeral;
    bool deleted;
    int64_t flags;     /* IS_COMPONENTS_V2 or 0 */
    char *content;     /* never NULL */
    cJSON *embeds;     /* never NULL, as the next: arrays */
    cJSON *components; /* with ids, and media objects in place of attachment:// */
    struct attachment attachments[MESSAGE_MAX_ATTACHMENTS];
    size_t n_attachments;
    struct removed_files removed[MESSAGE_REMOVALS_KEPT]; /* newest first; the CDN has them a little longer */
    int64_t created_ms, edited_ms;                       /* wall clock; 0: never edited */
    struct message *next;                                /* newer */
};

struct messages;

struct messages *messages_create(void);
/* An empty message, the newest. The oldest goes where there are too many. */
struct message *message_create(struct messages *messages);
/* NULL where it is not there or was deleted. */
struct message *message_find(const struct messages *messages, uint64_t id);
/* Also one that the last edits removed. */
const struct attachment *message_find_attachment(const struct messages *messages, uint64_t attachment_id);
const struct message *messages_oldest(const struct messages *messages);

/* The entry of a payload's "attachments" that has this id, as a number or as text; NULL: none. */
const cJSON *message_listed_attachment(const cJSON *payload, uint64_t id);
/* Applies a payload that validate_message() found good, with the files it came with: a new message's content,
 * or an edit (then what the payload does not name stays, but files that it does not list go). */
void message_apply(const struct sandbox *sandbox, struct message *message, const cJSON *payload,
                   const struct multipart *form);
/* Discord's message object. The caller frees, as below. */
cJSON *message_json(const struct sandbox *sandbox, const struct message *message);
/* Every file, also those that a component uses (which message_json leaves out, as Discord does). */
cJSON *message_attachments_json(const struct sandbox *sandbox, const struct message *message);
