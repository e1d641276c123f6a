/* The time ranges of boards and partners. */
#pragma once

enum time_range {
    RANGE_TODAY,
    RANGE_PAST_24H,
    RANGE_PAST_72H,
    RANGE_PAST_7D,
    RANGE_PAST_14D,
    RANGE_THIS_MONTH,
    RANGE_THIS_YEAR,
    RANGE_ALL_TIME,
    N_TIME_RANGES,
};

/* For db/'s own files: when each range begins, from utc, the moment of the query as a timestamp without zone. */
#define RANGE_START_TODAY      "date_trunc('day', utc)"
#define RANGE_START_PAST_24H   "utc - interval '24 hours'"
#define RANGE_START_PAST_72H   "utc - interval '72 hours'"
#define RANGE_START_PAST_7D    "utc - interval '7 days'"
#define RANGE_START_PAST_14D   "utc - interval '14 days'"
#define RANGE_START_THIS_MONTH "date_trunc('month', utc)"
#define RANGE_START_THIS_YEAR  "date_trunc('year', utc)"
#define RANGE_START_ALL_TIME   "timestamp '1970-01-01'"
