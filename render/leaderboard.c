#include "render/leaderboard.h"

#include "render/avatar.h"
#include "render/canvas.h"
#include "render/card.h"
#include "render/text.h"
#include "render/theme.h"
#include "render/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ROWS_TOP = 174,
    OWN_ROW = 102, /* dotted line and the caller's row, when it is not on the page */
    FOOTER_BASE = 46,
    FOOTER_END = 76, /* both from the end of rows */
    BOX_LEFT = 24,
    BOX_WIDTH = 952,
    RANK_X = 72,
    AVATAR_X = 156,
    NAME_X = 214,
    ROW_RIGHT = 952,
    NAME_GAP = 28, /* to the duration */
    PILL_GAP = 14,
    PILL_WIDTH = 66,
    RIGHT = 960, /* of header and footer */
};

/* A row's measures from its middle; those of the first three and those of all others. */
struct row_look {
    double height, gap, radius;
    double avatar, badge, badge_ring, badge_offset;
    double rank_base, name_base, bar_top, bar_height;
    const struct type *rank, *name, *duration;
};
static const struct row_look MEDAL_ROW = {
    .height = 104,
    .gap = 6,
    .radius = 20,
    .avatar = 37,
    .badge = 14,
    .badge_ring = 17.6,
    .badge_offset = .72 * 38,
    .rank_base = 12.5,
    .name_base = -1,
    .bar_top = 22,
    .bar_height = 10,
    .rank = &TYPE_MEDAL_RANK,
    .name = &TYPE_MEDAL_NAME,
    .duration = &TYPE_MEDAL_DURATION,
};
static const struct row_look ROW = {
    .height = 80,
    .gap = 2,
    .radius = 18,
    .avatar = 30,
    .badge = 12,
    .badge_ring = 15.1,
    .badge_offset = .72 * 30,
    .rank_base = 10,
    .name_base = -2,
    .bar_top = 17,
    .bar_height = 8,
    .rank = &TYPE_RANK,
    .name = &TYPE_NAME,
    .duration = &TYPE_DURATION,
};

/* Header --------------------------------------------------------------------------------------------------- */

static const char *counted(char out[64], int64_t n, const char *one, const char *many)
{
    char number[WORDS_MAX];
    snprintf(out, 64, "%s %s", words_number(number, n), n == 1 ? one : many);
    return out;
}

static void draw_header(cairo_t *cr, const struct leaderboard_view *view)
{
    const double left = 172;
    char *server = words_clean(view->server);
    avatar_draw_icon(cr, &(struct avatar){view->icon, server, view->guild_id}, 40, 34, ICON_SIZE, 32);

    const struct duration total = duration_measure(&TYPE_HEADER_FIGURE, .58, view->total_seconds);
    duration_draw(cr, &total, RIGHT, 86);
    char members[64], label[80];
    snprintf(label, sizeof(label), "total · %s", counted(members, view->members, "member", "members"));
    const struct text under = text_measure(&TYPE_HEADER_LABEL, label);
    text_draw(cr, under, COLOUR_TEXT2, RIGHT - under.width, 122);

    struct text title = text_fit(&TYPE_BOARD_TITLE, server, RIGHT - total.width - 32 - left);
    title.ink_bottom = fmin(title.ink_bottom, 16); /* above the subtitle */
    text_draw(cr, title, COLOUR_TEXT, left, 70);
    text_left(cr, &TYPE_SUBTITLE, COLOUR_TEXT, left, 106, "Voice leaderboard");
    const struct text range = text_shrink(&TYPE_BOARD_RANGE, view->range, RIGHT - under.width - 32 - left);
    text_draw(cr, range, COLOUR_TEXT2, left, 138);
    free(server);
}

/* Rows ----------------------------------------------------------------------------------------------------- */

static void draw_caller_box(cairo_t *cr, const struct row_look *look, double y)
{
    canvas_box(cr, BOX_LEFT, y, BOX_WIDTH, look->height, look->radius);
    canvas_colour(cr, COLOUR_ACCENT, .13);
    cairo_fill(cr);
    canvas_box(cr, BOX_LEFT + 1.5, y + 1.5, BOX_WIDTH - 3, look->height - 3, look->radius - 1.5);
    canvas_colour(cr, COLOUR_ACCENT, .75);
    cairo_set_line_width(cr, 3);
    cairo_stroke(cr);
}

static void draw_disc(cairo_t *cr, const struct metal *metal, double cy)
{
    avatar_metal(cr, metal, RANK_X, cy, 29);
    canvas_disc(cr, RANK_X, cy, 29);
    cairo_fill(cr);
    canvas_disc(cr, RANK_X, cy, 24);
    canvas_colour(cr, COLOUR_WHITE, .45);
    cairo_set_line_width(cr, 2);
    cairo_stroke(cr);
}

static void draw_rank(cairo_t *cr, const struct row_look *look, const struct leaderboard_row *row,
                      unsigned colour, double cy)
{
    char number[WORDS_MAX];
    const struct text rank = text_shrink(look->rank, words_number(number, row->rank), 76);
    text_draw(cr, rank, colour, RANK_X - rank.width / 2, cy + look->rank_base);
}

/* The pill after the caller's name. */
static void draw_you(cairo_t *cr, double left, double base)
{
    canvas_box(cr, left, base - 25, PILL_WIDTH, 32, 16);
    canvas_colour(cr, COLOUR_ACCENT, 1);
    cairo_fill(cr);
    const struct text you = text_measure(&TYPE_YOU, "YOU");
    text_draw(cr, you, COLOUR_ACCENT_INK, left + (PILL_WIDTH - you.ink_left - you.ink_right) / 2, base - 2);
}

