/*
 * The cache of avatars against a CDN on loopback. Pictures are made up here, and so is the clock: minutes pass
 * at once (these definitions come before those in the archives, and before the C library's).
 */
#include "handler/avatars.h"

#include "infra/clock.h"
#include "infra/http_client.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "render/image.h"
#include "tests/infra/scripted_server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { TIMEOUT_MS = 1500, SECOND = 1000, MINUTE = 60 * SECOND, PICTURE_BYTES = 10000, UNDER_WAY = 256 };

#define PICTURE      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nPIC"
#define GARBAGE      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nPUC"
#define STATUS(code) "HTTP/1.1 " code " Words\r\nContent-Length: 0\r\n\r\n"

struct world {
    struct loop *loop;
    struct http_client *cdn;
    struct scripted_server server;
    struct avatars *avatars;
};

/* Made up: pictures ---------------------------------------------------------------------------------------- */

struct image {
    int owners, size;
};

static int n_images; /* that are not freed */

struct image *image_decode(const void *bytes, size_t n, int size)
{
    if (n != 3 || memcmp(bytes, "PIC", 3) != 0)
        return NULL;
    struct image *const image = mem_alloc(sizeof(*image));
    *image = (struct image){.owners = 1, .size = size};
    n_images++;
    return image;
}

size_t image_bytes(const struct image *image)
{
    (void)image;
    return PICTURE_BYTES;
}

struct image *image_reference(struct image *image)
{
    if (image != NULL)
        image->owners++;
    return image;
}

void image_destroy(struct image *image)
{
    if (image == NULL || --image->owners > 0)
        return;
    n_images--;
    free(image);
}

/* Made up: time -------------------------------------------------------------------------------------------- */

static int64_t passed_ms; /* what our clock is ahead */

int64_t clock_monotonic_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + passed_ms;
}

/* The loop's one timer: what it was set to last, by our clock. */
static struct {
    int fd;
    struct itimerspec when;
} timer;

int timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *old)
{
    timer.fd = fd;
    timer.when = *when;
    struct itimerspec real = *when;
    const time_t passed = passed_ms / 1000; /* whole seconds: see pass() */
    if (real.it_value.tv_sec > passed)
        real.it_value.tv_sec -= passed;
    else if (real.it_value.tv_sec > 0)
        real.it_value = (struct timespec){.tv_nsec = 1};
    return (int)syscall(SYS_timerfd_settime, fd, flags, &real, old);
}

static void on_tick(void *arg)
{
    *(bool *)arg = true;
}

/* Whatever is due or ready runs. */
static void settle(struct world *world)
{
    for (int i = 0; i < 5; i++) {
        bool over = false;
        loop_after(world->loop, 0, on_tick, &over);
        while (!over)
            loop_turn(world->loop, 1000);
    }
}

static void pass(struct world *world, int64_t ms)
{
    assert_int_equal(ms % 1000, 0);
    passed_ms += ms;
    timerfd_settime(timer.fd, TFD_TIMER_ABSTIME, &(struct itimerspec){.it_value = timer.when.it_value}, NULL);
    settle(world);
}

/* Cards ---------------------------------------------------------------------------------------------------- */

enum { MAX_PICTURES = 300 };

struct card {
    struct avatars_picture pictures[MAX_PICTURES];
    size_t n;
    int n_done;
};

static int set_up_with(void **state, size_t max_bytes)
{
    struct world *const world = mem_alloc(sizeof(*world));
    world->loop = loop_create();
    scripted_server_start(&world->server, world->loop, NULL, NULL);
    world->cdn = http_client_create(
        world->loop, &(struct http_client_config){.user_agent = "tester/1", .max_connections = 12});
    world->avatars = avatars_create(world->loop, world->cdn, "https://cdn.test", max_bytes);
    *state = world;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, 100 * PICTURE_BYTES);
}

/* Two pictures and what goes with them, but not three. */
static int set_up_small(void **state)
{
    return set_up_with(state, PICTURE_BYTES * 5 / 2);
}

static int set_up_none(void **state)
{
    return set_up_with(state, 0);
}

