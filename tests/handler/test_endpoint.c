/*
 * Signed requests through the real server to the whole of a command. What lies behind the handler is made up
 * here: the database's answer, the drawing, the REST calls (these definitions come before those in the
 * archives).
 */
#include "handler/endpoint.h"

#include "db/leaderboard.h"
#include "db/partners.h"
#include "db/pending.h"
#include "db/pool.h"
#include "db/settings.h"
#include "db/stats.h"
#include "handler/app.h"
#include "handler/avatars.h"
#include "handler/draw_queue.h"
#include "handler/pending.h"
#include "infra/http_client.h"
#include "infra/json.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/rest.h"
#include "render/chart.h"
#include "render/grid.h"
#include "render/leaderboard.h"
#include "render/partners.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <signal.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_EDITS = 4, CALLER = 42 };
static const uint64_t guild_id = 1187440136951169024;

/* What the made-up parts say, and what they heard. */
static struct {
    bool pool_ready, pending_pool_ready, database_fails;
    struct db_leaderboard board;
    struct db_leaderboard_query query;
    void (*on_board)(void *arg, const struct db_leaderboard *board);
    void *on_board_arg;

    struct leaderboard_view view;
    char *first_name, *range, *you, *not_counting; /* of view */
    int n_drawn;

    enum pending_recorded recorded;
    char *recorded_body;
    uint64_t recorded_message;
    void (*on_recorded)(void *arg, enum pending_recorded recorded);
    void *on_recorded_arg;
    int n_ended;

    int64_t refuse_pictures_with; /* a code of Discord's, or 0 */
    int refuse_status;
    struct {
        char *path, *json;
        bool with_file;
        void (*on_done)(void *arg, const struct rest_response *response);
        void *arg;
    } edits[MAX_EDITS];
    int n_edits;
} world;

static struct app app;
static struct http_client *cdn;
static struct http_server *server;
static int port;
static uint8_t secret_key[crypto_sign_SECRETKEYBYTES];

/* The made-up parts ---------------------------------------------------------------------------------------- */

bool db_pool_ready(const struct db_pool *pool)
{
    return pool == app.pool ? world.pool_ready : world.pending_pool_ready;
}

static void on_board_time(void *arg)
{
    (void)arg;
    world.on_board(world.on_board_arg, world.database_fails ? NULL : &world.board);
}

void db_leaderboard_read(struct db_pool *pool, const struct db_leaderboard_query *query,
                         void (*on_done)(void *arg, const struct db_leaderboard *board), void *arg)
{
    (void)pool;
    world.query = *query;
    world.on_board = on_done;
    world.on_board_arg = arg;
    loop_after(app.loop, 0, on_board_time, NULL);
}

static void on_record_time(void *arg)
{
    (void)arg;
    world.on_recorded(world.on_recorded_arg, world.recorded);
}

void pending_record(struct pending *pending, const struct db_pending_request *request,
                    void (*on_recorded)(void *arg, enum pending_recorded recorded), void *arg)
{
    (void)pending;
    assert_int_equal(request->interaction_id, 99);
    free(world.recorded_body);
    world.recorded_body = mem_strndup(request->body, request->len);
    world.recorded_message = request->message_id;
    world.on_recorded = on_recorded;
    world.on_recorded_arg = arg;
    loop_after(app.loop, 0, on_record_time, NULL);
}

void pending_end(struct pending *pending, uint64_t interaction_id, enum pending_end end)
{
    (void)pending, (void)end;
    assert_int_equal(interaction_id, 99);
    world.n_ended++;
}

/* What nobody asks here. */
struct db_pending_look *db_pending_is_overtaken(struct db_pool *pool, uint64_t interaction_id,
                                                uint64_t message_id, void (*on_done)(void *arg, bool overtaken),
                                                void *arg)
{
    (void)pool, (void)interaction_id, (void)message_id, (void)on_done, (void)arg;
    fail();
    return NULL;
}

void db_pending_look_cancel(struct db_pending_look *look)
{
    (void)look;
    fail();
}

