#include "handler/cmd_stats.h"

#include "db/stats.h"
#include "handler/answer.h"
#include "handler/app.h"
#include "handler/choices.h"
#include "handler/command.h"
#include "handler/controls.h"
#include "handler/interaction.h"
#include "handler/periods.h"
#include "handler/phrases.h"
#include "handler/reply.h"
#include "infra/mem.h"
#include "render/chart.h"
#include "render/grid.h"
#include "render/words.h"

_Static_assert((int)CHART_SERIES == (int)STATS_PERIODS, "a period is a line");
_Static_assert((int)GRID_DAYS == (int)STATS_MAX_SLOTS, "a day is a cell");

struct stats {
    struct answer answer; /* first: handler/answer.h; its one picture is the member's or the server's */
    struct stats_state state;
    union {
        struct grid_view grid;
        struct chart_view chart;
    };
};

/* The view ------------------------------------------------------------------------------------------------- */

static int64_t average(int64_t seconds, int64_t n)
{
    return n > 0 ? seconds / n : 0;
}

static enum stats_unit unit_of(const struct stats_state *state)
{
    return state->member_id == 0 && state->statistic == STATISTIC_UNIQUE ? STATS_MEMBERS : STATS_SECONDS;
}

/* What is drawn of a slot. */
static int64_t value_of(const struct stats_state *state, const struct db_stats_slot *slot)
{
    if (state->member_id != 0)
        return slot->seconds;
    switch (state->statistic) {
    case STATISTIC_AVERAGE:
        return average(slot->seconds, slot->members);
    case STATISTIC_TOTAL:
        return slot->seconds;
    case STATISTIC_UNIQUE:
        return slot->members;
    case N_STATISTICS:
        break;
    }
    return 0;
}

static const char *keep_words(struct answer *answer, struct buffer words)
{
    return answer_keep(answer, words.data);
}

static struct stats_head head_of(struct stats *self, const struct db_stats *stats)
{
    struct answer *const answer = &self->answer;
    const bool of_member = self->state.member_id != 0;
    struct buffer range = {0};
    periods_range(&range, self->state.view, stats);
    const char *const not_counting = answer_not_counting(answer, &stats->counting, stats->until);
    if (not_counting != NULL)
        buffer_printf(&range, " \u00B7 %s", not_counting);
    const struct stats_head head = {
        .of_member = of_member,
        .name = of_member ? answer_member_name(answer, &stats->member)
                          : answer_keep(answer, mem_strdup(stats->guild_name)),
        .id = of_member ? self->state.member_id : reply_interaction(answer->reply)->guild_id,
        .subtitle = periods_subtitle(self->state.view, of_member, self->state.statistic),
        .range = keep_words(answer, range),
        .total_seconds = stats->total_seconds,
        .average_seconds = average(stats->total_seconds, stats->member_days),
        .active_days = stats->member_days,
        .streak_days = stats->streak,
        .streak_since = stats->streak_since,
        .most_active = {stats->peak_total.day, stats->peak_total.seconds},
        .unique_members = stats->unique_members,
        .peak_total = {stats->peak_total.day, stats->peak_total.seconds},
        .peak_members = {stats->peak_members.day, stats->peak_members.members},
        .peak_average = {stats->peak_average.day,
                         average(stats->peak_average.seconds, stats->peak_average.members)},
    };
    if (of_member)
        answer_member_picture(answer, &stats->member, STATS_AVATAR_SIZE);
    else
        answer_icon(answer, stats->guild_icon, STATS_ICON_SIZE);
    return head;
}

static void fill_grid(struct stats *self, const struct db_stats *stats)
{
    const struct db_stats_period *const year = &stats->periods[0];
    self->grid = (struct grid_view){
        .head = head_of(self, stats),
        .first_day = year->first_day,
        .unit = unit_of(&self->state),
    };
    for (size_t i = 0; i < year->n_slots; i++)
        self->grid.values[i] = value_of(&self->state, &year->slots[i]);
}

