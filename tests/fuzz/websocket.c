/*
 * A gateway that sends what it likes. The connection is made up here: tracker/websocket.c stands on these functions instead
 * of those of infra/http_client.c.
 *
 * Byte 0 of the input says how (HOW_ below), byte 1 how many bytes come at once (0: all). Of the rest, with HOW_MESSAGES
 * each line is a message, which is sent as it should be, whole or in fragments, and has to arrive as it is; else they are
 * the bytes of the connection.
 */
#include "tracker/websocket.h"

#include "infra/http_client.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "tracker/event.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    HOW_COMPRESSED = 1,
    HOW_MESSAGES = 2,
    HOW_ANSWER =
        4,        /* the bytes begin with the answer to the upgrade, in which an @ stands for the right proof */
    HOW_DEAF = 8, /* the peer reads nothing once it is upgraded */
    HOW_CLOSE = 16,  /* we close after the first message */
    HOW_DESTROY = 32 /* we are done with it after the first message */
};

/* The connection -------------------------------------------------------------------------------------------- */

struct http_socket {
    void (*on_connect)(void *arg, const char *error);
    void (*on_ready)(void *arg);
    void *arg;
    struct buffer in, sent; /* from the peer, and to it */
    size_t piece, at_once;  /* bytes that come at once; those left of this time */
    bool deaf, ended, closed;
};

static struct http_socket connection;

struct http_socket *http_socket_open(struct http_client *client, const char *url, int64_t timeout_ms,
                                     void (*on_connect)(void *arg, const char *error),
                                     void (*on_ready)(void *arg), void *arg)
{
    (void)client, (void)url, (void)timeout_ms;
    connection = (struct http_socket){.on_connect = on_connect, .on_ready = on_ready, .arg = arg};
    return &connection;
}

ssize_t http_socket_recv(struct http_socket *socket, void *buffer, size_t n)
{
    hold(!socket->closed);
    if (socket->in.len == 0)
        return socket->ended ? -1 : 0;
    if (n > socket->at_once)
        n = socket->at_once;
    if (n > socket->in.len)
        n = socket->in.len;
    if (n == 0)
        return 0;
    memcpy(buffer, socket->in.data, n);
    buffer_consume(&socket->in, n);
    socket->at_once -= n;
    return (ssize_t)n;
}

ssize_t http_socket_send(struct http_socket *socket, const void *bytes, size_t n)
{
    hold(!socket->closed);
    if (socket->deaf)
        return 0;
    buffer_append(&socket->sent, bytes, n);
    return (ssize_t)n;
}

void http_socket_want_write(struct http_socket *socket, bool want)
{
    (void)want;
    hold(!socket->closed);
}

void http_socket_close(struct http_socket *socket)
{
    if (socket != NULL)
        socket->closed = true;
}

/* The websocket --------------------------------------------------------------------------------------------- */

struct heard {
    struct websocket *ws;
    int how;
    bool open, closed, closing;
    const struct buffer
        *expected; /* the messages that are to come, each behind its line's end; NULL: none are known */
    size_t at;     /* in there */
};

static void on_open(void *arg)
{
    struct heard *const heard = arg;
    hold(!heard->open && !heard->closed);
    heard->open = true;
}

static void on_message(void *arg, const char *bytes, size_t n)
{
    struct heard *const heard = arg;
    hold(heard->open && !heard->closed && !heard->closing && heard->ws != NULL);
    hold(n <= WEBSOCKET_MAX_MESSAGE);
    hold((heard->how & HOW_COMPRESSED) != 0 || utf8_valid(bytes, n));
    if (heard->expected != NULL) {
        hold(heard->at + n < heard->expected->len);
        hold(n == 0 || memcmp(heard->expected->data + heard->at, bytes, n) == 0);
        heard->at += n + 1;
        hold(heard->expected->data[heard->at - 1] == '\n');
    }
    struct event_frame frame;
    const char *why;
    if (event_frame_parse(bytes, n, &frame, &why))
        event_frame_finish(&frame);
    if ((heard->how & HOW_DESTROY) != 0) {
        websocket_destroy(heard->ws);
        heard->ws = NULL;
    } else if ((heard->how & HOW_CLOSE) != 0) {
        heard->closing = true;
        websocket_close(heard->ws, 4000);
    }
}

static void on_closed(void *arg, int code, const char *why)
{
    struct heard *const heard = arg;
    hold(!heard->closed && heard->ws != NULL);
    hold(code >= 0 && code <= UINT16_MAX && why != NULL && strlen(why) < 256);
    heard->closed = true;
}

/* The peer -------------------------------------------------------------------------------------------------- */

static void put_proof(struct buffer *out)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", name[] = "Sec-WebSocket-Key: ";
    const char *const key = strstr(connection.sent.data, name);
    hold(key != NULL);
    struct buffer text = {0};
    buffer_append(&text, key + strlen(name), 24);
    buffer_append_string(&text, guid);
    unsigned char digest[SHA_DIGEST_LENGTH], accept[32];
    SHA1((const unsigned char *)text.data, text.len, digest);
    const int n = EVP_EncodeBlock(accept, digest, sizeof(digest));
    buffer_append(out, accept, (size_t)n);
    buffer_finish(&text);
}

static void put_answer(struct buffer *out)
{
    buffer_append_string(out,
                         "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: ");
    put_proof(out);
    buffer_append_string(out, "\r\n\r\n");
}

