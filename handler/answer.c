#include "handler/answer.h"

#include "handler/app.h"
#include "handler/draw_queue.h"
#include "handler/phrases.h"
#include "handler/reply.h"
#include "infra/mem.h"
#include "render/words.h"

#include <stdlib.h>

enum { AVATARS_TIMEOUT_MS = 1500 };

void *answer_create(size_t size, struct app *app, struct reply *reply, const char *name)
{
    struct answer *const answer = mem_alloc(size);
    answer->app = app;
    answer->reply = reply;
    answer->name = name;
    return answer;
}

const char *answer_keep(struct answer *answer, char *string)
{
    if (answer->n_strings == ANSWER_MAX_STRINGS)
        abort(); /* an answer with more names than this file was built for */
    answer->strings[answer->n_strings++] = string;
    return string;
}

/* Members ---------------------------------------------------------------------------------------------------- */

/* The tracker may not have met who asks or who was chosen; the interaction names them in any case. */
static struct db_member as_known(const struct answer *answer, const struct db_member *member)
{
    const struct interaction *const interaction = reply_interaction(answer->reply);
    const struct interaction_user *const user =
        member->user_id == interaction->user.id ? &interaction->user : &interaction->chosen;
    if (member->username != NULL || member->user_id != user->id)
        return *member;
    return (struct db_member){
        .guild_id = member->guild_id,
        .user_id = user->id,
        .username = user->username,
        .global_name = user->global_name,
        .nick = user->nick,
        .avatar = user->avatar,
        .guild_avatar = user->guild_avatar,
    };
}

const char *answer_member_name(struct answer *answer, const struct db_member *member)
{
    const struct db_member known = as_known(answer, member);
    const char *const name = words_visible(known.nick)          ? known.nick
                             : words_visible(known.global_name) ? known.global_name
                             : words_visible(known.username)    ? known.username
                                                                : "Unknown member";
    return answer_keep(answer, mem_strdup(name));
}

void answer_subject(struct answer *answer, struct buffer *out, const struct db_member *member)
{
    if (member->user_id == reply_interaction(answer->reply)->user.id) {
        buffer_append_string(out, "You have");
        return;
    }
    phrases_name_markdown(out, answer_member_name(answer, member), PHRASES_NAME);
    buffer_append_string(out, " has");
}

const char *answer_not_counting(struct answer *answer, const struct db_counting *counting, int64_t now)
{
    struct buffer words = {0};
    return phrases_not_counting(&words, counting, now) ? answer_keep(answer, words.data) : NULL;
}

/* Pictures --------------------------------------------------------------------------------------------------- */

/* Takes url. */
static size_t add_avatar(struct answer *answer, char *url, int size)
{
    if (answer->n_avatars == ANSWER_MAX_AVATARS)
        abort();
    answer->avatars[answer->n_avatars] = (struct avatars_picture){.url = url, .size = size};
    return answer->n_avatars++;
}

size_t answer_member_picture(struct answer *answer, const struct db_member *member, int size)
{
    const struct db_member known = as_known(answer, member);
    char *const url = avatars_member_url(answer->app->avatars, known.guild_id, known.user_id,
                                         known.guild_avatar, known.avatar);
    return add_avatar(answer, url, size);
}

size_t answer_icon(struct answer *answer, const char *icon, int size)
{
    return add_avatar(
        answer, avatars_icon_url(answer->app->avatars, reply_interaction(answer->reply)->guild_id, icon), size);
}

const struct image *answer_picture(const struct answer *answer, size_t number)
{
    return answer->avatars[number].image;
}

/* Answers ---------------------------------------------------------------------------------------------------- */

static void destroy(struct answer *answer)
{
    for (size_t i = 0; i < answer->n_avatars; i++) {
        image_destroy(answer->avatars[i].image);
        free(answer->avatars[i].url);
    }
    for (size_t i = 0; i < answer->n_strings; i++)
        free(answer->strings[i]);
    free(answer->alt);
    free(answer->text);
    cJSON_Delete(answer->controls);
    free(answer);
}

void answer_in_words(struct answer *answer, const char *words)
{
    reply_words(answer->reply, words, answer->controls);
    answer->controls = NULL;
    destroy(answer);
}

static void give(struct answer *answer, struct picture picture)
{
    const struct reply_answer given = {
        .picture = picture,
        .name = answer->name,
        .alt = answer->alt,
        .text = answer->text,
        .controls = answer->controls,
    };
    answer->controls = NULL;
    reply_answer(answer->reply, &given);
    destroy(answer);
}

void answer_as_text(struct answer *answer)
{
    give(answer, (struct picture){0});
}

static void on_turn(void *arg)
{
    struct answer *const answer = arg;
    give(answer, answer->draw(answer));
}

static void on_avatars(void *arg)
{
    struct answer *const answer = arg;
    draw_queue_add(answer->app->draw_queue, on_turn, answer);
}

void answer_as_picture(struct answer *answer, struct picture (*draw)(struct answer *answer))
{
    answer->draw = draw;
    if (reply_takes_pictures(answer->reply))
        avatars_fetch(answer->app->avatars, answer->avatars, answer->n_avatars, AVATARS_TIMEOUT_MS, on_avatars,
                      answer);
    else
        answer_as_text(answer);
}
