/* /vc leaderboard [time_range]: the board of a server as a picture, and its controls. */
#pragma once

#include <cJSON.h>

struct app;
struct reply;

/* Both for the table in handler/command.c. */
void cmd_leaderboard_options(cJSON *options);
void cmd_leaderboard_run(struct app *app, struct reply *reply);
