#include "tracker/event.h"

#include "infra/clock.h"
#include "infra/mem.h"
#include "tests/tracker/samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The frame of a text that must be accepted. */
static struct event_frame parse(const char *json)
{
    struct event_frame frame;
    const char *why = NULL;
    if (!event_frame_parse(json, strlen(json), &frame, &why))
        fail_msg("refused (%s): %.200s", why, json);
    assert_null(why);
    return frame;
}

static void assert_refused(const char *json)
{
    struct event_frame frame;
    const char *why = NULL;
    if (event_frame_parse(json, strlen(json), &frame, &why))
        fail_msg("accepted: %.200s", json);
    assert_non_null(why);
}

/* The type of a dispatch with this name and content. */
static enum event_type type_of(const char *name, const char *d)
{
    struct buffer json = {0};
    buffer_printf(&json, "{\"op\":0,\"s\":7,\"t\":\"%s\",\"d\":%s}", name, d);
    struct event_frame frame = parse(json.data);
    const enum event_type type = frame.event.type;
    event_frame_finish(&frame);
    buffer_finish(&json);
    return type;
}

static void assert_refused_dispatch(const char *name, const char *d)
{
    struct buffer json = {0};
    buffer_printf(&json, "{\"op\":0,\"s\":7,\"t\":\"%s\",\"d\":%s}", name, d);
    assert_refused(json.data);
    buffer_finish(&json);
}

/* What Discord sends --------------------------------------------------------------------------------------- */

static void control_frames(void **state)
{
    (void)state;
    struct event_frame frame = parse(sample_hello);
    assert_int_equal(frame.op, 10);
    assert_int_equal(frame.seq, 0);
    assert_int_equal(cJSON_GetObjectItem(frame.d, "heartbeat_interval")->valueint, 41250);
    event_frame_finish(&frame);

    static const int ops[] = {7, 9, 9, 11, 1};
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        frame = parse(sample_control_frames[i]);
        assert_int_equal(frame.op, ops[i]);
        assert_int_equal(frame.seq, 0);
        assert_int_equal(cJSON_IsTrue(frame.d), i == 2);
        event_frame_finish(&frame);
    }
}

static void ready(void **state)
{
    (void)state;
    struct event_frame frame = parse(sample_ready);
    assert_int_equal(frame.op, 0);
    assert_int_equal(frame.seq, 1);
    assert_int_equal(frame.event.type, EVENT_READY);
    const struct event_ready *const r = &frame.event.ready;
    assert_string_equal(r->session_id, "4f2b8c1d9e7a6035d1c2b3a4f5e69780");
    assert_string_equal(r->resume_gateway_url, "wss://gateway-us-east1-example.discord.gg");
    assert_int_equal(r->user_id, 1204716319438934023);
    assert_int_equal(r->n_guilds, 1);
    assert_int_equal(r->guild_ids[0], 1187440136951169024);
    event_frame_finish(&frame);
}

static void guild_create(void **state)
{
    (void)state;
    struct event_frame frame = parse(sample_guild_create);
    assert_int_equal(frame.event.type, EVENT_GUILD_CREATE);
    assert_int_equal(frame.event.guild_id, 1187440136951169024);
    const struct event_guild *const guild = &frame.event.guild;
    assert_string_equal(guild->name, "Lantern Harbour");
    assert_string_equal(guild->icon, "a_4d3c2b1a09f8e7d6c5b4a39281706f5e");
    assert_int_equal(guild->afk_channel_id, 1187440607468453890);
    assert_false(guild->unavailable);

    assert_int_equal(guild->n_channels, 3); /* neither the category nor the text channel */
    assert_int_equal(guild->channels[0].channel_id, 1187440517773262857);
    assert_string_equal(guild->channels[0].name, "Lounge");
    assert_int_equal(guild->channels[0].type, 2);
    assert_string_equal(guild->channels[2].name, "Town Hall");
    assert_int_equal(guild->channels[2].type, 13);

    assert_int_equal(guild->n_voice_states, 2);
    const struct event_voice_state *const mari = &guild->voice_states[0];
    assert_int_equal(mari->channel_id, 1187440517773262857);
    assert_int_equal(mari->user.user_id, 312861572202631172);
    assert_string_equal(mari->user.username, "marisol.q");
    assert_string_equal(mari->user.global_name, "Marisol");
    assert_string_equal(mari->user.nick, "Mari");
    assert_string_equal(mari->user.discriminator, "0");
    assert_string_equal(mari->user.avatar, "a_7be1c04d2f9a4d0e8a1f5b6c3d2e9f10");
    assert_null(mari->user.guild_avatar);
    assert_false(mari->user.bot);
    const struct event_user *const owl = &guild->voice_states[1].user;
    assert_string_equal(owl->username, "JukeOwl");
    assert_string_equal(owl->discriminator, "4821");
    assert_null(owl->nick);
    assert_true(owl->bot);
    event_frame_finish(&frame);
}

