/* The cards whose look is guarded: each is stored in tests/render/pictures and drawn anew by the tests. */
#pragma once

#include "render/image.h"

struct card_case {
    const char *file;
    struct picture (*draw)(void); /* the caller frees its bytes */
};

/* Ends with a file of NULL. */
extern const struct card_case CARD_CASES[];
