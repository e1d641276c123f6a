/* Once a process: the private fonts and everything that is the same on every card. */
#pragma once

#include <stdbool.h>

/*
 * fonts: path of the fontconfig file (render/fonts.conf). False (logged) where it or a family that cards need is
 * missing. To be called after a fork, not before: pango may start a thread. The first card of a process takes
 * some 40 ms more.
 */
bool render_init(const char *fonts);
void render_finish(void);
