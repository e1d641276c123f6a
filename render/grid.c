#include "render/grid.h"

#include "render/canvas.h"
#include "render/card.h"
#include "render/date.h"
#include "render/stats_head_draw.h"
#include "render/text.h"
#include "render/theme.h"
#include "render/words.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEIGHT = 516,
    CELLS_LEFT = 77,
    CELLS_TOP = 318,
    CELLS_RIGHT = 975, /* of 53 columns */
    PITCH = 17,
    CELL = 14,
    WEEKDAY_X = 32,
    MONTH_BASE = 304,
    LEGEND_BASE = 482,
    LEGEND_LEFT = 32,
    STEPS_RIGHT = 705,
    LESS_RIGHT = 775,
    SWATCHES_LEFT = 787,
    MORE_RIGHT = 974,
    SWATCH = 20,
    SWATCH_PITCH = 26,
    SWATCH_TOP = 465,
    N_SHADES = 5,
    N_STEPS = 3, /* between the four shades of days with time */
    FEW_DAYS = 8,
    STEPS_WORDS = N_STEPS * WORDS_MAX + 40,
};

/* The least value of each shade but the first two. */
struct steps {
    int64_t value[N_STEPS];
    bool any; /* false: no day has time */
};

/* Shades --------------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Quarters of the days with time, so that one long day changes nothing else. Of few days, quarters of the
 * longest, rounded up. */
static struct steps find_steps(const int64_t values[GRID_DAYS])
{
    int64_t sorted[GRID_DAYS];
    size_t n = 0;
    for (size_t i = 0; i < GRID_DAYS; i++) {
        if (values[i] > 0)
            sorted[n++] = values[i];
    }
    qsort(sorted, n, sizeof(*sorted), by_value);

    struct steps steps = {.any = n > 0};
    for (int i = 0; i < N_STEPS && n > 0; i++) {
        const int64_t quarters = i + 1, most = sorted[n - 1];
        steps.value[i] = n < FEW_DAYS ? most / 4 * quarters + (most % 4 * quarters + 3) / 4
                                      : sorted[(size_t)quarters * n / 4];
    }
    return steps;
}

static int shade_of(const struct steps *steps, int64_t value)
{
    if (value <= 0)
        return 0;
    int shade = 1;
    while (shade <= N_STEPS && value >= steps->value[shade - 1])
        shade++;
    return shade;
}

/* Days ----------------------------------------------------------------------------------------------------- */

/* A column is a week from Monday; the first and the last may be cut. */
static void add_cell(cairo_t *cr, const struct grid_view *view, int i, double outset)
{
    const int place = date_of(view->first_day).weekday + i;
    const int column = place / 7, row = place % 7;
    canvas_box(cr, CELLS_LEFT + column * PITCH - outset, CELLS_TOP + row * PITCH - outset, CELL + 2 * outset,
               CELL + 2 * outset, 3.5 + outset);
}

static void draw_days(cairo_t *cr, const struct grid_view *view, const struct steps *steps)
{
    for (int shade = 0; shade < N_SHADES; shade++) {
        canvas_colour(cr, GRID_SHADES[shade], 1);
        for (int i = 0; i < GRID_DAYS; i++) {
            if (shade_of(steps, view->values[i]) == shade)
                add_cell(cr, view, i, 0);
        }
        cairo_fill(cr);
    }
    add_cell(cr, view, GRID_DAYS - 1, 1.5); /* today */
    canvas_colour(cr, COLOUR_WHITE, 1);
    cairo_set_line_width(cr, 2);
    cairo_stroke(cr);
}

static void draw_weekdays(cairo_t *cr)
{
    static const char *const names[] = {"Mon", "Wed", "Fri"};
    for (int i = 0; i < 3; i++)
        text_left(cr, &TYPE_GRID_WEEKDAY, COLOUR_TEXT3, WEEKDAY_X, CELLS_TOP + 2 * i * PITCH + CELL, names[i]);
}

/* Each month stands over the first week that begins in it, four or five columns after the one before. A month cut
 * by the first day stands nowhere. */
static void draw_months(cairo_t *cr, const struct grid_view *view)
{
    const int64_t end = view->first_day + GRID_DAYS;
    int64_t monday = view->first_day - date_of(view->first_day).weekday;
    for (int x = CELLS_LEFT; monday < end; monday += 7, x += PITCH) {
        const int day = date_of(monday).day;
        if (day > 7 || monday - (day - 1) < view->first_day)
            continue;
        const struct text text = text_measure(&TYPE_GRID_MONTH, words_month(monday));
        text_draw(cr, text, COLOUR_TEXT2, fmin(x, CELLS_RIGHT - text.width), MONTH_BASE);
    }
}

/* Legend --------------------------------------------------------------------------------------------------- */

/* "Shades change at 28m · 53m · 1h 36m"; steps that read alike stand there once, those below a minute nowhere. */
static void describe(char out[STEPS_WORDS], const struct steps *steps, enum stats_unit unit)
{
    char value[N_STEPS][WORDS_MAX];
    int n = 0;
    for (int i = 0; i < N_STEPS; i++) {
        if (unit == STATS_SECONDS && steps->value[i] < 60)
            continue;
        switch (unit) {
        case STATS_SECONDS:
            words_duration(value[n], steps->value[i]);
            break;
        case STATS_MEMBERS:
            words_number(value[n], steps->value[i]);
            break;
        }
        n += n == 0 || strcmp(value[n], value[n - 1]) != 0;
    }
    out[0] = '\0';
    if (n == 0)
        return;
    int len = snprintf(out, STEPS_WORDS, "%s at %s", n == 1 ? "Shade changes" : "Shades change", value[0]);
    for (int i = 1; i < n; i++)
        len += snprintf(out + len, STEPS_WORDS - (size_t)len, " \u00B7 %s", value[i]);
    if (unit == STATS_MEMBERS)
        snprintf(out + len, STEPS_WORDS - (size_t)len, n == 1 && steps->value[0] == 1 ? " member" : " members");
}

static void draw_legend(cairo_t *cr, const struct grid_view *view, const struct steps *steps)
{
    text_right(cr, &TYPE_GRID_LEGEND, COLOUR_TEXT3, LESS_RIGHT, LEGEND_BASE, "Less");
    for (int shade = 0; shade < N_SHADES; shade++) {
        canvas_box(cr, SWATCHES_LEFT + shade * SWATCH_PITCH, SWATCH_TOP, SWATCH, SWATCH, 4.5);
        canvas_colour(cr, GRID_SHADES[shade], 1);
        cairo_fill(cr);
    }
    text_right(cr, &TYPE_GRID_LEGEND, COLOUR_TEXT3, MORE_RIGHT, LEGEND_BASE, "More");

    if (!steps->any)
        return;
    char words[STEPS_WORDS];
    describe(words, steps, view->unit);
    const struct text text = text_shrink(&TYPE_GRID_LEGEND, words, STEPS_RIGHT - LEGEND_LEFT);
    text_draw(cr, text, COLOUR_TEXT3, LEGEND_LEFT, LEGEND_BASE);
}

struct picture grid_render(const struct grid_view *view)
{
    cairo_t *const cr = card_create(HEIGHT);
    stats_head_draw(cr, &view->head);
    const struct steps steps = find_steps(view->values);
    draw_months(cr, view);
    draw_weekdays(cr);
    draw_days(cr, view, &steps);
    draw_legend(cr, view, &steps);
    return card_png(cr);
}
