/* The page at / and its files at /page/: a channel to play in. Read from the source tree at each request. */
#pragma once

#include <stdbool.h>

struct request;
struct sandbox;

bool page_is(const char *path);
/* Takes the request over. */
void page_handle(const struct sandbox *sandbox, struct request *request);
