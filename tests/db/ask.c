/*
 * Prints what the database's readers answer, a line of JSON each, for tests to compare:
 *
 *     ask partners GUILD MEMBER PAGE RANGE...    ranges by number
 *     ask stats GUILD MEMBER VIEW...             views by number; MEMBER 0: the server
 *     ask settings GUILD
 *     ask change GUILD USER SETTING ON REPEATS   a setting by number, 0 or 1, an interaction or 0
 *     ask load SHARD_COUNT SHARD_ID SINCE
 *     ask record WORKER INTERACTION BODY [MESSAGE]
 *     ask claim WORKER LIMIT OWED DEAD...        OWED 0: nothing
 *     ask overtaken INTERACTION MESSAGE
 *     ask close WORKER INTERACTION...
 *     ask close_unedited WORKER INTERACTION...
 *     ask release WORKER PAUSE INTERACTION...
 *     ask purge
 */
#include "db/partners.h"
#include "db/pending.h"
#include "db/pool.h"
#include "db/settings.h"
#include "db/stats.h"
#include "infra/loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct loop *loop;
static struct db_pool *pool;
static int left;

static uint64_t number(const char *word)
{
    return strtoull(word, NULL, 10);
}

static const char *text(const char *s)
{
    return s != NULL ? s : "";
}

static void answered(const void *answer)
{
    if (answer == NULL)
        exit(EXIT_FAILURE);
    printf("\n");
    if (--left == 0)
        loop_stop(loop);
}

static void print_member(const struct db_member *m)
{
    printf("[%" PRIu64 ", \"%s\", \"%s\", \"%s\", \"%s\", \"%s\"]", m->user_id, text(m->username),
           text(m->global_name), text(m->nick), text(m->avatar), text(m->guild_avatar));
}

static void on_partners(void *arg, const struct db_partners *p)
{
    (void)arg;
    if (p != NULL) {
        printf("{\"known\": %d, \"name\": \"%s\", \"start\": %" PRId64 ", \"until\": %" PRId64
               ", \"own\": %" PRId64 ", \"partners\": %" PRId64 ", \"first\": %" PRId64
               ", \"page\": %d, \"member\": ",
               p->known, text(p->guild_name), p->from, p->until, p->own_seconds, p->partners, p->first_seconds,
               p->page);
        print_member(&p->member);
        printf(", \"rows\": [");
        for (size_t i = 0; i < p->n_rows; i++) {
            const struct db_partners_row *const row = &p->rows[i];
            printf("%s[%" PRId64 ", %" PRId64 ", ", i > 0 ? ", " : "", row->position, row->seconds);
            print_member(&row->member);
            printf("]");
        }
        printf("]}");
    }
    answered(p);
}

static void ask_partners(char **words, int n)
{
    for (int i = 3; i < n; i++, left++) {
        const struct db_partners_query query = {
            .guild_id = number(words[0]),
            .member_id = number(words[1]),
            .page = atoi(words[2]),
            .range = (enum time_range)atoi(words[i]),
        };
        db_partners_read(pool, &query, on_partners, NULL);
    }
}

static void print_day(const char *name, const struct db_stats_day *day)
{
    printf(", \"%s\": [%" PRId64 ", %" PRId64 ", %" PRId64 "]", name, day->day, day->seconds, day->members);
}

static void print_period(const struct db_stats_period *period)
{
    printf("{\"first_day\": %" PRId64 ", \"begun\": %zu, \"over\": %zu, \"slots\": [", period->first_day,
           period->n_begun, period->n_over);
    for (size_t i = 0; i < period->n_slots; i++)
        printf("%s[%" PRId64 ", %" PRId64 "]", i > 0 ? ", " : "", period->slots[i].seconds,
               period->slots[i].members);
    printf("]}");
}

