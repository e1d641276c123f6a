/* Text from outside that must be valid UTF-8 from here on. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Well-formed by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_valid(const char *bytes, size_t n);
/* A copy in which every byte that belongs to no well-formed character is U+FFFD. The caller frees. */
char *utf8_repair(const char *s);
