#include "handler/interaction.h"

#include "infra/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* As Discord posts them, with our option. */
static const char ping[] =
    "{\"app_permissions\":\"562949953601536\",\"application_id\":\"1204716319438934023\","
    "\"attachment_size_limit\":10485760,\"authorizing_integration_owners\":{},\"entitlements\":[],"
    "\"id\":\"1536071565828030465\",\"token\":\"aW50\",\"type\":1,\"user\":{\"id\":\"643900000000000001\","
    "\"username\":\"discord\",\"system\":true},\"version\":1}";

#define HEAD                                                                                                   \
    "\"id\":\"1536076614835240971\",\"application_id\":\"1204716319438934023\",\"token\":\"aW50\",\"version\":1,"
#define PLACE                                                                                                  \
    "\"app_permissions\":\"2147863552\",\"attachment_size_limit\":10485760,\"guild_id\":\"1187440136951169024\","
#define USER                                                                                                         \
    "{\"id\":\"312861572202631172\",\"username\":\"marisol.q\",\"discriminator\":\"0\",\"global_name\":\"Marisol\"," \
    "\"avatar\":\"a_7be1\"}"
#define MEMBER                                                                                                       \
    "\"member\":{\"avatar\":null,\"nick\":\"Mari\",\"roles\":[],\"permissions\":\"1799666563141185\",\"user\":" USER \
    "},"
#define DATA                                                                                                      \
    "\"data\":{\"id\":\"1510946006630662145\",\"name\":\"vc\",\"type\":1,\"options\":[{\"name\":\"leaderboard\"," \
    "\"type\":1,\"options\":[{\"name\":\"time_range\",\"type\":3,\"value\":\"today\"},"                           \
    "{\"name\":\"who\",\"type\":6,\"value\":\"18446744073709551615\"},{\"name\":\"page\",\"type\":4,\"value\":2}]}]}"

static const char command[] = "{" HEAD "\"type\":2," PLACE MEMBER DATA "}";

static struct interaction *parse(const char *text)
{
    enum interaction_problem problem;
    struct interaction *const interaction = interaction_parse(text, strlen(text), &problem);
    assert_int_equal(interaction != NULL, problem == INTERACTION_FINE);
    return interaction;
}

static enum interaction_problem problem_of(const char *text)
{
    enum interaction_problem problem;
    interaction_destroy(interaction_parse(text, strlen(text), &problem));
    return problem;
}

static void test_ping(void **state)
{
    (void)state;
    struct interaction *const interaction = parse(ping);
    assert_non_null(interaction);
    assert_int_equal(interaction->type, DISCORD_PING);
    assert_int_equal(interaction->id, 1536071565828030465u);
    assert_int_equal(interaction->application_id, 1204716319438934023u);
    interaction_destroy(interaction);
}

static void test_command(void **state)
{
    (void)state;
    struct interaction *const it = parse(command);
    assert_non_null(it);
    assert_int_equal(it->type, DISCORD_APPLICATION_COMMAND);
    assert_string_equal(it->token, "aW50");
    assert_int_equal(it->guild_id, 1187440136951169024u);
    assert_int_equal(it->app_permissions, 2147863552u);
    assert_int_equal(it->permissions, 1799666563141185u);
    assert_int_equal(it->attachment_size_limit, 10485760);
    assert_int_equal(it->user.id, 312861572202631172u);
    assert_string_equal(it->user.username, "marisol.q");
    assert_string_equal(it->user.global_name, "Marisol");
    assert_string_equal(it->user.nick, "Mari");
    assert_string_equal(it->user.avatar, "a_7be1");
    assert_null(it->user.guild_avatar);
    assert_string_equal(it->command, "vc");
    assert_string_equal(it->subcommand, "leaderboard");
    assert_string_equal(interaction_option(it, "time_range"), "today");
    assert_null(interaction_option(it, "who"));
    assert_int_equal(it->chosen.id, UINT64_MAX);
    assert_null(it->chosen.username);
    assert_null(interaction_option(it, "page"));
    interaction_destroy(it);
}