void db_partners_read(struct db_pool *pool, const struct db_partners_query *query,
                      void (*on_done)(void *arg, const struct db_partners *partners), void *arg)
{
    (void)pool, (void)query, (void)on_done, (void)arg;
    fail();
}

void db_settings_read(struct db_pool *pool, uint64_t id,
                      void (*on_done)(void *arg, const struct db_settings *settings), void *arg)
{
    (void)pool, (void)id, (void)on_done, (void)arg;
    fail();
}

void db_settings_change(struct db_pool *pool, const struct db_settings_change *change,
                        void (*on_done)(void *arg, const struct db_settings *settings), void *arg)
{
    (void)pool, (void)change, (void)on_done, (void)arg;
    fail();
}

void db_stats_read(struct db_pool *pool, const struct db_stats_query *query,
                   void (*on_done)(void *arg, const struct db_stats *stats), void *arg)
{
    (void)pool, (void)query, (void)on_done, (void)arg;
    fail();
}

struct picture grid_render(const struct grid_view *view)
{
    (void)view;
    fail();
    return (struct picture){0};
}

struct picture chart_render(const struct chart_view *view)
{
    (void)view;
    fail();
    return (struct picture){0};
}

struct picture partners_render(const struct partners_view *view)
{
    (void)view;
    fail();
    return (struct picture){0};
}

struct picture leaderboard_render(const struct leaderboard_view *view)
{
    world.n_drawn++;
    world.view = *view;
    free(world.first_name);
    free(world.range);
    free(world.you);
    free(world.not_counting);
    world.first_name = mem_strdup(view->rows[0].name);
    world.range = mem_strdup(view->range);
    world.you = view->you != NULL ? mem_strdup(view->you) : NULL;
    world.not_counting = view->not_counting != NULL ? mem_strdup(view->not_counting) : NULL;
    return (struct picture){.bytes = (uint8_t *)mem_strdup("JPEG"), .len = 4};
}

struct image *image_decode(const void *bytes, size_t n, int size)
{
    (void)bytes, (void)n, (void)size;
    return NULL;
}

size_t image_bytes(const struct image *image)
{
    (void)image;
    return 0;
}

struct image *image_reference(struct image *image)
{
    return image;
}

void image_destroy(struct image *image)
{
    (void)image;
}

struct rest_call *rest_send(struct rest *rest, const struct rest_request *request,
                            void (*on_done)(void *arg, const struct rest_response *response), void *arg)
{
    (void)rest;
    assert_true(world.n_edits < MAX_EDITS);
    assert_string_equal(request->method, "PATCH");
    assert_true(request->retry_unknown_webhook);
    assert_false(request->with_token);
    world.edits[world.n_edits].path = mem_strdup(request->path);
    world.edits[world.n_edits].json = mem_strdup(request->json);
    world.edits[world.n_edits].with_file = request->file != NULL;
    world.edits[world.n_edits].on_done = on_done;
    world.edits[world.n_edits].arg = arg;
    world.n_edits++;
    return NULL;
}

/* Serving -------------------------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    static char pool, pending_pool; /* to be told from each other */
    app = (struct app){
        .loop = loop_create(),
        .application_id = 7,
        .pool = (struct db_pool *)&pool,
        .pending_pool = (struct db_pool *)&pending_pool,
    };
    app.draw_queue = draw_queue_create(app.loop);
    cdn = http_client_create(app.loop, &(struct http_client_config){.user_agent = "test"});
    app.avatars = avatars_create(app.loop, cdn, "http://127.0.0.1:1", 0);
    crypto_sign_keypair(app.public_key, secret_key);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return -1;
    port = ntohs(address.sin_port);
    const struct http_server_config config = {
        .loop = app.loop,
        .listen_fd = fd,
        .max_connections = 8,
        .max_body = 1024 * 1024,
        .max_held = 64 * 1024 * 1024,
        .timeout_ms = 5000,
        .routes = endpoint_routes,
        .n_routes = endpoint_n_routes,
        .arg = &app,
    };
    server = http_server_create(&config);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(app.n_commands, 0);
    http_server_destroy(server);
    avatars_destroy(app.avatars);
    http_client_destroy(cdn);
    draw_queue_destroy(app.draw_queue);
    loop_destroy(app.loop);
    free(world.first_name);
    free(world.range);
    free(world.you);
    free(world.not_counting);
    free(world.recorded_body);
    for (int i = 0; i < world.n_edits; i++) {
        free(world.edits[i].path);
        free(world.edits[i].json);
    }
    return 0;
}

