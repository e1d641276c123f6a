#include "infra/sandbox/gateway.h"

#include "infra/clock.h"
#include "infra/discord.h"
#include "infra/json.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/sandbox/cast_json.h"
#include "infra/sandbox/connection.h"
#include "infra/sandbox/identify.h"
#include "infra/sandbox/journal.h"
#include "infra/sandbox/parked.h"
#include "infra/sandbox/sandbox.h"
#include "infra/sandbox/server.h"
#include "infra/sandbox/session.h"

#include <stdlib.h>
#include <string.h>

enum { IDENTIFIES_A_DAY = 1000, BUCKETS = 64 };
static const int64_t DAY_MS = 24 * 60 * 60 * 1000;

struct gateway {
    struct sandbox *sandbox;
    struct connection *connections;
    struct session *sessions;
    int64_t n_connections; /* ever: each has a number */
    int64_t identifies;    /* in this day's budget */
    int64_t day_started_ms;
    int64_t identified_ms[BUCKETS]; /* when a shard of that bucket last did, 0: never */
};

struct gateway *gateway_create(struct sandbox *sandbox)
{
    struct gateway *const gateway = mem_alloc(sizeof(*gateway));
    gateway->sandbox = sandbox;
    gateway_reset(gateway);
    return gateway;
}

void gateway_reset(struct gateway *gateway)
{
    gateway->identifies = 0;
    gateway->day_started_ms = clock_monotonic_ms();
    memset(gateway->identified_ms, 0, sizeof(gateway->identified_ms));
}

/* Dispatches ----------------------------------------------------------------------------------------------- */

static void dispatch_to(struct session *session, const char *event, const cJSON *d)
{
    const char *const text = session_append(session, event, d);
    if (session->connection != NULL)
        connection_send(session->connection, text);
}

/* The dispatches after one and up to another, as far as they can be replayed. */
static void send_again(const struct session *session, int64_t after, int64_t until)
{
    for (int64_t n = after > session->discarded ? after : session->discarded; n < until; n++)
        connection_send(session->connection, session_replay(session, n + 1));
}

void gateway_dispatch(struct gateway *gateway, uint64_t guild_id, const char *event, cJSON *takes_d)
{
    for (struct session *session = gateway->sessions; session != NULL; session = session->next)
        if (session_has_guild(session, guild_id))
            dispatch_to(session, event, takes_d);
    cJSON_Delete(takes_d);
}

/* Identify ------------------------------------------------------------------------------------------------- */

int64_t gateway_identifies_left(const struct gateway *gateway, int64_t *reset_after_ms)
{
    *reset_after_ms = gateway->day_started_ms + DAY_MS - clock_monotonic_ms();
    const int64_t fixed = gateway->sandbox->faults.identify_remaining;
    return fixed >= 0 ? fixed : IDENTIFIES_A_DAY - gateway->identifies;
}

/* One identify a window in each bucket; the bucket of a shard is its id modulo max_concurrency. */
static bool identifies_too_fast(struct gateway *gateway, int64_t shard)
{
    const struct faults *const faults = &gateway->sandbox->faults;
    int64_t *const last = &gateway->identified_ms[shard % faults->max_concurrency % BUCKETS];
    const int64_t now = clock_monotonic_ms();
    if (*last != 0 && now - *last < faults->identify_window_ms)
        return true;
    *last = now;
    return false;
}

static void attach(struct connection *connection, struct session *session)
{
    session->connection = connection;
    connection->session = session;
}

/* The connection is gone, or about to be: the session waits for a RESUME. */
static void detach(struct connection *connection)
{
    if (connection->session == NULL)
        return;
    connection->session->connection = NULL;
    connection->session->lost_ms = clock_monotonic_ms();
    connection->session = NULL;
}

static void kill_session(struct gateway *gateway, struct connection *connection)
{
    struct session *const session = connection->session;
    detach(connection);
    if (session != NULL)
        session_kill(&gateway->sessions, session);
}

static cJSON *outage_json(const struct cast_guild *guild)
{
    cJSON *const d = cJSON_CreateObject();
    json_add_snowflake(d, "id", guild->id);
    cJSON_AddTrueToObject(d, "unavailable");
    return d;
}

