/*
 * `handler --check`: goes through all that has to be right before a command is answered, and says what to fix.
 * For who sets it up, and for a question to support: neither token nor password is ever printed.
 *
 *     check ─ settings, fonts ─ check_database ─ check_discord ─ check_endpoint
 *
 * A finding does not keep the later ones from being looked at. All of it takes at most some 15 seconds.
 */
#pragma once

/* The exit code: 0 where nothing is wrong, 1 where something is, 2 where settings are missing or malformed. No
 * setting may have been read before. */
int check_run(void);
