/* Width and height of a PNG or JPEG, from its head. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

bool picture_size(const unsigned char *bytes, size_t n, int *width, int *height);
