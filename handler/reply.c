#include "handler/reply.h"

#include "db/pending.h"
#include "handler/app.h"
#include "handler/command.h"
#include "handler/message.h"
#include "handler/metrics.h"
#include "handler/pending.h"
#include "infra/clock.h"
#include "infra/json.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/rest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    /* The token lives 15 minutes, and what is not delivered will be tried again; but other answers need the place. */
    DEADLINE_MS = 30000,
    LOOK_MS = 500,
};

/* ACK_LOST: our acknowledgement could not be written. Either Discord hung up, and there is no message (the edit gets 404),
 * or a proxy did, and got an acknowledgement when it asked again. */
enum acknowledgement { ACK_UNDER_WAY, ACK_SENT, ACK_LOST, ACK_ELSEWHERE };
enum target {
    NEW_MESSAGE,
    PRIVATE_MESSAGE, /* which only the user sees */
    CLICKED_MESSAGE,
};

struct reply {
    struct app *app;
    struct interaction *interaction;
    const struct command *command;
    enum target target;
    int64_t started_ms; /* all on the monotonic clock */
    int64_t acknowledged_ms;
    enum acknowledgement acknowledgement;
    /* By a later click on the same message: here one that was answered with an edit, elsewhere one that may be. */
    bool overtaken;
    struct db_pending_look *look; /* for one elsewhere, under way, */
    struct loop_timer *look_late;
    bool looked; /* and done */
    bool sending;
    struct reply *prev, *next; /* in app->replies, the newest first */

    /* What the command has given; all NULL: nothing yet. */
    char *words;
    char *text;
    cJSON *controls;
    struct picture picture;
    char *filename, *alt;
};

/* Discord vouches for who ran the command; where it does not say, nobody did. */
static enum target target_of(const struct interaction *interaction, bool ephemeral)
{
    if (interaction->type != DISCORD_MESSAGE_COMPONENT)
        return ephemeral ? PRIVATE_MESSAGE : NEW_MESSAGE;
    return interaction->owner_id == interaction->user.id ? CLICKED_MESSAGE : PRIVATE_MESSAGE;
}

static uint64_t changed_message(const struct reply *reply)
{
    return reply->target == CLICKED_MESSAGE ? reply->interaction->message_id : 0;
}

uint64_t reply_only_changes(const struct reply *reply)
{
    return reply->command->saves ? 0 : changed_message(reply);
}

static bool changes_the_same(const struct reply *a, const struct reply *b)
{
    const uint64_t message_id = changed_message(a);
    return message_id != 0 && message_id == changed_message(b);
}

/* Ids grow with time. One that was taken over comes late, and must not pass for the last click. */
static int newest_first(const struct reply *a, const struct reply *b)
{
    return (a->interaction->id < b->interaction->id) - (a->interaction->id > b->interaction->id);
}

struct reply *reply_create(struct app *app, struct interaction *interaction, const struct command *command)
{
    struct reply *const reply = mem_alloc(sizeof(*reply));
    reply->app = app;
    reply->interaction = interaction;
    reply->command = command;
    reply->target = target_of(interaction, command->ephemeral);
    reply->started_ms = clock_monotonic_ms();
    DL_INSERT_INORDER(app->replies, reply, newest_first);
    metrics_set(METRIC_ANSWERS_PENDING, (double)++app->n_commands);
    return reply;
}

const struct interaction *reply_interaction(const struct reply *reply)
{
    return reply->interaction;
}

char *reply_acknowledgement(const struct reply *reply)
{
    return message_deferral(reply->target == CLICKED_MESSAGE ? DISCORD_DEFERRED_UPDATE_MESSAGE
                                                             : DISCORD_DEFERRED_CHANNEL_MESSAGE,
                            reply->target == PRIVATE_MESSAGE);
}

bool reply_takes_pictures(const struct reply *reply)
{
    return (reply->interaction->app_permissions & DISCORD_PERMISSION_ATTACH_FILES) != 0;
}

static void drop_picture(struct reply *reply)
{
    free(reply->picture.bytes);
    reply->picture = (struct picture){0};
}

static void send_when_due(struct reply *reply);

/* Those that waited for this one, the newest first. */
static void send_others(const struct reply *reply)
{
    struct reply *other, *next;
    DL_FOREACH_SAFE(reply->app->replies, other, next)
    {
        if (changes_the_same(other, reply))
            send_when_due(other);
    }
}

