#include "tests/render/sample.h"

#include "infra/mem.h"
#include "render/canvas.h"

#include <stdbool.h>
#include <stdlib.h>

struct portrait {
    unsigned from, to, hair; /* 0xRRGGBB; from 0: no picture */
};

struct member {
    const char *name;
    int minutes;
    bool live;
    struct portrait portrait;
};

static const struct member MEMBERS[SAMPLE_MEMBERS] = {
    {"Mira Kovač", 61 * 60 + 42, true, {0xF8C9A4, 0xE8856F, 0x5E2A33}},
    {"夜更かしのタカシ", 54 * 60 + 18, true, {0x7C9CF0, 0x4B53B8, 0x16181F}},
    {"Bartholomew “Captain of the Midnight Watch” Higginbotham",
     49 * 60 + 5,
     false,
     {0x8FD0A8, 0x3F8F73, 0x9A5426}},
    {"نورا الحربي", 38 * 60 + 51, false, {0xF2D3E4, 0xB77CC7, 0x56389A}},
    {"pixel.fox 🦊✨", 35 * 60 + 27, true, {0xFFD9A0, 0xF08A4B, 0xE05A1E}},
    {"Ann", 32 * 60 + 5, true, {0xB5DFF7, 0x5A9BD8, 0xC5532B}},
    {"Tomás Oliveira", 27 * 60 + 44, false, {0xFFD27A, 0xEE8E3C, 0x241A1C}},
    {"이서연 · seoyeon", 21 * 60 + 9, false, {0xDDEBC0, 0x86B86A, 0x2A1D26}},
    {"Юлия", 15 * 60 + 36, false, {0xDCD0F5, 0x8F79D6, 0xE5B85C}},
    {"dex_0", 9 * 60 + 12, false, {0x20262F, 0x12161C, 0x6BF0C2}},
    {"mochi 🐈‍⬛", 8 * 60 + 58, false, {0xFAC7DC, 0xE88BB0, 0x3A3440}},
    {"Kwame", 8 * 60 + 31, false, {0}},
    {"luna nocturna", 7 * 60 + 50, true, {0x1E2A5A, 0x0E1533, 0xFFE3A8}},
    {"Leo Brandt", 7 * 60 + 22, false, {0xBFD8EC, 0x7298BE, 0x1B1513}},
    {"Ivy 🌿", 6 * 60 + 47, false, {0xBFE8D2, 0x4FA487, 0x1F2A26}},
    {"sunset.wav", 6 * 60 + 3, false, {0xFF9A76, 0xFF6B81, 0x5B2E6E}},
    {"ravi_kumar", 5 * 60 + 38, false, {0}},
    {"Samwise the Unreasonably Patient Gardener of Lower Fernhill",
     5 * 60 + 1,
     false,
     {0xEBD9B4, 0xBE9458, 0x35251C}},
    {"mélodie", 4 * 60 + 29, false, {0}},
    {"オリバー", 4 * 60 + 6, false, {0}},
};

enum { SIDE = 128 };

/* A gradient to paint on, 100 × 100. */
static cairo_t *start_painting(unsigned from, unsigned to)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, SIDE, SIDE);
    cairo_t *cr = cairo_create(surface);
    cairo_surface_destroy(surface); /* cr holds it */
    cairo_scale(cr, SIDE / 100., SIDE / 100.);
    canvas_gradient(cr, 0, 0, 100, 100, from, to);
    cairo_paint(cr);
    return cr;
}

static cairo_t *paint_head(const struct portrait *portrait)
{
    cairo_t *cr = start_painting(portrait->from, portrait->to);
    canvas_colour(cr, portrait->hair, 1);
    canvas_disc(cr, 50, 46, 27);
    cairo_fill(cr);
    canvas_colour(cr, 0xF3CDB2, 1);
    canvas_disc(cr, 50, 54, 20);
    cairo_rectangle(cr, 42, 66, 16, 20);
    cairo_fill(cr);
    canvas_colour(cr, 0x2E3F66, 1);
    canvas_disc(cr, 50, 118, 38);
    cairo_fill(cr);
    canvas_colour(cr, 0x20242C, 1);
    canvas_disc(cr, 43, 53, 2.5);
    canvas_disc(cr, 57, 53, 2.5);
    cairo_fill(cr);
    return cr;
}

