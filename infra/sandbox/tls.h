/*
 * The certificate authority of the local Discord and its server's certificate. The authority is made once and
 * kept in the state directory (ca.pem, ca-key.pem); the certificate for localhost, 127.0.0.1 and ::1 is made
 * anew at each start.
 */
#pragma once

#include <openssl/ssl.h>

/* ca_path: of ca.pem. NULL after an error (logged). */
SSL_CTX *tls_create(const char *dir, const char *ca_path);
