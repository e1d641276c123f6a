#include "tracker/tenure.h"

#include "db/job.h"
#include "infra/log.h"
#include "tests/tracker/hand_clock.h"
#include "tracker/batch.h"
#include "tracker/event.h"
#include "tracker/gateway.h"
#include "tracker/ledger.h"
#include "tracker/timeline.h"
#include "tracker/writer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/*
 * A tenure among stand-ins: a database that answers when the test says so, and gateway, ledger
 * and writer that write down what they are asked for.
 */

/* The others ----------------------------------------------------------------------------------------------- */

struct gateway {
    struct gateway_callbacks callbacks;
    int beats, rests, wakes;
    void (*on_stopped)(void *arg);
};

struct writer {
    struct writer_callbacks callbacks;
    size_t unwritten;
    bool held;
    void (*on_written)(void *arg);
};

struct ledger {
    int splits, obeyed;
    struct session_times times; /* of the last of them */
};

/* One tenure and what it has made. */
struct world {
    struct tenure *tenure;
    struct timeline timeline;
    struct gateway gateway;
    struct writer writer;
    struct ledger ledger;
    int loads;
    void (*on_settings)(void *arg, const struct db_settings_loaded *loaded); /* NULL: none is loading */
    void (*on_presence)(void *arg, const struct pg_result *members);
    bool over;
    int stopped;
};

static struct world worlds[2];
static struct world *making; /* whose parts are being made */

static struct world *of_tenure(const void *tenure)
{
    return tenure == worlds[1].tenure ? &worlds[1] : &worlds[0];
}

struct gateway *gateway_create(const struct gateway_config *config, const struct gateway_callbacks *callbacks)
{
    (void)config;
    struct gateway *const gateway = &of_tenure(callbacks->arg)->gateway;
    gateway->callbacks = *callbacks;
    return gateway;
}

void gateway_destroy(struct gateway *gateway)
{
    (void)gateway;
}

void gateway_set_committed(struct gateway *gateway, int64_t seq)
{
    (void)gateway, (void)seq;
}

bool gateway_beat(struct gateway *gateway)
{
    gateway->beats++;
    return true;
}

void gateway_rest(struct gateway *gateway)
{
    gateway->rests++;
}

void gateway_wake(struct gateway *gateway)
{
    gateway->wakes++;
}

void gateway_stop(struct gateway *gateway, void (*on_stopped)(void *arg), void *arg)
{
    (void)arg;
    gateway->on_stopped = on_stopped;
}

struct writer *writer_create(const struct writer_config *config, const struct writer_callbacks *callbacks)
{
    (void)config;
    making->writer.callbacks = *callbacks;
    return &making->writer;
}

void writer_destroy(struct writer *writer)
{
    (void)writer;
}

struct batch *writer_batch(struct writer *writer)
{
    (void)writer;
    return NULL;
}

size_t writer_unwritten(const struct writer *writer)
{
    return writer->unwritten;
}

void writer_hold(struct writer *writer, bool held)
{
    writer->held = held;
}

void writer_progress(struct writer *writer, const struct batch_progress *progress)
{
    (void)writer, (void)progress;
}

void writer_flush(struct writer *writer)
{
    (void)writer;
}

void writer_drain(struct writer *writer, void (*on_written)(void *arg), void *arg)
{
    (void)arg;
    writer->on_written = on_written;
}

void batch_watch_begin(struct batch *batch, int64_t from_ms)
{
    (void)batch, (void)from_ms;
}

void batch_watch_end(struct batch *batch, int64_t to_ms, const char *reason)
{
    (void)batch, (void)to_ms, (void)reason;
}

struct ledger *ledger_create(struct writer *writer, int64_t epoch)
{
    (void)writer, (void)epoch;
    return &making->ledger;
}

void ledger_destroy(struct ledger *ledger)
{
    (void)ledger;
}

