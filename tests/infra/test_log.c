#include "infra/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What log_line() writes, without the time. */
static const char *logged(enum log_level level, const char *event, const char *text)
{
    static char line[4096];
    FILE *const file = tmpfile();
    const int real = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    log_line(level, event, "text=%s", text);
    dup2(real, STDERR_FILENO);
    close(real);
    rewind(file);
    const size_t n = fread(line, 1, sizeof(line) - 1, file);
    line[n] = '\0';
    fclose(file);
    if (n == 0)
        return "";
    int year, month, day, hour, minute, second, ms, end = 0;
    assert_int_equal(sscanf(line, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &year, &month, &day, &hour, &minute,
                            &second, &ms, &end),
                     7);
    assert_int_equal(end, 25);
    return line + end;
}

static void test_line(void **state)
{
    (void)state;
    assert_string_equal(logged(LOG_INFO, "started", "x"), "info started text=x\n");
    log_set_program("handler[3]");
    assert_string_equal(logged(LOG_ERROR, "broken", "y"), "error handler[3] broken text=y\n");
    log_set_program("a name that is longer than thirty-one bytes");
    assert_string_equal(logged(LOG_WARN, "w", ""), "warn a name that is longer than thir w text=\n");
    log_set_program("");
}

static void test_long_line(void **state)
{
    (void)state;
    static char text[5000];
    for (size_t n = 1900; n < sizeof(text) - 1; n++) {
        memset(text, 'x', n);
        const char *const line = logged(LOG_INFO, "e", text);
        const size_t len = strlen(line);
        assert_int_equal(line[len - 1], '\n');
        assert_int_equal(strcspn(line, "\n"), len - 1);
        assert_int_equal(len, n + 13 < 2022 ? n + 13 : 2022);
        if (n == 2100)
            n = sizeof(text) - 3;
    }
}

static void test_level(void **state)
{
    (void)state;
    assert_string_equal(logged(LOG_DEBUG, "quiet", ""), "");
    log_set_level(LOG_DEBUG);
    assert_string_equal(logged(LOG_DEBUG, "loud", ""), "debug loud text=\n");
    log_set_level(LOG_ERROR);
    assert_string_equal(logged(LOG_WARN, "quiet", ""), "");
    log_set_level(LOG_INFO);

    enum log_level level = LOG_INFO;
    assert_true(log_level_parse("debug", &level));
    assert_int_equal(level, LOG_DEBUG);
    assert_true(log_level_parse("error", &level));
    assert_int_equal(level, LOG_ERROR);
    assert_false(log_level_parse("Error", &level));
    assert_false(log_level_parse("", &level));
}

static void test_quote(void **state)
{
    (void)state;
    assert_string_equal(log_quote(NULL), "\"\"");
    assert_string_equal(log_quote("a b"), "\"a b\"");
    assert_string_equal(log_quote("say \"\\\""), "\"say \\\"\\\\\\\"\"");
    assert_string_equal(log_quote("x\ny\x7f\xc3\xa4"), "\"x\\x0ay\\x7f\\xc3\\xa4\"");
    char longest[300];
    memset(longest, '\xff', sizeof(longest));
    longest[299] = '\0';
    assert_int_equal(strlen(log_quote(longest)), 2 + 4 * 200);
    const char *const first = log_quote("1");
    log_quote("2");
    log_quote("3");
    log_quote("4");
    assert_string_equal(first, "\"1\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_level),
        cmocka_unit_test(test_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
