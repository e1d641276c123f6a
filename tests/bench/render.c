/*
 * What cards cost, drawn and encoded as the handler does it: each with names and figures that no card before it had.
 * Times are of CPU, those of pango's threads too.
 *
 *     render FONTS          a line of JSON for each kind of card, for avatars, and for the memory that cards leave
 *     render FONTS first    the start of a process: its fonts, its first card and the one after it
 */
#include "render/render.h"
#include "infra/mem.h"
#include "render/chart.h"
#include "render/grid.h"
#include "render/image_codec.h"
#include "render/leaderboard.h"
#include "render/partners.h"
#include "tests/render/sample.h"
#include "tests/render/sample_chart.h"

#include <glib.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TURNS = 1000, PORTRAITS = 32, ROWS = LEADERBOARD_ROWS, CDN_SIZE = 128 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double resident_mb(void)
{
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (!statm || fscanf(statm, "%*d %ld", &pages) != 1)
        abort();
    fclose(statm);
    return (double)(pages * sysconf(_SC_PAGESIZE)) / 1e6;
}

/* Members -------------------------------------------------------------------------------------------------- */

/* From 0 to n - 1, the same ones in every run. */
static unsigned random_below(unsigned n)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005 + 1442695040888963407;
    return (unsigned)((state >> 32) * n >> 32);
}

/* A row's name: letters of one script, and where last is not 0, one of 64 at its end. */
static const struct script {
    unsigned from, to, last;
    unsigned least, most; /* letters */
} SCRIPTS[ROWS] = {
    {'a', 'z', 0, 5, 14},       {0x3041, 0x3093, 0, 3, 9}, {'a', 'z', 0x1F600, 4, 12},
    {0x0627, 0x063A, 0, 4, 11}, {'a', 'z', 0, 20, 50},     {0x0430, 0x044F, 0, 4, 14},
    {'a', 'z', 0, 4, 12},       {0xAC00, 0xD7A3, 0, 2, 6}, {'a', 'z', 0x1F400, 6, 14},
    {0x4E00, 0x9FA5, 0, 2, 6},
};

static char names[ROWS][256];

static void make_names(void)
{
    for (size_t row = 0; row < ROWS; row++) {
        const struct script *script = &SCRIPTS[row];
        char *end = names[row];
        for (unsigned n = script->least + random_below(script->most - script->least + 1); n > 0; n--) {
            const double t = random_below(1000) / 1000.; /* squared: few letters are met often */
            end += g_unichar_to_utf8(script->from + (unsigned)(t * t * (script->to - script->from + 1)), end);
        }
        if (script->last)
            end += g_unichar_to_utf8(script->last + random_below(64), end);
        *end = '\0';
    }
}

/* As detailed as a photograph: waves, and grain. */
static cairo_surface_t *make_photograph(void)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, CDN_SIZE, CDN_SIZE);
    uint32_t *pixel = (uint32_t *)(void *)cairo_image_surface_get_data(surface);
    const double fast = .1 + random_below(30) / 100., turn = random_below(628) / 100.;
    for (int y = 0; y < CDN_SIZE; y++)
        for (int x = 0; x < CDN_SIZE; x++, pixel++)
            for (int shift = 0; shift < 24; shift += 8) {
                const double wave =
                    sin(fast * (x * cos(turn) + y * sin(turn)) + shift) + sin(.05 * (x + y + shift));
                *pixel |= (uint32_t)(120 + 50 * wave + random_below(12)) << shift;
            }
    cairo_surface_mark_dirty(surface);
    return surface;
}

static cairo_status_t append(void *buffer, const unsigned char *bytes, unsigned n)
{
    buffer_append(buffer, bytes, n);
    return CAIRO_STATUS_SUCCESS;
}

/* Of each size that cards draw. */
static const int SIZES[] = {AVATAR_SIZE,          AVATAR_SIZE_FIRST,
                            PARTNERS_AVATAR_SIZE, PARTNERS_AVATAR_SIZE_FIRST,
                            PARTNERS_MEMBER_SIZE, STATS_AVATAR_SIZE};
enum { N_SIZES = sizeof(SIZES) / sizeof(*SIZES) };
static struct image *portraits[PORTRAITS][N_SIZES];

static void make_portraits(void)
{
    for (size_t i = 0; i < PORTRAITS; i++) {
        cairo_surface_t *photograph = make_photograph();
        struct buffer file = {0};
        cairo_surface_write_to_png_stream(photograph, append, &file);
        for (size_t k = 0; k < N_SIZES; k++)
            portraits[i][k] = image_decode(file.data, file.len, SIZES[k]);
        buffer_finish(&file);
        cairo_surface_destroy(photograph);
    }
}

