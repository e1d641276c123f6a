/* Ended sessions as CSV, one form for one truth: `tracker --export`. Blocks. */
#pragma once

#include <stdint.h>
#include <stdio.h>

/* guild_id 0: of all servers. In order of server, time and member; of stays that nothing tells apart, one. What cannot be
 * written shows in ferror(out). NULL, or in words what is wrong with the database, also that it has never heard of the
 * server; the caller frees. */
char *db_export(const char *url, uint64_t guild_id, FILE *out);
