/* `tracker --export`: ended sessions as the CSV that `--import` reads. */
#pragma once

#include <stdint.h>

/* path "-": stdout; a file appears when it is whole. guild_id 0: all servers. The exit code. */
int export_run(const char *database_url, const char *path, uint64_t guild_id);
