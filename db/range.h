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
