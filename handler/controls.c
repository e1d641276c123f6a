#include "handler/controls.h"

#include "handler/components.h"
#include "handler/phrases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "vc1"

enum { MAX_FIELDS = 8 };

/* Fields ------------------------------------------------------------------------------------------------------ */

/* The fields of a custom_id, in a copy of it. */
struct fields {
    char text[DISCORD_CUSTOM_ID_MAX + 1];
    const char *field[MAX_FIELDS];
    size_t n;
};

static bool split(const char *custom_id, struct fields *out)
{
    const size_t len = strlen(custom_id);
    if (len >= sizeof(out->text))
        return false;
    memcpy(out->text, custom_id, len + 1);
    char *rest = out->text;
    for (out->n = 0; out->n < MAX_FIELDS; out->n++) {
        out->field[out->n] = strsep(&rest, ":");
        if (rest == NULL) {
            out->n++;
            return true;
        }
    }
    return false; /* there are more */
}

bool controls_are_of(const char *custom_id, const char *code)
{
    struct fields fields;
    return split(custom_id, &fields) && fields.n >= 2 && strcmp(fields.field[0], VERSION) == 0 &&
           strcmp(fields.field[1], code) == 0;
}

static const char own_page[] = "own";

static bool parse_page(const char *field, int *out)
{
    enum { MAX_DIGITS = 9 };
    if (strcmp(field, own_page) == 0) {
        *out = LEADERBOARD_OWN_PAGE;
        return true;
    }
    const size_t len = strlen(field);
    if (len == 0 || len > MAX_DIGITS || strspn(field, "0123456789") != len)
        return false;
    *out = atoi(field);
    return true;
}

/* The leaderboard --------------------------------------------------------------------------------------------- */

static const char range_control[] = "range";

bool controls_parse_leaderboard(const char *custom_id, const char *value, struct leaderboard_state *out)
{
    struct fields fields;
    if (!split(custom_id, &fields) || fields.n != 5 || !phrases_range_parse(fields.field[3], &out->range) ||
        !parse_page(fields.field[4], &out->page))
        return false;
    if (strcmp(fields.field[2], range_control) != 0)
        return true;
    return value != NULL && phrases_range_parse(value, &out->range);
}

struct custom_id {
    char text[DISCORD_CUSTOM_ID_MAX + 1];
};

static struct custom_id leaderboard_id(const char *control, const struct leaderboard_state *state)
{
    struct custom_id id;
    char page[16] = "own";
    if (state->page != LEADERBOARD_OWN_PAGE)
        snprintf(page, sizeof(page), "%d", state->page);
    snprintf(id.text, sizeof(id.text), VERSION ":" CONTROLS_LEADERBOARD ":%s:%s:%s", control,
             phrases_range_value(state->range), page);
    return id;
}

static void add_range_select(cJSON *rows, enum time_range range)
{
    const struct custom_id id = leaderboard_id(range_control, &(struct leaderboard_state){range, 0});
    cJSON *const options = components_add_select(components_add_row(rows), id.text, "Time range");
    for (enum time_range each = 0; each < N_TIME_RANGES; each++)
        components_add_option(options, phrases_range_value(each), phrases_range_label(each), each == range);
}

/* A button that leads to a page. */
static void add_page_button(cJSON *row, const char *control, const char *label,
                            const struct leaderboard_state *target, bool disabled)
{
    const struct custom_id id = leaderboard_id(control, target);
    components_add_button(row, &(struct component_button){id.text, label, disabled});
}

static void add_page_row(cJSON *rows, const struct leaderboard_state *shown, int n_pages)
{
    const enum time_range range = shown->range;
    const int page = shown->page, last = n_pages - 1;
    char here[64];
    snprintf(here, sizeof(here), "Page %d of %d", page + 1, n_pages);
    cJSON *const row = components_add_row(rows);
    add_page_button(row, "first", "First", &(struct leaderboard_state){range, 0}, page <= 0);
    add_page_button(row, "previous", "Previous", &(struct leaderboard_state){range, page - 1}, page <= 0);
    add_page_button(row, "page", here, shown, true);
    add_page_button(row, "next", "Next", &(struct leaderboard_state){range, page + 1}, page >= last);
    add_page_button(row, "last", "Last", &(struct leaderboard_state){range, last}, page >= last);
}

cJSON *controls_leaderboard(const struct leaderboard_state *shown, int n_pages)
{
    cJSON *const rows = cJSON_CreateArray();
    add_range_select(rows, shown->range);
    add_page_row(rows, shown, n_pages);
    cJSON *const row = components_add_row(rows);
    const struct leaderboard_state own = {shown->range, LEADERBOARD_OWN_PAGE};
    add_page_button(row, "own", "My page", &own, false);
    add_page_button(row, "refresh", "Refresh", shown, false);
    return rows;
}