static void test_command_without_options(void **state)
{
    (void)state;
    static const char *const data[] = {
        "\"data\":{\"name\":\"vc\",\"options\":[{\"name\":\"leaderboard\",\"type\":1}]}",
        "\"data\":{\"name\":\"vc\",\"options\":[{\"name\":\"leaderboard\",\"type\":1,\"options\":[]}]}",
    };
    for (size_t i = 0; i < 2; i++) {
        struct buffer text = {0};
        buffer_printf(&text, "{" HEAD "\"type\":2," PLACE MEMBER "%s}", data[i]);
        struct interaction *const it = parse(text.data);
        assert_non_null(it);
        assert_string_equal(it->subcommand, "leaderboard");
        assert_int_equal(it->n_options, 0);
        interaction_destroy(it);
        buffer_finish(&text);
    }
    struct interaction *const bare = parse("{" HEAD "\"type\":2," PLACE MEMBER "\"data\":{\"name\":\"vc\"}}");
    assert_non_null(bare);
    assert_null(bare->subcommand);
    interaction_destroy(bare);
}

static void test_outside_a_server(void **state)
{
    (void)state;
    struct interaction *const it =
        parse("{" HEAD "\"type\":2,\"app_permissions\":\"1\",\"user\":" USER "," DATA "}");
    assert_non_null(it);
    assert_int_equal(it->guild_id, 0);
    assert_int_equal(it->permissions, 0);
    assert_int_equal(it->user.id, 312861572202631172u);
    assert_null(it->user.nick);
    interaction_destroy(it);
}

static void test_permissions_keep_low_bits(void **state)
{
    (void)state;
    /* 2^64 + 40: more bits than we know of */
    struct interaction *const it =
        parse("{" HEAD "\"type\":2,\"app_permissions\":\"18446744073709551656\",\"user\":" USER "," DATA "}");
    assert_non_null(it);
    assert_int_equal(it->app_permissions, 40);
    interaction_destroy(it);
}

static void test_longest_token(void **state)
{
    (void)state;
    enum { MOST = 2048 };
    char token[MOST + 2];
    memset(token, 'x', MOST + 1);
    token[MOST + 1] = '\0';
    struct buffer text = {0};
    buffer_printf(&text, "{\"id\":\"1\",\"application_id\":\"2\",\"type\":1,\"token\":\"%s\"}", token + 1);
    struct interaction *const it = parse(text.data);
    assert_non_null(it);
    assert_string_equal(it->token, token + 1);
    interaction_destroy(it);
    text.len = 0;
    buffer_printf(&text, "{\"id\":\"1\",\"application_id\":\"2\",\"type\":1,\"token\":\"%s\"}", token);
    assert_int_equal(problem_of(text.data), INTERACTION_MALFORMED);
    buffer_finish(&text);
}

/* Two readers of one document must not see two things: the first of equal keys counts, here and in cJSON. */
static void test_duplicate_keys(void **state)
{
    (void)state;
    struct interaction *const it = parse(
        "{\"id\":\"1\",\"id\":\"7\",\"application_id\":\"2\",\"type\":1,\"type\":2,\"token\":\"t\",\"token\":\"u\"}");
    assert_non_null(it);
    assert_int_equal(it->id, 1);
    assert_int_equal(it->type, DISCORD_PING);
    assert_string_equal(it->token, "t");
    interaction_destroy(it);
}

