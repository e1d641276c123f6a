/* The opening handshake of a websocket (RFC 6455, 4): what the client asks and how it checks the answer. No
 * socket. */
#pragma once

struct buffer;

enum { UPGRADE_ACCEPT_SIZE = 28 + 1 }; /* base64 of a SHA-1, and NUL */

/* Appends the request for url (scheme://host[:port][/path][?query]), with a fresh random key, to *request;
 * accept gets what the answer must hold to prove that it is one. */
void upgrade_request(const char *url, struct buffer *request, char accept[UPGRADE_ACCEPT_SIZE]);

/* NULL where head, the answer's header up to the empty line, accepts the upgrade as it was asked for, without
 * extension or protocol; else what is wrong, in words that may lie in head. Cuts head to pieces. */
const char *upgrade_check(char *head, const char *accept);