static void put_bytes(struct buffer *out, const uint8_t *bytes, size_t n, bool with_proof)
{
    for (size_t i = 0; i < n; i++) {
        if (with_proof && bytes[i] == '@')
            put_proof(out);
        else
            buffer_append(out, &bytes[i], 1);
    }
}

/* first: the opcode; piece: bytes of each frame, 0: one frame. */
static void put_frames(struct buffer *out, unsigned first, const char *bytes, size_t n, size_t piece)
{
    enum { FIN = 0x80, SHORT = 126 };
    do {
        const size_t len = piece > 0 && n > piece ? piece : n;
        const unsigned char start = (unsigned char)(first | (len == n ? FIN : 0u));
        buffer_append(out, &start, 1);
        const unsigned char head[] = {SHORT, (unsigned char)(len >> 8), (unsigned char)len};
        if (len < SHORT)
            buffer_append(out, &head[2], 1);
        else
            buffer_append(out, head, sizeof(head));
        buffer_append(out, bytes, len);
        bytes += len;
        n -= len;
        first = 0;
    } while (n > 0);
}

static void deflate_more(z_stream *zlib, const char *bytes, size_t n, struct buffer *out)
{
    char chunk[1 << 14]; /* more than any input becomes */
    zlib->next_in = (Bytef *)(uintptr_t)bytes;
    zlib->avail_in = (uInt)n;
    zlib->next_out = (Bytef *)chunk;
    zlib->avail_out = sizeof(chunk);
    hold(deflate(zlib, Z_SYNC_FLUSH) == Z_OK && zlib->avail_out > 0);
    buffer_append(out, chunk, sizeof(chunk) - zlib->avail_out);
}

/* Every line of text, which ends with a line's end, as a message. */
static void put_messages(struct buffer *out, const struct buffer *text, const struct heard *heard)
{
    enum { TEXT = 1, BINARY = 2, FRAGMENT = 16 /* bytes at least, for a message may not have too many */ };
    const size_t piece = connection.piece > 0 ? connection.piece + FRAGMENT : 0;
    z_stream zlib = {0};
    hold(deflateInit(&zlib, Z_BEST_SPEED) == Z_OK);
    for (const char *line = text->data, *end; line < text->data + text->len; line = end + 1) {
        end = memchr(line, '\n', text->len - (size_t)(line - text->data));
        const size_t n = (size_t)(end - line);
        struct buffer payload = {0};
        if ((heard->how & HOW_COMPRESSED) != 0) {
            deflate_more(&zlib, line, n, &payload);
            put_frames(out, BINARY, payload.data, payload.len, piece);
        } else {
            put_frames(out, TEXT, line, n, piece);
        }
        buffer_finish(&payload);
    }
    deflateEnd(&zlib);
}

/* Until all has come, or nobody listens any more. */
static void play(struct heard *heard)
{
    for (bool more = true; more && heard->ws != NULL && !heard->closed;) {
        more = connection.in.len > 0 || !connection.ended;
        connection.ended = connection.in.len == 0;
        connection.at_once = connection.piece > 0 ? connection.piece : SIZE_MAX;
        connection.on_ready(connection.arg);
    }
}

/* The messages of the input, each with its line's end. False where a line cannot be one: without content there is nothing to
 * flush, and text is UTF-8. */
static bool read_messages(const uint8_t *bytes, size_t n, int how, struct buffer *out)
{
    buffer_append(out, bytes, n);
    buffer_append_string(out, "\n");
    if ((how & HOW_COMPRESSED) == 0)
        return utf8_valid(out->data, out->len);
    for (size_t i = 0; i < out->len; i++) {
        if (out->data[i] == '\n' && (i == 0 || out->data[i - 1] == '\n'))
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct loop *loop;
    if (loop == NULL)
        loop = loop_create();
    if (n < 2)
        return -1;
    struct heard heard = {.how = bytes[0]};
    struct buffer text = {0};
    const bool messages = (heard.how & HOW_MESSAGES) != 0, answer = (heard.how & HOW_ANSWER) != 0;
    if (messages && !read_messages(bytes + 2, n - 2, heard.how, &text)) {
        buffer_finish(&text);
        return -1;
    }
    heard.expected = messages ? &text : NULL;
    const struct websocket_config config = {
        .loop = loop,
        .url = "wss://gateway.discord.gg/?v=10",
        .zlib_stream = (heard.how & HOW_COMPRESSED) != 0,
        .open_timeout_ms = 60000,
    };
    heard.ws = websocket_open(&config, &(struct websocket_callbacks){on_open, on_message, on_closed, &heard});
    connection.piece = bytes[1];
    connection.on_connect(connection.arg, NULL);
    connection.on_ready(connection.arg); /* the request leaves */
    connection.deaf = (heard.how & HOW_DEAF) != 0;
    if (messages || !answer)
        put_answer(&connection.in);
    if (messages)
        put_messages(&connection.in, &text, &heard);
    else
        put_bytes(&connection.in, bytes + 2, n - 2, answer);
    play(&heard);
    hold(heard.ws == NULL || heard.closed);
    hold(!messages || heard.at == text.len || (heard.how & (HOW_CLOSE | HOW_DESTROY)) != 0);
    websocket_destroy(heard.ws);
    hold(connection.closed);
    buffer_finish(&connection.in);
    buffer_finish(&connection.sent);
    buffer_finish(&text);
    return 0;
}
