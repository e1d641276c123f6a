/*
 * One connection of a pool. It is made, greeted, loses what it stands on and is made again, for ever: greeted means that
 * the tables are as new as the program, and that the first connection listens. Jobs that are sent over it are in
 * flight, in order, until they are answered or it breaks.
 */
#pragma once

#include "infra/mem.h"

#include <stdbool.h>

struct db_connection;
struct db_job;
struct db_pool_config;
struct loop;

/* What was told of the database, by whichever of a pool's connections. {0} at first. */
struct db_told {
    struct buffer failures; /* since it answered last: db_connect_is_news() */
    bool old;               /* that the tables are older than the program */
    char error[256];        /* why the last connection could not be had */
};

struct db_connection_config {
    struct loop *loop;
    const struct db_pool_config *pool; /* lives as long as the connection, as told does */
    struct db_told *told;
    bool listens;

    void (*on_ready)(void *arg); /* it takes jobs from now on */
    void (*on_room)(void *arg);  /* some were answered */
    /* It broke while these, which only read, were in flight: as new, and the callee's. The others end as lost. */
    void (*on_unread)(void *arg, struct db_job *jobs);
    void *arg;
};

/* Begins in the next turn. config is copied. */
struct db_connection *db_connection_create(const struct db_connection_config *config);
/* Jobs in flight are dropped without their callbacks. */
void db_connection_destroy(struct db_connection *connection);

bool db_connection_is_ready(const struct db_connection *connection);
/* How many jobs are in flight; -1: it takes none. */
int db_connection_load(const struct db_connection *connection);

/* Takes a job that has begun. It may end as lost within this call. */
void db_connection_send(struct db_connection *connection, struct db_job *job);
