#include "handler/controls.h"

#include "infra/discord.h"
#include "infra/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const cJSON *component(const cJSON *rows, int row, int column)
{
    return cJSON_GetArrayItem(json_array(cJSON_GetArrayItem(rows, row), "components"), column);
}

enum { CLICKER = 42 };

static bool parse(const char *custom_id, const char *value, struct leaderboard_state *out)
{
    struct interaction click = {.custom_id = custom_id, .value = value, .user.id = CLICKER};
    if (value != NULL)
        snowflake_parse(value, &click.chosen.id);
    return controls_parse_leaderboard(&click, out);
}

/* What a click on a control asks for. */
static struct leaderboard_state click(const cJSON *control, const char *value)
{
    struct leaderboard_state state;
    const char *const custom_id = json_string(control, "custom_id");
    assert_true(controls_are_of(custom_id, "lb"));
    assert_true(parse(custom_id, value, &state));
    return state;
}

static void assert_button(const cJSON *rows, int row, int column, const char *label, int page, bool disabled)
{
    const cJSON *const button = component(rows, row, column);
    assert_string_equal(json_string(button, "label"), label);
    assert_int_equal(json_bool(button, "disabled"), disabled);
    if (disabled)
        return;
    const struct leaderboard_state state = click(button, NULL);
    assert_int_equal(state.page, page);
    assert_int_equal(state.range, RANGE_PAST_7D);
}

