#include "render/board.h"

#include "render/words.h"

#include <math.h>

const struct board_row board_large_row = {
    .height = 104,
    .gap = 6,
    .name_base = -1,
    .bar_top = 22,
    .bar_height = 10,
    .name = &TYPE_MEDAL_NAME,
    .duration = &TYPE_MEDAL_DURATION,
};
const struct board_row board_plain_row = {
    .height = 80,
    .gap = 2,
    .name_base = -2,
    .bar_top = 17,
    .bar_height = 8,
    .name = &TYPE_NAME,
    .duration = &TYPE_DURATION,
};

void board_header(cairo_t *cr, const struct board_header *header)
{
    const double left = 172, gap = 32;
    const struct text label = text_measure(&TYPE_HEADER_LABEL, header->label);
    text_draw(cr, label, COLOUR_TEXT2, BOARD_RIGHT - label.width, 122);

    const double beside_figure = BOARD_RIGHT - header->figure - gap - left;
    const double beside_label = BOARD_RIGHT - label.width - gap - left;
    text_phrase(cr, &TYPE_BOARD_TITLE, COLOUR_TEXT, left, 70, &header->title, beside_figure);
    const struct text subtitle = text_fit(&TYPE_SUBTITLE, header->subtitle, fmin(beside_figure, beside_label));
    text_draw(cr, subtitle, COLOUR_TEXT, left, 106);
    const struct text range = text_shrink(&TYPE_BOARD_RANGE, header->range, beside_label);
    text_draw(cr, range, COLOUR_TEXT2, left, 138);
}

void board_number(cairo_t *cr, const struct type *type, unsigned colour, double cx, double base,
                  double max_width, int64_t number)
{
    char digits[WORDS_MAX];
    const struct text text = text_shrink(type, words_number(digits, number), max_width);
    text_draw(cr, text, colour, cx - text.width / 2, base);
}

double board_duration(cairo_t *cr, const struct board_row *row, int64_t seconds, double base)
{
    const double gap = 28;
    const struct duration duration = duration_measure(row->duration, .74, seconds);
    duration_draw(cr, &duration, BOARD_ROW_RIGHT, base);
    return BOARD_ROW_RIGHT - duration.width - gap;
}
