/* Made-up charts, always the same: Ann's hours and weeks, the server's months. */
#pragma once

#include "render/chart.h"

/* As of Sunday 22 Nov 2026, 14:27; the weeks as of the Thursday before. To be given to sample_chart_free(). */
struct chart_view *sample_chart(enum chart_kind kind);
void sample_chart_free(struct chart_view *view);
