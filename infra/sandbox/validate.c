#include "infra/sandbox/validate.h"

#include "infra/discord.h"
#include "infra/json.h"
#include "infra/sandbox/complaint.h"
#include "infra/sandbox/message.h"
#include "infra/sandbox/multipart.h"
#include "infra/sandbox/validate_components.h"

#include <stdio.h>
#include <string.h>

enum { MAX_CONTENT = 2000, MAX_EMBEDS = 10, MAX_ALT = 1024 };

static bool is_v2(const cJSON *payload, const struct message *edited)
{
    int64_t flags;
    json_int(payload, "flags", &flags);
    return ((flags | (edited != NULL ? edited->flags : 0)) & DISCORD_FLAG_COMPONENTS_V2) != 0;
}

static bool has_items(const cJSON *payload, const char *name)
{
    return cJSON_GetArraySize(json_array(payload, name)) > 0;
}

static bool has_files(const struct validate_context *context)
{
    for (size_t i = 0; i < context->form->n; i++)
        if (context->form->parts[i].filename != NULL)
            return true;
    return false;
}

bool validate_is_empty(const cJSON *payload, const struct validate_context *context)
{
    const char *const content = json_string(payload, "content");
    return context->edited == NULL && (content == NULL || content[0] == '\0') &&
           !has_items(payload, "embeds") && !has_items(payload, "components") && !has_files(context);
}

/* Flags and what they rule out ----------------------------------------------------------------------------- */

static void check_flags(struct complaints *complaints, const cJSON *payload, int64_t allowed)
{
    int64_t flags;
    if (check_int(complaints, payload, "flags", 0, INT32_MAX, false) && json_int(payload, "flags", &flags) &&
        (flags & ~allowed) != 0)
        complain_about(complaints, "flags", "MESSAGE_FLAGS_NOT_ALLOWED",
                       "A flag that cannot be set by this call.");
}

/* A message becomes V2 only when its old text and embeds are set to null. */
static void check_legacy(struct complaints *complaints, const cJSON *payload, const struct message *edited)
{
    static const char code[] = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2";
    static const char words[] = "The field cannot be used when using MessageFlags.IS_COMPONENTS_V2";
    static const char *const forbidden[] = {"content", "embeds", "poll", "stickers", "sticker_ids"};
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
        if (json_member(payload, forbidden[i]) != NULL)
            complain_about(complaints, forbidden[i], code, words);
    if (edited == NULL)
        return;
    if (edited->content[0] != '\0' && !cJSON_HasObjectItem(payload, "content"))
        complain_about(complaints, "content", code, words);
    if (cJSON_GetArraySize(edited->embeds) > 0 && !cJSON_HasObjectItem(payload, "embeds"))
        complain_about(complaints, "embeds", code, words);
}

static void check_mentions(struct complaints *complaints, const cJSON *payload)
{
    const cJSON *const mentions = json_member(payload, "allowed_mentions");
    if (mentions == NULL)
        return;
    const size_t mark = complaints_enter(complaints, "allowed_mentions");
    check_list(complaints, mentions, "parse", 0, 3, false);
    check_list(complaints, mentions, "users", 0, 100, false);
    check_list(complaints, mentions, "roles", 0, 100, false);
    const cJSON *word;
    cJSON_ArrayForEach (word, json_array(mentions, "parse")) {
        const char *const s = cJSON_IsString(word) ? word->valuestring : "";
        if (strcmp(s, "users") != 0 && strcmp(s, "roles") != 0 && strcmp(s, "everyone") != 0)
            complain_about(complaints, "parse", "BASE_TYPE_CHOICES",
                           "Value must be one of 'everyone', 'roles', 'users'.");
        else if (has_items(mentions, s))
            complain_about(complaints, "parse", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                           "parse and a list exclude each other.");
    }
    complaints_leave(complaints, mark);
}

/* Files ---------------------------------------------------------------------------------------------------- */

static bool is_plain_name(const char *filename)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    return filename[0] != '\0' && strlen(filename) <= 200 && filename[strspn(filename, plain)] == '\0';
}