static void draw_name_and_duration(cairo_t *cr, const struct row_look *look, const struct leaderboard_row *row,
                                   const char *name, double base)
{
    const struct duration duration = duration_measure(look->duration, .74, row->seconds);
    duration_draw(cr, &duration, ROW_RIGHT, base);
    const double pill = row->caller ? PILL_GAP + PILL_WIDTH + 6 : 0;
    const struct text text = text_fit(look->name, name, ROW_RIGHT - duration.width - NAME_GAP - NAME_X - pill);
    text_draw(cr, text, COLOUR_TEXT, NAME_X, base);
    if (row->caller)
        draw_you(cr, round(NAME_X + text.width + PILL_GAP), base);
}

static void draw_row(cairo_t *cr, const struct leaderboard_view *view, const struct leaderboard_row *row,
                     const struct metal *metal, double y)
{
    const struct row_look *look = metal ? &MEDAL_ROW : &ROW;
    const double cy = y + look->height / 2;
    if (metal)
        card_tint(cr, &metal->tint, BOX_LEFT, (int)y, BOX_WIDTH, (int)look->height, look->radius);
    if (row->caller)
        draw_caller_box(cr, look, y);

    if (metal)
        draw_disc(cr, metal, cy);
    draw_rank(cr, look, row, metal ? COLOUR_MEDAL_INK : row->caller ? COLOUR_TEXT : COLOUR_TEXT2, cy);

    char *name = words_clean(row->name);
    if (metal)
        avatar_draw_ring(cr, metal, AVATAR_X, cy, 42, 38.5);
    avatar_draw(cr, &(struct avatar){row->avatar, name, row->user_id}, AVATAR_X, cy, look->avatar);
    if (row->live)
        avatar_draw_badge(cr, AVATAR_X + look->badge_offset, cy + look->badge_offset, look->badge,
                          look->badge_ring);
    draw_name_and_duration(cr, look, row, name, cy + look->name_base);
    free(name);

    const unsigned colour = row->caller ? COLOUR_ACCENT : COLOUR_BAR;
    canvas_bar(cr,
               &(struct bar){
                   .x = NAME_X,
                   .y = cy + look->bar_top,
                   .width = ROW_RIGHT - NAME_X,
                   .height = look->bar_height,
                   .share = view->first_seconds > 0 ? (double)row->seconds / (double)view->first_seconds : 0,
                   .from = metal ? metal->dark : colour,
                   .to = metal ? metal->light : colour,
               });
}

/* The metal of a row, NULL for none. Equal times share a rank, and so a metal. */
static const struct metal *row_metal(const struct leaderboard_view *view, size_t i)
{
    if (!view->medals || i >= 3)
        return NULL;
    const int64_t rank = view->rows[i].rank;
    return &METALS[rank < 1 ? 0 : rank > 3 ? 2 : rank - 1];
}

static double row_pitch(const struct leaderboard_view *view, size_t i)
{
    const struct row_look *look = row_metal(view, i) ? &MEDAL_ROW : &ROW;
    return look->height + look->gap;
}

/* Footer --------------------------------------------------------------------------------------------------- */

static void draw_footer(cairo_t *cr, const struct leaderboard_view *view, double base)
{
    char first[WORDS_MAX], last[WORDS_MAX], all[WORDS_MAX], ranks[4 * WORDS_MAX];
    words_number(first, view->first_position);
    words_number(last, view->last_position);
    words_number(all, view->members);
    if (view->first_position == view->last_position)
        snprintf(ranks, sizeof(ranks), "Rank %s of %s", first, all);
    else
        snprintf(ranks, sizeof(ranks), "Ranks %s – %s of %s", first, last, all);
    text_right(cr, &TYPE_FOOTER, COLOUR_TEXT3, RIGHT, base, ranks);

    const char *you = view->caller_without_time ? "You: no voice time yet" : "";
    if (view->in_voice == 0) {
        text_left(cr, &TYPE_FOOTER, COLOUR_TEXT3, 40, base, you);
        return;
    }
    avatar_draw_badge(cr, 54, base - 9, 12, 12);
    char members[64], left[128];
    counted(members, view->in_voice, "member", "members");
    snprintf(left, sizeof(left), "%s in voice now%s%s", members, *you ? " · " : "", you);
    text_left(cr, &TYPE_FOOTER, COLOUR_TEXT3, 76, base, left);
}

struct picture leaderboard_render(const struct leaderboard_view *view)
{
    double end = ROWS_TOP + (view->caller_below ? OWN_ROW : 0);
    for (size_t i = 0; i < view->n_rows; i++)
        end += row_pitch(view, i);

    cairo_t *cr = card_create((int)end + FOOTER_END);
    draw_header(cr, view);
    double y = ROWS_TOP;
    for (size_t i = 0; i < view->n_rows; i++) {
        draw_row(cr, view, &view->rows[i], row_metal(view, i), y);
        y += row_pitch(view, i);
    }
    if (view->caller_below) {
        canvas_dotted_line(cr, 40, RIGHT, y + 8);
        draw_row(cr, view, &view->own, NULL, y + 20);
    }
    draw_footer(cr, view, end + FOOTER_BASE);
    return card_jpeg(cr);
}
