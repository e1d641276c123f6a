#include "render/partners.h"

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
    NUMBER_X = 62,
    NUMBER_WIDTH = 56,
    NUMBER_BASE = 10, /* from the row's middle */
    AVATARS_LEFT = 98,
    NAME_X = 254,
    OWN_NAME_WIDTH = 200, /* with "&", or more where the partner's name, which tells rows apart, leaves it */
    BAR_RIGHT = 868,
    SHARE_BASE = 8, /* from the bar's middle */
};

struct row_look {
    const struct board_row *row;
    double avatar, ring; /* radiuses */
    unsigned ring_colour, number_colour;
    const struct type *own_name;
};
static const struct row_look first_row = {
    .row = &board_large_row,
    .avatar = PARTNERS_AVATAR_SIZE_FIRST / 2.,
    .ring = PARTNERS_AVATAR_SIZE_FIRST / 2. + 4,
    .ring_colour = COLOUR_PAIR_RING,
    .number_colour = COLOUR_TEXT,
    .own_name = &TYPE_MEDAL_OWN_NAME,
};
static const struct row_look plain_row = {
    .row = &board_plain_row,
    .avatar = PARTNERS_AVATAR_SIZE / 2.,
    .ring = PARTNERS_AVATAR_SIZE / 2. + 4,
    .ring_colour = COLOUR_BG,
    .number_colour = COLOUR_TEXT2,
    .own_name = &TYPE_OWN_NAME,
};

static const struct row_look *row_look(const struct partners_view *view, size_t i)
{
    return view->first_page && i == 0 ? &first_row : &plain_row;
}

/* own: the member's name, cleaned. */
static void draw_header(cairo_t *cr, const struct partners_view *view, const char *own)
{
    const double radius = BOARD_PICTURE / 2.;
    avatar_draw(cr, &(struct avatar){view->avatar, own, view->user_id}, BOARD_LEFT + radius,
                BOARD_PICTURE_TOP + radius, radius);

    char number[WORDS_MAX];
    const struct text partners = text_measure(&TYPE_HEADER_FIGURE, words_number(number, view->partners));
    text_draw(cr, partners, COLOUR_TEXT, BOARD_RIGHT - partners.width, BOARD_FIGURE_BASE);
    char *const server = words_clean(view->server);
    board_header(cr, &(struct board_header){
                         .title = {"Who ", own, " shares voice with"},
                         .subtitle = server,
                         .range = view->range,
                         .label = view->partners == 1 ? "partner" : "partners",
                         .figure = partners.width,
                     });
    free(server);
}

static void draw_avatars(cairo_t *cr, const struct row_look *look, const struct avatar *own,
                         const struct avatar *partner, double cy)
{
    const double own_x = AVATARS_LEFT + look->avatar, partner_x = own_x + round(1.7 * look->avatar);
    avatar_draw(cr, own, own_x, cy, look->avatar);
    canvas_disc(cr, partner_x, cy, look->ring);
    canvas_colour(cr, look->ring_colour, 1);
    cairo_fill(cr);
    avatar_draw(cr, partner, partner_x, cy, look->avatar);
}

/* "Ann & Mira", the duration together at the right. */
static void draw_names_and_duration(cairo_t *cr, const struct row_look *look, const char *own,
                                    const char *partner, int64_t seconds, double base)
{
    const double right = board_duration(cr, look->row, seconds, base);
    const double left_over = right - NAME_X - text_width(look->row->name, partner);
    const double x = NAME_X + text_phrase(cr, look->own_name, COLOUR_TEXT2, NAME_X, base,
                                          &(struct phrase){"", own, " & "}, fmax(OWN_NAME_WIDTH, left_over));
    text_draw(cr, text_fit(look->row->name, partner, right - x), COLOUR_TEXT, x, base);
}

static void draw_bar_and_share(cairo_t *cr, const struct partners_view *view, const struct board_row *row,
                               int64_t seconds, double top)
{
    canvas_bar(cr, &(struct bar){
                       .x = NAME_X,
                       .y = top,
                       .width = BAR_RIGHT - NAME_X,
                       .height = row->bar_height,
                       .value = seconds,
                       .full = view->first_seconds,
                       .from = COLOUR_PAIR_FROM,
                       .to = COLOUR_PAIR_TO,
                       .spans_track = true,
                   });
    char share[WORDS_MAX];
    text_right(cr, &TYPE_FOOTER, COLOUR_TEXT3, BOARD_ROW_RIGHT, top + row->bar_height / 2 + SHARE_BASE,
               words_percent(share, seconds, view->own_seconds));
}

static void draw_row(cairo_t *cr, const struct partners_view *view, size_t i, const struct avatar *own,
                     double y)
{
    const struct row_look *const look = row_look(view, i);
    const struct partners_row *const row = &view->rows[i];
    const double height = look->row->height, cy = y + height / 2;
    if (look == &first_row)
        card_tint(cr, &PAIR_TINT, BOARD_BOX_LEFT, (int)y, BOARD_BOX_WIDTH, (int)height, 20);
    board_number(cr, &TYPE_RANK, look->number_colour, NUMBER_X, cy + NUMBER_BASE, NUMBER_WIDTH, row->position);

    char *const partner = words_clean(row->name);
    draw_avatars(cr, look, own, &(struct avatar){row->avatar, partner, row->user_id}, cy);
    draw_names_and_duration(cr, look, own->name, partner, row->seconds, cy + look->row->name_base);
    free(partner);
    draw_bar_and_share(cr, view, look->row, row->seconds, cy + look->row->bar_top);
}

static void draw_footer(cairo_t *cr, const struct partners_view *view, const char *own, double base)
{
    char places[WORDS_PLACES_MAX], right[WORDS_PLACES_MAX + 16];
    words_places(places, view->rows[0].position, view->rows[view->n_rows - 1].position, view->partners);
    snprintf(right, sizeof(right), "%s %s", places, view->partners == 1 ? "partner" : "partners");
    const struct text count = text_measure(&TYPE_FOOTER, right);
    text_draw(cr, count, COLOUR_TEXT3, BOARD_RIGHT - count.width, base);

    char duration[WORDS_MAX], of[WORDS_MAX + 32];
    snprintf(of, sizeof(of), "\u2019s own %s in voice", words_duration(duration, view->own_seconds));
    text_phrase(cr, &TYPE_FOOTER, COLOUR_TEXT3, BOARD_LEFT, base, &(struct phrase){"% of ", own, of},
                BOARD_RIGHT - count.width - 32 - BOARD_LEFT);
}

struct picture partners_render(const struct partners_view *view)
{
    double end = BOARD_ROWS_TOP;
    for (size_t i = 0; i < view->n_rows; i++)
        end += row_look(view, i)->row->height + row_look(view, i)->row->gap;

    char *const own = words_clean(view->name);
    cairo_t *const cr = card_create((int)end + BOARD_FOOTER_END);
    draw_header(cr, view, own);
    struct image *const small =
        image_resize(view->small_avatar, PARTNERS_AVATAR_SIZE); /* once, not in each row */
    double y = BOARD_ROWS_TOP;
    for (size_t i = 0; i < view->n_rows; i++) {
        const struct row_look *const look = row_look(view, i);
        draw_row(cr, view, i,
                 &(struct avatar){look == &plain_row ? small : view->small_avatar, own, view->user_id}, y);
        y += look->row->height + look->row->gap;
    }
    image_destroy(small);
    draw_footer(cr, view, own, end + BOARD_FOOTER_BASE);
    free(own);
    return card_jpeg(cr);
}
