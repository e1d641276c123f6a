/* /vc leaderboard [time_range]: the board of a server as a picture, and its controls. */
#pragma once

struct app;
struct reply;

/* For the table in handler/command.c. */
void cmd_leaderboard_run(struct app *app, struct reply *reply);