static void test_buttons(void **state)
{
    (void)state;
    static const struct {
        int page, n_pages;
        const char *here;
    } cases[] = {{0, 2, "Page 1 of 2"}, {0, 3, "Page 1 of 3"}, {1, 3, "Page 2 of 3"}, {2, 3, "Page 3 of 3"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const int page = cases[i].page, last = cases[i].n_pages - 1;
        cJSON *const rows = controls_leaderboard(&(struct leaderboard_state){RANGE_PAST_7D, page, 0}, last + 1);
        assert_int_equal(cJSON_GetArraySize(rows), 3);
        assert_button(rows, 1, 0, "First", 0, page == 0);
        assert_button(rows, 1, 1, "Previous", page - 1, page == 0);
        assert_button(rows, 1, 2, cases[i].here, 0, true);
        assert_button(rows, 1, 3, "Next", page + 1, page == last);
        assert_button(rows, 1, 4, "Last", last, page == last);
        assert_button(rows, 2, 0, "My page", LEADERBOARD_OWN_PAGE, false);
        assert_button(rows, 2, 1, "Voice partners", 0, false);
        assert_int_equal(click(component(rows, 2, 1), NULL).member_id, CLICKER);
        assert_button(rows, 2, 2, "Refresh", page, false);
        cJSON_Delete(rows);
    }
}

static void test_one_page_needs_no_buttons_for_pages(void **state)
{
    (void)state;
    cJSON *const rows = controls_leaderboard(&(struct leaderboard_state){RANGE_PAST_7D, 0, 0}, 1);
    assert_int_equal(cJSON_GetArraySize(rows), 2);
    assert_button(rows, 1, 0, "My page", LEADERBOARD_OWN_PAGE, false);
    assert_button(rows, 1, 2, "Refresh", 0, false);
    cJSON_Delete(rows);
}

static void test_ranges(void **state)
{
    (void)state;
    cJSON *const rows = controls_leaderboard(&(struct leaderboard_state){RANGE_PAST_7D, 4, 0}, 9);
    const cJSON *const select = component(rows, 0, 0);
    const cJSON *const options = json_array(select, "options");
    assert_int_equal(cJSON_GetArraySize(options), N_TIME_RANGES);
    for (int i = 0; i < N_TIME_RANGES; i++) {
        const cJSON *const option = cJSON_GetArrayItem(options, i);
        assert_int_equal(json_bool(option, "default"), i == RANGE_PAST_7D);
        const struct leaderboard_state chosen = click(select, json_string(option, "value"));
        assert_int_equal(chosen.range, i);
        assert_int_equal(chosen.page, 0);
    }
    struct leaderboard_state none;
    assert_false(parse(json_string(select, "custom_id"), NULL, &none));
    assert_false(parse(json_string(select, "custom_id"), "decade", &none));
    cJSON_Delete(rows);
}

static void test_partners(void **state)
{
    (void)state;
    const uint64_t member = INT64_MAX;
    cJSON *const rows = controls_leaderboard(&(struct leaderboard_state){RANGE_PAST_7D, 1, member}, 3);
    assert_int_equal(click(component(rows, 0, 0), "today").member_id, member);
    assert_int_equal(click(component(rows, 1, 3), NULL).member_id, member);
    assert_int_equal(click(component(rows, 1, 3), NULL).page, 2);
    const cJSON *const select = component(rows, 2, 0);
    const cJSON *const chosen = cJSON_GetArrayItem(json_array(select, "default_values"), 0);
    assert_string_equal(json_string(chosen, "id"), "9223372036854775807");
    assert_string_equal(json_string(chosen, "type"), "user");
    const struct leaderboard_state other = click(select, "77");
    assert_int_equal(other.member_id, 77);
    assert_int_equal(other.page, 0);
    assert_int_equal(other.range, RANGE_PAST_7D);
    struct leaderboard_state none;
    assert_false(parse(json_string(select, "custom_id"), NULL, &none));
    const struct leaderboard_state board = click(component(rows, 3, 0), NULL);
    assert_int_equal(board.member_id, 0);
    assert_int_equal(board.range, RANGE_PAST_7D);
    assert_int_equal(click(component(rows, 3, 1), NULL).member_id, member);
    cJSON_Delete(rows);
}

/* Also where two of them lead to the same place. Takes rows. */
static void assert_unique_and_short(cJSON *rows)
{
    const char *seen[32];
    int n = 0;
    const cJSON *row, *each;
    cJSON_ArrayForEach (row, rows) {
        cJSON_ArrayForEach (each, json_array(row, "components")) {
            const char *const id = json_string(each, "custom_id");
            assert_in_range(strlen(id), 1, 100);
            for (int i = 0; i < n; i++)
                assert_string_not_equal(seen[i], id);
            seen[n++] = id;
        }
    }
    assert_true(n > 1);
    cJSON_Delete(rows);
}

static void test_custom_ids_are_unique_and_short(void **state)
{
    (void)state;
    for (int page = 0; page < 2; page++) {
        assert_unique_and_short(
            controls_leaderboard(&(struct leaderboard_state){RANGE_THIS_MONTH, page, 0}, 2));
        assert_unique_and_short(
            controls_leaderboard(&(struct leaderboard_state){RANGE_THIS_MONTH, page, UINT64_MAX}, 2));
    }
    for (int view = 0; view < N_STATS_VIEWS; view++) {
        assert_unique_and_short(
            controls_stats(&(struct stats_state){(enum stats_view)view, STATISTIC_AVERAGE, UINT64_MAX}));
        assert_unique_and_short(
            controls_stats(&(struct stats_state){(enum stats_view)view, STATISTIC_AVERAGE, 0}));
    }
    assert_unique_and_short(controls_settings(&(struct db_settings){.on = {true, true}}));
}

/* Statistics and settings ---------------------------------------------------------------------------------- */

static struct stats_state click_stats(const cJSON *control, uint64_t chosen)
{
    const struct interaction it = {
        .custom_id = json_string(control, "custom_id"), .user.id = CLICKER, .chosen.id = chosen};
    struct stats_state state;
    assert_true(controls_are_of(it.custom_id, "st"));
    assert_true(controls_parse_stats(&it, &state));
    return state;
}

static void assert_stats(struct stats_state found, enum stats_view view, enum statistic statistic,
                         uint64_t member)
{
    assert_int_equal(found.view, view);
    assert_int_equal(found.statistic, statistic);
    assert_int_equal(found.member_id, member);
}

/* Each changes one thing and keeps the others. */
static void test_stats(void **state)
{
    (void)state;
    cJSON *rows = controls_stats(&(struct stats_state){STATS_WEEKLY, STATISTIC_UNIQUE, 0});
    for (int i = 0; i < N_STATS_VIEWS; i++)
        assert_stats(click_stats(component(rows, 0, i), 0), (enum stats_view)i, STATISTIC_UNIQUE, 0);
    for (int i = 0; i < N_STATISTICS; i++)
        assert_stats(click_stats(component(rows, 1, i), 0), STATS_WEEKLY, (enum statistic)i, 0);
    assert_null(json_member(component(rows, 2, 0), "default_values"));
    assert_stats(click_stats(component(rows, 2, 0), 9), STATS_WEEKLY, STATISTIC_UNIQUE, 9);
    assert_stats(click_stats(component(rows, 3, 0), 0), STATS_WEEKLY, STATISTIC_UNIQUE, CLICKER);
    cJSON_Delete(rows);
    rows = controls_stats(&(struct stats_state){STATS_WEEKLY, STATISTIC_UNIQUE, 9});
    for (int i = 0; i < N_STATS_VIEWS; i++)
        assert_stats(click_stats(component(rows, 0, i), 0), (enum stats_view)i, STATISTIC_UNIQUE, 9);
    assert_stats(click_stats(component(rows, 2, 0), 0), STATS_WEEKLY, STATISTIC_UNIQUE, 0);
    cJSON_Delete(rows);
    static const char *const ids[] = {"vc1:st:x:weekly:total:",   "vc1:st:x:weekly:total",
                                      "vc1:st:x:daily:total:0",   "vc1:st:x:weekly:most:0",
                                      "vc1:st:x:weekly:total:-1", "vc1:st:member:weekly:total:0"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct stats_state out;
        assert_false(controls_parse_stats(&(struct interaction){.custom_id = ids[i]}, &out));
    }
}

static void test_settings(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        cJSON *const rows = controls_settings(&(struct db_settings){.on = {on != 0, on != 0}});
        for (int i = 0; i < N_SETTINGS; i++) {
            const struct interaction it = {.custom_id = json_string(component(rows, 0, i), "custom_id")};
            enum db_setting setting;
            bool value;
            assert_true(controls_are_of(it.custom_id, "set"));
            assert_true(controls_parse_settings(&it, &setting, &value));
            assert_int_equal(setting, i);
            assert_int_equal(value, on == 0);
        }
        int64_t style;
        assert_true(json_int(component(rows, 0, SETTING_TRACKING), "style", &style));
        assert_int_equal(style, on != 0 ? DISCORD_BUTTON_DANGER : DISCORD_BUTTON_SUCCESS);
        cJSON_Delete(rows);
    }
    static const char *const ids[] = {"vc1:set:tracking", "vc1:set:tracking:", "vc1:set:x:on",
                                      "vc1:set:tracking:on:1"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        enum db_setting setting;
        bool value;
        assert_false(controls_parse_settings(&(struct interaction){.custom_id = ids[i]}, &setting, &value));
    }
}

