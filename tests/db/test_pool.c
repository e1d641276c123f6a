/* The pool on a real PostgreSQL: DATABASE_URL names an empty database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "db/job.h"
#include "db/pool.h"
#include "infra/loop.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ANSWERS = 64 };

static struct loop *loop;
static struct db_pool *pool;
static int pending;

/* What came back of one job: the first column of each statement's first row. */
struct answer {
    bool done;
    enum db_status status;
    char sqlstate[6];
    char text[4][256];
    int statements;
};

static void on_done(void *arg, const struct db_outcome *outcome)
{
    struct answer *const answer = arg;
    assert_false(answer->done);
    answer->done = true;
    answer->status = outcome->status;
    strncpy(answer->sqlstate, outcome->sqlstate, sizeof(answer->sqlstate) - 1);
    for (int i = 0; outcome->status == DB_OK && i < answer->statements; i++) {
        const struct pg_result *const rows = outcome->rows[i];
        const char *const text = db_rows_count(rows) > 0 ? db_text(rows, 0, 0) : NULL;
        strncpy(answer->text[i], text != NULL ? text : "(none)", sizeof(answer->text[i]) - 1);
    }
    if (--pending == 0)
        loop_stop(loop);
}

static void submit(struct db_job *job, struct answer *answer)
{
    *answer = (struct answer){.statements = db_job_size(job)};
    pending++;
    db_pool_submit(pool, job, on_done, answer);
    assert_false(answer->done); /* never from inside the call */
}

static struct db_job *job_of(const struct db_statement *statement)
{
    struct db_job *const job = db_job_create();
    db_job_statement(job, statement);
    return job;
}

static struct answer run(struct db_job *job)
{
    struct answer answer;
    submit(job, &answer);
    loop_run(loop);
    return answer;
}

/* With what is not said here. */
static void make_pool(const struct db_pool_config *config)
{
    struct db_pool_config whole = *config;
    whole.application_name = "test_pool";
    whole.statement_timeout_ms = 1000;
    loop = loop_create();
    pool = db_pool_create(loop, &whole);
}

static int setup(void **state)
{
    (void)state;
    make_pool(&(struct db_pool_config){
        .url = getenv("DATABASE_URL"), .connections = 1, .max_waiting = 40, .max_wait_ms = 10000});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    db_pool_destroy(pool);
    loop_destroy(loop);
    return 0;
}

static const struct db_statement create = {"create",
                                           "CREATE TABLE IF NOT EXISTS t (n bigint PRIMARY KEY, s text)"};
static const struct db_statement insert = {"insert", "INSERT INTO t VALUES ($1, $2)"};
static const struct db_statement count = {"count", "SELECT count(*) FROM t"};
static const struct db_statement empty = {"empty", "DELETE FROM t"};

static void test_a_job_is_one_transaction(void **state)
{
    (void)state;
    assert_int_equal(run(job_of(&create)).status, DB_OK);
    assert_int_equal(run(job_of(&empty)).status, DB_OK);
    struct db_job *const job = job_of(&insert);
    db_job_int(job, 1);
    db_job_text(job, "one");
    db_job_statement(job, &insert);
    db_job_int(job, 1);
    db_job_text(job, "again");
    struct answer failed, next;
    submit(job, &failed);
    submit(job_of(&count), &next); /* sent behind it, in the same pipeline */
    loop_run(loop);
    assert_int_equal(failed.status, DB_FAILED);
    assert_string_equal(failed.sqlstate, "23505");
    assert_int_equal(next.status, DB_OK);
    assert_string_equal(next.text[0], "0");
}

static void test_jobs_run_in_order(void **state)
{
    (void)state;
    static struct answer answers[MAX_ANSWERS];
    run(job_of(&create));
    run(job_of(&empty));
    for (int i = 0; i < 30; i++) {
        struct db_job *const job = job_of(&insert);
        db_job_int(job, i);
        db_job_text(job, NULL);
        db_job_statement(job, &count);
        submit(job, &answers[i]);
    }
    loop_run(loop);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(answers[i].status, DB_OK);
        assert_int_equal(atoi(answers[i].text[1]), i + 1);
    }
}

