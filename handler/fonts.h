/* The fonts that come with the program: where they are listed. */
#pragma once

#include <stdbool.h>

/* render_init() with that list. False (logged) where it, or a family that cards need, is missing. */
bool fonts_init(void);