static cairo_t *paint_lantern(void)
{
    cairo_t *cr = start_painting(0x4A3180, 0xF08A5B);
    canvas_colour(cr, 0xFFE7C2, 1);
    canvas_box(cr, 34, 14, 32, 5, 2.5);
    canvas_box(cr, 47.5, 16, 5, 14, 0);
    canvas_box(cr, 26, 27, 48, 55, 9);
    cairo_fill(cr);
    canvas_colour(cr, 0xF3A24E, 1);
    canvas_box(cr, 36, 39, 28, 31, 3);
    cairo_fill(cr);
    canvas_colour(cr, 0xFFF6E3, 1);
    canvas_disc(cr, 50, 57, 6.5);
    cairo_fill(cr);
    cairo_move_to(cr, 44, 54.5);
    cairo_line_to(cr, 50, 43);
    cairo_line_to(cr, 56, 54.5);
    cairo_fill(cr);
    return cr;
}

static cairo_status_t append(void *buffer, const unsigned char *bytes, unsigned n)
{
    buffer_append(buffer, bytes, n);
    return CAIRO_STATUS_SUCCESS;
}

/* Ends the painting. */
static struct image *image_of(cairo_t *painting, int size)
{
    struct buffer png = {0};
    cairo_surface_write_to_png_stream(cairo_get_target(painting), append, &png);
    cairo_destroy(painting);
    struct image *image = image_decode(png.data, png.len, size);
    buffer_finish(&png);
    return image;
}

struct image *sample_avatar(size_t member, int size)
{
    const struct portrait *portrait = &MEMBERS[member].portrait;
    return portrait->from ? image_of(paint_head(portrait), size) : NULL;
}

struct image *sample_icon(int size)
{
    return image_of(paint_lantern(), size);
}

static struct leaderboard_row row_of(size_t i)
{
    const struct member *member = &MEMBERS[i];
    return (struct leaderboard_row){
        .rank = (int64_t)i + 1,
        .user_id = (uint64_t)i << 22,
        .name = member->name,
        .seconds = member->minutes * INT64_C(60) + 59,
        .live = member->live,
        .caller = i == SAMPLE_CALLER,
        .avatar = sample_avatar(i, i < 3 ? AVATAR_SIZE_FIRST : AVATAR_SIZE),
    };
}

struct leaderboard_view *sample_view(size_t first, size_t n)
{
    struct leaderboard_view *view = mem_alloc(sizeof(*view));
    *view = (struct leaderboard_view){
        .server = "The Lantern Room",
        .guild_id = 7,
        .icon = sample_icon(ICON_SIZE),
        .range = "This month · 1 – 22 Nov 2026 UTC",
        .total_seconds = (512 * 60 + 20) * 60,
        .members = 214,
        .first_seconds = MEMBERS[0].minutes * INT64_C(60) + 59,
        .n_rows = n,
        .in_voice = 5,
        .first_position = (int64_t)first + 1,
        .last_position = (int64_t)(first + n),
    };
    for (size_t i = 0; i < n; i++)
        view->rows[i] = row_of(first + i);
    view->caller_below = SAMPLE_CALLER < first || SAMPLE_CALLER >= first + n;
    if (view->caller_below)
        view->own = row_of(SAMPLE_CALLER);
    return view;
}

void sample_free(struct leaderboard_view *view)
{
    for (size_t i = 0; i < view->n_rows; i++)
        sample_drop(&view->rows[i].avatar);
    sample_drop(&view->own.avatar);
    sample_drop(&view->icon);
    free(view);
}

static const struct {
    size_t member;
    int minutes; /* together with Ann */
} PARTNERS[SAMPLE_MEMBERS - 1] = {
    {1, 1122}, {0, 910}, {2, 693}, {4, 588}, {3, 380}, {6, 302}, {7, 217}, {8, 135}, {9, 58}, {11, 24},
    {10, 22},  {12, 19}, {13, 14}, {14, 12}, {15, 9},  {16, 8},  {17, 5},  {18, 2},  {19, 0},
};

static struct partners_row partner(size_t place)
{
    const size_t member = PARTNERS[place].member;
    return (struct partners_row){
        .position = (int64_t)place + 1,
        .user_id = (uint64_t)member << 22,
        .name = MEMBERS[member].name,
        .seconds = PARTNERS[place].minutes * INT64_C(60),
        .avatar = sample_avatar(member, place == 0 ? PARTNERS_AVATAR_SIZE_FIRST : PARTNERS_AVATAR_SIZE),
    };
}

