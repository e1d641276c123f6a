/* For a process that holds secrets: a token, passwords, what members asked. */
#pragma once

/*
 * From here on only root reads the memory and the environment of this process and of those that it forks (/proc/PID, a
 * debugger); others of its own user do not. Should one of them crash, no core file keeps a secret.
 */
void guard_process(void);