/* READY, then each guild: a snapshot, or the word that it is in an outage. */
static void begin_session(struct gateway *gateway, struct connection *connection, int shard, int shards)
{
    struct session *const session = session_create(&gateway->sessions, shard, shards);
    attach(connection, session);
    cJSON *d = identify_ready_json(gateway->sandbox, session);
    dispatch_to(session, "READY", d);
    cJSON_Delete(d);
    const struct cast *const cast = gateway->sandbox->cast;
    for (size_t i = 0; i < cast->n_guilds; i++) {
        const struct cast_guild *const guild = &cast->guilds[i];
        if (!guild->joined || !session_has_guild(session, guild->id))
            continue;
        d = guild->available ? cast_guild_create_json(cast, guild) : outage_json(guild);
        dispatch_to(session, guild->available ? "GUILD_CREATE" : "GUILD_DELETE", d);
        cJSON_Delete(d);
    }
}

static void identify(struct gateway *gateway, struct connection *connection, const cJSON *d)
{
    int64_t reset_after_ms;
    const int64_t left = gateway_identifies_left(gateway, &reset_after_ms);
    const struct identify wish = identify_read(gateway->sandbox, d, left);
    if (connection->session != NULL || wish.close_code != 0) {
        connection_close(connection, wish.close_code != 0 ? wish.close_code : 4005, "Identify refused.");
        return;
    }
    gateway->identifies++;
    const bool too_fast = identifies_too_fast(gateway, wish.shard);
    if (too_fast || connection->at_resume_url || gateway->sandbox->faults.identify == POLICY_REFUSE)
        connection_send_op(connection, DISCORD_OP_INVALID_SESSION, cJSON_CreateFalse());
    else
        begin_session(gateway, connection, wish.shard, wish.shards);
}

/* Resume --------------------------------------------------------------------------------------------------- */

static void replay(struct connection *connection, struct session *session, int64_t seq)
{
    /* The client noticed before us that its old connection is dead. */
    if (session->connection != NULL) {
        struct connection *const old = session->connection;
        detach(old);
        connection_close(old, DISCORD_CLOSE_UNKNOWN_ERROR, "Resumed elsewhere.");
    }
    attach(connection, session);
    send_again(session, seq - connection->sandbox->faults.overlap, session->seq);
    cJSON *const d = cJSON_CreateObject();
    dispatch_to(session, "RESUMED", d);
    cJSON_Delete(d);
}

static void resume(struct gateway *gateway, struct connection *connection, const cJSON *d)
{
    const char *const token = json_string(d, "token");
    const char *const id = json_string(d, "session_id");
    int64_t seq;
    if (connection->session != NULL) {
        connection_close(connection, 4005, "Already authenticated.");
        return;
    }
    if (token == NULL || id == NULL || !json_int(d, "seq", &seq)) {
        connection_close(connection, 4002, "Error while decoding payload.");
        return;
    }
    if (strcmp(token, gateway->sandbox->token) != 0) {
        connection_close(connection, DISCORD_CLOSE_AUTHENTICATION_FAILED, "Authentication failed.");
        return;
    }
    struct session *const session = session_find(&gateway->sessions, id);
    const int policy = gateway->sandbox->faults.resume;
    if (policy == POLICY_READY) {
        begin_session(gateway, connection, session != NULL ? session->shard : 0,
                      session != NULL ? session->shards : 1);
    } else if (session != NULL && (seq < 0 || seq > session->seq)) {
        connection_close(connection, DISCORD_CLOSE_INVALID_SEQ, "Invalid seq.");
    } else if (session == NULL || !connection->at_resume_url || policy == POLICY_REFUSE ||
               seq < session->discarded) {
        connection_send_op(connection, DISCORD_OP_INVALID_SESSION, cJSON_CreateFalse());
    } else {
        replay(connection, session, seq);
    }
}

/* Frames --------------------------------------------------------------------------------------------------- */

static void heartbeat(struct gateway *gateway, struct connection *connection, const cJSON *d)
{
    struct session *const session = connection->session;
    const int64_t seq = cJSON_IsNumber(d) ? (int64_t)d->valuedouble : 0;
    if (!cJSON_IsNumber(d) && !cJSON_IsNull(d)) {
        connection_close(connection, 4002, "Error while decoding payload.");
        return;
    }
    if (session != NULL && seq > session->seq) {
        connection_close(connection, DISCORD_CLOSE_INVALID_SEQ, "Invalid seq.");
        kill_session(gateway, connection);
        return;
    }
    if (session != NULL && gateway->sandbox->faults.prune)
        session_discard(session, seq);
    connection_expect_heartbeat(connection);
    if (gateway->sandbox->faults.acks)
        connection_send_op(connection, DISCORD_OP_HEARTBEAT_ACK, NULL);
}