static int tear_down(void **state)
{
    struct world *const world = *state;
    avatars_destroy(world->avatars);
    http_client_destroy(world->cdn);
    scripted_server_stop(&world->server);
    loop_destroy(world->loop);
    free(world);
    assert_int_equal(n_images, 0);
    return 0;
}

static void on_done(void *arg)
{
    struct card *const card = arg;
    card->n_done++;
}

/* Names begin with the size's only digit: "6a" and "7a" are one address at two sizes. */
static void add(const struct world *world, struct card *card, const char *name)
{
    struct buffer url = {0};
    buffer_printf(&url, "%s/%s", world->server.url, name + 1);
    card->pictures[card->n++] = (struct avatars_picture){.url = url.data, .size = name[0] - '0'};
}

static void fetch(struct world *world, struct card *card)
{
    avatars_fetch(world->avatars, card->pictures, card->n, TIMEOUT_MS, on_done, card);
    assert_int_equal(card->n_done, 0); /* never from inside */
}

/* A card with one picture. */
static struct card *ask(struct world *world, const char *name)
{
    struct card *const card = mem_alloc(sizeof(*card));
    add(world, card, name);
    fetch(world, card);
    return card;
}

static void wait_until(struct world *world, const int *n, int least)
{
    for (int i = 0; i < 1000 && *n < least; i++)
        loop_turn(world->loop, 10);
    assert_true(*n >= least);
}

static void wait_for_requests(struct world *world, size_t n)
{
    for (int i = 0; i < 1000 && world->server.n_requests < n; i++)
        loop_turn(world->loop, 10);
    assert_int_equal(world->server.n_requests, n);
}

/* How many pictures the card got. */
static int end(struct card *card)
{
    int n = 0;
    assert_int_equal(card->n_done, 1);
    for (size_t i = 0; i < card->n; i++) {
        n += card->pictures[i].image != NULL;
        if (card->pictures[i].image != NULL)
            assert_int_equal(card->pictures[i].image->size, card->pictures[i].size);
        image_destroy(card->pictures[i].image);
        free(card->pictures[i].url);
    }
    free(card);
    return n;
}

/* A card that waits for the CDN as long as it takes. */
static int get(struct world *world, const char *name)
{
    struct card *const card = ask(world, name);
    wait_until(world, &card->n_done, 1);
    settle(world);
    return end(card);
}

/* A card that must not have to wait. */
static int get_now(struct world *world, const char *name)
{
    struct card *const card = ask(world, name);
    settle(world);
    return end(card);
}

/* Addresses ------------------------------------------------------------------------------------------------ */

static void assert_address(char *url, const char *expected)
{
    if (expected == NULL)
        assert_null(url);
    else
        assert_string_equal(url, expected);
    free(url);
}

static void test_addresses(void **state)
{
    const struct avatars *const avatars = ((struct world *)*state)->avatars;
    assert_address(avatars_member_url(avatars, 1, 2, "a0", "b1"),
                   "https://cdn.test/guilds/1/users/2/avatars/a0.png?size=128");
    assert_address(avatars_member_url(avatars, 1, 2, NULL, "a_b1"),
                   "https://cdn.test/avatars/2/a_b1.png?size=128");
    assert_address(avatars_icon_url(avatars, 1, "c2"), "https://cdn.test/icons/1/c2.png?size=128");
    assert_address(avatars_member_url(avatars, 1, 2, NULL, NULL), NULL);
    assert_address(avatars_icon_url(avatars, 1, NULL), NULL);
}

static void test_what_is_no_hash_gets_into_no_address(void **state)
{
    const struct avatars *const avatars = ((struct world *)*state)->avatars;
    char long_one[66];
    memset(long_one, 'a', sizeof(long_one) - 1);
    long_one[65] = '\0';
    const char *const bad[] = {"", "a_", "A0", "../a0", "a0/", "a0?size=4096", "a0 ", "a0\r\n", long_one};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_null(avatars_icon_url(avatars, 1, bad[i]));
        assert_address(avatars_member_url(avatars, 1, 2, bad[i], "b1"),
                       "https://cdn.test/avatars/2/b1.png?size=128");
    }
}