static void on_tick(void *arg)
{
    *(bool *)arg = true;
}

/* One turn, of at most 5 ms without events. */
static void turn(void)
{
    bool over = false;
    struct loop_timer *const timer = loop_after(app.loop, 5, on_tick, &over);
    http_server_turn(server);
    if (!over)
        loop_cancel(timer);
}

static int max_turns = 1000;

/* Sends a request and gives the whole answer, or what came of it in so many turns; the caller frees. */
static char *talk(const char *request, size_t len)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, request, len, MSG_NOSIGNAL), (ssize_t)len);
    struct buffer answer = {0};
    for (int i = 0; i < max_turns; i++) {
        char bytes[4096];
        turn();
        const ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (n == 0)
            break;
        if (n > 0)
            buffer_append(&answer, bytes, (size_t)n);
    }
    close(fd);
    assert_non_null(answer.data);
    return answer.data;
}

static int status_of(const char *answer)
{
    return atoi(answer + strlen("HTTP/1.1 "));
}

static char *get(const char *path)
{
    char request[128];
    const int n = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nConnection: close\r\n\r\n", path);
    return talk(request, (size_t)n);
}

static const char *connection = "close";

static char *post(const char *headers, const char *body)
{
    struct buffer request = {0};
    buffer_printf(&request,
                  "POST /interactions HTTP/1.1\r\nConnection: %s\r\nContent-Type: application/json\r\n"
                  "Content-Length: %zu\r\n%s\r\n%s",
                  connection, strlen(body), headers, body);
    char *const answer = talk(request.data, request.len);
    buffer_finish(&request);
    return answer;
}

static void sign(char hex[2 * crypto_sign_BYTES + 1], const char *timestamp, const char *body)
{
    uint8_t signature[crypto_sign_BYTES];
    struct buffer message = {0};
    buffer_printf(&message, "%s%s", timestamp, body);
    crypto_sign_detached(signature, NULL, (const uint8_t *)message.data, message.len, secret_key);
    sodium_bin2hex(hex, 2 * crypto_sign_BYTES + 1, signature, sizeof(signature));
    buffer_finish(&message);
}

static char *post_signed(const char *body)
{
    char hex[2 * crypto_sign_BYTES + 1];
    char headers[256];
    sign(hex, "1786298400", body);
    snprintf(headers, sizeof(headers), "X-Signature-Ed25519: %s\r\nX-Signature-Timestamp: 1786298400\r\n", hex);
    return post(headers, body);
}

static void expect(char *answer, int status, const char *part)
{
    if (status_of(answer) != status || strstr(answer, part) == NULL)
        fail_msg("wanted %d and %s: %s", status, part, answer);
    free(answer);
}

/* Interactions --------------------------------------------------------------------------------------------- */

static const char ping[] = "{\"id\":\"1\",\"application_id\":\"7\",\"type\":1,\"token\":\"t\",\"version\":1}";

/* 34816: send messages and attach files. */
#define COMMAND(place, name, options)                                                                          \
    "{\"id\":\"99\",\"application_id\":\"7\",\"type\":2,\"token\":\"to/ken\"," place                           \
    "\"data\":{\"name\":\"vc\",\"options\":[{\"type\":1,\"name\":\"" name "\",\"options\":[" options "]}]}}"
