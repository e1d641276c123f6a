/*
 * The controls under an answer. What the answer shows is kept in their custom_ids and nowhere else, so that they
 * work after a restart, on any handler, months later:
 *
 *     vc1:lb:next:this_month:3:0    version, command, control; then what to show: range, page, whose partners
 *     vc1:st:weekly:weekly:total:me                                               view, statistic, whose
 *     vc1:set:tracking:off                                                        a setting and its value
 *
 * The control's name keeps two buttons apart that lead to the same place, and says what is chosen in a select;
 * of a button any name will do. A custom_id comes back from outside and may be made up by hand: it says what to
 * show, never who asks or who may see it. Pure.
 */
#pragma once

#include "db/leaderboard.h"
#include "db/settings.h"
#include "db/stats.h"
#include "handler/choices.h"
#include "handler/interaction.h"

#include <cJSON.h>
#include <stdbool.h>

/* Whether a custom_id belongs to the command with that code ("lb"). */
bool controls_are_of(const char *custom_id, const char *code);

#define CONTROLS_LEADERBOARD "lb"

struct leaderboard_state {
    enum time_range range;
    int page;           /* from 0, or LEADERBOARD_OWN_PAGE */
    uint64_t member_id; /* whose voice partners; 0: the server's board */
};

/* What a click asks for. False where its custom_id, or what was chosen, is not of this form. */
bool controls_parse_leaderboard(const struct interaction *click, struct leaderboard_state *out);
/* Of a list of that many, ten a page; at least 1. */
int controls_n_pages(int64_t n);
/* Action rows for an answer that shows this page; without those for pages where there is one. The caller frees. */
cJSON *controls_leaderboard(const struct leaderboard_state *shown, int n_pages);

#define CONTROLS_STATS "st"

struct stats_state {
    enum stats_view view;
    enum statistic statistic; /* of a server; kept while a member is shown */
    uint64_t member_id;       /* 0: the server */
};

bool controls_parse_stats(const struct interaction *click, struct stats_state *out);
cJSON *controls_stats(const struct stats_state *shown);

#define CONTROLS_SETTINGS "set"

/* The panel itself asks for nothing: a click changes one setting. */
bool controls_parse_settings(const struct interaction *click, enum db_setting *setting, bool *on);
cJSON *controls_settings(const struct db_settings *shown);
