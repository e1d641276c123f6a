#include "infra/sandbox/message.h"

#include "infra/clock.h"
#include "infra/discord.h"
#include "infra/json.h"
#include "infra/mem.h"
#include "infra/sandbox/cast_json.h"
#include "infra/sandbox/multipart.h"
#include "infra/sandbox/picture_size.h"
#include "infra/sandbox/sandbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MESSAGES = 400, FLAG_LOADING = 1 << 7 };

static const char attachment_scheme[] = "attachment://";

struct messages {
    struct message *oldest, *newest;
    size_t n;
};

/* The list ------------------------------------------------------------------------------------------------- */

struct messages *messages_create(void)
{
    return mem_alloc(sizeof(struct messages));
}

static void free_attachment(struct attachment *attachment)
{
    free(attachment->filename);
    free(attachment->content_type);
    free(attachment->description);
    free(attachment->data);
}

static void free_removed(struct removed_files *removed)
{
    for (size_t i = 0; i < removed->n; i++)
        free_attachment(&removed->files[i]);
}

static void drop_oldest(struct messages *messages)
{
    struct message *const message = messages->oldest;
    messages->oldest = message->next;
    messages->n--;
    for (size_t i = 0; i < message->n_attachments; i++)
        free_attachment(&message->attachments[i]);
    for (size_t i = 0; i < MESSAGE_REMOVALS_KEPT; i++)
        free_removed(&message->removed[i]);
    free(message->content);
    cJSON_Delete(message->embeds);
    cJSON_Delete(message->components);
    free(message);
}

struct message *message_create(struct messages *messages)
{
    struct message *const message = mem_alloc(sizeof(*message));
    message->id = sandbox_snowflake();
    message->content = mem_strdup("");
    message->embeds = cJSON_CreateArray();
    message->components = cJSON_CreateArray();
    message->created_ms = clock_wall_ms();
    if (messages->newest != NULL)
        messages->newest->next = message;
    messages->newest = message;
    if (messages->oldest == NULL)
        messages->oldest = message;
    if (++messages->n > MAX_MESSAGES)
        drop_oldest(messages);
    return message;
}

const struct message *messages_oldest(const struct messages *messages)
{
    return messages->oldest;
}

struct message *message_find(const struct messages *messages, uint64_t id)
{
    struct message *message = messages->oldest;
    while (message != NULL && message->id != id)
        message = message->next;
    return message != NULL && !message->deleted ? message : NULL;
}

static const struct attachment *find_file(const struct attachment *files, size_t n, uint64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (files[i].id == id)
            return &files[i];
    return NULL;
}

const struct attachment *message_find_attachment(const struct messages *messages, uint64_t attachment_id)
{
    const struct attachment *found = NULL;
    for (const struct message *message = messages->oldest; message != NULL && found == NULL;
         message = message->next) {
        found = find_file(message->attachments, message->n_attachments, attachment_id);
        for (size_t i = 0; i < MESSAGE_REMOVALS_KEPT && found == NULL; i++)
            found = find_file(message->removed[i].files, message->removed[i].n, attachment_id);
    }
    return found;
}

/* Files ---------------------------------------------------------------------------------------------------- */

static void add_file(struct message *message, const struct multipart_part *part, const cJSON *listed)
{
    struct attachment *const attachment = &message->attachments[message->n_attachments++];
    *attachment = (struct attachment){
        .id = sandbox_snowflake(), .filename = mem_strdup(part->filename), .len = part->len};
    attachment->content_type = mem_strdup(part->content_type);
    attachment->description = mem_strdup(json_string(listed, "description"));
    attachment->data = mem_alloc(part->len);
    memcpy(attachment->data, part->data, part->len);
    picture_size(attachment->data, attachment->len, &attachment->width, &attachment->height);
}

const cJSON *message_listed_attachment(const cJSON *payload, uint64_t id)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, id);
    const cJSON *entry;
    cJSON_ArrayForEach (entry, json_array(payload, "attachments")) {
        const cJSON *const known = json_member(entry, "id");
        if ((cJSON_IsString(known) && strcmp(known->valuestring, text) == 0) ||
            (cJSON_IsNumber(known) && known->valuedouble == (double)id))
            return entry;
    }
    return NULL;
}

