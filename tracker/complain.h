/* What a command tells a person on stderr. */
#pragma once

#include <stdbool.h>

/* "what: why", as it is: only control characters are replaced, for libpq and servers have their words in it. false, always. */
bool complain(const char *what, const char *why);