/* files[0] to files[9], with names that Discord keeps as they are. */
static void check_parts(struct complaints *complaints, const cJSON *payload, const struct multipart *form)
{
    for (size_t i = 0; i < form->n; i++) {
        const struct multipart_part *const part = &form->parts[i];
        char expected[16];
        unsigned number = 0;
        if (strcmp(part->name, "payload_json") == 0)
            continue;
        const bool numbered = sscanf(part->name, "files[%u]", &number) == 1 && number < MESSAGE_MAX_ATTACHMENTS;
        snprintf(expected, sizeof(expected), "files[%u]", number);
        if (!numbered || strcmp(part->name, expected) != 0 || part->filename == NULL)
            complain_about(complaints, "files", "FORM_PART_UNKNOWN",
                           "A part is no files[0] to files[9] with a filename.");
        else if (!is_plain_name(part->filename))
            complain_about(complaints, part->name, "ATTACHMENT_FILENAME_INVALID",
                           "Use letters, digits, _, . and - only.");
        else if (part->content_type == NULL)
            complain_about(complaints, part->name, "CONTENT_TYPE_REQUIRED", "A file needs a Content-Type.");
        /* Once the list is there, it is complete. */
        if (json_array(payload, "attachments") != NULL && message_listed_attachment(payload, number) == NULL)
            complain_about(complaints, "attachments", "ATTACHMENT_NOT_LISTED",
                           "An uploaded file is not in the list.");
    }
}

/* The uploaded part with that placeholder id, or NULL. */
static const struct multipart_part *uploaded_as(const struct multipart *form, const char *id)
{
    char name[32];
    snprintf(name, sizeof(name), "files[%.20s]", id);
    return multipart_find(form, name);
}

static bool is_on_message(const struct message *message, const char *id)
{
    uint64_t number;
    if (message == NULL || !snowflake_parse(id, &number))
        return false;
    for (size_t i = 0; i < message->n_attachments; i++)
        if (message->attachments[i].id == number)
            return true;
    return false;
}

static void check_attachment(struct complaints *complaints, const cJSON *entry,
                             const struct validate_context *context)
{
    char id[24] = "";
    int64_t number;
    if (json_string(entry, "id") != NULL)
        snprintf(id, sizeof(id), "%s", json_string(entry, "id"));
    else if (json_int(entry, "id", &number))
        snprintf(id, sizeof(id), "%lld", (long long)number);
    const struct multipart_part *const part = uploaded_as(context->form, id);
    const char *const filename = json_string(entry, "filename");
    if (part == NULL && !is_on_message(context->edited, id))
        complain_about(complaints, "id", "ATTACHMENT_NOT_FOUND",
                       "Neither an uploaded file nor one of the message's.");
    if (part != NULL && part->filename != NULL && filename != NULL && strcmp(filename, part->filename) != 0)
        complain_about(complaints, "filename", "ATTACHMENT_FILENAME_MISMATCH",
                       "The uploaded file has another name.");
    check_string(complaints, entry, "description", 0, MAX_ALT, false);
}

static void check_attachments(struct complaints *complaints, const cJSON *payload,
                              const struct validate_context *context)
{
    check_parts(complaints, payload, context->form);
    if (!check_list(complaints, payload, "attachments", 0, MESSAGE_MAX_ATTACHMENTS, false))
        return;
    const size_t mark = complaints_enter(complaints, "attachments");
    int i = 0;
    const cJSON *entry;
    cJSON_ArrayForEach (entry, json_array(payload, "attachments")) {
        const size_t inner = complaints_enter_index(complaints, i++);
        check_attachment(complaints, entry, context);
        complaints_leave(complaints, inner);
    }
    complaints_leave(complaints, mark);
}

/* For attachment://. Whether files of the edited message still resolve is not documented: they do not. */
static bool has_file(const void *arg, const char *filename)
{
    const struct validate_context *const context = arg;
    for (size_t i = 0; i < context->form->n; i++)
        if (context->form->parts[i].filename != NULL && strcmp(context->form->parts[i].filename, filename) == 0)
            return true;
    return false;
}

cJSON *validate_message(const cJSON *payload, const struct validate_context *context)
{
    struct complaints complaints = {0};
    const bool v2 = is_v2(payload, context->edited);
    const struct validate_files files = {.has = has_file, .arg = context};
    check_flags(&complaints, payload, context->allowed_flags);
    check_mentions(&complaints, payload);
    check_attachments(&complaints, payload, context);
    if (v2) {
        check_legacy(&complaints, payload, context->edited);
    } else {
        check_string(&complaints, payload, "content", 0, MAX_CONTENT, false);
        check_list(&complaints, payload, "embeds", 0, MAX_EMBEDS, false);
    }
    validate_components(&complaints, payload, v2, &files);
    return complaints.tree;
}
