/* Requests that wait for something to happen (long polls). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct parked;
struct request;

/* Answers the request and returns true if there is something to say, or if this is the last try. */
typedef bool parked_try(void *context, struct request *request, int64_t key, bool last);

struct parked *parked_create(struct loop *loop, void *context);
/* Tries at once, then after each parked_changed(), and for the last time after wait_ms. */
void parked_add(struct parked *parked, struct request *request, int64_t key, int64_t wait_ms, parked_try *try);
/* Something happened: all are tried soon, not from inside this call. */
void parked_changed(struct parked *parked);
