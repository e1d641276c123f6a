#include "handler/cmd_leaderboard.h"

#include "db/leaderboard.h"
#include "handler/answer.h"
#include "handler/app.h"
#include "handler/choices.h"
#include "handler/cmd_partners.h"
#include "handler/command.h"
#include "handler/controls.h"
#include "handler/interaction.h"
#include "handler/phrases.h"
#include "handler/reply.h"
#include "infra/mem.h"
#include "render/leaderboard.h"

#include <inttypes.h>
#include <stdlib.h>

_Static_assert((int)LEADERBOARD_ROWS == (int)LEADERBOARD_PAGE, "a page is a card");

struct board {
    struct answer answer;           /* first: handler/answer.h */
    struct leaderboard_state state; /* what was asked for, then what is shown */
    struct leaderboard_view view;
};

/* The view ------------------------------------------------------------------------------------------------- */

/* The pictures' numbers: the icon, the rows, the caller's own row. */
enum { ICON, FIRST_ROW };

static void fill_row(struct board *self, struct leaderboard_row *row, const struct db_leaderboard_row *from)
{
    *row = (struct leaderboard_row){
        .rank = from->rank,
        .user_id = from->member.user_id,
        .name = answer_member_name(&self->answer, &from->member),
        .seconds = from->seconds,
        .live = from->live,
        .caller = from->member.user_id == reply_interaction(self->answer.reply)->user.id,
    };
    answer_member_picture(&self->answer, &from->member,
                          leaderboard_has_medal(row->rank) ? AVATAR_SIZE_FIRST : AVATAR_SIZE);
}

static const char *caller_without_time(struct board *self)
{
    struct buffer words = {0};
    buffer_printf(&words, "You: no voice time %s", phrases_when(self->state.range));
    return answer_keep(&self->answer, words.data);
}

static void fill_view(struct board *self, const struct db_leaderboard *board)
{
    struct buffer range = {0};
    phrases_range(&range, self->state.range, board->from, board->until);
    struct leaderboard_view *const view = &self->view;
    *view = (struct leaderboard_view){
        .server = answer_keep(&self->answer, mem_strdup(board->guild_name)),
        .guild_id = reply_interaction(self->answer.reply)->guild_id,
        .range = answer_keep(&self->answer, range.data),
        .total_seconds = board->total_seconds,
        .members = board->members,
        .first_seconds = board->first_seconds,
        .n_rows = board->n_rows,
        .caller_below = board->caller_has_time,
        .in_voice = board->in_voice,
        .not_counting = answer_not_counting(&self->answer, &board->counting, board->until),
        .you = board->caller_has_time ? NULL : caller_without_time(self),
        .first_position = board->rows[0].position,
        .last_position = board->rows[board->n_rows - 1].position,
    };
    answer_icon(&self->answer, board->guild_icon, ICON_SIZE);
    for (size_t i = 0; i < board->n_rows; i++) {
        fill_row(self, &view->rows[i], &board->rows[i]);
        if (view->rows[i].caller)
            view->caller_below = false;
    }
    if (view->caller_below)
        fill_row(self, &view->own, &board->caller);
}

static struct picture draw(struct answer *answer)
{
    struct board *const self = (struct board *)answer;
    struct leaderboard_view *const view = &self->view;
    view->icon = answer_picture(answer, ICON);
    for (size_t i = 0; i < view->n_rows; i++)
        view->rows[i].avatar = answer_picture(answer, FIRST_ROW + i);
    if (view->caller_below)
        view->own.avatar = answer_picture(answer, FIRST_ROW + view->n_rows);
    return leaderboard_render(view);
}

/* The board in words --------------------------------------------------------------------------------------- */

static void append_summary(struct buffer *out, const struct leaderboard_view *view)
{
    phrases_duration(out, view->total_seconds);
    buffer_append_string(out, " in total, ");
    phrases_count(out, view->members, "member", "members");
    if (view->in_voice > 0) {
        buffer_append_string(out, ", ");
        phrases_count(out, view->in_voice, "member in voice now", "members in voice now");
    }
    if (view->not_counting != NULL)
        buffer_printf(out, ". %s.", view->not_counting);
}

static void append_text_row(struct buffer *text, const struct leaderboard_row *row)
{
    buffer_printf(text, "**#%" PRId64 "** ", row->rank);
    phrases_name_markdown(text, row->name, PHRASES_NAME);
    buffer_append_string(text, " \u00B7 ");
    phrases_duration(text, row->seconds);
    buffer_append_string(text, row->caller ? " (you)\n" : "\n");
}

