#include "handler/health.h"

#include "infra/config.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMEOUT_S = 2 };

/* Who listens on every address does so on loopback. False where it is one of its own. */
static bool wildcard_to_loopback(struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct in_addr *const v4 = &((struct sockaddr_in *)address)->sin_addr;
        if (v4->s_addr != htonl(INADDR_ANY))
            return false;
        v4->s_addr = htonl(INADDR_LOOPBACK);
    } else {
        struct in6_addr *const v6 = &((struct sockaddr_in6 *)address)->sin6_addr;
        if (!IN6_IS_ADDR_UNSPECIFIED(v6))
            return false;
        *v6 = in6addr_loopback;
    }
    return true;
}

/* A connected socket, or -1 with errno. */
static int connect_to(const struct sockaddr *address, socklen_t len)
{
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* connect() keeps to the time for sending. */
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0 &&
        connect(fd, address, len) == 0)
        return fd;
    const int why = errno;
    if (fd >= 0)
        close(fd);
    errno = why;
    return -1;
}

/* A v6 wildcard takes v4 too, and that alone where the machine has v6 switched off. */
static int connect_to_listener(const struct config_address *listen)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found;
    errno = EADDRNOTAVAIL;
    if (getaddrinfo(listen->host, listen->port, &hints, &found) != 0)
        return -1;
    const bool wildcard = wildcard_to_loopback(found->ai_addr);
    int fd = connect_to(found->ai_addr, found->ai_addrlen);
    if (fd < 0 && wildcard && found->ai_family == AF_INET6) {
        const struct sockaddr_in v4 = {.sin_family = AF_INET,
                                       .sin_port = ((const struct sockaddr_in6 *)found->ai_addr)->sin6_port,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        fd = connect_to((const struct sockaddr *)&v4, sizeof(v4));
    }
    freeaddrinfo(found);
    return fd;
}

/* The status, or 0 with errno. */
static int get_healthz(int fd)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char response[64] = "";
    int status;
    if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != sizeof(request) - 1 ||
        recv(fd, response, sizeof(response) - 1, MSG_WAITALL) < 0)
        return 0;
    errno = EPROTO;
    return sscanf(response, "HTTP/1.1 %3d ", &status) == 1 ? status : 0;
}

static const char *reason(int error)
{
    const bool late = error == EAGAIN || error == EINPROGRESS; /* recv()'s and connect()'s word for it */
    return strerror(late ? ETIMEDOUT : error);
}

int health_ask(void)
{
    struct config_address listen;
    config_address("LISTEN", "127.0.0.1:8080", &listen);
    if (!config_check("handler"))
        return EXIT_FAILURE;
    const int fd = connect_to_listener(&listen);
    const int status = fd >= 0 ? get_healthz(fd) : 0;
    if (status == 0)
        fprintf(stderr, "handler: GET /healthz at %s port %s: %s\n", listen.host, listen.port, reason(errno));
    else
        printf("GET /healthz: %d\n", status);
    if (fd >= 0)
        close(fd);
    return status == 200 ? EXIT_SUCCESS : EXIT_FAILURE;
}