static void fill_series(struct stats *self, size_t i, const struct db_stats_period *period)
{
    struct chart_series *const series = &self->chart.series[i];
    struct buffer label = {0}, short_label = {0};
    periods_label(&label, self->state.view, i, period);
    periods_short_label(&short_label, self->state.view, period);
    series->label = keep_words(&self->answer, label);
    series->short_label = keep_words(&self->answer, short_label);
    series->n = period->n_begun;
    for (size_t slot = 0; slot < period->n_begun; slot++)
        series->values[slot] = value_of(&self->state, &period->slots[slot]);
}

static void fill_chart(struct stats *self, const struct db_stats *stats)
{
    static const enum chart_kind kinds[N_STATS_VIEWS] = {
        [STATS_MONTHLY] = CHART_MONTHLY, [STATS_WEEKLY] = CHART_WEEKLY, [STATS_HOURLY] = CHART_HOURLY};
    self->chart = (struct chart_view){
        .head = head_of(self, stats),
        .kind = kinds[self->state.view],
        .unit = unit_of(&self->state),
        .first_day = stats->periods[0].first_day,
        .n_over = stats->periods[0].n_over,
    };
    for (size_t i = 0; i < stats->n_periods; i++)
        fill_series(self, i, &stats->periods[i]);
}

static struct picture draw_grid(struct answer *answer)
{
    struct stats *const self = (struct stats *)answer;
    self->grid.head.image = answer_picture(answer, 0);
    return grid_render(&self->grid);
}

static struct picture draw_chart(struct answer *answer)
{
    struct stats *const self = (struct stats *)answer;
    self->chart.head.image = answer_picture(answer, 0);
    return chart_render(&self->chart);
}

/* The figures in words ------------------------------------------------------------------------------------- */

static void append_peak(struct buffer *out, const struct stats_peak *peak)
{
    char day[WORDS_MAX];
    buffer_printf(out, " (most on %s: ", words_date(day, peak->day));
}

static void append_number(struct buffer *out, int64_t n)
{
    char digits[WORDS_MAX];
    buffer_append_string(out, words_number(digits, n));
}

/* between: what stands between two figures. */
static void append_member_figures(struct buffer *out, const struct stats_head *head, const char *between)
{
    char day[WORDS_MAX];
    buffer_append_string(out, "Total ");
    phrases_duration(out, head->total_seconds);
    buffer_append_string(out, " on ");
    phrases_count(out, head->active_days, "active day", "active days");
    buffer_printf(out, "%sPer active day ", between);
    phrases_duration(out, head->average_seconds);
    buffer_printf(out, "%sCurrent streak ", between);
    phrases_count(out, head->streak_days, "day", "days");
    buffer_printf(out, "%sMost active day %s with ", between, words_date(day, head->most_active.day));
    phrases_duration(out, head->most_active.value);
}

static void append_server_figures(struct buffer *out, const struct stats_head *head, const char *between)
{
    buffer_append_string(out, "Total ");
    phrases_duration(out, head->total_seconds);
    append_peak(out, &head->peak_total);
    phrases_duration(out, head->peak_total.value);
    buffer_printf(out, ")%sUnique members ", between);
    append_number(out, head->unique_members);
    append_peak(out, &head->peak_members);
    append_number(out, head->peak_members.value);
    buffer_printf(out, ")%sAverage per member per day ", between);
    phrases_duration(out, head->average_seconds);
    append_peak(out, &head->peak_average);
    phrases_duration(out, head->peak_average.value);
    buffer_append_string(out, ")");
}

static void append_figures(struct buffer *out, const struct stats_head *head, const char *between)
{
    if (head->of_member)
        append_member_figures(out, head, between);
    else
        append_server_figures(out, head, between);
}

static char *head_as_text(const struct stats_head *head)
{
    struct buffer text = {0};
    buffer_append_string(&text, "### ");
    phrases_name_markdown(&text, head->name, PHRASES_NAME);
    buffer_printf(&text, " \u00B7 %s\n%s\n", head->subtitle, head->range);
    append_figures(&text, head, "\n");
    return text.data;
}

