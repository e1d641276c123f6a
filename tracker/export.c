#include "tracker/export.h"

#include "db/export.h"
#include "infra/mem.h"
#include "tracker/complain.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool complain_of_file(const char *path)
{
    return complain(path, strerror(errno));
}

static bool export_to(const char *database_url, const char *path, uint64_t guild_id, FILE *out)
{
    char *const error = db_export(database_url, guild_id, out);
    if (error != NULL) {
        complain("the database", error);
        free(error);
        return false;
    }
    return (fflush(out) == 0 && ferror(out) == 0) || complain_of_file(path);
}

/* Closes out too. */
static bool export_to_file(const char *database_url, const char *path, uint64_t guild_id, FILE *out)
{
    const bool ok =
        export_to(database_url, path, guild_id, out) &&
        (fsync(fileno(out)) == 0 || errno == EINVAL /* no file on a disk */ || complain_of_file(path));
    return (fclose(out) == 0 || !ok || complain_of_file(path)) && ok;
}

static const char *volatile half_written;

static void on_signal(int number)
{
    if (half_written != NULL)
        unlink(half_written);
    raise(number); /* and now it ends us, but for the first process of a container */
    _exit(128 + number);
}

/* One that is ignored, under nohup say, stays so. */
static void watch_signal(int number)
{
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
    struct sigaction before;
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

/* Appears when it is whole, and of a half nothing stays. */
static bool export_to_new_file(const char *database_url, const char *path, uint64_t guild_id)
{
    struct buffer part = {0};
    buffer_printf(&part, "%s.part", path);
    FILE *const out = fopen(part.data, "we");
    bool ok = out != NULL || complain_of_file(part.data);
    if (out != NULL) {
        half_written = part.data;
        ok = export_to_file(database_url, path, guild_id, out) &&
             (rename(part.data, path) == 0 || complain_of_file(path));
        if (!ok)
            unlink(part.data);
        half_written = NULL;
    }
    buffer_finish(&part);
    return ok;
}

/* A pipe with a name, say: it stays what it is. */
static bool export_into(const char *database_url, const char *path, uint64_t guild_id)
{
    FILE *const out = fopen(path, "we");
    return out != NULL ? export_to_file(database_url, path, guild_id, out) : complain_of_file(path);
}

int export_run(const char *database_url, const char *path, uint64_t guild_id)
{
    umask(077); /* who was where and when is for whoever asked */
    watch_signal(SIGINT);
    watch_signal(SIGTERM);
    watch_signal(SIGHUP);
    struct stat about;
    bool ok;
    if (strcmp(path, "-") == 0)
        ok = export_to(database_url, path, guild_id, stdout);
    else if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
        ok = export_into(database_url, path, guild_id);
    else
        ok = export_to_new_file(database_url, path, guild_id);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