static void test_not_json(void **state)
{
    (void)state;
    static const char *const texts[] = {"",           " ",        "{",       "[1,2", "{\"type\":1}x",
                                        "{'type':1}", "nonsense", "\xff\xfe"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(problem_of(texts[i]), INTERACTION_NOT_JSON);
    struct buffer deep = {0};
    for (int i = 0; i < 100000; i++)
        buffer_append_string(&deep, "[");
    assert_int_equal(problem_of(deep.data), INTERACTION_NOT_JSON);
    buffer_finish(&deep);
}

static void test_unknown_type(void **state)
{
    (void)state;
    assert_int_equal(problem_of("{\"type\":0}"), INTERACTION_UNKNOWN_TYPE);
    assert_int_equal(problem_of("{\"type\":6}"), INTERACTION_UNKNOWN_TYPE);
    assert_int_equal(problem_of("{\"type\":-1}"), INTERACTION_UNKNOWN_TYPE);
    assert_int_equal(problem_of("{\"type\":1.5}"), INTERACTION_UNKNOWN_TYPE);
    assert_int_equal(problem_of("{\"type\":1e300}"), INTERACTION_UNKNOWN_TYPE);
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "null",
        "1",
        "\"x\"",
        "[]",
        "{}",
        "[{\"type\":1}]",
        "{\"type\":\"1\"}",
        "{\"type\":null}",
        "{\"type\":1}",
        /* ids that are numbers, signed, empty, zero, too large, missing */
        "{\"id\":1,\"application_id\":\"2\",\"type\":1,\"token\":\"t\"}",
        "{\"id\":\"-1\",\"application_id\":\"2\",\"type\":1,\"token\":\"t\"}",
        "{\"id\":\"\",\"application_id\":\"2\",\"type\":1,\"token\":\"t\"}",
        "{\"id\":\"0\",\"application_id\":\"2\",\"type\":1,\"token\":\"t\"}",
        "{\"id\":\"18446744073709551616\",\"application_id\":\"2\",\"type\":1,\"token\":\"t\"}",
        "{\"id\":\"1\",\"type\":1,\"token\":\"t\"}",
        /* the token */
        "{\"id\":\"1\",\"application_id\":\"2\",\"type\":1}",
        "{\"id\":\"1\",\"application_id\":\"2\",\"type\":1,\"token\":\"\"}",
        "{\"id\":\"1\",\"application_id\":\"2\",\"type\":1,\"token\":[\"t\"]}",
        /* who: none, in the wrong place, of the wrong kind, without permissions */
        "{" HEAD "\"type\":2," PLACE DATA "}",
        "{" HEAD "\"type\":2," PLACE "\"user\":" USER "," DATA "}",
        "{" HEAD "\"type\":2," PLACE "\"member\":[]," DATA "}",
        "{" HEAD "\"type\":2," PLACE "\"member\":{\"permissions\":\"1\",\"user\":{\"id\":1}}," DATA "}",
        "{" HEAD "\"type\":2," PLACE "\"member\":{\"user\":" USER "}," DATA "}",
        "{" HEAD "\"type\":2," PLACE "\"member\":{\"permissions\":\"-1\",\"user\":" USER "}," DATA "}",
        "{" HEAD "\"type\":2," PLACE "\"member\":{\"permissions\":\"\",\"user\":" USER "}," DATA "}",
        /* where */
        "{" HEAD "\"type\":2,\"app_permissions\":\"1\",\"guild_id\":5," MEMBER DATA "}",
        "{" HEAD "\"type\":2,\"guild_id\":\"5\"," MEMBER DATA "}",
        /* what */
        "{" HEAD "\"type\":2," PLACE MEMBER "\"data\":null}",
        "{" HEAD "\"type\":2," PLACE MEMBER "\"data\":{\"name\":7}}",
        "{" HEAD "\"type\":2," PLACE MEMBER "\"data\":{\"name\":\"vc\",\"options\":[{\"type\":1}]}}",
        "{" HEAD "\"type\":2," PLACE MEMBER "\"data\":{\"name\":\"vc\",\"options\":[7]}}",
        "{" HEAD "\"type\":2," PLACE MEMBER
        "\"data\":{\"name\":\"vc\",\"options\":[{\"type\":3,\"name\":\"a\",\"value\":5}]}}",
        "{" HEAD "\"type\":2," PLACE MEMBER
        "\"data\":{\"name\":\"vc\",\"options\":[{\"type\":6,\"name\":\"a\",\"value\":\"x\"}]}}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (problem_of(texts[i]) != INTERACTION_MALFORMED)
            fail_msg("taken: %s", texts[i]);
    }
}

static void test_too_many_options(void **state)
{
    (void)state;
    static const char *const options[] = {"{\"type\":3,\"name\":\"a\",\"value\":\"b\"}",
                                          "{\"type\":6,\"name\":\"a\",\"value\":\"7\"}",
                                          "{\"type\":4,\"name\":\"a\",\"value\":7}"};
    for (size_t kind = 0; kind < 3; kind++) {
        for (int more = 0; more < 2; more++) {
            struct buffer text = {0};
            buffer_append_string(&text,
                                 "{" HEAD "\"type\":2," PLACE MEMBER "\"data\":{\"name\":\"vc\",\"options\":[");
            for (int i = 0; i < INTERACTION_MAX_OPTIONS + more; i++)
                buffer_printf(&text, "%s%s", i == 0 ? "" : ",", options[kind]);
            buffer_append_string(&text, "]}}");
            assert_int_equal(problem_of(text.data), more ? INTERACTION_MALFORMED : INTERACTION_FINE);
            buffer_finish(&text);
        }
    }
}

