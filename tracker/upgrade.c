#include "tracker/upgrade.h"

#include "infra/discord.h"
#include "infra/mem.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { KEY_SIZE = 24 + 1 }; /* base64 of 16 bytes, and NUL */

/* What proves that the peer has read our key (RFC 6455, 4.2.2). */
static void expect_accept(const char *key, char accept[UPGRADE_ACCEPT_SIZE])
{
    char text[KEY_SIZE + 36];
    const int n = snprintf(text, sizeof(text), "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1((const unsigned char *)text, (size_t)n, digest);
    EVP_EncodeBlock((unsigned char *)accept, digest, sizeof(digest));
}

void upgrade_request(const char *url, struct buffer *request, char accept[UPGRADE_ACCEPT_SIZE])
{
    unsigned char nonce[16];
    char key[KEY_SIZE];
    if (getrandom(nonce, sizeof(nonce), 0) != sizeof(nonce))
        abort(); /* so few come at once or never */
    EVP_EncodeBlock((unsigned char *)key, nonce, sizeof(nonce));
    expect_accept(key, accept);

    const char *const scheme_end = strstr(url, "://");
    const char *const authority = scheme_end != NULL ? scheme_end + 3 : url;
    const size_t n = strcspn(authority, "/?#");
    const char *const path = authority + n;
    buffer_printf(request,
                  "GET %s%s HTTP/1.1\r\n"
                  "Host: %.*s\r\n"
                  "Upgrade: websocket\r\n"
                  "Connection: Upgrade\r\n"
                  "Sec-WebSocket-Key: %s\r\n"
                  "Sec-WebSocket-Version: 13\r\n"
                  "User-Agent: " DISCORD_USER_AGENT "\r\n"
                  "\r\n",
                  path[0] == '/' ? "" : "/", path, (int)n, authority, key);
}

/* A header's value without the white space around it; cuts the line. */
static char *trim(char *value)
{
    value += strspn(value, " \t");
    size_t n = strlen(value);
    while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
        n--;
    value[n] = '\0';
    return value;
}

const char *upgrade_check(char *head, const char *accept)
{
    char *rest;
    const char *const status = strtok_r(head, "\r\n", &rest);
    if (status == NULL || strncmp(status, "HTTP/1.1 ", 9) != 0)
        return "the answer to the upgrade is no HTTP/1.1";
    if (strncmp(status + 9, "101", 3) != 0 || (status[12] != ' ' && status[12] != '\0'))
        return status; /* "HTTP/1.1 429 Too Many Requests" says it best */
    bool upgrade = false, connection = false, accepted = false;
    for (char *line; (line = strtok_r(NULL, "\r\n", &rest)) != NULL;) {
        char *const colon = strchr(line, ':');
        if (colon == NULL)
            return "the answer to the upgrade has a malformed header";
        *colon = '\0';
        const char *const value = trim(colon + 1);
        if (strcasecmp(line, "Upgrade") == 0)
            upgrade = strcasecmp(value, "websocket") == 0;
        else if (strcasecmp(line, "Connection") == 0)
            connection = strcasestr(value, "upgrade") != NULL;
        else if (strcasecmp(line, "Sec-WebSocket-Accept") == 0)
            accepted = strcmp(value, accept) == 0;
        else if (strcasecmp(line, "Sec-WebSocket-Extensions") == 0 ||
                 strcasecmp(line, "Sec-WebSocket-Protocol") == 0)
            return "the server chose an extension or protocol that was not offered";
    }
    return upgrade && connection && accepted ? NULL : "the answer to the upgrade lacks what proves it";
}