#define SERVER(permissions, limit)                                                                             \
    "\"app_permissions\":\"" permissions "\",\"attachment_size_limit\":" limit                                 \
    ",\"guild_id\":\"1187440136951169024\",\"member\":{\"nick\":null,\"avatar\":null,\"permissions\":\"0\","   \
    "\"user\":{\"id\":\"42\",\"username\":\"ann_\",\"global_name\":\"Ann*\",\"avatar\":null}},"

/* For its message's owner and the custom_id. */
#define CLICK(place)                                                                                           \
    "{\"id\":\"99\",\"application_id\":\"7\",\"type\":3,\"token\":\"t\"," place                                \
    "\"message\":{\"id\":\"555\",\"interaction_metadata\":{\"user\":{\"id\":\"%s\"}}},"                        \
    "\"data\":{\"component_type\":2,\"custom_id\":\"%s\"}}"

#define OF_TYPE(type)                                                                                          \
    "{\"id\":\"99\",\"application_id\":\"7\",\"type\":" type ",\"token\":\"t\"," SERVER("0", "1") "\"data\":{}}"

static const char leaderboard[] = COMMAND(SERVER("34816", "1000"), "leaderboard", "");

static void fill_board(void)
{
    struct db_leaderboard *const board = &world.board;
    *board = (struct db_leaderboard){
        .known = true,
        .guild_name = "The Lantern Room",
        .from = 1793491200,  /* 1 Nov 2026 */
        .until = 1795359845, /* 22 Nov 2026 */
        .total_seconds = 3600 * 40,
        .members = 214,
        .in_voice = 5,
        .first_seconds = 3600 * 30,
        .n_rows = 2,
        .caller_has_time = true,
    };
    board->rows[0] = (struct db_leaderboard_row){
        .position = 1,
        .rank = 1,
        .seconds = 3600 * 30,
        .live = true,
        .member = {.user_id = 5, .username = "mira", .nick = "Mira"},
    };
    board->rows[1] =
        (struct db_leaderboard_row){.position = 2, .rank = 2, .seconds = 3600, .member.user_id = 6};
    board->caller =
        (struct db_leaderboard_row){.position = 30, .rank = 30, .seconds = 60, .member.user_id = CALLER};
}

/* Runs until the n-th edit has left. */
static void await_edit(int n)
{
    for (int i = 0; i < 1000 && world.n_edits < n; i++)
        turn();
    assert_int_equal(world.n_edits, n);
}

static void finish_edit(int index, enum rest_status status, int http_status, int64_t code)
{
    const struct rest_response response = {.status = status, .http_status = http_status, .code = code};
    world.edits[index].on_done(world.edits[index].arg, &response);
}

static cJSON *edit_json(int index)
{
    const char *const json = world.edits[index].json;
    cJSON *const root = json_parse(json, strlen(json));
    assert_non_null(root);
    int64_t flags;
    assert_true(json_int(root, "flags", &flags));
    assert_int_equal(flags, 32768);
    assert_int_equal(cJSON_GetArraySize(json_array(json_object(root, "allowed_mentions"), "parse")), 0);
    assert_non_null(json_array(json_object(root, "allowed_mentions"), "parse"));
    assert_null(json_member(root, "content"));
    return root;
}

/* The text of a text answer, first in its container; good until the root is deleted. */
static const char *edit_text(const cJSON *root)
{
    assert_int_equal(cJSON_GetArraySize(json_array(root, "attachments")), 0);
    assert_non_null(json_array(root, "attachments"));
    const cJSON *const container = cJSON_GetArrayItem(json_array(root, "components"), 0);
    return json_string(cJSON_GetArrayItem(json_array(container, "components"), 0), "content");
}

static void expect_text_edit(int index, const char *part)
{
    assert_false(world.edits[index].with_file);
    cJSON *const root = edit_json(index);
    const char *const text = edit_text(root);
    if (text == NULL || strstr(text, part) == NULL)
        fail_msg("wanted %s: %s", part, world.edits[index].json);
    cJSON_Delete(root);
}

/* Tests ---------------------------------------------------------------------------------------------------- */

static void test_ping(void **state)
{
    (void)state;
    char *const answer = post_signed(ping);
    assert_non_null(strstr(answer, "application/json"));
    expect(answer, 200, "\r\n\r\n{\"type\":1}");
}

