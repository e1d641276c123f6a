/* Discord's REST API: what every call has in common (contract, section 5), and the routes. */
#pragma once

#include <cJSON.h>
#include <stdint.h>

struct request;
struct sandbox;

/* Takes a request whose path begins with /api/. */
void rest_handle(struct sandbox *sandbox, struct request *request);

/* Discord's error body: {"message", "code", "errors"?}. */
void rest_fail(struct request *request, int status, int64_t code, const char *message);