static void on_frame(void *arg, struct connection *connection, int64_t op, const cJSON *d)
{
    struct gateway *const gateway = arg;
    switch (op) {
    case DISCORD_OP_HEARTBEAT:
        heartbeat(gateway, connection, d);
        break;
    case DISCORD_OP_IDENTIFY:
        identify(gateway, connection, d);
        break;
    case DISCORD_OP_RESUME:
        resume(gateway, connection, d);
        break;
    case 3:  /* presence update */
    case 4:  /* voice state update */
    case 8:  /* request guild members */
    case 31: /* request soundboard sounds */
    case 43: /* request channel info */
        if (connection->session == NULL)
            connection_close(connection, DISCORD_CLOSE_NOT_AUTHENTICATED, "Not authenticated.");
        break;
    default:
        connection_close(connection, 4001, "Unknown opcode.");
        break;
    }
}

/* Connections ---------------------------------------------------------------------------------------------- */

static void unlink_connection(struct gateway *gateway, struct connection *connection)
{
    struct connection **place = &gateway->connections;
    while (*place != connection)
        place = &(*place)->next;
    *place = connection->next;
}

/* 1000 and 1001 from the client end its session, as does a heartbeat that never came. */
static void on_closed(void *arg, struct connection *connection, int client_code)
{
    struct gateway *const gateway = arg;
    unlink_connection(gateway, connection);
    if (client_code == 1000 || client_code == 1001 || connection->timed_out)
        kill_session(gateway, connection);
    else
        detach(connection);
}

static bool parameter_is(const struct request *request, const char *name, const char *expected)
{
    char *const value = request_parameter(request, name);
    const bool same = value != NULL && strcmp(value, expected) == 0;
    free(value);
    return same;
}

static void note_open(struct gateway *gateway, const struct request *request)
{
    cJSON *const fields = journal_fields(journal_add(gateway->sandbox->journal, "open"));
    cJSON_AddNumberToObject(fields, "connection", (double)gateway->n_connections);
    cJSON_AddStringToObject(fields, "path", request->path);
    cJSON_AddStringToObject(fields, "query", request->query);
    cJSON_AddItemToObject(fields, "headers", request_headers(request));
    parked_changed(gateway->sandbox->parked);
}

static void greet(struct connection *connection)
{
    const struct faults *const faults = &connection->sandbox->faults;
    if (!faults->hello)
        return;
    cJSON *const d = cJSON_CreateObject();
    cJSON_AddNumberToObject(d, "heartbeat_interval", (double)faults->heartbeat_interval_ms);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(d, "_trace"),
                         cJSON_CreateString("[\"sandbox\",{\"micros\":0.0}]"));
    connection_send_op(connection, DISCORD_OP_HELLO, d);
    connection_expect_heartbeat(connection);
}

void gateway_accept(struct gateway *gateway, struct request *request)
{
    if (gateway->sandbox->faults.connect == POLICY_REFUSE || !request_wants_websocket(request)) {
        const bool refused = gateway->sandbox->faults.connect == POLICY_REFUSE;
        request_answer(request, refused ? 503 : 426, NULL, NULL, 0);
        return;
    }
    const bool right_version = parameter_is(request, "v", "10");
    const bool right_encoding = parameter_is(request, "encoding", "json");
    const bool compressed = parameter_is(request, "compress", "zlib-stream");
    char *const compression = request_parameter(request, "compress");
    const bool unknown_compression = compression != NULL && !compressed;
    free(compression);
    gateway->n_connections++;
    note_open(gateway, request);

    const bool at_resume_url = strncmp(request->path, "/resume", 7) == 0;
    const struct connection_callbacks callbacks = {
        .on_frame = on_frame, .on_closed = on_closed, .arg = gateway};
    struct connection *const connection = connection_create(gateway->sandbox, request_upgrade(request, 1 << 20),
                                                            compressed, gateway->n_connections, &callbacks);
    connection->at_resume_url = at_resume_url;
    connection->next = gateway->connections;
    gateway->connections = connection;
    if (!right_version)
        connection_close(connection, DISCORD_CLOSE_INVALID_VERSION, "Invalid API version.");
    else if (!right_encoding || unknown_compression)
        connection_close(connection, 4002, "Unknown encoding or compression.");
    else
        greet(connection);
}