static void test_bad_signatures(void **state)
{
    (void)state;
    char hex[2 * crypto_sign_BYTES + 1];
    char headers[512];
    sign(hex, "1", ping);
    expect(post("", ping), 401, "signature");
    snprintf(headers, sizeof(headers), "X-Signature-Ed25519: %s\r\n", hex);
    expect(post(headers, ping), 401, "signature");
    expect(post("X-Signature-Timestamp: 1\r\n", ping), 401, "signature");
    snprintf(headers, sizeof(headers), "X-Signature-Ed25519: %.126s\r\nX-Signature-Timestamp: 1\r\n", hex);
    expect(post(headers, ping), 401, "signature");
    snprintf(headers, sizeof(headers), "X-Signature-Ed25519: %.127s\r\nX-Signature-Timestamp: 1\r\n", hex);
    expect(post(headers, ping), 401, "signature");
    snprintf(headers, sizeof(headers), "X-Signature-Ed25519: %.127sx\r\nX-Signature-Timestamp: 1\r\n", hex);
    expect(post(headers, ping), 401, "signature");
    snprintf(headers, sizeof(headers), "X-Signature-Ed25519: %s\r\nX-Signature-Timestamp: 2\r\n", hex);
    expect(post(headers, ping), 401, "signature");
    /* what is wrong with the body does not matter then */
    expect(post("", "{"), 401, "signature");
    snprintf(headers, sizeof(headers), "x-signature-ed25519: %s\r\nx-signature-timestamp: 1\r\n", hex);
    expect(post(headers, ping), 200, "{\"type\":1}");
}

static void test_refused(void **state)
{
    (void)state;
    expect(post_signed("{"), 400, "JSON");
    expect(post_signed(""), 400, "JSON");
    expect(post_signed("[]"), 400, "interaction");
    expect(post_signed("{\"id\":\"1\",\"application_id\":\"7\",\"type\":77,\"token\":\"t\"}"), 400,
           "unknown type");
    expect(post_signed("{\"id\":\"1\",\"application_id\":\"8\",\"type\":1,\"token\":\"t\"}"), 400, "another");
    expect(post_signed(OF_TYPE("4")), 400, "no autocomplete");
    expect(post_signed(ping), 200, "{\"type\":1}");
}

static void test_words(void **state)
{
    (void)state;
    expect(post_signed(COMMAND(SERVER("0", "1"), "fly", "")), 200, "I do not know this command");
    expect(post_signed(COMMAND("\"app_permissions\":\"0\",\"user\":{\"id\":\"42\"},", "leaderboard", "")), 200,
           "only in servers");
    expect(post_signed(OF_TYPE("5")), 200, "I do not know this control"); /* a modal's */
    char *const answer = post_signed(COMMAND(SERVER("0", "1"), "fly", ""));
    const char *const body = strstr(answer, "\r\n\r\n") + 4;
    cJSON *const root = json_parse(body, strlen(body));
    int64_t type = 0, flags = 0;
    assert_true(json_int(root, "type", &type) && json_int(json_object(root, "data"), "flags", &flags));
    assert_int_equal(type, 4);
    assert_int_equal(flags, 64);
    cJSON_Delete(root);
    free(answer);
    app.n_commands = 256;
    expect(post_signed(leaderboard), 200, "try again");
    app.n_commands = 0;
    assert_int_equal(world.n_edits, 0);
}

static void test_health(void **state)
{
    (void)state;
    expect(get("/healthz"), 200, "ok");
    expect(get("/readyz"), 503, "no database");
    world.pool_ready = true;
    expect(get("/readyz"), 503, "no database");
    world.pending_pool_ready = true;
    expect(get("/readyz"), 200, "ok");
    expect(get("/"), 404, "nothing");
    expect(get("/interactions"), 405, "method");
}

