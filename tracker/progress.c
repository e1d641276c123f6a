#include "tracker/progress.h"

#include "infra/clock.h"

#include <stdio.h>
#include <unistd.h>

enum { BAR_MS = 100, LINE_MS = 10000, BAR_WIDTH = 30 };

void progress_begin(struct progress *progress, const char *what, const char *unit, int64_t per_unit,
                    int64_t total)
{
    const int64_t now_ms = clock_monotonic_ms();
    *progress = (struct progress){
        .what = what,
        .unit = unit,
        .per_unit = per_unit,
        .total = total,
        .begun_ms = now_ms,
        .shown_ms = now_ms,
        .terminal = isatty(STDERR_FILENO) == 1,
    };
}

static void print_amount(const struct progress *progress, int64_t amount)
{
    if (progress->per_unit == 1)
        fprintf(stderr, "%lld", (long long)amount);
    else
        fprintf(stderr, "%.1f", (double)amount / (double)progress->per_unit);
}

static void print_bar(const struct progress *progress)
{
    const bool whole = progress->done >= progress->total;
    const int filled = whole ? BAR_WIDTH : (int)(progress->done * BAR_WIDTH / progress->total);
    fputs(" [", stderr);
    for (int i = 0; i < BAR_WIDTH; i++)
        fputc(i < filled ? '#' : '-', stderr);
    fputs("]", stderr);
}

static void print(struct progress *progress, bool end)
{
    fprintf(stderr, "%s%-9s", progress->terminal ? "\r" : "", progress->what);
    if (progress->terminal && progress->total > 0)
        print_bar(progress);
    fputc(' ', stderr);
    print_amount(progress, progress->done);
    if (progress->total > 0) {
        fputs(" of ", stderr);
        print_amount(progress, progress->total);
    }
    fprintf(stderr, " %s, %.1f s%s", progress->unit, (double)(clock_monotonic_ms() - progress->begun_ms) / 1000,
            progress->terminal && !end ? "" : "\n");
    fflush(stderr);
    progress->shown_ms = clock_monotonic_ms();
}

void progress_show(struct progress *progress, int64_t done)
{
    progress->done = done;
    if (clock_monotonic_ms() - progress->shown_ms >= (progress->terminal ? BAR_MS : LINE_MS))
        print(progress, false);
}

void progress_end(struct progress *progress)
{
    print(progress, true);
}
