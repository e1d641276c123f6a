#include "infra/sandbox/validate_components.h"

#include "infra/discord.h"
#include "infra/json.h"

#include <string.h>

enum { MAX_COMPONENTS = 40, MAX_TEXT = 4000, MAX_DESCRIPTION = 1024, MAX_URL = 2048, MAX_ROWS_LEGACY = 5 };

/* Component types of messages that infra/discord.h does not have. */
enum {
    ROLE_SELECT = 6,
    MENTIONABLE_SELECT = 7,
    CHANNEL_SELECT = 8,
    SECTION = 9,
    THUMBNAIL = 11,
    FILE_COMPONENT = 13,
    SEPARATOR = 14,
};

struct check {
    struct complaints *complaints;
    const struct validate_files *files;
    int n_components;
    size_t text; /* characters of all Text Displays */
    const char *custom_ids[MAX_COMPONENTS];
    int n_custom_ids;
    int64_t ids[MAX_COMPONENTS];
    int n_ids;
};

/* Leaves --------------------------------------------------------------------------------------------------- */

static void check_custom_id(struct check *check, const cJSON *component)
{
    if (!check_string(check->complaints, component, "custom_id", 1, 100, true))
        return;
    const char *const custom_id = json_string(component, "custom_id");
    for (int i = 0; i < check->n_custom_ids; i++)
        if (strcmp(check->custom_ids[i], custom_id) == 0)
            complain_about(check->complaints, "custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED",
                           "Component custom id cannot be duplicated");
    if (check->n_custom_ids < MAX_COMPONENTS)
        check->custom_ids[check->n_custom_ids++] = custom_id;
}

static void check_media(struct check *check, const cJSON *holder, const char *key, bool only_attachments)
{
    static const char scheme[] = "attachment://";
    const size_t mark = complaints_enter(check->complaints, key);
    const cJSON *const media = json_object(holder, key);
    const char *const url = json_string(media, "url");
    if (check_string(check->complaints, media, "url", 1, MAX_URL, true)) {
        const bool attached = strncmp(url, scheme, sizeof(scheme) - 1) == 0;
        const bool web = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
        if (attached && !check->files->has(check->files->arg, url + sizeof(scheme) - 1))
            complain_about(check->complaints, "url", "ATTACHMENT_NOT_FOUND",
                           "The referenced attachment was not found.");
        else if (!attached && (only_attachments || !web))
            complain_about(check->complaints, "url", "URL_TYPE_INVALID_SCHEME",
                           "Scheme must be one of the allowed ones.");
    }
    complaints_leave(check->complaints, mark);
}

static void check_button(struct check *check, const cJSON *button)
{
    enum { LINK = 5, PREMIUM = 6 };
    int64_t style;
    if (!check_int(check->complaints, button, "style", 1, PREMIUM, true) || !json_int(button, "style", &style))
        return;
    check_string(check->complaints, button, "label", 0, 80, false);
    check_bool(check->complaints, button, "disabled");
    if (style < LINK)
        check_custom_id(check, button);
    else if (json_member(button, "custom_id") != NULL)
        complain_about(check->complaints, "custom_id", "BUTTON_COMPONENT_CUSTOM_ID_NOT_ALLOWED",
                       "This style has none.");
    if (style == LINK)
        check_string(check->complaints, button, "url", 1, 512, true);
    if (style != PREMIUM && json_string(button, "label") == NULL && json_object(button, "emoji") == NULL)
        complain(check->complaints, "BUTTON_COMPONENT_LABEL_REQUIRED",
                 "A button must have a label or an emoji");
}