/* What is kept --------------------------------------------------------------------------------------------- */

static void test_the_second_card_fetches_nothing(void **state)
{
    struct world *const world = *state;
    scripted_server_add(&world->server, PICTURE);
    assert_int_equal(get(world, "6a"), 1);
    assert_int_equal(get_now(world, "6a"), 1);
    assert_int_equal(world->server.n_requests, 1);
    assert_int_equal(n_images, 1);
    assert_string_equal(strtok(world->server.requests[0].head, "\r"), "GET /a HTTP/1.1");
}

static void test_each_size_is_a_picture_of_its_own(void **state)
{
    struct world *const world = *state;
    scripted_server_add(&world->server, PICTURE);
    scripted_server_add(&world->server, PICTURE);
    assert_int_equal(get(world, "6a"), 1);
    assert_int_equal(get(world, "7a"), 1);
    assert_int_equal(world->server.n_requests, 2);
}

static void test_a_card_without_pictures(void **state)
{
    struct world *const world = *state;
    struct card *const card = mem_alloc(sizeof(*card));
    card->n = 2; /* both without an address */
    fetch(world, card);
    settle(world);
    assert_int_equal(end(card), 0);
    assert_int_equal(world->server.n_accepted, 0);
}

static void test_the_oldest_used_goes_first(void **state)
{
    struct world *const world = *state;
    for (int i = 0; i < 4; i++)
        scripted_server_add(&world->server, PICTURE);
    assert_int_equal(get(world, "6a"), 1);
    assert_int_equal(get(world, "6b"), 1);
    assert_int_equal(get_now(world, "6a"), 1);
    assert_int_equal(get(world, "6c"), 1);
    assert_int_equal(n_images, 2);
    assert_int_equal(get_now(world, "6a"), 1);
    assert_int_equal(get_now(world, "6c"), 1);
    assert_int_equal(world->server.n_requests, 3);
    assert_int_equal(get(world, "6b"), 1);
    assert_int_equal(world->server.n_requests, 4);
    assert_int_equal(n_images, 2);
}

static void test_what_a_card_holds_outlives_the_cache(void **state)
{
    struct world *const world = *state;
    for (int i = 0; i < 3; i++)
        scripted_server_add(&world->server, PICTURE);
    struct card *const card = ask(world, "6a");
    wait_until(world, &card->n_done, 1);
    assert_int_equal(get(world, "6b"), 1);
    assert_int_equal(get(world, "6c"), 1); /* drives a out */
    assert_int_equal(n_images, 3);
    assert_int_equal(end(card), 1);
    assert_int_equal(n_images, 2);
}

static void test_without_room_nothing_is_kept(void **state)
{
    struct world *const world = *state;
    const char *const answers[] = {PICTURE, PICTURE, STATUS("404"), STATUS("404")};
    for (int i = 0; i < 4; i++)
        scripted_server_add(&world->server, answers[i]);
    assert_int_equal(get(world, "6a"), 1);
    assert_int_equal(n_images, 0);
    assert_int_equal(get(world, "6a"), 1);
    assert_int_equal(get(world, "6b"), 0);
    assert_int_equal(get(world, "6b"), 0);
    assert_int_equal(world->server.n_requests, 4);
}

/* Cards that wait ------------------------------------------------------------------------------------------ */

static void test_one_fetch_for_all_who_wait(void **state)
{
    struct world *const world = *state;
    scripted_server_add(&world->server, PICTURE);
    world->server.paused = true;
    struct card *const first = ask(world, "6a"), *const second = mem_alloc(sizeof(*second));
    add(world, second, "6a");
    add(world, second, "6a");
    fetch(world, second);
    settle(world);
    assert_int_equal(first->n_done + second->n_done, 0);
    scripted_server_resume(&world->server);
    wait_until(world, &second->n_done, 1);
    assert_ptr_equal(first->pictures[0].image, second->pictures[1].image);
    assert_int_equal(end(first), 1);
    assert_int_equal(end(second), 2);
    assert_int_equal(world->server.n_requests, 1);
    assert_int_equal(n_images, 1);
}