/* Every beginning of a good document is refused, and none is read beyond. */
static void test_truncated(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof(command) - 1; n++) {
        char *const part = mem_strndup(command, n);
        enum interaction_problem problem;
        assert_null(interaction_parse(part, n, &problem));
        free(part);
    }
}

#define RESOLVED                                                                                               \
    "\"resolved\":{\"users\":{\"77\":{\"id\":\"77\",\"username\":\"tobi\",\"bot\":true,\"avatar\":\"aa\"}},"   \
    "\"members\":{\"77\":{\"nick\":\"Tobi\",\"avatar\":\"bb\"}}}"

static void assert_tobi(struct interaction *it)
{
    assert_int_equal(it->chosen.id, 77);
    assert_string_equal(it->chosen.username, "tobi");
    assert_string_equal(it->chosen.nick, "Tobi");
    assert_string_equal(it->chosen.avatar, "aa");
    assert_string_equal(it->chosen.guild_avatar, "bb");
    assert_true(it->chosen.bot);
    assert_int_equal(it->user.id, 312861572202631172u);
    interaction_destroy(it);
}

/* In an option, and in a select. */
static void test_a_chosen_user(void **state)
{
    (void)state;
    assert_tobi(parse("{" HEAD "\"type\":2," PLACE MEMBER
                      "\"data\":{\"name\":\"vc\",\"options\":[{\"name\":\"stats\",\"type\":1,\"options\":["
                      "{\"type\":6,\"name\":\"user\",\"value\":\"77\"}]}]," RESOLVED "}}"));
    assert_tobi(parse("{" HEAD "\"type\":3," PLACE MEMBER
                      "\"data\":{\"custom_id\":\"a\",\"component_type\":5,\"values\":[\"77\"]," RESOLVED "}}"));
    assert_int_equal(problem_of("{" HEAD "\"type\":3," PLACE MEMBER
                                "\"data\":{\"custom_id\":\"a\",\"component_type\":5,\"values\":[\"x\"]}}"),
                     INTERACTION_MALFORMED);
    struct interaction *const it = parse("{" HEAD "\"type\":3," PLACE MEMBER
                                         "\"data\":{\"custom_id\":\"a\",\"component_type\":5,\"values\":[]}}");
    assert_int_equal(it->chosen.id, 0);
    interaction_destroy(it);
}

#define CLICK(DATA, MESSAGE)                                                                                   \
    "{" HEAD "\"type\":3," PLACE MEMBER "\"data\":{" DATA "},\"message\":{" MESSAGE "}}"

static void test_click(void **state)
{
    (void)state;
    struct interaction *it =
        parse(CLICK("\"component_type\":2,\"custom_id\":\"vc1:lb\",\"id\":6",
                    "\"interaction_metadata\":{\"user\":{\"id\":\"845431240173158412\"}}"));
    assert_string_equal(it->custom_id, "vc1:lb");
    assert_null(it->value);
    assert_int_equal(it->owner_id, 845431240173158412u);
    assert_int_equal(it->user.id, 312861572202631172u);
    interaction_destroy(it);
    it = parse(CLICK("\"custom_id\":\"a\",\"values\":[\"today\",\"b\"]", ""));
    assert_string_equal(it->value, "today");
    assert_int_equal(it->owner_id, 0);
    interaction_destroy(it);
    it = parse(CLICK("\"custom_id\":\"a\",\"values\":[]", "\"interaction_metadata\":7"));
    assert_null(it->value);
    interaction_destroy(it);
    it = parse(CLICK("\"custom_id\":\"a\",\"values\":[7]", ""));
    assert_null(it->value);
    interaction_destroy(it);
    assert_int_equal(problem_of(CLICK("\"custom_id\":7", "")), INTERACTION_MALFORMED);
    assert_int_equal(problem_of(CLICK("", "")), INTERACTION_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ping),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_command_without_options),
        cmocka_unit_test(test_a_chosen_user),
        cmocka_unit_test(test_click),
        cmocka_unit_test(test_outside_a_server),
        cmocka_unit_test(test_permissions_keep_low_bits),
        cmocka_unit_test(test_longest_token),
        cmocka_unit_test(test_duplicate_keys),
        cmocka_unit_test(test_not_json),
        cmocka_unit_test(test_unknown_type),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_too_many_options),
        cmocka_unit_test(test_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
