/*
 * Interactions: made by the control API, signed, posted to the handler, acknowledged by its answer or by a
 * callback call, and then the credential for the webhook calls. The last 2000 are kept.
 */
#pragma once

#include <cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct api_call;
struct interactions;
struct request;
struct sandbox;

enum interaction_state { INTERACTION_PENDING, INTERACTION_ACKNOWLEDGED, INTERACTION_FAILED };

struct interaction {
    uint64_t id;
    char *token;
    char *body; /* as posted, at that unix second */
    int64_t posted_at;
    int type;
    char command[48]; /* "vc leaderboard", "" where it is no slash command */
    uint64_t guild_id, channel_id, user_id;
    uint64_t message_id; /* @original; 0: none yet. For a click: the message that was clicked, until a new one
                            is made */
    cJSON *modal;        /* that it was answered with, or NULL */
    enum interaction_state state;
    bool owed;           /* deferred: neither edit nor follow-up has come yet */
    int64_t created_ms;  /* monotonic, as the next */
    int64_t answered_ms; /* when the last answer, edit or follow-up came, 0: none did */
    int64_t attachment_size_limit;
    uint64_t app_permissions;
    int64_t window_started_ms; /* of the rate limit */
    int calls_in_window;
    struct interaction *next; /* older */
};

struct interactions *interactions_create(void);
struct interaction *interaction_create(struct interactions *interactions);
/* NULL where there is none. */
struct interaction *interaction_find(const struct interactions *interactions, uint64_t id);
struct interaction *interaction_find_token(const struct interactions *interactions, const char *token);
/* The token's fifteen minutes are over. */
bool interaction_is_expired(const struct interaction *interaction);

/*
 * Takes in an answer to an interaction, {"type", "data"?}: the body of the handler's response, or of a callback
 * call. False where Discord would not take it: *why then says so in words, *errors is a tree for error 50035 or
 * NULL (the caller frees).
 */
bool interaction_answer(struct sandbox *sandbox, struct interaction *interaction, const cJSON *answer,
                        const char **why, cJSON **errors);

/* An edit or a follow-up has come: nothing is owed any more, nor for earlier clicks on the same message (a handler
 * may answer the last of several alone). */
void interaction_note_answer(struct sandbox *sandbox, struct interaction *interaction);

/* POST /control/interaction and GET /control/answers/{id}; both take the request over. */
void interaction_control_post(struct sandbox *sandbox, struct request *request, const cJSON *body);
void interaction_control_answers(struct sandbox *sandbox, struct request *request, int64_t wait_ms);
/* The messages of GET /control/view. The caller frees. */
cJSON *interaction_messages_json(const struct sandbox *sandbox);
