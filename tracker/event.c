#include "tracker/event.h"

#include "infra/discord.h"
#include "infra/json.h"
#include "infra/mem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Channel types that people talk in. */
enum { CHANNEL_VOICE = 2, CHANNEL_STAGE = 13 };

/* Values -------------------------------------------------------------------------------------------------- */

/* An empty name would be drawn as nothing: it is none. */
static const char *text(const cJSON *object, const char *name)
{
    const char *const s = json_string(object, name);
    return s != NULL && s[0] != '\0' ? s : NULL;
}

/* The hash of an image. It becomes part of a URL, so anything but (a_)?[0-9a-f]+ is none. */
static const char *image_hash(const cJSON *object, const char *name)
{
    const char *const s = json_string(object, name);
    if (s == NULL)
        return NULL;
    const char *const digits = strncmp(s, "a_", 2) == 0 ? s + 2 : s;
    const size_t n = strspn(digits, "0123456789abcdef");
    return n > 0 && digits[n] == '\0' ? s : NULL;
}

/* A member that has to be there, as a snowflake or as null (0). */
static bool nullable_snowflake(const cJSON *object, const char *name, uint64_t *out)
{
    return json_snowflake(object, name, out) || cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* member is a guild member object or NULL. Its user counts only if it is the one the event is about. */
static void read_user(uint64_t user_id, const cJSON *member, struct event_user *out)
{
    *out = (struct event_user){.user_id = user_id, .discriminator = "0"};
    const cJSON *const user = json_object(member, "user");
    uint64_t id;
    if (!json_snowflake(user, "id", &id) || id != user_id)
        return;
    out->username = text(user, "username");
    out->global_name = text(user, "global_name");
    out->nick = text(member, "nick");
    if (text(user, "discriminator") != NULL)
        out->discriminator = text(user, "discriminator");
    out->avatar = image_hash(user, "avatar");
    out->guild_avatar = image_hash(member, "avatar");
    out->bot = json_bool(user, "bot");
}

/* 0 for a channel that nobody talks in. */
static int voice_channel_type(const cJSON *channel)
{
    int64_t type;
    const bool voice = json_int(channel, "type", &type) && (type == CHANNEL_VOICE || type == CHANNEL_STAGE);
    return voice ? (int)type : 0;
}

/* A voice or stage channel. */
static bool read_channel(const cJSON *channel, struct event_channel *out)
{
    out->type = voice_channel_type(channel);
    out->name = json_string(channel, "name");
    return out->type != 0 && out->name != NULL && json_snowflake(channel, "id", &out->channel_id);
}

/* Dispatches ---------------------------------------------------------------------------------------------- */

/* Each reads d into frame->event and returns NULL, or what is wrong. It may turn the event into EVENT_OTHER. */

static const char *read_ready(const cJSON *d, struct event_frame *frame)
{
    struct event_ready *const ready = &frame->event.ready;
    ready->session_id = text(d, "session_id");
    ready->resume_gateway_url = text(d, "resume_gateway_url");
    const cJSON *const guilds = json_array(d, "guilds");
    if (ready->session_id == NULL || ready->resume_gateway_url == NULL || guilds == NULL)
        return "READY without session_id, resume_gateway_url or guilds";
    if (!json_snowflake(json_object(d, "user"), "id", &ready->user_id))
        return "READY without the bot's own id";

    uint64_t *const ids = mem_alloc((size_t)cJSON_GetArraySize(guilds) * sizeof(*ids));
    const cJSON *guild;
    cJSON_ArrayForEach (guild, guilds) {
        if (json_snowflake(guild, "id", &ids[ready->n_guilds]))
            ready->n_guilds++;
    }
    ready->guild_ids = ids;
    frame->storage = ids;
    return NULL;
}

static const char *read_resumed(const cJSON *d, struct event_frame *frame)
{
    (void)d, (void)frame; /* the content of d is not documented */
    return NULL;
}

/* What GUILD_CREATE and GUILD_UPDATE have in common. */
static const char *read_guild(const cJSON *d, struct event_frame *frame)
{
    struct event_guild *const guild = &frame->event.guild;
    if (!json_snowflake(d, "id", &frame->event.guild_id))
        return "guild without id";
    guild->name = json_string(d, "name");
    guild->icon = image_hash(d, "icon");
    json_snowflake(d, "afk_channel_id", &guild->afk_channel_id);
    return guild->name != NULL ? NULL : "guild without name";
}

struct member {
    uint64_t user_id;
    const cJSON *member;
};

static int by_user_id(const void *a, const void *b)
{
    const uint64_t x = ((const struct member *)a)->user_id;
    const uint64_t y = ((const struct member *)b)->user_id;
    return (x > y) - (x < y);
}

/* members[] sorted for find_member(). The caller frees. */
static struct member *index_members(const cJSON *members, size_t *n)
{
    struct member *const index = mem_alloc((size_t)cJSON_GetArraySize(members) * sizeof(*index));
    *n = 0;
    const cJSON *member;
    cJSON_ArrayForEach (member, members) {
        if (json_snowflake(json_object(member, "user"), "id", &index[*n].user_id))
            index[(*n)++].member = member;
    }
    qsort(index, *n, sizeof(*index), by_user_id);
    return index;
}

static const cJSON *find_member(const struct member *index, size_t n, uint64_t user_id)
{
    const struct member key = {.user_id = user_id};
    const struct member *const found = bsearch(&key, index, n, sizeof(*index), by_user_id);
    return found != NULL ? found->member : NULL;
}

static int by_user(const void *a, const void *b)
{
    const uint64_t x = ((const struct event_voice_state *)a)->user.user_id;
    const uint64_t y = ((const struct event_voice_state *)b)->user.user_id;
    return (x > y) - (x < y);
}

/* The entries of voice_states[] carry no member: the members of all who are in voice stand in members[]. */
static size_t read_voice_states(const cJSON *d, const cJSON *states, struct event_voice_state *out)
{
    size_t n_members;
    struct member *const members = index_members(json_array(d, "members"), &n_members);
    size_t n = 0;
    const cJSON *state;
    cJSON_ArrayForEach (state, states) {
        uint64_t user_id;
        if (!json_snowflake(state, "user_id", &user_id) ||
            !json_snowflake(state, "channel_id", &out[n].channel_id))
            continue;
        const cJSON *const own = json_object(state, "member");
        read_user(user_id, own != NULL ? own : find_member(members, n_members, user_id), &out[n].user);
        n++;
    }
    free(members);
    qsort(out, n, sizeof(*out), by_user);
    return n;
}

static const char *read_guild_create(const cJSON *d, struct event_frame *frame)
{
    struct event_guild *const guild = &frame->event.guild;
    if (json_bool(d, "unavailable")) { /* nothing but the id is promised */
        guild->unavailable = true;
        return json_snowflake(d, "id", &frame->event.guild_id) ? NULL : "guild without id";
    }
    const char *const why = read_guild(d, frame);
    if (why != NULL)
        return why;
    const cJSON *const channels = json_array(d, "channels");
    const cJSON *const states = json_array(d, "voice_states");
    if (channels == NULL || states == NULL) /* taken as empty, it would end every session */
        return "GUILD_CREATE without channels or voice_states";

    const size_t n_channels = (size_t)cJSON_GetArraySize(channels);
    const size_t n_states = (size_t)cJSON_GetArraySize(states);
    struct event_voice_state *const state_rows =
        mem_alloc(n_states * sizeof(*state_rows) + n_channels * sizeof(struct event_channel));
    struct event_channel *const channel_rows = (struct event_channel *)(state_rows + n_states);
    frame->storage = state_rows;

    const cJSON *channel;
    cJSON_ArrayForEach (channel, channels) {
        if (read_channel(channel, &channel_rows[guild->n_channels]))
            guild->n_channels++;
    }
    guild->channels = channel_rows;
    guild->n_voice_states = read_voice_states(d, states, state_rows);
    guild->voice_states = state_rows;
    return NULL;
}

static const char *read_guild_delete(const cJSON *d, struct event_frame *frame)
{
    frame->event.guild.unavailable = json_bool(d, "unavailable");
    return json_snowflake(d, "id", &frame->event.guild_id) ? NULL : "GUILD_DELETE without id";
}

static const char *read_channel_event(const cJSON *d, struct event_frame *frame)
{
    struct event *const event = &frame->event;
    if (voice_channel_type(d) == 0 || !json_snowflake(d, "guild_id", &event->guild_id)) {
        *event = (struct event){.type = EVENT_OTHER};
        return NULL;
    }
    return read_channel(d, &event->channel) ? NULL : "channel without id or name";
}

static const char *read_voice_state_update(const cJSON *d, struct event_frame *frame)
{
    struct event *const event = &frame->event;
    if (!json_snowflake(d, "guild_id", &event->guild_id)) {
        *event = (struct event){.type = EVENT_OTHER};
        return NULL;
    }
    uint64_t user_id;
    if (!json_snowflake(d, "user_id", &user_id))
        return "VOICE_STATE_UPDATE without user_id";
    if (!nullable_snowflake(d, "channel_id", &event->voice_state.channel_id))
        return "VOICE_STATE_UPDATE without channel_id";
    read_user(user_id, json_object(d, "member"), &event->voice_state.user);
    return NULL;
}

static const struct {
    const char *name;
    enum event_type type;
    const char *(*read)(const cJSON *d, struct event_frame *frame);
} dispatches[] = {
    {"VOICE_STATE_UPDATE", EVENT_VOICE_STATE_UPDATE, read_voice_state_update},
    {"GUILD_CREATE", EVENT_GUILD_CREATE, read_guild_create},
    {"GUILD_UPDATE", EVENT_GUILD_UPDATE, read_guild},
    {"GUILD_DELETE", EVENT_GUILD_DELETE, read_guild_delete},
    {"CHANNEL_CREATE", EVENT_CHANNEL_UPSERT, read_channel_event},
    {"CHANNEL_UPDATE", EVENT_CHANNEL_UPSERT, read_channel_event},
    {"CHANNEL_DELETE", EVENT_CHANNEL_DELETE, read_channel_event},
    {"READY", EVENT_READY, read_ready},
    {"RESUMED", EVENT_RESUMED, read_resumed},
};

static const char *read_dispatch(struct event_frame *frame)
{
    const char *const name = json_string(frame->document, "t");
    if (name == NULL || !json_int(frame->document, "s", &frame->seq) || frame->seq < 0)
        return "dispatch without t or s";
    for (size_t i = 0; i < sizeof(dispatches) / sizeof(dispatches[0]); i++) {
        if (strcmp(name, dispatches[i].name) == 0) {
            frame->event.type = dispatches[i].type;
            frame->event.name = dispatches[i].name;
            return dispatches[i].read(frame->d, frame);
        }
    }
    return NULL;
}

/* Frames -------------------------------------------------------------------------------------------------- */

static const char *read_frame(const char *bytes, size_t n, struct event_frame *frame)
{
    frame->document = json_parse(bytes, n);
    if (!cJSON_IsObject(frame->document))
        return "no JSON object";
    int64_t op;
    if (!json_int(frame->document, "op", &op) || op < 0 || op > INT_MAX)
        return "no op";
    frame->op = (int)op;
    frame->d = json_member(frame->document, "d");
    return op == DISCORD_OP_DISPATCH ? read_dispatch(frame) : NULL;
}

bool event_frame_parse(const char *bytes, size_t n, struct event_frame *frame, const char **why)
{
    *frame = (struct event_frame){.event.type = EVENT_OTHER};
    *why = read_frame(bytes, n, frame);
    if (*why != NULL)
        event_frame_finish(frame);
    return *why == NULL;
}

void event_frame_finish(struct event_frame *frame)
{
    cJSON_Delete(frame->document);
    free(frame->storage);
    *frame = (struct event_frame){.event.type = EVENT_OTHER};
}
