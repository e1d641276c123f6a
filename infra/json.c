#include "infra/json.h"

#include "infra/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    MAX_DEPTH = 64,
    MAX_VALUES = 2 << 20, /* a hundred bytes each: of a server with sixty thousand members in voice */
};

/* cJSON recurses a level at a time, and makes of the two bytes of "0," a hundred: a hostile document must not reach it.
 * What is within strings does not count. */
static bool too_much(const char *bytes, size_t n)
{
    int depth = 0, values = 1;
    bool in_string = false;
    for (size_t i = 0; i < n; i++) {
        const char c = bytes[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > MAX_DEPTH || ++values > MAX_VALUES)
                return true;
        } else if (c == ',') {
            if (++values > MAX_VALUES)
                return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

cJSON *json_parse(const char *bytes, size_t n)
{
    /* cJSON lets any byte pass: one name that is no UTF-8 would make PostgreSQL refuse a whole batch, and at a NUL some of
     * us see an end. */
    if (n == 0 || too_much(bytes, n) || memchr(bytes, '\0', n) != NULL || !utf8_valid(bytes, n))
        return NULL;
    const char *end = NULL;
    cJSON *const document = cJSON_ParseWithLengthOpts(bytes, n, &end, false);
    if (document == NULL)
        return NULL;
    for (; end < bytes + n; end++) {
        if (strchr(" \t\r\n", *end) == NULL) {
            cJSON_Delete(document);
            return NULL;
        }
    }
    return document;
}

bool snowflake_parse(const char *s, uint64_t *out)
{
    *out = 0;
    const size_t n = strspn(s, "0123456789");
    if (n == 0 || n > 20 || s[n] != '\0' || s[0] == '0')
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t digit = (uint64_t)(s[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

const cJSON *json_member(const cJSON *object, const char *name)
{
    if (!cJSON_IsObject(object))
        return NULL;
    const cJSON *const member = cJSON_GetObjectItemCaseSensitive(object, name);
    return member == NULL || cJSON_IsNull(member) ? NULL : member;
}

const char *json_string(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(json_member(object, name));
}

bool json_snowflake(const cJSON *object, const char *name, uint64_t *out)
{
    *out = 0;
    const char *const s = json_string(object, name);
    return s != NULL && snowflake_parse(s, out);
}

bool json_int(const cJSON *object, const char *name, int64_t *out)
{
    *out = 0;
    const cJSON *const member = json_member(object, name);
    if (!cJSON_IsNumber(member))
        return false;
    const double value = cJSON_GetNumberValue(member);
    if (value != floor(value) || fabs(value) > 9007199254740991.0)
        return false;
    *out = (int64_t)value;
    return true;
}

bool json_bool(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(json_member(object, name));
}

const cJSON *json_object(const cJSON *object, const char *name)
{
    const cJSON *const member = json_member(object, name);
    return cJSON_IsObject(member) ? member : NULL;
}

const cJSON *json_array(const cJSON *object, const char *name)
{
    const cJSON *const member = json_member(object, name);
    return cJSON_IsArray(member) ? member : NULL;
}

void json_add_snowflake(cJSON *object, const char *name, uint64_t id)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, id);
    cJSON_AddStringToObject(object, name, text);
}