static void destroy(struct reply *reply)
{
    DL_DELETE(reply->app->replies, reply);
    metrics_set(METRIC_ANSWERS_PENDING, (double)--reply->app->n_commands);
    if (reply->sending)
        send_others(reply);
    drop_picture(reply);
    free(reply->filename);
    free(reply->alt);
    free(reply->text);
    free(reply->words);
    cJSON_Delete(reply->controls);
    interaction_destroy(reply->interaction);
    free(reply);
}

void reply_cancel(struct reply *reply)
{
    destroy(reply);
}

static void end(struct reply *reply, const char *result, enum pending_end how)
{
    log_info("interaction_answered", "id=%" PRIu64 " command=%s result=%s ack_ms=%" PRId64 " ms=%" PRId64,
             reply->interaction->id, reply->command->name, result, reply->acknowledged_ms - reply->started_ms,
             clock_monotonic_ms() - reply->started_ms);
    metrics_count(METRIC_INTERACTIONS, reply->command->name, result);
    if (reply->sending)
        metrics_observe(METRIC_ANSWER_SECONDS, (double)(clock_monotonic_ms() - reply->started_ms) / 1000);
    pending_end(reply->app->pending, reply->interaction->id, how);
    destroy(reply);
}

/* A refusal is final. Whatever did not reach Discord is still owed. Failures of all kinds were logged by rest. */
static void end_sent(struct reply *reply, const struct rest_response *response, const char *result)
{
    if (reply->acknowledgement == ACK_LOST && response->http_status == 404)
        end(reply, "unacknowledged", PENDING_UNEDITED);
    else if (response->status == REST_OK)
        end(reply, result, reply->words == NULL ? PENDING_CLOSED : PENDING_UNEDITED);
    else
        end(reply, "failed", response->status == REST_REFUSED ? PENDING_UNEDITED : PENDING_RELEASED);
}

/* A path segment: whatever a token may hold, it stays one. */
static void append_segment(struct buffer *path, const char *s)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~=";
    for (; *s != '\0'; s++) {
        if (strchr(plain, *s) != NULL)
            buffer_append(path, s, 1);
        else
            buffer_printf(path, "%%%02X", (unsigned)(unsigned char)*s);
    }
}

/* Takes json. message: "/messages/@original", or "" for one more. */
static void send_message(struct reply *reply, const char *method, const char *message, char *json,
                         const struct rest_file *file,
                         void (*on_done)(void *arg, const struct rest_response *response))
{
    struct buffer path = {0};
    buffer_printf(&path, "/webhooks/%" PRIu64 "/", reply->app->application_id);
    append_segment(&path, reply->interaction->token);
    buffer_append_string(&path, message);
    char bucket[48];
    snprintf(bucket, sizeof(bucket), "webhooks/%" PRIu64, reply->interaction->id);
    const struct rest_request request = {
        .method = method,
        .path = path.data,
        .bucket = bucket,
        .json = json,
        .file = file,
        .retry_unknown_webhook = true, /* it may overtake the acknowledgement within Discord */
        .deadline_ms = DEADLINE_MS,
    };
    rest_send(reply->app->rest, &request, on_done, reply);
    explicit_bzero(path.data, path.len);
    buffer_finish(&path);
    free(json);
}

static const char original[] = "/messages/@original";

static void on_words_done(void *arg, const struct rest_response *response)
{
    end_sent(arg, response, "words");
}

/* A POST is not idempotent, and webhooks take no nonce: after a time-out or a takeover the member may get it twice. */
static void send_words(struct reply *reply)
{
    if (reply->target == CLICKED_MESSAGE)
        send_message(reply, "POST", "", message_follow_up(reply->words), NULL, on_words_done);
    else
        send_message(reply, "PATCH", original, message_text(reply->words, reply->controls), NULL,
                     on_words_done);
}

static void on_text_done(void *arg, const struct rest_response *response)
{
    end_sent(arg, response, "text");
}

static void send_text(struct reply *reply)
{
    send_message(reply, "PATCH", original, message_text(reply->text, reply->controls), NULL, on_text_done);
}

/* What is wrong with the picture is not wrong with text, unless there is no message to edit. */
static void on_picture_done(void *arg, const struct rest_response *response)
{
    struct reply *const reply = arg;
    if (response->status == REST_REFUSED && response->http_status != 404) {
        drop_picture(reply);
        send_text(reply);
    } else {
        end_sent(reply, response, "picture");
    }
}

