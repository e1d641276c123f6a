/* The head as the cards draw it. */
#pragma once

#include "render/stats_head.h"

#include <cairo.h>

void stats_head_draw(cairo_t *cr, const struct stats_head *head);
