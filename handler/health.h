/* `handler --health`: whether the handler on this machine answers. For a container, whose image has no shell and no curl. */
#pragma once

/* Asks GET /healthz at the address of LISTEN, a wildcard's at loopback, and waits two seconds at each step. Says on one
 * line what it found; 0, or 1 where it is not well (Docker knows no other code). */
int health_ask(void);
