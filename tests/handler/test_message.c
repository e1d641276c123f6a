#include "handler/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void expect_json(char *json, const char *expected)
{
    assert_string_equal(json, expected);
    free(json);
}

#define EDIT      "{\"flags\":32768,\"allowed_mentions\":{\"parse\":[]},\"attachments\":"
#define CONTAINER ",\"components\":[{\"type\":17,\"accent_color\":5032432,\"components\":["

static void test_words(void **state)
{
    (void)state;
    expect_json(message_words("No \"x\"."), "{\"type\":4,\"data\":{\"content\":\"No \\\"x\\\".\",\"flags\":64,"
                                            "\"allowed_mentions\":{\"parse\":[]}}}");
    expect_json(message_follow_up("No."),
                "{\"content\":\"No.\",\"flags\":64,\"allowed_mentions\":{\"parse\":[]}}");
}

static void test_deferrals(void **state)
{
    (void)state;
    expect_json(message_deferral(DISCORD_DEFERRED_CHANNEL_MESSAGE, false), "{\"type\":5}");
    expect_json(message_deferral(DISCORD_DEFERRED_CHANNEL_MESSAGE, true),
                "{\"type\":5,\"data\":{\"flags\":64}}");
    expect_json(message_deferral(DISCORD_DEFERRED_UPDATE_MESSAGE, false), "{\"type\":6}");
}

static void test_edits(void **state)
{
    (void)state;
    expect_json(message_text("Hi", NULL), EDIT "[]" CONTAINER "{\"type\":10,\"content\":\"Hi\"}]}]}");
    cJSON *const controls = cJSON_Parse("[{\"type\":1},{\"type\":1}]");
    expect_json(message_text("Hi", controls),
                EDIT "[]" CONTAINER "{\"type\":10,\"content\":\"Hi\"},{\"type\":1},{\"type\":1}]}]}");
    expect_json(message_picture("a-1.jpg", "alt", controls),
                EDIT "[{\"id\":\"0\",\"filename\":\"a-1.jpg\",\"description\":\"alt\"}]" CONTAINER
                     "{\"type\":12,\"items\":[{\"media\":{\"url\":\"attachment://a-1.jpg\"},"
                     "\"description\":\"alt\"}]},{\"type\":1},{\"type\":1}]}]}");
    cJSON_Delete(controls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deferrals),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_edits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