static char *head_as_alt(const struct stats_head *head)
{
    struct buffer alt = {0};
    phrases_name(&alt, head->name, PHRASES_ALT_NAME);
    buffer_printf(&alt, ", %s, %s: ", head->subtitle, head->range);
    append_figures(&alt, head, "; ");
    phrases_cut(&alt, PHRASES_ALT);
    return alt.data;
}

/* The command ---------------------------------------------------------------------------------------------- */

static void say_empty(struct stats *self, const struct db_stats *stats)
{
    struct buffer text = {0};
    if (self->state.member_id != 0) {
        answer_subject(&self->answer, &text, &stats->member);
        buffer_append_string(&text, " not");
    } else {
        buffer_append_string(&text, "Nobody has");
    }
    buffer_printf(&text, " been in voice %s.", periods_when(self->state.view));
    const char *const why = answer_not_counting(&self->answer, &stats->counting, stats->until);
    if (why != NULL)
        buffer_printf(&text, " %s.", why);
    self->answer.text = text.data;
    answer_as_text(&self->answer);
}

static void on_stats(void *arg, const struct db_stats *stats)
{
    struct stats *const self = arg;
    self->answer.controls = controls_stats(&self->state);
    if (stats == NULL || !stats->known) {
        answer_in_words(&self->answer, stats == NULL ? PHRASES_NO_DATABASE : PHRASES_UNKNOWN_SERVER);
        return;
    }
    if (stats->total_seconds == 0) {
        say_empty(self, stats);
        return;
    }
    const bool yearly = self->state.view == STATS_YEARLY;
    if (yearly)
        fill_grid(self, stats);
    else
        fill_chart(self, stats);
    const struct stats_head *const head = yearly ? &self->grid.head : &self->chart.head;
    self->answer.alt = head_as_alt(head);
    self->answer.text = head_as_text(head);
    answer_as_picture(&self->answer, yearly ? draw_grid : draw_chart);
}

/* What the options ask for, or words for why it cannot be told. */
static const char *read_options(const struct interaction *interaction, struct stats_state *state)
{
    const char *const range = interaction_option(interaction, COMMAND_TIME_RANGE);
    const char *const statistic = interaction_option(interaction, COMMAND_STATISTIC);
    const int view = range != NULL ? choices_find(&choices_views, range) : (int)STATS_MONTHLY;
    const int which = statistic != NULL ? choices_find(&choices_statistics, statistic) : (int)STATISTIC_TOTAL;
    if (view < 0)
        return PHRASES_UNKNOWN_RANGE;
    if (which < 0)
        return "I do not know this statistic. Please choose one from the list.";
    if (statistic != NULL && interaction->chosen.id != 0)
        return "`statistic` is for the whole server. Please choose a member or a statistic, not both.";
    *state = (struct stats_state){
        .view = (enum stats_view)view,
        .statistic = (enum statistic)which,
        .member_id = interaction->chosen.id != 0 ? interaction->chosen.id
                     : statistic != NULL         ? 0
                                                 : interaction->user.id,
    };
    return NULL;
}

static const char *read_state(const struct interaction *interaction, struct stats_state *state)
{
    if (interaction->chosen.bot)
        return PHRASES_BOT;
    if (interaction->type != DISCORD_MESSAGE_COMPONENT)
        return read_options(interaction, state);
    return controls_parse_stats(interaction, state) ? NULL : PHRASES_OLD_CONTROL("/vc stats");
}

void cmd_stats_run(struct app *app, struct reply *reply)
{
    const struct interaction *const interaction = reply_interaction(reply);
    struct stats_state state;
    const char *const problem = read_state(interaction, &state);
    if (problem != NULL) {
        reply_words(reply, problem, NULL);
        return;
    }
    struct stats *const self = answer_create(sizeof(*self), app, reply, "stats");
    self->state = state;
    const struct db_stats_query query = {
        .guild_id = interaction->guild_id,
        .view = state.view,
        .member_id = state.member_id,
    };
    db_stats_read(app->pool, &query, on_stats, self);
}
