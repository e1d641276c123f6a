#include "infra/metrics.h"

#include "infra/mem.h"

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64 / sizeof(double) /* numbers in a cache line, which two processes should not share */ };

/* One number: a counter's or a gauge's value; of a histogram one for each bucket, then what is above them, then the
 * sum. Relaxed: each is right by itself, and a moment's difference between two is no harm. */
typedef _Atomic double cell;

static struct {
    const struct metric *table;
    size_t n;
    size_t *first; /* cell of each metric, in a slot */
    size_t slot_size;
    size_t n_slots;
    cell *cells; /* of all slots; NULL: nothing is counted */
    cell *own;   /* this process's slot */
} metrics;

/* The table ------------------------------------------------------------------------------------------------ */

static size_t n_values(const struct metric_label *label)
{
    if (label->name == NULL)
        return 1;
    size_t n = 0;
    while (label->values[n] != NULL)
        n++;
    return n;
}

static size_t n_buckets(const struct metric *metric)
{
    size_t n = 0;
    while (metric->buckets[n] != 0)
        n++;
    return n;
}

static size_t n_cells(const struct metric *metric)
{
    if (metric->name == NULL)
        return 0;
    if (metric->type == METRIC_HISTOGRAM)
        return n_buckets(metric) + 2;
    return n_values(&metric->labels[0]) * n_values(&metric->labels[1]);
}

void metrics_init(const struct metric *table, size_t n, int slots)
{
    if (metrics.cells != NULL)
        munmap(metrics.cells, metrics.n_slots * metrics.slot_size * sizeof(cell));
    free(metrics.first);
    metrics.table = table;
    metrics.n = n;
    metrics.first = mem_alloc(n * sizeof(*metrics.first));
    size_t size = 0;
    for (size_t i = 0; i < n; i++) {
        metrics.first[i] = size;
        size += n_cells(&table[i]);
    }
    metrics.slot_size = (size + LINE - 1) / LINE * LINE;
    metrics.n_slots = (size_t)slots;
    metrics.cells = mmap(NULL, metrics.n_slots * metrics.slot_size * sizeof(cell), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (metrics.cells == MAP_FAILED)
        abort(); /* out of memory */
    metrics.own = metrics.cells;
}

/* Counting ------------------------------------------------------------------------------------------------- */

static void store(cell *to, double value)
{
    atomic_store_explicit(to, value, memory_order_relaxed);
}

static double load(const cell *from)
{
    return atomic_load_explicit(from, memory_order_relaxed);
}

/* Nobody else writes to our slot, so nothing can come between. */
static void add(cell *to, double n)
{
    store(to, load(to) + n);
}

void metrics_use_slot(int slot)
{
    if (metrics.cells == NULL)
        return;
    metrics.own = metrics.cells + (size_t)slot * metrics.slot_size;
    for (size_t i = 0; i < metrics.n; i++) {
        if (metrics.table[i].type == METRIC_GAUGE && metrics.table[i].name != NULL)
            store(&metrics.own[metrics.first[i]], 0);
    }
}

/* Where this process counts it, NULL where it does not. */
static cell *own_cells(int metric)
{
    const bool counts = metrics.cells != NULL && metrics.table[metric].name != NULL;
    return counts ? &metrics.own[metrics.first[metric]] : NULL;
}

static size_t place_of(const struct metric_label *label, const char *text)
{
    const size_t last = n_values(label) - 1;
    size_t place = 0;
    while (place < last && (text == NULL || strcmp(label->values[place], text) != 0))
        place++;
    return place;
}

void metrics_count(int metric, const char *first_label, const char *second_label)
{
    cell *const cells = own_cells(metric);
    if (cells == NULL)
        return;
    const struct metric_label *const labels = metrics.table[metric].labels;
    add(&cells[place_of(&labels[0], first_label) * n_values(&labels[1]) + place_of(&labels[1], second_label)],
        1);
}

void metrics_set(int metric, double value)
{
    cell *const cells = own_cells(metric);
    if (cells != NULL)
        store(cells, value);
}

void metrics_add(int metric, double more)
{
    cell *const cells = own_cells(metric);
    if (cells != NULL)
        add(cells, more);
}

void metrics_observe(int metric, double value)
{
    cell *const cells = own_cells(metric);
    if (cells == NULL)
        return;
    const double *const bounds = metrics.table[metric].buckets;
    size_t bucket = 0;
    while (bounds[bucket] != 0 && value > bounds[bucket])
        bucket++;
    add(&cells[bucket], 1);
    add(&cells[n_buckets(&metrics.table[metric]) + 1], value);
}

/* Telling -------------------------------------------------------------------------------------------------- */

/* A HELP text escapes backslash and line feed, a label's value the quote as well. */
static void append_escaped(struct buffer *text, const char *s, bool quoted)
{
    for (; *s != '\0'; s++) {
        if (*s == '\n')
            buffer_append_string(text, "\\n");
        else if (*s == '\\' || (quoted && *s == '"'))
            buffer_printf(text, "\\%c", *s);
        else
            buffer_append(text, s, 1);
    }
}

static void append_head(struct buffer *text, const struct metric *metric)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
    buffer_printf(text, "# HELP %s ", metric->name);
    append_escaped(text, metric->help, false);
    buffer_printf(text, "\n# TYPE %s %s\n", metric->name, types[metric->type]);
}

