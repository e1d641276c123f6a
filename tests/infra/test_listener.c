#include "infra/listener.h"

#include "infra/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static bool open_at(const char *host, const char *port, int *fd)
{
    struct config_address address;
    snprintf(address.host, sizeof(address.host), "%s", host);
    snprintf(address.port, sizeof(address.port), "%s", port);
    return listener_open("test", "LISTEN", &address, fd);
}

static void test_off(void **state)
{
    (void)state;
    int fd;
    assert_true(open_at("", "", &fd));
    assert_int_equal(fd, -1);
}

static void test_a_port_is_taken_once(void **state)
{
    (void)state;
    int first, second;
    assert_true(open_at("127.0.0.1", "0", &first));
    struct sockaddr_in bound;
    socklen_t len = sizeof(bound);
    assert_int_equal(getsockname(first, (struct sockaddr *)&bound, &len), 0);
    char port[8];
    snprintf(port, sizeof(port), "%u", (unsigned)ntohs(bound.sin_port));
    assert_false(open_at("127.0.0.1", port, &second));
    assert_int_equal(close(first), 0);
    assert_true(open_at("127.0.0.1", port, &second)); /* at once, without waiting for old connections */
    assert_int_equal(close(second), 0);
}

/* Names are not looked up: that could take minutes, and give another address tomorrow. */
static void test_no_address(void **state)
{
    (void)state;
    int fd;
    assert_false(open_at("localhost", "8080", &fd));
    assert_int_equal(fd, -1);
    assert_false(open_at("127.0.0.256", "8080", &fd));
    assert_false(open_at("192.0.2.1", "0", &fd)); /* nobody's: RFC 5737 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_a_port_is_taken_once),
        cmocka_unit_test(test_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
