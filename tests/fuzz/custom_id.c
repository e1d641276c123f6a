/*
 * Controls as they come back: a custom_id, and behind a NUL what was chosen in a select. Whatever a custom_id says, it is
 * one command's at most, what it asks for is within its bounds, and the controls that are printed for that are short,
 * different from each other, and say the same when they come back.
 */
#include "handler/controls.h"
#include "infra/json.h"
#include "infra/mem.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t clicker = 42;

/* Calls on_control with each control's custom_id and kind. */
static void each_control(const cJSON *rows,
                         void (*on_control)(const cJSON *control, const char *custom_id, void *arg), void *arg)
{
    const cJSON *row, *control;
    cJSON_ArrayForEach (row, rows) {
        cJSON_ArrayForEach (control, json_array(row, "components"))
            on_control(control, json_string(control, "custom_id"), arg);
    }
}

struct seen {
    const char *ids[32];
    size_t n;
};

static void on_seen(const cJSON *control, const char *custom_id, void *arg)
{
    (void)control;
    struct seen *const seen = arg;
    hold(custom_id != NULL && strlen(custom_id) <= DISCORD_CUSTOM_ID_MAX);
    hold(seen->n < sizeof(seen->ids) / sizeof(seen->ids[0]));
    for (size_t i = 0; i < seen->n; i++)
        hold(strcmp(seen->ids[i], custom_id) != 0);
    seen->ids[seen->n++] = custom_id;
}

static bool is_select(const cJSON *control)
{
    int64_t type;
    return json_int(control, "type", &type) && type != DISCORD_BUTTON;
}

static bool is_disabled(const cJSON *control)
{
    return json_bool(control, "disabled");
}

static bool leads_to(const char *custom_id, const char *control)
{
    const char *const name = strchr(strchr(custom_id, ':') + 1, ':') + 1;
    return strncmp(name, control, strlen(control)) == 0 && name[strlen(control)] == ':';
}

/* The leaderboard ------------------------------------------------------------------------------------------- */

static void on_leaderboard_control(const cJSON *control, const char *custom_id, void *arg)
{
    const struct leaderboard_state *const shown = arg;
    const struct interaction click = {
        .custom_id = custom_id,
        .user.id = clicker,
        .value = is_select(control) ? "today" : NULL,
        .chosen.id = is_select(control) ? 77 : 0,
    };
    struct leaderboard_state next;
    if (is_disabled(control))
        return;
    hold(controls_are_of(custom_id, CONTROLS_LEADERBOARD));
    hold(controls_parse_leaderboard(&click, &next));
    if (leads_to(custom_id, "refresh"))
        hold(next.range == shown->range && next.page == shown->page && next.member_id == shown->member_id);
}

static void try_leaderboard(const struct interaction *click)
{
    struct leaderboard_state state;
    if (!controls_parse_leaderboard(click, &state))
        return;
    hold((unsigned)state.range < N_TIME_RANGES);
    hold(state.page >= LEADERBOARD_OWN_PAGE && state.page <= 999999999);
    if (state.page == LEADERBOARD_OWN_PAGE)
        state.page = 0; /* the database tells which it is */
    cJSON *const rows = controls_leaderboard(&state, state.page + 1);
    struct seen seen = {0};
    each_control(rows, on_seen, &seen);
    each_control(rows, on_leaderboard_control, &state);
    cJSON_Delete(rows);
}

/* Statistics ------------------------------------------------------------------------------------------------ */

static void on_stats_control(const cJSON *control, const char *custom_id, void *arg)
{
    const struct stats_state *const shown = arg;
    const struct interaction click = {
        .custom_id = custom_id, .user.id = clicker, .chosen.id = is_select(control) ? 77 : 0};
    struct stats_state next;
    hold(controls_are_of(custom_id, CONTROLS_STATS));
    hold(controls_parse_stats(&click, &next));
    if (leads_to(custom_id, "refresh"))
        hold(next.view == shown->view && next.statistic == shown->statistic &&
             next.member_id == shown->member_id);
}

static void try_stats(const struct interaction *click)
{
    struct stats_state state;
    if (!controls_parse_stats(click, &state))
        return;
    hold((unsigned)state.view < N_STATS_VIEWS && (unsigned)state.statistic < N_STATISTICS);
    cJSON *const rows = controls_stats(&state);
    struct seen seen = {0};
    each_control(rows, on_seen, &seen);
    each_control(rows, on_stats_control, &state);
    cJSON_Delete(rows);
}

/* Settings -------------------------------------------------------------------------------------------------- */

struct pressed {
    const char *custom_id;
    bool found;
};

static void on_settings_control(const cJSON *control, const char *custom_id, void *arg)
{
    (void)control;
    struct pressed *const pressed = arg;
    pressed->found |= strcmp(custom_id, pressed->custom_id) == 0;
}

/* There is one way to write a change: the button that the panel has when it is to be made. */
static void try_settings(const struct interaction *click)
{
    enum db_setting setting;
    bool on;
    if (!controls_parse_settings(click, &setting, &on))
        return;
    hold((unsigned)setting < N_SETTINGS);
    struct db_settings shown = {.on = {true, true}};
    shown.on[setting] = !on;
    cJSON *const rows = controls_settings(&shown);
    struct seen seen = {0};
    each_control(rows, on_seen, &seen);
    struct pressed pressed = {.custom_id = click->custom_id};
    each_control(rows, on_settings_control, &pressed);
    hold(pressed.found);
    cJSON_Delete(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *const custom_id = mem_strndup((const char *)bytes, n);
    const size_t len = strlen(custom_id);
    const char *const value = len < n ? custom_id + len + 1 : NULL;
    struct interaction click = {.custom_id = custom_id, .value = value, .user.id = clicker};
    if (value != NULL)
        snowflake_parse(value, &click.chosen.id);
    const bool leaderboard = controls_are_of(custom_id, CONTROLS_LEADERBOARD);
    const bool stats = controls_are_of(custom_id, CONTROLS_STATS);
    const bool settings = controls_are_of(custom_id, CONTROLS_SETTINGS);
    hold(leaderboard + stats + settings <= 1);
    hold(len <= DISCORD_CUSTOM_ID_MAX || !(leaderboard || stats || settings));
    if (leaderboard)
        try_leaderboard(&click);
    if (stats)
        try_stats(&click);
    if (settings)
        try_settings(&click);
    free(custom_id);
    return 0;
}
