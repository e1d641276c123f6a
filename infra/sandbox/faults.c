#include "infra/sandbox/faults.h"

#include "infra/json.h"
#include "infra/mem.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_rest(struct faults *faults)
{
    while (faults->rest != NULL) {
        struct rest_fault *const fault = faults->rest;
        faults->rest = fault->next;
        free(fault->method);
        free(fault->path_contains);
        free(fault->body);
        free(fault);
    }
}

void faults_reset(struct faults *faults)
{
    free_rest(faults);
    free(faults->app_permissions);
    *faults = (struct faults){
        .acks = true,
        .hello = true,
        .heartbeat_interval_ms = 41250,
        .identify_window_ms = 5000,
        .identify_remaining = -1,
        .shards = 1,
        .max_concurrency = 1,
        .guilds_per_shard = 2500,
        .app_permissions = mem_strdup("2147863552"), /* with ATTACH_FILES and EMBED_LINKS */
        .attachment_size_limit = 10 * 1024 * 1024,
    };
}

static const char *set_rest(struct faults *faults, const cJSON *list)
{
    if (!cJSON_IsArray(list))
        return "rest must be a list";
    free_rest(faults);
    struct rest_fault **end = &faults->rest;
    const cJSON *item;
    cJSON_ArrayForEach (item, list) {
        int64_t status, times;
        if (!json_int(item, "times", &times))
            times = 1;
        struct rest_fault *const fault = mem_alloc(sizeof(*fault));
        json_int(item, "status", &status);
        json_int(item, "code", &fault->code);
        json_int(item, "delay_ms", &fault->delay_ms);
        fault->status = (int)status;
        fault->times = times;
        fault->method = mem_strdup(json_string(item, "method"));
        fault->path_contains = mem_strdup(json_string(item, "path_contains"));
        fault->body = mem_strdup(json_string(item, "body"));
        const cJSON *const retry_after = json_member(item, "retry_after");
        fault->retry_after = cJSON_IsNumber(retry_after) ? retry_after->valuedouble : -1;
        *end = fault;
        end = &fault->next;
    }
    return NULL;
}

static const char *const accept_words[] = {"accept", "refuse", "ready", NULL};
static const char *const refuse_words[] = {"accept", "refuse", NULL};
static const char *const cdn_words[] = {"ok", "slow", "down", "garbage", "huge", NULL};

/* Settings of one value. A word sets an int to its place in the list, others a bool or an int64_t. */
static const struct setting {
    const char *name;
    enum { WORD, FLAG, NUMBER } kind;
    size_t offset; /* in struct faults */
    const char *const *words;
    double min;
} settings[] = {
    {"resume", WORD, offsetof(struct faults, resume), accept_words, 0},
    {"identify", WORD, offsetof(struct faults, identify), refuse_words, 0},
    {"connect", WORD, offsetof(struct faults, connect), refuse_words, 0},
    {"cdn", WORD, offsetof(struct faults, cdn), cdn_words, 0},
    {"acks", FLAG, offsetof(struct faults, acks), NULL, 0},
    {"hello", FLAG, offsetof(struct faults, hello), NULL, 0},
    {"prune", FLAG, offsetof(struct faults, prune), NULL, 0},
    {"fragment", FLAG, offsetof(struct faults, fragment), NULL, 0},
    {"overlap", NUMBER, offsetof(struct faults, overlap), NULL, 0},
    {"heartbeat_interval", NUMBER, offsetof(struct faults, heartbeat_interval_ms), NULL, 20},
    {"identify_window_ms", NUMBER, offsetof(struct faults, identify_window_ms), NULL, 0},
    {"identify_remaining", NUMBER, offsetof(struct faults, identify_remaining), NULL, 0},
    {"shards", NUMBER, offsetof(struct faults, shards), NULL, 1},
    {"max_concurrency", NUMBER, offsetof(struct faults, max_concurrency), NULL, 1},
    {"guilds_per_shard", NUMBER, offsetof(struct faults, guilds_per_shard), NULL, 0},
    {"digest_ms", NUMBER, offsetof(struct faults, digest_ms), NULL, 0},
    {"attachment_size_limit", NUMBER, offsetof(struct faults, attachment_size_limit), NULL, 0},
};

static const char *set_word(const cJSON *value, const char *const *words, int *out)
{
    for (int i = 0; cJSON_IsString(value) && words[i] != NULL; i++) {
        if (strcmp(value->valuestring, words[i]) == 0) {
            *out = i;
            return NULL;
        }
    }
    return "no such word";
}

static const char *set(struct faults *faults, const struct setting *setting, const cJSON *value)
{
    void *const field = (char *)faults + setting->offset;
    switch (setting->kind) {
    case WORD:
        return set_word(value, setting->words, field);
    case FLAG:
        if (!cJSON_IsBool(value))
            return "true or false is expected";
        *(bool *)field = cJSON_IsTrue(value);
        return NULL;
    case NUMBER:
        if (!cJSON_IsNumber(value) || value->valuedouble < setting->min)
            return "a number is expected, not too small";
        *(int64_t *)field = (int64_t)value->valuedouble;
        return NULL;
    }
    return NULL;
}

static const char *set_one(struct faults *faults, const cJSON *value)
{
    if (strcmp(value->string, "rest") == 0)
        return set_rest(faults, value);
    if (strcmp(value->string, "app_permissions") == 0 && cJSON_IsString(value)) {
        free(faults->app_permissions);
        faults->app_permissions = mem_strdup(value->valuestring);
        return NULL;
    }
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        if (strcmp(settings[i].name, value->string) == 0)
            return set(faults, &settings[i], value);
    return "no such fault";
}

const char *faults_set(struct faults *faults, const cJSON *object)
{
    static char why_not[160];
    const cJSON *value;
    cJSON_ArrayForEach (value, object) {
        const char *const why = set_one(faults, value);
        if (why != NULL) {
            snprintf(why_not, sizeof(why_not), "%.60s: %s", value->string, why);
            return why_not;
        }
    }
    return NULL;
}

bool faults_take_rest(struct faults *faults, const char *method, const char *path, struct rest_fault *out)
{
    for (struct rest_fault *fault = faults->rest; fault != NULL; fault = fault->next) {
        if (fault->times <= 0 || (fault->method != NULL && strcmp(fault->method, method) != 0) ||
            (fault->path_contains != NULL && strstr(path, fault->path_contains) == NULL))
            continue;
        fault->times--;
        *out = *fault;
        return true;
    }
    return false;
}