void ledger_load(struct ledger *ledger, const struct db_shard_member *row)
{
    (void)ledger, (void)row;
}

size_t ledger_in_voice(const struct ledger *ledger)
{
    (void)ledger;
    return 5;
}

size_t ledger_open_sessions(const struct ledger *ledger)
{
    (void)ledger;
    return 5;
}

void ledger_apply(struct ledger *ledger, const struct event *event, const struct session_times *times)
{
    (void)ledger, (void)event, (void)times;
}

void ledger_lose(struct ledger *ledger, const struct session_times *times)
{
    (void)ledger, (void)times;
}

void ledger_split(struct ledger *ledger, const struct session_times *times)
{
    ledger->splits++;
    ledger->times = *times;
}

void ledger_obey(struct ledger *ledger, const struct db_settings_loaded *loaded,
                 const struct session_times *times)
{
    (void)loaded;
    ledger->obeyed++;
    ledger->times = *times;
}

void db_settings_load(struct db_pool *pool, const struct db_shard_key *shard, int64_t since,
                      void (*on_done)(void *arg, const struct db_settings_loaded *loaded), void *arg)
{
    (void)pool, (void)shard, (void)since;
    struct world *const w = of_tenure(arg);
    assert_null(w->on_settings);
    w->loads++;
    w->on_settings = on_done;
}

void db_shard_load(struct db_pool *pool, const struct db_shard_key *key, uint64_t after, uint64_t until,
                   void (*on_done)(void *arg, const struct pg_result *members), void *arg)
{
    (void)pool, (void)key, (void)after, (void)until, (void)arg;
    making->on_presence = on_done;
}

size_t db_shard_claim_parts(const struct db_shard_claim *claim)
{
    (void)claim;
    return 1;
}

uint64_t db_shard_claim_part_end(const struct db_shard_claim *claim, size_t i)
{
    (void)claim, (void)i;
    return 0;
}

int db_rows_count(const struct pg_result *rows)
{
    (void)rows;
    return 0;
}

struct db_shard_member db_shard_member(const struct pg_result *members, int i)
{
    (void)members, (void)i;
    return (struct db_shard_member){0};
}

/* Set-up --------------------------------------------------------------------------------------------------- */

enum { CLAIMED_S = 1700000000, GUILD = 1 << 22, OTHER_GUILD = 2 << 22 };

static size_t unwritten; /* of both */

static void on_over(void *arg, enum tenure_end end)
{
    (void)end;
    struct world *const w = arg;
    w->over = true;
}

static void on_stopped(void *arg)
{
    struct world *const w = arg;
    w->stopped++;
}

static void answer_settings(struct world *w, bool lost)
{
    const struct db_settings_loaded loaded = {.as_of = CLAIMED_S};
    void (*const on_done)(void *, const struct db_settings_loaded *) = w->on_settings;
    assert_non_null(on_done);
    w->on_settings = NULL;
    on_done(w->tenure, lost ? NULL : &loaded);
}

/* Presence is known, settings are not; the shard was proven when it was claimed. */
static void begin_to_load(struct world *w)
{
    static const int rows;
    const struct shard_config config = {
        .key = {.shard_count = 1},
        .heartbeat_interval = 3600,
        .max_unwritten = 10,
        .unwritten = &unwritten,
    };
    const struct db_shard_claim claim = {
        .epoch = 1, .seq = 1, .proven_ms = CLAIMED_S * INT64_C(1000), .now_ms = CLAIMED_S * INT64_C(1000)};
    making = w;
    w->tenure = tenure_create(&config, &claim, &w->timeline, on_over, w);
    w->on_presence(w->tenure, (const struct pg_result *)&rows);
}

static void begin(struct world *w)
{
    begin_to_load(w);
    answer_settings(w, false);
    w->gateway.callbacks.on_alive(w->tenure, clock_ms);
}

