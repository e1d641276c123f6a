/*
 * Acknowledgements under load: keep-alive connections that post signed interactions, each as soon as its last one was
 * answered.
 *
 *     load PORT SEED CONNECTIONS FILE
 *
 * FILE has a body in each line; all are signed before the clock starts, and sent once. SEED (64 hex digits) makes the
 * key. Tells the rate of libsodium's bare verify on the same bodies too: by turns with the posts, every few hundredths of
 * a second, for what a CPU second is worth changes by a third within seconds where a machine has neighbours. An answer
 * that is not 200 is the end.
 */
#include "infra/mem.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char timestamp[] = "1770000000";

enum { TIMESTAMP = sizeof(timestamp) - 1, MAX_ANSWER = 4096 };
enum { POSTS = 500, VERIFICATIONS = 500 }; /* of a turn */

struct interaction {
    char *message; /* what is signed: the timestamp, then the body */
    size_t message_len;
    unsigned char signature[crypto_sign_BYTES];
    struct buffer request;
    int64_t sent_ns, took_ns;
};

struct load {
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
    struct interaction *interactions;
    size_t n, n_sent, n_answered, turn_end; /* of interactions */
    size_t n_verified;
    int64_t verify_ns; /* CPU time */
    int epoll_fd;
};

struct connection {
    int fd;
    struct interaction *under_way;
    char answer[MAX_ANSWER];
    size_t answer_len;
};

static void fail(const char *words)
{
    perror(words);
    exit(EXIT_FAILURE);
}

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Signing -------------------------------------------------------------------------------------------------- */

static void sign(const struct load *load, struct interaction *interaction, const char *body, size_t len)
{
    struct buffer message = {0};
    buffer_append(&message, timestamp, TIMESTAMP);
    buffer_append(&message, body, len);
    interaction->message = message.data;
    interaction->message_len = message.len;
    crypto_sign_detached(interaction->signature, NULL, (const unsigned char *)message.data, message.len,
                         load->secret_key);

    char hex[2 * crypto_sign_BYTES + 1];
    sodium_bin2hex(hex, sizeof(hex), interaction->signature, sizeof(interaction->signature));
    buffer_printf(&interaction->request,
                  "POST /interactions HTTP/1.1\r\n"
                  "Host: localhost\r\n"
                  "User-Agent: Discord-Interactions/1.0 (+https://discord.com)\r\n"
                  "Content-Type: application/json\r\n"
                  "X-Signature-Ed25519: %s\r\n"
                  "X-Signature-Timestamp: %s\r\n"
                  "Content-Length: %zu\r\n"
                  "\r\n",
                  hex, timestamp, len);
    buffer_append(&interaction->request, body, len);
}

static void read_and_sign(struct load *load, const char *path)
{
    FILE *const file = fopen(path, "r");
    if (file == NULL)
        fail(path);
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t len; (len = getline(&line, &capacity, file)) > 1; load->n++) {
        load->interactions = mem_realloc(load->interactions, (load->n + 1) * sizeof(*load->interactions));
        load->interactions[load->n] = (struct interaction){0};
        sign(load, &load->interactions[load->n], line, (size_t)len - 1);
    }
    free(line);
    fclose(file);
}

static void verify_some(struct load *load)
{
    const int64_t start = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < VERIFICATIONS; i++) {
        const struct interaction *const interaction = &load->interactions[load->n_verified++ % load->n];
        if (crypto_sign_verify_detached(interaction->signature, (const unsigned char *)interaction->message,
                                        interaction->message_len, load->public_key) != 0)
            abort(); /* we have signed it */
    }
    load->verify_ns += now_ns(CLOCK_PROCESS_CPUTIME_ID) - start;
}

/* Posting -------------------------------------------------------------------------------------------------- */

static void post_next(struct load *load, struct connection *connection)
{
    connection->answer_len = 0;
    connection->under_way = NULL;
    if (load->n_sent == load->turn_end)
        return;
    struct interaction *const interaction = &load->interactions[load->n_sent++];
    connection->under_way = interaction;
    interaction->sent_ns = now_ns(CLOCK_MONOTONIC);
    if (send(connection->fd, interaction->request.data, interaction->request.len, MSG_NOSIGNAL) !=
        (ssize_t)interaction->request.len)
        fail("send"); /* a few kB: they fit into the socket's buffer */
}

