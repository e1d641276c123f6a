/* /vc stats: a year as a grid, hours, days of weeks and of months as charts; of a member or of the server. */
#pragma once

struct app;
struct reply;

/* For the table in handler/command.c. */
void cmd_stats_run(struct app *app, struct reply *reply);
