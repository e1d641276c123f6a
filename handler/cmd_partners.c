#include "handler/cmd_partners.h"

#include "db/partners.h"
#include "handler/answer.h"
#include "handler/app.h"
#include "handler/controls.h"
#include "handler/interaction.h"
#include "handler/phrases.h"
#include "handler/reply.h"
#include "infra/mem.h"
#include "render/partners.h"

#include <inttypes.h>

_Static_assert((int)PARTNERS_ROWS == (int)PARTNERS_PAGE, "a page is a card");
_Static_assert((int)LEADERBOARD_PAGE == (int)PARTNERS_PAGE, "the pages' controls are the same");

struct partners {
    struct answer answer;           /* first: handler/answer.h */
    struct leaderboard_state state; /* what was asked for, then what is shown */
    struct partners_view view;
};

/* The view ------------------------------------------------------------------------------------------------- */

/* The pictures' numbers: the member's, for the header and for the rows, then the partners'. */
enum { HEADER, MEMBER, FIRST_ROW };

static void fill_view(struct partners *self, const struct db_partners *partners)
{
    struct buffer range = {0};
    phrases_range(&range, self->state.range, partners->from, partners->until);
    struct answer *const answer = &self->answer;
    struct partners_view *const view = &self->view;
    *view = (struct partners_view){
        .server = answer_keep(answer, mem_strdup(partners->guild_name)),
        .range = answer_keep(answer, range.data),
        .name = answer_member_name(answer, &partners->member),
        .user_id = partners->member.user_id,
        .own_seconds = partners->own_seconds,
        .partners = partners->partners,
        .first_seconds = partners->first_seconds,
        .first_page = partners->page == 0,
        .n_rows = partners->n_rows,
    };
    answer_member_picture(answer, &partners->member, PARTNERS_MEMBER_SIZE);
    answer_member_picture(answer, &partners->member, PARTNERS_AVATAR_SIZE_FIRST);
    for (size_t i = 0; i < partners->n_rows; i++) {
        const struct db_partners_row *const from = &partners->rows[i];
        view->rows[i] = (struct partners_row){
            .position = from->position,
            .user_id = from->member.user_id,
            .name = answer_member_name(answer, &from->member),
            .seconds = from->seconds,
        };
        const bool large = view->first_page && i == 0;
        answer_member_picture(answer, &from->member, large ? PARTNERS_AVATAR_SIZE_FIRST : PARTNERS_AVATAR_SIZE);
    }
}

static struct picture draw(struct answer *answer)
{
    struct partners *const self = (struct partners *)answer;
    struct partners_view *const view = &self->view;
    view->avatar = answer_picture(answer, HEADER);
    view->small_avatar = answer_picture(answer, MEMBER);
    for (size_t i = 0; i < view->n_rows; i++)
        view->rows[i].avatar = answer_picture(answer, FIRST_ROW + i);
    return partners_render(view);
}

/* The partners in words ------------------------------------------------------------------------------------ */

static void append_summary(struct buffer *out, const struct partners_view *view)
{
    phrases_count(out, view->partners, "partner", "partners");
    buffer_append_string(out, ", own time in voice ");
    phrases_duration(out, view->own_seconds);
}

/* Places are numbers of the list, not ranks. */
static char *partners_as_text(const struct partners_view *view)
{
    struct buffer text = {0};
    buffer_append_string(&text, "### Who ");
    phrases_name_markdown(&text, view->name, PHRASES_NAME);
    buffer_append_string(&text, " shares voice with \u00B7 ");
    phrases_name_markdown(&text, view->server, PHRASES_NAME);
    buffer_printf(&text, "\n%s\n", view->range);
    for (size_t i = 0; i < view->n_rows; i++) {
        buffer_printf(&text, "**%" PRId64 "** ", view->rows[i].position);
        phrases_name_markdown(&text, view->rows[i].name, PHRASES_NAME);
        buffer_append_string(&text, " \u00B7 ");
        phrases_duration(&text, view->rows[i].seconds);
        buffer_append_string(&text, "\n");
    }
    buffer_append_string(&text, "-# ");
    append_summary(&text, view);
    return text.data;
}

static char *partners_as_alt(const struct partners_view *view)
{
    struct buffer alt = {0};
    buffer_append_string(&alt, "Who ");
    phrases_name(&alt, view->name, PHRASES_ALT_NAME);
    buffer_append_string(&alt, " shares voice with in ");
    phrases_name(&alt, view->server, PHRASES_ALT_NAME);
    buffer_printf(&alt, ", %s:", view->range);
    for (size_t i = 0; i < view->n_rows; i++) {
        buffer_printf(&alt, " %" PRId64 ". ", view->rows[i].position);
        phrases_name(&alt, view->rows[i].name, PHRASES_ALT_NAME);
        buffer_append_string(&alt, " ");
        phrases_duration(&alt, view->rows[i].seconds);
        buffer_append_string(&alt, ";");
    }
    buffer_append_string(&alt, " ");
    append_summary(&alt, view);
    phrases_cut(&alt, PHRASES_ALT);
    return alt.data;
}

/* The command ---------------------------------------------------------------------------------------------- */

static void say_empty(struct partners *self, const struct db_partners *partners)
{
    struct buffer text = {0};
    answer_subject(&self->answer, &text, &partners->member);
    buffer_printf(
        &text, partners->own_seconds > 0 ? " shared a voice channel with nobody %s." : " not been in voice %s.",
        phrases_when(self->state.range));
    self->answer.text = text.data;
    answer_as_text(&self->answer);
}

static void on_partners(void *arg, const struct db_partners *partners)
{
    struct partners *const self = arg;
    if (partners == NULL || !partners->known) {
        self->answer.controls = controls_leaderboard(&self->state, 1);
        answer_in_words(&self->answer, partners == NULL ? PHRASES_NO_DATABASE : PHRASES_UNKNOWN_SERVER);
        return;
    }
    self->state.page = partners->page;
    self->answer.controls = controls_leaderboard(&self->state, controls_n_pages(partners->partners));
    if (partners->n_rows == 0) {
        say_empty(self, partners);
        return;
    }
    fill_view(self, partners);
    self->answer.alt = partners_as_alt(&self->view);
    self->answer.text = partners_as_text(&self->view);
    answer_as_picture(&self->answer, draw);
}

void cmd_partners_run(struct app *app, struct reply *reply, const struct leaderboard_state *state)
{
    struct partners *const self = answer_create(sizeof(*self), app, reply, "partners");
    self->state = *state;
    const struct db_partners_query query = {
        .guild_id = reply_interaction(reply)->guild_id,
        .range = state->range,
        .page = state->page,
        .member_id = state->member_id,
    };
    db_partners_read(app->pool, &query, on_partners, self);
}
