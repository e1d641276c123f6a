#include "tracker/tenure.h"

#include "db/job.h"
#include "infra/clock.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "tracker/event.h"
#include "tracker/gateway.h"
#include "tracker/ledger.h"
#include "tracker/metrics.h"
#include "tracker/timeline.h"
#include "tracker/writer.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    RETRY_MS = 1000,         /* of what the database did not answer */
    RIVAL_MS = 5000,         /* with two intervals: others wait no longer for an owner */
    PROOF_WITHIN_MS = 900,   /* how long changed settings wait for a sign of life */
    SETTINGS_OVERLAP_S = 60, /* a change is stamped a moment before it is committed */
};

struct tenure {
    struct shard_config config;
    struct writer *writer;
    struct ledger *ledger;
    struct gateway *gateway;   /* NULL until presence and settings are known, and when it is over */
    struct timeline *timeline; /* the shard's */
    /* Of the last event applied, and the last moment at which the gateway was heard with all before it known. */
    struct batch_progress progress;
    int64_t proof_committed_ms; /* the proven moment in the database; 0: none */
    struct loop_timer *heartbeat;
    bool proof_wanted; /* the heartbeat asked the gateway for a sign of life, and writes when it comes */
    bool watching;
    bool full;            /* too much is unwritten: the gateway rests */
    size_t unwritten;     /* changes, as counted among those of all shards */
    int64_t committed_ms; /* monotonic: the last sign that it is ours */
    int breaks;           /* of the connection, since then */
    struct loop_timer *rest;

    char *session_id, *resume_url; /* of the claim, until the gateway is made */
    uint64_t *part_ends;           /* of presence: the last server of each part */
    size_t n_parts, n_loaded;      /* settings follow */
    bool loading;                  /* one of them: the pool will call back */
    bool settings_stale;           /* they changed while they were being loaded */
    struct loop_timer *load_timer; /* set while settings, or presence, wait to be loaded; never while loading */
    int64_t settings_since;        /* unix seconds, the database's clock: changes before are known */

    bool over;
    enum tenure_end end;
    void (*on_over)(void *arg, enum tenure_end end);
    void *on_over_arg;
    bool stopping;
    void (*on_stopped)(void *arg); /* NULL: nothing is owed, or it is told */
    void *on_stopped_arg;
};

/* Times --------------------------------------------------------------------------------------------------- */

static int64_t proven_s(const struct tenure *tenure)
{
    return tenure->progress.proven_ms / 1000;
}

/* What is seen as it happens, at a moment of the monotonic clock. */
static struct session_times times_at(struct tenure *tenure, int64_t monotonic_ms)
{
    const int64_t now_ms = timeline_at(tenure->timeline, monotonic_ms);
    return (struct session_times){.end_at = now_ms / 1000, .start_at = now_ms / 1000, .now_ms = now_ms};
}

/* What ended at some moment since the proven one. */
static struct session_times times_unproven(struct tenure *tenure, int64_t monotonic_ms)
{
    struct session_times times = times_at(tenure, monotonic_ms);
    times.end_at = proven_s(tenure);
    return times;
}

/* The gateway --------------------------------------------------------------------------------------------- */

static void on_alive(void *arg, int64_t received_ms)
{
    struct tenure *const tenure = arg;
    const int64_t moment = timeline_at(tenure->timeline, received_ms);
    if (moment > tenure->progress.proven_ms)
        tenure->progress.proven_ms = moment;
    writer_progress(tenure->writer, &tenure->progress);
    if (!tenure->watching) {
        tenure->watching = true;
        batch_watch_begin(writer_batch(tenure->writer), moment);
    }
}

static void end_watch(struct tenure *tenure, const char *reason)
{
    if (tenure->watching)
        batch_watch_end(writer_batch(tenure->writer), tenure->progress.proven_ms, reason);
    tenure->watching = false;
}

static void on_rest(void *arg)
{
    struct tenure *const tenure = arg;
    tenure->rest = NULL;
    log_warn("ownership_unsure", "shard=%d", tenure->config.key.shard_id);
    gateway_rest(tenure->gateway);
}

/*
 * A connection that breaks again and again while the database cannot be asked may be torn by a new owner, who resumes
 * the same session: it is left to them until a batch comes through. A first break is taken for an ordinary one.
 */
