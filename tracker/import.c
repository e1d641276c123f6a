#include "tracker/import.h"

#include "tracker/complain.h"
#include "tracker/import_report.h"
#include "tracker/progress.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 65536 };

struct import {
    const struct import_options *options;
    struct db_import *db;
    struct progress progress;
    struct import_report report;
};

/* SIGINT -------------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

/* The first ends it at the next place that is good for it, the second at once. */
static void on_signal(int number)
{
    if (interrupted != 0) {
        signal(number, SIG_DFL);
        raise(number);
        _exit(128 + number); /* the first process of a container lives through raise() */
    }
    interrupted = 1;
}

static void watch_signals(void)
{
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_NODEFER};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static bool complain_of_interruption(void)
{
    return complain("tracker", "interrupted, and nothing was taken");
}

/* Reading ------------------------------------------------------------------------------------------------------- */

/* Excel puts one in front. */
static bool has_byte_order_mark(const char *bytes, size_t n)
{
    return n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0;
}

static bool read_pieces(struct import *import, FILE *file)
{
    static char piece[PIECE];
    int64_t done = 0;
    size_t n;
    bool ok = true;
    while (ok && interrupted == 0 && (n = fread(piece, 1, sizeof(piece), file)) > 0) {
        const size_t skipped = done == 0 && has_byte_order_mark(piece, n) ? 3 : 0;
        ok = db_import_csv_put(import->db, piece + skipped, n - skipped);
        done += (int64_t)n;
        progress_show(&import->progress, done);
    }
    const int error = ferror(file) != 0 ? errno : 0;
    progress_end(&import->progress);
    if (interrupted != 0)
        return complain_of_interruption();
    if (error != 0)
        return complain(import->options->file, strerror(error));
    return ok && db_import_csv_end(import->db);
}

static bool read_csv(struct import *import)
{
    const char *const path = import->options->file;
    const bool is_stdin = strcmp(path, "-") == 0;
    FILE *const file = is_stdin ? stdin : fopen(path, "re");
    if (file == NULL && interrupted != 0) /* nobody writes into a pipe with a name */
        return complain_of_interruption();
    if (file == NULL)
        return complain(path, strerror(errno));
    struct stat about;
    const bool has_size = fstat(fileno(file), &about) == 0 && S_ISREG(about.st_mode);
    progress_begin(&import->progress, "reading", "MB", 1000000, has_size ? about.st_size : 0);
    const bool ok = db_import_csv_begin(import->db, is_stdin ? "stdin" : path) && read_pieces(import, file);
    if (!is_stdin)
        fclose(file);
    return ok;
}

static bool on_rows(void *arg, int64_t done, int64_t total)
{
    struct import *const import = arg;
    import->progress.total = total;
    progress_show(&import->progress, done);
    return interrupted == 0;
}

static bool read_pwr_bot(struct import *import)
{
    progress_begin(&import->progress, "reading", "rows", 1, 0);
    const bool ok = db_import_pwr_bot(import->db, import->options->pwr_bot, on_rows, import);
    progress_end(&import->progress);
    return ok;
}

/* All of it ----------------------------------------------------------------------------------------------------- */

static bool take_chunks(struct import *import)
{
    const struct db_import_judgement *const judgement = &import->report.judgement;
    progress_begin(&import->progress, import->options->dry_run ? "comparing" : "writing", "sessions", 1,
                   judgement->sessions);
    bool ok = true;
    for (size_t i = 0; ok && interrupted == 0 && i < judgement->chunks; i++) {
        ok = db_import_take(import->db, i, import->options->dry_run, &import->report.taking);
        progress_show(&import->progress, import_report_done(&import->report));
    }
    progress_end(&import->progress);
    return ok;
}

static bool go(struct import *import)
{
    if (db_import_error(import->db) != NULL ||
        !(import->options->pwr_bot != NULL ? read_pwr_bot(import) : read_csv(import)))
        return false;
    fputs("judging\n", stderr);
    if (!db_import_judge(import->db, import->options->max_hours, &import->report.judgement))
        return false;
    if (interrupted != 0)
        return complain_of_interruption();
    const bool ok = take_chunks(import);
    import_report_print(&import->report);
    return ok && import_report_is_clean(&import->report);
}

int import_run(const char *database_url, const struct import_options *options)
{
    watch_signals();
    struct import import = {.options = options, .db = db_import_create(database_url)};
    import.report.options = options;
    const bool ok = go(&import);
    const char *const error = db_import_error(import.db);
    if (error != NULL)
        complain("tracker", error);
    db_import_destroy(import.db);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
