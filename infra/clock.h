/* The two clocks. Waiting is measured on the monotonic one (see infra/loop.h); sessions are booked on the wall's. */
#pragma once

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t clock_monotonic_ms(void);
/* Milliseconds since 1970, UTC. */
int64_t clock_wall_ms(void);
