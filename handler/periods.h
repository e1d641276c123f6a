/* Days and periods of statistics in words. Pure. Days are counted since 1970, UTC. */
#pragma once

#include "db/stats.h"
#include "handler/choices.h"
#include "infra/mem.h"

/* "4 weeks · 26 Oct – 22 Nov 2026 UTC". */
void periods_range(struct buffer *out, enum stats_view view, const struct db_stats *stats);
/* "this week or in the three before": when, at the end of a sentence that denies. */
const char *periods_when(enum stats_view view);
/* "Daily voice time", "Unique members an hour": what is drawn. */
const char *periods_subtitle(enum stats_view view, bool of_member, enum statistic statistic);

/* The name of the i-th period, the present one being 0: "November", "9–15 Nov", "Sat 21". */
void periods_label(struct buffer *out, enum stats_view view, size_t i, const struct db_stats_period *period);
/* A shorter one, for where there is no room: "Nov", "9 Nov". */
void periods_short_label(struct buffer *out, enum stats_view view, const struct db_stats_period *period);