static void voice_states(void **state)
{
    (void)state;
    struct event_frame frame = parse(sample_voice_join);
    assert_int_equal(frame.event.type, EVENT_VOICE_STATE_UPDATE);
    assert_int_equal(frame.seq, 3);
    assert_int_equal(frame.event.guild_id, 1187440136951169024);
    assert_int_equal(frame.event.voice_state.channel_id, 1187440517773262857);
    assert_int_equal(frame.event.voice_state.user.user_id, 845431240173158412);
    assert_string_equal(frame.event.voice_state.user.nick, "Tobi");
    assert_string_equal(frame.event.voice_state.user.username, "tobiah_w");
    assert_null(frame.event.voice_state.user.global_name);
    assert_null(frame.event.voice_state.user.avatar);
    assert_string_equal(frame.event.voice_state.user.guild_avatar, "3c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f");
    event_frame_finish(&frame);

    frame = parse(sample_voice_move);
    assert_int_equal(frame.event.voice_state.channel_id, 1238946523644694529);
    event_frame_finish(&frame);
    frame = parse(sample_voice_mute);
    assert_int_equal(frame.event.voice_state.channel_id, 1187440517773262857);
    event_frame_finish(&frame);
    frame = parse(sample_voice_leave);
    assert_int_equal(frame.event.voice_state.channel_id, 0);
    assert_int_equal(frame.event.voice_state.user.user_id, 845431240173158412);
    event_frame_finish(&frame);
}

static void other_dispatches(void **state)
{
    (void)state;
    struct event_frame frame = parse(sample_resumed);
    assert_int_equal(frame.event.type, EVENT_RESUMED);
    assert_int_equal(frame.seq, 7);
    event_frame_finish(&frame);

    frame = parse(sample_guild_removed);
    assert_int_equal(frame.event.type, EVENT_GUILD_DELETE);
    assert_int_equal(frame.event.guild_id, 1187440136951169024);
    assert_false(frame.event.guild.unavailable);
    event_frame_finish(&frame);

    frame = parse(sample_guild_outage);
    assert_int_equal(frame.event.type, EVENT_GUILD_DELETE);
    assert_true(frame.event.guild.unavailable);
    event_frame_finish(&frame);

    frame = parse(sample_channel_info);
    assert_int_equal(frame.event.type, EVENT_OTHER);
    assert_int_equal(frame.seq, 10);
    event_frame_finish(&frame);
}

static void channels(void **state)
{
    (void)state;
    struct event_frame frame =
        parse("{\"op\":0,\"s\":4,\"t\":\"CHANNEL_UPDATE\","
              "\"d\":{\"id\":\"22\",\"guild_id\":\"11\",\"type\":13,\"name\":\"Stage\"}}");
    assert_int_equal(frame.event.type, EVENT_CHANNEL_UPSERT);
    assert_int_equal(frame.event.guild_id, 11);
    assert_int_equal(frame.event.channel.channel_id, 22);
    assert_int_equal(frame.event.channel.type, 13);
    assert_string_equal(frame.event.channel.name, "Stage");
    event_frame_finish(&frame);

    const char *const voice = "{\"id\":\"22\",\"guild_id\":\"11\",\"type\":2,\"name\":\"x\"}";
    assert_int_equal(type_of("CHANNEL_CREATE", voice), EVENT_CHANNEL_UPSERT);
    assert_int_equal(type_of("CHANNEL_DELETE", voice), EVENT_CHANNEL_DELETE);
    const char *const of_text = "{\"id\":\"22\",\"guild_id\":\"11\",\"type\":0,\"name\":\"x\"}";
    assert_int_equal(type_of("CHANNEL_CREATE", of_text), EVENT_OTHER);
    assert_int_equal(type_of("CHANNEL_DELETE", of_text), EVENT_OTHER);
}

