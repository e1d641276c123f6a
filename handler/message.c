#include "handler/message.h"

#include "handler/components.h"

#include <stdio.h>

enum { ACCENT_COLOR = 0x4CC9F0 };

static char *print(cJSON *json)
{
    char *const text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return text;
}

char *message_deferral(enum discord_callback_type type, bool ephemeral)
{
    cJSON *const root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "type", type);
    if (ephemeral)
        cJSON_AddNumberToObject(cJSON_AddObjectToObject(root, "data"), "flags", DISCORD_FLAG_EPHEMERAL);
    return print(root);
}

/* Without it Discord's default applies, and names in the text would ping. */
static void add_no_mentions(cJSON *message)
{
    cJSON_AddArrayToObject(cJSON_AddObjectToObject(message, "allowed_mentions"), "parse");
}

static void fill_words(cJSON *message, const char *words)
{
    cJSON_AddStringToObject(message, "content", words);
    cJSON_AddNumberToObject(message, "flags", DISCORD_FLAG_EPHEMERAL);
    add_no_mentions(message);
}

char *message_words(const char *words)
{
    cJSON *const root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "type", DISCORD_CHANNEL_MESSAGE);
    fill_words(cJSON_AddObjectToObject(root, "data"), words);
    return print(root);
}

char *message_follow_up(const char *words)
{
    cJSON *const root = cJSON_CreateObject();
    fill_words(root, words);
    return print(root);
}

/* An edit replaces all: its attachments are the complete list, and components V2 has to be said again
 * ("Uploading Files"). */
static cJSON *create_edit(cJSON **attachments, cJSON **components)
{
    cJSON *const root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "flags", DISCORD_FLAG_COMPONENTS_V2);
    add_no_mentions(root);
    *attachments = cJSON_AddArrayToObject(root, "attachments");
    cJSON *const container = components_add(cJSON_AddArrayToObject(root, "components"), DISCORD_CONTAINER);
    cJSON_AddNumberToObject(container, "accent_color", ACCENT_COLOR);
    *components = cJSON_AddArrayToObject(container, "components");
    return root;
}

static void add_controls(cJSON *components, const cJSON *controls)
{
    const cJSON *row;
    cJSON_ArrayForEach (row, controls)
        cJSON_AddItemToArray(components, cJSON_Duplicate(row, true));
}

char *message_text(const char *text, const cJSON *controls)
{
    cJSON *attachments, *components;
    cJSON *const root = create_edit(&attachments, &components);
    cJSON_AddStringToObject(components_add(components, DISCORD_TEXT_DISPLAY), "content", text);
    add_controls(components, controls);
    return print(root);
}

static void add_picture(cJSON *components, const char *filename, const char *alt)
{
    char url[128];
    snprintf(url, sizeof(url), "attachment://%s", filename);
    cJSON *const item = cJSON_CreateObject();
    cJSON *const gallery = components_add(components, DISCORD_MEDIA_GALLERY);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(gallery, "items"), item);
    cJSON_AddStringToObject(cJSON_AddObjectToObject(item, "media"), "url", url);
    cJSON_AddStringToObject(item, "description", alt);
}

char *message_picture(const char *filename, const char *alt, const cJSON *controls)
{
    cJSON *attachments, *components;
    cJSON *const root = create_edit(&attachments, &components);
    cJSON *const attachment = cJSON_CreateObject();
    cJSON_AddStringToObject(attachment, "id", "0"); /* files[0] */
    cJSON_AddStringToObject(attachment, "filename", filename);
    cJSON_AddStringToObject(attachment, "description", alt);
    cJSON_AddItemToArray(attachments, attachment);
    add_picture(components, filename, alt);
    add_controls(components, controls);
    return print(root);
}
