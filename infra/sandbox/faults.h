/* What goes wrong on purpose: set by POST /control/faults, all off after POST /control/reset. See control.h. */
#pragma once

#include <cJSON.h>
#include <stdbool.h>
#include <stdint.h>

enum policy { POLICY_ACCEPT, POLICY_REFUSE, POLICY_READY };
enum cdn_policy { CDN_OK, CDN_SLOW, CDN_DOWN, CDN_GARBAGE, CDN_HUGE };

/* A REST answer made up for requests that match, `times` times (each use is gone). */
struct rest_fault {
    char *method;        /* NULL: any */
    char *path_contains; /* NULL: any */
    int status;          /* 0: the ordinary answer, only late */
    int64_t code;
    double retry_after; /* seconds; below 0: not given */
    char *body;         /* instead of Discord's error body; or NULL */
    int64_t delay_ms;
    int64_t times;
    struct rest_fault *next;
};

struct faults {
    int resume;      /* enum policy: op 9 false (POLICY_REFUSE), or READY of a new session (POLICY_READY) */
    int identify;    /* enum policy: op 9 false */
    int connect;     /* enum policy: gateway connections get 503 */
    int cdn;         /* enum cdn_policy */
    bool acks;       /* false: heartbeats are not acknowledged */
    bool hello;      /* false: no HELLO */
    bool prune;      /* a heartbeat's d discards the replay up to it */
    bool fragment;   /* zlib-stream payloads come in two messages */
    int64_t overlap; /* dispatches that a replay sends before those asked for */
    int64_t heartbeat_interval_ms;
    int64_t identify_window_ms;
    int64_t identify_remaining; /* -1: counted down from 1000 */
    int64_t shards;             /* as GET /gateway/bot recommends */
    int64_t max_concurrency;    /* identifies per window */
    int64_t guilds_per_shard;   /* with more of them IDENTIFY gets 4011 */
    int64_t digest_ms;          /* from the handler's answer until the sandbox knows of it: 10015 meanwhile */
    int64_t attachment_size_limit;
    char *app_permissions;
    struct rest_fault *rest;
};

void faults_reset(struct faults *faults);
/* Sets what the object names. NULL, or what is wrong with it. */
const char *faults_set(struct faults *faults, const cJSON *object);
/* The first that matches, counted down; false: none. Strings in *out are good until faults_set(). */
bool faults_take_rest(struct faults *faults, const char *method, const char *path, struct rest_fault *out);