/* What it may send as well --------------------------------------------------------------------------------- */

static void unknown_things_are_no_errors(void **state)
{
    (void)state;
    assert_int_equal(type_of("SOMETHING_NEW", "null"), EVENT_OTHER);
    assert_int_equal(type_of("SOMETHING_NEW", "[1,2]"), EVENT_OTHER);
    struct event_frame frame = parse("{\"op\":77,\"new\":{},\"d\":3}");
    assert_int_equal(frame.op, 77);
    event_frame_finish(&frame);
    /* Without a server: a call in a direct message. */
    assert_int_equal(type_of("VOICE_STATE_UPDATE", "{\"user_id\":\"1\",\"channel_id\":\"2\"}"), EVENT_OTHER);
}

static void unavailable_guild_is_valid_alone(void **state)
{
    (void)state;
    struct event_frame frame =
        parse("{\"op\":0,\"s\":2,\"t\":\"GUILD_CREATE\",\"d\":{\"id\":\"5\",\"unavailable\":true}}");
    assert_int_equal(frame.event.type, EVENT_GUILD_CREATE);
    assert_int_equal(frame.event.guild_id, 5);
    assert_true(frame.event.guild.unavailable);
    assert_int_equal(frame.event.guild.n_voice_states, 0);
    event_frame_finish(&frame);
}

static void member_may_be_missing_or_another(void **state)
{
    (void)state;
    struct event_frame frame = parse("{\"op\":0,\"s\":2,\"t\":\"VOICE_STATE_UPDATE\","
                                     "\"d\":{\"guild_id\":\"5\",\"user_id\":\"6\",\"channel_id\":null}}");
    assert_int_equal(frame.event.voice_state.user.user_id, 6);
    assert_null(frame.event.voice_state.user.username);
    assert_string_equal(frame.event.voice_state.user.discriminator, "0");
    event_frame_finish(&frame);

    frame =
        parse("{\"op\":0,\"s\":2,\"t\":\"VOICE_STATE_UPDATE\",\"d\":{\"guild_id\":\"5\",\"user_id\":\"6\","
              "\"channel_id\":\"7\",\"member\":{\"user\":{\"id\":\"8\",\"username\":\"eve\",\"bot\":true}}}}");
    assert_int_equal(frame.event.voice_state.user.user_id, 6);
    assert_null(frame.event.voice_state.user.username);
    assert_false(frame.event.voice_state.user.bot);
    event_frame_finish(&frame);
}

static void hashes_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {"../../x", "ABCDEF", "a_", "", "a_12/3", "b_12", "12 ", "12%2e"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct buffer json = {0};
        buffer_printf(
            &json,
            "{\"op\":0,\"s\":2,\"t\":\"VOICE_STATE_UPDATE\",\"d\":{\"guild_id\":\"5\",\"user_id\":\"6\","
            "\"channel_id\":\"7\",\"member\":{\"avatar\":\"%s\",\"user\":{\"id\":\"6\",\"username\":"
            "\"eve\",\"avatar\":\"%s\"}}}}",
            bad[i], bad[i]);
        struct event_frame frame = parse(json.data);
        assert_string_equal(frame.event.voice_state.user.username, "eve");
        assert_null(frame.event.voice_state.user.avatar);
        assert_null(frame.event.voice_state.user.guild_avatar);
        event_frame_finish(&frame);
        buffer_finish(&json);
    }
}

/* Hostile input -------------------------------------------------------------------------------------------- */

