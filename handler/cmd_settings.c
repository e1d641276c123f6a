#include "handler/cmd_settings.h"

#include "db/settings.h"
#include "handler/answer.h"
#include "handler/app.h"
#include "handler/controls.h"
#include "handler/interaction.h"
#include "handler/phrases.h"
#include "handler/reply.h"
#include "infra/log.h"
#include "infra/mem.h"

#include <inttypes.h>

/* Checked on the command and on every click: Discord vouches for the permissions of who does it. */
static bool may_change(const struct interaction *interaction)
{
    return (interaction->permissions & (DISCORD_PERMISSION_ADMINISTRATOR | DISCORD_PERMISSION_MANAGE_GUILD)) !=
           0;
}

static char *settings_as_text(const struct db_settings *settings)
{
    struct buffer text = {0};
    buffer_append_string(&text, "### Settings of this server\n");
    buffer_append_string(&text, settings->on[SETTING_TRACKING]
                                    ? "**Tracking is on.** Time in voice channels is counted.\n"
                                    : "**Tracking is off.** Nothing is counted; what was counted stays.\n");
    if (settings->afk_channel_id == 0)
        buffer_append_string(&text, "**This server has no AFK channel.** If one is set, it will be ");
    else
        buffer_printf(&text, "**The AFK channel** <#%" PRIu64 "> is ", settings->afk_channel_id);
    buffer_append_string(&text, settings->on[SETTING_COUNT_AFK] ? "counted.\n" : "not counted.\n");
    buffer_append_string(&text, "-# Changes take effect within a second.");
    return text.data;
}

static void on_settings(void *arg, const struct db_settings *settings)
{
    struct answer *const answer = arg;
    if (settings == NULL) {
        answer_in_words(answer, PHRASES_NO_DATABASE);
        return;
    }
    answer->text = settings_as_text(settings);
    answer->controls = controls_settings(settings);
    answer_as_text(answer);
}

static void change(struct answer *answer, const struct interaction *interaction)
{
    struct db_settings_change change = {
        .guild_id = interaction->guild_id,
        .user_id = interaction->user.id,
        .interaction_id = interaction->id,
        .taken_over = reply_is_taken_over(answer->reply),
    };
    if (!controls_parse_settings(interaction, &change.setting, &change.on)) {
        answer_in_words(answer, PHRASES_OLD_CONTROL("/vc settings"));
        return;
    }
    log_info("setting_asked", "guild=%" PRIu64 " user=%" PRIu64 " control=%s", change.guild_id, change.user_id,
             log_quote(interaction->custom_id));
    db_settings_change(answer->app->pool, &change, on_settings, answer);
}

void cmd_settings_run(struct app *app, struct reply *reply)
{
    const struct interaction *const interaction = reply_interaction(reply);
    if (!may_change(interaction)) {
        reply_words(reply, "Only members with the *Manage Server* permission can see and change the settings.",
                    NULL);
        return;
    }
    struct answer *const answer = answer_create(sizeof(*answer), app, reply, "settings");
    if (interaction->type == DISCORD_MESSAGE_COMPONENT)
        change(answer, interaction);
    else
        db_settings_read(app->pool, interaction->guild_id, on_settings, answer);
}
