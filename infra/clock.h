/* The two clocks. Waiting is measured on the monotonic one (see infra/loop.h). The wall clock is for what is
 * compared with other machines'; sessions are booked by the database's. */
#pragma once

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t clock_monotonic_ms(void);
/* Milliseconds since 1970, UTC. */
int64_t clock_wall_ms(void);