static double sum_of_slots(size_t at)
{
    double sum = 0;
    for (size_t slot = 0; slot < metrics.n_slots; slot++)
        sum += load(&metrics.cells[slot * metrics.slot_size + at]);
    return sum;
}

static void append_label(struct buffer *text, const char *before, const struct metric_label *label,
                         size_t value)
{
    buffer_printf(text, "%s%s=\"", before, label->name);
    append_escaped(text, label->values[value], true);
    buffer_append_string(text, "\"");
}

static void append_value(struct buffer *text, const struct metric *metric, size_t first_value,
                         size_t second_value, double value)
{
    const struct metric_label *const labels = metric->labels;
    if (isnan(value))
        return;
    buffer_append_string(text, metric->name);
    if (labels[0].name != NULL)
        append_label(text, "{", &labels[0], first_value);
    if (labels[1].name != NULL)
        append_label(text, ",", &labels[1], second_value);
    buffer_printf(text, "%s %.15g\n", labels[0].name != NULL ? "}" : "", value);
}

/* Every combination of labels is told, also what never happened: a rate needs the 0 before the first 1. */
static void append_values(struct buffer *text, const struct metric *metric, size_t at)
{
    for (size_t first = 0; first < n_values(&metric->labels[0]); first++) {
        for (size_t second = 0; second < n_values(&metric->labels[1]); second++)
            append_value(text, metric, first, second, sum_of_slots(at++));
    }
}

/* The count is added up from the buckets, so that it equals the last of them at any moment. */
static void append_histogram(struct buffer *text, const struct metric *metric, size_t first)
{
    const size_t n = n_buckets(metric);
    double count = 0;
    for (size_t i = 0; i < n; i++) {
        count += sum_of_slots(first + i);
        buffer_printf(text, "%s_bucket{le=\"%g\"} %.15g\n", metric->name, metric->buckets[i], count);
    }
    count += sum_of_slots(first + n);
    buffer_printf(text, "%s_bucket{le=\"+Inf\"} %.15g\n", metric->name, count);
    buffer_printf(text, "%s_sum %.15g\n", metric->name, sum_of_slots(first + n + 1));
    buffer_printf(text, "%s_count %.15g\n", metric->name, count);
}

char *metrics_text(void)
{
    struct buffer text = {0};
    buffer_append_string(&text, "");
    for (size_t i = 0; metrics.cells != NULL && i < metrics.n; i++) {
        const struct metric *const metric = &metrics.table[i];
        if (metric->name == NULL)
            continue;
        append_head(&text, metric);
        if (metric->type == METRIC_HISTOGRAM)
            append_histogram(&text, metric, metrics.first[i]);
        else
            append_values(&text, metric, metrics.first[i]);
    }
    return text.data;
}
