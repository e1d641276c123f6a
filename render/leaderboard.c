#include "render/leaderboard.h"

#include "render/avatar.h"
#include "render/board.h"
#include "render/canvas.h"
#include "render/card.h"
#include "render/text.h"
#include "render/theme.h"
#include "render/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    OWN_ROW_TOP = 20, /* of the caller's row below a dotted line, when it is not on the page */
    RANK_X = 72,
    RANK_WIDTH = 76,
    AVATAR_X = 156,
    NAME_X = 214,
    PILL_GAP = 14,
    PILL_WIDTH = 66,
};

/* A row's measures from its middle; those with a medal and those of all others. */
struct row_look {
    const struct board_row *row;
    double radius;
    double avatar, badge, badge_ring, badge_offset;
    double rank_base;
    const struct type *rank;
};
static const struct row_look medal_row = {
    .row = &board_large_row,
    .radius = 20,
    .avatar = 37,
    .badge = 14,
    .badge_ring = 17.6,
    .badge_offset = .72 * 38,
    .rank_base = 12.5,
    .rank = &TYPE_MEDAL_RANK,
};
static const struct row_look plain_row = {
    .row = &board_plain_row,
    .radius = 18,
    .avatar = 30,
    .badge = 12,
    .badge_ring = 15.1,
    .badge_offset = .72 * 30,
    .rank_base = 10,
    .rank = &TYPE_RANK,
};

/* Header --------------------------------------------------------------------------------------------------- */

static void draw_header(cairo_t *cr, const struct leaderboard_view *view)
{
    char *const server = words_clean(view->server);
    avatar_draw_icon(cr, &(struct avatar){view->icon, server, view->guild_id}, BOARD_LEFT, BOARD_PICTURE_TOP,
                     BOARD_PICTURE, 32);

    const struct duration total = duration_measure(&TYPE_HEADER_FIGURE, .58, view->total_seconds);
    duration_draw(cr, &total, BOARD_RIGHT, BOARD_FIGURE_BASE);
    char members[WORDS_COUNT_MAX], label[WORDS_COUNT_MAX + 16];
    snprintf(label, sizeof(label), "total \u00B7 %s", words_count(members, view->members, "member", "members"));
    board_header(cr, &(struct board_header){
                         .title = {"", server, ""},
                         .subtitle = "Voice leaderboard",
                         .range = view->range,
                         .label = label,
                         .figure = total.width,
                     });
    free(server);
}

/* Rows ----------------------------------------------------------------------------------------------------- */

/* NULL for none. Equal times share a rank, and so a metal: there may be more than three. */
static const struct metal *row_metal(const struct leaderboard_row *row)
{
    return leaderboard_has_medal(row->rank) ? &METALS[row->rank - 1] : NULL;
}

static void draw_caller_box(cairo_t *cr, const struct row_look *look, double y)
{
    canvas_box(cr, BOARD_BOX_LEFT, y, BOARD_BOX_WIDTH, look->row->height, look->radius);
    canvas_colour(cr, COLOUR_ACCENT, .13);
    cairo_fill(cr);
    canvas_box(cr, BOARD_BOX_LEFT + 1.5, y + 1.5, BOARD_BOX_WIDTH - 3, look->row->height - 3,
               look->radius - 1.5);
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
    const double right = board_duration(cr, look->row, row->seconds, base);
    const double pill = row->caller ? PILL_GAP + PILL_WIDTH + 6 : 0;
    const struct text text = text_fit(look->row->name, name, right - NAME_X - pill);
    text_draw(cr, text, COLOUR_TEXT, NAME_X, base);
    if (row->caller)
        draw_you(cr, round(NAME_X + text.width + PILL_GAP), base);
}