static void test_picture(void **state)
{
    (void)state;
    fill_board();
    expect(post_signed(leaderboard), 200, "\r\n\r\n{\"type\":5}");
    await_edit(1);
    assert_int_equal(world.query.guild_id, guild_id);
    assert_int_equal(world.query.range, RANGE_THIS_MONTH);
    assert_int_equal(world.query.caller_id, CALLER);
    assert_int_equal(world.query.page, 0);

    assert_string_equal(world.first_name, "Mira");
    assert_string_equal(world.range, "This month · 1 – 22 Nov 2026 UTC");
    assert_int_equal(world.view.n_rows, 2);
    assert_int_equal(world.view.first_position, 1);
    assert_int_equal(world.view.last_position, 2);
    assert_true(world.view.rows[0].live);
    assert_true(world.view.caller_below);
    assert_true(world.view.own.caller);
    assert_int_equal(world.view.own.rank, 30);

    assert_string_equal(world.edits[0].path, "/webhooks/7/to%2Fken/messages/@original");
    assert_true(world.edits[0].with_file);
    cJSON *const root = edit_json(0);
    const cJSON *const attachment = cJSON_GetArrayItem(json_array(root, "attachments"), 0);
    assert_int_equal(cJSON_GetArraySize(json_array(root, "attachments")), 1);
    assert_string_equal(json_string(attachment, "id"), "0");
    assert_string_equal(json_string(attachment, "filename"), "leaderboard-99.jpg");
    assert_string_equal(
        json_string(attachment, "description"),
        "Voice leaderboard of The Lantern Room, This month · 1 – 22 Nov 2026 UTC: 1. Mira 30h 00m; "
        "2. Unknown member 1h 00m; 30. Ann* (you) 1m; 40h 00m in total, 214 members, "
        "5 members in voice now");
    assert_non_null(strstr(world.edits[0].json, "\"attachment://leaderboard-99.jpg\""));
    cJSON_Delete(root);
    finish_edit(0, REST_OK, 200, 0);
    assert_int_equal(world.n_edits, 1);
}

static void test_caller_on_the_page(void **state)
{
    (void)state;
    fill_board();
    world.board.rows[1] = world.board.caller;
    expect(post_signed(leaderboard), 200, "{\"type\":5}");
    await_edit(1);
    assert_true(world.view.rows[1].caller);
    assert_false(world.view.caller_below);
    assert_null(world.you);
    finish_edit(0, REST_OK, 200, 0);
}

static void test_caller_without_time(void **state)
{
    (void)state;
    fill_board();
    world.board.caller_has_time = false;
    expect(post_signed(leaderboard), 200, "{\"type\":5}");
    await_edit(1);
    assert_false(world.view.caller_below);
    assert_string_equal(world.you, "You: no voice time this month");
    assert_null(world.not_counting);
    finish_edit(0, REST_OK, 200, 0);
}

/* A board tells that nothing is counted, an empty one too: by whom it was switched off, or since when nobody watches. */
static void test_not_counting(void **state)
{
    (void)state;
    fill_board();
    world.board.in_voice = 0;
    world.board.counting.silent_since = world.board.until - 3600;
    expect(post_signed(leaderboard), 200, "{\"type\":5}");
    await_edit(1);
    assert_string_equal(world.not_counting, "Not counting since 14:04 UTC");
    assert_non_null(
        strstr(world.edits[0].json, "40h 00m in total, 214 members. Not counting since 14:04 UTC.\""));
    finish_edit(0, REST_OK, 200, 0);
    world.board.counting.off = true;
    expect(post_signed(leaderboard), 200, "{\"type\":5}");
    await_edit(2);
    assert_string_equal(world.not_counting, "Tracking is off");
    finish_edit(1, REST_OK, 200, 0);
    world.board.n_rows = 0;
    expect(post_signed(leaderboard), 200, "{\"type\":5}");
    await_edit(3);
    expect_text_edit(2, "Nobody has been in voice this month. Tracking is off.");
    finish_edit(2, REST_OK, 200, 0);
}

