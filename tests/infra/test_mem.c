#include "infra/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_copies(void **state)
{
    (void)state;
    char *copy = mem_strdup("abc");
    assert_string_equal(copy, "abc");
    free(copy);
    copy = mem_strndup("abc", 2);
    assert_string_equal(copy, "ab");
    free(copy);
    copy = mem_strndup("", 0);
    assert_string_equal(copy, "");
    free(copy);
    assert_null(mem_strdup(NULL));
}

static void test_alloc(void **state)
{
    (void)state;
    static const char zeros[1000];
    char *p = mem_alloc(sizeof(zeros));
    assert_memory_equal(p, zeros, sizeof(zeros));
    p = mem_realloc(p, 100000);
    assert_memory_equal(p, zeros, sizeof(zeros));
    free(p);
    free(mem_alloc(0));
}

static void test_buffer_append(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append(&buffer, NULL, 0);
    assert_string_equal(buffer.data, "");
    /* Every length up to well past the first few growths: the NUL always has its place. */
    for (size_t i = 0; i < 1000; i++) {
        buffer_append(&buffer, "x", 1);
        assert_int_equal(buffer.len, i + 1);
        assert_int_equal(strlen(buffer.data), i + 1);
        assert_true(buffer.capacity > buffer.len);
    }
    buffer_append(&buffer, "a\0b", 3);
    assert_int_equal(buffer.len, 1003);
    assert_memory_equal(buffer.data + 1000, "a\0b", 4);
    buffer_finish(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.len, 0);
    buffer_append_string(&buffer, "again");
    assert_string_equal(buffer.data, "again");
    buffer_finish(&buffer);
    buffer_finish(&buffer);
}

static void test_buffer_printf(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_printf(&buffer, "%s", "");
    assert_string_equal(buffer.data, "");
    for (int i = 0; i < 100; i++)
        buffer_printf(&buffer, "%d,", i % 10);
    assert_int_equal(buffer.len, 200);
    assert_true(strncmp(buffer.data, "0,1,2,3,", 8) == 0);
    buffer_printf(&buffer, "%5000s", "end");
    assert_int_equal(buffer.len, 5200);
    assert_string_equal(buffer.data + 5197, "end");
    buffer_finish(&buffer);
}

static void test_buffer_consume(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_consume(&buffer, 0);
    buffer_append_string(&buffer, "abcdef");
    buffer_consume(&buffer, 0);
    buffer_consume(&buffer, 2);
    assert_string_equal(buffer.data, "cdef");
    assert_int_equal(buffer.len, 4);
    buffer_append_string(&buffer, "gh");
    assert_string_equal(buffer.data, "cdefgh");
    buffer_consume(&buffer, 6);
    assert_string_equal(buffer.data, "");
    assert_int_equal(buffer.len, 0);
    buffer_finish(&buffer);
}

static void test_buffer_chomp(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_chomp(&buffer);
    assert_int_equal(buffer.len, 0);
    buffer_append_string(&buffer, "FATAL: no\nDETAIL: none\n\n");
    buffer_chomp(&buffer);
    buffer_chomp(&buffer);
    assert_string_equal(buffer.data, "FATAL: no\nDETAIL: none");
    assert_int_equal(buffer.len, 22);
    buffer_finish(&buffer);
    buffer_append_string(&buffer, "\n");
    buffer_chomp(&buffer);
    assert_string_equal(buffer.data, "");
    buffer_finish(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies),         cmocka_unit_test(test_alloc),
        cmocka_unit_test(test_buffer_append),  cmocka_unit_test(test_buffer_printf),
        cmocka_unit_test(test_buffer_consume), cmocka_unit_test(test_buffer_chomp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
