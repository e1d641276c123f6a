/* /vc settings: what admins choose for their server, and its controls. */
#pragma once

struct app;
struct reply;

/* For the table in handler/command.c. */
void cmd_settings_run(struct app *app, struct reply *reply);
