/* Voice partners of a member, a page of /vc leaderboard: who shared a channel with them, and how long. */
#pragma once

struct app;
struct leaderboard_state;
struct reply;

/* state->member_id: whose. */
void cmd_partners_run(struct app *app, struct reply *reply, const struct leaderboard_state *state);
