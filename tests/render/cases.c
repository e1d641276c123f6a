#include "tests/render/cases.h"

#include "tests/render/sample.h"
#include "tests/render/sample_chart.h"

#include <stdlib.h>

/* Leaderboards --------------------------------------------------------------------------------------------- */

/* Gives the view back. */
static struct picture board(struct leaderboard_view *view)
{
    const struct picture card = leaderboard_render(view);
    sample_free(view);
    return card;
}

static struct picture leaderboard(void)
{
    return board(sample_view(0, 10));
}

static struct picture leaderboard_page2(void)
{
    return board(sample_view(10, 10));
}

/* The caller is not on the page: a row of their own below. */
static struct picture leaderboard_3(void)
{
    return board(sample_view(0, 3));
}

static struct picture leaderboard_1(void)
{
    struct leaderboard_view *view = sample_view(0, 1);
    view->caller_below = false;
    view->rows[0].caller = true;
    view->total_seconds = view->rows[0].seconds;
    view->members = view->in_voice = 1;
    return board(view);
}

static struct picture leaderboard_caller_second(void)
{
    struct leaderboard_view *view = sample_view(0, 3);
    view->caller_below = false;
    view->rows[1].caller = true;
    return board(view);
}

static struct picture leaderboard_caller_without_time(void)
{
    struct leaderboard_view *view = sample_view(0, 3);
    view->caller_below = false;
    view->you = "You: no voice time this month";
    return board(view);
}

/* Initials, of which one is far wider than others, and the longest footer. */
static struct picture leaderboard_no_avatars(void)
{
    struct leaderboard_view *view = sample_view(0, 10);
    view->rows[6].name = "﷽﷽﷽﷽";
    for (size_t i = 0; i < view->n_rows; i++) {
        sample_drop(&view->rows[i].avatar);
        view->rows[i].live = false;
    }
    sample_drop(&view->icon);
    view->in_voice = 0;
    view->not_counting = "Not counting since 22 Nov 10:14 UTC";
    view->you = "You: no voice time in the past 24 hours";
    return board(view);
}

static struct picture leaderboard_ties(void)
{
    static const int64_t ranks[] = {1, 1, 1, 1, 5, 5, 5};
    struct leaderboard_view *view = sample_view(0, 7);
    view->rows[SAMPLE_CALLER].caller = true;
    for (size_t i = 0; i < view->n_rows; i++) {
        view->rows[i].rank = ranks[i];
        view->rows[i].seconds = view->rows[ranks[i] - 1].seconds;
    }
    return board(view);
}

static struct leaderboard_view *named(const char *const names[LEADERBOARD_ROWS])
{
    struct leaderboard_view *view = sample_view(0, LEADERBOARD_ROWS);
    for (size_t i = 0; i < LEADERBOARD_ROWS; i++)
        view->rows[i].name = names[i];
    return view;
}

static struct picture leaderboard_scripts(void)
{
    static const char *const names[LEADERBOARD_ROWS] = {
        "Łódź Đặng Ñandú Žižek",
        "漢字汉字한국어ひらがな",
        "مرحبا 123 بكم",
        "שלום עולם abc",
        "สวัสดีชาวโลก · नमस्ते दुनिया",
        "Ελληνικά · Հայերեն · ქართული",
        "አማርኛ · ភាសាខ្មែរ · မြန်မာ",
        "বাংলা தமிழ் తెలుగు ಕನ್ನಡ മലയാളം",
        "👨‍👩‍👧‍👦 family 🏳️‍🌈 🇯🇵 1️⃣",
        "𝓢𝓹𝓪𝓬𝓮 𝔻𝕦𝕤𝕥 ☆彡 ꧁༺ ༻꧂",
    };
    return board(named(names));
}

/* Whatever is too long, too large, or meant to break something. */
static struct picture leaderboard_odd(void)
{
    static const char *const names[LEADERBOARD_ROWS] = {
        "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
        "ก็็็็็็็็็็็ Zͩͪͫa̸̧̡̛͚̪̗͖̰̘̋̃̎̽̌͂͘l̶̢̛̰̱̺͙̙̰͌̈́̽̋̌͘g̸̨̛̩͓̺̭̹̬̎̏̑̈́̂͘o กุุุุุุุุุุุุ",
        "مرحبا بكم في هذه الغرفة الصوتية الطويلة جدا جدا جدا",
        "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
        "",
        "line\none\ttwo \xE2\x80\xAEreversed \xFF\xFE end",
        "**bold** _it_ ~~no~~ `code` <@1> @everyone",
        "夜更かしのタカシ夜更かしのタカシ夜更かしのタカシ夜更かしのタカシ",
        "꧅꧅꧅꧅ ﷽",
        "i",
    };
    struct leaderboard_view *view = named(names);
    for (size_t i = 0; i < view->n_rows; i++) {
        const int64_t n = 10 - (int64_t)i;
        view->rows[i].seconds = n * n * n * n * n * 100;
        view->rows[i].rank = i < 3 ? (int64_t)i + 1 : (int64_t)(i * i * i * i * i * 2);
        if (i % 3 == 0)
            sample_drop(&view->rows[i].avatar);
    }
    view->server = "An uncommonly long name of a server that nobody ever types";
    view->range = "Past 24 hours · 21 Nov 15:04 – 22 Nov 15:04 UTC";
    view->first_seconds = view->rows[0].seconds;
    view->total_seconds = INT64_C(123456789) * 60;
    view->members = 1234567;
    return board(view);
}