static void test_range_option(void **state)
{
    (void)state;
    fill_board();
    static const char all_time[] = COMMAND(SERVER("34816", "1000"), "leaderboard",
                                           "{\"type\":3,\"name\":\"time_range\",\"value\":\"all_time\"}");
    expect(post_signed(all_time), 200, "{\"type\":5}");
    await_edit(1);
    assert_int_equal(world.query.range, RANGE_ALL_TIME);
    finish_edit(0, REST_OK, 200, 0);
    static const char decade[] = COMMAND(SERVER("34816", "1000"), "leaderboard",
                                         "{\"type\":3,\"name\":\"time_range\",\"value\":\"decade\"}");
    expect(post_signed(decade), 200, "{\"type\":5}");
    await_edit(2);
    expect_text_edit(1, "I do not know this time range");
    finish_edit(1, REST_OK, 200, 0);
}

/* The same figures in words where no file may be attached, or none that large. */
static void test_text_instead(void **state)
{
    (void)state;
    static const char no_right[] = COMMAND(SERVER("2048", "1000"), "leaderboard", "");
    static const char small[] = COMMAND(SERVER("34816", "3"), "leaderboard", "");
    fill_board();
    expect(post_signed(no_right), 200, "{\"type\":5}");
    await_edit(1);
    expect_text_edit(0, "\u2068The Lantern Room\u2069\nThis month · 1 – 22 Nov 2026 UTC\n"
                        "**#1** \u2068Mira\u2069 · 30h 00m\n**#2** \u2068Unknown member\u2069 · 1h 00m\n"
                        "**#30** \u2068Ann\\*\u2069 · 1m (you)\n-# 40h 00m in total, 214 members");
    assert_int_equal(world.n_drawn, 0);
    finish_edit(0, REST_OK, 200, 0);
    expect(post_signed(small), 200, "{\"type\":5}");
    await_edit(2);
    expect_text_edit(1, "**#1**");
    finish_edit(1, REST_OK, 200, 0);
}

static void test_picture_refused(void **state)
{
    (void)state;
    fill_board();
    expect(post_signed(leaderboard), 200, "{\"type\":5}");
    await_edit(1);
    assert_true(world.edits[0].with_file);
    finish_edit(0, REST_REFUSED, 400, 400001);
    await_edit(2);
    expect_text_edit(1, "**#1**");
    finish_edit(1, REST_REFUSED, 400, 50035); /* and nothing more is tried */
    assert_int_equal(world.n_edits, 2);
}

static void test_message_gone(void **state)
{
    (void)state;
    fill_board();
    expect(post_signed(leaderboard), 200, "{\"type\":5}");
    await_edit(1);
    finish_edit(0, REST_REFUSED, 404, 10015);
    assert_int_equal(world.n_edits, 1);
    expect(post_signed(leaderboard), 200, "{\"type\":5}");
    await_edit(2);
    finish_edit(1, REST_UNREACHABLE, 503, 0);
    assert_int_equal(world.n_edits, 2);
}

static void test_no_picture_to_draw(void **state)
{
    (void)state;
    expect(post_signed(leaderboard), 200, "{\"type\":5}"); /* the board says that the server is not known */
    await_edit(1);
    expect_text_edit(0, "I do not know this server yet");
    finish_edit(0, REST_OK, 200, 0);
    world.board.known = true;
    expect(post_signed(leaderboard), 200, "{\"type\":5}");
    await_edit(2);
    expect_text_edit(1, "Nobody has been in voice this month.");
    finish_edit(1, REST_OK, 200, 0);
    world.database_fails = true;
    expect(post_signed(leaderboard), 200, "{\"type\":5}");
    await_edit(3);
    expect_text_edit(2, "can't reach my records");
    assert_non_null(strstr(world.edits[2].json, "vc1:lb:refresh:this_month:0:0")); /* to try again */
    finish_edit(2, REST_OK, 200, 0);
}

