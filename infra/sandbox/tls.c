#include "infra/sandbox/tls.h"

#include "infra/log.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

enum { CA_DAYS = 3650, SERVER_DAYS = 365 };

struct authority {
    EVP_PKEY *key;
    X509 *certificate;
};

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *const extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    const bool good = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

/* An unsigned certificate for the key, with a random serial number. */
static X509 *new_certificate(EVP_PKEY *key, const char *common_name, int days)
{
    X509 *const certificate = X509_new();
    long serial = 0;
    RAND_bytes((unsigned char *)&serial, sizeof(serial) - 1);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600); /* clocks differ a little */
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * days);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               (const unsigned char *)common_name, -1, -1, 0);
    return certificate;
}

static bool make_authority(struct authority *authority)
{
    authority->key = EVP_EC_gen("P-256");
    authority->certificate = new_certificate(authority->key, "vcledger local Discord CA", CA_DAYS);
    X509 *const ca = authority->certificate;
    X509_set_issuer_name(ca, X509_get_subject_name(ca));
    return add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           add_extension(ca, ca, NID_subject_key_identifier, "hash") &&
           X509_sign(ca, authority->key, EVP_sha256()) > 0;
}

static bool save_authority(const struct authority *authority, const char *ca_path, const char *key_path)
{
    FILE *const key_file = fopen(key_path, "we");
    if (key_file == NULL)
        return false;
    fchmod(fileno(key_file), 0600);
    bool good = PEM_write_PrivateKey(key_file, authority->key, NULL, NULL, 0, NULL, NULL) == 1;
    good = fclose(key_file) == 0 && good;
    FILE *const ca_file = fopen(ca_path, "we");
    if (ca_file == NULL)
        return false;
    good = PEM_write_X509(ca_file, authority->certificate) == 1 && good;
    return fclose(ca_file) == 0 && good;
}

/* False where it is not there, or unreadable, or over in less than a month. */
static bool load_authority(struct authority *authority, const char *ca_path, const char *key_path)
{
    FILE *const ca_file = fopen(ca_path, "re");
    FILE *const key_file = fopen(key_path, "re");
    if (ca_file != NULL)
        authority->certificate = PEM_read_X509(ca_file, NULL, NULL, NULL);
    if (key_file != NULL)
        authority->key = PEM_read_PrivateKey(key_file, NULL, NULL, NULL);
    if (ca_file != NULL)
        fclose(ca_file);
    if (key_file != NULL)
        fclose(key_file);
    time_t in_a_month = time(NULL) + 30 * 86400L;
    return authority->certificate != NULL && authority->key != NULL &&
           X509_cmp_time(X509_get0_notAfter(authority->certificate), &in_a_month) > 0;
}

static bool use_server_certificate(SSL_CTX *context, const struct authority *authority)
{
    EVP_PKEY *const key = EVP_EC_gen("P-256");
    X509 *const certificate = new_certificate(key, "localhost", SERVER_DAYS);
    X509 *const ca = authority->certificate;
    X509_set_issuer_name(certificate, X509_get_subject_name(ca));
    const bool good =
        add_extension(certificate, ca, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(certificate, ca, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1") &&
        add_extension(certificate, ca, NID_ext_key_usage, "serverAuth") &&
        add_extension(certificate, ca, NID_authority_key_identifier, "keyid") &&
        X509_sign(certificate, authority->key, EVP_sha256()) > 0 &&
        SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return good;
}

SSL_CTX *tls_create(const char *dir, const char *ca_path)
{
    char key_path[4096];
    snprintf(key_path, sizeof(key_path), "%s/ca-key.pem", dir);
    struct authority authority = {0};
    bool good = load_authority(&authority, ca_path, key_path) ||
                (make_authority(&authority) && save_authority(&authority, ca_path, key_path));
    SSL_CTX *const context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    good = good && use_server_certificate(context, &authority);
    EVP_PKEY_free(authority.key);
    X509_free(authority.certificate);
    if (good)
        return context;
    const unsigned long error = ERR_get_error();
    log_error("tls_failed", "dir=%s error=%s", log_quote(dir),
              log_quote(error != 0 ? ERR_error_string(error, NULL) : ""));
    SSL_CTX_free(context);
    return NULL;
}
