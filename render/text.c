#include "render/text.h"

#include "infra/log.h"
#include "infra/mem.h"
#include "render/canvas.h"
#include "render/words.h"

#include <fontconfig/fontconfig.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <stdio.h>
#include <stdlib.h>

static PangoFontMap *font_map;
static PangoContext *context;
static PangoAttrList *attributes; /* of all text */

/* Fonts ---------------------------------------------------------------------------------------------------- */

/* Those that cards cannot do without; fonts.conf names the files. */
static const char *const families[] = {FAMILY,      FAMILY_DISPLAY,    "Noto Sans CJK JP", "Noto Sans Arabic",
                                       "Noto Sans", "Noto Color Emoji"};

static bool has_family(FcConfig *config, const char *family)
{
    FcPattern *const pattern = FcPatternBuild(NULL, FC_FAMILY, FcTypeString, family, (char *)NULL);
    FcObjectSet *const objects = FcObjectSetBuild(FC_FAMILY, (char *)NULL);
    FcFontSet *const found = FcFontList(config, pattern, objects);
    const bool has = found != NULL && found->nfont > 0;
    if (found != NULL)
        FcFontSetDestroy(found);
    FcObjectSetDestroy(objects);
    FcPatternDestroy(pattern);
    return has;
}

static bool load_fonts(FcConfig *config, const char *fonts)
{
    /* fontconfig looks for relative paths in its own directories. */
    char *const path = realpath(fonts, NULL);
    const bool loaded = path != NULL && FcConfigParseAndLoad(config, (const FcChar8 *)path, FcTrue) &&
                        FcConfigBuildFonts(config);
    free(path);
    if (!loaded) {
        log_error("fonts_unreadable", "file=%s", log_quote(fonts));
        return false;
    }
    bool complete = true;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        if (!has_family(config, families[i])) {
            log_error("font_missing", "family=%s file=%s", log_quote(families[i]), log_quote(fonts));
            complete = false;
        }
    }
    return complete;
}

static PangoContext *create_context(void)
{
    PangoContext *const created = pango_font_map_create_context(font_map);
    cairo_font_options_t *const options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(created, options);
    cairo_font_options_destroy(options);
    pango_context_set_round_glyph_positions(created, FALSE);
    /* Else taken from the machine's locale; it decides about fallback fonts. */
    pango_context_set_language(created, pango_language_from_string("en"));
    return created;
}

bool text_init(const char *fonts)
{
    FcConfig *const config = FcConfigCreate();
    if (!load_fonts(config, fonts)) {
        FcConfigDestroy(config);
        return false;
    }
    /* Before the font map: pango would load the system's configuration. */
    FcConfigSetCurrent(config);
    FcConfigDestroy(config);
    font_map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
    context = create_context();
    attributes = pango_attr_list_new();
    pango_attr_list_insert(attributes, pango_attr_font_features_new("tnum"));
    return true;
}

void text_finish(void)
{
    if (font_map == NULL)
        return;
    pango_attr_list_unref(attributes);
    g_object_unref(context);
    g_object_unref(font_map);
    attributes = NULL;
    context = NULL;
    font_map = NULL;
}

/* Lines ---------------------------------------------------------------------------------------------------- */

static PangoLayout *create_layout(const struct type *type, const char *s)
{
    PangoFontDescription *const font = pango_font_description_new();
    pango_font_description_set_family_static(font, type->family);
    pango_font_description_set_weight(font, (PangoWeight)type->weight);
    pango_font_description_set_absolute_size(font, type->size * PANGO_SCALE);
    PangoLayout *const layout = pango_layout_new(context);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_attributes(layout, attributes);
    if (type->spacing > 0) {
        PangoAttrList *const spaced = pango_attr_list_copy(attributes);
        pango_attr_list_insert(spaced, pango_attr_letter_spacing_new((int)lround(type->spacing * PANGO_SCALE)));
        pango_layout_set_attributes(layout, spaced);
        pango_attr_list_unref(spaced);
    }
    pango_layout_set_text(layout, s, -1);
    return layout;
}

