#include "tracker/websocket.h"

#include "infra/http_client.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "tracker/upgrade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <wslay/wslay.h>
#include <zlib.h>

enum {
    MAX_ANSWER = 16 << 10,   /* bytes of the answer to the upgrade */
    MAX_UNSENT = 64,         /* messages: pongs and ours */
    MAX_FRAGMENTS = 1024,    /* of a message; each takes some memory, however short it is */
    MAX_TURN = 256 << 10,    /* bytes read before others have their turn */
    CLOSE_TIMEOUT_MS = 2000, /* for the peer's half of the close handshake */
    KEPT_CAPACITY = 1 << 20, /* a buffer that grew larger is given back after its message */
};

/*
 * CONNECTING  TCP and TLS; ends by the open time-out
 * UPGRADING   the request is on its way or the answer is not complete; the same time-out
 * OPEN        messages both ways; the user of it has to notice silence
 * CLOSING     our close frame is queued or sent; ends by CLOSE_TIMEOUT_MS
 * CLOSED      on_closed was called
 */
enum stage { CONNECTING, UPGRADING, OPEN, CLOSING, CLOSED };

struct websocket {
    struct loop *loop;
    struct websocket_callbacks callbacks;
    enum stage stage;
    struct loop_timer *timer; /* of CONNECTING, UPGRADING, CLOSING */
    struct loop_timer *again; /* there may be more to read: TLS holds bytes that no event announces */
    size_t left;              /* of MAX_TURN */
    struct http_socket *socket;
    bool lost;           /* the stream ended or failed */
    const char *failure; /* what the peer did wrong, NULL: nothing yet */
    bool busy;           /* inside on_ready: freeing has to wait */
    bool destroyed;

    struct buffer request; /* what is unsent of the upgrade */
    struct buffer answer;  /* the answer to it, then what came behind it */
    char accept[UPGRADE_ACCEPT_SIZE];

    wslay_event_context_ptr frames;
    int n_fragments; /* of the message that is coming */
    int close_code;  /* the peer's */
    char close_words[128];

    bool zlib_stream;
    z_stream zlib; /* one for the whole connection */
    struct buffer deflated, inflated;
};

/* The end ------------------------------------------------------------------------------------------------- */

static void release(struct websocket *ws)
{
    loop_cancel(ws->timer);
    loop_cancel(ws->again);
    ws->timer = ws->again = NULL;
    http_socket_close(ws->socket);
    ws->socket = NULL;
}

static void free_all(struct websocket *ws)
{
    wslay_event_context_free(ws->frames);
    if (ws->zlib_stream)
        inflateEnd(&ws->zlib);
    buffer_finish(&ws->request);
    buffer_finish(&ws->answer);
    buffer_finish(&ws->deflated);
    buffer_finish(&ws->inflated);
    free(ws);
}

void websocket_destroy(struct websocket *ws)
{
    if (ws == NULL)
        return;
    release(ws);
    ws->destroyed = true;
    if (!ws->busy)
        free_all(ws);
}

/* The last thing a callback does: on_closed may have destroyed the websocket. */
static void end(struct websocket *ws, int code, const char *why)
{
    char words[256]; /* why may lie in what release() frees */
    snprintf(words, sizeof(words), "%s", why);
    release(ws);
    ws->stage = CLOSED;
    ws->callbacks.on_closed(ws->callbacks.arg, code, words);
}

/* Opening ------------------------------------------------------------------------------------------------- */

/* The steps of the upgrade return what went wrong, or NULL. */

static const char *send_request(struct websocket *ws)
{
    while (ws->request.len > 0) {
        const ssize_t sent = http_socket_send(ws->socket, ws->request.data, ws->request.len);
        if (sent < 0)
            return "the connection was lost";
        if (sent == 0)
            break;
        buffer_consume(&ws->request, (size_t)sent);
    }
    http_socket_want_write(ws->socket, ws->request.len > 0);
    return NULL;
}

/* Leaves in ws->answer what came behind the header. */
static const char *read_answer(struct websocket *ws, bool *complete)
{
    char *header_end = NULL;
    while (header_end == NULL) {
        char bytes[4096];
        const ssize_t got = http_socket_recv(ws->socket, bytes, sizeof(bytes));
        if (got < 0)
            return "the connection was lost before the upgrade was answered";
        if (got == 0)
            return NULL;
        buffer_append(&ws->answer, bytes, (size_t)got);
        if (ws->answer.len > MAX_ANSWER)
            return "the answer to the upgrade is too long";
        header_end = strstr(ws->answer.data, "\r\n\r\n");
        if (header_end == NULL && strlen(ws->answer.data) < ws->answer.len)
            return "the answer to the upgrade is no HTTP/1.1";
    }
    *header_end = '\0';
    const size_t header_size = (size_t)(header_end - ws->answer.data) + 4;
    const char *const why = upgrade_check(ws->answer.data, ws->accept);
    if (why == NULL)
        buffer_consume(&ws->answer, header_size);
    *complete = true;
    return why;
}

