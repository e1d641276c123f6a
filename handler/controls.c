#include "handler/controls.h"

#include "handler/choices.h"
#include "handler/components.h"
#include "infra/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "vc1"

enum { MAX_FIELDS = 8 };

/* Fields ------------------------------------------------------------------------------------------------------ */

/* The fields of a custom_id, in a copy of it. */
struct fields {
    char text[DISCORD_CUSTOM_ID_MAX + 1];
    const char *field[MAX_FIELDS];
    size_t n;
};

static bool split(const char *custom_id, struct fields *out)
{
    const size_t len = strlen(custom_id);
    if (len >= sizeof(out->text))
        return false;
    memcpy(out->text, custom_id, len + 1);
    char *rest = out->text;
    for (out->n = 0; out->n < MAX_FIELDS; out->n++) {
        out->field[out->n] = strsep(&rest, ":");
        if (rest == NULL) {
            out->n++;
            return true;
        }
    }
    return false; /* there are more */
}

bool controls_are_of(const char *custom_id, const char *code)
{
    struct fields fields;
    return split(custom_id, &fields) && fields.n >= 2 && strcmp(fields.field[0], VERSION) == 0 &&
           strcmp(fields.field[1], code) == 0;
}

static const char own_page[] = "own"; /* a page */
static const char caller[] = "me";    /* a member: whoever clicks */

static bool parse_page(const char *field, int *out)
{
    enum { MAX_DIGITS = 9 };
    if (strcmp(field, own_page) == 0) {
        *out = LEADERBOARD_OWN_PAGE;
        return true;
    }
    const size_t len = strlen(field);
    if (len == 0 || len > MAX_DIGITS || strspn(field, "0123456789") != len)
        return false;
    *out = atoi(field);
    return true;
}

/* Out of a field, or of what was chosen (NULL: nothing). */
static bool parse_choice(const struct choices *choices, const char *value, int *out)
{
    *out = value != NULL ? choices_find(choices, value) : -1;
    return *out >= 0;
}

static bool parse_range(const char *value, enum time_range *out)
{
    int range;
    const bool ok = parse_choice(&choices_ranges, value, &range);
    *out = (enum time_range)range;
    return ok;
}

static bool parse_member(const char *field, const struct interaction *click, uint64_t *out)
{
    *out = strcmp(field, caller) == 0 ? click->user.id : 0;
    return *out != 0 || strcmp(field, "0") == 0 || snowflake_parse(field, out);
}

struct custom_id {
    char text[DISCORD_CUSTOM_ID_MAX + 1];
};

static void add_button(cJSON *row, struct custom_id id, const char *label, bool disabled)
{
    components_add_button(row, &(struct component_button){
                                   .custom_id = id.text,
                                   .label = label,
                                   .style = DISCORD_BUTTON_SECONDARY,
                                   .disabled = disabled,
                               });
}

/* The leaderboard --------------------------------------------------------------------------------------------- */

static const char range_control[] = "range", member_control[] = "member";

bool controls_parse_leaderboard(const struct interaction *click, struct leaderboard_state *out)
{
    struct fields fields;
    if (!split(click->custom_id, &fields) || fields.n != 6 || !parse_range(fields.field[3], &out->range) ||
        !parse_page(fields.field[4], &out->page) || !parse_member(fields.field[5], click, &out->member_id))
        return false;
    if (strcmp(fields.field[2], range_control) == 0)
        return parse_range(click->value, &out->range);
    if (strcmp(fields.field[2], member_control) == 0)
        out->member_id = click->chosen.id;
    return strcmp(fields.field[2], member_control) != 0 || out->member_id != 0;
}

static struct custom_id leaderboard_id(const char *control, enum time_range range, const char *page,
                                       const char *member)
{
    struct custom_id id;
    snprintf(id.text, sizeof(id.text), VERSION ":" CONTROLS_LEADERBOARD ":%s:%s:%s:%s", control,
             choices_ranges.list[range].value, page, member);
    return id;
}

/* The control that leads to another page of what is shown. */
static struct custom_id page_id(const char *control, const struct leaderboard_state *shown, int page)
{
    char number[16], member[24];
    snprintf(number, sizeof(number), "%d", page);
    snprintf(member, sizeof(member), "%" PRIu64, shown->member_id);
    return leaderboard_id(control, shown->range, page == LEADERBOARD_OWN_PAGE ? own_page : number, member);
}

static void add_range_select(cJSON *rows, const struct leaderboard_state *shown)
{
    const struct custom_id id = page_id(range_control, shown, 0);
    cJSON *const options = components_add_select(components_add_row(rows), id.text, "Time range");
    for (int i = 0; i < choices_ranges.n; i++)
        components_add_option(options, &choices_ranges.list[i], i == (int)shown->range);
}

static void add_page_row(cJSON *rows, const struct leaderboard_state *shown, int n_pages)
{
    const int page = shown->page, last = n_pages - 1;
    char here[64];
    snprintf(here, sizeof(here), "Page %d of %d", page + 1, n_pages);
    cJSON *const row = components_add_row(rows);
    add_button(row, page_id("first", shown, 0), "First", page <= 0);
    add_button(row, page_id("previous", shown, page > 0 ? page - 1 : 0), "Previous", page <= 0);
    add_button(row, page_id("page", shown, page), here, true);
    add_button(row, page_id("next", shown, page + 1), "Next", page >= last);
    add_button(row, page_id("last", shown, last), "Last", page >= last);
}

int controls_n_pages(int64_t n)
{
    return n > 0 ? (int)((n - 1) / LEADERBOARD_PAGE) + 1 : 1;
}