static const struct image *any_portrait(int size)
{
    size_t i = 0;
    while (SIZES[i] != size)
        i++;
    return portraits[random_below(PORTRAITS)][i];
}

/* Cards ---------------------------------------------------------------------------------------------------- */

/* The encoders stand between a card and its bytes: they tell what part of the time is theirs, and how long cairo's own
 * PNG of the same card takes where that is asked. */
static double encode_ms, plain_ms;
static bool plain_too;

struct picture __real_image_to_jpeg(cairo_surface_t *surface);
struct picture __real_image_to_png(cairo_surface_t *surface);
struct picture __wrap_image_to_jpeg(cairo_surface_t *surface);
struct picture __wrap_image_to_png(cairo_surface_t *surface);

static struct picture timed(struct picture (*encode)(cairo_surface_t *surface), cairo_surface_t *surface)
{
    const double start = now_ms();
    const struct picture picture = encode(surface);
    encode_ms = now_ms() - start;
    if (plain_too) {
        struct buffer png = {0};
        cairo_surface_write_to_png_stream(surface, append, &png);
        plain_ms = now_ms() - start - encode_ms;
        buffer_finish(&png);
    }
    return picture;
}

struct picture __wrap_image_to_jpeg(cairo_surface_t *surface)
{
    return timed(__real_image_to_jpeg, surface);
}

struct picture __wrap_image_to_png(cairo_surface_t *surface)
{
    return timed(__real_image_to_png, surface);
}

static struct leaderboard_view *board;
static struct partners_view *partners;
static struct grid_view *year;
static struct chart_view *months, *hours;

static void make_views(void)
{
    board = sample_view(0, ROWS);
    partners = sample_partners(0, ROWS);
    year = sample_member_grid();
    months = sample_chart(CHART_MONTHLY);
    hours = sample_chart(CHART_HOURLY);
    for (size_t row = 0; row < ROWS; row++) {
        sample_drop(&board->rows[row].avatar);
        sample_drop(&partners->rows[row].avatar);
    }
}

static void free_views(void)
{
    for (size_t row = 0; row < ROWS; row++)
        board->rows[row].avatar = partners->rows[row].avatar = NULL; /* any_portrait()'s */
    sample_free(board);
    sample_partners_free(partners);
    sample_grid_free(year);
    sample_chart_free(months);
    sample_chart_free(hours);
}

/* The rows' durations, falling. */
static int64_t make_seconds(size_t row)
{
    return (int64_t)(ROWS - row) * 36000 + random_below(36000);
}

static struct picture draw_leaderboard(void)
{
    make_names();
    for (size_t row = 0; row < ROWS; row++) {
        struct leaderboard_row *to = &board->rows[row];
        to->name = names[row];
        to->seconds = make_seconds(row);
        to->user_id = random_below(1u << 30);
        to->live = random_below(3) == 0;
        to->avatar = any_portrait(row < 3 ? AVATAR_SIZE_FIRST : AVATAR_SIZE);
    }
    board->first_seconds = board->rows[0].seconds;
    board->total_seconds = random_below(100000000);
    return leaderboard_render(board);
}

static struct picture draw_partners(void)
{
    make_names();
    for (size_t row = 0; row < ROWS; row++) {
        struct partners_row *to = &partners->rows[row];
        to->name = names[row];
        to->seconds = make_seconds(row);
        to->avatar = any_portrait(row == 0 ? PARTNERS_AVATAR_SIZE_FIRST : PARTNERS_AVATAR_SIZE);
    }
    partners->first_seconds = partners->rows[0].seconds;
    partners->own_seconds = partners->first_seconds + random_below(100000);
    return partners_render(partners);
}

static void make_head(struct stats_head *head)
{
    make_names();
    head->name = names[random_below(ROWS)];
    head->total_seconds = random_below(10000000);
    head->average_seconds = random_below(30000);
    head->unique_members = random_below(1000);
    struct stats_peak *const peaks[] = {&head->most_active, &head->peak_total, &head->peak_members,
                                        &head->peak_average};
    for (size_t i = 0; i < sizeof(peaks) / sizeof(*peaks); i++)
        *peaks[i] = (struct stats_peak){SAMPLE_TODAY - random_below(365), random_below(1000000)};
}

static struct picture draw_grid(void)
{
    make_head(&year->head);
    for (int i = 0; i < GRID_DAYS; i++)
        year->values[i] = random_below(2) * random_below(40000);
    return grid_render(year);
}

