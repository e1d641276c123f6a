/*
 * Draws cards to look at, and measures how long one takes:
 *
 *     make build/release/tests/render/cards && build/release/tests/render/cards DIRECTORY
 */
#include "render/leaderboard.h"
#include "render/render.h"
#include "tests/render/sample.h"

#include <stdio.h>
#include <time.h>

static void write_card(const char *directory, const char *name, struct leaderboard_view *view)
{
    struct picture card = leaderboard_render(view);
    char path[512];
    snprintf(path, sizeof(path), "%s/%s.jpg", directory, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(card.bytes, 1, card.len, file) != card.len)
        perror(path);
    if (file)
        fclose(file);
    printf("%s %d × %d, %zu bytes\n", path, card.width, card.height, card.len);
    free(card.bytes);
    sample_free(view);
}

static struct leaderboard_view *odd_names(void)
{
    static const char *const names[] = {
        "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
        "مرحبا بكم في هذه الغرفة الصوتية الطويلة جدا جدا جدا",
        "Z̷̢̛̺͔̲̻̮͍͉̏̋͗͂̈́͆͝a̸̧̡̛͚̪̗͖̰̘̋̃̎̽̌͂͘l̶̢̛̰̱̺͙̙̰͌̈́̽̋̌͘g̸̨̛̩͓̺̭̹̬̎̏̑̈́̂͘o̵̢̨͍̩̬͕̙̎̽̏̄̋̕",
        "שלום עולם abc",
        "𝓢𝓹𝓪𝓬𝓮 𝔻𝕦𝕤𝕥 ☆彡 ꧁༺ ༻꧂",
        "line\none\ttwo \xE2\x80\xAEreversed \xFF\xFE end",
        "สวัสดีชาวโลก · नमस्ते दुनिया",
        "👨‍👩‍👧‍👦 family 🏳️‍🌈 🇯🇵",
        "Ελληνικά · Հայերեն · ქართული · አማርኛ",
        "漢字汉字한국어ひらがな",
    };
    struct leaderboard_view *view = sample_view(0, 10);
    for (size_t i = 0; i < 10; i++) {
        view->rows[i].name = names[i];
        view->rows[i].rank = (int64_t)(i < 2 ? 1 : i * i * i * i * i * 2);
        view->rows[i].seconds = (int64_t)(10 - i) * (10 - i) * (10 - i) * (10 - i) * (10 - i) * 100;
        if (i % 3 == 0) {
            image_destroy((struct image *)(uintptr_t)view->rows[i].avatar);
            view->rows[i].avatar = NULL;
        }
    }
    image_destroy((struct image *)(uintptr_t)view->icon);
    view->icon = NULL;
    view->server = "An uncommonly long name of a server that nobody ever types";
    view->range = "Past 24 hours · 21 Nov 15:04 – 22 Nov 15:04 UTC";
    view->first_seconds = view->rows[0].seconds;
    view->total_seconds = INT64_C(123456789) * 60;
    view->members = 1234567;
    view->caller_without_time = true;
    return view;
}

static struct leaderboard_view *caller_second(void)
{
    struct leaderboard_view *view = sample_view(0, 3);
    view->caller_below = false;
    view->rows[1].caller = true;
    view->in_voice = 0;
    return view;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void measure(void)
{
    enum { TURNS = 200 };
    struct leaderboard_view *view = sample_view(0, 10);
    double ms[TURNS];
    for (int i = 0; i < TURNS; i++) {
        const double start = now_ms();
        struct picture card = leaderboard_render(view);
        ms[i] = now_ms() - start;
        free(card.bytes);
    }
    printf("draw + JPEG: first %.2f ms", ms[0]);
    qsort(ms, TURNS, sizeof(*ms), compare);
    printf(", then median %.2f ms, p90 %.2f ms of CPU\n", ms[TURNS / 2], ms[TURNS * 9 / 10]);
    sample_free(view);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    const double start = now_ms();
    if (!render_init("render/fonts.conf"))
        return 1;
    printf("render_init: %.2f ms\n", now_ms() - start);
    measure();
    write_card(argv[1], "leaderboard", sample_view(0, 10));
    write_card(argv[1], "leaderboard-page2", sample_view(10, 10));
    write_card(argv[1], "leaderboard-3", sample_view(0, 3));
    write_card(argv[1], "leaderboard-1", sample_view(0, 1));
    write_card(argv[1], "leaderboard-caller-second", caller_second());
    write_card(argv[1], "leaderboard-odd-names", odd_names());
    render_finish();
    return 0;
}
