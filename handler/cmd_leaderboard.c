#include "handler/cmd_leaderboard.h"

#include "db/leaderboard.h"
#include "handler/app.h"
#include "handler/avatars.h"
#include "handler/controls.h"
#include "handler/drawing.h"
#include "handler/interaction.h"
#include "handler/phrases.h"
#include "handler/reply.h"
#include "infra/discord.h"
#include "infra/mem.h"
#include "render/leaderboard.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    AVATARS_TIMEOUT_MS = 1500,
    MAX_AVATARS = 1 + LEADERBOARD_ROWS + 1, /* the server's icon, the rows, the caller's own row */
    MAX_STRINGS = 2 + LEADERBOARD_ROWS + 1, /* server and range, the names */
    MAX_NAME = 100,                         /* characters, in text */
    MAX_ALT_NAME = 40,                      /* eleven of them have to fit */
    MAX_ALT = 1024,                         /* Discord's limit */
};
_Static_assert((int)LEADERBOARD_ROWS == (int)LEADERBOARD_PAGE, "a page is a card");

/* Stages: the board is read, then the avatars are fetched, then it waits in the queue of cards, then it is
 * answered. */
struct cmd_leaderboard {
    struct app *app;
    struct reply *reply;
    struct leaderboard_state state; /* what was asked for, then what is shown */
    int n_pages;
    struct leaderboard_view view;
    struct avatar avatars[MAX_AVATARS];
    char *strings[MAX_STRINGS]; /* the view's */
    size_t n_strings;
};

/* The option ----------------------------------------------------------------------------------------------- */

static const char option_name[] = "time_range";

void cmd_leaderboard_options(cJSON *options)
{
    cJSON *const option = cJSON_CreateObject();
    cJSON_AddItemToArray(options, option);
    cJSON_AddNumberToObject(option, "type", DISCORD_OPTION_STRING);
    cJSON_AddStringToObject(option, "name", option_name);
    cJSON_AddStringToObject(option, "description", "What time to count (this month if you do not choose)");
    cJSON *const choices = cJSON_AddArrayToObject(option, "choices");
    for (enum time_range range = 0; range < N_TIME_RANGES; range++) {
        cJSON *const choice = cJSON_CreateObject();
        cJSON_AddStringToObject(choice, "name", phrases_range_label(range));
        cJSON_AddStringToObject(choice, "value", phrases_range_value(range));
        cJSON_AddItemToArray(choices, choice);
    }
}

/* The view ------------------------------------------------------------------------------------------------- */

static bool is_set(const char *s)
{
    return s != NULL && s[0] != '\0';
}

static const char *display_name(const char *nick, const char *global_name, const char *username)
{
    if (is_set(nick))
        return nick;
    if (is_set(global_name))
        return global_name;
    return is_set(username) ? username : "Unknown member";
}

static const char *keep(struct cmd_leaderboard *self, char *string)
{
    self->strings[self->n_strings++] = string;
    return string;
}

/* Index of a row's picture in avatars; the icon stands first. */
static size_t avatar_of(const struct cmd_leaderboard *self, const struct leaderboard_row *row)
{
    return row == &self->view.own ? MAX_AVATARS - 1 : 1 + (size_t)(row - self->view.rows);
}

/* The tracker may not have met the caller yet; the interaction names them in any case. */
static void fill_row(struct cmd_leaderboard *self, struct leaderboard_row *row,
                     const struct db_leaderboard_row *from)
{
    const struct interaction *const interaction = reply_interaction(self->reply);
    const struct interaction_user *const user = &interaction->user;
    const bool caller = from->user_id == user->id;
    const bool unknown_caller = caller && from->username == NULL;
    const char *const name = unknown_caller ? display_name(user->nick, user->global_name, user->username)
                                            : display_name(from->nick, from->global_name, from->username);
    *row = (struct leaderboard_row){
        .rank = from->rank,
        .user_id = from->user_id,
        .name = keep(self, mem_strdup(name)),
        .seconds = from->seconds,
        .live = from->live,
        .caller = caller,
    };
    const bool large = self->view.medals && row >= self->view.rows && row < self->view.rows + 3;
    self->avatars[avatar_of(self, row)] = (struct avatar){
        .url = avatars_member_url(self->app->avatars, interaction->guild_id, from->user_id,
                                  unknown_caller ? user->guild_avatar : from->guild_avatar,
                                  unknown_caller ? user->avatar : from->avatar),
        .size = large ? AVATAR_SIZE_FIRST : AVATAR_SIZE,
    };
}

