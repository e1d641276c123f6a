/*
 * Whether Discord would take a message: flags, contents, files and components V2 ("Message
 * Resource", "Component Reference"). Stricter than Discord where it is lenient in silence, so that a mistake shows here.
 * Pure.
 */
#pragma once

#include <cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct message;
struct multipart;

struct validate_context {
    int64_t allowed_flags;
    const struct message *edited; /* the message that is edited, NULL: a new one */
    const struct multipart *form; /* with the files that came along */
};

/* NULL: good. Else the tree for "errors" of error 50035; the caller frees. */
cJSON *validate_message(const cJSON *payload, const struct validate_context *context);
/* No content, embed, component or file: error 50006. */
bool validate_is_empty(const cJSON *payload, const struct validate_context *context);