/* A request that came before gets the same acknowledgement, and nothing else happens. */
static void test_replayed(void **state)
{
    (void)state;
    fill_board();
    world.recorded = PENDING_REPLAYED;
    expect(post_signed(leaderboard), 200, "{\"type\":5}");
    assert_string_equal(world.recorded_body, leaderboard);
    for (int i = 0; i < 5; i++)
        turn();
    assert_int_equal(world.n_edits, 0);
    assert_int_equal(world.n_ended, 0);
    assert_null(world.on_board);
}

static void draw_nothing(void *arg)
{
    (void)arg;
}

/* Who has much to draw lets others have the connection, where there are others. */
static void test_busy(void **state)
{
    (void)state;
    world.recorded = PENDING_REPLAYED;
    for (int i = 0; i < 50; i++)
        draw_queue_add(app.draw_queue, draw_nothing, NULL);
    connection = "keep-alive";
    app.has_siblings = true;
    expect(post_signed(leaderboard), 200, "Connection: close\r\n");
    app.has_siblings = false;
    for (int i = 0; i < 50; i++)
        draw_queue_add(app.draw_queue, draw_nothing, NULL);
    max_turns = 100;
    expect(post_signed(leaderboard), 200, "keep-alive\r\n");
    max_turns = 1000;
    connection = "close";
    while (draw_queue_waiting(app.draw_queue) > 0)
        turn();
}

/* Recorded is which message a click does nothing but edit: that of who ran the command, and no setting's. */
static void test_clicked_message(void **state)
{
    (void)state;
    static const struct {
        const char *custom_id, *owner;
        uint64_t message_id;
    } cases[] = {
        {"vc1:lb:refresh:this_month:0:0", "42", 555},
        {"vc1:lb:refresh:this_month:0:0", "43", 0},
        {"vc1:set:tracking:off", "42", 0},
    };
    world.recorded = PENDING_REPLAYED; /* nothing is to be done */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer body = {0};
        buffer_printf(&body, CLICK(SERVER("0", "1")), cases[i].owner, cases[i].custom_id);
        world.recorded_message = 1;
        expect(post_signed(body.data), 200, "{\"type\":");
        assert_string_equal(world.recorded_body, body.data);
        assert_int_equal(world.recorded_message, cases[i].message_id);
        buffer_finish(&body);
    }
}

static void test_unconfirmed(void **state)
{
    (void)state;
    fill_board();
    world.recorded = PENDING_UNCONFIRMED;
    expect(post_signed(leaderboard), 200, "{\"type\":5}");
    await_edit(1);
    finish_edit(0, REST_OK, 200, 0);
    assert_int_equal(world.n_ended, 1);
}

/* What another worker has left; of another version of us, too. */
static bool resume(const char *body)
{
    const struct db_pending_claimed claimed = {.body = body, .len = strlen(body)};
    return endpoint_resume(&app, &claimed);
}

static void test_resumed(void **state)
{
    (void)state;
    static const char unknown[] = COMMAND(SERVER("34816", "1000"), "dance", "");
    static const char modal[] = "{\"id\":\"99\",\"application_id\":\"7\",\"type\":5,\"token\":\"t\"," SERVER(
        "34816", "1000") "\"data\":{\"custom_id\":\"vc1:xx\",\"components\":[]}}";
    fill_board();
    assert_false(resume("{"));
    assert_true(resume(leaderboard));
    await_edit(1);
    assert_true(world.edits[0].with_file);
    assert_string_equal(world.edits[0].path, "/webhooks/7/to%2Fken/messages/@original");
    finish_edit(0, REST_OK, 200, 0);
    assert_true(resume(unknown));
    await_edit(2);
    expect_text_edit(1, "I do not know this command");
    finish_edit(1, REST_OK, 200, 0);
    assert_true(resume(modal));
    await_edit(3);
    expect_text_edit(2, "another version of this bot");
    finish_edit(2, REST_OK, 200, 0);
    assert_int_equal(world.n_ended, 3);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ping, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_signatures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_health, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_picture, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_caller_on_the_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_caller_without_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_not_counting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_range_option, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_text_instead, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_picture_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_message_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_picture_to_draw, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replayed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_busy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_clicked_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unconfirmed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_resumed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
