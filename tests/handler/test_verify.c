#include "handler/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

/* A key, a timestamp and a body with their signature. */
static const char key_hex[] = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
static const char timestamp[] = "1786298400";
static const char body[] =
    "{\"id\":\"1536027000000000001\",\"application_id\":\"1204716319438934023\",\"type\":1,\"token\":\"t\",\"version\":1}";
static const char signature[] = "9ead6fde2fe24033bbbda7c0086658007aad79dd68a156121fb8b19f4e8fd522"
                                "c4b70ac792eae9c607a7b08004d67e9e469d35d6972b2d1226da9b20d54e0705";

static uint8_t key[PUBLIC_KEY_BYTES];

static int read_key(void **state)
{
    (void)state;
    return sodium_hex2bin(key, sizeof(key), key_hex, strlen(key_hex), NULL, NULL, NULL);
}

static bool verify(const char *hex, size_t hex_len, const char *time, const char *text)
{
    return verify_signature(key, hex, hex_len, time, time == NULL ? 0 : strlen(time), text, strlen(text));
}

static void test_vector(void **state)
{
    (void)state;
    assert_true(verify(signature, 128, timestamp, body));
}

static void test_upper_case_hex(void **state)
{
    (void)state;
    char upper[129];
    for (size_t i = 0; i < sizeof(upper); i++)
        upper[i] = (char)(signature[i] >= 'a' && signature[i] <= 'f' ? signature[i] - 'a' + 'A' : signature[i]);
    assert_true(verify(upper, 128, timestamp, body));
}

static void test_every_changed_byte(void **state)
{
    (void)state;
    char changed[sizeof(body)];
    for (size_t i = 0; i < strlen(body); i++) {
        memcpy(changed, body, sizeof(body));
        changed[i] ^= 1;
        assert_false(verify(signature, 128, timestamp, changed));
    }
    char hex[sizeof(signature)];
    for (size_t i = 0; i < 128; i++) {
        memcpy(hex, signature, sizeof(hex));
        hex[i] = hex[i] == '0' ? '1' : '0';
        assert_false(verify(hex, 128, timestamp, body));
    }
    assert_false(verify(signature, 128, "1786298401", body));
    assert_false(verify(signature, 128, "", body));
}

/* The border between timestamp and body is nowhere in what is signed; only the whole counts. */
static void test_is_over_the_concatenation(void **state)
{
    (void)state;
    char shifted[sizeof(body) + 1];
    shifted[0] = '0';
    memcpy(shifted + 1, body, sizeof(body));
    assert_true(verify(signature, 128, "178629840", shifted));
}

static void test_malformed(void **state)
{
    (void)state;
    char hex[sizeof(signature) + 2];
    assert_false(verify(NULL, 0, timestamp, body));
    assert_false(verify("", 0, timestamp, body));
    assert_false(verify(signature, 128, NULL, body));
    assert_false(verify(signature, 126, timestamp, body));
    assert_false(verify(signature, 127, timestamp, body));
    memcpy(hex, signature, 128);
    memcpy(hex + 128, "00", 3);
    assert_false(verify(hex, 129, timestamp, body));
    assert_false(verify(hex, 130, timestamp, body));
    for (size_t i = 0; i < 128; i += 127) {
        static const char bad[] = {'g', ' ', '\0', ':', '-', (char)0xE9};
        for (size_t j = 0; j < sizeof(bad); j++) {
            memcpy(hex, signature, 128);
            hex[i] = bad[j];
            assert_false(verify(hex, 128, timestamp, body));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),
        cmocka_unit_test(test_upper_case_hex),
        cmocka_unit_test(test_every_changed_byte),
        cmocka_unit_test(test_is_over_the_concatenation),
        cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, read_key, NULL);
}
