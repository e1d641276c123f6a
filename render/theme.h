/*
 * The looks of all cards: colours and type. Measures of one card stand in its own file. Pixels of a card 1000
 * wide.
 */
#pragma once

#include "render/card.h"

/* Colours as 0xRRGGBB; how opaque they are is said where they are used. */
enum {
    COLOUR_BG = 0x15171C,
    COLOUR_BG_TOP = 0x1F2433,
    COLOUR_TEXT = 0xF3F5F9,
    COLOUR_TEXT2 = 0xAEB6C4,
    COLOUR_TEXT3 = 0x8790A0,
    COLOUR_DOTS = 0x464E5E,
    COLOUR_WHITE = 0xFFFFFF, /* the track of a bar at 7 %, the inside edge of an avatar at 14 % */
    COLOUR_BAR = 0x5B8DEF,
    COLOUR_ACCENT = 0x4CC9F0,
    COLOUR_ACCENT_INK = 0x06222C,
    COLOUR_LIVE = 0x3DDC84,
    COLOUR_LIVE_INK = 0x07271A,
    COLOUR_MEDAL_INK = 0x2A1C05,
    COLOUR_PAIR_FROM = COLOUR_ACCENT, /* bars of time together */
    COLOUR_PAIR_TO = 0xA98BFA,
    COLOUR_PAIR_RING = 0x272743, /* between two avatars on the tint */
    COLOUR_LINE = 0x2A2E38,      /* of a chart's grid, and between figures */
    COLOUR_AXIS = 0x626B7C,
    COLOUR_PREV1 = 0xDF9A45, /* a chart's lines: the period before the present one, and so on */
    COLOUR_PREV2 = 0xA56BD6,
    COLOUR_PREV3 = 0x7A8494,
    COLOUR_MEAN = 0xE6EAF2,
};
#define ALPHA_TRACK .07
#define ALPHA_EDGE  .14

/* Gold, silver and bronze: disc, ring and bar go from light to dark, the row is tinted. */
struct metal {
    unsigned light, dark;
    struct tint tint;
};
static const struct metal METALS[3] = {
    {0xFFE08A, 0xF0B429, {0xFFA51F, .28, .06, .05}},
    {0xF1F5FB, 0xA9B6C8, {0xA9C1E6, .22, .06, .05}},
    {0xF3B183, 0xC8743C, {0xF07B3F, .22, .06, .05}},
};

/* The row of the first partner. */
static const struct tint PAIR_TINT = {0x8B7CF6, .32, .08, .06};

/* Days of the year grid: without time, then four quarters of those with time. */
static const unsigned GRID_SHADES[5] = {0x242831, 0x274E96, 0x3283CF, 0x55BEE6, 0xC4F5F3};

/* Flat discs behind initials, picked by id. */
static const unsigned INITIAL_COLOURS[4] = {0x4450A8, 0x2C7A66, 0x8E3F60, 0x5D4A9C};

enum { CARD_WIDTH = 1000, CARD_GRADIENT = 240 /* high: bg-top to bg */ };

/* Type: fallback families are in fonts.conf. Figures are tabular everywhere. */
#define FAMILY         "Inter"
#define FAMILY_DISPLAY "Inter Display"

struct type {
    const char *family;
    double size;
    int weight;
    double spacing; /* between letters */
};

static const struct type TYPE_BOARD_TITLE = {FAMILY_DISPLAY, 40, 700, 0};
static const struct type TYPE_SUBTITLE = {FAMILY, 25, 600, 0};
static const struct type TYPE_BOARD_RANGE = {FAMILY, 23, 500, 0};
static const struct type TYPE_HEADER_FIGURE = {FAMILY_DISPLAY, 48, 700, 0};
static const struct type TYPE_HEADER_LABEL = {FAMILY, 23, 500, 0};
static const struct type TYPE_MEDAL_RANK = {FAMILY_DISPLAY, 34, 800, 0};
static const struct type TYPE_RANK = {FAMILY_DISPLAY, 30, 600, 0};
static const struct type TYPE_MEDAL_NAME = {FAMILY, 34, 600, 0};
static const struct type TYPE_NAME = {FAMILY, 30, 600, 0};
static const struct type TYPE_MEDAL_OWN_NAME = {FAMILY, 34, 500, 0};
static const struct type TYPE_OWN_NAME = {FAMILY, 30, 500, 0};
static const struct type TYPE_MEDAL_DURATION = {FAMILY_DISPLAY, 36, 700, 0};
static const struct type TYPE_DURATION = {FAMILY_DISPLAY, 31, 700, 0};
static const struct type TYPE_STATS_TITLE = {FAMILY_DISPLAY, 38, 700, 0};
static const struct type TYPE_STATS_RANGE = {FAMILY, 25, 500, 0};
static const struct type TYPE_FIGURE_LABEL = {FAMILY, 22, 500, 0};
static const struct type TYPE_FIGURE = {FAMILY_DISPLAY, 38, 700, 0};
static const struct type TYPE_FIGURE_UNIT = {FAMILY_DISPLAY, 24, 500, 0};
static const struct type TYPE_FIGURE_SUB = {FAMILY, 22, 500, 0};
static const struct type TYPE_GRID_MONTH = {FAMILY, 20, 500, 0};
static const struct type TYPE_GRID_LEGEND = {FAMILY, 22, 500, 0};
static const struct type TYPE_GRID_WEEKDAY = {FAMILY, 19, 500, 0};
static const struct type TYPE_FOOTER = {FAMILY, 22, 500, 0};
static const struct type TYPE_YOU = {FAMILY, 20, 800, .6};
static const struct type TYPE_LEGEND = {FAMILY, 22, 500, 0};
static const struct type TYPE_LEGEND_PRESENT = {FAMILY, 22, 700, 0};
static const struct type TYPE_AXIS = {FAMILY, 23, 500, 0};
static const struct type TYPE_CHIP = {FAMILY, 21, 700, 0};