/* Curves that go up and down as those of people do. */
static struct picture draw_chart(struct chart_view *view, unsigned most)
{
    make_head(&view->head);
    for (size_t k = 0; k < CHART_SERIES; k++) {
        struct chart_series *series = &view->series[k];
        for (size_t i = 0; i < series->n; i++)
            series->values[i] = (int64_t)(most / 2 * (1 + sin((double)i))) / 2 + random_below(most / 2);
    }
    return chart_render(view);
}

static struct picture draw_months(void)
{
    return draw_chart(months, 200000);
}

static struct picture draw_hours(void)
{
    return draw_chart(hours, 3600);
}

static const struct card {
    const char *name;
    struct picture (*draw)(void);
} CARDS[] = {
    {"leaderboard", draw_leaderboard}, {"partners", draw_partners},  {"grid", draw_grid},
    {"chart, months", draw_months},    {"chart, hours", draw_hours},
};
enum { N_CARDS = sizeof(CARDS) / sizeof(*CARDS) };

/* Measuring ------------------------------------------------------------------------------------------------ */

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double times[TURNS], double q)
{
    qsort(times, TURNS, sizeof(*times), by_size);
    return times[(size_t)ceil(q * TURNS) - 1];
}

static void measure_card(const struct card *card)
{
    double whole[TURNS], encode[TURNS], draw[TURNS];
    size_t bytes = 0;
    for (int i = 0; i < TURNS; i++) {
        const double start = now_ms();
        struct picture picture = card->draw();
        whole[i] = now_ms() - start;
        encode[i] = encode_ms;
        draw[i] = whole[i] - encode_ms;
        bytes += picture.len;
        free(picture.bytes);
    }
    plain_too = true;
    free(card->draw().bytes);
    plain_too = false;
    printf("{\"name\": \"%s\", \"n\": %d, \"p50\": %.3f, \"p99\": %.3f, \"draw\": %.3f, \"encode\": %.3f, "
           "\"bytes\": %zu, \"plain\": %.3f}\n",
           card->name, TURNS, quantile(whole, .5), quantile(whole, .99), quantile(draw, .5),
           quantile(encode, .5), bytes / TURNS, plain_ms);
}

static void measure_avatars(void)
{
    double png[TURNS], jpeg[TURNS];
    for (int i = 0; i < TURNS; i++) {
        cairo_surface_t *photograph = make_photograph();
        struct buffer file = {0};
        cairo_surface_write_to_png_stream(photograph, append, &file);
        double start = now_ms();
        image_destroy(image_decode(file.data, file.len, AVATAR_SIZE));
        png[i] = now_ms() - start;
        buffer_finish(&file);

        const struct picture other = __real_image_to_jpeg(photograph);
        start = now_ms();
        image_destroy(image_decode(other.bytes, other.len, AVATAR_SIZE));
        jpeg[i] = now_ms() - start;
        free(other.bytes);
        cairo_surface_destroy(photograph);
    }
    printf("{\"name\": \"avatars\", \"n\": %d, \"png\": %.3f, \"jpeg\": %.3f}\n", TURNS, quantile(png, .5),
           quantile(jpeg, .5));
}

static void draw_all(int turns)
{
    for (int i = 0; i < turns; i++)
        for (size_t k = 0; k < N_CARDS; k++)
            free(CARDS[k].draw().bytes);
}

static void measure_memory(void)
{
    const double warm = resident_mb();
    draw_all(1000 / N_CARDS);
    const double after = resident_mb();
    draw_all(1000 / N_CARDS);
    printf("{\"name\": \"memory\", \"n\": 1000, \"warm\": %.1f, \"first\": %.2f, \"next\": %.2f}\n", warm,
           after - warm, resident_mb() - after);
}

static void measure_first(double start_ms)
{
    const double before = resident_mb(), start = now_ms();
    free(draw_leaderboard().bytes);
    const double first = now_ms();
    free(draw_leaderboard().bytes);
    printf("{\"name\": \"first\", \"fonts\": %.3f, \"card\": %.3f, \"second\": %.3f, \"mb\": %.1f}\n", start_ms,
           first - start, now_ms() - first, before);
}

int main(int argc, char **argv)
{
    const double start = now_ms();
    if (argc < 2 || !render_init(argv[1]))
        return 1;
    const double started = now_ms() - start;
    make_portraits();
    make_views();
    if (argc > 2 && strcmp(argv[2], "first") == 0) {
        measure_first(started);
    } else {
        measure_avatars();
        for (size_t i = 0; i < N_CARDS; i++)
            measure_card(&CARDS[i]);
        measure_memory();
    }
    free_views();
    for (size_t i = 0; i < PORTRAITS; i++)
        for (size_t k = 0; k < N_SIZES; k++)
            image_destroy(portraits[i][k]);
    render_finish();
    return 0;
}