/* Whoever saw the message before this edit may still be fetching its pictures. */
static void remove_unlisted(struct message *message, const cJSON *payload)
{
    struct removed_files *const removed = message->removed;
    free_removed(&removed[MESSAGE_REMOVALS_KEPT - 1]);
    memmove(&removed[1], &removed[0], (MESSAGE_REMOVALS_KEPT - 1) * sizeof(*removed));
    removed[0].n = 0;
    size_t kept = 0;
    for (size_t i = 0; i < message->n_attachments; i++) {
        if (message_listed_attachment(payload, message->attachments[i].id) != NULL)
            message->attachments[kept++] = message->attachments[i];
        else
            removed[0].files[removed[0].n++] = message->attachments[i];
    }
    message->n_attachments = kept;
}

/* Once files are listed or uploaded, the list is complete: others go. */
static void apply_files(struct message *message, const cJSON *payload, const struct multipart *form)
{
    const bool uploads = form->n > 1; /* more than payload_json */
    if (!uploads && json_array(payload, "attachments") == NULL)
        return;
    remove_unlisted(message, payload);
    for (size_t i = 0; i < form->n && message->n_attachments < MESSAGE_MAX_ATTACHMENTS; i++) {
        unsigned number;
        if (form->parts[i].filename != NULL && sscanf(form->parts[i].name, "files[%u]", &number) == 1)
            add_file(message, &form->parts[i], message_listed_attachment(payload, number));
    }
}

static void add_size(cJSON *object, const struct attachment *attachment)
{
    if (attachment->width == 0)
        return;
    cJSON_AddNumberToObject(object, "width", attachment->width);
    cJSON_AddNumberToObject(object, "height", attachment->height);
}

static void add_url(const struct sandbox *sandbox, cJSON *object, const struct attachment *attachment)
{
    char url[512];
    snprintf(url, sizeof(url), "%s/attachments/%" PRIu64 "/%.200s", sandbox->cdn_url, attachment->id,
             attachment->filename);
    cJSON_AddStringToObject(object, "url", url);
    cJSON_AddStringToObject(object, "proxy_url", url);
}

static cJSON *media_json(const struct sandbox *sandbox, const struct attachment *attachment)
{
    cJSON *const media = cJSON_CreateObject();
    json_add_snowflake(media, "id", attachment->id);
    add_url(sandbox, media, attachment);
    add_size(media, attachment);
    if (attachment->content_type != NULL)
        cJSON_AddStringToObject(media, "content_type", attachment->content_type);
    json_add_snowflake(media, "attachment_id", attachment->id);
    return media;
}

/* Components ----------------------------------------------------------------------------------------------- */

static const struct attachment *attachment_named(const struct message *message, const char *filename)
{
    for (size_t i = 0; i < message->n_attachments; i++)
        if (strcmp(message->attachments[i].filename, filename) == 0)
            return &message->attachments[i];
    return NULL;
}

/* Puts the stored file's object in the place of {"url": "attachment://name"}. */
static void resolve_media(const struct sandbox *sandbox, const struct message *message, cJSON *holder,
                          const char *name)
{
    const char *const url = json_string(json_object(holder, name), "url");
    if (url == NULL || strncmp(url, attachment_scheme, sizeof(attachment_scheme) - 1) != 0)
        return;
    const struct attachment *const attachment = attachment_named(message, url + sizeof(attachment_scheme) - 1);
    if (attachment != NULL)
        cJSON_ReplaceItemInObjectCaseSensitive(holder, name, media_json(sandbox, attachment));
}

/* Discord numbers the components that have no id of their own, in the order in which they stand. */
static void finish_components(const struct sandbox *sandbox, const struct message *message, cJSON *list,
                              int *next_id)
{
    cJSON *component;
    cJSON_ArrayForEach (component, list) {
        int64_t id;
        if (!json_int(component, "id", &id) || id == 0) {
            cJSON_DeleteItemFromObject(component, "id");
            cJSON_AddNumberToObject(component, "id", ++*next_id);
        }
        resolve_media(sandbox, message, component, "media");
        resolve_media(sandbox, message, component, "file");
        cJSON *item;
        cJSON_ArrayForEach (item, json_array(component, "items"))
            resolve_media(sandbox, message, item, "media");
        finish_components(sandbox, message, cJSON_GetObjectItemCaseSensitive(component, "components"), next_id);
    }
}