static void fill_view(struct cmd_leaderboard *self, const struct db_leaderboard *board)
{
    const uint64_t guild_id = reply_interaction(self->reply)->guild_id;
    struct buffer range = {0};
    phrases_range(&range, self->state.range, board->from, board->until);
    struct leaderboard_view *const view = &self->view;
    *view = (struct leaderboard_view){
        .server = keep(self, mem_strdup(board->guild_name)),
        .guild_id = guild_id,
        .range = keep(self, range.data),
        .total_seconds = board->total_seconds,
        .members = board->members,
        .first_seconds = board->first_seconds,
        .n_rows = board->n_rows,
        .medals = board->page == 0,
        .caller_below = board->caller_has_time,
        .caller_without_time = !board->caller_has_time,
        .in_voice = board->in_voice,
        .first_position = board->rows[0].position,
        .last_position = board->rows[board->n_rows - 1].position,
    };
    self->avatars[0] = (struct avatar){
        .url = avatars_icon_url(self->app->avatars, guild_id, board->guild_icon),
        .size = ICON_SIZE,
    };
    for (size_t i = 0; i < board->n_rows; i++) {
        fill_row(self, &view->rows[i], &board->rows[i]);
        if (view->rows[i].caller)
            view->caller_below = false;
    }
    if (view->caller_below)
        fill_row(self, &view->own, &board->caller);
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
}

static void append_text_row(struct buffer *text, const struct leaderboard_row *row)
{
    buffer_printf(text, "**#%" PRId64 "** ", row->rank);
    phrases_name_markdown(text, row->name, MAX_NAME);
    buffer_append_string(text, " \u00B7 ");
    phrases_duration(text, row->seconds);
    buffer_append_string(text, row->caller ? " (you)\n" : "\n");
}

static char *board_as_text(const struct leaderboard_view *view)
{
    struct buffer text = {0};
    buffer_append_string(&text, "### Voice leaderboard \u00B7 ");
    phrases_name_markdown(&text, view->server, MAX_NAME);
    buffer_printf(&text, "\n%s\n", view->range);
    for (size_t i = 0; i < view->n_rows; i++)
        append_text_row(&text, &view->rows[i]);
    if (view->caller_below)
        append_text_row(&text, &view->own);
    if (view->caller_without_time)
        buffer_append_string(&text, "You: no voice time yet\n");
    buffer_append_string(&text, "-# ");
    append_summary(&text, view);
    return text.data;
}

static void append_alt_row(struct buffer *alt, const struct leaderboard_row *row)
{
    buffer_printf(alt, " %" PRId64 ". ", row->rank);
    phrases_name(alt, row->name, MAX_ALT_NAME);
    buffer_append_string(alt, row->caller ? " (you) " : " ");
    phrases_duration(alt, row->seconds);
    buffer_append_string(alt, ";");
}

static char *board_as_alt(const struct leaderboard_view *view)
{
    struct buffer alt = {0};
    buffer_append_string(&alt, "Voice leaderboard of ");
    phrases_name(&alt, view->server, MAX_ALT_NAME);
    buffer_printf(&alt, ", %s:", view->range);
    for (size_t i = 0; i < view->n_rows; i++)
        append_alt_row(&alt, &view->rows[i]);
    if (view->caller_below)
        append_alt_row(&alt, &view->own);
    buffer_append_string(&alt, " ");
    append_summary(&alt, view);
    phrases_cut(&alt, MAX_ALT);
    return alt.data;
}

/* The stages ----------------------------------------------------------------------------------------------- */