static void no_frames(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "[{\"op\":0}]",
        "\"op\"",
        "{}",
        "{\"op\":null}",
        "{\"op\":\"0\"}",
        "{\"op\":1.5}",
        "{\"op\":-1}",
        "{\"op\":1e300}",
        "{\"op\":99999999999}",
        "{\"op\":11",
        "{\"op\":11}x",
        "{\"op\":11}{\"op\":11}",
        "{\"op\":11,\"d\":\"\\ud800\"}",
        "{\"op\":11,\"d\":\"\xff\"}",
        "{\"op\":11,\"d\":\"\xc0\xaf\"}",
        "{\"op\":11,\"d\":\"\xed\xa0\x80\"}",
        "{\"op\":11,\"d\":\"\xf4\x90\x80\x80\"}",
        "{\"op\":11,\"d\":\"\xe2\x82",
        "{\"op\":0,\"s\":1}",
        "{\"op\":0,\"t\":\"RESUMED\"}",
        "{\"op\":0,\"s\":\"1\",\"t\":\"RESUMED\"}",
        "{\"op\":0,\"s\":-1,\"t\":\"RESUMED\"}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_refused(bad[i]);

    struct event_frame frame;
    const char *why;
    assert_false(event_frame_parse("{\"op\":11}\0", 10, &frame, &why));
}

static void lacking_dispatches(void **state)
{
    (void)state;
    static const char *const names[] = {"READY", "GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE",
                                        /* these want an object with an id */};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_refused_dispatch(names[i], "null");
        assert_refused_dispatch(names[i], "[]");
        assert_refused_dispatch(names[i], "{}");
        assert_refused_dispatch(names[i], "{\"id\":12}");
    }
    assert_refused_dispatch("READY", "{\"user\":{\"id\":\"1\"},\"guilds\":[],\"session_id\":\"s\"}");
    assert_refused_dispatch("READY", "{\"user\":{\"id\":1},\"guilds\":[],\"session_id\":\"s\","
                                     "\"resume_gateway_url\":\"wss://x\"}");
    /* Taken as empty, a list that is missing would end every session of the server. */
    assert_refused_dispatch("GUILD_CREATE", "{\"id\":\"5\",\"name\":\"x\",\"channels\":[]}");
    assert_refused_dispatch("GUILD_CREATE", "{\"id\":\"5\",\"name\":\"x\",\"voice_states\":[]}");
    assert_refused_dispatch("GUILD_CREATE", "{\"id\":\"5\",\"name\":7,\"voice_states\":[],\"channels\":[]}");
    assert_refused_dispatch("CHANNEL_UPDATE", "{\"id\":22,\"guild_id\":\"11\",\"type\":2,\"name\":\"x\"}");
    assert_refused_dispatch("CHANNEL_UPDATE", "{\"id\":\"22\",\"guild_id\":\"11\",\"type\":2}");
    /* So would a channel that is missing or a number end this one. */
    assert_refused_dispatch("VOICE_STATE_UPDATE", "{\"guild_id\":\"5\",\"user_id\":\"6\"}");
    assert_refused_dispatch("VOICE_STATE_UPDATE", "{\"guild_id\":\"5\",\"user_id\":\"6\",\"channel_id\":7}");
    assert_refused_dispatch("VOICE_STATE_UPDATE", "{\"guild_id\":\"5\",\"user_id\":6,\"channel_id\":\"7\"}");
    assert_refused_dispatch("VOICE_STATE_UPDATE",
                            "{\"guild_id\":\"5\",\"user_id\":\"+6\",\"channel_id\":\"7\"}");
}

