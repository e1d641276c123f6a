/*
 * One gateway connection: frames in both directions, zlib-stream, the limits on what a client may send, and the
 * heartbeat's deadline. What the frames mean is gateway.c's.
 */
#pragma once

#include <cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <zlib.h>

struct connection;
struct loop_timer;
struct sandbox;
struct session;
struct websocket;

/*
 * on_frame gets each well-formed frame. on_closed comes once, at the end, and not after connection_drop():
 * client_code is the close code where the client closed, else 0. The connection is freed after it.
 */
struct connection_callbacks {
    void (*on_frame)(void *arg, struct connection *connection, int64_t op, const cJSON *d);
    void (*on_closed)(void *arg, struct connection *connection, int client_code);
    void *arg;
};

struct connection {
    struct sandbox *sandbox;
    struct websocket *websocket;
    struct connection_callbacks callbacks;
    int64_t number;
    bool at_resume_url;
    bool compressed;
    bool closing;   /* we sent a close frame: nothing counts any more */
    bool timed_out; /* its heartbeat did not come */
    z_stream deflate;
    struct loop_timer *deadline; /* of the next heartbeat */
    int64_t window_started_ms;   /* of the 60 s in which 120 frames may come */
    int frames_in_window;
    struct session *session; /* or NULL */
    struct connection *next; /* gateway.c's list */
};

struct connection *connection_create(struct sandbox *sandbox, struct websocket *websocket, bool compressed,
                                     int64_t number, const struct connection_callbacks *callbacks);
/* A frame's text as it is. */
void connection_send(struct connection *connection, const char *text);
/* {"op": op, "d": d}; d is freed, NULL becomes null. */
void connection_send_op(struct connection *connection, int op, cJSON *takes_d);
/* Gives the client one and a half intervals until its next heartbeat. */
void connection_expect_heartbeat(struct connection *connection);
/* Sends a close frame. on_closed follows. */
void connection_close(struct connection *connection, int code, const char *reason);
/* Cuts it without a word and frees it. */
void connection_drop(struct connection *connection);
