/* Once a process: the private fonts and everything that is the same on every card. */
#pragma once

#include <stdbool.h>

/*
 * fonts: path of the fontconfig file (render/fonts.conf). False (logged) where it or one of its fonts is
 * missing. To be called after a fork, not before: pango starts a thread. The first card of a process takes some
 * 40 ms more.
 */
bool render_init(const char *fonts);
void render_finish(void);
