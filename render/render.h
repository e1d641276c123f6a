/* Once a process: the private fonts and everything that is the same on every card. */
#pragma once

#include <stdbool.h>

/* fonts: path of the fontconfig file (render/fonts.conf). False (logged) where it or one of its fonts is
 * missing. */
bool render_init(const char *fonts);
void render_finish(void);