static struct text measured(PangoLayout *layout)
{
    PangoLayoutLine *const line = pango_layout_get_line(layout, 0);
    /* pango hangs scripts on baselines that most fonts lack and it then guesses: in a line that begins with a
     * Chinese character, Tibetan stood a whole line too high. */
    for (GSList *runs = line->runs; runs != NULL; runs = runs->next)
        ((PangoLayoutRun *)runs->data)->y_offset = 0;
    PangoRectangle ink, logical;
    pango_layout_line_get_extents(line, &ink, &logical);
    return (struct text){
        .layout = layout,
        .width = pango_units_to_double(logical.width),
        .ink_left = pango_units_to_double(ink.x),
        .ink_right = pango_units_to_double(ink.x + ink.width),
        .ink_top = pango_units_to_double(ink.y),
        .ink_bottom = pango_units_to_double(ink.y + ink.height),
    };
}

struct text text_measure(const struct type *type, const char *s)
{
    return measured(create_layout(type, s));
}

double text_width(const struct type *type, const char *s)
{
    const struct text text = text_measure(type, s);
    g_object_unref(text.layout);
    return text.width;
}

/* Heaps of accents would paint over what is around. Words of all scripts but a few rare ones need less. */
static struct text without_heaps(const struct type *type, struct text text)
{
    text.ink_top = fmax(text.ink_top, -1.2 * type->size);
    text.ink_bottom = fmin(text.ink_bottom, .6 * type->size);
    text.ink_left = fmax(text.ink_left, -.15 * type->size);
    text.ink_right = fmin(text.ink_right, text.width + .15 * type->size);
    return text;
}

struct text text_fit(const struct type *type, const char *s, double max_width)
{
    PangoLayout *const layout = create_layout(type, s);
    pango_layout_set_width(layout, (int)(fmax(max_width, 0) * PANGO_SCALE));
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    return without_heaps(type, measured(layout));
}

void text_draw(cairo_t *cr, struct text text, unsigned colour, double x, double base)
{
    canvas_colour(cr, colour, 1);
    cairo_save(cr);
    const double left = floor(x + text.ink_left) - 1, right = ceil(x + text.ink_right) + 1;
    const double top = floor(base + text.ink_top) - 1, bottom = ceil(base + text.ink_bottom) + 1;
    cairo_rectangle(cr, left, top, right - left, bottom - top);
    cairo_clip(cr);
    cairo_move_to(cr, x, base);
    /* A line, unlike a layout, starts at its left end also where it is right-to-left. */
    pango_cairo_show_layout_line(cr, pango_layout_get_line_readonly(text.layout, 0));
    cairo_restore(cr);
    g_object_unref(text.layout);
}

void text_left(cairo_t *cr, const struct type *type, unsigned colour, double x, double base, const char *s)
{
    text_draw(cr, text_measure(type, s), colour, x, base);
}

void text_right(cairo_t *cr, const struct type *type, unsigned colour, double right, double base, const char *s)
{
    const struct text text = text_measure(type, s);
    text_draw(cr, text, colour, right - text.width, base);
}

/* Pango widens an ellipsis by the room that is left over: a gap before what follows. */
static void tighten_ellipsis(struct text *text)
{
    for (GSList *runs = pango_layout_get_line(text->layout, 0)->runs; runs != NULL; runs = runs->next) {
        const PangoLayoutRun *run = runs->data;
        if (!(run->item->analysis.flags & PANGO_ANALYSIS_FLAG_IS_ELLIPSIS))
            continue;
        PangoGlyphInfo *const last = &run->glyphs->glyphs[run->glyphs->num_glyphs - 1];
        PangoRectangle natural;
        pango_font_get_glyph_extents(run->item->analysis.font, last->glyph, NULL, &natural);
        text->width -= pango_units_to_double(last->geometry.width - natural.width);
        last->geometry.width = natural.width;
    }
}

double text_phrase(cairo_t *cr, const struct type *type, unsigned colour, double x, double base,
                   const struct phrase *phrase, double max_width)
{
    const struct text before = text_measure(type, phrase->before), after = text_measure(type, phrase->after);
    struct text name = text_fit(type, phrase->name, max_width - before.width - after.width);
    tighten_ellipsis(&name);
    name.ink_bottom = fmin(name.ink_bottom, .4 * type->size); /* there may be lines below */
    text_draw(cr, before, colour, x, base);
    text_draw(cr, name, colour, x + before.width, base);
    text_draw(cr, after, colour, x + before.width + name.width, base);
    return before.width + name.width + after.width;
}