void message_apply(const struct sandbox *sandbox, struct message *message, const cJSON *payload,
                   const struct multipart *form)
{
    const cJSON *const content = cJSON_GetObjectItemCaseSensitive(payload, "content");
    const cJSON *const embeds = cJSON_GetObjectItemCaseSensitive(payload, "embeds");
    const cJSON *const components = cJSON_GetObjectItemCaseSensitive(payload, "components");
    int64_t flags;
    if (json_int(payload, "flags", &flags))
        message->flags |= flags & DISCORD_FLAG_COMPONENTS_V2;
    apply_files(message, payload, form);
    if (content != NULL) {
        free(message->content);
        message->content = mem_strdup(cJSON_IsString(content) ? content->valuestring : "");
    }
    if (embeds != NULL) {
        cJSON_Delete(message->embeds);
        message->embeds = cJSON_IsArray(embeds) ? cJSON_Duplicate(embeds, true) : cJSON_CreateArray();
    }
    if (components != NULL) {
        cJSON_Delete(message->components);
        message->components =
            cJSON_IsArray(components) ? cJSON_Duplicate(components, true) : cJSON_CreateArray();
        int next_id = 0;
        finish_components(sandbox, message, message->components, &next_id);
    }
}

/* As JSON -------------------------------------------------------------------------------------------------- */

static cJSON *attachment_json(const struct sandbox *sandbox, const struct attachment *attachment)
{
    cJSON *const object = cJSON_CreateObject();
    json_add_snowflake(object, "id", attachment->id);
    cJSON_AddStringToObject(object, "filename", attachment->filename);
    cJSON_AddNumberToObject(object, "size", (double)attachment->len);
    if (attachment->content_type != NULL)
        cJSON_AddStringToObject(object, "content_type", attachment->content_type);
    if (attachment->description != NULL)
        cJSON_AddStringToObject(object, "description", attachment->description);
    add_url(sandbox, object, attachment);
    add_size(object, attachment);
    return object;
}

cJSON *message_attachments_json(const struct sandbox *sandbox, const struct message *message)
{
    cJSON *const list = cJSON_CreateArray();
    for (size_t i = 0; i < message->n_attachments; i++)
        cJSON_AddItemToArray(list, attachment_json(sandbox, &message->attachments[i]));
    return list;
}

static cJSON *metadata_json(const struct sandbox *sandbox, const struct message *message)
{
    cJSON *const metadata = cJSON_CreateObject();
    json_add_snowflake(metadata, "id", message->interaction_id);
    cJSON_AddNumberToObject(metadata, "type", message->interaction_type);
    const struct cast_member *const user = cast_user(sandbox->cast, message->user_id);
    if (user != NULL)
        cJSON_AddItemToObject(metadata, "user", cast_user_json(user));
    json_add_snowflake(cJSON_AddObjectToObject(metadata, "authorizing_integration_owners"), "0",
                       message->guild_id);
    return metadata;
}

cJSON *message_json(const struct sandbox *sandbox, const struct message *message)
{
    const bool v2 = (message->flags & DISCORD_FLAG_COMPONENTS_V2) != 0;
    cJSON *const object = cJSON_CreateObject();
    json_add_snowflake(object, "id", message->id);
    json_add_snowflake(object, "channel_id", message->channel_id);
    json_add_snowflake(object, "application_id", sandbox->cast->application_id);
    json_add_snowflake(object, "webhook_id", sandbox->cast->application_id);
    cJSON_AddItemToObject(object, "author", cast_application_json(sandbox->cast));
    cJSON_AddNumberToObject(object, "type", 20);
    cJSON_AddStringToObject(object, "content", message->content);
    cJSON_AddItemToObject(object, "embeds", cJSON_Duplicate(message->embeds, true));
    cJSON_AddItemToObject(object, "components", cJSON_Duplicate(message->components, true));
    /* Files that a component shows are found there, not here. */
    cJSON_AddItemToObject(object, "attachments",
                          v2 ? cJSON_CreateArray() : message_attachments_json(sandbox, message));
    cJSON_AddNumberToObject(object, "flags",
                            (double)(message->flags | (message->thinking ? FLAG_LOADING : 0) |
                                     (message->ephemeral ? DISCORD_FLAG_EPHEMERAL : 0)));
    cJSON_AddStringToObject(object, "timestamp", sandbox_iso_time(message->created_ms));
    if (message->edited_ms != 0)
        cJSON_AddStringToObject(object, "edited_timestamp", sandbox_iso_time(message->edited_ms));
    else
        cJSON_AddNullToObject(object, "edited_timestamp");
    cJSON_AddFalseToObject(object, "mention_everyone");
    cJSON_AddArrayToObject(object, "mention_roles");
    cJSON_AddArrayToObject(object, "mentions");
    cJSON_AddFalseToObject(object, "pinned");
    cJSON_AddFalseToObject(object, "tts");
    cJSON_AddItemToObject(object, "interaction_metadata", metadata_json(sandbox, message));
    return object;
}