static void test_arrays_and_text_arrive_as_they_are(void **state)
{
    (void)state;
    static const struct db_statement echo = {
        "echo", "SELECT $1::text || '|' || array_to_string($2::text[], '|', 'null') || '|' || "
                "array_to_string($3::bigint[], '|', 'null') || '|' || cardinality($4::bigint[])"};
    struct db_job *const job = job_of(&echo);
    db_job_text(job, "a'\\\"b");
    struct db_array words = {0}, numbers = {0}, nothing = {0};
    db_array_text(&words, "");
    db_array_text(&words, "NULL");
    db_array_text(&words, NULL);
    db_array_text(&words, "{\"x\\y\",}");
    db_array_text(&words, "bad \xff\xc0 utf8 \xed\xa0\x80 \xf0\x9f\xa6\x8a");
    db_array_int(&numbers, INT64_MIN);
    db_array_null(&numbers);
    db_array_snowflake(&numbers, UINT64_C(1187440136951169024));
    db_job_array(job, &words);
    db_job_array(job, &numbers);
    db_job_array(job, &nothing);
    const struct answer answer = run(job);
    assert_int_equal(answer.status, DB_OK);
    assert_string_equal(
        answer.text[0],
        "a'\\\"b||NULL|null|{\"x\\y\",}|bad \xef\xbf\xbd\xef\xbf\xbd utf8 \xef\xbf\xbd\xef\xbf\xbd"
        "\xef\xbf\xbd \xf0\x9f\xa6\x8a|-9223372036854775808|null|1187440136951169024|0");
}

/* A statement that cannot be prepared now can be later, and takes no other with it. */
static void test_a_failed_prepare_is_tried_again(void **state)
{
    (void)state;
    static const struct db_statement drop = {"drop_later", "DROP TABLE IF EXISTS later"};
    static const struct db_statement later = {"later", "SELECT 'it works' FROM later"};
    static const struct db_statement make = {"make_later", "CREATE TABLE later AS SELECT 1"};
    static const struct db_statement one = {"one", "SELECT 1"};
    run(job_of(&drop));
    struct db_job *const job = job_of(&one);
    db_job_statement(job, &later);
    struct answer answer = run(job);
    assert_int_equal(answer.status, DB_FAILED);
    assert_string_equal(answer.sqlstate, "42P01");
    assert_int_equal(run(job_of(&one)).status, DB_OK);
    assert_int_equal(run(job_of(&make)).status, DB_OK);
    answer = run(job_of(&later));
    assert_int_equal(answer.status, DB_OK);
    assert_string_equal(answer.text[0], "it works");
    assert_int_equal(run(job_of(&drop)).status, DB_OK);
}

static void test_a_lost_connection_is_told_and_mended(void **state)
{
    (void)state;
    static const struct db_statement suicide = {"suicide", "SELECT pg_terminate_backend(pg_backend_pid())"};
    static const struct db_statement one = {"one", "SELECT 1"};
    run(job_of(&one));
    struct answer first, second;
    submit(job_of(&suicide), &first);
    submit(job_of(&one), &second);
    loop_run(loop);
    assert_int_equal(second.status, DB_LOST);
    assert_int_equal(run(job_of(&one)).status, DB_OK);
}