static void on_broken(void *arg, bool session_lost)
{
    struct tenure *const tenure = arg;
    end_watch(tenure, session_lost ? "session_lost" : tenure->full ? "memory" : "broken");
    const int64_t silent_ms = clock_monotonic_ms() - tenure->committed_ms;
    if (++tenure->breaks > 1 && silent_ms > RIVAL_MS + 2000 * tenure->config.heartbeat_interval &&
        tenure->rest == NULL && !tenure->over && !tenure->stopping)
        tenure->rest = loop_after(tenure->config.loop, 0, on_rest, tenure);
}

static void count_unwritten(struct tenure *tenure)
{
    const size_t unwritten = writer_unwritten(tenure->writer);
    *tenure->config.unwritten += unwritten - tenure->unwritten;
    tenure->unwritten = unwritten;
}

/* What the database does not take is held in memory up to a bound. Beyond it nothing more is heard: each shard rests with
 * the first event that it hears then. */
static void rest_when_full(struct tenure *tenure)
{
    if (*tenure->config.unwritten < tenure->config.max_unwritten || tenure->full)
        return;
    log_warn("unwritten_full", "shard=%d changes=%zu", tenure->config.key.shard_id, *tenure->config.unwritten);
    tenure->full = true;
    gateway_rest(tenure->gateway);
}

static void on_dispatch(void *arg, const struct event *event, int64_t seq, bool replayed, int64_t received_ms)
{
    struct tenure *const tenure = arg;
    const struct session_times times =
        replayed ? times_unproven(tenure, received_ms) : times_at(tenure, received_ms);
    metrics_count(METRIC_EVENTS, event->name, NULL);
    ledger_apply(tenure->ledger, event, &times);
    if (ledger_in_voice(tenure->ledger) > 0)
        timeline_go_on(tenure->timeline, received_ms);
    tenure->progress.seq = seq;
    writer_progress(tenure->writer, &tenure->progress);
    count_unwritten(tenure);
    rest_when_full(tenure);
}

static void on_resumed(void *arg, int64_t received_ms)
{
    struct tenure *const tenure = arg;
    const int64_t moment = timeline_at(tenure->timeline, received_ms);
    log_info("presence_kept", "shard=%d gap_ms=%" PRId64 " in_voice=%zu", tenure->config.key.shard_id,
             moment - tenure->progress.proven_ms, ledger_in_voice(tenure->ledger));
    writer_flush(tenure->writer); /* what was unproven until here must not hang on the next heartbeat */
}

static void on_session_lost(void *arg)
{
    struct tenure *const tenure = arg;
    const struct session_times times = times_unproven(tenure, clock_monotonic_ms());
    ledger_lose(tenure->ledger, &times);
    tenure->progress.gateway_session++;
    tenure->progress.seq = -1;
    writer_progress(tenure->writer, &tenure->progress);
    writer_flush(tenure->writer);
}

static void load_settings(struct tenure *tenure);

static void on_acknowledged(void *arg)
{
    struct tenure *const tenure = arg;
    if (tenure->proof_wanted) {
        tenure->proof_wanted = false;
        writer_flush(tenure->writer);
    }
    if (tenure->load_timer != NULL)
        load_settings(tenure);
}

/* Rule 2: every interval it is written that somebody watched. A beat first, so that what is written is fresh. Where
 * nobody can be asked, the batch shows at least that the shard has an owner. */
static void on_heartbeat(void *arg)
{
    struct tenure *const tenure = arg;
    tenure->heartbeat =
        loop_after(tenure->config.loop, tenure->config.heartbeat_interval * 1000, on_heartbeat, tenure);
    const bool unanswered = tenure->proof_wanted;
    tenure->proof_wanted = gateway_beat(tenure->gateway);
    if (unanswered || !tenure->proof_wanted)
        writer_flush(tenure->writer);
}

/* The end ------------------------------------------------------------------------------------------------- */

/* Once: what ends the stop may come from the writer or from the gateway. */
static void tell_stopped(void *arg)
{
    struct tenure *const tenure = arg;
    void (*const on_stopped)(void *) = tenure->on_stopped;
    tenure->on_stopped = NULL;
    if (on_stopped != NULL)
        on_stopped(tenure->on_stopped_arg);
}

static void tell_over(struct tenure *tenure)
{
    if (tenure->loading)
        return; /* its answer comes here again */
    if (tenure->stopping && tenure->end == TENURE_REFUSED)
        return; /* the writer tells when it has written what was heard before */
    if (tenure->stopping)
        tell_stopped(tenure);
    else
        tenure->on_over(tenure->on_over_arg, tenure->end);
}

