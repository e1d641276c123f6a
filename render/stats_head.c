#include "render/stats_head_draw.h"

#include "render/avatar.h"
#include "render/canvas.h"
#include "render/text.h"
#include "render/theme.h"
#include "render/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    LEFT = 32,
    RIGHT = 968,
    PICTURE_TOP = 36,
    TITLE_X = 144,
    TITLE_BASE = 76,
    SUBTITLE_BASE = 114,
    RANGE_GAP = 14,
    FIGURES_TOP = 154,
    FIGURES_END = 246, /* both of the rules between them */
    LABEL_BASE = 172,
    FIGURE_BASE = 215,
    SUB_BASE = 246,
    RULE_GAP = 28, /* from a rule to the column after it; the one before ends 12 px before the rule */
    UNIT_GAP = 8,  /* before a word */
};
#define UNIT .62 /* of a duration, as a share of its figures */

/* Where figures begin and have to end. */
struct column {
    double left, width;
};

/* Whose it is ---------------------------------------------------------------------------------------------- */

static void draw_title(cairo_t *cr, const struct stats_head *head)
{
    char *const name = words_clean(head->name);
    const struct avatar avatar = {head->image, name, head->id};
    if (head->of_member)
        avatar_draw(cr, &avatar, LEFT + STATS_AVATAR_SIZE / 2., PICTURE_TOP + STATS_AVATAR_SIZE / 2.,
                    STATS_AVATAR_SIZE / 2.);
    else
        avatar_draw_icon(cr, &avatar, LEFT, PICTURE_TOP, STATS_ICON_SIZE, 28);
    text_draw(cr, text_fit(&TYPE_STATS_TITLE, name, RIGHT - TITLE_X), COLOUR_TEXT, TITLE_X, TITLE_BASE);
    free(name);
}

/* The range beside the subtitle; both become smaller where they are long together. */
static void draw_subtitle(cairo_t *cr, const struct stats_head *head)
{
    const double whole =
        text_width(&TYPE_SUBTITLE, head->subtitle) + text_width(&TYPE_STATS_RANGE, head->range);
    const double scale = fmin((RIGHT - TITLE_X - RANGE_GAP) / whole, 1);
    const struct type subtitle_type = text_scale(&TYPE_SUBTITLE, scale);
    const struct type range_type = text_scale(&TYPE_STATS_RANGE, scale);

    const struct text subtitle = text_measure(&subtitle_type, head->subtitle);
    const double end = TITLE_X + subtitle.width;
    text_draw(cr, subtitle, COLOUR_TEXT, TITLE_X, SUBTITLE_BASE);
    text_left(cr, &range_type, COLOUR_TEXT2, end + RANGE_GAP, SUBTITLE_BASE, head->range);
}

/* Figures -------------------------------------------------------------------------------------------------- */

static void draw_label_and_sub(cairo_t *cr, const struct column *column, const char *label, const char *sub)
{
    if (column->left > LEFT) {
        canvas_colour(cr, COLOUR_LINE, 1);
        cairo_rectangle(cr, column->left - RULE_GAP, FIGURES_TOP, 2, FIGURES_END - FIGURES_TOP);
        cairo_fill(cr);
    }
    text_draw(cr, text_shrink(&TYPE_FIGURE_LABEL, label, column->width), COLOUR_TEXT2, column->left,
              LABEL_BASE);
    text_draw(cr, text_shrink(&TYPE_FIGURE_SUB, sub, column->width), COLOUR_TEXT3, column->left, SUB_BASE);
}

static void draw_duration(cairo_t *cr, const struct column *column, int64_t seconds)
{
    const struct duration duration = duration_shrink(&TYPE_FIGURE, UNIT, seconds, column->width);
    duration_draw(cr, &duration, column->left + duration.width, FIGURE_BASE);
}

/* unit: "days", or "" */
static void draw_words(cairo_t *cr, const struct column *column, const char *words, const char *unit)
{
    const struct text after = text_measure(&TYPE_FIGURE_UNIT, unit);
    const double room = column->width - (unit[0] != '\0' ? UNIT_GAP + after.width : 0);
    const struct text figure = text_shrink(&TYPE_FIGURE, words, room);
    text_draw(cr, figure, COLOUR_TEXT, column->left, FIGURE_BASE);
    text_draw(cr, after, COLOUR_TEXT2, column->left + figure.width + UNIT_GAP, FIGURE_BASE);
}

/* It ends today or yesterday, so its length tells when its first day needs the year. */
static void draw_streak(cairo_t *cr, const struct column *column, const struct stats_head *head)
{
    const bool within_a_year = head->streak_days < 365;
    char days[WORDS_MAX], date[WORDS_MAX], since[WORDS_MAX + 8];
    (within_a_year ? words_day : words_date)(date, head->streak_since);
    snprintf(since, sizeof(since), "since %s", date);
    draw_label_and_sub(cr, column, "Current streak", head->streak_days > 0 ? since : "no streak now");
    draw_words(cr, column, words_number(days, head->streak_days), head->streak_days == 1 ? "day" : "days");
}

static void draw_most_active(cairo_t *cr, const struct column *column, const struct stats_peak *day)
{
    char date[WORDS_MAX], time[WORDS_MAX];
    const bool any = day->value > 0;
    draw_label_and_sub(cr, column, "Most active day", any ? words_duration(time, day->value) : "");
    draw_words(cr, column, any ? words_day(date, day->day) : "\u2013", "");
}

static void draw_member(cairo_t *cr, const struct stats_head *head)
{
    static const struct column columns[] = {{32, 204}, {276, 202}, {518, 184}, {742, RIGHT - 742}};
    char days[WORDS_COUNT_MAX];
    words_count(days, head->active_days, "active day", "active days");
    draw_label_and_sub(cr, &columns[0], "Total", days);
    draw_duration(cr, &columns[0], head->total_seconds);
    draw_label_and_sub(cr, &columns[1], "Per active day", "average");
    draw_duration(cr, &columns[1], head->average_seconds);
    draw_streak(cr, &columns[2], head);
    draw_most_active(cr, &columns[3], &head->most_active);
}

/* words: the peak's value. Says nothing where there is none. */
static void draw_label_and_peak(cairo_t *cr, const struct column *column, const char *label,
                                const struct stats_peak *peak, const char *words)
{
    char day[WORDS_MAX], sub[2 * WORDS_MAX + 16] = "";
    if (peak->value > 0)
        snprintf(sub, sizeof(sub), "peak %s \u00B7 %s", words, words_weekday(day, peak->day));
    draw_label_and_sub(cr, column, label, sub);
}

static void draw_server(cairo_t *cr, const struct stats_head *head)
{
    static const struct column columns[] = {{32, 284}, {356, 248}, {644, RIGHT - 644}};
    char words[WORDS_MAX];
    draw_label_and_peak(cr, &columns[0], "Total", &head->peak_total,
                        words_duration(words, head->peak_total.value));
    draw_duration(cr, &columns[0], head->total_seconds);
    draw_label_and_peak(cr, &columns[1], "Unique members", &head->peak_members,
                        words_number(words, head->peak_members.value));
    draw_words(cr, &columns[1], words_number(words, head->unique_members), "");
    draw_label_and_peak(cr, &columns[2], "Average per member per day", &head->peak_average,
                        words_duration(words, head->peak_average.value));
    draw_duration(cr, &columns[2], head->average_seconds);
}

void stats_head_draw(cairo_t *cr, const struct stats_head *head)
{
    draw_title(cr, head);
    draw_subtitle(cr, head);
    if (head->of_member)
        draw_member(cr, head);
    else
        draw_server(cr, head);
}