/* The sequence, which no rollback takes back, ends the first backend only. */
static void test_what_only_reads_is_asked_again(void **state)
{
    (void)state;
    static const struct db_statement forget = {"forget", "DROP SEQUENCE IF EXISTS tries"};
    static const struct db_statement make = {"make_tries", "CREATE SEQUENCE tries"};
    static const struct db_statement first_dies = {
        "first_dies",
        "SELECT CASE nextval('tries') WHEN 1 THEN pg_terminate_backend(pg_backend_pid()) END, pg_sleep(0.001)"};
    static const struct db_statement dies = {"dies",
                                             "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60)"};
    static const struct db_statement tries = {"tries", "SELECT last_value FROM tries"};
    run(job_of(&forget));
    run(job_of(&make));
    struct db_job *const job = job_of(&tries);
    db_job_statement(job, &first_dies);
    db_job_statement(job, &tries);
    db_job_only_reads(job);
    struct answer answers[2];
    submit(job, &answers[0]);
    submit(job_of(&tries), &answers[1]); /* in flight behind it, and may have changed something */
    loop_run(loop);
    assert_int_equal(answers[0].status, DB_OK);
    assert_string_equal(answers[0].text[2], "2");
    assert_int_equal(answers[1].status, DB_LOST);
    struct db_job *const deadly = job_of(&dies);
    db_job_only_reads(deadly);
    assert_int_equal(run(deadly).status, DB_LOST); /* not for ever */
    run(job_of(&forget));
}

static void test_a_slow_statement_is_ended_by_the_server(void **state)
{
    (void)state;
    static const struct db_statement slow = {"slow", "SELECT pg_sleep(30)"};
    const struct answer answer = run(job_of(&slow));
    assert_int_equal(answer.status, DB_FAILED);
    assert_string_equal(answer.sqlstate, "57014");
}

static void test_nobody_waits_for_ever(void **state)
{
    (void)state;
    static const struct db_statement one = {"one", "SELECT 1"};
    make_pool(&(struct db_pool_config){
        .url = "host=/nonexistent dbname=x", .connections = 1, .max_waiting = 2, .max_wait_ms = 300});
    struct answer answers[3];
    for (int i = 0; i < 3; i++)
        submit(job_of(&one), &answers[i]);
    loop_run(loop);
    for (int i = 0; i < 3; i++)
        assert_int_equal(answers[i].status, DB_UNAVAILABLE);
    assert_false(db_pool_ready(pool));
}

/* Listening ------------------------------------------------------------------------------------------------ */

static const struct db_statement listen_statement = {"listen", "LISTEN test_channel"};
static const struct db_statement notify = {"notify", "SELECT pg_notify('test_channel', $1)"};
static const struct db_statement suicide = {"suicide", "SELECT pg_terminate_backend(pg_backend_pid())"};
static int n_begun;
static char heard[64];

static void on_notify(void *arg, const char *payload)
{
    (void)arg;
    if (payload == NULL)
        n_begun++;
    else
        strncat(heard, payload, sizeof(heard) - strlen(heard) - 1);
    if (--pending == 0)
        loop_stop(loop);
}

static void tell(const char *payload)
{
    struct answer answer;
    struct db_job *const job = job_of(&notify);
    db_job_text(job, payload);
    pending++; /* besides the answer */
    submit(job, &answer);
    loop_run(loop);
}

/* Twice: a break in between is noticed, and told. */
static void test_listening(void **state)
{
    (void)state;
    make_pool(&(struct db_pool_config){.url = getenv("DATABASE_URL"),
                                       .connections = 2,
                                       .max_waiting = 40,
                                       .max_wait_ms = 10000,
                                       .listen = &listen_statement,
                                       .on_notify = on_notify});
    pending = 1;
    loop_run(loop);
    assert_int_equal(n_begun, 1);
    tell("a");
    tell("b");
    assert_string_equal(heard, "ab");
    struct answer answers[2];
    pending = 1; /* begins again */
    submit(job_of(&suicide), &answers[0]);
    submit(job_of(&suicide), &answers[1]);
    loop_run(loop);
    assert_int_equal(n_begun, 2);
    tell("c");
    assert_string_equal(heard, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_job_is_one_transaction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_jobs_run_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arrays_and_text_arrive_as_they_are, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_failed_prepare_is_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_lost_connection_is_told_and_mended, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_only_reads_is_asked_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_slow_statement_is_ended_by_the_server, setup, teardown),
        cmocka_unit_test_teardown(test_listening, teardown),
        cmocka_unit_test_teardown(test_nobody_waits_for_ever, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