static void destroy(struct cmd_leaderboard *self)
{
    for (size_t i = 0; i < MAX_AVATARS; i++) {
        image_destroy(self->avatars[i].image);
        free(self->avatars[i].url);
    }
    for (size_t i = 0; i < self->n_strings; i++)
        free(self->strings[i]);
    free(self);
}

static void answer_words(struct cmd_leaderboard *self, const char *words)
{
    reply_words(self->reply, words);
    destroy(self);
}

static void answer(struct cmd_leaderboard *self, struct picture picture, const char *alt, const char *text)
{
    const struct reply_answer answer = {
        .picture = picture,
        .name = "leaderboard",
        .alt = alt,
        .text = text,
        .controls = controls_leaderboard(&self->state, self->n_pages),
    };
    reply_answer(self->reply, &answer);
    destroy(self);
}

static void answer_without_picture(struct cmd_leaderboard *self)
{
    char *const text = board_as_text(&self->view);
    answer(self, (struct picture){0}, NULL, text);
    free(text);
}

static void on_draw(void *arg)
{
    struct cmd_leaderboard *const self = arg;
    struct leaderboard_view *const view = &self->view;
    view->icon = self->avatars[0].image;
    for (size_t i = 0; i < view->n_rows; i++)
        view->rows[i].avatar = self->avatars[avatar_of(self, &view->rows[i])].image;
    view->own.avatar = self->avatars[avatar_of(self, &view->own)].image;

    char *const alt = board_as_alt(view);
    char *const text = board_as_text(view);
    answer(self, leaderboard_render(view), alt, text);
    free(alt);
    free(text);
}

static void on_avatars(void *arg)
{
    struct cmd_leaderboard *const self = arg;
    drawing_enqueue(self->app->drawing, on_draw, self);
}

static void on_board(void *arg, const struct db_leaderboard *board)
{
    struct cmd_leaderboard *const self = arg;
    if (board == NULL) {
        answer_words(self, "I could not read the database. Please try again in a moment.");
        return;
    }
    if (!board->known) {
        answer_words(
            self, "I do not know this server yet. If I was added a moment ago, try again in a minute; else ask "
                  "the person who runs me whether the tracker is running and in this server.");
        return;
    }
    self->state.page = board->page;
    self->n_pages = board->n_rows > 0 ? (int)((board->members - 1) / LEADERBOARD_PAGE) + 1 : 1;
    if (board->n_rows == 0) {
        answer(self, (struct picture){0}, NULL, phrases_nobody(self->state.range));
        return;
    }
    fill_view(self, board);
    if (reply_takes_pictures(self->reply))
        avatars_fetch(self->app->avatars, self->avatars, MAX_AVATARS, AVATARS_TIMEOUT_MS, on_avatars, self);
    else
        answer_without_picture(self);
}

/* What a slash command or a click asks for, or words for why it cannot be told. */
static const char *read_state(const struct interaction *interaction, struct leaderboard_state *state)
{
    if (interaction->type == DISCORD_MESSAGE_COMPONENT)
        return controls_parse_leaderboard(interaction->custom_id, interaction->value, state)
                   ? NULL
                   : "I do not understand this control any more. Please run `/vc leaderboard` again.";
    *state = (struct leaderboard_state){.range = RANGE_THIS_MONTH};
    const struct interaction_option *const option =
        interaction_option(interaction, option_name, DISCORD_OPTION_STRING);
    return option == NULL || phrases_range_parse(option->string, &state->range)
               ? NULL
               : "I do not know this time range. Please choose one from the list.";
}

void cmd_leaderboard_run(struct app *app, struct reply *reply)
{
    const struct interaction *const interaction = reply_interaction(reply);
    struct leaderboard_state state;
    const char *const problem = read_state(interaction, &state);
    if (problem != NULL) {
        reply_words(reply, problem);
        return;
    }
    struct cmd_leaderboard *const self = mem_alloc(sizeof(*self));
    self->app = app;
    self->reply = reply;
    self->state = state;
    const struct db_leaderboard_query query = {
        .guild_id = interaction->guild_id,
        .range = state.range,
        .page = state.page,
        .caller_id = interaction->user.id,
    };
    db_leaderboard_read(app->pool, &query, on_board, self);
}
