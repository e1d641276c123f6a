#include "infra/json.h"

#include "infra/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A copy without a NUL at its end, so that the sanitizer sees a byte read too far. */
static bool parses_bytes(const char *bytes, size_t n)
{
    char *const copy = mem_alloc(n);
    memcpy(copy, bytes, n);
    cJSON *const document = json_parse(copy, n);
    free(copy);
    cJSON_Delete(document);
    return document != NULL;
}

static bool parses(const char *text)
{
    return parses_bytes(text, strlen(text));
}

static void test_parse(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{}",
        "[]",
        "null",
        "\"\"",
        " {\"a\":[1,2.5,-3e4,true,false,null]} \r\n\t",
        "\"[[[\\\"]]]\"",
        "\"\\ud83d\\ude00\"",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(parses(good[i]));
    static const char *const bad[] = {
        "",    " ",  "{",     "[1,]",    "{\"a\":1,}",  "{\"a\" 1}", "{a:1}", "{'a':1}", "nul",
        "NaN", "+1", "\"abc", "\"\\x\"", "\"\\ud800\"", "{} {}",     "{}x",   "1 2",     "[1]]",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(parses(bad[i]));
    assert_false(parses_bytes("{}\0", 3));
    assert_false(parses_bytes("\"a\0b\"", 5));
    assert_false(parses_bytes("", 0));
    assert_null(json_parse(NULL, 0));
    assert_true(parses_bytes("{}garbage", 2));
}

static void test_parse_depth(void **state)
{
    (void)state;
    char text[2 * 100000];
    static const int depths[] = {64, 65, 100000};
    for (size_t i = 0; i < 3; i++) {
        const size_t n = (size_t)depths[i];
        memset(text, '[', n);
        memset(text + n, ']', n);
        assert_int_equal(parses_bytes(text, 2 * n), n <= 64);
    }
    memset(text, '[', sizeof(text));
    text[0] = text[sizeof(text) - 1] = '"'; /* in a string they are only characters */
    assert_true(parses_bytes(text, sizeof(text)));
}

/* n values of each way to have some. */
static void test_parse_values(void **state)
{
    (void)state;
    enum { MOST = 2 << 20 };
    static const char *const pieces[] = {"0,", "[],", "{},", "\"[,{\","};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        const int each = strchr("[{", pieces[i][0]) != NULL ? 2 : 1; /* its own, and the comma's */
        for (int more = 0; more < 2; more++) {
            struct buffer json = {0};
            buffer_append_string(&json, "[");
            for (int n = 2; n + each <= MOST + more * each; n += each)
                buffer_append_string(&json, pieces[i]);
            buffer_append_string(&json, "0]");
            cJSON *const document = json_parse(json.data, json.len);
            assert_int_equal(document == NULL, more);
            cJSON_Delete(document);
            buffer_finish(&json);
        }
    }
}

static void test_parse_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {
        "\"\x7f\"",         "\"\xc2\x80\"",     "\"\xdf\xbf\"",         "\"\xe0\xa0\x80\"",
        "\"\xed\x9f\xbf\"", "\"\xee\x80\x80\"", "\"\xf0\x90\x80\x80\"", "\"\xf4\x8f\xbf\xbf\"",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(parses(good[i]));
    static const char *const bad[] = {
        "\"\x80\"",
        "\"\xc0\x80\"",
        "\"\xc1\xbf\"",
        "\"\xc2\"",
        "\"\xe0\x9f\xbf\"",
        "\"\xe1\x80\"",
        "\"\xed\xa0\x80\"",
        "\"\xed\xbf\xbf\"",
        "\"\xf0\x8f\xbf\xbf\"",
        "\"\xf4\x90\x80\x80\"",
        "\"\xf5\x80\x80\x80\"",
        "\"\xff\"",
        "\"\xe2\x82",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(parses(bad[i]));
}

/* It is looked at eight bytes at a time. */
static void test_parse_utf8_anywhere(void **state)
{
    (void)state;
    for (int before = 0; before < 17; before++) {
        char text[64];
        snprintf(text, sizeof(text), "\"%.*s\xc3\xa4%.*s\"", before, "aaaaaaaaaaaaaaaa", 16 - before,
                 "bbbbbbbbbbbbbbbb");
        assert_true(parses(text));
        snprintf(text, sizeof(text), "\"%.*s\xc3%.*s\"", before, "aaaaaaaaaaaaaaaa", 16 - before,
                 "bbbbbbbbbbbbbbbb");
        assert_false(parses(text));
    }
}

static void test_snowflake(void **state)
{
    (void)state;
    uint64_t id;
    assert_true(snowflake_parse("1", &id));
    assert_true(id == 1);
    assert_true(snowflake_parse("18446744073709551615", &id));
    assert_true(id == UINT64_MAX);
    static const char *const bad[] = {
        "",
        "0",
        "01",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1a",
        "0x1",
        "1.0",
        "18446744073709551616",
        "20000000000000000000",
        "99999999999999999999",
        "100000000000000000000",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        id = 7;
        assert_false(snowflake_parse(bad[i], &id));
        assert_true(id == 0);
    }
}

static void test_getters(void **state)
{
    (void)state;
    static const char text[] =
        "{\"s\":\"x\",\"S\":\"y\",\"id\":\"42\",\"n\":-7,\"f\":1.5,\"e\":2e3,\"big\":9007199254740991,"
        "\"huge\":9007199254740992,\"inf\":1e400,\"t\":true,\"no\":false,\"z\":null,\"o\":{},\"a\":[]}";
    cJSON *const document = json_parse(text, strlen(text));
    assert_non_null(document);
    assert_string_equal(json_string(document, "s"), "x");
    assert_string_equal(json_string(document, "S"), "y");
    assert_null(json_string(document, "n"));
    assert_null(json_string(document, "none"));
    assert_null(json_member(document, "z"));
    assert_null(json_member(NULL, "s"));
    assert_null(json_member(json_member(document, "a"), "s"));

    uint64_t id;
    assert_true(json_snowflake(document, "id", &id));
    assert_true(id == 42);
    assert_false(json_snowflake(document, "n", &id));
    assert_true(id == 0);

    int64_t n;
    assert_true(json_int(document, "n", &n));
    assert_int_equal(n, -7);
    assert_true(json_int(document, "e", &n));
    assert_int_equal(n, 2000);
    assert_true(json_int(document, "big", &n));
    assert_true(n == 9007199254740991);
    static const char *const none[] = {"f", "huge", "inf", "s", "t", "z", "none"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_false(json_int(document, none[i], &n));
        assert_int_equal(n, 0);
    }

    assert_true(json_bool(document, "t"));
    assert_false(json_bool(document, "no"));
    assert_false(json_bool(document, "n"));
    assert_non_null(json_object(document, "o"));
    assert_null(json_object(document, "a"));
    assert_non_null(json_array(document, "a"));
    assert_null(json_array(document, "o"));
    cJSON_Delete(document);
}

static void test_add_snowflake(void **state)
{
    (void)state;
    cJSON *const object = cJSON_CreateObject();
    json_add_snowflake(object, "id", UINT64_MAX);
    char *const text = cJSON_PrintUnformatted(object);
    assert_string_equal(text, "{\"id\":\"18446744073709551615\"}");
    free(text);
    cJSON_Delete(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_depth),
        cmocka_unit_test(test_parse_values),
        cmocka_unit_test(test_parse_utf8),
        cmocka_unit_test(test_parse_utf8_anywhere),
        cmocka_unit_test(test_snowflake),
        cmocka_unit_test(test_getters),
        cmocka_unit_test(test_add_snowflake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