/* For the control API -------------------------------------------------------------------------------------- */

static bool is_meant(const struct connection *connection, int shard)
{
    return shard < 0 || (connection->session != NULL && connection->session->shard == shard);
}

/* The next connection from here on that is meant, or NULL. */
static struct connection *meant(struct connection *connection, int shard)
{
    while (connection != NULL && !is_meant(connection, shard))
        connection = connection->next;
    return connection;
}

void gateway_cut(struct gateway *gateway, int shard)
{
    for (struct connection *connection; (connection = meant(gateway->connections, shard)) != NULL;) {
        unlink_connection(gateway, connection);
        detach(connection);
        connection_drop(connection);
    }
}

/* After these codes a client has to identify: the session is over. */
static bool ends_session(int code)
{
    return code == DISCORD_CLOSE_NOT_AUTHENTICATED || code == DISCORD_CLOSE_INVALID_SEQ ||
           code == DISCORD_CLOSE_SESSION_TIMED_OUT;
}

void gateway_close(struct gateway *gateway, int shard, int code)
{
    for (struct connection *c = gateway->connections; (c = meant(c, shard)) != NULL; c = c->next) {
        connection_close(c, code, "Closed by the control API.");
        if (ends_session(code))
            kill_session(gateway, c);
    }
}

void gateway_send_reconnect(struct gateway *gateway, int shard)
{
    for (struct connection *c = gateway->connections; (c = meant(c, shard)) != NULL; c = c->next)
        connection_send_op(c, DISCORD_OP_RECONNECT, NULL);
}

void gateway_send_invalid_session(struct gateway *gateway, int shard, bool resumable)
{
    for (struct connection *c = gateway->connections; (c = meant(c, shard)) != NULL; c = c->next) {
        connection_send_op(c, DISCORD_OP_INVALID_SESSION, cJSON_CreateBool(resumable));
        if (!resumable)
            kill_session(gateway, c);
    }
}

void gateway_send_beat(struct gateway *gateway, int shard)
{
    for (struct connection *c = gateway->connections; (c = meant(c, shard)) != NULL; c = c->next)
        connection_send_op(c, DISCORD_OP_HEARTBEAT, NULL);
}

void gateway_send_again(struct gateway *gateway, int shard, int64_t last, int64_t but)
{
    for (struct connection *c = gateway->connections; (c = meant(c, shard)) != NULL; c = c->next)
        if (c->session != NULL)
            send_again(c->session, c->session->seq - last, c->session->seq - but);
}

void gateway_forget(struct gateway *gateway)
{
    for (struct session *session = gateway->sessions; session != NULL; session = session->next)
        session_discard(session, session->seq);
}

void gateway_send_raw(struct gateway *gateway, int shard, const char *frame)
{
    for (struct connection *c = gateway->connections; (c = meant(c, shard)) != NULL; c = c->next)
        connection_send(c, frame);
}

cJSON *gateway_state(const struct gateway *gateway)
{
    cJSON *const state = cJSON_CreateObject();
    cJSON *const connections = cJSON_AddArrayToObject(state, "connections");
    for (const struct connection *connection = gateway->connections; connection != NULL;
         connection = connection->next) {
        cJSON *const item = cJSON_CreateObject();
        cJSON_AddItemToArray(connections, item);
        cJSON_AddNumberToObject(item, "connection", (double)connection->number);
        cJSON_AddBoolToObject(item, "compressed", connection->compressed);
        cJSON_AddBoolToObject(item, "closing", connection->closing);
        if (connection->session != NULL)
            cJSON_AddStringToObject(item, "session_id", connection->session->id);
    }
    cJSON *const sessions = cJSON_AddArrayToObject(state, "sessions");
    for (const struct session *session = gateway->sessions; session != NULL; session = session->next) {
        cJSON *const item = cJSON_CreateObject();
        cJSON_AddItemToArray(sessions, item);
        cJSON_AddStringToObject(item, "session_id", session->id);
        cJSON_AddNumberToObject(item, "shard", session->shard);
        cJSON_AddNumberToObject(item, "shards", session->shards);
        cJSON_AddNumberToObject(item, "seq", (double)session->seq);
        cJSON_AddNumberToObject(item, "discarded", (double)session->discarded);
        cJSON_AddBoolToObject(item, "connected", session->connection != NULL);
    }
    cJSON_AddNumberToObject(state, "identifies", (double)gateway->identifies);
    return state;
}