struct partners_view *sample_partners(size_t first, size_t n)
{
    const struct member *own = &MEMBERS[SAMPLE_CALLER];
    struct partners_view *view = mem_alloc(sizeof(*view));
    *view = (struct partners_view){
        .server = "The Lantern Room",
        .range = "This month · 1 – 22 Nov 2026 UTC",
        .name = own->name,
        .user_id = SAMPLE_CALLER << 22,
        .avatar = sample_avatar(SAMPLE_CALLER, PARTNERS_MEMBER_SIZE),
        .small_avatar = sample_avatar(SAMPLE_CALLER, PARTNERS_AVATAR_SIZE_FIRST),
        .own_seconds = own->minutes * INT64_C(60),
        .partners = 23,
        .first_seconds = PARTNERS[0].minutes * INT64_C(60),
        .first_page = first == 0,
        .n_rows = n,
    };
    for (size_t i = 0; i < n; i++)
        view->rows[i] = partner(first + i);
    return view;
}

void sample_partners_free(struct partners_view *view)
{
    for (size_t i = 0; i < view->n_rows; i++)
        sample_drop(&view->rows[i].avatar);
    sample_drop(&view->avatar);
    sample_drop(&view->small_avatar);
    free(view);
}

/* Statistics ----------------------------------------------------------------------------------------------- */

struct stats_head sample_member_head(void)
{
    return (struct stats_head){
        .of_member = true,
        .name = MEMBERS[SAMPLE_CALLER].name,
        .id = SAMPLE_CALLER << 22,
        .image = sample_avatar(SAMPLE_CALLER, STATS_AVATAR_SIZE),
        .subtitle = "Voice activity",
        .range = "365 days · 23 Nov 2025 – 22 Nov 2026 UTC",
    };
}

struct stats_head sample_server_head(void)
{
    return (struct stats_head){
        .name = "The Lantern Room",
        .id = 7,
        .image = sample_icon(STATS_ICON_SIZE),
        .subtitle = "Total voice time per day",
        .range = "365 days · 23 Nov 2025 – 22 Nov 2026 UTC",
        .average_seconds = 55 * 60,
        .unique_members = 486,
        .peak_members = {SAMPLE_TODAY - 22, 64},
        .peak_average = {SAMPLE_TODAY - 266, (3 * 60 + 4) * 60},
    };
}

void sample_sum_up(struct stats_head *head, int64_t today, const int64_t *days, size_t n)
{
    struct stats_peak peak = {0};
    head->total_seconds = head->active_days = 0;
    for (size_t i = 0; i < n; i++) {
        head->total_seconds += days[i];
        head->active_days += days[i] > 0;
        if (days[i] > peak.value)
            peak = (struct stats_peak){today - (int64_t)(n - 1 - i), days[i]};
    }
    head->most_active = head->peak_total = peak;
    if (head->of_member)
        head->average_seconds = head->total_seconds / head->active_days;
    head->streak_days = 0;
    while ((size_t)head->streak_days < n && days[n - 1 - (size_t)head->streak_days] > 0)
        head->streak_days++;
    head->streak_since = today - head->streak_days + 1;
}

/* Always the same, from 0 to 99. */
static int64_t random_percent(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return (*state >> 16) % 100;
}

static struct grid_view *year_of(struct stats_head head)
{
    struct grid_view *view = mem_alloc(sizeof(*view));
    *view = (struct grid_view){.head = head, .first_day = SAMPLE_TODAY - GRID_DAYS + 1, .unit = STATS_SECONDS};
    return view;
}

/* Half of the days, more of them at weekends, and a holiday in July. */
struct grid_view *sample_member_grid(void)
{
    struct grid_view *view = year_of(sample_member_head());
    uint32_t state = 1;
    for (int i = 0; i < GRID_DAYS; i++) {
        const int64_t chance = random_percent(&state), length = random_percent(&state);
        const bool weekend = i % 7 == 0 || i >= GRID_DAYS - 12;
        if ((weekend || chance < 50) && (i < 225 || i > 245))
            view->values[i] = (weekend ? 60 : 10) * 60 + length * length;
    }
    sample_sum_up(&view->head, SAMPLE_TODAY, view->values, GRID_DAYS);
    return view;
}

/* It grows. */
struct grid_view *sample_server_grid(void)
{
    struct grid_view *view = year_of(sample_server_head());
    uint32_t state = 2;
    for (int i = 0; i < GRID_DAYS; i++) {
        const int64_t busy = i % 7 == 0 || i % 7 == 6 || i % 7 == 5 ? 15 : 0;
        view->values[i] = (random_percent(&state) + 3 * busy + i / 4) * 600;
    }
    view->values[9] = 0;
    sample_sum_up(&view->head, SAMPLE_TODAY, view->values, GRID_DAYS);
    return view;
}

void sample_grid_free(struct grid_view *view)
{
    sample_drop(&view->head.image);
    free(view);
}

void sample_drop(const struct image **image)
{
    image_destroy((struct image *)(uintptr_t)*image);
    *image = NULL;
}
