/* What a worker has for its commands: made once after the fork, lent to all of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct avatars;
struct db_pool;
struct draw_queue;
struct loop;
struct pending;
struct reply;
struct rest;

/* Commands at once in one worker; each may hold a picture and a dozen avatars. */
enum { APP_MAX_COMMANDS = 256 };

struct app {
    struct loop *loop;
    struct db_pool *pool;         /* of the commands */
    struct db_pool *pending_pool; /* of answers owed: no acknowledgement waits behind a command's query */
    struct rest *rest;
    struct avatars *avatars;
    struct draw_queue *draw_queue;
    struct pending *pending;
    bool has_siblings; /* workers that accept connections too */
    uint64_t application_id;
    uint8_t public_key[32];
    /* Kept by reply, from an interaction to the end of its answer. */
    struct reply *replies;
    size_t n_commands;
};
