#include "infra/sandbox/cdn.h"

#include "infra/json.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/sandbox/avatar.h"
#include "infra/sandbox/cast.h"
#include "infra/sandbox/huge_png.h"
#include "infra/sandbox/journal.h"
#include "infra/sandbox/message.h"
#include "infra/sandbox/parked.h"
#include "infra/sandbox/sandbox.h"
#include "infra/sandbox/server.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_SIZE = 128, MAX_DRAWN = 512, MAX_CACHED = 2000, SLOW_MS = 20000, MAX_SEGMENTS = 6 };

static const char png_type[] = "image/png";

/* Drawn pictures ------------------------------------------------------------------------------------------- */

/* By kind, look and size. When it is full it starts again: drawing is cheap. */
static struct cached {
    enum avatar_kind kind;
    unsigned char look[AVATAR_LOOK];
    int size;
    struct buffer png;
} cache[MAX_CACHED];
static size_t n_cached;

static const struct buffer *picture(enum avatar_kind kind, const unsigned char *look, int size)
{
    for (size_t i = 0; i < n_cached; i++)
        if (cache[i].kind == kind && cache[i].size == size && memcmp(cache[i].look, look, AVATAR_LOOK) == 0)
            return &cache[i].png;
    if (n_cached == MAX_CACHED)
        while (n_cached > 0)
            buffer_finish(&cache[--n_cached].png);
    struct cached *const entry = &cache[n_cached++];
    *entry = (struct cached){.kind = kind, .size = size};
    memcpy(entry->look, look, AVATAR_LOOK);
    avatar_png(kind, look, size, &entry->png);
    return &entry->png;
}

/* "a_" is the mark of an animated one; a still picture of it is drawn. False: no hash. */
static bool read_hash(const char *hash, unsigned char *look)
{
    size_t n;
    if (strncmp(hash, "a_", 2) == 0)
        hash += 2;
    return sodium_hex2bin(look, AVATAR_LOOK, hash, strlen(hash), NULL, &n, NULL) == 0 && n == AVATAR_LOOK;
}

/* ?size=: a power of two from 16 to 4096. 0: it is none. */
static int read_size(const struct request *request)
{
    char *const text = request_parameter(request, "size");
    const long size = text != NULL ? strtol(text, NULL, 10) : DEFAULT_SIZE;
    free(text);
    if (size < 16 || size > 4096 || (size & (size - 1)) != 0)
        return 0;
    return size > MAX_DRAWN ? MAX_DRAWN : (int)size;
}

static void answer_hash(struct request *request, enum avatar_kind kind, const char *hash)
{
    unsigned char look[AVATAR_LOOK];
    const int size = read_size(request);
    if (size == 0 || !read_hash(hash, look)) {
        request_answer(request, size == 0 ? 400 : 404, NULL, NULL, 0);
        return;
    }
    const struct buffer *const png = picture(kind, look, size);
    request_answer(request, 200, png_type, png->data, png->len);
}

/* Paths ---------------------------------------------------------------------------------------------------- */

/* A hash is followed by ".png"; it is cut off there. */
static bool cut_type(char *hash)
{
    char *const dot = strrchr(hash, '.');
    if (dot == NULL || strcmp(dot, ".png") != 0)
        return false;
    *dot = '\0';
    return true;
}

/* hash is the present one of what it stands for. */
static bool is_present(const char *known, char *hash)
{
    return cut_type(hash) && known != NULL && strcmp(known, hash) == 0;
}

static void not_found(struct request *request)
{
    request_answer(request, 404, NULL, NULL, 0);
}

/* A user is one and the same in every guild. Whoever is in none, as a database may be full of, has any picture. */
static void answer_user(const struct sandbox *sandbox, struct request *request, const char *id_text, char *hash)
{
    uint64_t id;
    const bool is_id = snowflake_parse(id_text, &id);
    const struct cast_member *const user = is_id ? cast_user(sandbox->cast, id) : NULL;
    if (user != NULL ? is_present(user->avatar, hash) : is_id && cut_type(hash))
        answer_hash(request, AVATAR_MEMBER, hash);
    else
        not_found(request);
}

static void answer_member(const struct sandbox *sandbox, struct request *request, char **segments)
{
    uint64_t guild_id, user_id;
    const struct cast_guild *const guild =
        snowflake_parse(segments[1], &guild_id) ? cast_guild(sandbox->cast, guild_id) : NULL;
    const struct cast_member *const member =
        guild != NULL && snowflake_parse(segments[3], &user_id) ? cast_member(guild, user_id) : NULL;
    if (member != NULL && is_present(member->guild_avatar, segments[5]))
        answer_hash(request, AVATAR_MEMBER, segments[5]);
    else
        not_found(request);
}

