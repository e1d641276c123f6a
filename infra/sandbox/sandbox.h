/*
 * The local Discord: what its parts share. One thread, one loop.
 *
 *     main ─ server ─ sandbox_route ─┬─ page        the page at /
 *            (h2o)                   ├─ control     the control API, told in control.h
 *                                    ├─ gateway     websockets: identify, connection, session
 *                                    ├─ cdn         pictures: avatar
 *                                    └─ api         Discord's REST API: api_get, command, webhook
 *
 *     control ─ interaction ─ http_client ─▶ the handler ─▶ webhook ─ multipart, validate ─ message
 */
#pragma once

#include "infra/sandbox/faults.h"

#include <stdint.h>

struct cast;
struct commands;
struct gateway;
struct http_client;
struct interactions;
struct journal;
struct loop;
struct messages;
struct parked;
struct request;

struct sandbox {
    struct loop *loop;
    struct http_client *client;
    struct cast *cast;
    struct journal *journal;
    struct parked *parked;
    struct gateway *gateway;
    struct messages *messages;
    struct interactions *interactions;
    struct commands *commands;
    struct faults faults;

    char *token;            /* the bot's */
    unsigned char seed[32]; /* of the key that signs interactions */
    char public_key[65];    /* hex */
    char *handler_url;      /* where interactions are posted */
    char *page_dir;         /* index.html and what it needs */
    char *cdn_url;          /* https://localhost:port */
    char *gateway_url;      /* wss://localhost:port/gateway */
    char *resume_url;       /* wss://127.0.0.1:port/resume */
};

/* A request to any of the addresses. */
void sandbox_route(struct sandbox *sandbox, struct request *request);

/* A new snowflake: Discord's kind of id, made of the wall clock. */
uint64_t sandbox_snowflake(void);
/* n random hex digits and a NUL. */
void sandbox_random_hex(char *out, int n);
/* "2026-08-09T18:20:05.120000+00:00". Good until the next call. */
const char *sandbox_iso_time(int64_t ms);
