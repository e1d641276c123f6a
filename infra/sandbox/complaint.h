/*
 * The "errors" tree of Discord's error 50035: a place in the payload, keys and indices, down to
 * {"_errors": [{"code", "message"}]}.
 */
#pragma once

#include <cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} is one without errors. */
struct complaints {
    cJSON *tree; /* NULL: all is well so far */
    char path[512];
    size_t path_len;
};

/* Goes one step down, to a key or an index; the return value goes to complaints_leave(). */
size_t complaints_enter(struct complaints *complaints, const char *key);
size_t complaints_enter_index(struct complaints *complaints, int index);
void complaints_leave(struct complaints *complaints, size_t mark);

/* Something is wrong here, or with a member of what is here. */
void complain(struct complaints *complaints, const char *code, const char *message);
void complain_about(struct complaints *complaints, const char *key, const char *code, const char *message);

/* The usual checks of a member. A string counts in characters. Each complains and returns false where it fails.
 */
bool check_string(struct complaints *complaints, const cJSON *object, const char *key, size_t min, size_t max,
                  bool required);
bool check_int(struct complaints *complaints, const cJSON *object, const char *key, int64_t min, int64_t max,
               bool required);
bool check_bool(struct complaints *complaints, const cJSON *object, const char *key);
bool check_list(struct complaints *complaints, const cJSON *object, const char *key, int min, int max,
                bool required);

/* Characters, not bytes, of UTF-8. */
size_t complaint_characters(const char *s);