static void end(struct tenure *tenure, enum tenure_end why)
{
    tenure->over = true;
    tenure->end = why;
    gateway_destroy(tenure->gateway);
    tenure->gateway = NULL;
    loop_cancel(tenure->heartbeat);
    loop_cancel(tenure->load_timer);
    loop_cancel(tenure->rest);
    tenure->heartbeat = tenure->load_timer = tenure->rest = NULL;
    tell_over(tenure);
}

static void on_fatal(void *arg, const char *why)
{
    struct tenure *const tenure = arg;
    log_error("discord_refuses", "shard=%d why=%s", tenure->config.key.shard_id, log_quote(why));
    end(tenure, TENURE_REFUSED);
}

/* The database -------------------------------------------------------------------------------------------- */

static void on_committed(void *arg, const struct batch_progress *progress)
{
    struct tenure *const tenure = arg;
    tenure->committed_ms = clock_monotonic_ms();
    tenure->proof_committed_ms = progress->proven_ms;
    tenure->breaks = 0;
    count_unwritten(tenure);
    if (tenure->gateway == NULL)
        return;
    if (progress->seq >= 0 && progress->gateway_session == tenure->progress.gateway_session)
        gateway_set_committed(tenure->gateway, progress->seq);
    if (tenure->full && tenure->unwritten == 0) {
        log_info("unwritten_written", "shard=%d", tenure->config.key.shard_id);
        tenure->full = false;
    }
    if (!tenure->full && !tenure->stopping)
        gateway_wake(tenure->gateway);
}

/* Rule of clocks: a step ahead is nobody's time in voice. Nor is, for certain, what came before it and is not proven. */
static void on_clock(void *arg, int64_t asked_ms, int64_t answered_ms, int64_t database_ms)
{
    struct tenure *const tenure = arg;
    if (tenure->gateway == NULL)
        return; /* presence may be known in part: the next batch compares them */
    struct session_times times = times_unproven(tenure, answered_ms);
    const bool idle = ledger_in_voice(tenure->ledger) == 0;
    const int64_t step_ms = timeline_compare(tenure->timeline, asked_ms, answered_ms, database_ms, idle);
    if (step_ms == 0)
        return;
    log_warn("clock_stepped", "shard=%d by_ms=%" PRId64, tenure->config.key.shard_id, step_ms);
    const struct session_times after = times_at(tenure, answered_ms);
    times.start_at = after.start_at;
    times.now_ms = after.now_ms;
    ledger_split(tenure->ledger, &times);
}

static void on_refused(void *arg, enum writer_refusal why)
{
    end(arg, why == WRITER_TAKEN ? TENURE_TAKEN : TENURE_BEHIND);
}

static void start_gateway(struct tenure *tenure)
{
    const struct gateway_config config = {
        .loop = tenure->config.loop,
        .client = tenure->config.client,
        .bot = tenure->config.bot,
        .turns = tenure->config.turns,
        .token = tenure->config.token,
        .gateway_url = tenure->config.gateway_url,
        .shard_id = tenure->config.key.shard_id,
        .shard_count = tenure->config.key.shard_count,
        .session = {tenure->session_id, tenure->resume_url, tenure->progress.seq},
    };
    tenure->gateway = gateway_create(&config, &(struct gateway_callbacks){
                                                  .on_alive = on_alive,
                                                  .on_broken = on_broken,
                                                  .on_dispatch = on_dispatch,
                                                  .on_resumed = on_resumed,
                                                  .on_session_lost = on_session_lost,
                                                  .on_acknowledged = on_acknowledged,
                                                  .on_fatal = on_fatal,
                                                  .arg = tenure,
                                              });
    tenure->heartbeat =
        loop_after(tenure->config.loop, tenure->config.heartbeat_interval * 1000, on_heartbeat, tenure);
}

/* Settings (rule 6) --------------------------------------------------------------------------------------- */

static void on_settings_time(void *arg)
{
    struct tenure *const tenure = arg;
    tenure->load_timer = NULL;
    load_settings(tenure);
}

