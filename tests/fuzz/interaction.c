/*
 * The body of POST /interactions, signed or not: parsed, and if it is one, answered by its command. The database is made up
 * here and answers at once, with rows that are named by the interaction itself; what the command asks of it and what it
 * answers has to be within bounds. Nothing is drawn: tests/fuzz/avatar.c has pictures.
 */
#include "handler/interaction.h"
#include "db/leaderboard.h"
#include "db/partners.h"
#include "db/settings.h"
#include "db/stats.h"
#include "handler/app.h"
#include "handler/avatars.h"
#include "handler/command.h"
#include "handler/phrases.h"
#include "handler/reply.h"
#include "infra/json.h"
#include "infra/log.h"
#include "infra/mem.h"
#include "infra/utf8.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static const int64_t from = INT64_C(1795000000), until = INT64_C(1795900000), first_day = 20775;

/* The reply: what the command says, once -------------------------------------------------------------------- */

struct reply {
    const struct interaction *interaction;
    bool answered;
    bool saved;
};

static struct reply *the_reply;

static size_t n_characters(const char *s)
{
    size_t n = 0;
    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static void hold_words(const char *words, size_t max_characters)
{
    hold(words != NULL && words[0] != '\0');
    fuzz_hold_text(words);
    hold(n_characters(words) <= max_characters);
}

static void hold_controls(const cJSON *rows)
{
    const cJSON *row, *control;
    cJSON_ArrayForEach (row, rows) {
        cJSON_ArrayForEach (control, json_array(row, "components"))
            hold(strlen(json_string(control, "custom_id")) <= DISCORD_CUSTOM_ID_MAX);
    }
}

const struct interaction *reply_interaction(const struct reply *reply)
{
    hold(!reply->answered);
    return reply->interaction;
}

bool reply_takes_pictures(const struct reply *reply)
{
    (void)reply;
    return false;
}

bool reply_is_taken_over(const struct reply *reply)
{
    (void)reply;
    return false;
}

void reply_words(struct reply *reply, const char *words, cJSON *controls)
{
    cJSON_Delete(controls);
    hold(!reply->answered);
    reply->answered = true;
    hold_words(words, 4000);
}

void reply_answer(struct reply *reply, const struct reply_answer *answer)
{
    hold(!reply->answered);
    reply->answered = true;
    hold_words(answer->text, 4000);
    if (answer->alt != NULL)
        hold_words(answer->alt, PHRASES_ALT);
    hold_controls(answer->controls);
    cJSON_Delete(answer->controls);
}

/* The database: asked for nothing but the caller's own server ------------------------------------------------ */

/* Somebody whom the tracker never met: named by the interaction. */
static struct db_member stranger(uint64_t user_id)
{
    return (struct db_member){.guild_id = the_reply->interaction->guild_id, .user_id = user_id};
}

static const char *guild_name(void)
{
    const char *const name = the_reply->interaction->user.username;
    return name != NULL ? name : "Lantern Harbour";
}

static void hold_place(uint64_t guild_id)
{
    hold(guild_id != 0 && guild_id == the_reply->interaction->guild_id);
}

void db_leaderboard_read(struct db_pool *pool, const struct db_leaderboard_query *query,
                         void (*on_done)(void *arg, const struct db_leaderboard *board), void *arg)
{
    (void)pool;
    hold_place(query->guild_id);
    hold((unsigned)query->range < N_TIME_RANGES);
    hold(query->page >= LEADERBOARD_OWN_PAGE);
    hold(query->caller_id == the_reply->interaction->user.id);
    struct db_leaderboard board = {
        .known = true,
        .guild_name = guild_name(),
        .guild_icon = the_reply->interaction->user.avatar,
        .from = from,
        .until = until,
        .total_seconds = 1 << 20,
        .members = 10,
        .first_seconds = 1 << 18,
        .n_rows = LEADERBOARD_PAGE,
    };
    for (int i = 0; i < LEADERBOARD_PAGE; i++)
        board.rows[i] = (struct db_leaderboard_row){i + 1, i + 1, 3600, true, stranger(query->caller_id)};
    on_done(arg, &board);
}

void db_partners_read(struct db_pool *pool, const struct db_partners_query *query,
                      void (*on_done)(void *arg, const struct db_partners *partners), void *arg)
{
    (void)pool;
    hold_place(query->guild_id);
    hold((unsigned)query->range < N_TIME_RANGES);
    hold(query->page >= LEADERBOARD_OWN_PAGE); /* below 0 is the first: db/partners.c */
    hold(query->member_id != 0);
    struct db_partners partners = {
        .known = true,
        .guild_name = guild_name(),
        .from = from,
        .until = until,
        .member = stranger(query->member_id),
        .own_seconds = 1 << 20,
        .partners = PARTNERS_PAGE,
        .first_seconds = 3600,
        .n_rows = PARTNERS_PAGE,
    };
    for (int i = 0; i < PARTNERS_PAGE; i++)
        partners.rows[i] = (struct db_partners_row){i + 1, 3600, stranger(the_reply->interaction->user.id)};
    on_done(arg, &partners);
}

void db_stats_read(struct db_pool *pool, const struct db_stats_query *query,
                   void (*on_done)(void *arg, const struct db_stats *stats), void *arg)
{
    (void)pool;
    hold_place(query->guild_id);
    hold((unsigned)query->view < N_STATS_VIEWS);
    const struct db_stats_day day = {first_day, 3600, 1};
    struct db_stats stats = {
        .known = true,
        .guild_name = guild_name(),
        .member = stranger(query->member_id),
        .from = from,
        .until = until,
        .n_periods = query->view == STATS_YEARLY ? 1 : STATS_PERIODS,
        .total_seconds = 1 << 20,
        .unique_members = 3,
        .member_days = 9,
        .peak_total = day,
        .peak_members = day,
        .peak_average = day,
    };
    for (size_t i = 0; i < stats.n_periods; i++)
        stats.periods[i] = (struct db_stats_period){first_day - 31 * (int64_t)i, 7, 7, 6, stats.slots};
    on_done(arg, &stats);
}

static bool is_admin(void)
{
    return (the_reply->interaction->permissions &
            (DISCORD_PERMISSION_ADMINISTRATOR | DISCORD_PERMISSION_MANAGE_GUILD)) != 0;
}

void db_settings_read(struct db_pool *pool, uint64_t guild_id,
                      void (*on_done)(void *arg, const struct db_settings *settings), void *arg)
{
    (void)pool;
    hold_place(guild_id);
    hold(is_admin());
    on_done(arg, &(struct db_settings){.on = {true, true}, .afk_channel_id = 7});
}

void db_settings_change(struct db_pool *pool, const struct db_settings_change *change,
                        void (*on_done)(void *arg, const struct db_settings *settings), void *arg)
{
    (void)pool;
    hold_place(change->guild_id);
    hold(is_admin());
    hold(change->user_id == the_reply->interaction->user.id);
    hold((unsigned)change->setting < N_SETTINGS);
    hold(!the_reply->saved);
    the_reply->saved = true;
    on_done(arg, &(struct db_settings){.on = {true, false}});
}

/* What was parsed ------------------------------------------------------------------------------------------- */

/* What becomes part of a URL has no room for anything but a hash. */
static void hold_url(char *url)
{
    hold(url == NULL || url[strspn(url, "abcdefghijklmnopqrstuvwxyz0123456789:/._?=")] == '\0');
    free(url);
}

static void hold_user(const struct interaction_user *user, const struct avatars *avatars)
{
    const char *const names[] = {user->username, user->global_name, user->nick};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        fuzz_hold_text(names[i]);
    hold_url(avatars_member_url(avatars, 1, user->id, user->guild_avatar, user->avatar));
    hold_url(avatars_icon_url(avatars, 1, user->avatar));
}

static void hold_same_user(const struct interaction_user *a, const struct interaction_user *b)
{
    hold(a->id == b->id && a->bot == b->bot);
    hold(fuzz_same(a->username, b->username) && fuzz_same(a->global_name, b->global_name) &&
         fuzz_same(a->nick, b->nick));
    hold(fuzz_same(a->avatar, b->avatar) && fuzz_same(a->guild_avatar, b->guild_avatar));
}

static void hold_same(const struct interaction *a, const struct interaction *b)
{
    hold(a->id == b->id && a->application_id == b->application_id && a->type == b->type);
    hold(a->guild_id == b->guild_id && a->message_id == b->message_id && a->owner_id == b->owner_id);
    hold(a->permissions == b->permissions && a->app_permissions == b->app_permissions);
    hold(a->attachment_size_limit == b->attachment_size_limit);
    hold(fuzz_same(a->token, b->token) && fuzz_same(a->custom_id, b->custom_id) &&
         fuzz_same(a->value, b->value));
    hold(fuzz_same(a->command, b->command) && fuzz_same(a->subcommand, b->subcommand));
    hold_same_user(&a->user, &b->user);
    hold_same_user(&a->chosen, &b->chosen);
    hold(a->n_options == b->n_options);
    for (size_t i = 0; i < a->n_options; i++)
        hold(fuzz_same(a->options[i].name, b->options[i].name) &&
             fuzz_same(a->options[i].value, b->options[i].value));
}

static void hold_valid(const struct interaction *interaction, const struct avatars *avatars)
{
    hold(interaction->id != 0 && interaction->application_id != 0);
    hold(interaction->token != NULL && interaction->token[0] != '\0');
    hold(interaction->n_options <= INTERACTION_MAX_OPTIONS);
    for (size_t i = 0; i < interaction->n_options; i++) {
        hold(interaction->options[i].name != NULL && interaction->options[i].value != NULL);
        fuzz_hold_text(interaction->options[i].value);
    }
    fuzz_hold_text(interaction->token);
    fuzz_hold_text(interaction->custom_id);
    fuzz_hold_text(interaction->value);
    hold(interaction->type == DISCORD_PING || interaction->user.id != 0);
    hold(interaction->type != DISCORD_MESSAGE_COMPONENT || interaction->custom_id != NULL);
    hold(interaction->type != DISCORD_APPLICATION_COMMAND || interaction->command != NULL);
    hold_user(&interaction->user, avatars);
    hold_user(&interaction->chosen, avatars);
}

/* As handler/endpoint.c does. */
static void run_command(struct app *app, const struct interaction *interaction)
{
    if (interaction->type != DISCORD_APPLICATION_COMMAND && interaction->type != DISCORD_MESSAGE_COMPONENT)
        return;
    const struct command *const command = command_find(interaction);
    if (command == NULL || interaction->guild_id == 0)
        return;
    struct reply reply = {.interaction = interaction};
    the_reply = &reply;
    command->run(app, &reply);
    hold(reply.answered);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct app app;
    if (app.avatars == NULL) {
        app.avatars = avatars_create(NULL, NULL, "https://cdn.discordapp.com", 0);
        log_set_level(LOG_ERROR);
    }
    enum interaction_problem problem, again;
    struct interaction *const a = interaction_parse((const char *)bytes, n, &problem);
    struct interaction *const b = interaction_parse((const char *)bytes, n, &again);
    hold(problem == again && (a != NULL) == (problem == INTERACTION_FINE) && (a != NULL) == (b != NULL));
    hold(a == NULL || utf8_valid((const char *)bytes, n));
    if (a != NULL) {
        hold_same(a, b);
        hold_valid(a, app.avatars);
        run_command(&app, a);
    }
    interaction_destroy(a);
    interaction_destroy(b);
    return 0;
}