static void test_what_comes_late_is_for_the_next_card(void **state)
{
    struct world *const world = *state;
    scripted_server_add(&world->server, PICTURE);
    world->server.paused = true;
    struct card *const card = ask(world, "6a");
    pass(world, 1 * SECOND);
    assert_int_equal(card->n_done, 0);
    pass(world, 1 * SECOND);
    assert_int_equal(end(card), 0);
    assert_int_equal(get_now(world, "6a"), 0);
    scripted_server_resume(&world->server);
    wait_until(world, &n_images, 1);
    assert_int_equal(get_now(world, "6a"), 1);
    assert_int_equal(world->server.n_requests, 1);
}

/* Others of the CDN's pictures are waited for, this one is not. */
static void test_one_slow_picture_costs_one_card_its_time(void **state)
{
    struct world *const world = *state;
    scripted_server_add(&world->server, "");
    scripted_server_add(&world->server, PICTURE);
    scripted_server_add(&world->server, PICTURE);
    struct card *const card = ask(world, "6a");
    wait_for_requests(world, 1);
    assert_int_equal(get(world, "6b"), 1);
    pass(world, 2 * SECOND);
    assert_int_equal(end(card), 0);
    assert_int_equal(get_now(world, "6a"), 0);
    assert_int_equal(get(world, "6c"), 1);
}

/* Not even for pictures that nobody asked for before. */
static void test_a_silent_cdn_costs_one_card_its_time(void **state)
{
    struct world *const world = *state;
    scripted_server_add(&world->server, "");
    struct card *const card = ask(world, "6a");
    pass(world, 2 * SECOND);
    assert_int_equal(end(card), 0);
    wait_for_requests(world, 1);

    world->server.paused = true;
    scripted_server_add(&world->server, PICTURE);
    scripted_server_add(&world->server, PICTURE);
    assert_int_equal(get_now(world, "6b"), 0);
    scripted_server_resume(&world->server);
    wait_until(world, &n_images, 1); /* it speaks again */
    assert_int_equal(get_now(world, "6b"), 1);
    assert_int_equal(get(world, "6c"), 1);
}

static void test_silence_is_not_remembered_for_long(void **state)
{
    struct world *const world = *state;
    scripted_server_add(&world->server, "");
    scripted_server_add(&world->server, PICTURE);
    struct card *const card = ask(world, "6a");
    wait_for_requests(world, 1);
    pass(world, 2 * SECOND);
    assert_int_equal(end(card), 0);
    pass(world, 6 * SECOND);
    assert_int_equal(get(world, "6b"), 1);
}

/* What does not come --------------------------------------------------------------------------------------- */

static char *too_long(void)
{
    enum { LEN = 1024 * 1024 + 1 };
    struct buffer answer = {0};
    buffer_printf(&answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%*s", LEN, LEN, "PIC");
    return answer.data;
}

static void test_what_is_not_there_is_remembered_for_minutes(void **state)
{
    struct world *const world = *state;
    char *const long_one = too_long();
    const char *const answers[] = {STATUS("404"), STATUS("403"), STATUS("302"), GARBAGE, long_one};
    for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
        const char name[] = {'6', (char)('a' + i), '\0'};
        scripted_server_add(&world->server, answers[i]);
        scripted_server_add(&world->server, PICTURE);
        assert_int_equal(get(world, name), 0);
        pass(world, 4 * MINUTE);
        assert_int_equal(get_now(world, name), 0);
        assert_int_equal(world->server.n_requests, 2 * i + 1);
        pass(world, 2 * MINUTE);
        assert_int_equal(get(world, name), 1);
    }
    free(long_one);
}

static void test_what_failed_is_remembered_for_seconds(void **state)
{
    struct world *const world = *state;
    const char *const answers[] = {NULL, STATUS("500"), STATUS("503"), STATUS("429")};
    for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
        const char name[] = {'6', (char)('a' + i), '\0'};
        scripted_server_add(&world->server, answers[i]);
        scripted_server_add(&world->server, PICTURE);
        assert_int_equal(get(world, name), 0);
        pass(world, 4 * SECOND);
        assert_int_equal(get_now(world, name), 0);
        assert_int_equal(world->server.n_requests, 2 * i + 1);
        pass(world, 2 * SECOND);
        assert_int_equal(get(world, name), 1);
    }
}

