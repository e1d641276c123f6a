/* What the leaderboard and the partners card share: a header, rows below one another, a footer. */
#pragma once

#include "render/text.h"

enum {
    BOARD_LEFT = 40,
    BOARD_RIGHT = 960, /* both of header and footer */
    BOARD_ROWS_TOP = 174,
    BOARD_BOX_LEFT = 24,
    BOARD_BOX_WIDTH = 952,
    BOARD_ROW_RIGHT = 952,
    BOARD_FOOTER_BASE = 46,
    BOARD_FOOTER_END = 76, /* both from the end of rows */
};

/* Between a picture at the left, square from BOARD_LEFT and BOARD_PICTURE_TOP, and a figure at the right on
 * BOARD_FIGURE_BASE. Both are their card's to draw. */
enum { BOARD_PICTURE = 108, BOARD_PICTURE_TOP = 34, BOARD_FIGURE_BASE = 86 };
struct board_header {
    struct phrase title;
    const char *subtitle, *range;
    const char *label; /* below the figure */
    double figure;     /* its width */
};
void board_header(cairo_t *cr, const struct board_header *header);

/* A row's measures from its middle: those of the large ones at the top, and of all others. */
struct board_row {
    double height, gap, name_base, bar_top, bar_height;
    const struct type *name, *duration;
};
extern const struct board_row board_large_row, board_plain_row;

/* A row's number, centred on cx. */
void board_number(cairo_t *cr, const struct type *type, unsigned colour, double cx, double base,
                  double max_width, int64_t number);
/* A row's duration, at its right. Returns where the name before it has to end. */
double board_duration(cairo_t *cr, const struct board_row *row, int64_t seconds, double base);
