#include "infra/sandbox/connection.h"

#include "infra/clock.h"
#include "infra/discord.h"
#include "infra/json.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/sandbox/journal.h"
#include "infra/sandbox/parked.h"
#include "infra/sandbox/sandbox.h"
#include "infra/sandbox/server.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_FRAME = 4096, FRAMES_A_MINUTE = 120, MINUTE_MS = 60000 };

static void destroy(struct connection *connection)
{
    loop_cancel(connection->deadline);
    if (connection->compressed)
        deflateEnd(&connection->deflate);
    free(connection);
}

static void note_close(struct connection *connection, const char *by, int code)
{
    cJSON *const fields = journal_fields(journal_add(connection->sandbox->journal, "close"));
    cJSON_AddNumberToObject(fields, "connection", (double)connection->number);
    cJSON_AddStringToObject(fields, "by", by);
    if (code != 0)
        cJSON_AddNumberToObject(fields, "code", code);
    parked_changed(connection->sandbox->parked);
}

/* What comes in -------------------------------------------------------------------------------------------- */

static bool too_many_frames(struct connection *connection)
{
    const int64_t now = clock_monotonic_ms();
    if (now - connection->window_started_ms >= MINUTE_MS) {
        connection->window_started_ms = now;
        connection->frames_in_window = 0;
    }
    return ++connection->frames_in_window > FRAMES_A_MINUTE;
}

static void note_frame(struct connection *connection, int64_t op, const cJSON *d)
{
    cJSON *const fields = journal_fields(journal_add(connection->sandbox->journal, "frame"));
    cJSON_AddNumberToObject(fields, "connection", (double)connection->number);
    cJSON_AddNumberToObject(fields, "op", (double)op);
    cJSON_AddItemToObject(fields, "d", d != NULL ? cJSON_Duplicate(d, true) : cJSON_CreateNull());
    parked_changed(connection->sandbox->parked);
}

static void on_message(void *arg, const char *bytes, size_t n)
{
    struct connection *const connection = arg;
    if (connection->closing)
        return;
    if (n > MAX_FRAME) {
        connection_close(connection, 4002, "Payload too large.");
        return;
    }
    if (too_many_frames(connection)) {
        connection_close(connection, DISCORD_CLOSE_RATE_LIMITED, "You are being rate limited.");
        return;
    }
    cJSON *const frame = json_parse(bytes, n);
    int64_t op;
    if (frame == NULL) {
        connection_close(connection, 4002, "Error while decoding payload.");
    } else if (!json_int(frame, "op", &op) || !cJSON_HasObjectItem(frame, "d")) {
        connection_close(connection, 4001, "Unknown opcode or bad payload.");
    } else {
        const cJSON *const d = cJSON_GetObjectItemCaseSensitive(frame, "d");
        note_frame(connection, op, d);
        connection->callbacks.on_frame(connection->callbacks.arg, connection, op, d);
    }
    cJSON_Delete(frame);
}

static void on_websocket_close(void *arg, int code)
{
    struct connection *const connection = arg;
    /* A code of ours comes back as the answer to our close frame, and 1006 is no close frame at all. */
    const int client_code = connection->closing || code == 1006 ? 0 : code;
    note_close(connection, connection->closing ? "server" : "client", client_code);
    connection->callbacks.on_closed(connection->callbacks.arg, connection, client_code);
    destroy(connection);
}

/* What goes out -------------------------------------------------------------------------------------------- */

/* One deflate stream a connection, flushed after each payload: it then ends with 00 00 FF FF. */
static void send_compressed(struct connection *connection, const char *text)
{
    const size_t len = strlen(text);
    const size_t capacity = deflateBound(&connection->deflate, len) + 64;
    unsigned char *const out = mem_alloc(capacity);
    connection->deflate.next_in = (unsigned char *)(uintptr_t)text;
    connection->deflate.avail_in = (unsigned)len;
    connection->deflate.next_out = out;
    connection->deflate.avail_out = (unsigned)capacity;
    deflate(&connection->deflate, Z_SYNC_FLUSH);
    const size_t n = capacity - connection->deflate.avail_out;
    const size_t first = connection->sandbox->faults.fragment ? n / 2 : n;
    websocket_send(connection->websocket, true, out, first);
    if (first < n)
        websocket_send(connection->websocket, true, out + first, n - first);
    free(out);
}

void connection_send(struct connection *connection, const char *text)
{
    if (connection->closing)
        return;
    if (connection->compressed)
        send_compressed(connection, text);
    else
        websocket_send(connection->websocket, false, text, strlen(text));
}

void connection_send_op(struct connection *connection, int op, cJSON *takes_d)
{
    cJSON *const frame = cJSON_CreateObject();
    cJSON_AddNullToObject(frame, "t");
    cJSON_AddNullToObject(frame, "s");
    cJSON_AddNumberToObject(frame, "op", op);
    cJSON_AddItemToObject(frame, "d", takes_d != NULL ? takes_d : cJSON_CreateNull());
    char *const text = cJSON_PrintUnformatted(frame);
    cJSON_Delete(frame);
    connection_send(connection, text);
    free(text);
}

static void on_deadline(void *arg)
{
    struct connection *const connection = arg;
    connection->deadline = NULL;
    connection->timed_out = true;
    connection_close(connection, DISCORD_CLOSE_SESSION_TIMED_OUT, "Session timed out.");
}

void connection_expect_heartbeat(struct connection *connection)
{
    loop_cancel(connection->deadline);
    connection->deadline =
        loop_after(connection->sandbox->loop, connection->sandbox->faults.heartbeat_interval_ms * 3 / 2,
                   on_deadline, connection);
}

/* Beginning and end ---------------------------------------------------------------------------------------- */

struct connection *connection_create(struct sandbox *sandbox, struct websocket *websocket, bool compressed,
                                     int64_t number, const struct connection_callbacks *callbacks)
{
    struct connection *const connection = mem_alloc(sizeof(*connection));
    connection->sandbox = sandbox;
    connection->websocket = websocket;
    connection->callbacks = *callbacks;
    connection->number = number;
    connection->compressed = compressed;
    if (compressed && deflateInit(&connection->deflate, Z_DEFAULT_COMPRESSION) != Z_OK)
        abort(); /* out of memory */
    const struct websocket_callbacks events = {
        .on_message = on_message, .on_close = on_websocket_close, .arg = connection};
    websocket_set_callbacks(websocket, &events);
    return connection;
}

void connection_close(struct connection *connection, int code, const char *reason)
{
    if (connection->closing)
        return;
    connection->closing = true;
    loop_cancel(connection->deadline);
    connection->deadline = NULL;
    websocket_close(connection->websocket, code, reason);
}

void connection_drop(struct connection *connection)
{
    note_close(connection, "cut", 0);
    websocket_drop(connection->websocket);
    destroy(connection);
}