static void test_anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const ids[] = {
        "",
        ":",
        "vc1",
        "vc1:lb",
        "vc1:lb:next:this_month:1",
        "vc1:lb:next:this_month::0",
        "vc1:lb:next:this_month:-1:0",
        "vc1:lb:next:this_month:+1:0",
        "vc1:lb:next:this_month: 1:0",
        "vc1:lb:next:this_month:1x:0",
        "vc1:lb:next:this_month:1:",
        "vc1:lb:next:this_month:1:00",
        "vc1:lb:next:this_month:1:-5",
        "vc1:lb:next:this_month:1:you",
        "vc1:lb:next:this_month:1:99999999999999999999999",
        "vc1:lb:next:this_month:1:2:3",
        "vc1:lb:next:this_month:1234567890:0",
        "vc1:lb:next:This_month:1:0",
        "vc1:lb:next:decade:1:0",
        "vc1:lb:next::1:0",
        "vc1:lb:a:b:c:d:e:f:g:h:i:j",
        "vc1:lb:next:this_month:1:000000000000000000000000000000000000000000000000000000000000000000000000001",
    };
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct leaderboard_state out;
        if (parse(ids[i], "today", &out))
            fail_msg("taken: %s", ids[i]);
    }
    assert_false(controls_are_of("vc0:lb:next:this_month:1", "lb"));
    assert_false(controls_are_of("vc1:lbx:next:this_month:1", "lb"));
    assert_false(controls_are_of("vc1", "lb"));
    assert_false(controls_are_of("", "lb"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buttons),
        cmocka_unit_test(test_one_page_needs_no_buttons_for_pages),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_partners),
        cmocka_unit_test(test_stats),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_custom_ids_are_unique_and_short),
        cmocka_unit_test(test_anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
