/*
 * GET /metrics over HTTP, on a socket and a loop of ours: infra/metrics.h as Prometheus asks for it. The only door to
 * libmicrohttpd. Connections are few and cut when nothing comes for ten seconds; nobody else waits for them.
 */
#pragma once

struct loop;
struct metrics_server;

/*
 * listen_fd is listening and non-blocking, may be shared with other processes, and stays the caller's. on_scrape (or
 * NULL) runs before each answer, for gauges that are measured then.
 */
struct metrics_server *metrics_server_create(struct loop *loop, int listen_fd, void (*on_scrape)(void *arg),
                                             void *arg);
/* Cuts the connections. NULL is accepted. */
void metrics_server_destroy(struct metrics_server *server);
