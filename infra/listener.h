/* A listening TCP socket, opened at a program's start. */
#pragma once

#include <stdbool.h>

struct config_address;

/*
 * *fd is non-blocking and closed on exec; the caller closes it. It is -1 where the address is not set, which is no
 * error. False where the address cannot be had: then a line on stderr says so, with the program's name and the setting's.
 */
bool listener_open(const char *program, const char *setting, const struct config_address *address, int *fd);