static void run_upgrade(struct websocket *ws)
{
    bool complete = false;
    const char *why = send_request(ws);
    if (why == NULL)
        why = read_answer(ws, &complete);
    if (why != NULL) {
        end(ws, 0, why);
    } else if (complete) {
        loop_cancel(ws->timer);
        ws->timer = NULL;
        ws->stage = OPEN;
        ws->callbacks.on_open(ws->callbacks.arg);
    }
}

/* Messages ------------------------------------------------------------------------------------------------ */

/* Sends what is queued. Where the connection breaks on it nothing more may be sent, and the next read tells of it. */
static void flush(struct websocket *ws)
{
    if (ws->socket == NULL || ws->lost)
        return;
    ws->lost = wslay_event_send(ws->frames) < 0;
    http_socket_want_write(ws->socket, wslay_event_want_write(ws->frames));
}

static void fail(struct websocket *ws, const char *why)
{
    ws->failure = why;
    wslay_event_shutdown_read(ws->frames);
}

static void deliver(struct websocket *ws, const void *bytes, size_t n)
{
    if (ws->stage == OPEN && !ws->destroyed)
        ws->callbacks.on_message(ws->callbacks.arg, bytes, n);
}

/* All of ws->deflated into ws->inflated. */
static bool inflate_all(struct websocket *ws)
{
    ws->zlib.next_in = (Bytef *)ws->deflated.data;
    ws->zlib.avail_in = (uInt)ws->deflated.len;
    do {
        unsigned char chunk[16384];
        ws->zlib.next_out = chunk;
        ws->zlib.avail_out = sizeof(chunk);
        const int result = inflate(&ws->zlib, Z_SYNC_FLUSH);
        if (result != Z_OK && result != Z_BUF_ERROR)
            return false;
        const size_t n = sizeof(chunk) - ws->zlib.avail_out;
        if (n > WEBSOCKET_MAX_MESSAGE - ws->inflated.len)
            return false;
        buffer_append(&ws->inflated, chunk, n);
    } while (ws->zlib.avail_out == 0 || ws->zlib.avail_in > 0);
    return true;
}

static void empty(struct buffer *buffer)
{
    buffer->len = 0;
    if (buffer->capacity > KEPT_CAPACITY)
        buffer_finish(buffer);
}

/* A payload ends where zlib's flush marker ends a message; one payload may come in several. */
static void on_binary(struct websocket *ws, const uint8_t *bytes, size_t n)
{
    static const uint8_t marker[] = {0x00, 0x00, 0xff, 0xff};
    if (!ws->zlib_stream || n > WEBSOCKET_MAX_MESSAGE - ws->deflated.len) {
        fail(ws, ws->zlib_stream ? "compressed payload too long" : "binary message");
        return;
    }
    buffer_append(&ws->deflated, bytes, n);
    const size_t len = ws->deflated.len;
    if (len < sizeof(marker) || memcmp(ws->deflated.data + len - sizeof(marker), marker, sizeof(marker)) != 0)
        return;
    if (inflate_all(ws))
        deliver(ws, ws->inflated.data, ws->inflated.len);
    else
        fail(ws, "broken zlib stream, or payload too long");
    empty(&ws->deflated);
    empty(&ws->inflated);
}

static void on_frames_frame(wslay_event_context_ptr frames,
                            const struct wslay_event_on_frame_recv_start_arg *frame, void *arg)
{
    (void)frames;
    struct websocket *const ws = arg;
    if (frame->opcode == WSLAY_CONTINUATION_FRAME)
        ws->n_fragments++;
    else if (!wslay_is_ctrl_frame(frame->opcode)) /* these come in between */
        ws->n_fragments = 1;
    if (ws->n_fragments > MAX_FRAGMENTS)
        fail(ws, "a message in too many fragments");
}

static void on_frames_message(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *message,
                              void *arg)
{
    struct websocket *const ws = arg;
    if (ws->destroyed || ws->failure != NULL)
        return;
    if (message->opcode == WSLAY_TEXT_FRAME) {
        deliver(ws, message->msg, message->msg_length);
    } else if (message->opcode == WSLAY_BINARY_FRAME) {
        on_binary(ws, message->msg, message->msg_length);
    } else if (message->opcode == WSLAY_CONNECTION_CLOSE) {
        ws->close_code = message->status_code;
        if (message->msg_length > 2)
            snprintf(ws->close_words, sizeof(ws->close_words), "%.*s", (int)(message->msg_length - 2),
                     (const char *)message->msg + 2);
    } else { /* a ping: the pong is queued already */
        flush(ws);
        if (wslay_event_get_queued_msg_count(frames) > MAX_UNSENT)
            fail(ws, "pings faster than pongs can be sent");
    }
}