/* Partners ------------------------------------------------------------------------------------------------- */

/* Gives the view back. */
static struct picture shared(struct partners_view *view)
{
    const struct picture card = partners_render(view);
    sample_partners_free(view);
    return card;
}

static struct picture partners(void)
{
    return shared(sample_partners(0, 10));
}

static struct picture partners_page2(void)
{
    return shared(sample_partners(10, 9));
}

/* Always together. */
static struct picture partners_1(void)
{
    struct partners_view *view = sample_partners(0, 1);
    view->partners = 1;
    view->own_seconds = view->first_seconds;
    return shared(view);
}

static struct picture partners_long_name(void)
{
    struct partners_view *view = sample_partners(0, 3);
    view->name = "Samwise the Unreasonably Patient Gardener of Lower Fernhill";
    return shared(view);
}

/* Initials; times from seconds to centuries; many scripts on both sides. */
static struct picture partners_odd(void)
{
    static const char *const names[PARTNERS_ROWS] = {
        "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
        "مرحبا بكم في هذه الغرفة الصوتية الطويلة جدا جدا جدا",
        "Z̷̢̛̺͔̲̻̮͍͉̏̋͗͂̈́͆͝a̸̧̡̛͚̪̗͖̰̘̋̃̎̽̌͂͘l̶̢̛̰̱̺͙̙̰͌̈́̽̋̌͘g̸̨̛̩͓̺̭̹̬̎̏̑̈́̂͘o̵̢̨͍̩̬͕̙̎̽̏̄̋̕",
        "שלום עולם abc",
        "𝓢𝓹𝓪𝓬𝓮 𝔻𝕦𝕤𝕥 ☆彡 ꧁༺ ༻꧂",
        "line\none\ttwo \xE2\x80\xAEreversed \xFF\xFE end",
        "สวัสดีชาวโลก · नमस्ते दुनिया",
        "👨‍👩‍👧‍👦 family 🏳️‍🌈 🇯🇵",
        "Ελληνικά · Հայերեն · ქართული",
        "",
    };
    struct partners_view *view = sample_partners(0, PARTNERS_ROWS);
    int64_t seconds = INT64_C(36000000000);
    view->own_seconds = view->first_seconds = seconds;
    for (size_t i = 0; i < PARTNERS_ROWS; i++, seconds /= 10) {
        sample_drop(&view->rows[i].avatar);
        view->rows[i].name = names[i];
        view->rows[i].position = (int64_t)(i * i * i * i * i + 1);
        view->rows[i].seconds = seconds;
    }
    sample_drop(&view->avatar);
    sample_drop(&view->small_avatar);
    view->name = "مرحبا بكم في هذه الغرفة the Unreasonably Patient Gardener of Lower Fernhill";
    view->server = "An uncommonly long name of a server that nobody ever types";
    view->partners = 1234567;
    return shared(view);
}

/* Years ------------------------------------------------------------------------------------------------------ */

/* Gives the view back. */
static struct picture year(struct grid_view *view)
{
    const struct picture card = grid_render(view);
    sample_grid_free(view);
    return card;
}

static struct picture grid_member(void)
{
    return year(sample_member_grid());
}

static struct picture grid_server(void)
{
    return year(sample_server_grid());
}

/* A long name, a streak of over a year, one time on all days. */
static struct picture grid_every_day(void)
{
    struct grid_view *view = sample_member_grid();
    for (size_t i = 0; i < GRID_DAYS; i++)
        view->values[i] = 28 * 60;
    view->head.name = "Bartholomew “Captain of the Midnight Watch” Higginbotham";
    sample_sum_up(&view->head, SAMPLE_TODAY, view->values, GRID_DAYS);
    view->head.streak_days = 1234;
    view->head.streak_since = SAMPLE_TODAY - 1233;
    return year(view);
}

/* One day; until a Monday on which a month has its first week, over a 29 February; an initial. */
static struct picture grid_one_day(void)
{
    struct grid_view *view = sample_member_grid();
    for (size_t i = 0; i < GRID_DAYS; i++)
        view->values[i] = 0;
    sample_drop(&view->head.image);
    view->first_day = 21249 - GRID_DAYS + 1; /* today is 6 Mar 2028 */
    view->values[180] = 2 * 3600;
    view->head.name = "夜更かしのタカシ";
    view->head.range = "365 days · 8 Mar 2027 – 6 Mar 2028 UTC";
    sample_sum_up(&view->head, 21249, view->values, GRID_DAYS);
    return year(view);
}