static void on_stats(void *arg, const struct db_stats *s)
{
    (void)arg;
    if (s != NULL) {
        printf("{\"known\": %d, \"name\": \"%s\", \"icon\": \"%s\", \"start\": %" PRId64 ", \"until\": %" PRId64
               ", \"total\": %" PRId64 ", \"unique\": %" PRId64 ", \"member_days\": %" PRId64
               ", \"streak\": %" PRId64 ", \"since\": %" PRId64,
               s->known, text(s->guild_name), text(s->guild_icon), s->from, s->until, s->total_seconds,
               s->unique_members, s->member_days, s->streak, s->streak_since);
        print_day("peak_total", &s->peak_total);
        print_day("peak_members", &s->peak_members);
        print_day("peak_average", &s->peak_average);
        printf(", \"member\": ");
        print_member(&s->member);
        printf(", \"periods\": [");
        for (size_t i = 0; i < s->n_periods; i++) {
            printf(i > 0 ? ", " : "");
            print_period(&s->periods[i]);
        }
        printf("]}");
    }
    answered(s);
}

static void ask_stats(char **words, int n)
{
    for (int i = 2; i < n; i++, left++) {
        const struct db_stats_query query = {
            .guild_id = number(words[0]),
            .member_id = number(words[1]),
            .view = (enum stats_view)atoi(words[i]),
        };
        db_stats_read(pool, &query, on_stats, NULL);
    }
}

static void on_settings(void *arg, const struct db_settings *s)
{
    (void)arg;
    if (s != NULL)
        printf("{\"tracking\": %d, \"count_afk\": %d, \"afk_channel\": %" PRIu64 "}", s->on[SETTING_TRACKING],
               s->on[SETTING_COUNT_AFK], s->afk_channel_id);
    answered(s);
}

static void ask_settings(char **words, int n)
{
    (void)n;
    left = 1;
    db_settings_read(pool, number(words[0]), on_settings, NULL);
}

static void ask_change(char **words, int n)
{
    (void)n;
    left = 1;
    const struct db_settings_change change = {
        .guild_id = number(words[0]),
        .user_id = number(words[1]),
        .setting = (enum db_setting)atoi(words[2]),
        .on = atoi(words[3]) != 0,
        .interaction_id = number(words[4]),
        .taken_over = atoi(words[5]) != 0,
    };
    db_settings_change(pool, &change, on_settings, NULL);
}

static void on_loaded(void *arg, const struct db_settings_loaded *loaded)
{
    (void)arg;
    if (loaded != NULL) {
        printf("{\"as_of\": %" PRId64 ", \"changes\": [", loaded->as_of);
        for (size_t i = 0; i < db_settings_n_changes(loaded); i++) {
            const struct db_settings_changed c = db_settings_changed(loaded, i);
            printf("%s[%" PRIu64 ", %d, %d, %" PRId64 "]", i > 0 ? ", " : "", c.guild_id, c.setting, c.on,
                   c.changed_us);
        }
        printf("], \"guilds\": [");
        for (size_t i = 0; i < db_settings_n_guilds(loaded); i++) {
            const struct db_settings_guild g = db_settings_guild(loaded, i);
            printf("%s[%" PRIu64 ", %d, %d]", i > 0 ? ", " : "", g.guild_id, g.on[SETTING_TRACKING],
                   g.on[SETTING_COUNT_AFK]);
        }
        printf("]}");
    }
    answered(loaded);
}

static void ask_load(char **words, int n)
{
    (void)n;
    left = 1;
    const struct db_shard_key shard = {.shard_count = atoi(words[0]), .shard_id = atoi(words[1])};
    db_settings_load(pool, &shard, (int64_t)number(words[2]), on_loaded, NULL);
}

/* Answers owed --------------------------------------------------------------------------------------------- */

enum { MAX_IDS = 100 };

static struct db_pending_ids ids_of(uint64_t ids[MAX_IDS], char **words, int n)
{
    for (int i = 0; i < n && i < MAX_IDS; i++)
        ids[i] = number(words[i]);
    return (struct db_pending_ids){ids, (size_t)n};
}

static void on_pending_recorded(void *arg, enum db_pending_recorded recorded)
{
    printf("{\"recorded\": %d}", recorded);
    answered(arg);
}

static void ask_record(char **words, int n)
{
    left = 1;
    const struct db_pending_request request = {
        .interaction_id = number(words[1]),
        .message_id = n > 3 ? number(words[3]) : 0,
        .body = words[2],
        .len = strlen(words[2]),
    };
    db_pending_record(pool, number(words[0]), &request, on_pending_recorded, &left);
}