static ssize_t on_frames_recv(wslay_event_context_ptr frames, uint8_t *out, size_t size, int flags, void *arg)
{
    (void)flags;
    struct websocket *const ws = arg;
    if (ws->answer.len > 0) {
        const size_t n = ws->answer.len < size ? ws->answer.len : size;
        memcpy(out, ws->answer.data, n);
        buffer_consume(&ws->answer, n);
        return (ssize_t)n;
    }
    const size_t most = size < ws->left ? size : ws->left;
    const ssize_t got = ws->socket == NULL ? -1 : most > 0 ? http_socket_recv(ws->socket, out, most) : 0;
    if (got > 0) {
        ws->left -= (size_t)got;
        return got;
    }
    ws->lost = ws->lost || got < 0;
    wslay_event_set_error(frames, ws->lost ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static ssize_t on_frames_send(wslay_event_context_ptr frames, const uint8_t *bytes, size_t n, int flags,
                              void *arg)
{
    (void)flags;
    struct websocket *const ws = arg;
    const ssize_t sent = http_socket_send(ws->socket, bytes, n);
    if (sent > 0)
        return sent;
    wslay_event_set_error(frames, sent < 0 ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static int on_frames_mask(wslay_event_context_ptr frames, uint8_t *out, size_t n, void *arg)
{
    (void)frames, (void)arg;
    return getrandom(out, n, 0) == (ssize_t)n ? 0 : -1;
}

static void on_again(void *arg);

static void run_frames(struct websocket *ws)
{
    ws->left = MAX_TURN;
    wslay_event_recv(ws->frames);
    if (ws->destroyed)
        return;
    if (ws->left == 0 && ws->again == NULL)
        ws->again = loop_after(ws->loop, 0, on_again, ws);
    flush(ws); /* pongs, the answer to a close frame, the close frame that tells of a broken rule */
    if (wslay_event_get_close_received(ws->frames))
        end(ws, ws->close_code, ws->close_words[0] != '\0' ? ws->close_words : "closed by the server");
    else if (ws->failure != NULL)
        end(ws, 0, ws->failure);
    else if (ws->lost)
        end(ws, 0, "the connection was lost");
    else if (!wslay_event_want_read(ws->frames))
        end(ws, 0, "the server broke the websocket protocol, or sent too long a message");
}

static void on_ready(void *arg)
{
    struct websocket *const ws = arg;
    ws->busy = true;
    if (ws->stage == UPGRADING)
        run_upgrade(ws);
    if (!ws->destroyed && (ws->stage == OPEN || ws->stage == CLOSING))
        run_frames(ws);
    ws->busy = false;
    if (ws->destroyed)
        free_all(ws);
}

static void on_again(void *arg)
{
    struct websocket *const ws = arg;
    ws->again = NULL;
    on_ready(ws);
}

/* Calls --------------------------------------------------------------------------------------------------- */

static void on_timeout(void *arg)
{
    struct websocket *const ws = arg;
    ws->timer = NULL;
    end(ws, 0, ws->stage == CLOSING ? "the close was not answered in time" : "no connection in time");
}

static void on_connect(void *arg, const char *error)
{
    struct websocket *const ws = arg;
    if (error != NULL) {
        end(ws, 0, error);
        return;
    }
    ws->stage = UPGRADING;
    http_socket_want_write(ws->socket, true);
}

struct websocket *websocket_open(const struct websocket_config *config,
                                 const struct websocket_callbacks *callbacks)
{
    static const struct wslay_event_callbacks frame_callbacks = {
        .recv_callback = on_frames_recv,
        .send_callback = on_frames_send,
        .genmask_callback = on_frames_mask,
        .on_frame_recv_start_callback = on_frames_frame,
        .on_msg_recv_callback = on_frames_message,
    };
    struct websocket *const ws = mem_alloc(sizeof(*ws));
    ws->loop = config->loop;
    ws->callbacks = *callbacks;
    ws->zlib_stream = config->zlib_stream;
    if (wslay_event_context_client_init(&ws->frames, &frame_callbacks, ws) != 0 ||
        (ws->zlib_stream && inflateInit(&ws->zlib) != Z_OK))
        abort(); /* out of memory */
    wslay_event_config_set_max_recv_msg_length(ws->frames, WEBSOCKET_MAX_MESSAGE);
    upgrade_request(config->url, &ws->request, ws->accept);
    ws->timer = loop_after(ws->loop, config->open_timeout_ms, on_timeout, ws);
    ws->socket =
        http_socket_open(config->client, config->url, config->open_timeout_ms, on_connect, on_ready, ws);
    return ws;
}

bool websocket_send(struct websocket *ws, const char *text, size_t n)
{
    const struct wslay_event_msg message = {
        .opcode = WSLAY_TEXT_FRAME,
        .msg = (const uint8_t *)text,
        .msg_length = n,
    };
    if (ws->stage != OPEN || n > WEBSOCKET_MAX_SEND ||
        wslay_event_get_queued_msg_count(ws->frames) > MAX_UNSENT ||
        wslay_event_queue_msg(ws->frames, &message) != 0)
        return false;
    flush(ws);
    return true;
}

void websocket_close(struct websocket *ws, int code)
{
    if (ws->stage == CLOSING || ws->stage == CLOSED)
        return;
    const bool open = ws->stage == OPEN && wslay_event_queue_close(ws->frames, (uint16_t)code, NULL, 0) == 0;
    ws->stage = CLOSING;
    if (open)
        flush(ws);
    else
        release(ws);
    ws->timer = loop_after(ws->loop, open ? CLOSE_TIMEOUT_MS : 0, on_timeout, ws);
}