struct type text_scale(const struct type *type, double scale)
{
    struct type scaled = *type;
    scaled.size = floor(4 * scale * type->size) / 4;
    return scaled;
}

struct text text_shrink(const struct type *type, const char *s, double max_width)
{
    const struct text text = text_measure(type, s);
    if (text.width <= max_width)
        return text;
    const struct type smaller = text_scale(type, max_width / text.width);
    g_object_unref(text.layout);
    return text_measure(&smaller, s);
}

void text_in_square(cairo_t *cr, const struct type *type, unsigned colour, double cx, double cy, double side,
                    const char *s)
{
    struct text text = without_heaps(type, text_measure(type, s));
    const double largest = fmax(text.ink_right - text.ink_left, text.ink_bottom - text.ink_top);
    if (largest > side) {
        const struct type smaller = text_scale(type, side / largest);
        g_object_unref(text.layout);
        text = without_heaps(&smaller, text_measure(&smaller, s));
    }
    text_draw(cr, text, colour, cx - (text.ink_left + text.ink_right) / 2,
              cy - (text.ink_top + text.ink_bottom) / 2);
}

/* Durations ------------------------------------------------------------------------------------------------ */

static void add_part(struct duration *duration, struct text text, double gap)
{
    duration->part[duration->n] = text;
    duration->left[duration->n++] = duration->width + gap;
    duration->width += gap + text.width;
}

struct duration duration_measure(const struct type *type, double unit, int64_t seconds)
{
    const struct type units = {type->family, round(unit * type->size), 500, 0};
    const int64_t minutes = seconds < 0 ? 0 : seconds / 60;
    const bool has_hours = minutes >= 60;
    struct duration duration = {0};
    char figures[WORDS_MAX];
    if (has_hours) {
        add_part(&duration, text_measure(type, words_number(figures, minutes / 60)), 0);
        add_part(&duration, text_measure(&units, "h"), 2);
    }
    if (has_hours)
        snprintf(figures, sizeof(figures), "%02d", (int)(minutes % 60));
    else
        words_minutes(figures, seconds);
    add_part(&duration, text_measure(type, figures), has_hours ? round(.3 * type->size) : 0);
    add_part(&duration, text_measure(&units, "m"), 2);
    return duration;
}

void duration_draw(cairo_t *cr, const struct duration *duration, double right, double base)
{
    const double left = right - duration->width;
    for (int i = 0; i < duration->n; i++)
        text_draw(cr, duration->part[i], i % 2 ? COLOUR_TEXT2 : COLOUR_TEXT, left + duration->left[i], base);
}

struct duration duration_shrink(const struct type *type, double unit, int64_t seconds, double max_width)
{
    const struct duration duration = duration_measure(type, unit, seconds);
    if (duration.width <= max_width)
        return duration;
    for (int i = 0; i < duration.n; i++)
        g_object_unref(duration.part[i].layout);
    struct type smaller = *type;
    smaller.size = floor(type->size * max_width / duration.width) - 1; /* gaps and units are of whole pixels */
    return duration_measure(&smaller, unit, seconds);
}

/* Initials ------------------------------------------------------------------------------------------------- */

char *text_initial(const char *name)
{
    if (name[0] == '\0')
        return mem_strdup("?");
    const int n_attrs = (int)g_utf8_strlen(name, -1) + 1;
    PangoLogAttr *const attrs = mem_alloc((size_t)n_attrs * sizeof(*attrs));
    pango_get_log_attrs(name, -1, -1, pango_language_from_string("en"), attrs, n_attrs);
    int length = 1;
    while (length < n_attrs - 1 && !attrs[length].is_cursor_position)
        length++;
    free(attrs);

    struct buffer initial = {0};
    char first[6];
    const int n_first = g_unichar_to_utf8(g_unichar_totitle(g_utf8_get_char(name)), first);
    buffer_append(&initial, first, (size_t)n_first);
    const char *const second = g_utf8_find_next_char(name, NULL);
    buffer_append(&initial, second, (size_t)(g_utf8_offset_to_pointer(name, length) - second));
    return initial.data;
}
