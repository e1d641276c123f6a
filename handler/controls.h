/*
 * The controls under an answer. What the answer shows is kept in their custom_ids and nowhere else, so that they
 * work after a restart, on any handler, months later:
 *
 *     vc1:lb:next:this_month:3      version, command, control, and what to show: range, page from 0
 *
 * The control's name keeps two buttons apart that lead to the same place. A custom_id comes back from outside
 * and may be made up by hand: it says what to show, never who asks or who may see it. Pure.
 */
#pragma once

#include "db/leaderboard.h"

#include <cJSON.h>
#include <stdbool.h>

/* Whether a custom_id belongs to the command with that code ("lb"). */
bool controls_are_of(const char *custom_id, const char *code);

#define CONTROLS_LEADERBOARD "lb"

struct leaderboard_state {
    enum time_range range;
    int page; /* from 0, or LEADERBOARD_OWN_PAGE */
};

/* What a click asks for; value: what was chosen in a select, or NULL. False where it is not of this form. */
bool controls_parse_leaderboard(const char *custom_id, const char *value, struct leaderboard_state *out);
/* Action rows for an answer that shows this page. The caller frees. */
cJSON *controls_leaderboard(const struct leaderboard_state *shown, int n_pages);