/* A change takes effect when it was made, but not past the proven moment: so a sign of life is asked for first. */
static void load_settings_soon(struct tenure *tenure)
{
    const bool asked = tenure->gateway != NULL && gateway_beat(tenure->gateway);
    tenure->load_timer = loop_after(tenure->config.loop, asked ? PROOF_WITHIN_MS : 0, on_settings_time, tenure);
}

static void on_settings(void *arg, const struct db_settings_loaded *loaded)
{
    struct tenure *const tenure = arg;
    tenure->loading = false;
    if (tenure->over) {
        tell_over(tenure);
        return;
    }
    if (loaded == NULL) {
        tenure->load_timer = loop_after(tenure->config.loop, RETRY_MS, on_settings_time, tenure);
        return;
    }
    if (tenure->settings_stale) {
        load_settings_soon(tenure);
        return;
    }
    const struct session_times times = times_unproven(tenure, clock_monotonic_ms());
    tenure->settings_since = loaded->as_of - SETTINGS_OVERLAP_S;
    ledger_obey(tenure->ledger, loaded, &times);
    writer_hold(tenure->writer, false);
    if (tenure->gateway == NULL && !tenure->stopping)
        start_gateway(tenure);
}

static void load_settings(struct tenure *tenure)
{
    loop_cancel(tenure->load_timer);
    tenure->load_timer = NULL;
    tenure->settings_stale = false;
    tenure->loading = true;
    db_settings_load(tenure->config.pool, &tenure->config.key, tenure->settings_since, on_settings, tenure);
}

/* Nothing is written before the changes are known, so that what ended since can still be clipped. */
void tenure_settings_changed(struct tenure *tenure, uint64_t guild_id)
{
    const struct db_shard_key *const key = &tenure->config.key;
    if (tenure->over || tenure->n_loaded < tenure->n_parts)
        return; /* behind presence they are loaded anyway */
    if (guild_id != 0 && (guild_id >> 22) % (uint64_t)key->shard_count != (uint64_t)key->shard_id)
        return;
    writer_hold(tenure->writer, true);
    if (tenure->loading)
        tenure->settings_stale = true;
    else if (guild_id == 0)
        load_settings(tenure);
    else if (tenure->load_timer == NULL)
        load_settings_soon(tenure);
}

/* Presence ------------------------------------------------------------------------------------------------- */

static void load_presence(void *arg);

static void take_presence(struct tenure *tenure, const struct pg_result *members)
{
    int64_t latest = 0;
    const int n = db_rows_count(members);
    for (int i = 0; i < n; i++) {
        const struct db_shard_member row = db_shard_member(members, i);
        ledger_load(tenure->ledger, &row);
        if (row.started_at > latest)
            latest = row.started_at;
    }
    timeline_not_before(tenure->timeline, clock_monotonic_ms(), latest * 1000);
}

static void on_presence(void *arg, const struct pg_result *members)
{
    struct tenure *const tenure = arg;
    tenure->loading = false;
    if (tenure->over) {
        tell_over(tenure);
        return;
    }
    if (members == NULL) {
        tenure->load_timer = loop_after(tenure->config.loop, RETRY_MS, load_presence, tenure);
        return;
    }
    take_presence(tenure, members);
    if (++tenure->n_loaded < tenure->n_parts) {
        load_presence(tenure);
        writer_flush(
            tenure->writer); /* nothing but life: whoever waits for the shard must not take it meanwhile */
        return;
    }
    log_info("presence_loaded", "shard=%d in_voice=%zu", tenure->config.key.shard_id,
             ledger_in_voice(tenure->ledger));
    load_settings(tenure);
}

static void load_presence(void *arg)
{
    struct tenure *const tenure = arg;
    tenure->load_timer = NULL;
    tenure->loading = true;
    const size_t i = tenure->n_loaded;
    db_shard_load(tenure->config.pool, &tenure->config.key, i > 0 ? tenure->part_ends[i - 1] : 0,
                  tenure->part_ends[i], on_presence, tenure);
}

/* Life ---------------------------------------------------------------------------------------------------- */

static void create_parts(struct tenure *tenure, const struct db_shard_claim *claim)
{
    const int64_t claimed_ms = clock_monotonic_ms();
    tenure->writer = writer_create(
        &(struct writer_config){
            .loop = tenure->config.loop,
            .pool = tenure->config.pool,
            .shard = tenure->config.key,
            .epoch = claim->epoch,
            .batch_no = claim->batch_no,
        },
        &(struct writer_callbacks){
            .on_committed = on_committed, .on_clock = on_clock, .on_refused = on_refused, .arg = tenure});
    tenure->ledger = ledger_create(tenure->writer, claim->epoch);
    timeline_start(tenure->timeline, claimed_ms, claim->now_ms, claim->proven_ms);
}

