/*
 * What a program counts, as Prometheus text. All processes of a program count in one shared mapping, a slot each,
 * so whichever of them is asked tells the sum. Nothing here locks: a slot has one writer.
 *
 * A program has one table of its metrics, and an enum of their places in it. Index 0 is METRIC_NONE: counting it does
 * nothing, so a module without a metric passes 0. Before metrics_init() nothing is counted at all.
 */
#pragma once

#include <stddef.h>

enum metric_type {
    METRIC_COUNTER,
    METRIC_GAUGE, /* summed over the processes; left out while it is NAN */
    METRIC_HISTOGRAM,
};

/* values ends with NULL. A text that is not among them counts as the last one, so that labels cannot multiply. */
struct metric_label {
    const char *name;
    const char *const *values;
};

struct metric {
    const char *name, *help;
    enum metric_type type;
    struct metric_label labels[2]; /* of a counter; up to the first without a name */
    const double *buckets;         /* of a histogram: upper bounds, growing, ended by 0 */
};

/* Before any fork. The table must live as long as the program; this process writes to slot 0. Called again, as tests do,
 * it begins anew. */
void metrics_init(const struct metric *table, size_t n, int slots);
/* In a process that was forked: from now on it writes there. The slot's gauges begin at 0, for whoever had it before
 * is dead; its counters and histograms go on. */
void metrics_use_slot(int slot);

/* Counts one. NULL for labels that the metric does not have. */
void metrics_count(int metric, const char *first_label, const char *second_label);
void metrics_set(int metric, double value);
/* Of a gauge that several parts of a program share. */
void metrics_add(int metric, double more);
void metrics_observe(int metric, double value);

/* All of it in the text exposition format 0.0.4. The caller frees. */
char *metrics_text(void);