cJSON *controls_leaderboard(const struct leaderboard_state *shown, int n_pages)
{
    cJSON *const rows = cJSON_CreateArray();
    add_range_select(rows, shown);
    if (n_pages > 1)
        add_page_row(rows, shown, n_pages);
    if (shown->member_id != 0)
        components_add_user_select(components_add_row(rows), page_id(member_control, shown, 0).text,
                                   "Whose voice partners", shown->member_id);
    cJSON *const row = components_add_row(rows);
    if (shown->member_id == 0) {
        add_button(row, page_id("own", shown, LEADERBOARD_OWN_PAGE), "My page", false);
        add_button(row, leaderboard_id("partners", shown->range, "0", caller), "Voice partners", false);
    } else {
        add_button(row, leaderboard_id("board", shown->range, "0", "0"), "Leaderboard", false);
    }
    add_button(row, page_id("refresh", shown, shown->page), "Refresh", false);
    return rows;
}

/* Statistics -------------------------------------------------------------------------------------------------- */

bool controls_parse_stats(const struct interaction *click, struct stats_state *out)
{
    struct fields fields;
    int view, statistic;
    if (!split(click->custom_id, &fields) || fields.n != 6 ||
        !parse_choice(&choices_views, fields.field[3], &view) ||
        !parse_choice(&choices_statistics, fields.field[4], &statistic) ||
        !parse_member(fields.field[5], click, &out->member_id))
        return false;
    out->view = (enum stats_view)view;
    out->statistic = (enum statistic)statistic;
    if (strcmp(fields.field[2], member_control) != 0)
        return true;
    out->member_id = click->chosen.id;
    return out->member_id != 0;
}

static struct custom_id stats_id(const char *control, const struct stats_state *target, const char *member)
{
    struct custom_id id;
    char number[24];
    snprintf(number, sizeof(number), "%" PRIu64, target->member_id);
    snprintf(id.text, sizeof(id.text), VERSION ":" CONTROLS_STATS ":%s:%s:%s:%s", control,
             choices_views.list[target->view].value, choices_statistics.list[target->statistic].value,
             member != NULL ? member : number);
    return id;
}

static void add_choice(cJSON *row, const struct stats_state *target, const struct choice *choice, bool chosen)
{
    const struct custom_id id = stats_id(choice->value, target, NULL);
    components_add_button(row, &(struct component_button){
                                   .custom_id = id.text,
                                   .label = choice->label,
                                   .style = chosen ? DISCORD_BUTTON_PRIMARY : DISCORD_BUTTON_SECONDARY,
                               });
}

cJSON *controls_stats(const struct stats_state *shown)
{
    cJSON *const rows = cJSON_CreateArray();
    cJSON *row = components_add_row(rows);
    for (int i = 0; i < choices_views.n; i++) {
        struct stats_state target = *shown;
        target.view = (enum stats_view)i;
        add_choice(row, &target, &choices_views.list[i], target.view == shown->view);
    }
    if (shown->member_id == 0) {
        row = components_add_row(rows);
        for (int i = 0; i < choices_statistics.n; i++) {
            struct stats_state target = *shown;
            target.statistic = (enum statistic)i;
            add_choice(row, &target, &choices_statistics.list[i], target.statistic == shown->statistic);
        }
    }
    components_add_user_select(components_add_row(rows), stats_id(member_control, shown, NULL).text,
                               "Choose a member", shown->member_id);
    row = components_add_row(rows);
    if (shown->member_id != 0)
        add_button(row, stats_id("server", shown, "0"), "Server", false);
    add_button(row, stats_id("mine", shown, caller), "Me", false);
    add_button(row, stats_id("refresh", shown, NULL), "Refresh", false);
    return rows;
}

/* Settings ---------------------------------------------------------------------------------------------------- */

static const char *const setting_names[N_SETTINGS] = {
    [SETTING_TRACKING] = "tracking", [SETTING_COUNT_AFK] = "count_afk"};
static const char on_value[] = "on", off_value[] = "off";

bool controls_parse_settings(const struct interaction *click, enum db_setting *setting, bool *on)
{
    struct fields fields;
    if (!split(click->custom_id, &fields) || fields.n != 4)
        return false;
    *on = strcmp(fields.field[3], on_value) == 0;
    if (!*on && strcmp(fields.field[3], off_value) != 0)
        return false;
    for (int i = 0; i < N_SETTINGS; i++) {
        if (strcmp(fields.field[2], setting_names[i]) == 0) {
            *setting = (enum db_setting)i;
            return true;
        }
    }
    return false;
}

cJSON *controls_settings(const struct db_settings *shown)
{
    /* By whether it is on. To stop ends what is being counted. */
    static const struct {
        const char *label;
        enum discord_button_style style;
    } buttons[N_SETTINGS][2] = {
        [SETTING_TRACKING] = {{"Start tracking", DISCORD_BUTTON_SUCCESS},
                              {"Stop tracking", DISCORD_BUTTON_DANGER}},
        [SETTING_COUNT_AFK] = {{"Count the AFK channel", DISCORD_BUTTON_SECONDARY},
                               {"Don't count the AFK channel", DISCORD_BUTTON_SECONDARY}},
    };
    cJSON *const rows = cJSON_CreateArray();
    cJSON *const row = components_add_row(rows);
    for (int i = 0; i < N_SETTINGS; i++) {
        const bool on = shown->on[i];
        struct custom_id id;
        snprintf(id.text, sizeof(id.text), VERSION ":" CONTROLS_SETTINGS ":%s:%s", setting_names[i],
                 on ? off_value : on_value);
        components_add_button(row, &(struct component_button){
                                       .custom_id = id.text,
                                       .label = buttons[i][on].label,
                                       .style = buttons[i][on].style,
                                   });
    }
    return rows;
}
