#include "infra/config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Errors are kept for good: what may end in one runs in a child, which tells it. "" if there was none. */
static const char *error_of(void (*read_settings)(void))
{
    static char error[300];
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    const pid_t child = fork();
    if (child == 0) {
        read_settings();
        const char *const words = config_error(0);
        const ssize_t n = words != NULL ? write(fds[1], words, strlen(words)) : 0;
        _exit(n < 0);
    }
    close(fds[1]);
    ssize_t n, used = 0;
    while ((n = read(fds[0], error + used, sizeof(error) - 1 - (size_t)used)) > 0)
        used += n;
    error[used] = '\0';
    close(fds[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return error;
}

static void set(const char *value)
{
    if (value != NULL)
        setenv("X", value, 1);
    else
        unsetenv("X");
}

static void test_strings(void **state)
{
    (void)state;
    set("value");
    assert_string_equal(config_string("X", "fallback"), "value");
    assert_string_equal(config_optional("X"), "value");
    set("");
    assert_string_equal(config_string("X", "fallback"), "fallback");
    assert_null(config_optional("X"));
    set(NULL);
    assert_string_equal(config_string("X", "fallback"), "fallback");
    assert_null(config_optional("X"));
    assert_null(config_error(0));
}

static void read_required(void)
{
    if (strcmp(config_string("X", NULL), "") != 0)
        abort();
    config_fail("Y", "comes second");
}

static void test_required(void **state)
{
    (void)state;
    set(NULL);
    assert_string_equal(error_of(read_required), "X is not set");
    set("");
    assert_string_equal(error_of(read_required), "X is not set");
}

static void read_word(void)
{
    if (strcmp(config_word("X"), "abc.DEF-_~!") != 0)
        config_fail("Y", "comes second");
}

static void test_word(void **state)
{
    (void)state;
    set("abc.DEF-_~!");
    assert_string_equal(error_of(read_word), "");
    set(NULL);
    assert_string_equal(error_of(read_word), "X is not set");
    static const char *const bad[] = {"abc def", "abc ",  " abc",     "abc\n", "a\r\nb",
                                      "a\tb",    "a\177", "\303\244", "\377"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        set(bad[i]);
        assert_non_null(strstr(error_of(read_word), "X must be one word"));
        assert_null(strstr(error_of(read_word), "abc"));
    }
}

static void read_url(void)
{
    if (strcmp(config_url("X", NULL, "ws"), "") != 0)
        abort();
}

static void test_url(void **state)
{
    (void)state;
    set(NULL);
    assert_null(config_url("X", NULL, "ws"));
    set("");
    assert_string_equal(config_url("X", "ws://fallback", "ws"), "ws://fallback");
    static const struct {
        const char *given, *url;
    } good[] = {
        {"ws://a", "ws://a"},
        {"wss://a", "wss://a"},
        {"wss://gateway-1.example_2.org", "wss://gateway-1.example_2.org"},
        {"ws://a/", "ws://a"},
        {"ws://a:65535//", "ws://a:65535"},
        {"ws://127.0.0.1:80/api/v10/", "ws://127.0.0.1:80/api/v10"},
        {"ws://[::1]", "ws://[::1]"},
        {"ws://[::ffff:127.0.0.1]:8443/a", "ws://[::ffff:127.0.0.1]:8443/a"},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        set(good[i].given);
        assert_string_equal(config_url("X", NULL, "ws"), good[i].url);
    }
    assert_null(config_error(0));
    static const char *const bad[] = {
        "a",
        "//a",
        "/",
        "ws",
        "ws:",
        "ws:/a",
        "ws://",
        "ws:///",
        "wsss://a",
        "http://a",
        "WS://a",
        "xws://a",
        " ws://a",
        "ws://a ",
        "ws://a b",
        "ws://a/b c",
        "ws://a/?b",
        "ws://a?",
        "ws://a#b",
        "ws://:80",
        "ws://a:",
        "ws://a:65536",
        "ws://a:80x",
        "ws://a:123456",
        "ws://a:-1",
        "ws://[::1",
        "ws://[]",
        "ws://[x]",
        "ws://[::1]80",
        "ws://b@a",
        "ws://b:c@a/d",
        "ws://a/\303\244",
        "ws://\303\244",
        "ws://a\nb",
        "ws://a/\r\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        set(bad[i]);
        assert_string_equal(error_of(read_url),
                            "X must be ws://host or wss://host, with or without :port and /path");
    }
}

static void read_file(void)
{
    config_file("X");
}

static void test_a_file_that_is_named(void **state)
{
    (void)state;
    set(NULL);
    assert_null(config_file("X"));
    set("");
    assert_null(config_file("X"));
    set("/proc/self/exe");
    assert_string_equal(config_file("X"), "/proc/self/exe");
    assert_null(config_error(0));
    set("/nowhere/to/be/found");
    assert_string_equal(error_of(read_file), "X cannot be read: No such file or directory");
    set("/");
    assert_string_equal(error_of(read_file), "X cannot be read: Is a directory");
}

static void read_int(void)
{
    config_int("X", 5, -10, 100);
}

static void test_int(void **state)
{
    (void)state;
    set(NULL);
    assert_int_equal(config_int("X", 5, -10, 100), 5);
    set("100");
    assert_int_equal(config_int("X", 5, -10, 100), 100);
    set("-10");
    assert_int_equal(config_int("X", 5, -10, 100), -10);
    assert_null(config_error(0));
    static const char *const bad[] = {"101", "-11", "1x", "x", " ", "1.5", "0x10", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        set(bad[i]);
        assert_string_equal(error_of(read_int), "X must be a whole number from -10 to 100");
    }
}

static void read_numbers(void)
{
    int numbers[16];
    if (config_numbers("X", 16, numbers) != 0)
        abort();
}

static void test_numbers(void **state)
{
    (void)state;
    int numbers[16];
    set(NULL);
    assert_int_equal(config_numbers("X", 16, numbers), 0);
    static const struct {
        const char *text;
        size_t n;
        int numbers[16];
    } good[] = {
        {"0", 1, {0}},
        {"15", 1, {15}},
        {"0-3,8", 5, {0, 1, 2, 3, 8}},
        {"8,3-3,0", 3, {0, 3, 8}},
        {"0-15", 16, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        set(good[i].text);
        assert_int_equal(config_numbers("X", 16, numbers), good[i].n);
        assert_memory_equal(numbers, good[i].numbers, good[i].n * sizeof(int));
    }
    assert_null(config_error(0));
    static const char *const bad[] = {
        "16", "0-16", "3-1", "0,0", "0-3,2", ",",    "0,",  ",0",    "0-",  "-1", "1--2",
        "x",  "1x",   "1 ",  " 1",  "+1",    "0, 1", "0;1", "1-2-3", "0x1", "-",  "4294967296",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        set(bad[i]);
        assert_string_equal(error_of(read_numbers),
                            "X must be numbers and ranges, each below 16 and none twice: 0-3,8 say");
    }
}

static void read_snowflake(void)
{
    config_snowflake("X");
}

static void test_snowflake(void **state)
{
    (void)state;
    set("1204716319438934023");
    assert_true(config_snowflake("X") == 1204716319438934023);
    set("12a");
    assert_string_equal(error_of(read_snowflake), "X must be a Discord id: a decimal number");
    set(NULL);
    assert_string_equal(error_of(read_snowflake), "X is not set");
}

static void read_hex(void)
{
    uint8_t bytes[4];
    config_hex("X", bytes, 4);
}

static void test_hex(void **state)
{
    (void)state;
    uint8_t bytes[4];
    set("00fFA19b");
    config_hex("X", bytes, 4);
    assert_memory_equal(bytes, "\x00\xff\xa1\x9b", 4);
    assert_null(config_error(0));
    static const char *const bad[] = {"00fFA19g", "0x00fFA1", "00 fA19b"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        set(bad[i]);
        assert_string_equal(error_of(read_hex),
                            "X must be exactly 8 hex digits, and has something else among them");
    }
    set("00fFA19");
    assert_string_equal(error_of(read_hex), "X must be exactly 8 hex digits, and has 7 characters");
    set("00fFA19b0");
    assert_string_equal(error_of(read_hex), "X must be exactly 8 hex digits, and has 9 characters");
    set(NULL);
    assert_string_equal(error_of(read_hex), "X is not set");
}

static void read_address(void)
{
    struct config_address address;
    config_address("X", NULL, &address);
}

static void test_address(void **state)
{
    (void)state;
    struct config_address address;
    set(NULL);
    config_address("X", NULL, &address);
    assert_string_equal(address.host, "");
    assert_string_equal(address.port, "");
    config_address("X", "127.0.0.1:8080", &address);
    assert_string_equal(address.host, "127.0.0.1");
    assert_string_equal(address.port, "8080");
    set("[::1]:443");
    config_address("X", NULL, &address);
    assert_string_equal(address.host, "::1");
    assert_string_equal(address.port, "443");
    assert_null(config_error(0));
    static const char *const bad[] = {
        "8080",         ":8080",         "127.0.0.1",     "127.0.0.1:",     "127.0.0.1:x",  "127.0.0.1:65536",
        "127.0.0.1:-1", "127.0.0.1:80x", "127.0.0.1: 80", "127.0.0.1:+80",  "localhost:80", "::1:80",
        "[::1]",        "[::1:80",       "[]:80",         "[127.0.0.1]:80",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        set(bad[i]);
        assert_true(strncmp(error_of(read_address), "X must ", 7) == 0);
    }
}

static void read_log_level(void)
{
    config_log_level();
}

static void test_log_level(void **state)
{
    (void)state;
    setenv("LOG_LEVEL", "warn", 1);
    assert_string_equal(error_of(read_log_level), "");
    setenv("LOG_LEVEL", "loud", 1);
    assert_string_equal(error_of(read_log_level), "LOG_LEVEL must be debug, info, warn or error");
    unsetenv("LOG_LEVEL");
}

static void test_every_error_is_kept(void **state)
{
    (void)state;
    const pid_t child = fork();
    if (child == 0) {
        unsetenv("X");
        setenv("Y", "-1", 1);
        config_string("X", NULL);
        config_int("Y", 0, 0, 9);
        for (int i = 0; i < 100; i++)
            config_fail("Z", "is wrong too");
        size_t n = 2;
        while (config_error(n) != NULL && strcmp(config_error(n), "Z is wrong too") == 0)
            n++;
        _exit(strcmp(config_error(0), "X is not set") != 0 ||
              strcmp(config_error(1), "Y must be a whole number from 0 to 9") != 0 || n < 20 ||
              config_error(n) != NULL || config_check("nobody"));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* An own folder to look for .env in. */

static char dir[] = "/tmp/test_config.XXXXXX";
static int here;

static int enter_folder(void **state)
{
    (void)state;
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    umask(022);
    here = open(".", O_RDONLY | O_DIRECTORY);
    return here < 0 || mkdtemp(dir) == NULL ? -1 : chdir(dir);
}

static int leave_folder(void **state)
{
    (void)state;
    remove(".env");
    if (fchdir(here) != 0)
        return -1;
    close(here);
    return rmdir(dir);
}

static void write_file(const char *text, size_t n)
{
    FILE *const file = fopen(".env", "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, n, file), n);
    fclose(file);
}

static void test_file(void **state)
{
    (void)state;
    config_load(); /* none there */
    static const char text[] = "\357\273\277MARKED=a byte order mark before it\n"
                               "# comment = 1\n"
                               "  # and another\n"
                               "\n"
                               "  \t\r\n"
                               "PLAIN=one\r\n"
                               "  SPACED  =  two words  \n"
                               "DOUBLE=\"a = b\"\n"
                               "SINGLE=' c '\n"
                               "HALF=\"open\n"
                               "export EXPORTED=yes\n"
                               "EMPTY=\n"
                               "TAKEN=file\n"
                               "BLANK=file\n"
                               "TWICE=first\n"
                               "TWICE=second\n"
                               "LAST=end";
    write_file(text, sizeof(text) - 1);
    setenv("TAKEN", "environment", 1);
    setenv("BLANK", "", 1);
    config_load();
    assert_string_equal(getenv("MARKED"), "a byte order mark before it");
    assert_string_equal(getenv("PLAIN"), "one");
    assert_string_equal(getenv("SPACED"), "two words");
    assert_string_equal(getenv("DOUBLE"), "a = b");
    assert_string_equal(getenv("SINGLE"), " c ");
    assert_string_equal(getenv("HALF"), "\"open");
    assert_string_equal(getenv("EXPORTED"), "yes");
    assert_string_equal(config_string("EMPTY", "fallback"), "fallback");
    assert_string_equal(getenv("TAKEN"), "environment");
    assert_string_equal(getenv("BLANK"), "file");
    assert_string_equal(getenv("TWICE"), "first");
    assert_string_equal(getenv("LAST"), "end");
    assert_null(getenv("# comment"));
    assert_null(config_error(0));
}

/* What it says is not told: it may be a token that misses its name. */
static void test_file_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
    } bad[] = {
#define LINE(s) {"GOOD=1\n" s "\n", sizeof("GOOD=1\n" s "\n") - 1}
        LINE("sesame"),
        LINE("export sesame"),
        LINE("=sesame"),
        LINE("DISCORD_TOKEN: sesame"),
        LINE("DISCORD_TOKEN: sesame="),
        LINE("DISCORD TOKEN=sesame"),
        LINE("DISCORD-TOKEN=sesame"),
        LINE("D\303\244=sesame"),
        LINE("A=ses\0ame"),
        LINE("\357\273\277A=sesame"),
        LINE("A\0=\0s\0e\0s\0a\0m\0e\0"),
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        write_file(bad[i].text, bad[i].n);
        assert_string_equal(error_of(config_load), ".env line 2 must be NAME=value, or begin with #");
    }
}

static void test_file_unreadable(void **state)
{
    (void)state;
    assert_int_equal(mkdir(".env", 0700), 0);
    assert_string_equal(error_of(config_load), ".env cannot be read: Is a directory");
    rmdir(".env");
    assert_int_equal(symlink(".env", ".env"), 0);
    assert_string_equal(error_of(config_load), ".env cannot be read: Too many levels of symbolic links");
}

static void load_as_another(void)
{
    if (seteuid(65533) != 0)
        abort();
    config_load();
}

/* Who may say what is in it could have the token sent to them. */
static void test_file_of_others(void **state)
{
    (void)state;
    static const char text[] = "FOREIGN=sesame\n";
    static const char writable[] = ".env may be written by others: chmod go-w .env";
    static const char foreign[] = ".env belongs to another user: start in another folder, or chown it";
    write_file(text, sizeof(text) - 1);
    assert_int_equal(chmod(".env", 0664), 0);
    assert_string_equal(error_of(config_load), writable);
    assert_int_equal(chmod(".env", 0646), 0);
    assert_string_equal(error_of(config_load), writable);
    assert_int_equal(chmod(".env", 0644), 0);
    assert_string_equal(error_of(config_load), "");
    if (geteuid() != 0)
        return; /* nobody else gives files away, or becomes another */
    assert_int_equal(chmod(dir, 0755), 0);
    assert_string_equal(error_of(load_as_another), ""); /* root's is everybody's */
    assert_int_equal(chown(".env", 65534, 0), 0);
    assert_string_equal(error_of(load_as_another), foreign);
    assert_string_equal(error_of(config_load), foreign);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_word),
        cmocka_unit_test(test_int),
        cmocka_unit_test(test_url),
        cmocka_unit_test(test_a_file_that_is_named),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_snowflake),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_address),
        cmocka_unit_test(test_log_level),
        cmocka_unit_test(test_every_error_is_kept),
        cmocka_unit_test_setup_teardown(test_file, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_file_malformed, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_file_unreadable, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_file_of_others, enter_folder, leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
