#include "handler/command.h"

#include "handler/interaction.h"
#include "infra/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct command *find(const char *command, const char *subcommand)
{
    const struct interaction interaction = {
        .type = DISCORD_APPLICATION_COMMAND, .command = command, .subcommand = subcommand};
    return command_find(&interaction);
}

static const struct command *find_control(const char *custom_id)
{
    const struct interaction interaction = {.type = DISCORD_MESSAGE_COMPONENT, .custom_id = custom_id};
    return command_find(&interaction);
}

static void test_find(void **state)
{
    (void)state;
    const struct command *const leaderboard = find("vc", "leaderboard");
    assert_non_null(leaderboard);
    assert_string_equal(leaderboard->name, "leaderboard");
    assert_false(leaderboard->ephemeral);
    assert_null(find("vc", NULL));
    assert_null(find("vc", ""));
    assert_null(find("vc", "Leaderboard"));
    assert_null(find("VC", "leaderboard"));
    assert_null(find("leaderboard", "leaderboard"));
    assert_ptr_equal(find_control("vc1:lb:next:this_month:1"), leaderboard);
    assert_ptr_equal(find_control("vc1:lb"), leaderboard);
    assert_null(find_control("vc1:xx:next"));
    assert_null(find_control("vc2:lb:next"));
    assert_null(find_control(""));
}

/* A handler of another version may have recorded them (handler/pending.h). */
static void test_other_types(void **state)
{
    (void)state;
    static const enum discord_interaction_type types[] = {DISCORD_PING, DISCORD_AUTOCOMPLETE,
                                                          DISCORD_MODAL_SUBMIT};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        const struct interaction interaction = {.type = types[i]};
        assert_null(command_find(&interaction));
    }
}

static void assert_zero_alone(const cJSON *object, const char *name)
{
    const cJSON *const list = json_array(object, name);
    assert_int_equal(cJSON_GetArraySize(list), 1);
    assert_true(cJSON_IsNumber(cJSON_GetArrayItem(list, 0)));
    assert_int_equal(cJSON_GetArrayItem(list, 0)->valueint, 0);
}

/* Contract 2: 1 to 32 lower-case characters, 1 to 100 of description. */
static void assert_named(const cJSON *object)
{
    const char *const name = json_string(object, "name");
    const char *const description = json_string(object, "description");
    assert_non_null(name);
    assert_in_range(strlen(name), 1, 32);
    assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_"), strlen(name));
    assert_non_null(description);
    assert_in_range(strlen(description), 1, 100);
}

static void assert_range_option(const cJSON *option)
{
    static const char *const choices[][2] = {
        {"Today", "today"},         {"Past 24 hours", "past_24h"}, {"Past 72 hours", "past_72h"},
        {"Past 7 days", "past_7d"}, {"Past 14 days", "past_14d"},  {"This month", "this_month"},
        {"This year", "this_year"}, {"All time", "all_time"},
    };
    int64_t type;
    assert_named(option);
    assert_string_equal(json_string(option, "name"), "time_range");
    assert_true(json_int(option, "type", &type));
    assert_int_equal(type, DISCORD_OPTION_STRING);
    assert_null(json_member(option, "required"));
    const cJSON *const list = json_array(option, "choices");
    assert_int_equal(cJSON_GetArraySize(list), 8);
    for (int i = 0; i < 8; i++) {
        assert_string_equal(json_string(cJSON_GetArrayItem(list, i), "name"), choices[i][0]);
        assert_string_equal(json_string(cJSON_GetArrayItem(list, i), "value"), choices[i][1]);
    }
}

static void test_registration(void **state)
{
    (void)state;
    char *const text = command_registration();
    cJSON *const list = json_parse(text, strlen(text));
    free(text);
    assert_int_equal(cJSON_GetArraySize(list), 1);
    const cJSON *const vc = cJSON_GetArrayItem(list, 0);
    assert_named(vc);
    assert_string_equal(json_string(vc, "name"), "vc");
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(vc, "default_member_permissions")));
    assert_zero_alone(vc, "contexts");
    assert_zero_alone(vc, "integration_types");

    const cJSON *const options = json_array(vc, "options");
    assert_int_equal(cJSON_GetArraySize(options), 3);
    const cJSON *option;
    cJSON_ArrayForEach (option, options)
        assert_named(option);
    const cJSON *const leaderboard = cJSON_GetArrayItem(options, 0);
    int64_t type;
    assert_named(leaderboard);
    assert_string_equal(json_string(leaderboard, "name"), "leaderboard");
    assert_true(json_int(leaderboard, "type", &type));
    assert_int_equal(type, DISCORD_OPTION_SUB_COMMAND);
    assert_int_equal(cJSON_GetArraySize(json_array(leaderboard, "options")), 1);
    assert_range_option(cJSON_GetArrayItem(json_array(leaderboard, "options"), 0));
    cJSON_Delete(list);
}

/* Our commands behind a head, with the first letter of some words in the other case. */
static enum command_registered compare(const char *head, const char *words)
{
    char *const ours = command_registration();
    char text[8192];
    assert_in_range(snprintf(text, sizeof(text), "%s%s", head, ours + strlen("[{")), 1, sizeof(text) - 1);
    free(ours);
    if (words != NULL) {
        char *const from = strstr(text, words);
        assert_non_null(from);
        from[0] ^= 0x20;
    }
    cJSON *const list = json_parse(text, strlen(text));
    assert_non_null(list);
    const enum command_registered found = command_compare(list);
    cJSON_Delete(list);
    return found;
}

static void test_compare(void **state)
{
    (void)state;
    assert_int_equal(compare("[{", NULL), COMMAND_REGISTERED);
    assert_int_equal(compare("[{\"name\":\"vc\",\"type\":2},{\"id\":\"1\",\"nsfw\":false,", NULL),
                     COMMAND_REGISTERED);
    assert_int_equal(compare("[{", "Who spent"), COMMAND_OUTDATED);
    assert_int_equal(compare("[{", "past_7d"), COMMAND_OUTDATED);
    assert_int_equal(compare("[{", "default_member_permissions"), COMMAND_REGISTERED); /* null, or absent */
    assert_int_equal(compare("[{", "contexts"), COMMAND_OUTDATED);
    assert_int_equal(compare("[{", "vc"), COMMAND_UNREGISTERED);
    cJSON *const list = cJSON_CreateArray();
    assert_int_equal(command_compare(list), COMMAND_UNREGISTERED);
    cJSON_AddItemToArray(list, cJSON_CreateNull());
    cJSON_AddItemToArray(list, cJSON_Parse("{\"name\":\"vc\",\"type\":1}"));
    assert_int_equal(command_compare(list), COMMAND_OUTDATED);
    cJSON_Delete(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_registration),
        cmocka_unit_test(test_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
