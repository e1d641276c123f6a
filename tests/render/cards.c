/*
 * Draws the guarded cards into a directory (`make pictures`), or measures how long one takes:
 *
 *     build/release/tests/render/cards [DIRECTORY]
 */
#include "render/render.h"
#include "tests/render/cases.h"
#include "tests/render/sample.h"
#include "tests/render/sample_chart.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static bool write_card(const char *directory, const struct card_case *card)
{
    struct picture picture = card->draw();
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", directory, card->file);
    FILE *file = fopen(path, "wb");
    const bool written = file && fwrite(picture.bytes, 1, picture.len, file) == picture.len;
    if ((file && fclose(file) != 0) || !written) {
        perror(path);
        return false;
    }
    printf("%s %d × %d, %zu bytes\n", path, picture.width, picture.height, picture.len);
    free(picture.bytes);
    return true;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static struct picture leaderboard(const void *view)
{
    return leaderboard_render(view);
}

static struct picture grid(const void *view)
{
    return grid_render(view);
}

static struct picture chart(const void *view)
{
    return chart_render(view);
}

static void measure(const char *name, struct picture (*render)(const void *view), const void *view)
{
    enum { TURNS = 200 };
    double ms[TURNS];
    size_t len = 0;
    for (int i = 0; i < TURNS; i++) {
        const double start = now_ms();
        struct picture card = render(view);
        ms[i] = now_ms() - start;
        len = card.len;
        free(card.bytes);
    }
    const double first = ms[0];
    qsort(ms, TURNS, sizeof(*ms), by_size);
    printf("%s, drawn and encoded: first %.2f ms, median %.2f ms, p90 %.2f ms of CPU, %zu bytes\n", name, first,
           ms[TURNS / 2], ms[TURNS * 9 / 10], len);
}

static void measure_all(void)
{
    struct leaderboard_view *board = sample_view(0, 10);
    measure("leaderboard", leaderboard, board);
    sample_free(board);
    struct grid_view *year = sample_member_grid();
    measure("grid", grid, year);
    sample_grid_free(year);
    struct chart_view *months = sample_chart(CHART_MONTHLY);
    measure("chart", chart, months);
    sample_chart_free(months);
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        fprintf(stderr, "usage: %s [DIRECTORY]\n", argv[0]);
        return 2;
    }
    if (!render_init("render/fonts.conf"))
        return 1;
    bool done = true;
    if (argc == 1)
        measure_all();
    else
        for (const struct card_case *card = CARD_CASES; card->file; card++)
            done = write_card(argv[1], card) && done;
    render_finish();
    return done ? 0 : 1;
}