struct tenure *tenure_create(const struct shard_config *config, const struct db_shard_claim *claim,
                             struct timeline *timeline, void (*on_over)(void *arg, enum tenure_end end),
                             void *arg)
{
    struct tenure *const tenure = mem_alloc(sizeof(*tenure));
    tenure->config = *config;
    tenure->timeline = timeline;
    tenure->on_over = on_over;
    tenure->on_over_arg = arg;
    tenure->progress = (struct batch_progress){.seq = claim->seq, .proven_ms = claim->proven_ms};
    tenure->proof_committed_ms = claim->proven_ms;
    tenure->committed_ms = clock_monotonic_ms();
    create_parts(tenure, claim);
    log_info("shard_claimed",
             "shard=%d/%d epoch=%" PRId64 " batch=%" PRId64 " seq=%" PRId64 " proven_age_ms=%" PRId64,
             config->key.shard_id, config->key.shard_count, claim->epoch, claim->batch_no, claim->seq,
             claim->proven_ms > 0 ? claim->now_ms - claim->proven_ms : -1);
    writer_progress(tenure->writer, &tenure->progress);
    tenure->session_id = mem_strdup(claim->session_id);
    tenure->resume_url = mem_strdup(claim->resume_url);
    tenure->settings_since = proven_s(tenure) - SETTINGS_OVERLAP_S;
    tenure->n_parts = db_shard_claim_parts(claim);
    tenure->part_ends = mem_alloc(tenure->n_parts * sizeof(*tenure->part_ends));
    for (size_t i = 0; i < tenure->n_parts; i++)
        tenure->part_ends[i] = db_shard_claim_part_end(claim, i);
    load_presence(tenure);
    return tenure;
}

void tenure_measure(const struct tenure *tenure, struct shard_measures *sum)
{
    if (tenure->over)
        return;
    sum->owned++;
    sum->watching += tenure->watching;
    sum->open_sessions += ledger_open_sessions(tenure->ledger);
    sum->in_voice += ledger_in_voice(tenure->ledger);
    sum->unwritten += writer_unwritten(tenure->writer);
    struct timeline timeline = *tenure->timeline; /* a copy: a look at the time must not move it */
    const int64_t age_ms = timeline_at(&timeline, clock_monotonic_ms()) - tenure->proof_committed_ms;
    if (tenure->proof_committed_ms > 0 && age_ms > sum->proven_age_ms)
        sum->proven_age_ms = age_ms;
}

void tenure_show_life(struct tenure *tenure)
{
    if (!tenure->over)
        writer_flush(tenure->writer);
}

static void on_gateway_stopped(void *arg)
{
    struct tenure *const tenure = arg;
    writer_drain(tenure->writer, tell_stopped, tenure);
}

bool tenure_stop(struct tenure *tenure, void (*on_stopped)(void *arg), void *arg)
{
    tenure->stopping = true;
    loop_cancel(tenure->heartbeat);
    loop_cancel(tenure->rest);
    tenure->heartbeat = tenure->rest = NULL;
    const bool unwritten = tenure->over && tenure->end == TENURE_REFUSED;
    if (tenure->gateway == NULL && !unwritten)
        return false; /* nothing was heard that is not written, or it cannot be written any more */
    tenure->on_stopped = on_stopped;
    tenure->on_stopped_arg = arg;
    if (unwritten) {
        writer_drain(tenure->writer, tell_stopped, tenure);
    } else {
        end_watch(tenure, "stopped");
        gateway_stop(tenure->gateway, on_gateway_stopped, tenure);
    }
    return true;
}

void tenure_destroy(struct tenure *tenure)
{
    if (tenure == NULL)
        return;
    *tenure->config.unwritten -= tenure->unwritten;
    loop_cancel(tenure->heartbeat);
    loop_cancel(tenure->load_timer);
    loop_cancel(tenure->rest);
    gateway_destroy(tenure->gateway);
    ledger_destroy(tenure->ledger);
    writer_destroy(tenure->writer);
    free(tenure->session_id);
    free(tenure->resume_url);
    free(tenure->part_ends);
    free(tenure);
}
