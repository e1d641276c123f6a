#include "infra/listener.h"

#include "infra/config.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static bool bind_and_listen(int fd, const struct addrinfo *address)
{
    const int on = 1;
    return fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
           bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
}

bool listener_open(const char *program, const char *setting, const struct config_address *address, int *fd)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found;
    *fd = -1;
    if (address->host[0] == '\0')
        return true;
    if (getaddrinfo(address->host, address->port, &hints, &found) != 0) {
        fprintf(stderr, "%s: %s is no address\n", program, setting);
        return false;
    }
    *fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const bool good = bind_and_listen(*fd, found);
    if (!good)
        fprintf(stderr, "%s: %s %s:%s: %s\n", program, setting, address->host, address->port, strerror(errno));
    if (!good && *fd >= 0)
        close(*fd);
    freeaddrinfo(found);
    return good;
}