static struct picture grid_members(void)
{
    struct grid_view *view = sample_server_grid();
    view->unit = STATS_MEMBERS;
    for (size_t i = 0; i < GRID_DAYS; i++)
        view->values[i] /= 1800;
    view->head.peak_members = view->head.peak_total;
    view->head.peak_members.value /= 1800;
    view->head.subtitle = "Unique members per day";
    return year(view);
}

static struct picture grid_odd(void)
{
    struct grid_view *view = sample_server_grid();
    for (size_t i = 0; i < GRID_DAYS; i++)
        view->values[i] = INT64_MAX / 1000 * (int64_t)i;
    sample_drop(&view->head.image);
    view->head.name = "مرحبا بكم في هذه الغرفة the Unreasonably Patient Gardener of Lower Fernhill";
    view->head.subtitle = "Average per member per day";
    view->head.total_seconds = view->head.average_seconds = INT64_MAX;
    view->head.unique_members = 123456789;
    view->head.peak_total.value = INT64_C(123456789) * 60;
    view->head.peak_members.value = 1234567;
    view->head.peak_average.value = 0;
    return year(view);
}

/* Charts --------------------------------------------------------------------------------------------------- */

/* Gives the view back. */
static struct picture chart(struct chart_view *view)
{
    const struct picture card = chart_render(view);
    sample_chart_free(view);
    return card;
}

static struct picture chart_hourly(void)
{
    return chart(sample_chart(CHART_HOURLY));
}

static struct picture chart_weekly(void)
{
    return chart(sample_chart(CHART_WEEKLY));
}

static struct picture chart_monthly(void)
{
    return chart(sample_chart(CHART_MONTHLY));
}

/* Tens of thousands of members, few of them in the day that has only begun, and of months the shortest. */
static struct picture chart_members(void)
{
    static const size_t lengths[CHART_SERIES] = {22, 31, 28, 29};
    struct chart_view *view = sample_chart(CHART_MONTHLY);
    view->unit = STATS_MEMBERS;
    view->head.subtitle = "Unique members per day";
    for (size_t k = 0; k < CHART_SERIES; k++) {
        struct chart_series *series = &view->series[k];
        series->n = lengths[k];
        for (size_t i = 0; i < series->n; i++)
            series->values[i] /= 10;
    }
    view->series[0].values[21] = 240;
    view->head.unique_members = 61234;
    view->head.peak_members = (struct stats_peak){SAMPLE_TODAY - 1, 3510 * 6};
    return chart(view);
}

/* A month's first day, after equal days and a month without time. */
static struct picture chart_first_slot(void)
{
    struct chart_view *view = sample_chart(CHART_MONTHLY);
    view->series[0].n = 1;
    view->n_over = 0;
    for (size_t i = 0; i < CHART_SLOTS; i++) {
        view->series[1].values[i] = 12 * 3600;
        view->series[3].values[i] = 0;
    }
    return chart(view);
}

/* The last slot without time, figures beyond all bounds, and a legend that is too long. */
static struct picture chart_odd(void)
{
    struct chart_view *view = sample_chart(CHART_WEEKLY);
    view->head.of_member = false;
    view->head.name = "An uncommonly long name of a server that nobody ever types";
    view->head.total_seconds = INT64_C(123456789) * 60;
    view->series[0] = (struct chart_series){.label = "The present week", .short_label = "This week", .n = 7};
    view->n_over = 6;
    for (size_t k = 1; k < CHART_SERIES; k++) {
        view->series[k].label = "28 September – 4 October";
        for (size_t i = 0; i < view->series[k].n; i++)
            view->series[k].values[i] *= 123456;
    }
    return chart(view);
}

const struct card_case CARD_CASES[] = {
    {"leaderboard.jpg", leaderboard},
    {"leaderboard-page2.jpg", leaderboard_page2},
    {"leaderboard-3.jpg", leaderboard_3},
    {"leaderboard-1.jpg", leaderboard_1},
    {"leaderboard-caller-second.jpg", leaderboard_caller_second},
    {"leaderboard-caller-without-time.jpg", leaderboard_caller_without_time},
    {"leaderboard-no-avatars.jpg", leaderboard_no_avatars},
    {"leaderboard-ties.jpg", leaderboard_ties},
    {"leaderboard-scripts.jpg", leaderboard_scripts},
    {"leaderboard-odd.jpg", leaderboard_odd},
    {"partners.jpg", partners},
    {"partners-page2.jpg", partners_page2},
    {"partners-1.jpg", partners_1},
    {"partners-long-name.jpg", partners_long_name},
    {"partners-odd.jpg", partners_odd},
    {"grid-member.png", grid_member},
    {"grid-server.png", grid_server},
    {"grid-every-day.png", grid_every_day},
    {"grid-one-day.png", grid_one_day},
    {"grid-members.png", grid_members},
    {"grid-odd.png", grid_odd},
    {"chart-hourly.png", chart_hourly},
    {"chart-weekly.png", chart_weekly},
    {"chart-monthly.png", chart_monthly},
    {"chart-members.png", chart_members},
    {"chart-first-slot.png", chart_first_slot},
    {"chart-odd.png", chart_odd},
    {0},
};