static int setup(void **state)
{
    log_set_level(LOG_ERROR);
    start_clock();
    unwritten = 0;
    worlds[0] = worlds[1] = (struct world){0};
    begin(&worlds[0]);
    *state = &worlds[0];
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        tenure_destroy(worlds[i].tenure);
    assert_null(timers);
    return 0;
}

/* Clocks --------------------------------------------------------------------------------------------------- */

/* The database's clock has been a minute ahead for a minute. */
static void step_clock(struct world *w)
{
    for (int i = 0; i < 2; i++) {
        const int64_t right_ms = w->timeline.offset + clock_ms;
        w->writer.callbacks.on_clock(w->tenure, clock_ms, clock_ms, right_ms + 60000);
        pass(60000);
    }
}

static void clock_steps_while_nobody_watches(void **state)
{
    struct world *const w = *state;
    w->gateway.callbacks.on_alive(w->tenure, clock_ms + 1000);
    w->gateway.callbacks.on_broken(w->tenure, false);
    pass(1800000);
    step_clock(w);
    assert_int_equal(w->ledger.splits, 1);
    assert_int_equal(w->ledger.times.end_at, CLAIMED_S + 1);
    assert_int_equal(w->ledger.times.start_at, CLAIMED_S + 1800 + 60 + 60);
}

/* Settings ------------------------------------------------------------------------------------------------- */

/* A server's settings changed, and are being loaded. */
static void change_one(struct world *w)
{
    tenure_settings_changed(w->tenure, GUILD);
    assert_true(w->writer.held);
    pass(2000);
    assert_int_equal(w->loads, 2);
}

static void sign_of_life_before_settings_are_loaded(void **state)
{
    struct world *const w = *state;
    tenure_settings_changed(w->tenure, GUILD);
    tenure_settings_changed(w->tenure, OTHER_GUILD);
    assert_int_equal(w->gateway.beats, 1);
    assert_int_equal(w->loads, 1);
    w->gateway.callbacks.on_acknowledged(w->tenure);
    assert_int_equal(w->loads, 2);
    answer_settings(w, false);
    assert_false(w->writer.held);
    assert_int_equal(w->ledger.obeyed, 2);
    pass(10000);
    assert_int_equal(w->loads, 2);
}

static void settings_change_while_they_are_loaded(void **state)
{
    struct world *const w = *state;
    change_one(w);
    tenure_settings_changed(w->tenure, OTHER_GUILD);
    answer_settings(w, false);
    assert_true(w->writer.held); /* the second change is not known */
    pass(2000);
    assert_int_equal(w->loads, 3);
    assert_true(w->writer.held);
    answer_settings(w, false);
    assert_false(w->writer.held);
    pass(10000);
    assert_int_equal(w->loads, 3);
}

static void settings_change_while_a_load_is_lost(void **state)
{
    struct world *const w = *state;
    change_one(w);
    tenure_settings_changed(w->tenure, OTHER_GUILD);
    answer_settings(w, true);
    pass(2000);
    assert_int_equal(w->loads, 3);
    assert_true(w->writer.held);
    answer_settings(w, false);
    assert_false(w->writer.held);
}

/* Nothing of it is left, as teardown says. */
static void over_while_settings_wait(void **state)
{
    struct world *const w = *state;
    change_one(w);
    tenure_settings_changed(w->tenure, OTHER_GUILD);
    answer_settings(w, true);
    w->writer.callbacks.on_refused(w->tenure, WRITER_TAKEN);
    assert_true(w->over);
}

static void over_while_settings_are_loaded(void **state)
{
    struct world *const w = *state;
    change_one(w);
    w->writer.callbacks.on_refused(w->tenure, WRITER_TAKEN);
    assert_false(w->over); /* the pool will call back */
    answer_settings(w, false);
    assert_true(w->over);
}

/* Memory --------------------------------------------------------------------------------------------------- */