static void bad_entries_are_left_out(void **state)
{
    (void)state;
    struct event_frame frame = parse(
        "{\"op\":0,\"s\":2,\"t\":\"GUILD_CREATE\",\"d\":{\"id\":\"5\",\"name\":\"\",\"icon\":[],"
        "\"afk_channel_id\":7,\"channels\":[null,3,[],{\"id\":\"1\",\"type\":\"2\",\"name\":\"x\"},"
        "{\"id\":1,\"type\":2,\"name\":\"x\"},{\"id\":\"1\",\"type\":2},{\"id\":\"9\",\"type\":2,\"name\":"
        "\"y\"}],"
        "\"members\":[null,[],{\"user\":null},{\"user\":{\"id\":6}}],"
        "\"voice_states\":[null,{\"user_id\":\"6\",\"channel_id\":null},{\"user_id\":6,\"channel_id\":\"9\"},"
        "{\"user_id\":\"6\",\"channel_id\":\"9\",\"member\":3}]}}");
    assert_int_equal(frame.event.guild.afk_channel_id, 0);
    assert_null(frame.event.guild.icon);
    assert_int_equal(frame.event.guild.n_channels, 1);
    assert_int_equal(frame.event.guild.channels[0].channel_id, 9);
    assert_int_equal(frame.event.guild.n_voice_states, 1);
    assert_int_equal(frame.event.guild.voice_states[0].user.user_id, 6);
    assert_null(frame.event.guild.voice_states[0].user.username);
    event_frame_finish(&frame);

    frame = parse("{\"op\":0,\"s\":1,\"t\":\"READY\",\"d\":{\"user\":{\"id\":\"1\"},\"session_id\":\"s\","
                  "\"resume_gateway_url\":\"wss://x\",\"guilds\":[1,null,{\"id\":2},{\"id\":\"3\"}]}}");
    assert_int_equal(frame.event.ready.n_guilds, 1);
    assert_int_equal(frame.event.ready.guild_ids[0], 3);
    event_frame_finish(&frame);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    struct buffer json = {0};
    buffer_append_string(&json, "{\"op\":11,\"d\":");
    for (int i = 0; i < 1000000; i++)
        buffer_append_string(&json, i % 2 == 0 ? "[" : "{\"a\":");
    assert_refused(json.data);
    buffer_finish(&json);
}

/* Joined by user id without a pass over all members for each state: n squared would take minutes here. And sorted by it. */
static void large_server(void **state)
{
    (void)state;
    enum { N = 100000, STEP = 61803 };
    struct buffer json = {0};
    buffer_append_string(&json, "{\"op\":0,\"s\":2,\"t\":\"GUILD_CREATE\",\"d\":{\"id\":\"5\",\"name\":\"big\","
                                "\"channels\":[],\"voice_states\":[");
    for (int i = 0; i < N; i++)
        buffer_printf(&json, "%s{\"user_id\":\"%d\",\"channel_id\":\"9\"}", i > 0 ? "," : "",
                      1 + (int)((int64_t)i * STEP % N));
    buffer_append_string(&json, "],\"members\":[");
    for (int i = N; i >= 1; i--)
        buffer_printf(&json, "{\"user\":{\"id\":\"%d\",\"username\":\"u%d\"}}%s", i, i, i > 1 ? "," : "");
    buffer_append_string(&json, "]}}");

    const int64_t start = clock_monotonic_ms();
    struct event_frame frame = parse(json.data);
    assert_true(clock_monotonic_ms() - start < 10000);
    assert_int_equal(frame.event.guild.n_voice_states, N);
    for (int i = 0; i < N; i++) {
        char name[16];
        snprintf(name, sizeof(name), "u%d", i + 1);
        assert_string_equal(frame.event.guild.voice_states[i].user.username, name);
    }
    event_frame_finish(&frame);
    buffer_finish(&json);
}

/* Every text cut short and every single byte changed: an answer or a refusal, nothing else (meant for ASan). */
static void cut_and_changed(void **state)
{
    (void)state;
    static const char *const samples[] = {sample_hello, sample_ready, sample_guild_create, sample_voice_join};
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        const size_t n = strlen(samples[i]);
        for (size_t k = 0; k < n; k++) {
            struct event_frame frame;
            const char *why;
            assert_false(event_frame_parse(samples[i], k, &frame, &why));
            char *const copy = mem_strndup(samples[i], n);
            copy[k] = "\0\"{[9\x80"[k % 6];
            if (event_frame_parse(copy, n, &frame, &why))
                event_frame_finish(&frame);
            free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_frames),
        cmocka_unit_test(ready),
        cmocka_unit_test(guild_create),
        cmocka_unit_test(voice_states),
        cmocka_unit_test(other_dispatches),
        cmocka_unit_test(channels),
        cmocka_unit_test(unknown_things_are_no_errors),
        cmocka_unit_test(unavailable_guild_is_valid_alone),
        cmocka_unit_test(member_may_be_missing_or_another),
        cmocka_unit_test(hashes_are_checked),
        cmocka_unit_test(no_frames),
        cmocka_unit_test(lacking_dispatches),
        cmocka_unit_test(bad_entries_are_left_out),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(large_server),
        cmocka_unit_test(cut_and_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