static void on_pending_overtaken(void *arg, bool overtaken)
{
    printf("{\"overtaken\": %d}", overtaken);
    answered(arg);
}

static void ask_overtaken(char **words, int n)
{
    (void)n;
    left = 1;
    db_pending_is_overtaken(pool, number(words[0]), number(words[1]), on_pending_overtaken, &left);
}

static void on_pending_claimed(void *arg, const struct db_pending_claimed *claimed, size_t n)
{
    (void)arg;
    printf("{\"claimed\": [");
    for (size_t i = 0; i < n; i++) {
        printf("%s[%" PRIu64 ", \"", i > 0 ? ", " : "", claimed[i].interaction_id);
        for (size_t k = 0; k < claimed[i].len; k++)
            printf("%02x", (unsigned)(unsigned char)claimed[i].body[k]);
        printf("\", %" PRId64 "]", claimed[i].age_ms);
    }
    printf("]}");
    answered(claimed);
}

static void ask_claim(char **words, int n)
{
    left = 1;
    uint64_t owed[MAX_IDS], dead[MAX_IDS];
    const struct db_pending_claiming claiming = {
        .owed = ids_of(owed, words + 2, 1),
        .dead = ids_of(dead, words + 3, n - 3),
        .limit = atoi(words[1]),
    };
    db_pending_claim(pool, number(words[0]), &claiming, on_pending_claimed, NULL);
}

static void on_pending_settled(void *arg, bool ok)
{
    printf("{\"ok\": %d}", ok);
    answered(arg);
}

static void ask_close(char **words, int n)
{
    left = 1;
    uint64_t ids[MAX_IDS];
    const struct db_pending_settling settling = {.closed = ids_of(ids, words + 1, n - 1)};
    db_pending_settle(pool, number(words[0]), &settling, on_pending_settled, &left);
}

static void ask_close_unedited(char **words, int n)
{
    left = 1;
    uint64_t ids[MAX_IDS];
    const struct db_pending_ids closed = ids_of(ids, words + 1, n - 1);
    const struct db_pending_settling settling = {.closed = closed, .unedited = closed};
    db_pending_settle(pool, number(words[0]), &settling, on_pending_settled, &left);
}

static void ask_release(char **words, int n)
{
    left = 1;
    uint64_t ids[MAX_IDS];
    const struct db_pending_settling settling = {
        .released = ids_of(ids, words + 2, n - 2),
        .pause_seconds = atoi(words[1]),
    };
    db_pending_settle(pool, number(words[0]), &settling, on_pending_settled, &left);
}

static void on_pending_purged(void *arg, int64_t given_up)
{
    printf("{\"given_up\": %" PRId64 "}", given_up);
    answered(arg);
}

static void ask_purge(char **words, int n)
{
    (void)words, (void)n;
    left = 1;
    db_pending_purge(pool, on_pending_purged, &left);
}

static const struct {
    const char *name;
    int min_words;
    void (*ask)(char **words, int n);
} questions[] = {
    {"partners", 4, ask_partners},   {"stats", 3, ask_stats}, {"settings", 1, ask_settings},
    {"change", 6, ask_change},       {"load", 3, ask_load},   {"record", 3, ask_record},
    {"overtaken", 2, ask_overtaken}, {"claim", 3, ask_claim}, {"close", 2, ask_close},
    {"release", 3, ask_release},     {"purge", 0, ask_purge}, {"close_unedited", 2, ask_close_unedited},
};

int main(int argc, char **argv)
{
    loop = loop_create();
    pool = db_pool_create(loop, &(struct db_pool_config){
                                    .url = getenv("DATABASE_URL"),
                                    .application_name = "ask",
                                    .connections = 1, /* answers come in order */
                                    .max_waiting = 100,
                                    .max_wait_ms = 10000,
                                    .statement_timeout_ms = 60000,
                                });
    for (size_t i = 0; argc > 1 && i < sizeof(questions) / sizeof(questions[0]); i++)
        if (strcmp(argv[1], questions[i].name) == 0 && argc - 2 >= questions[i].min_words)
            questions[i].ask(argv + 2, argc - 2);
    if (left == 0)
        return 2;
    loop_run(loop);
    db_pool_destroy(pool);
    loop_destroy(loop);
    return 0;
}