static void hear(struct world *w, size_t n_unwritten)
{
    const struct event event = {.type = EVENT_OTHER, .name = "ANYTHING"};
    w->writer.unwritten = n_unwritten;
    w->gateway.callbacks.on_dispatch(w->tenure, &event, 2, false, clock_ms);
}

static void commit(struct world *w)
{
    w->writer.unwritten = 0;
    w->writer.callbacks.on_committed(w->tenure, &(struct batch_progress){.seq = 2});
}

static void unwritten_of_all_shards_is_bounded(void **state)
{
    struct world *const w = *state, *const other = &worlds[1];
    begin(other);
    hear(w, 6);
    hear(other, 3);
    hear(w, 6);
    assert_int_equal(w->gateway.rests + other->gateway.rests, 0);
    hear(other, 4);
    assert_int_equal(other->gateway.rests, 1);
    hear(w, 7);
    assert_int_equal(w->gateway.rests, 1);
    commit(other);
    assert_int_equal(other->gateway.wakes, 1);
    assert_int_equal(w->gateway.wakes, 0);
    tenure_destroy(w->tenure); /* with what it had */
    w->tenure = NULL;
    hear(other, 9);
    assert_int_equal(other->gateway.rests, 1);
    hear(other, 10);
    assert_int_equal(other->gateway.rests, 2);
}

/* The stop ------------------------------------------------------------------------------------------------- */

static void stops_when_all_is_written(void **state)
{
    struct world *const w = *state;
    assert_true(tenure_stop(w->tenure, on_stopped, w));
    w->gateway.on_stopped(w->tenure);
    assert_int_equal(w->stopped, 0);
    w->writer.on_written(w->tenure);
    assert_int_equal(w->stopped, 1);
    w->writer.callbacks.on_refused(w->tenure, WRITER_TAKEN); /* too late to matter */
    assert_int_equal(w->stopped, 1);
    assert_false(w->over);
}

static void stops_though_nothing_can_be_written(void **state)
{
    struct world *const w = *state;
    assert_true(tenure_stop(w->tenure, on_stopped, w));
    w->writer.callbacks.on_refused(w->tenure, WRITER_TAKEN);
    assert_int_equal(w->stopped, 1);
    assert_false(w->over);
}

static void nothing_is_owed_before_the_gateway(void **state)
{
    struct world *const other = &worlds[1];
    (void)state;
    begin_to_load(other);
    assert_false(tenure_stop(other->tenure, on_stopped, other));
    answer_settings(other, false);
    assert_null(other->gateway.callbacks.arg);
    pass(10000);
    assert_int_equal(other->stopped, 0);
}

static void what_discord_ended_is_written(void **state)
{
    struct world *const w = *state;
    w->gateway.callbacks.on_fatal(w->tenure, "no");
    assert_true(w->over);
    assert_true(tenure_stop(w->tenure, on_stopped, w));
    w->writer.on_written(w->tenure);
    assert_int_equal(w->stopped, 1);
}

static void what_discord_ended_is_written_though_settings_come_first(void **state)
{
    struct world *const w = *state;
    change_one(w);
    w->gateway.callbacks.on_fatal(w->tenure, "no");
    assert_true(tenure_stop(w->tenure, on_stopped, w));
    answer_settings(w, false);
    assert_int_equal(w->stopped, 0);
    w->writer.on_written(w->tenure);
    assert_int_equal(w->stopped, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(clock_steps_while_nobody_watches),
        TEST(sign_of_life_before_settings_are_loaded),
        TEST(settings_change_while_they_are_loaded),
        TEST(settings_change_while_a_load_is_lost),
        TEST(over_while_settings_wait),
        TEST(over_while_settings_are_loaded),
        TEST(unwritten_of_all_shards_is_bounded),
        TEST(stops_when_all_is_written),
        TEST(stops_though_nothing_can_be_written),
        TEST(nothing_is_owed_before_the_gateway),
        TEST(what_discord_ended_is_written),
        TEST(what_discord_ended_is_written_though_settings_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