static void send_picture(struct reply *reply)
{
    const struct rest_file file = {
        .filename = reply->filename,
        .content_type = reply->picture.type == PICTURE_PNG ? "image/png" : "image/jpeg",
        .data = reply->picture.bytes,
        .len = reply->picture.len,
    };
    send_message(reply, "PATCH", original, message_picture(reply->filename, reply->alt, reply->controls), &file,
                 on_picture_done);
}

static bool has_to_wait(const struct reply *reply)
{
    if ((reply->text == NULL && reply->words == NULL) || reply->acknowledgement == ACK_UNDER_WAY ||
        reply->look != NULL || reply->sending)
        return true;
    for (const struct reply *other = reply->app->replies; other != NULL; other = other->next) {
        if (other->sending && changes_the_same(other, reply))
            return true;
    }
    return false;
}

static bool fits(const struct reply *reply)
{
    return reply->picture.bytes != NULL && reply_takes_pictures(reply) &&
           (int64_t)reply->picture.len <= reply->interaction->attachment_size_limit;
}

/* Other workers have clicks on the same message too. */
static bool has_to_look(const struct reply *reply)
{
    return !reply->looked && reply->words == NULL && reply_only_changes(reply) != 0;
}

static void on_looked(void *arg, bool overtaken)
{
    struct reply *const reply = arg;
    loop_cancel(reply->look_late);
    reply->look_late = NULL;
    reply->look = NULL;
    reply->looked = true;
    reply->overtaken = reply->overtaken || overtaken;
    send_when_due(reply);
}

/* A picture that is finished does not wait for a database that hangs. */
static void on_look_late(void *arg)
{
    struct reply *const reply = arg;
    reply->look_late = NULL;
    db_pending_look_cancel(reply->look);
    on_looked(reply, false);
}

static void look(struct reply *reply)
{
    reply->look = db_pending_is_overtaken(reply->app->pending_pool, reply->interaction->id,
                                          reply_only_changes(reply), on_looked, reply);
    reply->look_late = loop_after(reply->app->loop, LOOK_MS, on_look_late, reply);
}

static void send_when_due(struct reply *reply)
{
    if (has_to_wait(reply))
        return;
    if (reply->overtaken) {
        end(reply, "overtaken", PENDING_UNEDITED);
        return;
    }
    if (has_to_look(reply)) {
        look(reply);
        return;
    }
    reply->sending = true;
    if (reply->words != NULL) {
        send_words(reply);
        return;
    }
    for (struct reply *older = reply->next; older != NULL; older = older->next)
        older->overtaken = older->overtaken || changes_the_same(older, reply);
    if (fits(reply))
        send_picture(reply);
    else
        send_text(reply);
}

void reply_on_acknowledged(void *arg, bool sent)
{
    struct reply *const reply = arg;
    reply->acknowledged_ms = clock_monotonic_ms();
    reply->acknowledgement = sent ? ACK_SENT : ACK_LOST;
    if (sent)
        metrics_observe(METRIC_ACKNOWLEDGEMENT_SECONDS,
                        (double)(reply->acknowledged_ms - reply->started_ms) / 1000);
    send_when_due(reply);
}

void reply_take_over(struct reply *reply, int64_t age_ms)
{
    reply->started_ms -= age_ms;
    reply->acknowledged_ms = reply->started_ms;
    reply->acknowledgement = ACK_ELSEWHERE;
}

bool reply_is_taken_over(const struct reply *reply)
{
    return reply->acknowledgement == ACK_ELSEWHERE;
}

void reply_words(struct reply *reply, const char *words, cJSON *controls)
{
    reply->words = mem_strdup(words);
    reply->controls = controls;
    send_when_due(reply);
}

void reply_answer(struct reply *reply, const struct reply_answer *answer)
{
    if (answer->picture.bytes != NULL) {
        /* A fresh name for each picture: clients keep what they once saw under a name. */
        struct buffer filename = {0};
        buffer_printf(&filename, "%s-%" PRIu64 ".%s", answer->name, reply->interaction->id,
                      answer->picture.type == PICTURE_PNG ? "png" : "jpg");
        reply->filename = filename.data;
        reply->alt = mem_strdup(answer->alt);
    }
    reply->picture = answer->picture;
    reply->controls = answer->controls;
    reply->text = mem_strdup(answer->text);
    send_when_due(reply);
}
