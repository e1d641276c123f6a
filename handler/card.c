#include "handler/card.h"

#include "handler/app.h"
#include "handler/draw_queue.h"
#include "handler/reply.h"
#include "infra/mem.h"
#include "render/words.h"

#include <stdlib.h>

enum { AVATARS_TIMEOUT_MS = 1500 };

const char *card_keep(struct card *card, char *string)
{
    if (card->n_strings == CARD_MAX_STRINGS)
        abort(); /* a card with more names than this file was built for */
    card->strings[card->n_strings++] = string;
    return string;
}

/* Members ---------------------------------------------------------------------------------------------------- */

/* The tracker may not have met who asks or who was chosen; the interaction names them in any case. */
static struct db_member as_known(const struct card *card, const struct db_member *member)
{
    const struct interaction *const interaction = reply_interaction(card->reply);
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

const char *card_member_name(struct card *card, const struct db_member *member)
{
    const struct db_member known = as_known(card, member);
    const char *const name = words_visible(known.nick)          ? known.nick
                             : words_visible(known.global_name) ? known.global_name
                             : words_visible(known.username)    ? known.username
                                                                : "Unknown member";
    return card_keep(card, mem_strdup(name));
}

/* Pictures --------------------------------------------------------------------------------------------------- */

/* Takes url. */
static size_t add_avatar(struct card *card, char *url, int size)
{
    if (card->n_avatars == CARD_MAX_AVATARS)
        abort();
    card->avatars[card->n_avatars] = (struct avatar){.url = url, .size = size};
    return card->n_avatars++;
}

size_t card_member_picture(struct card *card, const struct db_member *member, int size)
{
    const struct db_member known = as_known(card, member);
    char *const url =
        avatars_member_url(card->app->avatars, known.guild_id, known.user_id, known.guild_avatar, known.avatar);
    return add_avatar(card, url, size);
}

size_t card_icon(struct card *card, const char *icon, int size)
{
    return add_avatar(
        card, avatars_icon_url(card->app->avatars, reply_interaction(card->reply)->guild_id, icon), size);
}

const struct image *card_picture(const struct card *card, size_t number)
{
    return card->avatars[number].image;
}

/* Answers ---------------------------------------------------------------------------------------------------- */

static void destroy(struct card *card)
{
    for (size_t i = 0; i < card->n_avatars; i++) {
        image_destroy(card->avatars[i].image);
        free(card->avatars[i].url);
    }
    for (size_t i = 0; i < card->n_strings; i++)
        free(card->strings[i]);
    free(card->alt);
    free(card->text);
    cJSON_Delete(card->controls);
    free(card);
}

void card_words(struct card *card, const char *words)
{
    reply_words(card->reply, words);
    destroy(card);
}

static void answer(struct card *card, struct picture picture)
{
    const struct reply_answer answer = {
        .picture = picture,
        .name = card->name,
        .alt = card->alt,
        .text = card->text,
        .controls = card->controls,
    };
    card->controls = NULL;
    reply_answer(card->reply, &answer);
    destroy(card);
}

void card_answer_text(struct card *card)
{
    answer(card, (struct picture){0});
}

static void on_turn(void *arg)
{
    struct card *const card = arg;
    answer(card, card->draw(card));
}

static void on_avatars(void *arg)
{
    struct card *const card = arg;
    draw_queue_add(card->app->draw_queue, on_turn, card);
}

void card_answer(struct card *card, struct picture (*draw)(struct card *card))
{
    card->draw = draw;
    if (reply_takes_pictures(card->reply))
        avatars_fetch(card->app->avatars, card->avatars, card->n_avatars, AVATARS_TIMEOUT_MS, on_avatars, card);
    else
        card_answer_text(card);
}