static char *board_as_text(const struct leaderboard_view *view)
{
    struct buffer text = {0};
    buffer_append_string(&text, "### Voice leaderboard \u00B7 ");
    phrases_name_markdown(&text, view->server, PHRASES_NAME);
    buffer_printf(&text, "\n%s\n", view->range);
    for (size_t i = 0; i < view->n_rows; i++)
        append_text_row(&text, &view->rows[i]);
    if (view->caller_below)
        append_text_row(&text, &view->own);
    if (view->you != NULL)
        buffer_printf(&text, "%s\n", view->you);
    buffer_append_string(&text, "-# ");
    append_summary(&text, view);
    return text.data;
}

static void append_alt_row(struct buffer *alt, const struct leaderboard_row *row)
{
    buffer_printf(alt, " %" PRId64 ". ", row->rank);
    phrases_name(alt, row->name, PHRASES_ALT_NAME);
    buffer_append_string(alt, row->caller ? " (you) " : " ");
    phrases_duration(alt, row->seconds);
    buffer_append_string(alt, ";");
}

static char *board_as_alt(const struct leaderboard_view *view)
{
    struct buffer alt = {0};
    buffer_append_string(&alt, "Voice leaderboard of ");
    phrases_name(&alt, view->server, PHRASES_ALT_NAME);
    buffer_printf(&alt, ", %s:", view->range);
    for (size_t i = 0; i < view->n_rows; i++)
        append_alt_row(&alt, &view->rows[i]);
    if (view->caller_below)
        append_alt_row(&alt, &view->own);
    buffer_append_string(&alt, " ");
    append_summary(&alt, view);
    phrases_cut(&alt, PHRASES_ALT);
    return alt.data;
}

/* The command ---------------------------------------------------------------------------------------------- */

static void say_empty(struct board *self, const struct db_leaderboard *board)
{
    struct buffer text = {0};
    buffer_printf(&text, "Nobody has been in voice %s.", phrases_when(self->state.range));
    const char *const why = answer_not_counting(&self->answer, &board->counting, board->until);
    if (why != NULL)
        buffer_printf(&text, " %s.", why);
    self->answer.text = text.data;
    answer_as_text(&self->answer);
}

static void on_board(void *arg, const struct db_leaderboard *board)
{
    struct board *const self = arg;
    if (board == NULL || !board->known) {
        self->answer.controls = controls_leaderboard(&self->state, 1);
        answer_in_words(&self->answer, board == NULL ? PHRASES_NO_DATABASE : PHRASES_UNKNOWN_SERVER);
        return;
    }
    self->state.page = board->page;
    self->answer.controls = controls_leaderboard(&self->state, controls_n_pages(board->members));
    if (board->n_rows == 0) {
        say_empty(self, board);
        return;
    }
    fill_view(self, board);
    self->answer.alt = board_as_alt(&self->view);
    self->answer.text = board_as_text(&self->view);
    answer_as_picture(&self->answer, draw);
}

/* What a slash command or a click asks for, or words for why it cannot be told. */
static const char *read_state(const struct interaction *interaction, struct leaderboard_state *state)
{
    if (interaction->chosen.bot)
        return PHRASES_BOT;
    if (interaction->type == DISCORD_MESSAGE_COMPONENT)
        return controls_parse_leaderboard(interaction, state) ? NULL : PHRASES_OLD_CONTROL("/vc leaderboard");
    *state = (struct leaderboard_state){0};
    const char *const value = interaction_option(interaction, COMMAND_TIME_RANGE);
    const int range = value != NULL ? choices_find(&choices_ranges, value) : (int)RANGE_THIS_MONTH;
    state->range = (enum time_range)range;
    return range >= 0 ? NULL : PHRASES_UNKNOWN_RANGE;
}

void cmd_leaderboard_run(struct app *app, struct reply *reply)
{
    const struct interaction *const interaction = reply_interaction(reply);
    struct leaderboard_state state;
    const char *const problem = read_state(interaction, &state);
    if (problem != NULL) {
        reply_words(reply, problem, NULL);
        return;
    }
    if (state.member_id != 0) {
        cmd_partners_run(app, reply, &state);
        return;
    }
    struct board *const self = answer_create(sizeof(*self), app, reply, "leaderboard");
    self->state = state;
    const struct db_leaderboard_query query = {
        .guild_id = interaction->guild_id,
        .range = state.range,
        .page = state.page,
        .caller_id = interaction->user.id,
    };
    db_leaderboard_read(app->pool, &query, on_board, self);
}