static void draw_row(cairo_t *cr, const struct leaderboard_view *view, const struct leaderboard_row *row,
                     double y)
{
    const struct metal *metal = row_metal(row);
    const struct row_look *const look = metal != NULL ? &medal_row : &plain_row;
    const double cy = y + look->row->height / 2;
    if (metal != NULL)
        card_tint(cr, &metal->tint, BOARD_BOX_LEFT, (int)y, BOARD_BOX_WIDTH, (int)look->row->height,
                  look->radius);
    if (row->caller)
        draw_caller_box(cr, look, y);

    if (metal != NULL)
        draw_disc(cr, metal, cy);
    const unsigned rank_colour = metal != NULL ? COLOUR_MEDAL_INK : row->caller ? COLOUR_TEXT : COLOUR_TEXT2;
    board_number(cr, look->rank, rank_colour, RANK_X, cy + look->rank_base, RANK_WIDTH, row->rank);

    char *const name = words_clean(row->name);
    if (metal != NULL)
        avatar_draw_ring(cr, metal, AVATAR_X, cy, 42, 38.5);
    avatar_draw(cr, &(struct avatar){row->avatar, name, row->user_id}, AVATAR_X, cy, look->avatar);
    if (row->live)
        avatar_draw_badge(cr, AVATAR_X + look->badge_offset, cy + look->badge_offset, look->badge,
                          look->badge_ring);
    draw_name_and_duration(cr, look, row, name, cy + look->row->name_base);
    free(name);

    const unsigned colour = row->caller ? COLOUR_ACCENT : COLOUR_BAR;
    canvas_bar(cr, &(struct bar){
                       .x = NAME_X,
                       .y = cy + look->row->bar_top,
                       .width = BOARD_ROW_RIGHT - NAME_X,
                       .height = look->row->bar_height,
                       .value = row->seconds,
                       .full = view->first_seconds,
                       .from = metal != NULL ? metal->dark : colour,
                       .to = metal != NULL ? metal->light : colour,
                   });
}

static double row_pitch(const struct leaderboard_row *row)
{
    const struct row_look *const look = row_metal(row) != NULL ? &medal_row : &plain_row;
    return look->row->height + look->row->gap;
}

/* Footer --------------------------------------------------------------------------------------------------- */

/* What there is to say of the moment: nobody is in voice where nothing is counted. */
static void footer_words(char *out, size_t size, const struct leaderboard_view *view)
{
    char members[WORDS_COUNT_MAX], in_voice[WORDS_COUNT_MAX + 16] = "";
    if (view->in_voice > 0)
        snprintf(in_voice, sizeof(in_voice), "%s in voice now",
                 words_count(members, view->in_voice, "member", "members"));
    const char *const now = view->not_counting != NULL ? view->not_counting : in_voice;
    const char *const you = view->you != NULL ? view->you : "";
    snprintf(out, size, "%s%s%s", now, now[0] != '\0' && you[0] != '\0' ? " \u00B7 " : "", you);
}

static void draw_footer(cairo_t *cr, const struct leaderboard_view *view, double base)
{
    const double gap = 32;
    char places[WORDS_PLACES_MAX], of_members[WORDS_PLACES_MAX + 8], left[256];
    words_places(places, view->first_position, view->last_position, view->members);
    snprintf(of_members, sizeof(of_members), "%s %s", places, view->members == 1 ? "member" : "members");
    const struct text right = text_measure(&TYPE_FOOTER, of_members);
    text_draw(cr, right, COLOUR_TEXT3, BOARD_RIGHT - right.width, base);

    const bool badge = view->in_voice > 0 && view->not_counting == NULL;
    if (badge)
        avatar_draw_badge(cr, 54, base - 9, 12, 12);
    const double x = badge ? 76 : BOARD_LEFT;
    footer_words(left, sizeof(left), view);
    text_draw(cr, text_shrink(&TYPE_FOOTER, left, BOARD_RIGHT - right.width - gap - x), COLOUR_TEXT3, x, base);
}

struct picture leaderboard_render(const struct leaderboard_view *view)
{
    double end = BOARD_ROWS_TOP + (view->caller_below ? OWN_ROW_TOP + row_pitch(&view->own) : 0);
    for (size_t i = 0; i < view->n_rows; i++)
        end += row_pitch(&view->rows[i]);

    cairo_t *const cr = card_create((int)end + BOARD_FOOTER_END);
    draw_header(cr, view);
    double y = BOARD_ROWS_TOP;
    for (size_t i = 0; i < view->n_rows; i++) {
        draw_row(cr, view, &view->rows[i], y);
        y += row_pitch(&view->rows[i]);
    }
    if (view->caller_below) {
        canvas_dotted_line(cr, BOARD_LEFT, BOARD_RIGHT, y + 8);
        draw_row(cr, view, &view->own, y + OWN_ROW_TOP);
    }
    draw_footer(cr, view, end + BOARD_FOOTER_BASE);
    return card_jpeg(cr);
}
