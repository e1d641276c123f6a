/*
 * Reading JSON from outside with cJSON: typed getters that say plainly whether a member was there and of the right kind,
 * so that a struct is valid by construction once it is filled.
 */
#pragma once

#include <cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* n bytes, not NUL-terminated, that must be one JSON value in UTF-8 and nothing after it. NULL where it is not, nested
 * deeper than 64 levels (cJSON recurses), or of more than two million values (it takes a hundred bytes for each). The
 * caller frees with cJSON_Delete(). */
cJSON *json_parse(const char *bytes, size_t n);

/* 1 to 20 decimal digits, no sign, no leading zero, not 0, within 64 bits. Nothing may follow. */
bool snowflake_parse(const char *s, uint64_t *out);

/* A member of an object, NULL where the object is NULL, is none, or has no such member, or the member is null. */
const cJSON *json_member(const cJSON *object, const char *name);
/* The member as a string, or NULL; up to a \u0000. It lives as long as the document. */
const char *json_string(const cJSON *object, const char *name);
/* False where it is missing, no string, or no snowflake; *out is then 0. */
bool json_snowflake(const cJSON *object, const char *name, uint64_t *out);
/* False where it is missing, no number, or has a fraction; *out is then 0. */
bool json_int(const cJSON *object, const char *name, int64_t *out);
/* False where it is missing or no boolean. */
bool json_bool(const cJSON *object, const char *name);
/* The member as an object (array); NULL where it is none. */
const cJSON *json_object(const cJSON *object, const char *name);
const cJSON *json_array(const cJSON *object, const char *name);

/* Adds an id as Discord wants it: a string. */
void json_add_snowflake(cJSON *object, const char *name, uint64_t id);
