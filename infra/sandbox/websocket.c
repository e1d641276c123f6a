#include "infra/sandbox/server_internal.h"

#include "infra/loop.h"
#include "infra/mem.h"

#include <h2o/websocket.h>

/* A peer that does not read gets this much queued before it is dropped. */
enum { MAX_QUEUED = 64 * 1024 * 1024, CLOSE_TIMEOUT_MS = 2000 };

/*
 * wslay is only ever run from the loop, never from inside a call of ours: it may end the connection at any
 * time, and then callers up the stack would be left with a dead handle. So calls queue, and a timer of 0 ms
 * flushes.
 */
struct websocket {
    struct loop *loop;
    h2o_websocket_conn_t *connection; /* its sock is NULL until the upgrade is through */
    struct loop_timer *flush;
    struct loop_timer *close_timeout;
    struct websocket_callbacks callbacks;
    int peer_code; /* of its close frame */
};

static void finish(struct websocket *websocket)
{
    loop_cancel(websocket->flush);
    loop_cancel(websocket->close_timeout);
    h2o_websocket_close(websocket->connection);
    free(websocket);
}

static void end(struct websocket *websocket, int code)
{
    const struct websocket_callbacks callbacks = websocket->callbacks;
    finish(websocket);
    callbacks.on_close(callbacks.arg, code);
}

/* h2o's callback: a message, or NULL when the connection is over. */
static void on_event(h2o_websocket_conn_t *connection, const struct wslay_event_on_msg_recv_arg *message)
{
    struct websocket *const websocket = connection->data;
    if (message == NULL)
        end(websocket, websocket->peer_code);
    else if (message->opcode == WSLAY_CONNECTION_CLOSE)
        websocket->peer_code = message->status_code != 0 ? message->status_code : WSLAY_CODE_NO_STATUS_RCVD;
    else if (!wslay_is_ctrl_frame(message->opcode))
        websocket->callbacks.on_message(websocket->callbacks.arg, (const char *)message->msg,
                                        message->msg_length);
}

bool request_wants_websocket(const struct request *request)
{
    const char *key = NULL;
    return !request_is_gone(request) && request_anchor(request)->h2o->version < 0x200 &&
           h2o_is_websocket_handshake(request_anchor(request)->h2o, &key) == 0 && key != NULL;
}

struct websocket *request_upgrade(struct request *request, size_t max_message)
{
    const struct request_anchor *const anchor = request_anchor(request);
    h2o_req_t *const h2o = anchor->h2o;
    struct websocket *const websocket = mem_alloc(sizeof(*websocket));
    websocket->loop = server_loop(anchor->server);
    websocket->peer_code = WSLAY_CODE_ABNORMAL_CLOSURE;
    const char *key;
    h2o_is_websocket_handshake(h2o, &key);
    request_free(request);
    websocket->connection = h2o_upgrade_to_websocket(h2o, key, websocket, on_event);
    wslay_event_config_set_max_recv_msg_length(websocket->connection->ws_ctx, max_message);
    return websocket;
}

void websocket_set_callbacks(struct websocket *websocket, const struct websocket_callbacks *callbacks)
{
    websocket->callbacks = *callbacks;
}

static void on_flush(void *arg)
{
    struct websocket *const websocket = arg;
    websocket->flush = NULL;
    if (wslay_event_get_queued_msg_length(websocket->connection->ws_ctx) > MAX_QUEUED)
        end(websocket, WSLAY_CODE_ABNORMAL_CLOSURE);
    else if (websocket->connection->sock != NULL) /* the upgrade flushes by itself when it is through */
        h2o_websocket_proceed(websocket->connection);
}

static void flush_soon(struct websocket *websocket)
{
    if (websocket->flush == NULL)
        websocket->flush = loop_after(websocket->loop, 0, on_flush, websocket);
}

void websocket_send(struct websocket *websocket, bool binary, const void *bytes, size_t n)
{
    const struct wslay_event_msg message = {
        .opcode = binary ? WSLAY_BINARY_FRAME : WSLAY_TEXT_FRAME, .msg = bytes, .msg_length = n};
    wslay_event_queue_msg(websocket->connection->ws_ctx, &message); /* refused after a close: as it should be */
    flush_soon(websocket);
}

static void on_close_timeout(void *arg)
{
    struct websocket *const websocket = arg;
    websocket->close_timeout = NULL;
    end(websocket, WSLAY_CODE_ABNORMAL_CLOSURE);
}

void websocket_close(struct websocket *websocket, int code, const char *reason)
{
    wslay_event_queue_close(websocket->connection->ws_ctx, (uint16_t)code, (const uint8_t *)reason,
                            strlen(reason));
    if (websocket->close_timeout == NULL)
        websocket->close_timeout = loop_after(websocket->loop, CLOSE_TIMEOUT_MS, on_close_timeout, websocket);
    flush_soon(websocket);
}

static void ignore_close(void *arg, int code)
{
    (void)arg;
    (void)code;
}

/* While h2o still writes its 101 it holds on to the connection; in the loop's next turn it is through. */
void websocket_drop(struct websocket *websocket)
{
    if (websocket->connection->sock != NULL) {
        finish(websocket);
        return;
    }
    websocket->callbacks.on_close = ignore_close;
    loop_cancel(websocket->close_timeout);
    websocket->close_timeout = loop_after(websocket->loop, 0, on_close_timeout, websocket);
}
