/* Whether a request really comes from Discord: Ed25519 over timestamp and raw body ("Interactions Overview", "Validating
 * Security Request Headers"). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PUBLIC_KEY_BYTES = 32 };

/* NULL or anything but exactly 128 hex digits as signature, or a NULL timestamp: false. */
bool verify_signature(const uint8_t key[PUBLIC_KEY_BYTES], const char *signature, size_t signature_len,
                      const char *timestamp, size_t timestamp_len, const void *body, size_t body_len);