static void test_a_fetch_has_a_time_out_of_its_own(void **state)
{
    struct world *const world = *state;
    scripted_server_add(&world->server, "");
    scripted_server_add(&world->server, PICTURE);
    struct card *const card = ask(world, "6a");
    wait_for_requests(world, 1);
    pass(world, 4 * SECOND);
    assert_int_equal(end(card), 0);
    assert_int_equal(world->server.n_open, 1);
    pass(world, 2 * SECOND);
    assert_int_equal(world->server.n_open, 0);
    assert_int_equal(get_now(world, "6a"), 0);
    assert_int_equal(world->server.n_requests, 1);
    pass(world, 6 * SECOND);
    assert_int_equal(get(world, "6a"), 1);
}

/* Those above the bound were not asked for, so that nothing is remembered of them. */
static void test_not_all_at_once(void **state)
{
    struct world *const world = *state;
    struct card *const many = mem_alloc(sizeof(*many));
    struct card *const asked = mem_alloc(sizeof(*asked)), *const left_out = mem_alloc(sizeof(*left_out));
    char name[16];
    for (int i = 0; i < MAX_PICTURES; i++) {
        snprintf(name, sizeof(name), "6%d", i);
        add(world, many, name);
        add(world, i < UNDER_WAY ? asked : left_out, name);
    }
    world->server.paused = true;
    fetch(world, many);
    pass(world, 2 * SECOND);
    assert_int_equal(end(many), 0);
    pass(world, 4 * SECOND); /* the fetches have failed, */
    pass(world, 2 * SECOND); /* and the silence is forgotten, but not yet they */

    for (int i = 0; i < SCRIPTED_MAX; i++)
        scripted_server_add(&world->server, PICTURE);
    scripted_server_resume(&world->server);
    fetch(world, left_out);
    wait_until(world, &left_out->n_done, 1);
    assert_int_equal(end(left_out), MAX_PICTURES - UNDER_WAY);
    fetch(world, asked);
    settle(world);
    assert_int_equal(end(asked), 0);
}

/* The rest is tear_down()'s: the fetch is under way still. */
static void test_the_end_with_fetches_under_way(void **state)
{
    struct world *const world = *state;
    scripted_server_add(&world->server, PICTURE);
    scripted_server_add(&world->server, "");
    assert_int_equal(get(world, "6a"), 1);
    struct card *const card = ask(world, "6b");
    wait_for_requests(world, 2);
    pass(world, 2 * SECOND);
    assert_int_equal(end(card), 0);
    assert_int_equal(world->server.n_open, 1);
}

#define WITH(test, set_up) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        WITH(test_addresses, set_up),
        WITH(test_what_is_no_hash_gets_into_no_address, set_up),
        WITH(test_the_second_card_fetches_nothing, set_up),
        WITH(test_each_size_is_a_picture_of_its_own, set_up),
        WITH(test_a_card_without_pictures, set_up),
        WITH(test_the_oldest_used_goes_first, set_up_small),
        WITH(test_what_a_card_holds_outlives_the_cache, set_up_small),
        WITH(test_without_room_nothing_is_kept, set_up_none),
        WITH(test_one_fetch_for_all_who_wait, set_up),
        WITH(test_what_comes_late_is_for_the_next_card, set_up),
        WITH(test_one_slow_picture_costs_one_card_its_time, set_up),
        WITH(test_a_silent_cdn_costs_one_card_its_time, set_up),
        WITH(test_silence_is_not_remembered_for_long, set_up),
        WITH(test_what_is_not_there_is_remembered_for_minutes, set_up),
        WITH(test_what_failed_is_remembered_for_seconds, set_up),
        WITH(test_a_fetch_has_a_time_out_of_its_own, set_up),
        WITH(test_not_all_at_once, set_up),
        WITH(test_the_end_with_fetches_under_way, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
