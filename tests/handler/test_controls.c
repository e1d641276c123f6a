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

/* What a click on a control asks for. */
static struct leaderboard_state click(const cJSON *control, const char *value)
{
    struct leaderboard_state state;
    const char *const custom_id = json_string(control, "custom_id");
    assert_true(controls_are_of(custom_id, "lb"));
    assert_true(controls_parse_leaderboard(custom_id, value, &state));
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
    } cases[] = {{0, 1, "Page 1 of 1"}, {0, 3, "Page 1 of 3"}, {1, 3, "Page 2 of 3"}, {2, 3, "Page 3 of 3"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const int page = cases[i].page, last = cases[i].n_pages - 1;
        cJSON *const rows = controls_leaderboard(&(struct leaderboard_state){RANGE_PAST_7D, page}, last + 1);
        assert_int_equal(cJSON_GetArraySize(rows), 3);
        assert_button(rows, 1, 0, "First", 0, page == 0);
        assert_button(rows, 1, 1, "Previous", page - 1, page == 0);
        assert_button(rows, 1, 2, cases[i].here, 0, true);
        assert_button(rows, 1, 3, "Next", page + 1, page == last);
        assert_button(rows, 1, 4, "Last", last, page == last);
        assert_button(rows, 2, 0, "My page", LEADERBOARD_OWN_PAGE, false);
        assert_button(rows, 2, 1, "Refresh", page, false);
        cJSON_Delete(rows);
    }
}

static void test_ranges(void **state)
{
    (void)state;
    cJSON *const rows = controls_leaderboard(&(struct leaderboard_state){RANGE_PAST_7D, 4}, 9);
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
    assert_false(controls_parse_leaderboard(json_string(select, "custom_id"), NULL, &none));
    assert_false(controls_parse_leaderboard(json_string(select, "custom_id"), "decade", &none));
    cJSON_Delete(rows);
}

/* Also where two of them lead to the same page. */
static void test_custom_ids_are_unique_and_short(void **state)
{
    (void)state;
    for (int page = 0; page < 2; page++) {
        cJSON *const rows = controls_leaderboard(&(struct leaderboard_state){RANGE_THIS_MONTH, page}, 2);
        const char *seen[16];
        int n = 0;
        for (int row = 0; row < 3; row++) {
            const cJSON *each;
            cJSON_ArrayForEach (each, json_array(cJSON_GetArrayItem(rows, row), "components")) {
                const char *const id = json_string(each, "custom_id");
                assert_in_range(strlen(id), 1, 100);
                for (int i = 0; i < n; i++)
                    assert_string_not_equal(seen[i], id);
                seen[n++] = id;
            }
        }
        assert_int_equal(n, 8);
        cJSON_Delete(rows);
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
        "vc1:lb:next:this_month",
        "vc1:lb:next:this_month:",
        "vc1:lb:next:this_month:-1",
        "vc1:lb:next:this_month:+1",
        "vc1:lb:next:this_month: 1",
        "vc1:lb:next:this_month:1x",
        "vc1:lb:next:this_month:1:2",
        "vc1:lb:next:this_month:1234567890",
        "vc1:lb:next:This_month:1",
        "vc1:lb:next:decade:1",
        "vc1:lb:next::1",
        "vc1:lb:a:b:c:d:e:f:g:h:i:j",
        "vc1:lb:next:this_month:00000000000000000000000000000000000000000000000000000000000000000000000000001",
    };
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct leaderboard_state out;
        if (controls_parse_leaderboard(ids[i], "today", &out))
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
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_custom_ids_are_unique_and_short),
        cmocka_unit_test(test_anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