static void answer_icon(const struct sandbox *sandbox, struct request *request, const char *id_text, char *hash)
{
    uint64_t id;
    const struct cast_guild *const guild = snowflake_parse(id_text, &id) ? cast_guild(sandbox->cast, id) : NULL;
    if (guild != NULL && is_present(guild->icon, hash))
        answer_hash(request, AVATAR_ICON, hash);
    else
        not_found(request);
}

static void answer_default(struct request *request, const char *name)
{
    unsigned char look[AVATAR_LOOK] = {0};
    if (strlen(name) != 5 || name[0] < '0' || name[0] > '5' || strcmp(name + 1, ".png") != 0) {
        not_found(request);
        return;
    }
    look[0] = (unsigned char)(name[0] - '0');
    const struct buffer *const png = picture(AVATAR_DEFAULT, look, 256);
    request_answer(request, 200, png_type, png->data, png->len);
}

static void answer_file(const struct sandbox *sandbox, struct request *request, const char *id_text,
                        const char *filename)
{
    uint64_t id;
    const struct attachment *const file =
        snowflake_parse(id_text, &id) ? message_find_attachment(sandbox->messages, id) : NULL;
    if (file == NULL || strcmp(file->filename, filename) != 0)
        not_found(request);
    else
        request_answer(request, 200,
                       file->content_type != NULL ? file->content_type : "application/octet-stream", file->data,
                       file->len);
}

/* False: no path of ours, and the request is not answered. */
static bool route(const struct sandbox *sandbox, struct request *request, char **segments, size_t n)
{
    if (n == 3 && strcmp(segments[0], "avatars") == 0)
        answer_user(sandbox, request, segments[1], segments[2]);
    else if (n == 3 && strcmp(segments[0], "icons") == 0)
        answer_icon(sandbox, request, segments[1], segments[2]);
    else if (n == 3 && strcmp(segments[0], "embed") == 0 && strcmp(segments[1], "avatars") == 0)
        answer_default(request, segments[2]);
    else if (n == 3 && strcmp(segments[0], "attachments") == 0)
        answer_file(sandbox, request, segments[1], segments[2]);
    else if (n == 6 && strcmp(segments[0], "guilds") == 0 && strcmp(segments[2], "users") == 0 &&
             strcmp(segments[4], "avatars") == 0)
        answer_member(sandbox, request, segments);
    else
        return false;
    return true;
}

static void serve(const struct sandbox *sandbox, struct request *request)
{
    char *const path = mem_strdup(request->path + 1);
    char *segments[MAX_SEGMENTS];
    char *rest = path;
    size_t n = 0;
    for (char *piece; n < MAX_SEGMENTS && (piece = strsep(&rest, "/")) != NULL;)
        segments[n++] = piece;
    if (rest != NULL || !route(sandbox, request, segments, n))
        not_found(request);
    free(path);
}

/* Faults --------------------------------------------------------------------------------------------------- */

struct late_picture {
    const struct sandbox *sandbox;
    struct request *request;
};

static void on_late(void *arg)
{
    struct late_picture *const late = arg;
    serve(late->sandbox, late->request);
    free(late);
}

static void serve_late(const struct sandbox *sandbox, struct request *request)
{
    struct late_picture *const late = mem_alloc(sizeof(*late));
    *late = (struct late_picture){.sandbox = sandbox, .request = request};
    loop_after(sandbox->loop, SLOW_MS, on_late, late);
}

static void answer_garbage(struct request *request)
{
    unsigned char garbage[3000];
    randombytes_buf(garbage, sizeof(garbage));
    request_answer(request, 200, png_type, garbage, sizeof(garbage));
}

static void answer_huge(struct request *request)
{
    static struct buffer png; /* made once */
    if (png.len == 0)
        huge_png(&png);
    request_answer(request, 200, png_type, png.data, png.len);
}

/* The bot's token has no business here. */
static bool carries_token(const struct request *request)
{
    char *const value = request_header(request, "authorization");
    free(value);
    return value != NULL;
}

void cdn_handle(struct sandbox *sandbox, struct request *request)
{
    request->entry = journal_add_request(sandbox->journal, "cdn", request);
    parked_changed(sandbox->parked);
    if (strcmp(request->method, "GET") != 0 || carries_token(request)) {
        request_answer(request, 400, NULL, NULL, 0);
        return;
    }
    /* Messages' files are for the page: faults are about what the programs fetch. */
    const bool file = strncmp(request->path, "/attachments/", 13) == 0;
    switch (file ? CDN_OK : (enum cdn_policy)sandbox->faults.cdn) {
    case CDN_OK:
        serve(sandbox, request);
        break;
    case CDN_SLOW:
        serve_late(sandbox, request);
        break;
    case CDN_DOWN:
        request_answer(request, 503, NULL, NULL, 0);
        break;
    case CDN_GARBAGE:
        answer_garbage(request);
        break;
    case CDN_HUGE:
        answer_huge(request);
        break;
    }
}
