#include "handler/verify.h"

#include "infra/mem.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(PUBLIC_KEY_BYTES == crypto_sign_PUBLICKEYBYTES, "an Ed25519 key");

bool verify_signature(const uint8_t key[PUBLIC_KEY_BYTES], const char *signature, size_t signature_len,
                      const char *timestamp, size_t timestamp_len, const void *body, size_t body_len)
{
    uint8_t bytes[crypto_sign_BYTES];
    if (signature == NULL || timestamp == NULL || signature_len != 2 * sizeof(bytes))
        return false;
    if (sodium_init() < 0) /* at once after the first time */
        return false;
    size_t n = 0;
    if (sodium_hex2bin(bytes, sizeof(bytes), signature, signature_len, NULL, &n, NULL) != 0 ||
        n != sizeof(bytes))
        return false;

    /* Ed25519 reads its message twice, so it wants it in one piece. */
    uint8_t *const message = mem_alloc(timestamp_len + body_len);
    memcpy(message, timestamp, timestamp_len);
    memcpy(message + timestamp_len, body, body_len);
    const bool good = crypto_sign_verify_detached(bytes, message, timestamp_len + body_len, key) == 0;
    free(message);
    return good;
}