/* Answers are short, and each has a content-length. */
static bool is_complete(const struct connection *connection)
{
    const char *const end = strstr(connection->answer, "\r\n\r\n");
    const char *const length = strcasestr(connection->answer, "\r\ncontent-length:");
    if (end == NULL || length == NULL)
        return false;
    const size_t body = strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
    return connection->answer_len >= (size_t)(end + 4 - connection->answer) + body;
}

static void read_answer(struct load *load, struct connection *connection)
{
    const ssize_t n = recv(connection->fd, connection->answer + connection->answer_len,
                           MAX_ANSWER - 1 - connection->answer_len, 0);
    if (n <= 0 || connection->under_way == NULL)
        fail("the handler closed a connection");
    connection->answer_len += (size_t)n;
    connection->answer[connection->answer_len] = '\0';
    if (!is_complete(connection))
        return;
    if (strncmp(connection->answer, "HTTP/1.1 200 ", 13) != 0)
        fail(connection->answer);
    connection->under_way->took_ns = now_ns(CLOCK_MONOTONIC) - connection->under_way->sent_ns;
    load->n_answered++;
    post_next(load, connection);
}

static void open_connection(const struct load *load, struct connection *connection, int port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    const int on = 1;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0 || connect(connection->fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        fail("connect");
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event);
}

static void post_some(struct load *load, struct connection *connections, size_t n_connections)
{
    load->turn_end = load->n - load->n_sent < POSTS ? load->n : load->n_sent + POSTS;
    for (size_t i = 0; i < n_connections; i++)
        post_next(load, &connections[i]);
    while (load->n_answered < load->turn_end) {
        struct epoll_event events[64];
        const int n = epoll_wait(load->epoll_fd, events, 64, 10000);
        if (n <= 0)
            fail("no answer for ten seconds");
        for (int i = 0; i < n; i++)
            read_answer(load, events[i].data.ptr);
    }
}

static void post_all(struct load *load, int port, size_t n_connections)
{
    struct connection *const connections = mem_alloc(n_connections * sizeof(*connections));
    load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < n_connections; i++)
        open_connection(load, &connections[i], port);
    while (load->n_answered < load->n) {
        post_some(load, connections, n_connections);
        verify_some(load);
    }
    for (size_t i = 0; i < n_connections; i++)
        close(connections[i].fd);
    close(load->epoll_fd);
    free(connections);
}

/* Telling -------------------------------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
    const struct interaction *const left = a, *const right = b;
    return (left->took_ns > right->took_ns) - (left->took_ns < right->took_ns);
}

static double quantile_ms(const struct load *sorted, double q)
{
    return (double)sorted->interactions[(size_t)(q * (double)(sorted->n - 1))].took_ns / 1e6;
}

int main(int argc, char **argv)
{
    struct load load = {0};
    unsigned char seed[crypto_sign_SEEDBYTES];
    if (argc != 5 || sodium_init() < 0 ||
        sodium_hex2bin(seed, sizeof(seed), argv[2], strlen(argv[2]), NULL, NULL, NULL) != 0) {
        fprintf(stderr, "usage: load PORT SEED CONNECTIONS FILE\n");
        return 2;
    }
    crypto_sign_seed_keypair(load.public_key, load.secret_key, seed);
    read_and_sign(&load, argv[4]);
    post_all(&load, atoi(argv[1]), (size_t)atoi(argv[3]));
    printf("{\"name\": \"verify\", \"per_cpu_second\": %.0f}\n",
           (double)load.n_verified * 1e9 / (double)load.verify_ns);
    qsort(load.interactions, load.n, sizeof(*load.interactions), by_time);
    printf("{\"name\": \"acknowledgements\", \"n\": %zu, \"p50\": %.3f, \"p99\": %.3f}\n", load.n,
           quantile_ms(&load, 0.5), quantile_ms(&load, 0.99));
    return EXIT_SUCCESS;
}