static void check_options(struct check *check, const cJSON *select, int64_t max_values)
{
    if (!check_list(check->complaints, select, "options", 1, 25, true))
        return;
    const size_t mark = complaints_enter(check->complaints, "options");
    const cJSON *const options = json_array(select, "options");
    int64_t defaults = 0;
    int i = 0;
    const cJSON *option;
    cJSON_ArrayForEach (option, options) {
        const size_t inner = complaints_enter_index(check->complaints, i++);
        check_string(check->complaints, option, "label", 1, 100, true);
        check_string(check->complaints, option, "description", 0, 100, false);
        check_bool(check->complaints, option, "default");
        defaults += json_bool(option, "default");
        if (check_string(check->complaints, option, "value", 1, 100, true))
            for (const cJSON *other = options->child; other != option; other = other->next)
                if (json_string(other, "value") != NULL &&
                    strcmp(json_string(other, "value"), json_string(option, "value")) == 0)
                    complain_about(check->complaints, "value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                                   "The specified option value is already used");
        complaints_leave(check->complaints, inner);
    }
    if (defaults > max_values)
        complain(check->complaints, "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES",
                 "More defaults than max_values.");
    complaints_leave(check->complaints, mark);
}

static void check_select(struct check *check, const cJSON *select, int64_t type)
{
    int64_t min_values, max_values;
    check_custom_id(check, select);
    check_string(check->complaints, select, "placeholder", 0, 150, false);
    check_int(check->complaints, select, "min_values", 0, 25, false);
    check_int(check->complaints, select, "max_values", 1, 25, false);
    check_bool(check->complaints, select, "disabled");
    if (!json_int(select, "min_values", &min_values))
        min_values = 1;
    if (!json_int(select, "max_values", &max_values))
        max_values = 1;
    if (min_values > max_values)
        complain_about(check->complaints, "min_values", "NUMBER_TYPE_MAX", "More than max_values.");
    if (type == DISCORD_STRING_SELECT)
        check_options(check, select, max_values);
    else if (json_member(select, "options") != NULL)
        complain_about(check->complaints, "options", "SELECT_COMPONENT_OPTIONS_NOT_ALLOWED",
                       "Only a string select has options.");
    if (json_member(select, "default_values") != NULL)
        check_list(check->complaints, select, "default_values", (int)min_values, (int)max_values, false);
}

static void check_text(struct check *check, const cJSON *text)
{
    if (check_string(check->complaints, text, "content", 1, MAX_TEXT, true))
        check->text += complaint_characters(json_string(text, "content"));
}

static void check_gallery(struct check *check, const cJSON *gallery)
{
    if (!check_list(check->complaints, gallery, "items", 1, 10, true))
        return;
    const size_t mark = complaints_enter(check->complaints, "items");
    int i = 0;
    const cJSON *item;
    cJSON_ArrayForEach (item, json_array(gallery, "items")) {
        const size_t inner = complaints_enter_index(check->complaints, i++);
        check_media(check, item, "media", false);
        check_string(check->complaints, item, "description", 1, MAX_DESCRIPTION, false);
        check_bool(check->complaints, item, "spoiler");
        complaints_leave(check->complaints, inner);
    }
    complaints_leave(check->complaints, mark);
}

/* Trees ---------------------------------------------------------------------------------------------------- */

static void check_component(struct check *check, const cJSON *component, int64_t parent);

static void check_children(struct check *check, const cJSON *parent, int64_t parent_type, int max)
{
    if (!check_list(check->complaints, parent, "components", 1, max, true))
        return;
    const size_t mark = complaints_enter(check->complaints, "components");
    int i = 0;
    const cJSON *child;
    cJSON_ArrayForEach (child, json_array(parent, "components")) {
        const size_t inner = complaints_enter_index(check->complaints, i++);
        check_component(check, child, parent_type);
        complaints_leave(check->complaints, inner);
    }
    complaints_leave(check->complaints, mark);
}

static bool is_select(int64_t type)
{
    return type == DISCORD_STRING_SELECT || (type >= DISCORD_USER_SELECT && type <= CHANNEL_SELECT);
}

/* A row holds buttons, or one select. */
static void check_row(struct check *check, const cJSON *row)
{
    int64_t first;
    const cJSON *const children = json_array(row, "components");
    json_int(cJSON_GetArrayItem(children, 0), "type", &first);
    if (is_select(first) && cJSON_GetArraySize(children) > 1)
        complain(check->complaints, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A select takes the whole row.");
    check_children(check, row, DISCORD_ACTION_ROW, 5);
}

static void check_section(struct check *check, const cJSON *section)
{
    check_children(check, section, SECTION, 3);
    const size_t mark = complaints_enter(check->complaints, "accessory");
    const cJSON *const accessory = json_object(section, "accessory");
    int64_t type;
    if (json_int(accessory, "type", &type) && (type == DISCORD_BUTTON || type == THUMBNAIL))
        check_component(check, accessory,
                        DISCORD_BUTTON); /* itself the accessory: any parent that allows both */
    else
        complain(check->complaints, "BASE_TYPE_REQUIRED", "A button or a thumbnail is required");
    complaints_leave(check->complaints, mark);
}

/* 0 is the message itself, DISCORD_BUTTON an accessory's place. */
static bool may_stand_in(int64_t type, int64_t parent)
{
    const bool in_container = type == DISCORD_ACTION_ROW || type == SECTION || type == DISCORD_TEXT_DISPLAY ||
                              type == DISCORD_MEDIA_GALLERY || type == FILE_COMPONENT || type == SEPARATOR;
    switch (parent) {
    case 0:
        return in_container || type == DISCORD_CONTAINER;
    case DISCORD_CONTAINER:
        return in_container;
    case DISCORD_ACTION_ROW:
        return type == DISCORD_BUTTON || is_select(type);
    case SECTION:
        return type == DISCORD_TEXT_DISPLAY;
    default:
        return type == DISCORD_BUTTON || type == THUMBNAIL;
    }
}

static void check_id(struct check *check, const cJSON *component)
{
    int64_t id;
    if (!check_int(check->complaints, component, "id", 0, INT32_MAX, false) ||
        !json_int(component, "id", &id) || id == 0)
        return;
    for (int i = 0; i < check->n_ids; i++)
        if (check->ids[i] == id)
            complain_about(check->complaints, "id", "COMPONENT_ID_DUPLICATED",
                           "Component id cannot be duplicated");
    if (check->n_ids < MAX_COMPONENTS)
        check->ids[check->n_ids++] = id;
}

static void check_body(struct check *check, const cJSON *component, int64_t type)
{
    switch (type) {
    case DISCORD_ACTION_ROW:
        check_row(check, component);
        break;
    case DISCORD_BUTTON:
        check_button(check, component);
        break;
    case DISCORD_STRING_SELECT:
    case DISCORD_USER_SELECT:
    case ROLE_SELECT:
    case MENTIONABLE_SELECT:
    case CHANNEL_SELECT:
        check_select(check, component, type);
        break;
    case SECTION:
        check_section(check, component);
        break;
    case DISCORD_TEXT_DISPLAY:
        check_text(check, component);
        break;
    case THUMBNAIL:
        check_media(check, component, "media", false);
        check_string(check->complaints, component, "description", 1, MAX_DESCRIPTION, false);
        break;
    case DISCORD_MEDIA_GALLERY:
        check_gallery(check, component);
        break;
    case FILE_COMPONENT:
        check_media(check, component, "file", true);
        break;
    case SEPARATOR:
        check_bool(check->complaints, component, "divider");
        check_int(check->complaints, component, "spacing", 1, 2, false);
        break;
    case DISCORD_CONTAINER:
        check_int(check->complaints, component, "accent_color", 0, 0xffffff, false);
        check_bool(check->complaints, component, "spoiler");
        check_children(check, component, DISCORD_CONTAINER, MAX_COMPONENTS);
        break;
    default:
        break;
    }
}

static void check_component(struct check *check, const cJSON *component, int64_t parent)
{
    int64_t type;
    check->n_components++;
    if (!json_int(component, "type", &type) || !may_stand_in(type, parent)) {
        complain_about(check->complaints, "type", "UNION_TYPE_CHOICES", "No component that may stand here.");
        return;
    }
    check_id(check, component);
    check_body(check, component, type);
}

void validate_components(struct complaints *complaints, const cJSON *payload, bool v2,
                         const struct validate_files *files)
{
    struct check check = {.complaints = complaints, .files = files};
    const cJSON *const list = json_array(payload, "components");
    if (!check_list(complaints, payload, "components", 0, v2 ? MAX_COMPONENTS : MAX_ROWS_LEGACY, false) ||
        list == NULL)
        return;
    const size_t mark = complaints_enter(complaints, "components");
    int i = 0;
    const cJSON *component;
    cJSON_ArrayForEach (component, list) {
        int64_t type;
        const size_t inner = complaints_enter_index(complaints, i++);
        if (!v2 && json_int(component, "type", &type) && type != DISCORD_ACTION_ROW)
            complain_about(complaints, "type", "UNION_TYPE_CHOICES", "Only with the flag IS_COMPONENTS_V2.");
        else
            check_component(&check, component, 0);
        complaints_leave(complaints, inner);
    }
    if (check.n_components > MAX_COMPONENTS)
        complain(complaints, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
                 "The total number of components cannot exceed 40");
    if (check.text > MAX_TEXT)
        complain(complaints, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
                 "The displayable text size cannot exceed 4000 characters");
    complaints_leave(complaints, mark);
}
