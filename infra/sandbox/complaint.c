#include "infra/sandbox/complaint.h"

#include "infra/json.h"

#include <stdio.h>
#include <string.h>

/* The path is kept as "components.0.content": no key of Discord's holds a dot. */
size_t complaints_enter(struct complaints *complaints, const char *key)
{
    const size_t mark = complaints->path_len;
    const int n =
        snprintf(complaints->path + mark, sizeof(complaints->path) - mark, "%s%s", mark > 0 ? "." : "", key);
    complaints->path_len +=
        (size_t)n < sizeof(complaints->path) - mark ? (size_t)n : 0; /* too deep: the parent's path */
    complaints->path[complaints->path_len] = '\0';
    return mark;
}

size_t complaints_enter_index(struct complaints *complaints, int index)
{
    char key[16];
    snprintf(key, sizeof(key), "%d", index);
    return complaints_enter(complaints, key);
}

void complaints_leave(struct complaints *complaints, size_t mark)
{
    complaints->path_len = mark;
    complaints->path[mark] = '\0';
}

/* The node of the tree at the present path, made where it is missing. */
static cJSON *node(struct complaints *complaints)
{
    if (complaints->tree == NULL)
        complaints->tree = cJSON_CreateObject();
    cJSON *at = complaints->tree;
    char path[sizeof(complaints->path)];
    memcpy(path, complaints->path, complaints->path_len + 1);
    char *rest = path;
    for (char *key; (key = strsep(&rest, ".")) != NULL && key[0] != '\0';) {
        cJSON *child = cJSON_GetObjectItemCaseSensitive(at, key);
        at = child != NULL ? child : cJSON_AddObjectToObject(at, key);
    }
    return at;
}

void complain(struct complaints *complaints, const char *code, const char *message)
{
    cJSON *const at = node(complaints);
    cJSON *list = cJSON_GetObjectItemCaseSensitive(at, "_errors");
    if (list == NULL)
        list = cJSON_AddArrayToObject(at, "_errors");
    cJSON *const error = cJSON_CreateObject();
    cJSON_AddStringToObject(error, "code", code);
    cJSON_AddStringToObject(error, "message", message);
    cJSON_AddItemToArray(list, error);
}

void complain_about(struct complaints *complaints, const char *key, const char *code, const char *message)
{
    const size_t mark = complaints_enter(complaints, key);
    complain(complaints, code, message);
    complaints_leave(complaints, mark);
}

size_t complaint_characters(const char *s)
{
    size_t n = 0;
    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80; /* continuation bytes belong to the one before */
    return n;
}

/* NULL for null and for what is missing; missing is a complaint where it is required. */
static const cJSON *member(struct complaints *complaints, const cJSON *object, const char *key, bool required,
                           bool *good)
{
    const cJSON *const value = json_member(object, key);
    *good = value != NULL || !required;
    if (!*good)
        complain_about(complaints, key, "BASE_TYPE_REQUIRED", "This field is required");
    return value;
}

bool check_string(struct complaints *complaints, const cJSON *object, const char *key, size_t min, size_t max,
                  bool required)
{
    bool good;
    const cJSON *const value = member(complaints, object, key, required, &good);
    if (value == NULL)
        return good;
    if (!cJSON_IsString(value)) {
        complain_about(complaints, key, "STRING_TYPE_CONVERT", "A string is expected.");
        return false;
    }
    const size_t n = complaint_characters(value->valuestring);
    if (n >= min && n <= max)
        return true;
    char words[80];
    snprintf(words, sizeof(words), "Must be between %zu and %zu in length.", min, max);
    complain_about(complaints, key, "BASE_TYPE_BAD_LENGTH", words);
    return false;
}

bool check_int(struct complaints *complaints, const cJSON *object, const char *key, int64_t min, int64_t max,
               bool required)
{
    bool good;
    int64_t n;
    const cJSON *const value = member(complaints, object, key, required, &good);
    if (value == NULL)
        return good;
    if (!json_int(object, key, &n)) {
        complain_about(complaints, key, "NUMBER_TYPE_COERCE", "A whole number is expected.");
        return false;
    }
    if (n >= min && n <= max)
        return true;
    char words[80];
    snprintf(words, sizeof(words), "Must be between %lld and %lld.", (long long)min, (long long)max);
    complain_about(complaints, key, "NUMBER_TYPE_RANGE", words);
    return false;
}

bool check_bool(struct complaints *complaints, const cJSON *object, const char *key)
{
    const cJSON *const value = json_member(object, key);
    if (value == NULL || cJSON_IsBool(value))
        return true;
    complain_about(complaints, key, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.");
    return false;
}

bool check_list(struct complaints *complaints, const cJSON *object, const char *key, int min, int max,
                bool required)
{
    bool good;
    const cJSON *const value = member(complaints, object, key, required, &good);
    if (value == NULL)
        return good;
    if (!cJSON_IsArray(value)) {
        complain_about(complaints, key, "LIST_TYPE_CONVERT", "A list is expected.");
        return false;
    }
    const int n = cJSON_GetArraySize(value);
    if (n >= min && n <= max)
        return true;
    char words[80];
    snprintf(words, sizeof(words), "Must be between %d and %d in length.", min, max);
    complain_about(complaints, key, "BASE_TYPE_BAD_LENGTH", words);
    return false;
}
